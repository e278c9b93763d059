"""Who is on duty and who is needed, held against a plain account of each instant."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.findings.patterns.made import Made, at, every
from vigia.domain.watch.moments import Moments, micros
from vigia.domain.watch.presence import FORGOTTEN_US, HANDOVER_US, UNPLANNED_US

HOUR = 60
PUNCHES = st.lists(
    st.tuples(
        st.sampled_from(["anna", "ben"]),
        st.integers(0, 120),
        st.integers(0, 60),
        st.sampled_from(["clock_in", "clock_out"]),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda punch: punch[:2],
)


def on_at(made: Made, person: str, *minutes: float) -> list[bool]:
    known = made.known(Moments.of(*(at(minute) for minute in minutes)))
    (row,) = known.things.people(known.things.person_ids.filter(known.things.person_ids == person))
    return known.presence.people_on[row].tolist()


def needed_at(made: Made, *minutes: float) -> list[int]:
    known = made.known(Moments.of(*(at(minute) for minute in minutes)))
    return known.presence.required_by_site[0].tolist()


@given(PUNCHES)
@settings(max_examples=20, deadline=None)
def test_on_duty_is_whose_newest_known_punch_is_a_clock_in_however_late_punches_come(punches):
    made = Made().site()
    for person, minute, late, kind in punches:
        made.punch(person, minute, kind, late_s=60 * late)
    known = made.known(every(0, 180, 5))
    for row, person in enumerate(known.things.person_ids):
        for place, us in enumerate(known.moments.at_us):
            now = (us - micros(at(0))) // 60_000_000
            there = [
                (minute, kind)
                for who, minute, late, kind in punches
                if who == person and minute + late <= now
            ]
            on = bool(there) and max(there)[1] == "clock_in"
            assert known.presence.people_on[row, place] == on
            assert (known.presence.site_of_person[row, place] == 0) == on


def test_a_clock_out_that_is_missing_is_assumed_some_hours_after_the_planned_end():
    made = Made().site().post().duty("anna", 0, 8 * HOUR)
    end = 8 * HOUR + FORGOTTEN_US / 60e6
    assert on_at(made, "anna", -1, 0, 9 * HOUR, end - 1, end) == [False, True, True, True, False]


def test_a_clock_out_that_is_missing_without_a_plan_is_assumed_from_the_clock_in():
    made = Made().site().punch("anna", 0, "clock_in")
    end = UNPLANNED_US / 60e6
    assert on_at(made, "anna", 0, end - 1, end) == [True, True, False]


def test_a_late_clock_in_counts_from_its_arrival_and_is_on_for_longer_only_from_then():
    made = Made().site().post().duty("anna", 0, 8 * HOUR, late_s=30 * 60)
    known = made.known(Moments.of(at(29), at(30), at(89), at(90)))
    assert known.presence.site_count[0].tolist() == [0, 1, 1, 1]
    assert known.presence.on_for(HOUR * 60_000_000)[0].tolist() == [0, 0, 0, 1]


def test_a_correction_is_the_punch_that_it_is_nearer_to():
    made = Made().site().post().duty("anna", 0, 8 * HOUR)
    made.punch("anna", 7 * HOUR, "correction", assignment="anna 0")
    assert on_at(made, "anna", 7 * HOUR - 1, 7 * HOUR) == [True, False]


def test_a_break_ends_with_the_next_punch_or_after_two_hours():
    made = Made().site().punch("anna", 0, "clock_in")
    made.punch("anna", 60, "break_start").punch("anna", 80, "break_end")
    made.punch("anna", 200, "break_start")
    known = made.known(Moments.of(*(at(m) for m in (59, 60, 79, 80, 319, 320))))
    assert known.presence.on_break[0].tolist() == [False, True, True, False, True, False]
    assert known.presence.people_on[0].all()


def test_a_clock_in_without_an_assignment_mans_the_post_of_the_persons_own_duty():
    made = Made().site().post().post("other").duty("anna", 0, 8 * HOUR, post="other")
    made.rows["attendance_event"].clear()
    made.punch("anna", -10, "clock_in")
    known = made.known(Moments.of(at(0)))
    assert known.things.post_ids[int(known.presence.post_of_person[0, 0])] == "other"


def test_a_duty_without_a_clock_in_is_told_apart_until_there_is_one():
    made = Made().site().post().duty("anna", 0, 8 * HOUR)
    made.rows["attendance_event"].clear()
    (row,) = made.known(Moments.of(at(60))).presence.unclocked.iter_rows(named=True)
    assert (row["person_id"], row["post_id"]) == ("anna", "post")
    assert row["until_us"] - row["from_us"] == 8 * HOUR * 60_000_000
    made.punch("anna", 30, "clock_in")
    (row,) = made.known(Moments.of(at(60))).presence.unclocked.iter_rows(named=True)
    assert row["until_us"] - row["from_us"] == 30 * 60_000_000


def night(zone: str, dow: int) -> Made:
    """A post that needs somebody from 22:00 to 06:00 on one night of the week."""
    made = Made().site(tz=zone).add("post", post_id="post", site_id="site")
    return made.add(
        "post_requirement",
        req_id="night",
        post_id="post",
        site_id="site",
        dow=dow,
        start_local=time(22),
        end_local=time(6),
        headcount=2,
    )


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (date(2026, 3, 28), 7),
        (date(2026, 10, 24), 9),
        (date(2026, 6, 6), 8),
    ],
)
@pytest.mark.parametrize("zone", ["Europe/Madrid", "America/Chicago"])
def test_a_night_is_as_long_as_its_instants_say_when_the_clocks_change(day, hours, zone):
    if zone == "America/Chicago":
        changes = {date(2026, 3, 28): date(2026, 3, 7), date(2026, 10, 24): date(2026, 10, 31)}
        day = changes.get(day, day)
    local = datetime.combine(day, time(12), ZoneInfo(zone)).astimezone(UTC)
    moments = Moments.every(timedelta(minutes=5), local, local + timedelta(hours=30))
    needed = night(zone, day.weekday()).known(moments).presence.required_by_site[0]
    there = np.array([_is_night(us, zone, day) for us in moments.at_us])
    assert (needed == 2 * there).all()
    assert there.sum() == hours * 12


def _is_night(us: int, zone: str, day: date) -> bool:
    wall = datetime.fromtimestamp(us / 1e6, ZoneInfo(zone))
    begins = wall.date() == day and wall.hour >= 22
    return begins or (wall.date() == day + timedelta(days=1) and wall.hour < 6)


def test_a_wall_clock_time_that_is_skipped_is_the_one_an_hour_later():
    made = Made().site(tz="Europe/Madrid").add("post", post_id="post", site_id="site")
    times = {"start_local": time(2, 30), "end_local": time(5)}
    made.add(
        "post_requirement", req_id="r", post_id="post", site_id="site", dow=6, headcount=1, **times
    )
    start = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)
    known = made.known(Moments.every(timedelta(minutes=10), start, start + timedelta(hours=4)))
    needed = known.moments.times.filter(known.presence.required_by_site[0] > 0)
    assert (needed[0], needed[-1]) == (
        start + timedelta(minutes=90),
        start + timedelta(minutes=170),
    )


def test_nobody_is_needed_at_a_post_that_is_stood_down_from_when_that_is_known():
    made = Made().site().post()
    made.add(
        "post_stand_down",
        5,
        stand_down_id="s",
        post_id="post",
        site_id="site",
        from_at=at(0),
        to_at=at(60),
    )
    known = made.known(Moments.of(at(70)))
    assert known.presence.required_by_site[0].tolist() == [1]
    assert needed_at(made, 5, 59) == [0, 0]


def test_a_shift_that_is_called_off_needs_one_less():
    made = Made().site().post(headcount=2)
    times = {"starts_at": at(0), "ends_at": at(60)}
    made.add("shift", 0, shift_id="s", site_id="site", post_id="post", status="cancelled", **times)
    assert needed_at(made, 30) == [1]
    assert needed_at(made, 60) == [2]


def test_a_closed_day_needs_nobody_from_one_local_midnight_to_the_next():
    made = Made().site(tz="Asia/Kolkata", calendar_id="c").post()
    made.add("holiday", holiday_id="h", calendar_id="c", holiday_on=date(2026, 3, 3), kind="closed")
    # The third of March begins in Kolkata at 18:30 UTC of the second, 630 minutes from the start.
    assert needed_at(made, 629, 630, 630 + 1439, 630 + 1440) == [1, 0, 0, 1]


def test_the_change_of_shift_reaches_a_quarter_of_an_hour_to_both_sides():
    made = Made().site().add("post", post_id="post", site_id="site")
    times = {"start_local": time(9), "end_local": time(17)}
    made.add(
        "post_requirement", req_id="r", post_id="post", site_id="site", dow=0, headcount=1, **times
    )
    reach = HANDOVER_US / 60e6
    minutes = (60 - reach - 1, 60 - reach, 60 + reach, 60 + reach + 1)
    known = made.known(Moments.of(*(at(minute) for minute in minutes)))
    assert known.presence.handover_of_post[0].tolist() == [False, True, True, False]


def test_a_site_without_a_roster_needs_nobody_and_has_nobody():
    known = Made().site().known(Moments.of(at(0)))
    assert known.presence.required_by_site.tolist() == [[0]]
    assert known.presence.site_count.tolist() == [[0]]
    assert known.presence.stays.is_empty()
