"""A new release of the app in the middle of the test span: one field more, one word renamed.

Some phones get it first. Their heartbeats carry `thermal_state`, which no dictionary names yet,
and call the newest network `nr`, which the receiver does not know.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from vigia.simulator.config import DAY_US, WorldConfig
from vigia.simulator.draws import Bools, Stream
from vigia.simulator.observe.passing import Passing

RING_SHARE = 0.04
"""Share of phones that get the release."""
OLD, NEW = "5g", "nr"
_THERMAL = ("nominal", "fair", "serious")
_FAIR_C, _SERIOUS_C = 30.0, 36.0


def released_us(config: WorldConfig) -> int:
    """When the release reaches its first phones: after the first day of the test, if there is one."""
    days = max(config.test_days - 1, 1)
    day = int(Stream(config.seed, "observe.release").integers(days, 0))
    return config.test_us + DAY_US * (day + (config.test_days > 1))


def drifted(passing: Passing, frame: pl.DataFrame, rows: slice) -> tuple[pl.DataFrame, Bools]:
    """Heartbeats as they are after the release, and which of them say the new word."""
    new = passing.at_us[rows] >= released_us(passing.world.config)
    if new.any():
        ring = Stream(passing.world.config.seed, "observe.ring")
        new &= passing.phone[rows] & ring.chance(RING_SHARE, passing.device[rows])
    if not new.any():
        return frame, new
    renamed = new & (frame["network"] == OLD).to_numpy()
    mask = pl.Series(new)
    heat = frame["battery_temp_c"].to_numpy()
    state = (heat >= _FAIR_C).astype(np.int64) + (heat >= _SERIOUS_C)
    thermal = pl.Series(_THERMAL).gather(state).set(~mask, None)
    network = frame["network"].set(pl.Series(renamed), NEW)
    return frame.with_columns(thermal.alias("thermal_state"), network.alias("network")), renamed
