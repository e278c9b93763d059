from __future__ import annotations

from functools import partial

import numpy as np
import polars as pl
import pytest

from tests.simulator.label import cases
from tests.simulator.label.cases import case, classes, duty, only, times, us
from vigia.simulator.label.slots import Slots, stretches, surrounding
from vigia.simulator.label.workload import resource_shortages, sla_storms

episodes = partial(cases.episodes, finders=(sla_storms, resource_shortages))


def _tasks(count, due=120, **changes):
    row = {
        "duty": 0,
        "site": 0,
        "kind": "patrol",
        "priority": "P3",
        "created_us": due - 60,
        "due_us": due,
        "done_us": -1,
        "closed_us": due + 120,
    } | changes
    return [row | {"task_code": f"T{n}"} for n in range(count)]


def _tours(count, due=100, **changes):
    row = {
        "duty": 0,
        "site": 0,
        "tour": 0,
        "due_us": due,
        "deadline_us": due + 45,
        "started_us": -1,
        "ended_us": -1,
        "status": "missed",
    } | changes
    return [row | {"run_code": f"R{n}"} for n in range(count)]


def _alerts(count, first=100, every=5, **changes):
    row = {"site": 0, "severity": "LOW", "acked_us": -1, "resolved_us": -1, "root": "x"} | changes
    return [
        {"type": f"kind-{n % 4}"} | row | {"alert_code": f"AL{n}", "raised_us": first + every * n}
        for n in range(count)
    ]


def _storm(**changes):
    return {"task": _tasks(6), "tour_run": _tours(3), "alert": _alerts(12)} | changes


def test_k03_is_overdue_tasks_late_tours_and_alerts_all_at_once():
    found = only(episodes(case(duty(), **_storm())), "K03")
    # Tasks are overdue from 120 on, tours late from 115, and the tenth alert came at 145.
    assert times(found)[:2] == (120, 145)
    assert (found["severity"], found["scope"]) == ("CRITICAL", "S0001")
    assert times(found)[2] > 200


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"task": _tasks(4)}, "four overdue tasks"),
        ({"tour_run": _tours(2)}, "two late tours"),
        ({"alert": _alerts(9)}, "nine alerts"),
        ({"task": _tasks(6, created_us=130)}, "tasks whose date was past when they came"),
        ({"tour_run": _tours(3, started_us=112)}, "tours that began within the grace"),
        ({"tour_run": _tours(3, status="excused")}, "tours that were excused"),
        ({"alert": _alerts(30, every=1, type="same")}, "one alert over and over"),
        ({"task": _tasks(6, site=1)}, "another site's tasks"),
    ],
)
def test_k03_is_nothing_with(changes, reason):
    facts = _storm(**changes)
    assert "K03" not in classes(episodes(case(duty(), **facts))), reason


def test_k03_that_flares_up_again_before_it_is_over_is_one():
    twice = _storm(alert=_alerts(12) + _alerts(12, first=190))
    only(episodes(case(duty(), **twice)), "K03")


def test_k08_is_half_an_hour_of_more_work_than_people_can_do():
    found = only(episodes(case(duty(), task=_tasks(20))), "K08")
    # Three tasks are delayed by fifteen minutes from 135 on: known half an hour later.
    assert times(found)[:2] == (135, 165)
    assert (found["severity"], found["scope"]) == ("MEDIUM", "S0001")


@pytest.mark.parametrize(
    ("people", "tasks", "reason"),
    [
        (1, _tasks(12), "what is left can be done"),
        (2, _tasks(20), "more people than required"),
        (1, _tasks(20, closed_us=160), "done before the half hour was over"),
        (1, _tasks(20, created_us=130), "wrongly dated"),
        (0, _tasks(20), "nobody is there: that is another finding"),
    ],
)
def test_k08_is_nothing_when(people, tasks, reason):
    guards = [duty(), duty(person=4, outcome="cancelled")][:people]
    spare = [duty(1)] if not people else []
    assert "K08" not in classes(episodes(case(*guards, *spare, task=tasks))), reason


def test_k08_is_graver_where_something_urgent_waits():
    urgent = _tasks(20, priority="P2")
    assert only(episodes(case(duty(), task=urgent)), "K08")["severity"] == "HIGH"


def test_k08_counts_tickets_that_wait_beyond_half_of_their_time_but_no_planned_ones():
    def _tickets(priority, count):
        row = {
            "site": 0,
            "opened_us": 120,
            "responded_us": 600,
            "resolved_us": 700,
            "paused_us": 0,
            "priority": priority,
            "due_us": 900,
            "would_breach": False,
        }
        return [row | {"number": f"INC{n}"} for n in range(count)]

    urgent = case(duty(), ticket=_tickets("P2", 5))
    assert times(only(episodes(urgent), "K08"))[1] == 160
    assert "K08" not in classes(episodes(case(duty(), ticket=_tickets("P4", 60))))


def test_a_level_counts_the_intervals_that_cover_the_start_of_a_slot():
    slots = Slots(us(0), 6, 2)
    rows = pl.DataFrame(
        {"site": [0, 0, 1], "a": [us(0), us(4), us(10)], "b": [us(11), us(6), us(99)]}
    )
    level = slots.level(rows, pl.col("a"), pl.col("b"))
    assert level.tolist() == [[1, 2, 1, 0, 0, 0], [0, 0, 1, 1, 1, 1]]


def test_stretches_bridge_short_holes_and_end_with_their_site():
    hit = np.array([[1, 1, 0, 1, 0, 0], [1, 0, 0, 0, 1, 1]], dtype=bool)
    assert [a.tolist() for a in stretches(hit)] == [[0, 0, 1, 1], [0, 3, 0, 4], [2, 4, 1, 6]]
    assert [a.tolist() for a in stretches(hit, 1)] == [[0, 1, 1], [0, 0, 4], [4, 1, 6]]
    first, end = surrounding(np.array([0, 1]), np.array([3, 5]), stretches(hit, 1))
    assert (first.tolist(), end.tolist()) == ([0, 4], [4, 6])
