"""Distances in whole millimetres and three-valued fences."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigia.domain.geo import EARTH_RADIUS_M, Relation, distance_mm, distance_mm_between, relation

LAT = st.floats(-90, 90)
LON = st.floats(-180, 180)


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        ((52.520008, 13.404954), (48.137154, 11.581124), 504.4),
        ((40.7128, -74.0060), (51.5074, -0.1278), 5570.2),
        ((-36.8485, 174.7633), (-33.8688, 151.2093), 2156.0),
    ],
)
def test_known_cities_are_as_far_apart_as_the_map_says(one, other, km) -> None:
    assert distance_mm(*one, *other) / 1e6 == pytest.approx(km, rel=0.001)


@given(LAT, LON, LAT, LON)
def test_the_distance_is_symmetric_and_never_more_than_half_way_round(a, b, c, d) -> None:
    there = distance_mm(a, b, c, d)
    assert abs(there - distance_mm(c, d, a, b)) <= 1
    assert 0 <= there <= math.pi * EARTH_RADIUS_M * 1000 + 1


@given(st.lists(st.tuples(LAT, LON, LAT, LON), min_size=1, max_size=50))
def test_the_column_form_gives_the_same_millimetres(rows) -> None:
    frame = pl.DataFrame(rows, schema=["a", "b", "c", "d"], orient="row")
    got = frame.select(distance_mm_between(*map(pl.col, "abcd"))).to_series().to_list()
    for row, value in zip(rows, got, strict=True):
        assert abs(distance_mm(*row) - value) <= max(1, value // 10**9)


def test_positions_a_step_apart_agree_to_the_millimetre() -> None:
    """Sums of a track must not depend on which form computed a leg."""
    steps = [(39.9 + i * 1e-5, 116.3, 39.9 + (i + 1) * 1e-5, 116.3 + i * 1e-6) for i in range(999)]
    frame = pl.DataFrame(steps, schema=["a", "b", "c", "d"], orient="row")
    got = frame.select(distance_mm_between(*map(pl.col, "abcd"))).to_series().to_list()
    assert got == [distance_mm(*step) for step in steps]


@pytest.mark.parametrize(
    ("distance", "accuracy", "expected"),
    [
        (110, 10, Relation.INSIDE),
        (111, 10, Relation.UNCERTAIN),
        (180, 10, Relation.UNCERTAIN),
        (181, 10, Relation.OUTSIDE),
        (0, None, Relation.UNCERTAIN),
    ],
)
def test_only_what_uncertainty_cannot_explain_is_outside(distance, accuracy, expected) -> None:
    assert relation(distance, accuracy, 120, 50) is expected
