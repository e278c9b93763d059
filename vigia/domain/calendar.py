# ruff: noqa: A005 - the word of the domain; every import of ours is absolute
"""Business calendars: which instants count, how many of them, and when enough have passed.

An instant counts when the wall clock of the calendar's zone shows an open time. So in the
autumn hour that occurs twice both passes count, in the spring gap nothing is lost that exists,
and every duration is one of instants, never of wall clocks. Which promise runs on which
calendar belongs to `vigia.domain.response.sla`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt

Micros = npt.NDArray[np.int64]
"""Instants as microseconds since 1970 in UTC, or durations in microseconds."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE_US = 60_000_000
DAY_US = 86_400_000_000
_DAY = timedelta(days=1)
_NOON_US = DAY_US // 2
_PADDING = timedelta(days=366)
_FAR_PAST, _FAR_FUTURE = -(2**61), 2**61

Stretch = tuple[time, time]
"""Open and close by the wall clock; a close of 00:00 is the end of the day."""


class DayKind(StrEnum):
    """What makes a day differ from its weekday."""

    PUBLIC = "public"
    CLIENT = "client"
    CLOSED = "closed"
    HALF_DAY = "half_day"


class Reason(StrEnum):
    """Why a stretch of time counts or does not, as far as the calendar knows."""

    ROUND_THE_CLOCK = "round_the_clock"
    BUSINESS_HOURS = "business_hours"
    OUTSIDE_HOURS = "outside_hours"
    HOLIDAY = "holiday"


class CalendarError(ValueError):
    """A calendar that contradicts itself, or that has no open time left."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Opening hours in a zone.

    Attributes:
        tz: IANA zone of the hours.
        hours: Weekday (0 = Monday) to open stretches; a break is the gap between two. None
            counts round the clock.
        holidays: Days that are closed, or, as a half day, closed from noon on.
    """

    tz: str = "UTC"
    hours: Mapping[int, tuple[Stretch, ...]] | None = None
    holidays: Mapping[date, DayKind] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.tz)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise CalendarError(f"{self.tz!r} is no IANA time zone") from error
        if self.hours is None:
            return
        if not any(self.hours.values()):
            raise CalendarError("a calendar without open hours never counts")
        for weekday, stretches in self.hours.items():
            _check_day(weekday, stretches)


ROUND_THE_CLOCK = Calendar()
"""Counts every instant."""


def _check_day(weekday: int, stretches: tuple[Stretch, ...]) -> None:
    if weekday not in range(7):
        raise CalendarError(f"weekday {weekday} is not one of 0 (Monday) to 6")
    free_from = 0
    for opens, closes in stretches:
        start, end = _wall_us(opens), _wall_us(closes) or DAY_US
        if not free_from <= start < end:
            raise CalendarError(
                f"weekday {weekday}: {opens:%H:%M}-{closes:%H:%M} ends before it starts, or "
                "overlaps the stretch before; write stretches in order, split at midnight"
            )
        free_from = end


@dataclass(frozen=True, slots=True)
class CountedTime:
    """A calendar laid out over a span, so that any number of questions are answered at once.

    Attributes:
        starts: Start of each tile, ascending; tiles follow each other without a gap.
        ends: End of each tile.
        counted: Whether the tile counts.
        reasons: Why.
        before: Counted microseconds before the tile.
    """

    starts: Micros
    ends: Micros
    counted: npt.NDArray[np.bool_]
    reasons: npt.NDArray[np.str_]
    before: Micros

    @classmethod
    def over(cls, calendar: Calendar, from_: datetime, to: datetime) -> CountedTime:
        """Lay a calendar out from `from_` to a year after `to`."""
        if calendar.hours is None:
            return cls._of([(_FAR_PAST, _FAR_FUTURE, Reason.ROUND_THE_CLOCK)])
        span = micros(from_ - _DAY), micros(to + _PADDING)
        return cls._of(list(_tiles(calendar, *span)))

    @classmethod
    def _of(cls, tiles: list[tuple[int, int, Reason]]) -> CountedTime:
        starts = np.array([tile[0] for tile in tiles], np.int64)
        ends = np.array([tile[1] for tile in tiles], np.int64)
        reasons = np.array([tile[2].value for tile in tiles])
        counted = np.isin(reasons, [Reason.BUSINESS_HOURS, Reason.ROUND_THE_CLOCK])
        lengths = np.where(counted, ends - starts, 0)
        return cls(starts, ends, counted, reasons, np.cumsum(lengths) - lengths)

    def position(self, instants: Micros) -> Micros:
        """Counted microseconds from the start of the span to each instant.

        Raises:
            CalendarError: An instant lies outside the span.
        """
        tile = self.tile_of(instants)
        return self.before[tile] + np.where(self.counted[tile], instants - self.starts[tile], 0)

    def tile_of(self, instants: Micros) -> npt.NDArray[np.intp]:
        """Index of the tile that holds each instant.

        Raises:
            CalendarError: An instant lies outside the span.
        """
        tile = np.searchsorted(self.starts, instants, "right") - 1
        if instants.size and (tile.min() < 0 or instants.max() > self.ends[-1]):
            raise CalendarError("an instant lies outside the span the calendar was laid out for")
        return tile

    def elapsed(self, from_: Micros, to: Micros) -> Micros:
        """Counted microseconds between instants; `to` must not come before `from_`."""
        return self.position(to) - self.position(from_)

    def add(self, instants: Micros, counted: Micros) -> Micros:
        """First instant at which so many counted microseconds have passed since each instant.

        A day's last open minute ends at closing time, not at the next opening.

        Raises:
            CalendarError: The calendar has no open time for it within a year of the span.
        """
        wanted = self.position(instants) + counted
        tile = np.searchsorted(self.before + self._lengths(), wanted, "left")
        if wanted.size and tile.max() >= self.starts.size:
            raise CalendarError(
                "the calendar has too little open time in the year ahead; check its holidays"
            )
        reached = self.starts[tile] + np.where(self.counted[tile], wanted - self.before[tile], 0)
        return np.maximum(reached, instants)

    def _lengths(self) -> Micros:
        return np.where(self.counted, self.ends - self.starts, 0)


