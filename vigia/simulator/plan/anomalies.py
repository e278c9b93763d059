"""Slow or sudden changes of a site's activity that no pattern explains.

Belongs here: level shifts, drifts, slow fades, and silence of people while devices go on.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from vigia.simulator.draws import Floats
from vigia.simulator.effects import Effect
from vigia.simulator.plan.kinds import Claim, Kind
from vigia.simulator.plan.scene import HOUR_US, Scene, candidates, rows

SHAPES = ("shift_down", "shift_up", "drift_up", "slow_fade", "silence")
_WEIGHTS = (0.25, 0.2, 0.2, 0.2, 0.15)
_HOURS = np.array([(8.0, 30.0), (8.0, 30.0), (36.0, 80.0), (36.0, 80.0), (2.0, 5.0)])
_VALUES = np.array([(0.25, 0.5), (1.9, 3.2), (2.0, 3.2), (0.1, 0.3), (0.0, 0.0)])
"""Shortest and longest, least and most, by shape."""


def changed_activity(scene: Scene, trial: int) -> pl.DataFrame:
    """Where and how activity could change: sites that are guarded at all hours."""
    config, stream = scene.world.config, scene.stream("anomaly")
    sites = scene.world.sites.filter(pl.col("round_the_clock"))["site"].to_numpy()
    site, key = np.repeat(sites, 4), np.tile(np.arange(4), len(sites)) + 4 * trial
    shape = stream.choice(_WEIGHTS, site, key, 0)
    span = config.end_us - config.test_us
    length = _between(_HOURS[shape], stream.uniform(site, key, 1)) * HOUR_US
    # A change that fills a short test span has no ordinary time beside it.
    length = np.minimum(length, 0.6 * span)
    start = config.test_us + (stream.uniform(site, key, 2) * (span - length)).astype(np.int64)
    frame = pl.DataFrame({"site": site, "from_us": start})
    return candidates(
        frame.with_columns(to_us=pl.col("from_us") + pl.Series(length.astype(np.int64))),
        subtype=pl.Series(np.array(SHAPES)[shape], dtype=pl.String),
        value=pl.Series(_between(_VALUES[shape], stream.uniform(site, key, 3)).round(2)),
    )


def _between(limits: Floats, share: Floats) -> Floats:
    between: Floats = limits[:, 0] + (limits[:, 1] - limits[:, 0]) * share
    return between


def _change(picks: pl.DataFrame, _scene: Scene) -> Sequence[pl.DataFrame]:
    slow = pl.col("subtype").is_in(["drift_up", "slow_fade"])
    amount = pl.col("value")
    return (
        rows(picks.filter(~slow), Effect.METRIC_SHIFT, "site", value=amount),
        rows(picks.filter(slow), Effect.METRIC_DRIFT, "site", value=amount),
    )


KINDS: tuple[Kind, ...] = (
    Kind("ANOMALY", 60, Claim.BACKGROUND, changed_activity, _change, "site"),
)
