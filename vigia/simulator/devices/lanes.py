"""Several small draws from one: the four 16-bit lanes of a 64-bit number.

A hash costs as much as everything else about a position. Where 65,536 different values are
plenty, one hash gives four of them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vigia.simulator.draws import Bools, Floats, Parts, Stream, normal_quantile, quantised

Lane = npt.NDArray[np.uint16]

_MIDDLES = (np.arange(2**16, dtype=np.float64) + 0.5) / 2**16
_NORMAL = quantised(normal_quantile(_MIDDLES))


class Lanes:
    """Four independent 16-bit draws an entity."""

    def __init__(self, stream: Stream, *parts: Parts) -> None:
        """Draw for the entities that the integers in `parts` name."""
        bits = np.ascontiguousarray(stream.bits(*parts))
        self._bits = bits.astype("<u8", copy=False).view("<u2").reshape(-1, 4)

    def lane(self, number: int) -> Lane:
        """One of the four draws, 0 to 65,535."""
        return self._bits[:, number]

    def uniform(self, number: int) -> Floats:
        """A lane as a uniform on (0, 1)."""
        return _MIDDLES[self.lane(number)]

    def normal(self, number: int) -> Floats:
        """A lane as a standard normal."""
        return _NORMAL[self.lane(number)]

    def chance(self, number: int, probability: float | Floats) -> Bools:
        """A lane as an event of a probability, in steps of 1/65,536."""
        hit: Bools = self.lane(number) < np.asarray(probability) * 65_536.0
        return hit
