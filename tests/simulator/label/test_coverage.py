from __future__ import annotations

from functools import partial

import numpy as np
import polars as pl
import pytest

from tests.simulator.label import cases
from tests.simulator.label.cases import ABSENT, case, classes, duty, only, times, us
from vigia.simulator.label.coverage import coverage_gaps, deficits, shift_gaps, staffing_gaps


def _gaps(happened):
    return coverage_gaps(happened, deficits(happened))


def _short(happened):
    return staffing_gaps(happened, shift_gaps(happened, deficits(happened)))


episodes = partial(cases.episodes, finders=(_gaps, _short))
DUE = [{"duty": 0, "site": 0, "due_us": 5, "closes_us": 20, "result": "missed"}]


def test_k09_is_a_post_that_nobody_covers_for_longer_than_the_grace():
    found = only(episodes(case(duty(**ABSENT), duty(1), welfare=DUE)), "K09")
    assert times(found) == (0, 15, 720)
    assert (found["scope_kind"], found["scope"]) == ("post", "S0001-P1")
    assert (found["severity"], found["subtype"]) == ("HIGH", "total")


def test_k09_of_a_post_that_must_be_manned_is_critical_sooner_and_needs_nothing_due():
    found = only(episodes(case(duty(), duty(1, **ABSENT))), "K09")
    assert times(found)[:2] == (0, 10)
    assert found["severity"] == "CRITICAL"


@pytest.mark.parametrize(("late", "expected"), [(14, None), (40, (0, 15, 40)), (200, (0, 15, 200))])
def test_k09_of_a_late_guard_lasts_until_the_arrival(late, expected):
    happened = case(duty(arrives_us=late, clock_in_us=late), welfare=DUE)
    rows = episodes(happened).filter(pl.col("class") == "K09")
    assert [times(row) for row in rows.iter_rows(named=True)] == ([expected] if expected else [])


def test_k09_of_a_guard_who_leaves_early_starts_then_and_waits_for_what_is_due():
    due = [{"duty": 0, "site": 0, "due_us": 640, "closes_us": 655}]
    happened = case(duty(leaves_us=600, clock_out_us=600), welfare=due)
    assert times(only(episodes(happened), "K09")) == (600, 640, 720)


def test_k09_is_nothing_where_nothing_is_due():
    assert "K09" not in classes(episodes(case(duty(**ABSENT), duty(1))))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"clock_in_us": -1}, "is there, but forgot to clock in"),
        (
            {"arrives_us": -1, "leaves_us": -1, "worker": -1},
            "is clocked in, as far as one can know",
        ),
        ({"worker": 5}, "a colleague came instead"),
        (ABSENT | {"outcome": "stood_down"}, "the post was stood down"),
        (ABSENT | {"outcome": "cancelled"}, "the shift was called off"),
    ],
)
def test_k09_is_nothing_when_the_guard(row, reason):
    assert "K09" not in classes(episodes(case(duty(**row), duty(1), welfare=DUE))), reason


def test_k09_is_covered_by_who_steps_in_and_by_who_stays_until_relieved():
    relief = duty(person=5, start=60, shift_code="H0-0")
    absent = duty(**(ABSENT | {"relieved_by": 5}))
    found = only(episodes(case(absent, relief, welfare=DUE)), "K09")
    assert times(found) == (0, 15, 60)
    stayed = duty(start=-720, end=0, leaves_us=45, clock_out_us=45, person=4)
    late = duty(arrives_us=40, clock_in_us=40)
    assert "K09" not in classes(episodes(case(stayed, late, welfare=DUE)))


def test_k09_is_partial_where_one_of_two_is_missing():
    second = duty(person=4, shift_code="H0-0", **ABSENT)
    found = only(episodes(case(duty(), second, welfare=DUE)), "K09")
    assert (found["severity"], found["subtype"]) == ("MEDIUM", "partial")


def test_k09_is_nothing_at_a_post_that_the_reference_data_excuse():
    mute = {"kind": "stand_down", "site": 0, "post": 0, "from_us": 0, "to_us": 720}
    elsewhere = mute | {"post": 1}
    absent = duty(**ABSENT)
    assert "K09" not in classes(episodes(case(absent, duty(1), welfare=DUE, mutes=[mute])))
    assert "K09" in classes(episodes(case(absent, duty(1), welfare=DUE, mutes=[elsewhere])))


def test_a_staffing_gap_is_to_be_foreseen_four_hours_before_and_explained_by_the_gap():
    table = episodes(
        case(duty(start=480, end=900, **ABSENT), duty(1), welfare=[DUE[0] | {"due_us": 500}])
    )
    gap = only(table, "STAFFING_GAP")
    assert times(gap) == (240, 480, 900)
    assert gap["parent"] == only(table, "K09")["number"]
    assert gap["params"] == '{"shift":"H0-480","gap_minutes":420.0}'


def test_gap_minutes_of_a_shift_count_every_missing_person_and_only_within_it():
    happened = case(
        duty(arrives_us=30, clock_in_us=30, leaves_us=700, clock_out_us=700),
        duty(person=4, shift_code="H0-0", **ABSENT),
        duty(1),
    )
    gaps = dict(
        shift_gaps(happened, deficits(happened)).select("shift_code", "gap_min").iter_rows()
    )
    assert gaps == {"H0-0": 30 + 20 + 720, "H1-0": 0}


def test_minutes_that_lack_somebody_can_be_asked_for_any_interval():
    happened = case(duty(arrives_us=100, clock_in_us=100), duty(1))
    lack = deficits(happened)
    asked = lack.minutes(
        np.array([0, 0, 1]), *(np.array([us(m) for m in x]) for x in ((0, 50, 0), (60, 300, 300)))
    )
    assert asked.tolist() == [60, 50, 0]


def test_k09_does_not_count_as_due_what_was_done_before_the_gap_began():
    early = {"duty": 0, "site": 0, "created_us": 500, "due_us": 640}
    gone = duty(leaves_us=600, clock_out_us=600)
    done = case(gone, task=[early | {"done_us": 590, "closed_us": 590}])
    assert "K09" not in classes(episodes(done))
    still = case(gone, task=[early | {"done_us": 650, "closed_us": 650}])
    assert times(only(episodes(still), "K09")) == (600, 640, 720)


def test_k09_of_a_ghost_lasts_until_somebody_enters_that_it_came():
    ghost = duty(worker=-1, arrives_us=-1, leaves_us=-1, clock_in_us=0, clock_out_us=720)
    entered = {"duty": 0, "kind": "clock_in", "at_us": 0, "entered_us": 55, "fraud": "ghost"}
    happened = case(ghost, duty(1), welfare=DUE, attendance=[entered])
    assert times(only(episodes(happened), "K09")) == (0, 15, 55)
