"""Which slots of which metrics leave their baseline, judged over all sites at once.

Every slot judged is a run. In a run each site and metric is one test, whose probability under
the baseline says how far out two of the last three slots are, or how long nothing has come. Of
all tests of a run at most the policy's share of those called anomalous may be chance
(Benjamini and Hochberg). Deviations too small to matter are no evidence, whatever their
probability. A score says all that led to it.

What an anomaly means for a site, who hears of it and whether data are late belongs to
`vigia.domain.findings`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from vigia.domain.anomalies import tails
from vigia.domain.anomalies.baseline import (
    HOURS_A_WEEK,
    MEASURED,
    PARENTS,
    slot_values,
)
from vigia.domain.anomalies.policy import ANOMALY_POLICY, AnomalyPolicy, Sensitivity
from vigia.domain.metrics.registry import Metric
from vigia.domain.windows import INSTANT, SLOT, hour_of_week

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LOOK_BACK = timedelta(hours=3)
"""How much before the first slot to be judged must be passed: what a silence can be told of."""

_LOOK_BACK_SLOTS = int(LOOK_BACK / SLOT)

JUDGED = pl.Schema(
    {**MEASURED, "concern": pl.String(), "floor": pl.Float64(), "sensitivity": pl.String()}
)
"""What is measured where, and what about it worries."""

SCORES = pl.Schema(
    {
        "site": pl.Int64(),
        "metric": pl.Int64(),
        "slot": INSTANT,
        "direction": pl.String(),
        "observed": pl.Float64(),
        "expected": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "z": pl.Float64(),
        "silent_slots": pl.Int32(),
        "silent_expected": pl.Float64(),
        "tail_p": pl.Float64(),
        "q": pl.Float64(),
        "is_anomaly": pl.Boolean(),
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
"""`tail_p` is the probability under the baseline; `q` the same after the correction for all
`tested` in the run, compared with the limit; `silent_*` what a silence up to the slot misses."""

DIRECTIONS = ("below", "above", "absent")
_CONCERNS = {
    "low": (True, False, True),
    "high": (False, True, False),
    "both": (True, True, True),
    "none": (False, False, False),
}
_OF_THREE = 1.5
_NORMAL_5_PCT = 1.645
_MAD_TO_DEVIATION = 1.4826
_TINY = 1e-12
_NUMBERS = ("support", "mean", "var", "p05", "p50", "p95", "mad")


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
        pl.Series("sensitivity", [own.get(s, Sensitivity.MEDIUM) for s in sites], pl.String),
    )


def judge(
    snapshots: pl.DataFrame,
    pairs: pl.DataFrame,
    profiles: pl.DataFrame,
    between: tuple[datetime, datetime],
    policy: AnomalyPolicy = ANOMALY_POLICY,
) -> pl.DataFrame:
    """Judge every slot of a window by the baselines.

    Args:
        snapshots: `site`, `metric`, `slot`, `n`, and `sum` in whole millionths, from `LOOK_BACK`
            before the window on; what had arrived by then, and nothing that came later.
        pairs: `JUDGED`, a row per site and metric.
        profiles: `PROFILES`, learned from days before the window.
        between: First and last slot to be judged, both included.
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
    grid = _grid(snapshots, ordered, profiles, slots)
    evidence = _evidence(grid, ordered, policy)
    scores = _scores(grid, evidence, ordered, slots, policy)
    learned = profiles.select(
        "site", "metric", "hour_of_week", "window_from", "window_to", baseline_version="version"
    )
    key = ["site", "metric", "hour_of_week"]
    scores = scores.with_columns(pl.col("hour_of_week").cast(pl.Int16))
    return scores.join(learned, on=key, maintain_order="left").select(*SCORES).cast(SCORES)


@dataclass(frozen=True, slots=True)
class _Grid:
    """Values and what the baseline says of them: pairs (rows) by slots (columns)."""

    values: Floats
    hour: npt.NDArray[np.int64]
    baseline: Mapping[str, Floats]
    parent: npt.NDArray[np.int64]
    usable: Bools
    counted: Bools


@dataclass(frozen=True, slots=True)
class _Evidence:
    """Probabilities by direction, pair and slot, and what goes with them."""

    p: Floats
    z: Floats
    expected: Floats
    silent_slots: npt.NDArray[np.int64]
    silent_expected: Floats


