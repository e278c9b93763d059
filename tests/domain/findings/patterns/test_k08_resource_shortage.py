"""K08: more work than people for half an hour, and what only looks like it."""

from __future__ import annotations

import orjson
import pytest

from tests.domain.findings.patterns.made import (
    Made,
    assert_nothing_later_counts,
    assert_one_by_one_is_all_at_once,
    every,
    found,
    minutes,
)
from vigia.domain.findings.evidence import EVIDENCE
from vigia.domain.findings.known import KNOWN
from vigia.domain.findings.patterns.k08_resource_shortage import PATTERN

(SHORTAGE,) = PATTERN.kinds


def manned(people: int = 1, *, needed: int = 1) -> Made:
    made = Made().site().post(headcount=needed)
    for number in range(people):
        made.duty(f"guard {number}", -120, 600)
    return made


def work(made: Made, each: int = 53, count: int = 3, due: float = -10, **values) -> Made:
    """Tasks that were due, so many minutes each."""
    for number in range(count):
        made.task(f"task {number}", -100, due, est_min=each, **values)
    return made


def of(made: Made, last: float = 90):
    return found(made, every(0, last, 5), PATTERN)


def test_more_than_130_percent_of_two_hours_for_half_an_hour_is_a_shortage():
    # 159 minutes against 156; the third task is delayed by more than 15 minutes from 5 on.
    episodes = of(work(manned()))
    assert episodes["type"].to_list() == [SHORTAGE]
    assert minutes(episodes) == [35]
    assert episodes["severity"].to_list() == ["MEDIUM"]
    figures = orjson.loads(episodes["figures"][0])
    assert figures["work in % of what people can do"] == 132.5


def test_what_the_people_there_can_do_is_no_shortage():
    assert of(work(manned(), each=52)).is_empty()
    assert of(work(manned(2, needed=2))).is_empty()


def test_work_that_lasts_for_less_than_half_an_hour_is_none():
    made = work(manned()).task_over("task 0", 31)
    assert of(made).is_empty()


def test_two_delayed_tasks_do_not_show_that_work_is_left_lying():
    assert of(work(manned(), each=80, count=2)).is_empty()


def test_a_task_is_delayed_fifteen_minutes_after_it_was_due():
    assert minutes(of(work(manned(), due=10))) == [55]
    assert of(work(manned(), due=200), 180).is_empty()


def test_a_planned_surge_with_more_people_than_required_is_no_shortage():
    made = work(manned(2, needed=1), each=200)
    assert of(made).is_empty()
    assert len(of(work(manned(2, needed=2), each=200))) == 1


def test_where_nobody_is_it_is_a_gap_and_no_shortage():
    assert of(work(Made().site().post())).is_empty()


def test_people_who_overlap_for_a_slot_at_a_change_of_shifts_hide_no_shortage():
    made = work(manned()).duty("next", 18, 600).punch("guard 0", 22, "clock_out")
    assert minutes(of(made)) == [35]


def test_a_forgotten_clock_out_is_no_extra_hand():
    made = work(manned()).duty("gone", -500, -120)
    assert minutes(of(made)) == [35]
    # On time, or within the quarter of an hour of a change of shifts, it would be one.
    assert of(work(manned()).duty("there", -500, 100)).is_empty()


def test_whoever_holds_a_post_until_relieved_is_there():
    made = work(Made().site().post()).duty("tired", -500, -100)
    assert minutes(of(made)) == [35]


def test_whoever_came_without_a_plan_is_an_extra_hand():
    assert of(work(manned()).punch("helper", -60, "clock_in")).is_empty()


def tickets(made: Made, count: int = 3, opened: float = -30, **values) -> Made:
    for number in range(count):
        made.ticket(f"ticket {number}", opened, **values)
    return made


