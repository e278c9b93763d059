"""K09: posts that lack people, by severity and grace; and everything that only looks like it."""

from __future__ import annotations

from datetime import time

import orjson
import pytest

from tests.domain.findings.patterns.ground import beats, check, fence, fix, phone
from tests.domain.findings.patterns.made import (
    START,
    Made,
    assert_one_by_one_is_all_at_once,
    at,
    every,
    found,
    minutes,
)
from vigia.domain.errors import VigiaError
from vigia.domain.findings.evidence import EVIDENCE
from vigia.domain.findings.known import KNOWN
from vigia.domain.findings.patterns.k09_coverage_gap import PATTERN

GAP, UNCLOCKED = PATTERN.kinds


def needed(first: int = 0, last: int = 480, *, headcount: int = 1, risk: int = 3, **post) -> Made:
    """A fenced site with a post that needs people between two minutes of every day, in UTC."""
    made = fence(Made().site(risk_tier=risk).post(headcount=headcount, **post))
    begin, end = ((at(minute)).timetz().replace(tzinfo=None) for minute in (first, last))
    for row in made.rows["post_requirement"]:
        row |= {"start_local": begin, "end_local": end}
    return made


def rostered(made: Made, person: str, *, late: float | None = None, first: int = 0) -> Made:
    """A duty of 8 hours; its guard clocks in so many minutes late, or never."""
    made.duty(person, first, first + 480)
    punch = made.rows["attendance_event"].pop()
    if late is not None:
        made.punch(person, first + late, "clock_in", assignment=punch["assignment_id"])
    return phone(made, f"{person}'s phone", person)


def of(made: Made, last: float = 120, first: float = -30, step: float = 1):
    return found(made, every(first, last, step), PATTERN)


def gaps(made: Made, last: float = 120, **span):
    return of(made, last, **span).filter(type=GAP)


def test_a_post_that_must_be_manned_is_a_critical_gap_after_ten_minutes():
    episodes = gaps(rostered(needed(must_man=True), "guard"))
    assert minutes(episodes) == [10]
    assert episodes["severity"].to_list() == ["CRITICAL"]
    assert episodes["scope_id"].to_list() == ["post"]
    assert episodes["site_id"].to_list() == ["site"]
    assert episodes["subtype"].to_list() == ["total"]


def test_who_comes_within_the_grace_leaves_no_gap():
    assert gaps(rostered(needed(must_man=True), "guard", late=9)).is_empty()
    late = gaps(rostered(needed(must_man=True), "guard", late=11))
    assert minutes(late) == [10]
    # Covered for five minutes.
    assert minutes(late, "cleared_at") == [16]


def test_another_post_is_one_when_something_is_due_there():
    made = rostered(needed(), "guard")
    assert gaps(made).is_empty()
    check(made, "check", 40, "guard", "guard 0")
    episodes = gaps(made)
    assert minutes(episodes) == [40]
    assert episodes["severity"].to_list() == ["HIGH"]


@pytest.mark.parametrize(("risk", "minute"), [(3, 15), (4, 10)])
def test_the_grace_is_shorter_where_the_risk_is_high(risk, minute):
    made = check(rostered(needed(risk=risk), "guard"), "check", 5, "guard", "guard 0")
    assert minutes(gaps(made)) == [minute]


def test_tasks_and_tours_of_the_one_who_is_missing_are_due_too():
    tasked = rostered(needed(), "guard").task("task", -60, 30, assignee_id="guard")
    assert minutes(gaps(tasked)) == [30]
    toured = rostered(needed(), "guard").tour("run", 20, assignment_id="guard 0")
    assert minutes(gaps(toured)) == [20]


def test_work_that_was_done_or_called_off_before_is_not_due():
    done = rostered(needed(), "guard").task("task", -60, 30, assignee_id="guard")
    assert gaps(done.task_over("task", -10)).is_empty()
    excused = rostered(needed(), "guard").tour("run", 20, assignment_id="guard 0")
    assert gaps(excused.tour_told("run", -5, "excused")).is_empty()


def test_an_armed_post_is_critical_and_a_partial_gap_is_medium():
    armed = check(rostered(needed(armed=True), "guard"), "check", 20, "guard", "guard 0")
    assert gaps(armed)["severity"].to_list() == ["CRITICAL"]
    made = rostered(rostered(needed(headcount=2), "one", late=-5), "two")
    episodes = gaps(check(made, "check", 20, "two", "two 0"))
    assert episodes["severity"].to_list() == ["MEDIUM"]
    assert episodes["subtype"].to_list() == ["partial"]
    figures = orjson.loads(episodes["figures"][0])
    assert (figures["present"], figures["required"]) == (1, 2)


def test_whoever_leaves_early_leaves_a_gap():
    made = rostered(needed(must_man=True), "guard", late=-5).punch("guard", 60, "clock_out")
    assert minutes(gaps(made)) == [70]


def test_who_is_not_relieved_stays_and_covers_the_post():
    made = rostered(rostered(needed(must_man=True), "before", late=-5, first=-480), "after")
    assert gaps(made).is_empty()
    relieved = made.punch("before", 30, "clock_out")
    assert minutes(gaps(relieved)) == [40]


