"""Draws: the same for the same entity in any company, and distributed as they say."""

from __future__ import annotations

import numpy as np
import pytest

from vigia.simulator.draws import Stream, normal_quantile, quantised

MANY = np.arange(200_000)


@pytest.fixture
def draw():
    return Stream(7, "test")


KINDS = {
    "uniform": lambda s, *parts: s.uniform(*parts, low=-2.0, high=5.0),
    "chance": lambda s, *parts: s.chance(0.3, *parts),
    "integers": lambda s, *parts: s.integers(1_000, *parts),
    "choice": lambda s, *parts: s.choice((1, 2, 3), *parts),
    "normal": lambda s, *parts: s.normal(*parts),
    "lognormal": lambda s, *parts: s.lognormal(3.0, 0.5, *parts),
    "exponential": lambda s, *parts: s.exponential(3.0, *parts),
    "gamma": lambda s, *parts: s.gamma(2.0, 3.0, *parts),
    "poisson": lambda s, *parts: s.poisson(3.0, *parts),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_draw_does_not_depend_on_what_else_is_drawn_with_it(draw, kind):
    entities = np.arange(1_000)
    together = KINDS[kind](draw, entities, 3)
    shuffled = np.argsort(Stream(1, "order").uniform(entities))
    assert np.array_equal(KINDS[kind](draw, entities[shuffled], 3), together[shuffled])
    assert np.array_equal(KINDS[kind](draw, entities.reshape(50, 20), 3).ravel(), together)
    assert np.array_equal(KINDS[kind](draw, entities[700:], 3), together[700:])
    assert KINDS[kind](draw, 123, 3) == together[123]


def test_parts_broadcast_and_their_places_matter(draw):
    table = draw.uniform(np.arange(30)[:, None], np.arange(20)[None, :])
    assert table.shape == (30, 20)
    assert table[7, 11] == draw.uniform(7, 11)
    assert table[7, 11] != draw.uniform(11, 7)
    assert len(np.unique(table)) == table.size


def test_seed_name_and_parts_each_make_another_draw(draw):
    here = draw.uniform(MANY)
    for other in (
        Stream(8, "test").uniform(MANY),
        Stream(7, "tests").uniform(MANY),
        draw.uniform(MANY, 0),
        draw.uniform(MANY + 1),
    ):
        assert abs(np.corrcoef(here, other)[0, 1]) < 5 / np.sqrt(len(MANY))


def test_negative_parts_name_entities_of_their_own(draw):
    assert len(np.unique(draw.uniform(np.arange(-500, 500)))) == 1_000


def test_uniform_draws_fill_the_range_evenly(draw):
    values = draw.uniform(MANY, low=2.0, high=4.0)
    assert values.min() > 2.0
    assert values.max() < 4.0
    counts = np.histogram(values, bins=50, range=(2.0, 4.0))[0]
    expected = len(MANY) / 50
    # Chi-square of 49 degrees of freedom: beyond 94 once in 10,000.
    assert ((counts - expected) ** 2 / expected).sum() < 94


@pytest.mark.parametrize(
    ("values", "mean", "deviation"),
    [
        (lambda s: s.normal(MANY), 0.0, 1.0),
        (lambda s: np.log(s.lognormal(5.0, 0.4, MANY)), np.log(5.0), 0.4),
        (lambda s: s.exponential(3.0, MANY), 3.0, 3.0),
        (lambda s: s.gamma(2.2, 11.0, MANY), 11.0, 11.0 / np.sqrt(2.2)),
        (lambda s: s.gamma(9.0, 4.0, MANY), 4.0, 4.0 / 3.0),
        (lambda s: s.poisson(0.4, MANY), 0.4, np.sqrt(0.4)),
        (lambda s: s.poisson(30.0, MANY), 30.0, np.sqrt(30.0)),
        (lambda s: s.integers(10, MANY), 4.5, np.sqrt(8.25)),
        (lambda s: s.chance(0.03, MANY), 0.03, np.sqrt(0.03 * 0.97)),
    ],
    ids=[
        "normal",
        "lognormal",
        "exponential",
        "gamma",
        "gamma9",
        "poisson",
        "poisson30",
        "integers",
        "chance",
    ],
)
def test_means_and_deviations_are_those_of_the_distribution(draw, values, mean, deviation):
    drawn = values(draw).astype(np.float64)
    assert drawn.mean() == pytest.approx(mean, abs=max(5 * deviation / 447, 0.005 * abs(mean)))
    # Wilson and Hilferty's gamma is an approximation: good to two parts in a hundred.
    assert drawn.std() == pytest.approx(deviation, rel=0.025)


def test_choices_are_as_frequent_as_their_weights(draw):
    counts = np.bincount(draw.choice((1, 0, 3, 6), MANY), minlength=4)
    assert counts[1] == 0
    assert counts / len(MANY) == pytest.approx([0.1, 0.0, 0.3, 0.6], abs=0.005)


def test_chances_and_counts_may_differ_by_entity(draw):
    assert draw.chance(np.array([0.0, 1.0]), np.array([1, 2])).tolist() == [False, True]
    counts = np.array([1, 2, 500])
    assert (draw.integers(counts, np.arange(3)) < counts).all()


def test_normal_quantiles_are_right_in_body_and_tails():
    probability = np.array([1e-9, 1e-5, 0.025, 0.2, 0.5, 0.9, 0.99999])
    expected = [-5.997807, -4.264891, -1.959964, -0.841621, 0.0, 1.281552, 4.264891]
    assert normal_quantile(probability) == pytest.approx(expected, abs=2e-6)


def test_quantised_values_hide_the_last_bits():
    value = np.array([0.1, 123.456])
    assert np.array_equal(quantised(value), quantised(value * (1 + 1e-12)))
