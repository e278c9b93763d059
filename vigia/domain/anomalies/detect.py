"""Which slots of which metrics leave their baseline, judged over all sites at once.

Every slot judged is a run. In a run each site and metric is one test: how improbable under the
baseline is what the most improbable of its `views` shows. Of all tests of a run at most the
policy's share of those called anomalous may be chance (Benjamini and Hochberg). A score says all
that led to it.

What an anomaly means for a site, who hears of it and whether data are late belongs to
`vigia.domain.findings`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt
import polars as pl

from vigia.domain.anomalies.baseline import PARENTS
from vigia.domain.anomalies.policy import ANOMALY_POLICY, AnomalyPolicy, Sensitivity
from vigia.domain.anomalies.samples import EXCLUDED, MEASURED, Floats
from vigia.domain.anomalies.strays import ABOVE, DIRECTIONS
from vigia.domain.anomalies.views import (
    LOOK_BACK,
    LOOK_BACK_SLOTS,
    Grid,
    View,
    lay_out,
    views,
)
from vigia.domain.metrics.registry import Metric
from vigia.domain.windows import INSTANT

JUDGED = pl.Schema(
    {
        **MEASURED,
        "concern": pl.String(),
        "floor": pl.Float64(),
        "raises": pl.Boolean(),
        "sensitivity": pl.String(),
    }
)
"""What is measured where, what about it worries, and whether that is a finding of its own."""

SCORES = pl.Schema(
    {
        "site": pl.Int64(),
        "metric": pl.Int64(),
        "slot": INSTANT,
        "direction": pl.String(),
        "over_slots": pl.Int32(),
        "observed": pl.Float64(),
        "expected": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "z": pl.Float64(),
        "tail_p": pl.Float64(),
        "q": pl.Float64(),
        "is_anomaly": pl.Boolean(),
        "raises": pl.Boolean(),
        "tested": pl.Int32(),
        "hour_of_week": pl.Int16(),
        "support": pl.Int32(),
        "pooled_parent": pl.String(),
        "window_from": pl.Date(),
        "window_to": pl.Date(),
        "baseline_version": pl.String(),
        "policy_version": pl.String(),
        "sensitivity": pl.String(),
    }
)
"""`observed`, `expected` and `z` are of the view that says most, which reaches `over_slots` back
from the end of `slot`; `low` and `high` are the 5 % and 95 % quantiles of a single slot. `tail_p`
is its probability under the baseline; `q` the same after the correction for all `tested` of its
family in the run, which is compared with the limit. `raises` is the family."""

_CONCERNS = {
    "low": (True, False, True),
    "high": (False, True, False),
    "both": (True, True, True),
    "none": (False, False, False),
}
"""Which of `DIRECTIONS` worry."""


def judged(
    measured: pl.DataFrame,
    metrics: Mapping[int, Metric],
    sensitivity: Mapping[int, Sensitivity] | None = None,
    policy: AnomalyPolicy = ANOMALY_POLICY,
) -> pl.DataFrame:
    """Add to what is measured what about it worries.

    Args:
        measured: `MEASURED`.
        metrics: Metric of each code.
        sensitivity: Of each site that does not have the medium one.
        policy: For the floors.
    """
    own = sensitivity or {}
    sites, codes = measured["site"].to_list(), measured["metric"].to_list()
    return measured.select(*MEASURED).with_columns(
        pl.Series("concern", [metrics[code].concern for code in codes], pl.String),
        pl.Series("floor", [policy.floor(metrics[code]) for code in codes], pl.Float64),
        pl.Series("raises", [policy.raises(metrics[code]) for code in codes], pl.Boolean),
        pl.Series("sensitivity", [own.get(s, Sensitivity.MEDIUM) for s in sites], pl.String),
    )


def judge(
    snapshots: pl.DataFrame,
    pairs: pl.DataFrame,
    learned: tuple[pl.DataFrame, pl.DataFrame],
    between: tuple[datetime, datetime],
    excluded: pl.DataFrame | None = None,
    policy: AnomalyPolicy = ANOMALY_POLICY,
) -> pl.DataFrame:
    """Judge every slot of a window by the baselines.

    Args:
        snapshots: `site`, `metric`, `slot`, `n`, and `sum` in whole millionths, from `LOOK_BACK`
            before the window on; what had arrived by then, and nothing that came later.
        pairs: `JUDGED`, a row per site and metric.
        learned: `baseline.PROFILES` and `strays.STRAYS`, from days before the window.
        between: First and last slot to be judged, both included.
        excluded: `samples.EXCLUDED`: what is known to be out of the ordinary is neither judged nor
            counted in what follows it.
        policy: Limits and floors.

    Returns:
        `SCORES`, a row per test: by slot, site and metric. What has no stable baseline, no
        value in the slot or nothing to worry about is not tested.
    """
    first, last = between
    slots = pl.datetime_range(
        first - LOOK_BACK, last, "5m", time_unit="us", time_zone="UTC", eager=True
    )
    ordered = pairs.select(*JUDGED).sort("site", "metric")
    if ordered.is_empty():
        return pl.DataFrame(schema=SCORES)
    nothing = pl.DataFrame(schema=EXCLUDED)
    known = nothing if excluded is None else excluded
    grid = lay_out(snapshots, ordered, learned, slots, known, policy)
    scores = _scores(grid, list(views(grid)), ordered, slots, policy)
    taught_by = learned[0].select(
        "site", "metric", "hour_of_week", "window_from", "window_to", baseline_version="version"
    )
    key = ["site", "metric", "hour_of_week"]
    return scores.join(taught_by, on=key, maintain_order="left").select(*SCORES).cast(SCORES)


def _scores(
    grid: Grid,
    seen: Sequence[View],
    pairs: pl.DataFrame,
    slots: pl.Series,
    policy: AnomalyPolicy,
) -> pl.DataFrame:
    """Rows of all tests, after the slots that are only looked back to."""
    concerns = np.array([_CONCERNS[each] for each in pairs["concern"]])
    counted = grid.counted[:, 0]
    worries = np.stack([concerns[:, v.direction] & (counted | ~v.of_counts) for v in seen])
    chances = np.where(worries[:, :, None], [view.p for view in seen], 1.0)
    most = chances.argmin(axis=0)
    tail_p = np.minimum(chances.min(axis=0) * worries.sum(axis=0)[:, None], 1.0)
    tested = grid.usable & np.isfinite(grid.values) & (worries.sum(axis=0) > 0)[:, None]
    tested[:, :LOOK_BACK_SLOTS] = False
    limit = policy.readiness_of(Sensitivity.MEDIUM).false_discovery_limit
    own = [policy.readiness_of(each).false_discovery_limit for each in pairs["sensitivity"]]
    weighed = np.where(tested, tail_p * (limit / np.array(own))[:, None], np.nan)
    q, count = np.empty_like(weighed), np.empty(weighed.shape, np.int64)
    # What only pages show must not make what people are told of any harder to prove.
    for family in (pairs["raises"].to_numpy(), ~pairs["raises"].to_numpy()):
        q[family], count[family] = adjusted(weighed[family]), tested[family].sum(axis=0)
    slot, pair = np.nonzero(tested.T)
    at = (pair, slot)
    shown = {
        name: np.choose(most, [getattr(view, name) for view in seen])[at]
        for name in ("over_slots", "observed", "expected")
    }
    direction = np.array([view.direction for view in seen])[most[at]]
    return pairs.select("site", "metric", "raises", "sensitivity")[pair].with_columns(
        slot=slots.gather(slot),
        direction=pl.Series(np.array(DIRECTIONS)[direction]),
        low=grid.baseline["p05"][at],
        high=grid.baseline["p95"][at],
        z=_deviations(tail_p[at], direction),
        tail_p=tail_p[at],
        q=q[at],
        is_anomaly=q[at] <= limit,
        tested=count[at],
        hour_of_week=pl.Series(grid.hour[at], dtype=pl.Int16),
        support=grid.baseline["support"][at],
        pooled_parent=pl.Series(np.array(PARENTS)[grid.parent[at]]),
        policy_version=pl.lit(policy.version),
        **shown,
    )


def _deviations(p: Floats, direction: npt.NDArray[np.int64]) -> Floats:
    """How many deviations out a normal value as improbable would be."""
    z: Floats = np.sqrt(-2 * np.log(np.maximum(p, np.finfo(np.float64).tiny)))
    return np.where(direction == ABOVE, z, -z)


def adjusted(p: Floats) -> Floats:
    """Probabilities corrected for all of their column, by Benjamini and Hochberg; NaN is no test.

    >>> adjusted(np.array([[0.01], [0.5], [np.nan], [0.02]])).ravel().tolist()
    [0.03, 0.5, nan, 0.03]
    """
    order = np.argsort(p, axis=0)  # NaN goes last
    tests = np.isfinite(p).sum(axis=0)
    rank = np.arange(1, len(p) + 1)[:, None]
    stepped = np.take_along_axis(p, order, axis=0) * tests / rank
    stepped = np.fmin.accumulate(stepped[::-1], axis=0)[::-1]
    found = np.empty_like(p)
    np.put_along_axis(found, order, np.minimum(stepped, 1.0), axis=0)
    return found
