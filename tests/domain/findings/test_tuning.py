"""Thresholds move a step a day, within bounds, by what people said, and never for safety."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigia.domain.findings.known import KNOWN
from vigia.domain.findings.patterns import PATTERNS
from vigia.domain.findings.tuning import (
    DIALS,
    REST,
    Case,
    Dial,
    Limits,
    Moved,
    change_of,
    rests,
    tuned,
)
from vigia.domain.findings.types import Category

NOW = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)
LOAD = next(dial for dial in DIALS if dial.name == "K08.load_pct")
SCAN = next(dial for dial in DIALS if dial.name == "K02.quiet_min")
BY_CODE = {pattern.code: pattern for pattern in PATTERNS}


def case(value, *, is_true, dial=LOAD, lasted=0.0):
    return Case(dial.kind, is_true, {dial.figure: value}, lasted)


def cases(false, true, dial=LOAD):
    """Values at which no cases and true ones were raised."""
    found = [case(value, is_true=False, dial=dial) for value in false]
    return [*found, *(case(value, is_true=True, dial=dial) for value in true)]


def test_no_dial_moves_what_people_in_danger_rely_on():
    for dial in DIALS:
        kind = KNOWN[dial.kind]
        assert kind.category is not Category.SAFETY
        assert not kind.is_safety_flagged


def test_every_dial_is_a_number_of_its_pattern_within_its_bounds():
    for dial in DIALS:
        pattern = BY_CODE[dial.pattern]
        assert dial.low <= getattr(pattern.policy, dial.number) <= dial.high
        assert dial.kind in pattern.kinds
        assert dial.step > 0


def test_many_no_cases_near_the_threshold_move_it_one_step_and_the_counts_are_kept():
    change = change_of(LOAD, 130, 130, cases([131, 134, 138] * 4, [180] * 8))
    assert (change.old, change.new) == (130, 140)
    assert change.evidence == {"true": 8, "false": 12, "true_lost": 0, "false_gone": 12}
    assert change.reason == "12 of 20 were no case"


def test_a_threshold_stays_where_true_ones_would_go_with_the_false():
    assert change_of(LOAD, 130, 130, cases([131] * 12, [135, *[180] * 7])) is None
    assert change_of(LOAD, 130, 130, cases([131] * 60, [135, *[180] * 59])) is not None


def test_a_threshold_stays_where_a_step_would_take_no_false_one_away():
    assert change_of(LOAD, 130, 130, cases([170] * 12, [180] * 8)) is None


def test_what_a_move_took_away_moves_nothing_again():
    judged = cases([131] * 30, [180] * 30)
    first = change_of(LOAD, 130, 130, judged)
    assert first.false_gone == 30
    assert change_of(LOAD, first.new, 130, judged) is None


def test_a_few_verdicts_move_nothing():
    assert change_of(LOAD, 130, 130, cases([131] * 9, [])) is None
    assert change_of(LOAD, 130, 130, cases([131] * 3, [180] * 17)) is None


def test_what_lasts_reaches_a_higher_bound_later_and_is_not_lost():
    """A tour given up for hours is found at 35 minutes without a scan as it was at 30."""
    long = [case(31, is_true=True, dial=SCAN, lasted=90) for _ in range(8)]
    short = [case(31, is_true=False, dial=SCAN, lasted=1) for _ in range(12)]
    change = change_of(SCAN, 30, 30, [*long, *short])
    assert (change.new, change.true_lost, change.false_gone) == (35, 0, 12)


def test_a_threshold_that_was_moved_comes_back_when_hardly_anything_is_no_case():
    good = cases([], [200] * 60)
    assert change_of(LOAD, 150, 130, good).new == 140
    assert change_of(LOAD, 135, 130, good).new == 130
    assert change_of(LOAD, 130, 130, good) is None


def test_verdicts_on_other_types_do_not_count():
    others = [replace(found, kind="OTHER") for found in cases([131] * 12, [180] * 8)]
    assert change_of(LOAD, 130, 130, others) is None


@given(
    values=st.lists(st.tuples(st.floats(0, 500), st.booleans()), max_size=80),
    start=st.floats(LOAD.low, LOAD.high),
    days=st.integers(1, 30),
)
def test_however_long_it_goes_on_a_dial_stays_in_its_bounds_and_moves_a_step_at_most(
    values, start, days
):
    judged = [case(value, is_true=is_true) for value, is_true in values]
    value = start
    for _ in range(days):
        change = change_of(LOAD, value, 130, judged)
        if change is None:
            break
        assert change.old == value != change.new
        assert abs(change.new - change.old) <= LOAD.step
        assert LOAD.low <= change.new <= LOAD.high
        assert change.true_lost <= max(change.true, 1) * Limits().most_lost or change.new < value
        value = change.new


def weeks_of_verdicts(seed):
    """Share of no cases, and of true ones, that the last of four weeks still raises.

    Six loads a day, half of them no case and near the threshold; one verdict in twenty is wrong.
    """
    draw, value, judged, last = random.Random(seed), 130.0, [], {True: [], False: []}
    for day in range(28):
        for _ in range(6):
            is_true = draw.random() < 0.5
            load = draw.gauss(210, 25) if is_true else draw.gauss(145, 10)
            if day >= 21 and load >= 130:
                last[is_true].append(load >= value)
            if load >= value:
                is_right = draw.random() < 0.95
                judged.append(case(load, is_true=is_true if is_right else not is_true))
        change = change_of(LOAD, value, 130, judged)
        value = change.new if change else value
    return fmean(last[False]), fmean(last[True])


def test_four_weeks_of_verdicts_take_most_no_cases_away_and_hardly_a_true_one():
    found = [weeks_of_verdicts(seed) for seed in range(20)]
    assert fmean(false for false, _ in found) <= 0.6
    assert fmean(true for _, true in found) >= 0.98


def test_a_dial_moves_once_a_day_and_rests_after_a_person_put_it_back():
    assert not rests(Moved(), NOW)
    assert rests(Moved(NOW - timedelta(hours=1)), NOW)
    assert not rests(Moved(NOW - timedelta(days=1)), NOW)
    assert rests(Moved(NOW - timedelta(days=9), NOW - timedelta(days=8)), NOW)
    assert not rests(Moved(NOW - timedelta(days=40), NOW - REST), NOW)


def test_moved_numbers_reach_their_pattern_alone():
    moved = {p.code: p for p in tuned(PATTERNS, {"K08.load_pct": 150, "K99.gone": 1})}
    assert moved["K08"].policy.load_pct == 150
    assert all(moved[p.code] is p for p in PATTERNS if p.code != "K08")


@pytest.mark.parametrize("dial", DIALS, ids=lambda dial: dial.name)
def test_the_figure_of_a_dial_is_one_that_its_pattern_tells(dial: Dial):
    source = BY_CODE[dial.pattern].judge.__globals__["__file__"]
    with open(source, encoding="utf-8") as file:  # noqa: PTH123 - a path from the module itself
        assert f'"{dial.figure}"' in file.read()
