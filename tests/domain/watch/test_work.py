"""What of work is known at each instant: due, put off, misdated, over, forgotten; alerts again."""

from __future__ import annotations

import polars as pl
import pytest

from tests.domain.findings.patterns.made import Made, at, every, named
from vigia.domain.watch.moments import MINUTE_US, NEVER_US
from vigia.domain.watch.work import FORGOTTEN_US, HOUR_US, TOUR_GRACE_US, UNTOLD_MIN, widened

MOMENTS = every(0, 300, 5)


def times(frame: pl.DataFrame, column: str) -> list[float | None]:
    """Times of a column as minutes; None for never."""
    start = round(at(0).timestamp() * 1_000_000)
    return [None if us >= NEVER_US else (us - start) / MINUTE_US for us in frame[column]]


def tasks(made: Made) -> pl.DataFrame:
    return made.known(MOMENTS).work.tasks


def tours(made: Made) -> pl.DataFrame:
    return made.known(MOMENTS).work.tours


def test_a_task_is_known_from_its_arrival_until_word_that_it_is_over():
    made = Made().task("a", 0, 60, late_s=120).task_over("a", 40, late_s=300)
    known = tasks(made)
    assert times(known, "from_us") == [2]
    assert times(known, "until_us") == times(known, "over_us") == [45]
    assert times(known, "due_us") == [60]


def test_each_due_time_of_a_task_is_a_stretch_of_its_own():
    made = Made().task("a", 0, 60)
    made.add("task", 30, verb="updated", source="tasks", task_id="a", due_at=at(90))
    known = tasks(made)
    assert times(known, "due_us") == [60, 90]
    assert times(known, "from_us") == [0, 30]
    assert times(known, "until_us") == [30, 90 + FORGOTTEN_US / MINUTE_US]
    assert known["minutes"].to_list() == [10, 10]


def test_a_due_time_before_the_task_itself_is_left_out():
    assert tasks(Made().task("a", 0, -1)).is_empty()
    assert tasks(Made().task("a", 0, 0)).height == 1


def test_a_step_told_by_a_phone_changes_neither_due_time_nor_owner():
    made = Made().task("a", 0, 60, assignee_id="anna")
    made.task_over("a", 10, "in_progress", verb="updated", assignee_id="ben", due_at=at(500))
    known = tasks(made)
    assert known["person_id"].to_list() == ["anna"]
    assert times(known, "due_us") == [60]


def test_a_task_without_an_estimate_takes_the_usual_time_and_one_without_a_date_is_never_due():
    assert tasks(Made().task("a", 0, 60, est_min=None))["minutes"].to_list() == [UNTOLD_MIN]
    made = Made().add("task", 0, verb="created", source="tasks", task_id="a", kind="report")
    assert tasks(made).is_empty()


def test_lateness_counts_for_a_window_after_its_end_and_never_twice_at_once():
    late = pl.DataFrame({"id": ["a", "a", "b"], "from_us": [0, 50, 0], "until_us": [10, 60, 10]})
    found = widened(late, "id", 100)
    assert found["until_us"].to_list() == [50, 160, 110]
    assert widened(late.with_columns(until_us=pl.col("from_us")), "id", 100).is_empty()


def test_a_tour_tells_when_it_begins_and_when_it_is_too_late_for_it():
    made = Made().tour("r", 60, tour_id="t").tour_told("r", 70, "in_progress")
    made.add("tour_template", tour_id="t", site_id="site", planned_min=25)
    known = tours(made.tour_told("r", 95, "completed"))
    assert times(known, "begun_us") == [70]
    assert times(known, "until_us") == [95]
    assert times(known, "missed_us") == [90 + TOUR_GRACE_US / MINUTE_US]
    assert times(known, "excused_us") == [None]
    assert known["minutes"].to_list() == [25]


def test_a_tour_that_nobody_closes_is_forgotten():
    (until,) = times(tours(Made().tour("r", 60)), "until_us")
    assert until == 60 + 30 + 15 + FORGOTTEN_US / MINUTE_US


@pytest.mark.parametrize("status", ["excused", "cancelled"])
def test_a_tour_that_needs_no_walking_says_so_from_then_on(status):
    known = tours(Made().tour("r", 60).tour_told("r", 80, status))
    assert times(known, "excused_us") == times(known, "until_us") == [80]


