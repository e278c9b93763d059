"""How surprising a value is after the values before it.

Surprise is the negative decimal logarithm of a tail probability: 2 is one in a hundred. It is
counted among the values remembered; beyond the most extreme of these it is carried on along an
exponential tail, so that twice the record says more than barely a record. Which values of a
series are worth ranking belongs to `series`.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque

import numpy as np
import numpy.typing as npt

LEAST = 50
"""Values that must have been seen before anything is a surprise."""

_TOP_SHARE = 0.02
_TOP_LEAST = 10


class Past:
    """The newest values of a series, also in order of size."""

    def __init__(self, memory: int) -> None:
        """Remember `memory` values at most."""
        self._memory = memory
        self._newest: deque[float] = deque()
        self._ordered: list[float] = []

    def add(self, value: float) -> None:
        """Remember a value, and forget the oldest where there are too many."""
        insort(self._ordered, value)
        self._newest.append(value)
        if len(self._newest) > self._memory:
            oldest = self._newest.popleft()
            del self._ordered[bisect_left(self._ordered, oldest)]

    def surprise(self, value: float) -> float:
        """The surprise at a value at least as great, without remembering it."""
        count = len(self._ordered)
        if count < LEAST:
            return 0.0
        reached = count - bisect_left(self._ordered, value)
        top = max(_TOP_LEAST, int(_TOP_SHARE * count))
        if reached >= top:
            return -math.log10((reached + 0.5) / (count + 1))
        start = self._ordered[-top - 1]
        mean_excess = sum(self._ordered[-top:]) / top - start
        beyond = (value - start) / mean_excess if mean_excess > 0 else math.inf
        return -math.log10((top + 0.5) / (count + 1)) + beyond / math.log(10)


def surprises(values: npt.NDArray[np.float64], memory: int, most: float) -> npt.NDArray[np.float64]:
    """The surprise at each value of a series, given those before it.

    Args:
        values: One value a row, oldest first; only great ones surprise.
        memory: Newest values that are remembered.
        most: No surprise counts for more.

    >>> float(surprises(np.array([0.0, 1.0] * 30 + [2.0]), memory=60, most=6.0)[-1])
    6.0
    """
    past = Past(memory)
    found = []
    for value in values.tolist():
        found.append(min(past.surprise(value), most))
        past.add(value)
    return np.array(found, np.float64)
