"""Counted time against an oracle that walks minute by minute on the wall clock (R-19)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigia.domain.calendar import (
    MINUTE_US,
    ROUND_THE_CLOCK,
    Calendar,
    CalendarError,
    CountedTime,
    DayKind,
    instant,
    micros,
)

OFFICE = {day: ((time(8), time(12)), (time(13), time(17))) for day in range(5)}
# Zones with ordinary, half-hour, southern, midnight, historic and absent daylight saving.
ZONES = [
    *("Europe/Berlin", "America/New_York", "America/Santiago", "Australia/Lord_Howe"),
    *("Asia/Kolkata", "Africa/Casablanca", "Asia/Beirut", "Pacific/Chatham", "America/Havana"),
    *("America/Sao_Paulo", "Asia/Tehran", "Pacific/Apia", "UTC"),
]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def counts(calendar: Calendar, at: datetime) -> bool:
    """The oracle: look at the wall clock."""
    if calendar.hours is None:
        return True
    local = at.astimezone(ZoneInfo(calendar.tz))
    kind = calendar.holidays.get(local.date())
    if kind is not None and (kind is not DayKind.HALF_DAY or local.hour >= 12):
        return False
    return any(
        opens <= local.time() and (closes == time(0) or local.time() < closes)
        for opens, closes in calendar.hours.get(local.weekday(), ())
    )


def counted_minutes(calendar: Calendar, from_: datetime, to: datetime) -> int:
    minutes = int((to - from_) / timedelta(minutes=1))
    return sum(counts(calendar, from_ + timedelta(minutes=i)) for i in range(minutes))


def laid_out(calendar: Calendar, from_: datetime, to: datetime) -> CountedTime:
    return CountedTime.over(calendar, from_, to)


def elapsed_min(calendar: Calendar, from_: datetime, to: datetime) -> float:
    time_ = laid_out(calendar, from_, to)
    return float(time_.elapsed(np.array([micros(from_)]), np.array([micros(to)]))[0] / MINUTE_US)


def due(calendar: Calendar, from_: datetime, minutes: int) -> datetime:
    time_ = laid_out(calendar, from_, from_)
    return instant(time_.add(np.array([micros(from_)]), np.array([minutes * MINUTE_US]))[0])


@st.composite
def stretches(draw: st.DrawFn) -> tuple[tuple[time, time], ...]:
    """Zero to two open stretches of a day, on quarter hours, up to midnight."""
    edges = sorted(draw(st.lists(st.integers(0, 96), min_size=0, max_size=4, unique=True)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return tuple((_quarter(low), _quarter(high)) for low, high in pairs)


def _quarter(number: int) -> time:
    return time(number // 4 % 24, number % 4 * 15)


@st.composite
def near_transitions(draw: st.DrawFn) -> tuple[str, datetime]:
    """A zone and an instant within two days of one of its changes of 2020 to 2030."""
    zone = draw(st.sampled_from(ZONES))
    changes = _changes(zone)
    change = draw(st.sampled_from(changes)) if changes else utc("2024-03-31")
    return zone, change + timedelta(minutes=draw(st.integers(-2880, 2880)))


@cache
def _changes(zone: str) -> list[datetime]:
    hours = [utc("2020-01-01") + timedelta(hours=12 * i) for i in range(2 * 4018)]
    shifts = [hour.astimezone(ZoneInfo(zone)).utcoffset() for hour in hours]
    pairs = zip(shifts, shifts[1:], hours[1:], strict=False)
    return [hour for before, after, hour in pairs if before != after]


@st.composite
def calendars(draw: st.DrawFn, zone: str, around: date) -> Calendar:
    hours = {day: draw(stretches()) for day in range(7)}
    if not any(hours.values()):
        hours[0] = ((time(9), time(17)),)
    days = st.integers(-3, 3).map(lambda n: around + timedelta(days=n))
    kinds = st.sampled_from(list(DayKind))
    return Calendar(zone, hours, draw(st.dictionaries(days, kinds, max_size=2)))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_elapsed_and_due_agree_with_a_walk_by_the_wall_clock(data: st.DataObject) -> None:
    zone, from_ = data.draw(near_transitions())
    calendar = data.draw(calendars(zone, from_.date()))
    to = from_ + timedelta(minutes=data.draw(st.integers(0, 4000)))
    expected = counted_minutes(calendar, from_, to)
    assert elapsed_min(calendar, from_, to) == expected
    if expected:
        reached = due(calendar, from_, expected)
        assert reached <= to
        assert counted_minutes(calendar, from_, reached) == expected
        assert counts(calendar, reached - timedelta(minutes=1))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_tiles_follow_each_other_without_gap_or_overlap(data: st.DataObject) -> None:
    zone, from_ = data.draw(near_transitions())
    laid = laid_out(data.draw(calendars(zone, from_.date())), from_, from_)
    assert (laid.starts[1:] == laid.ends[:-1]).all()
    assert (laid.ends > laid.starts).all()
    assert (laid.reasons[1:] != laid.reasons[:-1]).all()


def test_a_night_shift_lasts_eleven_or_thirteen_hours_when_the_clock_changes() -> None:
    nights = {day: ((time(0), time(6)), (time(18), time(0))) for day in range(7)}
    berlin = Calendar("Europe/Berlin", nights)
    spring = (utc("2026-03-28 17:00"), utc("2026-03-29 04:00"))
    autumn = (utc("2026-10-24 16:00"), utc("2026-10-25 05:00"))
    assert elapsed_min(berlin, *spring) == 11 * 60
    assert elapsed_min(berlin, *autumn) == 13 * 60


@pytest.mark.parametrize(
    ("from_", "minutes", "expected"),
    [
        ("2016-02-29 07:00", 60, "2016-02-29 08:00"),  # Monday, 08:00 local: within hours
        ("2016-02-29 10:30", 60, "2016-02-29 12:30"),  # over the lunch break
        ("2016-03-04 15:30", 60, "2016-03-07 07:30"),  # Friday 16:30 over the weekend
        ("2016-03-05 10:00", 480, "2016-03-07 16:00"),  # ends at closing, not at next opening
        ("2016-03-24 15:00", 60, "2016-03-24 16:00"),
        ("2016-03-24 15:00", 61, "2016-03-29 06:01"),  # Easter, and the clock went forward
        ("2016-12-24 07:00", 1, "2016-12-27 07:01"),
    ],
)
def test_due_times_of_an_office_in_berlin(from_: str, minutes: int, expected: str) -> None:
    closed = {date(2016, 3, 25): DayKind.PUBLIC, date(2016, 3, 28): DayKind.PUBLIC}
    office = Calendar("Europe/Berlin", OFFICE, closed | {date(2016, 12, 26): DayKind.CLOSED})
    assert due(office, utc(from_), minutes) == utc(expected)


def test_a_half_day_closes_at_noon() -> None:
    office = Calendar("UTC", {0: ((time(8), time(17)),)}, {date(2024, 1, 1): DayKind.HALF_DAY})
    assert elapsed_min(office, utc("2024-01-01"), utc("2024-01-02")) == 240


def test_round_the_clock_counts_every_instant() -> None:
    assert elapsed_min(ROUND_THE_CLOCK, utc("2008-01-01"), utc("2009-01-01")) == 366 * 1440
    assert due(ROUND_THE_CLOCK, utc("2008-02-28"), 2880) == utc("2008-03-01")


def test_adding_nothing_stays_where_it_is() -> None:
    office = Calendar("UTC", OFFICE)
    for text in ("2024-01-06 10:00", "2024-01-08 10:00", "2024-01-08 12:30"):
        assert due(office, utc(text), 0) == utc(text)


@pytest.mark.parametrize(
    ("tz", "hours", "says"),
    [
        ("Mars/Base", OFFICE, "IANA"),
        ("UTC", {0: ()}, "without open hours"),
        ("UTC", {7: ((time(8), time(9)),)}, "weekday 7"),
        ("UTC", {0: ((time(18), time(6)),)}, "split at midnight"),
        ("UTC", {0: ((time(8), time(12)), (time(11), time(13)))}, "overlaps"),
    ],
)
def test_a_calendar_that_contradicts_itself_is_refused(
    tz: str, hours: dict[int, tuple[tuple[time, time], ...]], says: str
) -> None:
    with pytest.raises(CalendarError, match=says):
        Calendar(tz, hours)


def test_instants_outside_the_span_are_refused() -> None:
    laid = laid_out(Calendar("UTC", OFFICE), utc("2024-01-01"), utc("2024-01-02"))
    with pytest.raises(CalendarError, match="outside the span"):
        laid.position(np.array([micros(utc("2023-01-01"))]))


def test_a_calendar_closed_for_a_year_has_no_due_time() -> None:
    closed = {date(2024, 1, 1) + timedelta(days=i): DayKind.CLOSED for i in range(800)}
    with pytest.raises(CalendarError, match="too little open time"):
        due(Calendar("UTC", OFFICE, closed), utc("2024-01-01"), 60)
