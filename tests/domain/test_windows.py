"""Slots, hours of the week and local days, against a clock that only walks minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import polars as pl
import pytest

from vigia.domain.windows import (
    INSTANT,
    SLOT,
    day_bounds,
    day_start,
    day_starts,
    floor_to,
    hour_end,
    hour_of_week,
    hour_of_week_of,
    hour_start,
    local_date,
    local_date_of,
    slot_start,
)

MINUTE = timedelta(minutes=1)


@cache
def transitions(minimum: int = 400) -> list[tuple[str, datetime]]:
    """Zone transitions of 2020 to 2030, spread over all zones, found by looking at offsets."""
    found: dict[tuple[datetime, object, object], str] = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        day = datetime(2020, 1, 1, tzinfo=UTC)
        while day < datetime(2031, 1, 1, tzinfo=UTC):
            later = day + timedelta(days=7)
            before, after = day.astimezone(zone).utcoffset(), later.astimezone(zone).utcoffset()
            if before != after:
                found.setdefault((day, before, after), name)
            day = later
    assert len(found) >= minimum
    return [(name, week) for (week, _, _), name in sorted(found.items(), key=str)]


def walked_day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first minute of a local day, found by walking from the day before."""
    minute = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=30)
    while minute.astimezone(zone).date() < day:
        minute += MINUTE
    return minute


def test_local_days_start_where_a_walking_clock_says_over_400_transitions() -> None:
    for name, week in transitions():
        zone = ZoneInfo(name)
        offset = week.astimezone(zone).utcoffset()
        day = week
        while (day + timedelta(days=1)).astimezone(zone).utcoffset() == offset:
            day += timedelta(days=1)
        for step in range(3):
            local = (day + timedelta(days=step)).astimezone(zone).date()
            assert day_start(local, name) == walked_day_start(local, zone), (name, local)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Europe/Berlin", date(2026, 6, 1), 24),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Africa/Cairo", date(2026, 4, 24), 23),  # the clock skips midnight itself
        ("America/Havana", date(2026, 11, 1), 25),  # midnight comes twice
        ("Pacific/Apia", date(2011, 12, 30), 0),  # a day that never was
        ("Asia/Kathmandu", date(2026, 1, 1), 24),
    ],
)
def test_a_local_day_has_the_hours_its_zone_gives_it(zone: str, day: date, hours: float) -> None:
    start, end = day_bounds(day, zone)
    assert (end - start) / timedelta(hours=1) == hours


def test_a_column_of_days_starts_where_each_of_them_does() -> None:
    for zone, first in (
        ("Europe/Berlin", date(2026, 3, 20)),
        ("Africa/Cairo", date(2026, 4, 20)),
        ("America/Havana", date(2026, 10, 28)),
        ("Pacific/Apia", date(2011, 12, 28)),
        ("Asia/Kathmandu", date(2026, 1, 1)),
    ):
        days = [first + timedelta(days=n) for n in range(10)]
        got = day_starts(pl.Series([*days, None], dtype=pl.Date), zone)
        assert got.to_list() == [*(day_start(day, zone) for day in days), None], zone
        assert got.dtype == INSTANT


def test_columns_and_single_instants_agree_in_odd_zones() -> None:
    """Polars and Python carry separate copies of the zone rules' implementation."""
    first = datetime(2026, 3, 27, tzinfo=UTC)
    instants = [first + i * timedelta(minutes=35) for i in range(400)]
    frame = pl.DataFrame({"at": pl.Series(instants, dtype=INSTANT)})
    for zone in ("Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns"):
        got = frame.select(
            day=local_date(pl.col("at"), zone), hour=hour_of_week(pl.col("at"), zone)
        )
        assert got["day"].to_list() == [local_date_of(i, zone) for i in instants]
        assert got["hour"].to_list() == [hour_of_week_of(i, zone) for i in instants]
    slots = frame.select(slot=slot_start(pl.col("at")), hour=hour_start(pl.col("at")))
    assert slots["slot"].to_list() == [floor_to(i, SLOT) for i in instants]
    assert slots["hour"].to_list() == [floor_to(i, timedelta(hours=1)) for i in instants]


def test_two_hours_of_the_autumn_fold_share_one_hour_of_the_week() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    hours = [hour_of_week_of(first + timedelta(hours=h), "Europe/Berlin") for h in range(3)]
    assert hours == [146, 146, 147]


def test_slots_before_1970_are_floored_downwards() -> None:
    assert floor_to(datetime(1969, 12, 31, 23, 59, tzinfo=UTC), SLOT).minute == 55


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "Asia/Kolkata"]
)
def test_hours_of_the_wall_clock_follow_each_other_without_gap(zone: str) -> None:
    """Over a whole year, every slot lies in one hour, and the next hour starts at its end."""
    first = datetime(2026, 1, 1, tzinfo=UTC)
    slots = pl.Series([first + i * SLOT for i in range(365 * 288)], dtype=INSTANT).to_frame("at")
    hours = (
        slots.select(start=hour_start(pl.col("at"), zone))
        .unique()
        .sort("start")
        .with_columns(end=hour_end(pl.col("start"), zone))
    )
    ends, starts = hours["end"][:-1], hours["start"][1:]
    assert (ends == starts).all()
    lengths = set((hours["end"] - hours["start"]).dt.total_minutes())
    assert lengths == ({30, 60} if zone == "Australia/Lord_Howe" else {60})
