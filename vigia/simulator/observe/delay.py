"""How long an event is under way when nothing holds it back.

95 % take less than five seconds, 4 % up to two minutes, 0.9 % up to six hours and 0.1 % up to
three days; the level scales the three tails. Systems elsewhere keep the order of what they send,
so their delay changes slowly.
"""

from __future__ import annotations

import numpy as np

from vigia.simulator.devices.crew import HOUR_US, SECOND_US
from vigia.simulator.draws import Floats, Ints, Stream, normal_quantile, quantised
from vigia.simulator.observe.passing import CENTRAL, Passing

SHARES = 0.04, 0.009, 0.001
"""Shares of events that take up to two minutes, six hours, three days."""
SOON_S, MINUTES_S, HOURS_S = 5.0, 120.0, 6 * 3600.0
LONGEST_S = 71 * 3600.0
CLASS, SIZE, AGAIN, SPREAD = range(4)
"""What the four draws of an event decide."""
CENTRAL_S = 0.2, 4.0
_UNIT = (np.arange(2**16) + 0.5) / 2**16


def _table() -> Ints:
    """Delay by class and draw, in whole milliseconds given as microseconds."""
    soon = np.minimum(0.8 * np.exp(0.6 * normal_quantile(_UNIT)), SOON_S)
    tails = [
        low * (high / low) ** _UNIT
        for low, high in ((SOON_S, MINUTES_S), (MINUTES_S, HOURS_S), (HOURS_S, LONGEST_S))
    ]
    seconds = quantised(np.stack([soon, *tails]))
    table: Ints = (seconds * 1_000).astype(np.int64) * 1_000
    return table


_DELAY_US = _table()


def delays_us(passing: Passing) -> Ints:
    """How long each event is under way by itself."""
    scale = passing.world.config.knobs.late
    edges = np.cumsum(np.array(SHARES[::-1]) * scale)[::-1] * 65_536.0
    drawn = passing.chance.lane(CLASS)
    kind = np.zeros(len(passing), dtype=np.int64)
    for edge in edges:
        kind += drawn < edge
    delay = _DELAY_US[kind, passing.chance.lane(SIZE)]
    central = passing.way == CENTRAL
    if central.any():
        delay[central] = _steady_us(passing.world.config.seed, passing.at_us[central])
    return delay


def _steady_us(seed: int, at_us: Ints) -> Ints:
    """A delay that changes so slowly that nothing overtakes."""
    stream = Stream(seed, "observe.central")
    hour, rest = np.divmod(at_us, HOUR_US)
    now, then = (_load(stream, hour + ahead) for ahead in (0, 1))
    seconds = now + (then - now) * (rest / HOUR_US)
    steady: Ints = (seconds * SECOND_US).astype(np.int64)
    return steady


def _load(stream: Stream, hour: Ints) -> Floats:
    low, high = CENTRAL_S
    return stream.uniform(hour, low=low, high=high)
