"""Places: how far apart two positions are, and whether a position is inside a fence.

Distances are whole millimetres, so that sums of them are exact in any order. What a distance
means for a guard belongs to `vigia.domain.metrics` and to the detectors.

The formula is the haversine of R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope
68 (1984), on a sphere with the mean radius of WGS84.
"""

from __future__ import annotations

import math
from enum import StrEnum

import polars as pl

EARTH_RADIUS_M = 6_371_008.8
_DIAMETER_MM = 2 * EARTH_RADIUS_M * 1000


class Relation(StrEnum):
    """Where a position is against a fence, given its uncertainty."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    UNCERTAIN = "uncertain"


def distance_mm(lat1: float, lon1: float, lat2: float, lon2: float) -> int:
    """Great-circle distance between two positions in degrees, in whole millimetres.

    >>> distance_mm(0, 0, 0, 1) // 1_000_000
    111
    """
    # Degrees are subtracted before they are converted: near positions cancel exactly there.
    half_lat = math.sin(math.radians(lat2 - lat1) / 2)
    half_lon = math.sin(math.radians(lon2 - lon1) / 2)
    cosines = math.cos(math.radians(lat1)) * math.cos(math.radians(lat2))
    chord = half_lat * half_lat + cosines * half_lon * half_lon
    return round(_DIAMETER_MM * math.asin(math.sqrt(min(1.0, chord))))


def distance_mm_between(lat1: pl.Expr, lon1: pl.Expr, lat2: pl.Expr, lon2: pl.Expr) -> pl.Expr:
    """`distance_mm` for columns; null where a coordinate is."""
    half_lat = ((lat2 - lat1).radians() / 2).sin()
    half_lon = ((lon2 - lon1).radians() / 2).sin()
    cosines = lat1.radians().cos() * lat2.radians().cos()
    chord = (half_lat * half_lat + cosines * half_lon * half_lon).clip(0.0, 1.0)
    return (_DIAMETER_MM * chord.sqrt().arcsin()).round(mode="half_to_even").cast(pl.Int64)


def relation(
    distance_m: float, accuracy_m: float | None, radius_m: float, buffer_m: float = 0.0
) -> Relation:
    """Whether a position is inside a circular fence, outside it, or too uncertain to say.

    Args:
        distance_m: From the fence's centre.
        accuracy_m: Radius of the position's uncertainty; unknown is too uncertain to say.
        radius_m: Of the fence.
        buffer_m: Beyond the fence, where a position is no evidence either way.

    >>> relation(100, 10, 120, 50).value, relation(175, 10, 120, 50).value
    ('inside', 'uncertain')
    """
    if accuracy_m is None:
        return Relation.UNCERTAIN
    if distance_m + accuracy_m <= radius_m:
        return Relation.INSIDE
    if distance_m - accuracy_m > radius_m + buffer_m:
        return Relation.OUTSIDE
    return Relation.UNCERTAIN
