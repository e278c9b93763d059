"""Who carries the tracker of a post.

A tracker stays with its post: the first of each shift there takes it along.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from vigia.simulator.draws import Ints
from vigia.simulator.world.model import World


def carried_trackers(world: World, duties: pl.DataFrame) -> Ints:
    """The tracker that each of some duties (`DUTIES`) carries; -1 none.

    Duties of one post and start must be given together: the first of them carries it.
    """
    known = world.devices.filter((pl.col("kind") == "tracker") & (pl.col("post") >= 0))
    by_post = np.full(world.posts.height, -1, dtype=np.int64)
    by_post[known["post"].to_numpy()[::-1]] = known["device"].to_numpy()[::-1]
    first = pl.col("duty") == pl.col("duty").min().over("post", "starts_us")
    leads = duties.select(first).to_series().to_numpy()
    return np.where(leads, by_post[duties["post"].to_numpy()], -1)
