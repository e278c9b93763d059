"""The completeness watermark: whose devices are known to have sent everything, and whose are not.

A heartbeat tells how many events wait on its phone. As long as some wait, or no heartbeat comes,
what seems not to have happened may only not have arrived.
"""

from __future__ import annotations

from functools import cached_property

import polars as pl

from vigia.domain.watch.moments import MINUTE_US, Bools, Ints
from vigia.domain.watch.part import Part

STALE_US = 10 * MINUTE_US
"""A device without a heartbeat for so long may have stored anything."""
REACH_BACK_US = 60 * MINUTE_US
"""Heartbeats that are older than this at the first instant tell nothing of now."""
FEW = 5
"""So many events may be on their way at any time."""


class Uploads(Part):
    """What may still arrive."""

    @cached_property
    def complete_us(self) -> Ints:
        """Until when each person's phone is known to have sent everything; `LONG_AGO_US` never.

        That is the time of its last heartbeat that knew of next to nothing waiting.
        """
        beats = self.facts["device_heartbeat"].filter(
            pl.col("received_at").to_physical() > self.moments.first_us - REACH_BACK_US,
            pl.col("received_at").to_physical() <= self.moments.last_us,
            pl.col("queue_depth").fill_null(0) <= FEW,
        )
        return self.moments.newest(
            len(self.things.person_ids),
            self.things.people(self.things.carriers(beats)),
            beats["at"].to_physical().to_numpy(),
            beats["received_at"].to_physical().to_numpy(),
        )

    @cached_property
    def behind(self) -> Bools:
        """People whose phone may hold events, or of whose phone nothing is known."""
        return self.behind_for(0)

    def behind_for(self, least_us: int) -> Bools:
        """The same for at least so long."""
        late: Bools = self.moments.at_us - self.complete_us > STALE_US + least_us
        return late
