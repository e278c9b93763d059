"""Matrices of things by instants say what a look at each instant by itself says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from vigia.domain.watch.moments import (
    LONG_AGO_US,
    MINUTE_US,
    NEVER_US,
    Moments,
    instants,
    micros,
    sum_by,
    to_us,
)

THINGS = 3
TIMES = st.integers(0, 40)
EVENTS = st.lists(st.tuples(st.integers(-1, THINGS - 1), TIMES, st.integers(-3, 30)), max_size=25)
"""Thing, when, and how much later it arrived; early by a clock that is ahead."""
LOOKS = st.lists(TIMES, min_size=1, max_size=12, unique=True).map(sorted)


def columns(rows, width):
    table = np.array(rows, np.int64).reshape(-1, width)
    return tuple(table[:, number] for number in range(width))


def looked(looks) -> Moments:
    return Moments(np.array(looks, np.int64))


@given(EVENTS, LOOKS)
@settings(max_examples=60)
def test_an_interval_holds_from_its_first_instant_to_before_its_end(rows, looks):
    thing, first, length = columns(rows, 3)
    levels = looked(looks).level(THINGS, thing, first, first + length)
    for number in range(THINGS):
        for place, now in enumerate(looks):
            holds = [t == number and a <= now < a + long for t, a, long in rows]
            assert levels[number, place] == sum(holds)


@given(EVENTS, LOOKS, st.integers(1, 20))
@settings(max_examples=60)
def test_a_count_is_of_what_happened_in_the_window_and_had_arrived(rows, looks, window):
    thing, at, late = columns(rows, 3)
    counts = looked(looks).count(THINGS, thing, at, at + late, window)
    for number in range(THINGS):
        for place, now in enumerate(looks):
            counted = [
                t == number and now - window <= a < now and a + lag <= now for t, a, lag in rows
            ]
            assert counts[number, place] == sum(counted)


@given(EVENTS, LOOKS)
@settings(max_examples=60)
def test_the_newest_and_the_known_value_are_of_what_had_happened_and_arrived(rows, looks):
    thing, at, late = columns(rows, 3)
    moments, value = looked(looks), np.arange(len(rows)) * 10
    newest = moments.newest(THINGS, thing, at, at + late)
    known = moments.known(THINGS, thing, at, at + late, value, none=-7)
    for number in range(THINGS):
        for place, now in enumerate(looks):
            there = [
                (a, row)
                for row, (t, a, lag) in enumerate(rows)
                if t == number and a <= now and a + lag <= now
            ]
            assert newest[number, place] == max((a for a, _ in there), default=LONG_AGO_US)
            assert known[number, place] == (max(there)[1] * 10 if there else -7)


def test_weights_add_up_and_things_without_a_number_are_left_out():
    moments = looked([0, 5])
    zero = np.zeros(3, np.int64)
    levels = moments.level(1, np.array([0, 0, -1]), zero, zero + 5, np.array([2, 3, 9]))
    assert levels.tolist() == [[5, 0]]


def test_steps_are_the_same_wherever_a_span_begins():
    start = datetime(2026, 3, 1, 0, 2, tzinfo=UTC)
    found = Moments.every(timedelta(minutes=5), start, start + timedelta(minutes=13))
    assert found.times.dt.minute().to_list() == [5, 10, 15]
    assert len(Moments.every(timedelta(minutes=5), start, start + timedelta(minutes=2))) == 0
    edge = start + timedelta(minutes=3)
    assert Moments.every(timedelta(minutes=5), edge, edge + timedelta(minutes=5)).first_us == (
        micros(edge) + 5 * MINUTE_US
    )


def test_there_is_no_time_since_what_never_was():
    moments = looked([0, MINUTE_US])
    since = moments.minutes_since(np.array([[LONG_AGO_US, 0], [0, 0]]))
    assert since.tolist() == [[np.inf, 1.0], [0.0, 1.0]]


def test_instants_and_numbers_are_each_others_inverse_and_none_is_what_one_says():
    when = datetime(2026, 10, 25, 0, 30, 0, 123_456, tzinfo=UTC)
    series = pl.Series([when, None], dtype=instants(np.array([0])).dtype)
    assert to_us(series, NEVER_US).tolist() == [micros(when), NEVER_US]
    assert instants(np.array([micros(when)]))[0] == when


def test_rows_are_added_up_by_group_and_those_of_no_group_left_out():
    rows = np.array([[1, 5], [2, 4], [100, 100]])
    assert sum_by(2, np.array([1, 1, -1]), rows).tolist() == [[0, 0], [3, 9]]
