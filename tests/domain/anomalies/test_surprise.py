"""Surprise is a counted tail probability, carried on beyond the record."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigia.domain.anomalies.surprise import LEAST, Past, surprises


def remembered(values, memory=1000):
    past = Past(memory)
    for value in values:
        past.add(value)
    return past


@given(
    st.lists(st.integers(0, 30), min_size=LEAST, max_size=150),
    st.integers(0, 30),
    st.integers(LEAST, 80),
)
def test_a_value_within_the_usual_is_as_rare_as_it_was_counted(values, value, memory):
    kept = values[-memory:]
    reached = sum(each >= value for each in kept)
    if reached >= 10:
        expected = -math.log10((reached + 0.5) / (len(kept) + 1))
        assert remembered(values, memory).surprise(value) == pytest.approx(expected)


def test_nothing_surprises_before_enough_was_seen():
    past = remembered(range(LEAST - 1))
    assert past.surprise(1e9) == 0
    past.add(0)
    assert past.surprise(1e9) > 2


def test_twice_the_record_says_more_than_barely_a_record():
    past = remembered(np.random.default_rng(1).exponential(size=1000).tolist())
    assert 2.5 < past.surprise(8) < 4.5
    assert past.surprise(16) > past.surprise(8) + 2


def test_the_same_record_says_less_where_extremes_are_common():
    rng = np.random.default_rng(2)
    calm = remembered(np.abs(rng.normal(size=1000)).tolist())
    wild = remembered(np.abs(rng.standard_t(2, size=1000)).tolist())
    assert calm.surprise(6) > wild.surprise(6) + 1


def test_what_was_long_ago_is_forgotten():
    past = remembered([100.0] * 60 + [0.0, 1.0] * 50, memory=100)
    assert past.surprise(2.0) > 2
    assert past.surprise(1.0) < 0.4


def test_a_value_is_ranked_before_it_is_remembered():
    values = np.array([0.0] * LEAST + [1.0, 1.0])
    found = surprises(values, memory=1000, most=6.0)
    assert found[-2] == 6.0
    assert found[-1] < 6.0
