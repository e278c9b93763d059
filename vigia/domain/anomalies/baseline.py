"""What is usual of a site's metric at each hour of the week, learned from its last 30 days.

A sample is what a metric was in one 5-minute slot of the site's wall clock: the count, 0 where
nothing happened, or the mean of its values, none where there are none. A day's samples are kept
as they are (`slot_days`, `remember`), and a baseline is computed from all that are kept
(`profiles`). So it is the same to the last bit whatever the order or the number of batches in
which the days became known.

In the hour that a clock shows twice both passes are one sample, their mean: a count by its
exposure. In the hour that it skips there is none. Which slots are judged by a baseline belongs
to `detect`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from vigia.domain.anomalies.policy import ANOMALY_POLICY, AnomalyPolicy
from vigia.domain.metrics.aggregate import MICRO
from vigia.domain.windows import DAY, INSTANT, SLOT_US, day_start

Floats = npt.NDArray[np.float64]

SLOTS_A_DAY = 288
SLOTS_AN_HOUR = 12
HOURS_A_WEEK = 168
_WEEKDAYS = 5
_PAIRS_AT_ONCE = 50

MEASURED = pl.Schema(
    {
        "site": pl.Int64(),
        "metric": pl.Int64(),
        "kind": pl.String(),
        "zone": pl.String(),
        "since": INSTANT,
        "until": INSTANT,
    }
)
"""What is measured where: `since` and `until` bound the slots in which nothing means 0."""

EXCLUDED = pl.Schema({"site": pl.Int64(), "metric": pl.Int64(), "from": INSTANT, "to": INSTANT})
"""Windows that teach nothing: incidents, maintenance. No metric means all of the site."""

DAYS = pl.Schema(
    {
        "site": pl.Int64(),
        "metric": pl.Int64(),
        "local_date": pl.Date(),
        "values": pl.Array(pl.Float64(), SLOTS_A_DAY),
    }
)
"""Samples by wall-clock slot of a day; NaN where there is none."""

PROFILES = pl.Schema(
    {
        "site": pl.Int64(),
        "metric": pl.Int64(),
        "hour_of_week": pl.Int16(),
        "n": pl.Int32(),
        "support": pl.Int32(),
        "mean": pl.Float64(),
        "var": pl.Float64(),
        "p05": pl.Float64(),
        "p50": pl.Float64(),
        "p95": pl.Float64(),
        "mad": pl.Float64(),
        "dispersion": pl.Float64(),
        "pooled_parent": pl.String(),
        "is_stable": pl.Boolean(),
        "window_from": pl.Date(),
        "window_to": pl.Date(),
        "version": pl.String(),
    }
)
"""`n` counts the bucket's own samples; the figures come from `support` of them: its own, or
while these are too few those of `pooled_parent`."""

PARENTS = ("none", "daytype_hour", "site")
"""What a bucket's figures may come from: itself, its hour on all working or free days, the site."""

_FIGURES = ("support", "mean", "var", "p05", "p50", "p95", "mad")


