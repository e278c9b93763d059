"""Effects: what covers an instant of a scope, against the plain definition."""

from __future__ import annotations

import numpy as np
import pytest

from vigia.simulator.draws import Stream
from vigia.simulator.effects import SCHEMA, Effect, Effects


def made(*rows):
    return Effects.of([(Effect.DARK, *row, -1) for row in rows])


def by_definition(intervals, scope, at):
    for place in range(len(intervals)):
        same = intervals.scope[place] == scope
        if same and intervals.from_us[place] <= at < intervals.to_us[place]:
            return place
    return -1


def drawn_rows(seed):
    """Intervals of a few scopes that touch or lie apart, in no order."""
    draw = Stream(seed, "rows")
    rows = []
    for scope in (0, 3, 4, 900):
        at = int(draw.integers(40, scope, -1))
        for turn in range(int(draw.integers(6, scope, -2))):
            end = at + 1 + int(draw.integers(9, scope, turn, 0))
            rows.append((scope, at, end, float(turn)))
            at = end + int(draw.integers(8, scope, turn, 1))
    return [rows[i] for i in np.argsort(draw.uniform(np.arange(len(rows)), 5))]


@pytest.mark.parametrize("seed", range(20))
def test_covering_finds_what_the_definition_finds(seed):
    intervals = made(*drawn_rows(seed)).intervals(Effect.DARK)
    scopes, instants = np.meshgrid([0, 1, 3, 4, 899, 900, 2_000], np.arange(-5, 120))
    found = intervals.covering(scopes.ravel(), instants.ravel())
    expected = [
        by_definition(intervals, s, t) for s, t in zip(scopes.flat, instants.flat, strict=True)
    ]
    assert found.tolist() == expected
    covers = intervals.covers(scopes.ravel(), instants.ravel())
    assert covers.tolist() == [e >= 0 for e in expected]


def test_the_start_is_covered_and_the_end_is_not():
    intervals = made((5, 100, 200, 1.0), (5, 200, 300, 2.0)).intervals(Effect.DARK)
    at = np.array([99, 100, 199, 200, 299, 300])
    found = intervals.covering(np.full(6, 5), at)
    assert found.tolist() == [-1, 0, 0, 1, 1, -1]
    assert intervals.value[found[found >= 0]].tolist() == [1.0, 1.0, 2.0, 2.0]


def test_instants_of_microseconds_since_1970_do_not_overflow():
    start = 1_771_804_800_000_000
    intervals = made(*((s, start + s, start + 40 * 86_400_000_000, 0.0) for s in range(5_000)))
    found = intervals.intervals(Effect.DARK).covers(
        np.array([4_999, 4_999]), np.array([start, start + 5_000])
    )
    assert found.tolist() == [False, True]


def test_an_effect_that_never_happens_covers_nothing():
    intervals = made((1, 0, 10, 0.0)).intervals(Effect.SILENCE)
    assert len(intervals) == 0
    assert not intervals.covers(np.array([1, 2]), np.array([5, 5])).any()


def test_effects_are_sorted_whatever_order_they_came_in():
    rows = drawn_rows(3)
    table = made(*rows).table
    assert table.schema == SCHEMA
    assert table.equals(made(*reversed(rows)).table)
