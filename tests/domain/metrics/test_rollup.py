"""Hours and local days equal a recomputation from raw values (R-07), in every kind of zone."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import polars as pl
import pytest

from tests.domain.metrics.plain import aggregate, day_of, hour_of
from tests.domain.metrics.test_snapshot import as_dict, assert_equal, frame
from vigia.domain.metrics import aggregate as engine
from vigia.domain.metrics.rollup import roll_up_days, roll_up_hours
from vigia.domain.metrics.snapshot import snapshot

CASES = [
    ("UTC", "2026-02-27T20:00"),
    ("Europe/Berlin", "2026-03-28T12:00"),  # 23 hours
    ("Europe/Berlin", "2026-10-24T12:00"),  # 25 hours
    ("America/New_York", "2026-10-31T20:00"),
    ("Asia/Kolkata", "2026-05-01T00:00"),  # half an hour off
    ("Asia/Kathmandu", "2026-05-01T00:00"),  # three quarters off
    ("Australia/Lord_Howe", "2026-04-04T06:00"),  # a change of half an hour
    ("Australia/Lord_Howe", "2026-10-03T06:00"),
    ("America/Havana", "2026-10-31T20:00"),  # midnight comes twice
    ("Africa/Cairo", "2026-04-23T12:00"),  # midnight never comes
]


def series(seed: int, start: str, count: int) -> list:
    """`count` series of a few dozen values each over two and a half days, with gaps."""
    rng = random.Random(seed)
    first = datetime.fromisoformat(start).replace(tzinfo=UTC)
    rows = []
    for number in range(count):
        gap = rng.uniform(0, 50)
        for _ in range(rng.randrange(1, 25)):
            hours = rng.uniform(0, 60)
            if not gap < hours < gap + 9:
                at = first + timedelta(microseconds=int(hours * 3.6e9))
                value = rng.choice([rng.gauss(0, 1000), rng.randrange(10), 0.1])
                rows.append((number // 20, number % 20, at, value))
    return rows


@pytest.mark.parametrize(("zone", "start"), CASES)
def test_1000_series_roll_up_to_what_their_raw_values_say(zone: str, start: str) -> None:
    """Ten zones and dates: 10,000 series."""
    rows = series(len(zone) * 1000 + len(start), start, 1000)
    snapshots = snapshot(frame(rows))
    days = roll_up_days(snapshots.sample(fraction=1, shuffle=True, seed=1), zone)
    assert_equal(as_dict(days, "local_date"), aggregate(rows, day_of(zone)))
    hours = roll_up_hours(snapshots.sample(fraction=1, shuffle=True, seed=2), zone)
    assert_equal(as_dict(hours), aggregate(rows, hour_of(zone)))


def test_hours_lie_in_one_local_day_each() -> None:
    for zone, start in CASES:
        hours = roll_up_hours(snapshot(frame(series(7, start, 60))), zone)
        for hour in hours["slot"].to_list():
            assert day_of(zone)(hour) == day_of(zone)(hour + timedelta(minutes=25)), (zone, hour)


def test_a_mean_comes_from_sums_and_is_no_mean_of_means() -> None:
    """One busy slot and one quiet one: the day's mean must weigh them by their values."""
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    rows = [(0, 0, noon + timedelta(seconds=i), 10.0) for i in range(9)]
    rows.append((0, 0, noon + timedelta(hours=1), 0.0))
    day = roll_up_days(snapshot(frame(rows)), "UTC").row(0, named=True)
    assert Fraction(day["sum"], day["n"]) == 9_000_000


def test_rolled_up_hashes_are_those_of_the_inputs_together() -> None:
    rows = series(3, "2026-03-01T00:00", 20)
    snapshots = snapshot(frame(rows))
    days = roll_up_days(snapshots, "UTC")
    total = snapshots["input_hash"].cast(pl.Int128).sum() - days["input_hash"].cast(pl.Int128).sum()
    assert total % 2**64 == 0


def test_sparse_rollups_equal_dense_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    snapshots = snapshot(frame(series(5, "2026-03-28T00:00", 400)))
    dense = roll_up_hours(snapshots, "Europe/Berlin"), roll_up_days(snapshots, "Europe/Berlin")
    monkeypatch.setattr(engine, "_DENSE_CELLS", 0)
    sparse = roll_up_hours(snapshots, "Europe/Berlin"), roll_up_days(snapshots, "Europe/Berlin")
    assert all(a.equals(b) for a, b in zip(dense, sparse, strict=True))
