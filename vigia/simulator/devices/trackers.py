"""Trackers that some guards carry beside their phone, and that send positions in its stead."""

from __future__ import annotations

import numpy as np
import polars as pl

from vigia.simulator.devices.befallen import Befallen
from vigia.simulator.devices.crew import Crew, Spans
from vigia.simulator.draws import Ints
from vigia.simulator.effects import Effect


def tracked(crew: Crew, befallen: Befallen) -> tuple[Spans, Ints]:
    """When a tracker measures for somebody, and the tracker of each duty (-1 none).

    It is the tracker of the duty's post, or else of its site; where there is none, nothing is
    tracked.
    """
    spans = befallen.spans(Effect.SECOND_TRACKER)
    tracker = np.full(len(crew), -1, dtype=np.int64)
    if not len(spans):
        return spans, tracker
    known = crew.world.devices.filter(pl.col("kind") == "tracker").sort("device", descending=True)
    device = known["device"].to_numpy()
    for column, mine in (("site", crew.site), ("post", crew.post)):
        number = known[column].to_numpy()
        by_number = np.full(max(int(number.max(initial=0)), int(mine.max())) + 1, -1)
        by_number[number[number >= 0]] = device[number >= 0]
        tracker = np.where(by_number[mine] >= 0, by_number[mine], tracker)
    return spans.where(tracker[spans.pos] >= 0), tracker
