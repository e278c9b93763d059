"""A guard does one thing at a time, in the order in which things are wanted."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vigia.simulator.field.agenda import Wishes, settle

EVER = 1 << 60


def wishes(rows):
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    return Wishes(*table.T)


def settled(rows):
    asked = wishes(rows)
    starts, kept = settle(asked, np.ones(len(asked.row), dtype=bool))
    return starts.tolist(), kept.tolist()


def test_what_is_wanted_while_something_is_done_waits_for_its_end():
    assert settled([(0, 10, 5, EVER), (0, 12, 3, EVER), (0, 40, 1, EVER)])[0] == [10, 15, 40]


def test_people_do_not_wait_for_each_other():
    assert settled([(0, 10, 50, EVER), (1, 12, 3, EVER)])[0] == [10, 12]


def test_what_would_start_too_late_is_left_out_and_holds_up_nothing():
    starts, kept = settled([(0, 10, 50, EVER), (0, 11, 30, 20), (0, 61, 1, EVER)])
    assert kept == [True, False, True]
    assert (starts[0], starts[2]) == (10, 61)


def test_what_nobody_wants_to_do_takes_no_time():
    asked = wishes([(0, 10, 50, EVER), (0, 11, 30, EVER)])
    starts, kept = settle(asked, np.array([False, True]))
    assert kept.tolist() == [False, True]
    assert starts[1] == 11


def test_nothing_to_do_is_no_case_of_its_own():
    assert settled([]) == ([], [])


@settings(max_examples=60, derandomize=True, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 10**15), st.integers(1, 10**10)), max_size=30
    )
)
def test_settling_all_at_once_equals_going_through_them_one_by_one(rows):
    starts, _ = settled([(*row, EVER) for row in rows])
    free = {}
    for place in sorted(range(len(rows)), key=lambda p: (rows[p][0], rows[p][1], p)):
        row, want, length = rows[place]
        start = max(want, free.get(row, 0))
        assert starts[place] == start
        free[row] = start + length