def _grid(
    snapshots: pl.DataFrame, pairs: pl.DataFrame, profiles: pl.DataFrame, slots: pl.Series
) -> _Grid:
    values = slot_values(snapshots, pairs, slots)
    zones = pairs["zone"].to_list()
    by_zone = {
        zone: slots.to_frame("slot")
        .select(hour_of_week(pl.col("slot"), zone))
        .to_series()
        .to_numpy()
        for zone in set(zones)
    }
    hour = np.array([by_zone[zone] for zone in zones], np.int64)
    numbers, parent, usable = _laid_out(profiles, pairs)
    at = (np.arange(pairs.height)[:, None], hour)
    return _Grid(
        values,
        hour,
        {name: table[at] for name, table in numbers.items()},
        parent[at],
        usable[at],
        (pairs["kind"] == "count").to_numpy()[:, None],
    )


def _laid_out(
    profiles: pl.DataFrame, pairs: pl.DataFrame
) -> tuple[dict[str, Floats], npt.NDArray[np.int64], Bools]:
    """The baselines by pair and hour of the week: figures, parent, and whether to go by them."""
    shape = (pairs.height, HOURS_A_WEEK)
    rows = profiles.join(
        pairs.select("site", "metric").with_row_index("pair"), on=["site", "metric"]
    )
    at = (rows["pair"].to_numpy(), rows["hour_of_week"].to_numpy())
    numbers = {}
    for name in _NUMBERS:
        numbers[name] = np.full(shape, np.nan)
        numbers[name][at] = rows[name].cast(pl.Float64).to_numpy()
    parent = np.zeros(shape, np.int64)
    parent[at] = rows["pooled_parent"].replace_strict(PARENTS, range(len(PARENTS))).to_numpy()
    usable = np.zeros(shape, np.bool_)
    usable[at] = rows["is_stable"].to_numpy() | (parent[at] > 0)
    return numbers, parent, usable


def _evidence(grid: _Grid, pairs: pl.DataFrame, policy: AnomalyPolicy) -> _Evidence:
    b, counted = grid.baseline, grid.counted & np.ones_like(grid.usable)
    expected = np.where(counted, b["mean"], b["p50"])
    off = grid.values - expected
    absolute = pairs["floor"].to_numpy()[:, None]
    relative = np.where(counted, policy.relative_floor_counts, policy.relative_floor_values)
    floor = np.maximum(absolute, relative * np.abs(expected))
    readiness = [policy.readiness[Sensitivity(each)] for each in pairs["sensitivity"]]
    factor = np.array([each.floor_factor for each in readiness])[:, None]
    deviation = _deviation(b, counted, off, floor)
    z = off / deviation
    p = np.ones((len(DIRECTIONS), *off.shape))
    for place, is_far in enumerate((off <= -factor * floor, off >= factor * floor)):
        values = is_far & ~counted & grid.usable
        p[place][values] = tails.beyond(np.abs(z[values]))
        counts = is_far & counted & grid.usable
        p[place][counts] = _count_tail(place, grid.values[counts], _of(b, counts))
        p[place] = _two_of_three(p[place])
    silent_slots, missing = _silence(grid)
    is_silent = counted & grid.usable & (silent_slots > 1)
    is_silent &= missing >= factor * np.maximum(absolute, 1)
    seen = _of(b, is_silent)
    p[2][is_silent] = tails.nothing_at_all(seen["mean"], _spread(seen), missing[is_silent])
    return _Evidence(p, z, expected, silent_slots, missing)


def _of(b: Mapping[str, Floats], cells: Bools) -> dict[str, Floats]:
    return {name: table[cells] for name, table in b.items()}


def _deviation(b: Mapping[str, Floats], counted: Bools, off: Floats, floor: Floats) -> Floats:
    """How far values stray: counts by their variance, others robustly and to each side apart."""
    least = np.maximum(np.maximum(_MAD_TO_DEVIATION * b["mad"], floor / 2), _TINY)
    side = np.where(off < 0, b["p50"] - b["p05"], b["p95"] - b["p50"])
    robust = np.maximum(side / _NORMAL_5_PCT, least)
    return np.where(counted, np.sqrt(np.maximum(_spread(b), _doubt(b))), robust)


def _spread(b: Mapping[str, Floats]) -> Floats:
    """Variance of a count that is yet to come: its own, and that of the mean it is held against."""
    return np.maximum(b["var"], b["mean"]) * (1 + 1 / np.maximum(b["support"], 1))


def _doubt(b: Mapping[str, Floats]) -> Floats:
    """What was never seen in so many samples may still happen once in twice as many."""
    return 0.5 / np.maximum(b["support"], 1)


