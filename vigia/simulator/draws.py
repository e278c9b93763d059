"""Random draws that depend on what they are for, never on when they are drawn.

Every draw is a hash of the world's seed, the name of its stream and the integers that name the
entity (person, shift, step …), so the same world comes out of any order of work and any number
of processes. Draws are quantised before use: the last bits of a maths library decide nothing.

The mixer is the finaliser of SplitMix64 (Steele, Lea & Flood 2014, doi:10.1145/2660193.2660195);
the normal quantile is algorithm AS 241 of M. J. Wichura (Applied Statistics 37, 1988).
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Parts: TypeAlias = npt.ArrayLike

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_QUANTUM = 2.0**-20


def _mixed(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finaliser of SplitMix64, in place."""
    words ^= words >> np.uint64(30)
    words *= np.uint64(0xBF58476D1CE4E5B9)
    words ^= words >> np.uint64(27)
    words *= np.uint64(0x94D049BB133111EB)
    words ^= words >> np.uint64(31)
    return words


class Stream:
    """Draws for one purpose in one world.

    The arguments of every method are integers or integer arrays that name the entity; they are
    broadcast against each other, and the result has their shape. Equal names, equal draw.

    Example:
        late = Stream(7, "roster.lateness")
        late.uniform(duties, 0)  # one number a duty
    """

    def __init__(self, seed: int, name: str) -> None:
        """Bind a stream to a world's seed and a purpose, such as `roster.lateness`."""
        raw = blake2b(f"{seed}/{name}".encode(), digest_size=8).digest()
        self._key = np.uint64(int.from_bytes(raw, "big"))

    def bits(self, *parts: Parts) -> npt.NDArray[np.uint64]:
        """64 random bits."""
        words = np.full(np.broadcast_shapes(*(np.shape(p) for p in parts)), self._key)
        with np.errstate(over="ignore"):
            for part in parts:
                words ^= np.asarray(part).astype(np.int64).view(np.uint64) * _GOLDEN
                words += _GOLDEN
                words = _mixed(words)
        return words

    def uniform(self, *parts: Parts, low: float = 0.0, high: float = 1.0) -> Floats:
        """Uniform on (low, high), in steps of 2^-32 of the range; never the ends."""
        unit: Floats = ((self.bits(*parts) >> np.uint64(32)).astype(np.float64) + 0.5) * 2.0**-32
        return unit if (low, high) == (0.0, 1.0) else low + (high - low) * unit

    def chance(self, probability: Parts, *parts: Parts) -> Bools:
        """True with the given probability (a number or one an entity)."""
        hit: Bools = self.uniform(*parts) < np.asarray(probability)
        return hit

    def integers(self, count: Parts, *parts: Parts) -> Ints:
        """Whole numbers from 0 to count - 1, all alike."""
        drawn: Ints = (self.uniform(*parts) * np.asarray(count)).astype(np.int64)
        below: Ints = np.minimum(drawn, np.asarray(count) - 1)
        return below

    def choice(self, weights: Sequence[float], *parts: Parts) -> Ints:
        """Positions in a list, each as often as its weight says."""
        edges = np.cumsum(np.asarray(weights, dtype=np.float64))
        found = np.searchsorted(edges / edges[-1], self.uniform(*parts), side="right")
        return np.minimum(found, len(edges) - 1).astype(np.int64)

    def normal(self, *parts: Parts) -> Floats:
        """Standard normal, one of 65,536 equally likely values; never beyond 4.4."""
        found: Floats = _NORMALS[self.bits(*parts) >> np.uint64(48)]
        return found

    def lognormal(self, median: Parts, sigma: Parts, *parts: Parts) -> Floats:
        """Log-normal with a median and the deviation of its logarithm."""
        return quantised(np.asarray(median) * np.exp(np.asarray(sigma) * self.normal(*parts)))

    def exponential(self, mean: Parts, *parts: Parts) -> Floats:
        """Exponential with a mean."""
        return quantised(-np.asarray(mean) * np.log(self.uniform(*parts)))

    def gamma(self, shape: float, mean: Parts, *parts: Parts) -> Floats:
        """Gamma with a shape and a mean, by the cube of a normal (Wilson & Hilferty 1931)."""
        third = 1.0 / (9.0 * shape)
        cube = np.maximum(1.0 - third + np.sqrt(third) * self.normal(*parts), 0.0) ** 3
        return quantised(np.asarray(mean) * cube)

    def poisson(self, mean: Parts, *parts: Parts) -> Ints:
        """Poisson counts by inversion; meant for means below about 50."""
        uniform = self.uniform(*parts)
        means = np.broadcast_to(np.asarray(mean, dtype=np.float64), uniform.shape)
        count = np.zeros(uniform.shape, dtype=np.int64)
        term = np.exp(-means)
        total = term.copy()
        while np.any(more := (uniform > total) & (term > 0)):
            count += more
            term = np.where(more, term * means / np.maximum(count, 1), term)
            total = np.where(more, total + term, total)
        return count


def quantised(values: Floats) -> Floats:
    """Values in steps of 2^-20.

    >>> float(quantised(np.array([0.3]))[0])
    0.3000001907348633
    """
    steps: Floats = np.rint(values / _QUANTUM)
    return steps * _QUANTUM


def normal_quantile(probability: Floats) -> Floats:
    """The standard normal quantile, to about 1e-7 (AS 241, the shorter form).

    >>> [round(float(z), 4) for z in normal_quantile(np.array([0.5, 0.975, 0.001]))]
    [0.0, 1.96, -3.0902]
    """
    centred = probability - 0.5
    inner = np.abs(centred) <= 0.425
    square = 0.180625 - centred * centred
    body = centred * _ratio(square, _BODY, _BODY_BELOW)
    if inner.all():
        return body
    tail = np.sqrt(-np.log(np.minimum(probability, 1.0 - probability)))
    far = tail > 5.0
    outer = np.where(
        far,
        _ratio(tail - 5.0, _FAR, _FAR_BELOW),
        _ratio(tail - 1.6, _TAIL, _TAIL_BELOW),
    )
    return np.where(inner, body, np.sign(centred) * outer)


def _ratio(x: Floats, above: Sequence[float], below: Sequence[float]) -> Floats:
    top, bottom = np.zeros_like(x), np.zeros_like(x)
    for a in reversed(above):
        top = top * x + a
    for b in reversed(below):
        bottom = bottom * x + b
    ratio: Floats = top / bottom
    return ratio


_BODY = (3.3871327179, 50.434271938, 159.29113202, 59.109374720)
_BODY_BELOW = (1.0, 17.895169469, 78.757757664, 67.187563600)
_TAIL = (1.4234372777, 2.7568153900, 1.3067284816, 0.17023821103)
_TAIL_BELOW = (1.0, 0.73700164250, 0.12021132975)
_FAR = (6.6579051150, 3.0812263860, 0.42868294337, 0.017337203997)
_FAR_BELOW = (1.0, 0.24197894225, 0.012258202635)

_NORMALS = quantised(normal_quantile((np.arange(2**16, dtype=np.float64) + 0.5) / 2**16))
"""Quantiles in the middle of 65,536 equal parts: looked up, forty times faster than computed."""
