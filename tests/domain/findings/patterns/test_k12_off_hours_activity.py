"""K12: somebody at a site that is closed, with nobody planned to be there."""

from __future__ import annotations

from datetime import date

import orjson
import pytest

from tests.domain.findings.patterns.ground import fence, fix
from tests.domain.findings.patterns.made import (
    Made,
    assert_one_by_one_is_all_at_once,
    at,
    every,
    found,
    minutes,
)
from vigia.domain.findings.evidence import EVIDENCE
from vigia.domain.findings.known import KNOWN
from vigia.domain.findings.patterns.k12_off_hours_activity import PATTERN

NIGHT = 15 * 60
"""23:00 on Monday; the site is open from eight to eight."""
NOON = 24 * 60 + 4 * 60
"""Tuesday noon."""


def shut(*, tz: str = "UTC", **site) -> Made:
    made = Made().site(calendar_id="hours", tz=tz, **site)
    hours = {str(day): [["08:00", "20:00"]] for day in range(5)}
    return made.add("calendar", calendar_id="hours", tz=tz, hours=orjson.dumps(hours).decode())


def door(made: Made, minute: float, kind: str = "granted", **values) -> Made:
    usual = {"site_id": "site", "zone_id": "lobby"}
    return made.add("access_event", minute, late_s=2, kind=kind, **usual | values)


def holiday(made: Made, kind: str) -> Made:
    return made.add(
        "holiday", holiday_id="day", calendar_id="hours", holiday_on=date(2026, 3, 3), kind=kind
    )


def raised(made: Made, first: float = NIGHT - 10, last: float = NIGHT + 60):
    return found(made, every(first, last), PATTERN)


@pytest.mark.parametrize("kind", ["granted", "denied", "forced", "held_open"])
def test_a_door_at_night_at_a_closed_site_is_found_at_once(kind):
    (row,) = raised(door(shut(), NIGHT, kind)).iter_rows(named=True)
    assert (row["type"], row["scope_kind"], row["scope_id"]) == (
        "OFF_HOURS_ACTIVITY",
        "site",
        "site",
    )
    assert row["severity"] == "MEDIUM"
    assert minutes(raised(door(shut(), NIGHT, kind))) == [NIGHT + 1]


def test_a_clock_in_that_nobody_planned_is_activity():
    assert raised(shut().punch("guard", NIGHT, "clock_in")).height == 1
    assert raised(shut().punch("guard", NIGHT, "clock_in", geo="outside")).is_empty()


def test_somebody_who_walks_inside_the_fence_is_activity_and_a_phone_at_rest_is_none():
    assert raised(fix(fence(shut()), "guard", NIGHT, 0, 0, motion="walking")).height == 1
    assert raised(fix(fence(shut()), "guard", NIGHT, 0, 0, motion="still")).is_empty()
    assert raised(fix(fence(shut()), "guard", NIGHT, 150, 0, motion="walking")).is_empty()


def test_it_is_grave_at_high_risk_and_where_nobody_should_be():
    assert raised(door(shut(risk_tier=4), NIGHT))["severity"].to_list() == ["HIGH"]
    banned = fence(fence(shut()), kind="exclusion", radius_m=30)
    walks = fix(banned, "guard", NIGHT, 0, 0, motion="walking")
    assert raised(walks)["severity"].to_list() == ["HIGH"]


def test_it_clears_after_a_quarter_of_an_hour_without_activity_that_has_held_as_long():
    made = door(door(shut(), NIGHT), NIGHT + 20)
    episodes = raised(made)
    assert minutes(episodes) == [NIGHT + 1]
    assert minutes(episodes, "cleared_at") == [NIGHT + 20 + 31]


def test_by_day_a_door_is_a_door():
    assert raised(door(shut(), NOON), NOON - 10, NOON + 60).is_empty()


@pytest.mark.parametrize("minute", [12 * 60 + 20, 24 * 60 - 20])
def test_just_after_closing_and_before_opening_the_site_counts_as_open(minute):
    assert raised(door(shut(), minute), minute - 5, minute + 20).is_empty()


def test_the_wall_clock_of_the_site_says_when_it_is_closed():
    made = door(shut(tz="Asia/Kolkata"), 8 * 60)
    assert raised(made, 8 * 60 - 5, 8 * 60 + 20).height == 1
    assert raised(door(shut(), 8 * 60), 8 * 60 - 5, 8 * 60 + 20).is_empty()


@pytest.mark.parametrize(("before", "quiet"), [(40, True), (50, False)])
def test_a_guard_may_come_some_minutes_early(before, quiet):
    made = Made.duty(shut().post(), "guard", NIGHT + before, NIGHT + 600)
    made.rows["post_requirement"].clear()
    made.rows["attendance_event"].clear()
    assert raised(door(made, NIGHT)).is_empty() == quiet


