"""K03: tasks, tours and alerts that go wrong within one hour, and what only looks like it."""

from __future__ import annotations

import pytest

from tests.domain.findings.patterns.made import (
    Made,
    assert_nothing_later_counts,
    assert_one_by_one_is_all_at_once,
    at,
    every,
    found,
    minutes,
)
from vigia.domain.findings.evidence import EVIDENCE
from vigia.domain.findings.known import KNOWN
from vigia.domain.findings.patterns.k03_sla_storm import PATTERN

STORM, EMERGING = PATTERN.kinds


def tasks(made: Made, count: int, due: float = 50, **values) -> Made:
    for number in range(count):
        made.task(f"task {number}", due - 120, due, **values)
    return made


def tours(made: Made, count: int, due: float = 40) -> Made:
    for number in range(count):
        made.tour(f"tour {number}", due)
    return made


def alerts(made: Made, count: int, first: float = 30) -> Made:
    for number in range(count):
        made.alert(f"A{number}", first + number, device_id=f"camera {number}")
    return made


def storm(overdue: int = 5, late: int = 3, raised: int = 10) -> Made:
    return alerts(tours(tasks(Made().site(), overdue), late), raised)


def of(kind: str, made: Made, last: float = 120):
    return found(made, every(0, last), PATTERN).filter(type=kind)


def test_a_storm_has_five_overdue_tasks_three_late_tours_and_ten_alerts_within_an_hour():
    (episode,) = of(STORM, storm()).iter_rows(named=True)
    assert (episode["severity"], episode["site_id"]) == ("CRITICAL", "site")
    assert minutes(of(STORM, storm())) == [55]


@pytest.mark.parametrize("less", [{"overdue": 4}, {"late": 2}, {"raised": 9}])
def test_one_less_of_any_leg_is_no_storm_but_one_that_builds_up(less):
    assert of(STORM, storm(**less)).is_empty()
    (severity,) = of(EMERGING, storm(**less))["severity"]
    assert severity == "HIGH"


@pytest.mark.parametrize("legs", [{"overdue": 0, "late": 0}, {"late": 0, "raised": 0}])
def test_one_leg_alone_is_an_ordinary_bad_hour(legs):
    assert found(storm(**legs), every(0, 120), PATTERN).is_empty()


def test_tasks_that_were_dated_before_they_were_asked_for_are_no_work_that_is_late():
    made = alerts(tours(Made().site(), 3), 10)
    for number in range(50):
        made.task(f"task {number}", 20, -5000)
    assert of(STORM, made).is_empty()


def test_a_date_that_is_put_right_counts_and_the_wrong_one_does_not():
    made = storm(overdue=4).task("wrong", 20, -5000)
    made.add("task", 45, verb="updated", source="tasks", task_id="wrong", due_at=at(70))
    assert minutes(of(STORM, made)) == [70]


def test_a_task_that_is_put_off_before_it_is_due_is_not_late():
    made = storm(overdue=5)
    made.add("task", 45, verb="updated", source="tasks", task_id="task 0", due_at=at(500))
    assert of(STORM, made).is_empty()


def test_a_task_that_is_put_off_twice_is_one_task():
    made = storm(overdue=4)
    for minute in (60, 70):
        told = {"verb": "updated", "source": "tasks", "task_id": "task 0"}
        made.add("task", minute, due_at=at(minute + 5), **told)
    assert of(STORM, made).is_empty()


def test_one_device_that_flaps_is_one_alert():
    made = tours(tasks(Made().site(), 5), 3)
    for number in range(40):
        made.alert(f"A{number}", 20 + number, device_id="door")
    assert of(STORM, made).is_empty()


def test_tours_that_are_excused_are_late_no_more_from_the_moment_on_at_which_it_is_told():
    made = storm(overdue=0)
    for number in range(3):
        made.tour_told(f"tour {number}", 60, "excused")
    tasks(made, 5, due=65)
    assert of(STORM, made).is_empty()


def test_a_tour_that_has_begun_counts_for_an_hour_and_then_no_more():
    made = storm(overdue=0)
    for number in range(3):
        made.tour_told(f"tour {number}", 58, "in_progress")
    assert minutes(of(STORM, tasks(made, 5, due=75))) == [75]
    late = storm(overdue=0, raised=0)
    for number in range(3):
        late.tour_told(f"tour {number}", 58, "in_progress")
    assert of(STORM, alerts(tasks(late, 5, due=110), 10, 110), 300).is_empty()


def test_a_tour_that_nobody_ever_closes_is_missed_and_no_late_one_for_ever():
    made = alerts(tasks(tours(Made().site(), 3, due=-300), 5), 10)
    assert of(STORM, made).is_empty()


def test_at_a_large_site_a_share_of_what_was_due_must_be_late():
    made = storm(overdue=6)
    for number in range(40):
        made.task(f"done {number}", -60, 45).task_over(f"done {number}", 30)
    assert of(STORM, made).is_empty()
    assert len(of(STORM, tasks(made, 20))) == 1


def test_a_storm_is_over_when_two_legs_have_been_below_half_for_half_an_hour():
    made = storm()
    for number in range(5):
        made.task_over(f"task {number}", 60)
    # Tours count until 145, alerts until 95 or so: then two legs are below half.
    (cleared,) = minutes(of(STORM, made, 240), "cleared_at")
    assert cleared == 150
    assert minutes(of(STORM, made, 149), "cleared_at") == [None]


def test_a_storm_that_dies_down_is_not_one_that_builds_up():
    made = storm()
    for number in range(5):
        made.task_over(f"task {number}", 90)
    # Alerts count until 99, tours until 145, tasks until 150.
    episodes = found(made, every(55, 300), PATTERN)
    assert episodes["type"].to_list() == [STORM]
    assert found(made, every(110, 300), PATTERN).is_empty()


def test_planned_work_and_a_site_that_is_not_guarded_mute_it():
    assert found(storm().window(0, 300), every(0, 120), PATTERN).is_empty()
    made = storm().site(status="suspended")
    assert found(made, every(0, 120), PATTERN).is_empty()


def test_what_has_not_arrived_is_not_known():
    made = alerts(tours(tasks(Made().site(), 4), 3), 10).task("late", 0, 20, late_s=3600)
    assert minutes(of(STORM, made)) == [60]


def test_a_site_without_any_work_raises_nothing():
    assert found(Made().site(), every(0, 60), PATTERN).is_empty()


def test_looking_at_instants_one_by_one_finds_the_same():
    made = storm()
    for number in range(5):
        made.task_over(f"task {number}", 60)
    episodes = assert_one_by_one_is_all_at_once(made, every(31, 200, 7), (PATTERN,))
    assert set(episodes["type"]) == {STORM, EMERGING}


def test_nothing_that_arrives_later_counts():
    made = storm().tour("late", 30).task("slow", 0, 20, late_s=3000)
    made.task_over("task 0", 60, late_s=2400).tour_told("tour 0", 50, "completed", late_s=1800)
    assert len(assert_nothing_later_counts(made, every(31, 160, 17), (PATTERN,)))


def test_the_declaration_names_types_and_evidence_that_exist():
    assert set(PATTERN.kinds) <= set(KNOWN)
    assert set(PATTERN.evidence) <= set(EVIDENCE)