def test_three_tickets_beyond_half_of_their_time_for_an_answer_show_it_too():
    # Half of 15 minutes is over at 7.5, so from the slot of 10 on.
    made = tickets(work(manned(), count=2, each=40, due=60), opened=0)
    assert minutes(of(made)) == [40]
    assert of(made)["severity"].to_list() == ["HIGH"]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"priority": "P4"}, None),
        ({}, "pending_vendor"),
        ({}, "resolved"),
    ],
)
def test_tickets_that_can_wait_or_wait_for_somebody_else_are_no_work(values, told):
    made = tickets(work(manned(), each=40), 5, **values)
    if told:
        for number in range(5):
            made.ticket_told(f"ticket {number}", -20, told)
    assert of(made).is_empty()
    assert len(of(tickets(work(manned(), each=40), 5))) == 1


def test_a_ticket_that_is_answered_waits_no_more():
    made = tickets(work(manned(), count=2, each=40, due=60))
    for number in range(3):
        made.ticket_told(f"ticket {number}", -25, "in_progress")
    assert of(made).is_empty()


def test_business_hours_count_where_the_promise_says_so():
    made = tickets(work(manned(), count=2, each=60, due=100), opened=-90, priority="P3")
    made.add("calendar", calendar_id="c", tz="UTC", hours='{"0": [["08:00", "18:00"]]}')
    made.add("sla_policy", policy_id="p", code="p", calendar_id="c")
    values = {"target_id": "t", "policy_id": "p", "priority": "P3"}
    made.add("sla_target", first_response_min=60, round_the_clock=False, **values)
    # Opened before 08:00, so that half an hour is over at 08:30.
    assert minutes(of(made)) == [60]


def test_tours_that_are_due_are_work_until_they_begin():
    made = manned().add("tour_template", tour_id="round", site_id="site", planned_min=60)
    work(made, each=40).tour("a", 100, tour_id="round").tour("b", 300, tour_id="round")
    assert minutes(of(made)) == [35]
    assert of(made.tour_told("a", 3, "in_progress")).is_empty()


def test_an_estimate_that_is_a_slip_of_the_pen_does_not_count_in_full():
    made = work(manned(2, needed=2), count=2, each=30).task("slip", -100, -10, est_min=6000)
    assert of(made).is_empty()


def test_tasks_dated_before_they_were_asked_for_are_no_work():
    made = manned()
    for number in range(50):
        made.task(f"task {number}", -20, -5000)
    assert of(made).is_empty()


def test_a_late_task_for_the_safety_of_people_makes_it_worse():
    assert of(work(manned(), kind="escort"))["severity"].to_list() == ["HIGH"]
    assert of(work(manned(), kind="escort", priority="P1"))["severity"].to_list() == ["CRITICAL"]


def test_it_is_over_when_it_has_been_over_for_half_an_hour():
    made = work(manned()).task_over("task 0", 60)
    assert minutes(of(made, 120), "cleared_at") == [90]
    # It comes again before that: the same shortage.
    again = work(manned()).task_over("task 0", 60).task("more", 70, 75, est_min=60)
    assert minutes(of(again, 120), "cleared_at") == [None]


def test_planned_work_mutes_it():
    assert of(work(manned()).window(-300, 300)).is_empty()


def test_a_site_without_people_posts_and_work_raises_nothing():
    assert of(Made().site()).is_empty()


def test_a_single_instant_knows_the_half_hour_behind_it():
    assert minutes(found(work(manned()), every(41, 41), PATTERN)) == [41]
    assert found(work(manned()), every(34, 34), PATTERN).is_empty()


def test_looking_at_instants_one_by_one_finds_the_same():
    made = work(manned()).task_over("task 0", 60)
    assert len(assert_one_by_one_is_all_at_once(made, every(3, 120, 12), (PATTERN,))) == 1


def test_nothing_that_arrives_later_counts():
    made = work(manned(), late_s=1200).task_over("task 0", 50, late_s=1800)
    made.punch("guard 0", 30, "clock_out", late_s=3600).duty("late", 10, 600, late_s=4000)
    assert len(assert_nothing_later_counts(made, every(3, 120, 29), (PATTERN,)))


def test_the_declaration_names_types_and_evidence_that_exist():
    assert set(PATTERN.kinds) <= set(KNOWN)
    assert set(PATTERN.evidence) <= set(EVIDENCE)
