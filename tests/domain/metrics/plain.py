"""The same metrics in plain Python, slow and without a frame: the oracle of the tests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Row = tuple[int, int, datetime, float]


def slot_of(instant: datetime) -> datetime:
    return instant - timedelta(
        minutes=instant.minute % 5, seconds=instant.second, microseconds=instant.microsecond
    )


def day_of(zone: str) -> Callable[[datetime], object]:
    return lambda instant: slot_of(instant).astimezone(ZoneInfo(zone)).date()


def hour_of(zone: str) -> Callable[[datetime], object]:
    """The first slot of the same local hour, found by walking back."""

    def start(instant: datetime) -> datetime:
        slot = slot_of(instant)
        there = ZoneInfo(zone)
        while True:
            before = slot - timedelta(minutes=5)
            same = before.astimezone(there).hour == slot.astimezone(there).hour
            if (
                not same
                or before.astimezone(there).utcoffset() != slot.astimezone(there).utcoffset()
            ):
                return slot
            slot = before

    return start


def aggregate(
    rows: Iterable[Row], window: Callable[[datetime], object]
) -> dict[tuple[object, ...], dict[str, object]]:
    """(site, metric, window) to n, sum, min, max, last in millionths, and sum_sq in units."""
    groups: dict[tuple[object, ...], list[tuple[datetime, int]]] = defaultdict(list)
    for site, metric, at, value in rows:
        groups[site, metric, window(at)].append((at, round(value * 1_000_000)))
    return {
        key: {
            "n": len(values),
            "sum": sum(v for _, v in values),
            "sum_sq": float(sum(Fraction(v * v, 10**12) for _, v in values)),
            "min": min(v for _, v in values),
            "max": max(v for _, v in values),
            "last": max(values)[1],
        }
        for key, values in groups.items()
    }