def slot_days(
    snapshots: pl.DataFrame,
    measured: pl.DataFrame,
    first: date,
    last: date,
    excluded: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Lay out whole local days of 5-minute snapshots as samples.

    Args:
        snapshots: `site`, `metric`, `slot`, `n`, and `sum` in whole millionths, as `snapshot`
            gives them; all slots of the days, by each site's clock.
        measured: `MEASURED`, a row per site and metric.
        first: First local day.
        last: Last local day.
        excluded: `EXCLUDED`; a slot that one touches is no sample.

    Returns:
        `DAYS`, a row per row of `measured` and day. Pass a day, or some sites, at a time: memory
        grows with both.
    """
    excluded = pl.DataFrame(schema=EXCLUDED) if excluded is None else excluded
    parts = [
        _in_zone(snapshots, pairs, first, last, excluded)
        for pairs in measured.select(*MEASURED).partition_by("zone")
    ]
    return _in_order(pl.concat([pl.DataFrame(schema=DAYS), *parts]))


def remember(
    kept: pl.DataFrame,
    fresh: pl.DataFrame,
    last: date,
    policy: AnomalyPolicy = ANOMALY_POLICY,
) -> pl.DataFrame:
    """Put newly laid out days in the place of what was kept of them; forget what is too old.

    Args:
        kept: `DAYS`.
        fresh: `DAYS`, of days that are new or have changed.
        last: Last local day that may teach: that before the first one to be judged.
        policy: For how many days to keep.
    """
    others = kept.join(fresh, on=["site", "metric", "local_date"], how="anti")
    oldest = last - timedelta(days=policy.training_days)
    merged = pl.concat([others, fresh]).filter(
        pl.col("local_date") > oldest, pl.col("local_date") <= last
    )
    return _in_order(merged)


def profiles(
    days: pl.DataFrame, last: date, policy: AnomalyPolicy = ANOMALY_POLICY
) -> pl.DataFrame:
    """Compute the baseline of every site and metric.

    Args:
        days: `DAYS`; those after `last`, or too long before it, teach nothing.
        last: Last local day that may teach. What is judged by the baseline comes after it.
        policy: How many days and samples.

    Returns:
        `PROFILES`, 168 rows per site and metric, in that order.
    """
    known = remember(pl.DataFrame(schema=DAYS), days, last, policy)
    parts = [_profiled(part, last, policy) for part in _some_pairs(known)]
    return pl.concat([pl.DataFrame(schema=PROFILES), *parts])


def _in_order(days: pl.DataFrame) -> pl.DataFrame:
    return days.sort("site", "metric", "local_date")


def _in_zone(
    snapshots: pl.DataFrame,
    pairs: pl.DataFrame,
    first: date,
    last: date,
    excluded: pl.DataFrame,
) -> pl.DataFrame:
    """`slot_days` of sites in one zone."""
    zone = pairs["zone"][0]
    start, end = day_start(first, zone), day_start(last + DAY, zone)
    slots = pl.datetime_range(start, end, "5m", closed="left", time_unit="us", eager=True)
    values = slot_values(snapshots, pairs, slots)
    for window in excluded.iter_rows(named=True):
        _leave_out(values, pairs, slots, window)
    local = slots.dt.convert_time_zone(zone)
    day = (local.dt.date() - first).dt.total_days().to_numpy()
    minute = local.dt.hour().cast(pl.Int64) * 60 + local.dt.minute()
    place = day * SLOTS_A_DAY + (minute // 5).to_numpy()
    days = (last - first).days + 1
    samples = _folded(values, place, days * SLOTS_A_DAY).reshape(-1, SLOTS_A_DAY)
    dates = pl.date_range(first, last, eager=True).alias("local_date")
    return (
        pairs.select("site", "metric")
        .join(dates.to_frame(), how="cross")
        .with_columns(pl.Series("values", samples, DAYS["values"]))
    )


def slot_values(snapshots: pl.DataFrame, pairs: pl.DataFrame, slots: pl.Series) -> Floats:
    """What each pair (row) was in each slot (column); NaN where that is unknown.

    Args:
        snapshots: As for `slot_days`.
        pairs: Rows of `MEASURED`.
        slots: Slots without a gap between them, ascending.
    """
    at = slots.to_physical().to_numpy()
    since = pairs["since"].to_physical().fill_null(at[0]).to_numpy()[:, None]
    until = pairs["until"].to_physical().fill_null(at[-1] + SLOT_US).to_numpy()[:, None]
    known = (since < at + SLOT_US) & (at < until)
    counted = (pairs["kind"] == "count").to_numpy()[:, None]
    values = np.where(known & counted, 0.0, np.nan)
    total = pl.col("sum").cast(pl.Float64) / MICRO
    found = (
        snapshots.filter(pl.col("slot").is_between(slots[0], slots[-1]))
        .join(pairs.with_row_index("pair"), on=["site", "metric"])
        .select(
            "pair",
            column=(pl.col("slot").to_physical() - at[0]) // SLOT_US,
            value=pl.when(pl.col("kind") == "count").then(total).otherwise(total / pl.col("n")),
        )
    )
    values[found["pair"].to_numpy(), found["column"].to_numpy()] = found["value"].to_numpy()
    return np.where(known, values, np.nan)


def _leave_out(
    values: Floats, pairs: pl.DataFrame, slots: pl.Series, window: dict[str, object]
) -> None:
    """Forget what a window touches."""
    meant = pairs["site"] == window["site"]
    if window["metric"] is not None:
        meant &= pairs["metric"] == window["metric"]
    touched = (slots < window["to"]) & (slots + timedelta(microseconds=SLOT_US) > window["from"])
    values[np.ix_(meant.arg_true().to_numpy(), touched.arg_true().to_numpy())] = np.nan


def _folded(values: Floats, place: npt.NDArray[np.int64], places: int) -> Floats:
    """Values by wall-clock slot: where two instants share one, their mean."""
    samples = np.full((len(values), places), np.nan)
    _, first = np.unique(place, return_index=True)
    samples[:, place[first]] = values[:, first]
    again = np.setdiff1d(np.arange(len(place)), first)
    one, other = samples[:, place[again]], values[:, again]
    both = np.where(np.isnan(one), other, np.where(np.isnan(other), one, (one + other) / 2))
    samples[:, place[again]] = both
    return samples


def _some_pairs(days: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The days of some sites and metrics at a time, so that memory stays bounded."""
    pairs = days.select("site", "metric").unique(maintain_order=True)
    for start in range(0, pairs.height, _PAIRS_AT_ONCE):
        some = pairs.slice(start, _PAIRS_AT_ONCE).with_row_index("pair")
        yield days.join(some, on=["site", "metric"], maintain_order="left")


def _profiled(days: pl.DataFrame, last: date, policy: AnomalyPolicy) -> pl.DataFrame:
    """`profiles` of some pairs, numbered by `pair`."""
    cube = _cube(days, last, policy)
    own = _figures(cube.transpose(0, 1, 3, 2, 4).reshape(len(cube), HOURS_A_WEEK, -1))
    n = own[0].copy()
    stable = n >= policy.stable_samples
    parent = np.zeros(n.shape, np.int64)
    young = np.flatnonzero(~stable.all(axis=1))
    for place, figures in enumerate(_parents(cube[young]) if young.size else (), start=1):
        needed = own[0][young] < policy.stable_samples
        taken = needed & (figures[0] >= policy.stable_samples)
        own[:, young] = np.where(taken, figures, own[:, young])
        parent[young] = np.where(taken, place, parent[young])
    pairs = days.select("site", "metric").unique(maintain_order=True)
    hours = pl.Series("hour_of_week", range(HOURS_A_WEEK), pl.Int16)
    columns = {name: own[place].ravel() for place, name in enumerate(_FIGURES)}
    found = pairs.join(hours.to_frame(), how="cross").with_columns(
        *(pl.Series(name, column, nan_to_null=True) for name, column in columns.items()),
        n=pl.Series(n.ravel()),
        dispersion=pl.Series(_dispersion(own), nan_to_null=True),
        pooled_parent=pl.Series(np.array(PARENTS)[parent.ravel()]),
        is_stable=pl.Series(stable.ravel()),
        window_from=pl.lit(last - timedelta(days=policy.training_days - 1)),
        window_to=pl.lit(last),
        version=pl.lit(policy.version),
    )
    return found.select(*PROFILES).cast(PROFILES)


def _cube(days: pl.DataFrame, last: date, policy: AnomalyPolicy) -> Floats:
    """Samples by pair, weekday, week back, hour and slot of the hour."""
    weeks = -(-policy.training_days // 7)
    pair = days["pair"].to_numpy()
    cube = np.full((int(pair[-1]) + 1, 7, weeks, 24, SLOTS_AN_HOUR), np.nan)
    weekday = days["local_date"].dt.weekday().to_numpy() - 1
    week = (last - days["local_date"]).dt.total_days().to_numpy() // 7
    cube[pair, weekday, week] = days["values"].to_numpy().reshape(-1, 24, SLOTS_AN_HOUR)
    return cube


def _parents(cube: Floats) -> Iterator[Floats]:
    """What stands in for young buckets, the nearest first: figures by pair and hour of the week."""
    by_hour = cube.transpose(0, 3, 1, 2, 4)
    kinds = [by_hour[:, :, :_WEEKDAYS], by_hour[:, :, _WEEKDAYS:]]
    working, free = (_figures(kind.reshape(len(cube), 24, -1)) for kind in kinds)
    week = [working] * _WEEKDAYS + [free] * (7 - _WEEKDAYS)
    yield np.concatenate(week, axis=2)
    yield _figures(cube.reshape(len(cube), 1, -1))


def _figures(samples: Floats) -> Floats:
    """`_FIGURES` of the samples along the last axis, stacked along a new first one.

    Samples are put in order first, so that even sums do not depend on the order of arrival.
    """
    ordered = np.sort(samples, axis=-1)  # NaN goes last
    is_sample = np.isfinite(ordered)
    n = is_sample.sum(axis=-1)
    mean = np.where(is_sample, ordered, 0).sum(axis=-1) / np.maximum(n, 1)
    off = np.where(is_sample, ordered - mean[..., None], 0)
    var = (off * off).sum(axis=-1) / np.maximum(n - 1, 1)
    low, middle, high = (_quantile(ordered, n, q) for q in (0.05, 0.5, 0.95))
    distance = np.sort(np.abs(ordered - middle[..., None]), axis=-1)
    mad = _quantile(distance, n, 0.5)
    rest = [np.where(n > 0, each, np.nan) for each in (mean, var, low, middle, high, mad)]
    return np.stack([n.astype(np.float64), *rest])


def _quantile(ordered: Floats, n: npt.NDArray[np.int64], share: float) -> Floats:
    """A quantile between the two nearest of `n` ordered samples."""
    place = np.maximum(n - 1, 0) * share
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(n - 1, 0))
    left, right = (
        np.take_along_axis(ordered, each[..., None], axis=-1)[..., 0] for each in (below, above)
    )
    between: Floats = left + (right - left) * (place - below)
    return between


def _dispersion(figures: Floats) -> Floats:
    """Variance over mean: 1 for counts that chance alone spreads; NaN where nothing happens."""
    mean, var = figures[1].ravel(), figures[2].ravel()
    dispersion: Floats = np.divide(var, mean, out=np.full(mean.shape, np.nan), where=mean > 0)
    return dispersion