def test_who_logged_out_or_was_long_gone_does_not_cover_a_post_by_a_forgotten_clock_out():
    forgot = rostered(rostered(needed(must_man=True), "before", late=-5, first=-480), "after")
    assert minutes(gaps(forgot, 200)) == [130]
    out = {"kind": "logout", "human": True, "site_id": "site", "device_id": "before's phone"}
    forgot.add("phone_event", 2, person_id="before", **out)
    assert minutes(gaps(forgot, 200)) == [12]


def test_who_is_there_without_a_clock_in_is_told_of_as_that_and_low():
    made = rostered(needed(must_man=True), "guard")
    for minute in range(-5, 120, 10):
        fix(made, "guard", minute, 20, 0)
    episodes = of(made)
    assert episodes["type"].to_list() == [UNCLOCKED]
    assert episodes["severity"].to_list() == ["LOW"]
    assert minutes(episodes) == [10]


def test_a_badge_shows_somebody_too_and_a_position_outside_or_unsure_does_not():
    made = rostered(needed(must_man=True), "guard")
    badge = {"site_id": "site", "kind": "granted", "person_id": "guard"}
    made.add("access_event", -2, **badge).add("access_event", 50, **badge)
    assert gaps(made, 100).is_empty()
    for x_m, accuracy_m in ((500, 5.0), (100, 60.0)):
        away = rostered(needed(must_man=True), "guard")
        for minute in range(-5, 120, 10):
            fix(away, "guard", minute, x_m, 0, accuracy_m=accuracy_m)
        assert minutes(gaps(away)) == [10]


def test_who_was_there_and_is_seen_elsewhere_is_gone_by_two_positions_and_not_by_one():
    made = rostered(needed(must_man=True), "guard")
    fix(made, "guard", 0, 20, 0)
    fix(made, "guard", 20, 900, 0)
    assert gaps(made, 55).is_empty()
    fix(made, "guard", 25, 950, 0)
    assert minutes(gaps(made, 55)) == [pytest.approx(36)]


def test_somebody_else_at_the_site_does_not_cover_a_post():
    made = rostered(needed(must_man=True), "guard")
    for minute in range(-5, 120, 10):
        fix(made, "visitor", minute, 20, 0)
    assert minutes(gaps(made)) == [10]


def test_where_a_kiosk_is_down_everybody_is_there_without_a_clock_in():
    made = needed(must_man=True, headcount=2)
    for person in ("one", "two"):
        rostered(made, person)
        for minute in range(-5, 120, 10):
            fix(made, person, minute, 20, 0)
    assert of(made)["type"].to_list() == [UNCLOCKED]


def test_a_clock_in_that_was_made_in_time_and_came_late_takes_the_gap_back():
    made = rostered(needed(must_man=True), "guard")
    made.punch("guard", -5, "clock_in", assignment="guard 0", late_s=45 * 60)
    episodes = gaps(made)
    assert minutes(episodes) == [10]
    assert episodes["evidence_state"].to_list() == ["retracted"]
    assert minutes(episodes, "evidence_at") == [40]


def test_what_is_known_to_be_late_takes_nothing_back():
    episodes = gaps(rostered(needed(must_man=True), "guard", late=30))
    assert episodes["evidence_state"].to_list() == ["provisional"]


def test_a_gap_at_a_site_that_is_heard_of_is_confirmed():
    made = rostered(needed(must_man=True), "guard")
    made.post("other").duty("colleague", -60, 480, post="other")
    beats(phone(made, "colleague's phone", "colleague"), "colleague", -60, 120)
    assert gaps(made)["evidence_state"].to_list() == ["confirmed"]


def test_where_a_manned_site_is_not_heard_of_nobody_can_say_who_is_missing():
    made = rostered(needed(must_man=True), "guard")
    made.post("other").duty("colleague", -60, 480, post="other")
    beats(phone(made, "colleague's phone", "colleague"), "colleague", -60, -10)
    beats(made, "colleague", 60, 120)
    # The grace begins anew when the site is heard of again.
    assert minutes(gaps(made, step=0.5)) == [pytest.approx(70.5)]


def test_a_swap_that_was_told_puts_the_other_on_the_post():
    made = rostered(needed(must_man=True), "guard")
    swap = {"verb": "updated", "source": "roster", "site_id": "site", "shift_id": "guard 0"}
    made.add(
        "shift_assignment",
        -200,
        assignment_id="guard 0",
        person_id="guard",
        status="swapped",
        relieved_by="friend",
        **swap,
    )
    assert gaps(made.punch("friend", -3, "clock_in")).is_empty()


def test_a_swap_that_nobody_told_covers_the_post_that_lacks_somebody():
    made = rostered(needed(must_man=True), "guard").post("manned", must_man=True)
    made.duty("other", -60, 600, post="manned")
    assert gaps(made.punch("friend", -3, "clock_in")).is_empty()