def check(made: Made, **values) -> Made:
    usual = {"check_id": "c", "site_id": "site", "person_id": "anna", "result": "pending"}
    window = {"due_at": at(60), "opens_at": at(50), "closes_at": at(75)}
    return made.add(
        "welfare_check", 0, verb="scheduled", source="welfare", **usual | window | values
    )


def test_a_check_call_is_known_until_it_is_answered_or_missed():
    told = {"check_id": "c", "site_id": "site"}
    answered = check(Made()).add("welfare_check", 61, verb="answered", result="ok", **told)
    known = answered.known(MOMENTS).work.checks
    assert times(known, "answered_us") == times(known, "until_us") == [61]
    missed = check(Made()).add("welfare_check", 76, verb="closed", result="missed", **told)
    known = missed.known(MOMENTS).work.checks
    assert (times(known, "answered_us"), times(known, "until_us")) == ([None], [76])


def test_what_is_due_is_told_by_person_for_tasks_tours_and_check_calls_alike():
    made = check(Made().task("a", 0, 60, assignee_id="anna").tour("r", 60, person_id="anna"))
    due = made.known(MOMENTS).work.due
    assert due["what"].to_list() == ["task", "tour", "check"]
    assert due["person_id"].to_list() == ["anna"] * 3
    assert times(due, "due_us") == [60] * 3


def test_a_ticket_is_told_stretch_by_stretch_and_not_at_all_when_it_is_over():
    made = Made().ticket("t", 0).ticket_told("t", 10, "pending_vendor")
    made = made.ticket_told("t", 20, "open", priority="P1").ticket_told("t", 30, "resolved")
    known = made.known(MOMENTS).work.tickets
    assert known.select("status", "priority").rows() == [
        ("new", "P2"), ("pending_vendor", "P2"), ("open", "P1"),
    ]  # fmt: skip
    assert times(known, "until_us") == [10, 20, 30]
    assert times(known, "answered_us") == [10] * 3
    assert times(known, "opened_us") == [0] * 3


def test_a_ticket_that_is_opened_again_is_open_again():
    made = Made().ticket("t", 0).ticket_told("t", 10, "resolved").ticket_told("t", 50, "reopened")
    known = made.known(MOMENTS).work.tickets
    assert (known["status"].to_list(), times(known, "from_us")) == (["new", "reopened"], [0, 50])


def test_an_alert_of_the_same_thing_within_ten_minutes_is_a_repeat():
    made = Made()
    for number, (minute, device) in enumerate([(0, "d"), (9, "d"), (19, "d"), (20, "e")]):
        made.alert(f"A{number}", minute, device_id=device)
    known = made.known(MOMENTS).work.alerts
    assert known["is_repeat"].to_list() == [False, True, False, False]


def test_an_alert_whose_elder_has_not_arrived_yet_is_none():
    made = Made().alert("A1", 0, late_s=3600).alert("A2", 5)
    known = made.known(MOMENTS).work.alerts
    assert known.select("alert_id", "is_repeat").rows() == [
        (named("alert", "A1"), False), (named("alert", "A2"), False),
    ]  # fmt: skip


def test_sums_by_site_count_rows_or_what_they_weigh():
    made = Made().site("x").site("y").task("a", 0, 60, site="x", est_min=7)
    made.task("b", 100, 160, site="x", est_min=5).task("c", 0, 60, site="elsewhere")
    known = made.known(MOMENTS)
    work = known.work
    held = work.at_sites(work.tasks, pl.col("from_us"), pl.col("from_us") + HOUR_US)
    assert held[0, 0] == held[0, 11] == held[0, 20] == 1
    assert held[0, 12] == held[1].max() == 0
    weighed = work.at_sites(work.tasks, pl.col("from_us"), pl.col("until_us"), pl.col("minutes"))
    assert (weighed[0, 0], weighed[0, 20]) == (7, 12)


def test_nothing_that_arrived_is_no_work():
    work = Made().site().known(MOMENTS).work
    for frame in (work.tasks, work.tours, work.checks, work.tickets, work.alerts, work.due):
        assert frame.is_empty()