def _count_tail(place: int, counts: Floats, b: Mapping[str, Floats]) -> Floats:
    if place == 0:
        mean = np.maximum(b["mean"] - _doubt(b), _TINY)
        return tails.at_most(counts, mean, np.maximum(_spread(b), mean))
    mean = b["mean"] + _doubt(b)
    return tails.at_least(counts, mean, np.maximum(_spread(b), mean))


def _two_of_three(p: Floats) -> Floats:
    """The probability that two of three slots in a row are as far out as the second of them.

    However they hang together, it is at most half of three times the second's own.
    """
    padded = np.pad(p, ((0, 0), (2, 0)), constant_values=1.0)
    three = np.stack([padded[:, :-2], padded[:, 1:-1], padded[:, 2:]])
    second: Floats = np.minimum(_OF_THREE * np.sort(three, axis=0)[1], 1.0)
    return second


def _silence(grid: _Grid) -> tuple[npt.NDArray[np.int64], Floats]:
    """Slots in a row up to each in which nothing came, and how much should have come in them."""
    places = np.arange(1, grid.values.shape[1] + 1)
    # Where nothing is known, nothing is known of a silence either.
    heard = np.where(grid.values == 0, 0, places)
    silent = np.minimum(places - np.maximum.accumulate(heard, axis=1), _LOOK_BACK_SLOTS + 1)
    due = np.where(grid.usable, np.nan_to_num(grid.baseline["mean"]), 0.0)
    missing = np.zeros_like(due)
    # Slot by slot backwards, so that the sum does not depend on where the window began.
    for back in range(_LOOK_BACK_SLOTS + 1):
        earlier = due[:, : due.shape[1] - back]
        missing[:, back:] += np.where(silent[:, back:] > back, earlier, 0.0)
    return silent, missing


def _scores(
    grid: _Grid,
    evidence: _Evidence,
    pairs: pl.DataFrame,
    slots: pl.Series,
    policy: AnomalyPolicy,
) -> pl.DataFrame:
    """Rows of all tests, after the slots that are only looked back to."""
    worries = np.array([_CONCERNS[each] for each in pairs["concern"]]).T[:, :, None]
    worries = worries & np.stack([np.ones_like(grid.counted)] * 2 + [grid.counted])
    chances = np.where(worries, evidence.p, 1.0)
    tail_p = np.minimum(chances.min(axis=0) * worries.sum(axis=0), 1.0)
    tested = grid.usable & np.isfinite(grid.values) & worries.any(axis=0)
    tested[:, :_LOOK_BACK_SLOTS] = False
    q = _adjusted(np.where(tested, tail_p * _weights(pairs, policy), np.nan))
    slot, pair = np.nonzero(tested.T)
    at = (pair, slot)
    return pairs.select("site", "metric", "sensitivity")[pair].with_columns(
        slot=slots.gather(slot),
        direction=pl.Series(np.array(DIRECTIONS)[chances.argmin(axis=0)[at]]),
        observed=grid.values[at],
        expected=evidence.expected[at],
        low=grid.baseline["p05"][at],
        high=grid.baseline["p95"][at],
        z=evidence.z[at],
        silent_slots=evidence.silent_slots[at],
        silent_expected=evidence.silent_expected[at],
        tail_p=tail_p[at],
        q=q[at],
        is_anomaly=q[at] <= _limit(policy),
        tested=tested.sum(axis=0)[slot],
        hour_of_week=grid.hour[at],
        support=grid.baseline["support"][at],
        pooled_parent=pl.Series(np.array(PARENTS)[grid.parent[at]]),
        policy_version=pl.lit(policy.version),
    )


def _limit(policy: AnomalyPolicy) -> float:
    return policy.readiness[Sensitivity.MEDIUM].false_discovery_limit


def _weights(pairs: pl.DataFrame, policy: AnomalyPolicy) -> Floats:
    """What a site's probabilities count for in a run: the limit of all over its own, by row."""
    own = [policy.readiness[Sensitivity(s)].false_discovery_limit for s in pairs["sensitivity"]]
    weights: Floats = _limit(policy) / np.array(own)[:, None]
    return weights


def _adjusted(p: Floats) -> Floats:
    """Probabilities corrected for all of their column, by Benjamini and Hochberg; NaN is no test."""
    order = np.argsort(p, axis=0)  # NaN goes last
    tests = np.isfinite(p).sum(axis=0)
    rank = np.arange(1, len(p) + 1)[:, None]
    stepped = np.take_along_axis(p, order, axis=0) * tests / rank
    stepped = np.fmin.accumulate(stepped[::-1], axis=0)[::-1]
    adjusted = np.empty_like(p)
    np.put_along_axis(adjusted, order, np.minimum(stepped, 1.0), axis=0)
    return adjusted