def test_of_two_posts_without_a_guard_an_unplanned_one_came_to_the_one_that_was_relieved():
    made = needed(must_man=True)
    rostered(made, "guard")
    rostered(made, "before", late=-5, first=-480).post("empty", must_man=True)
    for row in made.rows["post_requirement"]:
        row |= {"start_local": time(8), "end_local": time(16)}
    made.punch("friend", -3, "clock_in").punch("before", 2, "clock_out")
    assert gaps(made)["scope_id"].to_list() == ["empty"]


def test_a_stood_down_post_a_cancelled_shift_and_a_shut_site_need_nobody():
    down = {"stand_down_id": "down", "post_id": "post", "site_id": "site"}
    stood = rostered(needed(must_man=True), "guard")
    assert gaps(stood.add("post_stand_down", -60, from_at=at(0), to_at=at(480), **down)).is_empty()
    off = {"shift_id": "guard 0", "site_id": "site", "verb": "updated", "source": "roster"}
    for row in stood.rows["shift"]:
        row |= {"headcount": 1, "verb": "published"}
    stood.rows["post_stand_down"].clear()
    assert len(gaps(stood)) == 1
    assert gaps(stood.add("shift", -100, status="cancelled", headcount=0, **off)).is_empty()
    shut = rostered(needed(must_man=True), "guard")
    shut.rows["site"][0]["calendar_id"] = "calendar"
    shut.add("holiday", holiday_id="day", calendar_id="calendar", kind="closed", holiday_on=START)
    assert gaps(shut).is_empty()


def test_on_a_holiday_nobody_comes_for_whom_there_is_no_shift():
    holiday = {"holiday_id": "day", "calendar_id": "calendar", "kind": "public"}
    for name, count in (("guard", 1), (None, 0)):
        made = needed(must_man=True)
        made.rows["site"][0]["calendar_id"] = "calendar"
        made.add("holiday", holiday_on=START, **holiday)
        if name:
            rostered(made, name)
            made.rows["shift"][0] |= {"headcount": 1, "verb": "published"}
        assert len(gaps(made)) == count


def test_a_stand_down_that_is_told_late_counts_from_then_on():
    made = rostered(needed(must_man=True), "guard").add(
        "post_stand_down",
        30,
        stand_down_id="down",
        post_id="post",
        site_id="site",
        from_at=at(0),
        to_at=at(480),
    )
    episodes = gaps(made)
    assert minutes(episodes) == [10]
    assert minutes(episodes, "cleared_at") == [35]


def test_the_roster_of_the_day_says_when_where_the_requirement_is_an_hour_off():
    made = needed(-60, 420, must_man=True)
    made.duty("guard", 0, 480)
    for row in made.rows["shift"]:
        row |= {"headcount": 1, "verb": "published"}
    assert gaps(made, first=-60).is_empty()


def test_a_site_that_is_not_guarded_needs_nobody():
    made = rostered(needed(must_man=True), "guard")
    made.rows["site"][0]["status"] = "suspended"
    assert of(made).is_empty()


def test_a_night_of_thirteen_hours_is_covered_to_its_end():
    made = fence(Made().site(tz="Europe/Madrid").post(must_man=True))
    for row in made.rows["post_requirement"]:
        row |= {"start_local": time(18), "end_local": time(6)}
    # 24 October 2026, 18:00 in Madrid, to 06:00 after the clocks went back: thirteen hours.
    first = (START.replace(month=10, day=24, hour=16) - START).total_seconds() / 60
    made.duty("guard", first, first + 13 * 60).punch("guard", first + 12 * 60, "clock_out")
    episodes = gaps(made, first + 13 * 60, first=first, step=5)
    assert minutes(episodes) == [first + 12 * 60 + 10]


def test_wrong_input_gives_no_gap_and_no_error():
    assert of(Made()).is_empty()
    assert of(Made().site()).is_empty()
    unfenced = Made().site().post(must_man=True)
    assert minutes(gaps(unfenced, 30)) == [-30]
    assert of(Made().site(tz="UTC").add("post", post_id="post", must_man=True)).is_empty()


def test_one_guard_with_two_phones_is_one_person():
    made = rostered(rostered(needed(headcount=2), "one"), "two")
    phone(check(made, "check", 20, "two", "two 0"), "second", "one")
    for minute in range(-5, 120, 10):
        fix(made, "one", minute, 20, 0)
        fix(made, "one", minute, 20, 0, device="second")
    assert gaps(made)["severity"].to_list() == ["HIGH"]


def test_instants_one_by_one_give_what_all_at_once_give():
    made = rostered(needed(must_man=True), "guard", late=40)
    fix(made, "guard", 18, 20, 0)
    made.punch("guard", 80, "clock_out")
    episodes = assert_one_by_one_is_all_at_once(made, every(0, 120, 20), [PATTERN])
    assert minutes(episodes.filter(type=GAP)) == [100]


def test_the_pattern_is_declared_with_known_words():
    assert set(PATTERN.evidence) <= set(EVIDENCE)
    assert set(PATTERN.kinds) <= set(KNOWN)
    with pytest.raises(VigiaError, match="K09 has no patience_min"):
        PATTERN.with_policy({"patience_min": 3})
