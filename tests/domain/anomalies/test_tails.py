"""Tail probabilities against sums term by term and against limits that are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigia.domain.anomalies.tails import at_least, at_most, beyond, incomplete_beta, nothing_at_all


def one(function, *numbers):
    return float(function(*(np.array([float(n)]) for n in numbers))[0])


def mass(count, mean, variance):
    """Of a negative binomial, by its definition."""
    sources = mean**2 / (variance - mean)
    log = math.lgamma(count + sources) - math.lgamma(sources) - math.lgamma(count + 1)
    share = mean / (mean + sources)
    return math.exp(log + count * math.log(share) + sources * math.log1p(-share))


@given(st.integers(0, 60), st.floats(0.01, 40), st.floats(1.05, 20))
def test_tails_of_counts_are_the_sums_of_their_terms(count, mean, dispersion):
    variance = mean * dispersion
    below = sum(mass(k, mean, variance) for k in range(count))
    assert one(at_most, count, mean, variance) == pytest.approx(
        below + mass(count, mean, variance), rel=1e-9, abs=1e-12
    )
    assert one(at_least, count, mean, variance) == pytest.approx(1 - below, rel=1e-6, abs=1e-12)


def test_far_tails_stay_exact_where_differences_from_one_would_not():
    far = sum(mass(k, 2.0, 3.0) for k in range(80, 400))
    assert one(at_least, 80, 2.0, 3.0) == pytest.approx(far, rel=1e-9)
    assert far < 1e-25


def test_counts_that_vary_no_more_than_chance_are_nearly_poisson():
    poisson = sum(math.exp(-4) * 4**k / math.factorial(k) for k in range(3))
    for variance in (4.0, 1.0):
        assert one(at_most, 2, 4.0, variance) == pytest.approx(poisson, rel=2e-3)


def test_great_counts_are_judged_as_well():
    far = sum(mass(count, 100_000, 2000**2) for count in range(106_000, 125_000))
    assert one(at_least, 106_000, 100_000, 2000**2) == pytest.approx(far, rel=1e-6)
    assert one(at_least, 0, 5.0, 5.0) == 1


@given(st.floats(0.01, 20), st.floats(1.0, 10), st.floats(1, 50))
def test_a_longer_silence_is_rarer_but_never_rarer_than_independence_would_make_it(
    mean, dispersion, slots
):
    variance = mean * dispersion
    one_slot = one(at_most, 0, mean, variance)
    assert one(nothing_at_all, mean, variance, mean) == pytest.approx(one_slot, rel=1e-6)
    run = one(nothing_at_all, mean, variance, mean * slots)
    assert run <= one_slot * (1 + 1e-9)
    assert run >= one_slot**slots * (1 - 1e-6)


def test_the_sides_of_a_continuous_value_sum_to_one():
    z = np.linspace(-8, 8, 33)
    assert beyond(z) + beyond(-z) == pytest.approx(np.ones(33))
    assert (np.diff(beyond(z)) < 0).all()


def test_the_incomplete_beta_function_meets_its_known_values():
    a, b = np.array([1.0, 2.0, 5.0, 0.5]), np.array([1.0, 3.0, 5.0, 0.5])
    x = np.array([0.3, 0.25, 0.5, 0.5])
    assert incomplete_beta(x, a, b) == pytest.approx([0.3, 0.26171875, 0.5, 0.5])
    assert incomplete_beta(np.array([0.0, 1.0]), a[:2], b[:2]).tolist() == [0, 1]


@given(st.lists(st.tuples(st.integers(0, 80), st.floats(0.01, 60), st.floats(1, 20)), min_size=2))
def test_a_tail_is_the_same_to_the_last_bit_whatever_stands_beside_it(cases):
    count, mean, dispersion = (np.array(column, float) for column in zip(*cases, strict=True))
    together = at_most(count, mean, mean * dispersion)
    alone = [one(at_most, c, m, m * d) for c, m, d in zip(count, mean, dispersion, strict=True)]
    assert together.tolist() == alone
