from __future__ import annotations

from functools import partial

import polars as pl
import pytest

from tests.simulator.label import cases
from tests.simulator.label.cases import case, classes, duty, effect, only, times
from vigia.simulator.label.distress import distress

episodes = partial(cases.episodes, finders=(distress,))


def _panic(value, **changes):
    return {
        "panic_code": "P0000000-000",
        "duty": 0,
        "site": 0,
        "at_us": 100,
        "value": value,
    } | changes


def _check(due, result="missed", answered=-1):
    return {
        "duty": 0,
        "site": 0,
        "due_us": due,
        "closes_us": due + 15,
        "answered_us": answered,
        "result": result,
    }


@pytest.mark.parametrize(("value", "subtype"), [(0, "panic"), (3, "duress")])
def test_k07_is_a_true_call_and_one_under_duress_at_once(value, subtype):
    found = only(episodes(case(duty(), panic=[_panic(value)])), "K07")
    assert times(found)[:2] == (100, 100)
    assert (found["severity"], found["subtype"], found["scope"]) == ("CRITICAL", subtype, "G00001")


@pytest.mark.parametrize("value", [1, 2])
def test_k07_is_no_test_and_no_press_in_the_pocket(value):
    assert "K07" not in classes(episodes(case(duty(), panic=[_panic(value)])))


def test_k07_is_known_when_the_call_arrives():
    down = [effect("network_down", 0, 90, 130, 1.0)]
    found = only(episodes(case(duty(), effects=down, panic=[_panic(0)])), "K07")
    assert times(found)[:2] == (100, 130)


def test_k07_is_never_muted():
    window = {"kind": "maintenance", "site": 0, "from_us": 0, "to_us": 700}
    assert "K07" in classes(episodes(case(duty(), panic=[_panic(0)], mutes=[window])))


def test_k07_is_a_check_that_is_missed_beyond_its_window():
    found = only(episodes(case(duty(), welfare=[_check(120)])), "K07")
    assert times(found)[:2] == (120, 135)
    assert found["subtype"] == "missed_check"
    late = case(duty(), welfare=[_check(120, "late", 140)])
    assert times(only(episodes(late), "K07"))[:2] == (120, 135)
    assert "K07" not in classes(episodes(case(duty(), welfare=[_check(120, "ok", 121)])))


def test_k07_of_checks_missed_in_a_row_is_one_and_of_checks_far_apart_two():
    row = case(duty(), welfare=[_check(120), _check(180), _check(240)])
    assert times(only(episodes(row), "K07"))[:2] == (120, 135)
    apart = episodes(case(duty(), welfare=[_check(120), _check(480)]))
    assert apart.filter(pl.col("class") == "K07").height == 2


def test_k07_is_no_check_of_somebody_who_is_not_on_duty():
    late = duty(start=0, clock_in_us=200, arrives_us=200)
    assert "K07" not in classes(episodes(case(late, welfare=[_check(120)])))
    gone = duty(clock_out_us=125)
    assert "K07" not in classes(episodes(case(gone, welfare=[_check(120)])))


def test_k07_is_inferred_from_stillness_after_a_fall_of_somebody_alone():
    still = [effect("still", 0, 100, 130, 1.0)]
    found = only(episodes(case(duty(), effects=still)), "K07")
    assert times(found) == (100, 110, 130)
    assert (found["severity"], found["subtype"]) == ("HIGH", "after_fall")


def test_k07_is_inferred_sooner_at_high_risk_and_not_of_two_at_low_risk():
    still = [effect("still", 0, 100, 130, 1.0)]
    risky = only(episodes(case(duty(1, lone=False), effects=still)), "K07")
    assert times(risky)[1] == 105
    assert "K07" not in classes(episodes(case(duty(lone=False), effects=still)))


def test_k07_is_not_inferred_from_stillness_alone():
    still = [effect("still", 0, 100, 130)]
    assert "K07" not in classes(episodes(case(duty(), effects=still)))


def test_k07_is_inferred_when_stillness_meets_a_press_of_the_day_or_a_check_that_goes_late():
    still = [effect("still", 0, 100, 150)]
    pressed = only(episodes(case(duty(), effects=still, panic=[_panic(2, at_us=40)])), "K07")
    assert (times(pressed)[1], pressed["subtype"]) == (110, "panic_history")
    table = episodes(case(duty(), effects=still, welfare=[_check(105)]))
    late = table.filter(pl.col("subtype") == "late_check").row(0, named=True)
    assert times(late)[1] == 120


def test_k07_is_not_inferred_from_a_stillness_that_is_over_sooner():
    still = [effect("still", 0, 100, 109, 1.0)]
    assert "K07" not in classes(episodes(case(duty(), effects=still)))


def test_a_check_that_somebody_misses_who_lies_still_is_part_of_it():
    still = [effect("still", 0, 100, 150)]
    table = episodes(case(duty(), effects=still, welfare=[_check(105), _check(500)]))
    numbers = dict(table.select("onset_us", "number").iter_rows())
    inferred, missed, apart = (numbers[onset] for onset in sorted(numbers))
    parents = dict(table.select("number", "parent").iter_rows())
    assert parents == {inferred: -1, missed: inferred, apart: -1}