def test_a_duty_that_was_withdrawn_explains_nobody():
    made = shut().post().duty("guard", NIGHT - 60, NIGHT + 600)
    made.rows["post_requirement"].clear()
    made.rows["attendance_event"].clear()
    made.add(
        "shift_assignment",
        NIGHT - 300,
        verb="updated",
        assignment_id=f"guard {NIGHT - 60}",
        status="cancelled",
    )
    assert raised(door(made, NIGHT)).height == 1


def test_a_guard_who_is_held_over_is_still_on_duty():
    made = shut().post().duty("guard", NIGHT - 480, NIGHT - 120)
    made.rows["post_requirement"].clear()
    assert raised(door(made, NIGHT)).is_empty()
    gone = made.punch("guard", NIGHT - 110, "clock_out")
    assert raised(door(gone, NIGHT)).height == 1


def test_a_roster_that_is_told_later_explains_it_and_clears_it():
    made = door(shut().post(), NIGHT)
    made.rows["post_requirement"].clear()
    made.add(
        "shift",
        NIGHT + 5,
        shift_id="shift",
        site_id="site",
        post_id="post",
        starts_at=at(NIGHT - 30),
        ends_at=at(NIGHT + 300),
    )
    made.add(
        "shift_assignment",
        NIGHT + 5,
        verb="assigned",
        assignment_id="late",
        shift_id="shift",
        person_id="guard",
        status="assigned",
    )
    episodes = raised(made)
    assert minutes(episodes) == [NIGHT + 1]
    assert minutes(episodes, "cleared_at") == [NIGHT + 20]


def test_a_post_that_needs_people_is_no_empty_site_though_its_roster_is_missing():
    assert raised(door(shut().post(), NIGHT)).is_empty()


def test_work_under_way_and_visits_explain_who_is_there():
    repair = shut().add(
        "work_order",
        NIGHT - 60,
        verb="updated",
        source="maintenance",
        wo_id="pump",
        site_id="site",
        status="in_progress",
    )
    assert raised(door(repair, NIGHT)).is_empty()
    visit = shut().add(
        "visitor_visit",
        NIGHT - 60,
        verb="registered",
        source="reception/1",
        visit_id="visit",
        site_id="site",
        status="in",
    )
    assert raised(door(visit, NIGHT)).is_empty()
    left = visit.add(
        "visitor_visit", NIGHT - 5, verb="updated", visit_id="visit", site_id="site", status="out"
    )
    assert raised(door(left, NIGHT)).height == 1


@pytest.mark.parametrize("kind", ["public", "client", "closed"])
def test_on_a_holiday_the_clients_staff_may_come_at_the_usual_hours(kind):
    made = holiday(shut(), kind)
    for minute in range(NOON, NOON + 50, 5):
        door(made, minute)
    assert raised(made, NOON - 10, NOON + 60).is_empty()


def test_on_a_holiday_doors_that_are_refused_or_forced_twice_are_suspicious():
    made = door(door(holiday(shut(), "closed"), NOON, "denied"), NOON + 10, "forced")
    assert minutes(raised(made, NOON - 10, NOON + 60)) == [NOON + 11]
    apart = door(door(holiday(shut(), "closed"), NOON, "denied"), NOON + 40, "forced")
    assert raised(apart, NOON - 10, NOON + 60).is_empty()


def test_on_the_night_of_a_holiday_one_door_is_enough():
    made = door(holiday(shut(), "closed"), NOON + 11 * 60)
    assert raised(made, NOON + 11 * 60 - 5, NOON + 11 * 60 + 20).height == 1


def test_a_half_day_is_closed_from_noon_on():
    made = door(door(holiday(shut(), "half_day"), NOON + 60, "forced"), NOON + 62, "forced")
    assert raised(made, NOON + 50, NOON + 90).height == 1
    morning = door(door(holiday(shut(), "half_day"), NOON - 90, "forced"), NOON - 88, "forced")
    assert raised(morning, NOON - 100, NOON - 60).is_empty()


@pytest.mark.parametrize("hours", [None, "{}", "not json", '{"9": [["08:00", "07:00"]]}'])
def test_a_site_without_readable_hours_is_never_closed(hours):
    made = shut()
    made.rows["calendar"][0]["hours"] = hours
    assert raised(door(made, NIGHT)).is_empty()


def test_a_site_without_a_calendar_is_never_closed():
    assert raised(door(Made().site(), NIGHT)).is_empty()
    assert raised(door(shut(status="closed"), NIGHT)).is_empty()


def test_planned_work_mutes_it():
    assert raised(door(shut().window(NIGHT - 60, NIGHT + 60), NIGHT)).is_empty()


def test_instants_one_by_one_give_the_same():
    made = door(door(shut(), NIGHT), NIGHT + 20)
    moments = every(NIGHT - 10, NIGHT + 60, 10)
    assert minutes(assert_one_by_one_is_all_at_once(made, moments, [PATTERN])) == [NIGHT + 10]


def test_the_declaration_names_what_exists():
    assert set(PATTERN.kinds) <= set(KNOWN)
    assert set(PATTERN.evidence) <= set(EVIDENCE)
