"""How probable it is that a value lies so far out: tails of counts and of continuous values.

Vectorised, on numpy alone. What a value is held against belongs to `baseline`, what follows from
its probability to `detect`.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_STEPS = 1000
_ENOUGH = 1e-14
_TINY = 1e-300
_SHIFT = 10
_CALM = 1e4
"""No count is steadier than this many independent sources would make it."""


def at_least(count: Floats, mean: Floats, variance: Floats) -> Floats:
    """The probability of a count as great as this or greater, by a negative binomial.

    Args:
        count: Whole numbers from 0.
        mean: What is expected; above 0.
        variance: Of the counts; where it does not exceed the mean they are nearly Poisson.
    """
    sources = _sources(mean, variance)
    found = incomplete_beta(mean / (mean + sources), np.maximum(count, 1), sources)
    return np.where(count > 0, found, 1.0)


def at_most(count: Floats, mean: Floats, variance: Floats) -> Floats:
    """The probability of a count as small as this or smaller; see `at_least`."""
    sources = _sources(mean, variance)
    return incomplete_beta(sources / (mean + sources), sources, count + 1)


def nothing_at_all(mean: Floats, variance: Floats, total: Floats) -> Floats:
    """The probability that several counts in a row are 0.

    They are taken to share their luck: what makes one of them low makes all low. So a long
    silence is rarer than a short one, but not by the product of what would be independent.

    Args:
        mean: What is expected of one count; above 0.
        variance: Of one.
        total: What is expected of all of them together.
    """
    sources = _sources(mean, variance)
    silence: Floats = np.exp(-sources * np.log1p(total / sources))
    return silence


def beyond(distance: Floats) -> Floats:
    """The probability of a value so many robust deviations out on one side.

    The tail is the exponential one through the median and the 5 % quantile: heavier than a
    normal one, as values that people and devices cause are.

    >>> [round(float(p), 4) for p in beyond(np.array([0.0, 1.645, 6.0]))]
    [0.5, 0.05, 0.0001]
    """
    tail: Floats = 0.5 * np.power(10.0, -np.maximum(distance, 0) / 1.645)
    return np.where(distance > 0, tail, 1 - 0.5 * np.power(10.0, np.minimum(distance, 0) / 1.645))


def _sources(mean: Floats, variance: Floats) -> Floats:
    """How many independent sources would make counts so unsteady (`r` of the distribution)."""
    excess = np.maximum(variance - mean, _TINY)
    return np.clip(mean**2 / excess, _TINY, _CALM)


def incomplete_beta(x: Floats, a: Floats, b: Floats) -> Floats:
    """The regularised incomplete beta function, by its continued fraction.

    Args:
        x: From 0 to 1.
        a: Above 0.
        b: Above 0.
    """
    x, a, b = (np.asarray(each, np.float64) for each in (x, a, b))
    mirrored = x > (a + 1) / (a + b + 2)
    x, a, b = np.where(mirrored, 1 - x, x), np.where(mirrored, b, a), np.where(mirrored, a, b)
    with np.errstate(divide="ignore", invalid="ignore", under="ignore"):
        front = a * np.log(x) + b * np.log1p(-x) - np.log(a)
        front += _log_gamma(a + b) - _log_gamma(a) - _log_gamma(b)
        share = np.where(x > 0, np.exp(front) * _fraction(x, a, b), 0.0)
    share = np.clip(share, 0.0, 1.0)
    return np.where(mirrored, 1 - share, share)


def _fraction(x: Floats, a: Floats, b: Floats) -> Floats:
    """The continued fraction by Lentz's method, each element until it does not change any more.

    What has settled is left alone, so that an element does not depend on those beside it.
    """
    shape = np.broadcast(x, a, b).shape
    x, a, b = (np.broadcast_to(each, shape).ravel() for each in (x, a, b))
    found = np.empty(x.size)
    left = np.arange(x.size)
    c = np.ones_like(x)
    d = 1 / _away_from_0(1 - (a + b) * x / (a + 1))
    value = d.copy()
    for step in range(1, _STEPS):
        even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step))
        odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1))
        for term in (even, odd):
            d = 1 / _away_from_0(1 + term * d)
            c = _away_from_0(1 + term / c)
            value = value * (d * c)
        settled = np.abs(d * c - 1) < _ENOUGH
        if settled.any():
            found[left[settled]] = value[settled]
            left = left[~settled]
            x, a, b, c, d, value = (each[~settled] for each in (x, a, b, c, d, value))
        if not left.size:
            break
    found[left] = value
    return found.reshape(shape)


def _away_from_0(value: Floats) -> Floats:
    return np.where(np.abs(value) < _TINY, _TINY, value)


def _log_gamma(x: Floats) -> Floats:
    """Stirling's series, ten places further on where it is exact to the last digits."""
    z = x + _SHIFT
    steps = sum(np.log(x + step) for step in range(_SHIFT))
    series = 1 / (12 * z) - 1 / (360 * z**3) + 1 / (1260 * z**5) - 1 / (1680 * z**7)
    gamma: Floats = (z - 0.5) * np.log(z) - z + 0.5 * math.log(2 * math.pi) + series - steps
    return gamma
