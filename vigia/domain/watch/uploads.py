"""The completeness watermark: whose devices are known to have sent everything, and whose are not.

A heartbeat tells how many events wait on its phone. As long as some wait, or no heartbeat comes,
what seems not to have happened may only not have arrived.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from vigia.domain.watch.facts import Facts
from vigia.domain.watch.moments import MINUTE_US, Bools, Moments
from vigia.domain.watch.things import Things

STALE_US = 10 * MINUTE_US
"""A device without a heartbeat for so long may have stored anything."""
FEW = 5
"""So many events may be on their way at any time."""


@dataclass(frozen=True)
class Uploads:
    """What may still arrive.

    Attributes:
        facts: What arrived.
        things: What exists.
        moments: When it is looked at.
    """

    facts: Facts
    things: Things
    moments: Moments

    @cached_property
    def behind(self) -> Bools:
        """People whose phone may hold events, or of whose phone nothing is known."""
        beats = self.facts["device_heartbeat"].filter(
            pl.col("received_at").to_physical() > self.moments.first_us - 6 * STALE_US,
            pl.col("received_at").to_physical() <= self.moments.last_us,
        )
        count = len(self.things.person_ids)
        numbers = (
            self.things.people(self.things.carriers(beats)),
            beats["at"].to_physical().to_numpy(),
            beats["received_at"].to_physical().to_numpy(),
        )
        waiting = beats["queue_depth"].fill_null(0).to_numpy()
        queue = self.moments.known(count, *numbers, waiting, none=0)
        silent_min = self.moments.minutes_since(self.moments.newest(count, *numbers))
        behind: Bools = (queue > FEW) | (silent_min * MINUTE_US > np.float64(STALE_US))
        return behind