def read_hours(value: Mapping[Any, Sequence[Sequence[str]]]) -> dict[int, tuple[Stretch, ...]]:
    """Hours as they are stored: weekday number to [open, close] wall-clock times.

    >>> read_hours({"0": [["08:00", "24:00"]]})
    {0: ((datetime.time(8, 0), datetime.time(0, 0)),)}

    Raises:
        CalendarError: A weekday or time that cannot be read.
    """
    try:
        return {
            int(day): tuple((_read_time(opens), _read_time(closes)) for opens, closes in stretches)
            for day, stretches in value.items()
        }
    except (TypeError, ValueError, AttributeError) as error:
        raise CalendarError(
            f"hours cannot be read ({error}); write weekday 0 (Monday) to 6 and pairs of times, "
            'such as 0: [["08:00", "12:00"], ["13:00", "17:00"]]'
        ) from error


def _read_time(text: str) -> time:
    return time(0) if text == "24:00" else time.fromisoformat(text)


def micros(instant: datetime) -> int:
    """An instant as microseconds since 1970."""
    return (instant - EPOCH) // timedelta(microseconds=1)


def instant(value: int) -> datetime:
    """The instant that `micros` gave."""
    return EPOCH + timedelta(microseconds=int(value))


def _tiles(calendar: Calendar, start: int, end: int) -> Iterator[tuple[int, int, Reason]]:
    """Tiles of a span in order, neighbours of the same reason merged."""
    last: tuple[int, int, Reason] | None = None
    for tile in _raw_tiles(calendar, start, end):
        if last and last[2] is tile[2]:
            last = (last[0], tile[1], tile[2])
            continue
        if last:
            yield last
        last = tile
    if last:
        yield last


def _raw_tiles(calendar: Calendar, start: int, end: int) -> Iterator[tuple[int, int, Reason]]:
    """Cut the span where the zone's offset changes; between, wall clock and instant run alike."""
    for from_, to, offset in offsets(calendar.tz, start, end):
        at = from_
        for opens, closes, reason in _wall_stretches(calendar, from_ + offset, to + offset):
            low, high = max(opens - offset, from_), min(closes - offset, to)
            if low >= high:
                continue
            if at < low:
                yield at, low, Reason.OUTSIDE_HOURS
            yield low, high, reason
            at = high
        if at < to:
            yield at, to, Reason.OUTSIDE_HOURS


def _wall_stretches(calendar: Calendar, start: int, end: int) -> Iterator[tuple[int, int, Reason]]:
    """Stretches of the ordinary week by wall clock, with what holidays make of them."""
    assert calendar.hours is not None
    for number in range(start // DAY_US, end // DAY_US + 1):
        day = EPOCH.date() + number * _DAY
        closed_from = _closed_from(calendar.holidays.get(day))
        for opens, closes in calendar.hours.get(day.weekday(), ()):
            low, high = _wall_us(opens), _wall_us(closes) or DAY_US
            midnight, cut = number * DAY_US, min(max(low, closed_from), high)
            if low < cut:
                yield midnight + low, midnight + cut, Reason.BUSINESS_HOURS
            if cut < high:
                yield midnight + cut, midnight + high, Reason.HOLIDAY


def _closed_from(kind: DayKind | None) -> int:
    """Time of day from which a day is closed."""
    if kind is None:
        return DAY_US
    return _NOON_US if kind is DayKind.HALF_DAY else 0


def _wall_us(value: time) -> int:
    return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond


def offsets(tz: str, start: int, end: int) -> list[tuple[int, int, int]]:
    """Cut a span where a zone's offset from UTC changes.

    Args:
        tz: IANA zone.
        start: First instant, in microseconds since 1970.
        end: Instant after the last.

    Returns:
        (from, to, offset in microseconds), in order and without a gap.
    """
    zone = ZoneInfo(tz)
    pieces = []
    at, here = start, _offset(zone, start)
    while at < end:
        # Half a day: no zone changes twice within it.
        probe, there = at, here
        while there == here and probe < end:
            behind, probe = probe, min(probe + DAY_US // 2, end)
            there = _offset(zone, probe)
        change = probe if there == here else _change(zone, behind, probe)
        pieces.append((at, change, here))
        at, here = change, there
    return pieces


def _change(zone: ZoneInfo, low: int, high: int) -> int:
    """First whole second after `low` at which the offset is that of `high`."""
    new, low, high = _offset(zone, high), low // 1_000_000, -(-high // 1_000_000)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle * 1_000_000) == new:
            high = middle
        else:
            low = middle
    return high * 1_000_000


@lru_cache(maxsize=65_536)
def _offset(zone: ZoneInfo, at: int) -> int:
    shift = instant(at).astimezone(zone).utcoffset()
    assert shift is not None
    return shift // timedelta(microseconds=1)
