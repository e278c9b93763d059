"""Counts, windows, levels and openings against the same thing done one cell at a time."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from vigia.evaluate.slots import SLOT_US, Span, in_last, latest, openings

SPAN = Span(1_000, 12)
GRIDS = st.lists(st.lists(st.integers(-1, 3), min_size=12, max_size=12), min_size=1, max_size=3)
INTERVALS = st.lists(st.tuples(st.integers(-1, 2), st.integers(-3, 14), st.integers(-3, 16)))


def test_a_slot_is_looked_at_when_it_ends():
    instants = pl.Series([1_000, 1_000 + SLOT_US - 1, 1_000 + SLOT_US, 999])
    assert SPAN.of(instants).tolist() == [0, 0, 1, -1]
    assert SPAN.end_of(np.array([0, 1])).tolist() == [1_000 + SLOT_US, 1_000 + 2 * SLOT_US]


@given(INTERVALS)
def test_counts_leave_out_what_is_unknown_or_outside(cells):
    thing, slot = (np.array([c[i] for c in cells], dtype=np.int64) for i in (0, 1))
    counted = SPAN.counted(3, thing, slot)
    for row in range(3):
        for column in range(12):
            assert counted[row, column] == sum(c[0] == row and c[1] == column for c in cells)


@given(INTERVALS)
def test_a_level_is_how_many_intervals_hold(cells):
    thing, first, until = (np.array([c[i] for c in cells], dtype=np.int64) for i in range(3))
    level = SPAN.level(3, thing, first, until)
    for row in range(3):
        for column in range(12):
            assert level[row, column] == sum(t == row and a <= column < b for t, a, b in cells)


@given(GRIDS, st.integers(1, 12))
def test_a_window_sums_the_last_slots(rows, width):
    grid = np.array(rows, dtype=np.int32)
    sums = in_last(grid, width)
    for row, values in enumerate(rows):
        for column in range(12):
            assert sums[row, column] == sum(values[max(column - width + 1, 0) : column + 1])


@given(GRIDS)
def test_the_latest_value_lasts_until_the_next(rows):
    filled = latest(np.array(rows, dtype=np.int32))
    for row, values in enumerate(rows):
        known = -1
        for column, value in enumerate(values):
            known = known if value == -1 else value
            assert filled[row, column] == known


@given(GRIDS)
def test_something_opens_where_it_was_not_true_before(rows):
    true = np.array(rows) > 0
    expected = [
        (row, column)
        for row, values in enumerate(true.tolist())
        for column, value in enumerate(values)
        if value and not (column and values[column - 1])
    ]
    assert list(zip(*(a.tolist() for a in openings(true)), strict=True)) == expected
