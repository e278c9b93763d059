"""Events that arrive twice: a sender that missed the acknowledgement sends again."""

from __future__ import annotations

import numpy as np

from vigia.simulator.draws import Ints, Stream, quantised
from vigia.simulator.observe.delay import AGAIN
from vigia.simulator.observe.network import LONGEST_US
from vigia.simulator.observe.passing import Passing

SHARE = 0.005
_SHORT_S, _LONG_S = (3.0, 90.0), (90.0, 4 * 3600.0)
_LONG_SHARE = 0.15
"""Share of repeats that come with a later upload instead of at once."""


def repeats(passing: Passing, arrives_us: Ints) -> tuple[Ints, Ints]:
    """Rows that arrive again, and when."""
    rows = np.flatnonzero(passing.chance.chance(AGAIN, SHARE))
    stream = Stream(passing.world.config.seed, "observe.again")
    key = passing.at_us[rows], passing.chance.lane(0)[rows]
    long = stream.chance(_LONG_SHARE, *key, 0)
    low = np.where(long, _LONG_S[0], _SHORT_S[0])
    high = np.where(long, _LONG_S[1], _SHORT_S[1])
    wait = quantised(low * (high / low) ** stream.uniform(*key, 1))
    again = arrives_us[rows] + (wait * 1_000).astype(np.int64) * 1_000
    latest = np.maximum(passing.at_us[rows] + LONGEST_US, arrives_us[rows])
    return rows, np.minimum(again, latest)
