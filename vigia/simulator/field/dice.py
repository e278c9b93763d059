"""Several coarse draws out of one hash, where a hash a draw would be the cost of the module."""

from __future__ import annotations

import numpy as np

from vigia.simulator.draws import Floats, Ints, Parts, Stream

_MASK = np.uint64(0xFFFF)
_STEP = 2.0**-16


def quarters(stream: Stream, *parts: Parts) -> tuple[Floats, Floats, Floats, Floats]:
    """Four independent uniform draws on (0, 1), in steps of 2^-16.

    >>> a, b, c, d = quarters(Stream(1, "x"), np.arange(3))
    >>> bool(((a > 0) & (a < 1)).all())
    True
    """
    bits = stream.bits(*parts)
    one, two, three, four = (
        ((bits >> np.uint64(shift) & _MASK).astype(np.float64) + 0.5) * _STEP
        for shift in (48, 32, 16, 0)
    )
    return one, two, three, four


def times_us(value: Floats | Ints, unit_us: int) -> Ints:
    """Durations in a unit as whole microseconds."""
    whole: Ints = np.rint(value * unit_us).astype(np.int64)
    return whole
