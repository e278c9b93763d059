"""What is usual of a site's metric at each hour of the week, learned from its last 30 days.

Computed from all samples that are kept (`samples`), put in order first: so it is the same to the
last bit whatever the order or the number of batches in which days became known. Which slots are
judged by a baseline belongs to `detect`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from vigia.domain.anomalies.policy import ANOMALY_POLICY, AnomalyPolicy
from vigia.domain.anomalies.samples import DAYS, SLOTS_A_DAY, Floats, remember

SLOTS_AN_HOUR = 12
HOURS_A_WEEK = 168
_WEEKDAYS = 5
_PAIRS_AT_ONCE = 50

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
    parts = [_profiled(part, last, policy) for part in in_groups(known)]
    return pl.concat([pl.DataFrame(schema=PROFILES), *parts])


def in_groups(days: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The days of some sites and metrics at a time, so that memory stays bounded."""
    pairs = days.select("site", "metric").unique(maintain_order=True)
    for start in range(0, pairs.height, _PAIRS_AT_ONCE):
        some = pairs.slice(start, _PAIRS_AT_ONCE).with_row_index("pair")
        yield days.join(some, on=["site", "metric"], maintain_order="left")


def _profiled(days: pl.DataFrame, last: date, policy: AnomalyPolicy) -> pl.DataFrame:
    """`profiles` of some pairs, numbered by `pair`."""
    timeline = timelines(days, last, policy)
    cube = _by_weekday(timeline, last)
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


def timelines(days: pl.DataFrame, last: date, policy: AnomalyPolicy) -> Floats:
    """Samples by pair, day (the oldest first) and slot of the day."""
    pair = days["pair"].to_numpy()
    timeline = np.full((int(pair[-1]) + 1, policy.training_days, SLOTS_A_DAY), np.nan)
    back = (last - days["local_date"]).dt.total_days().to_numpy()
    timeline[pair, policy.training_days - 1 - back] = days["values"].to_numpy()
    return timeline


def _by_weekday(timeline: Floats, last: date) -> Floats:
    """Samples by pair, weekday, week back, hour and slot of the hour."""
    pairs, days, _ = timeline.shape
    cube = np.full((pairs, 7, -(-days // 7), 24, SLOTS_AN_HOUR), np.nan)
    for back in range(days):
        weekday = (last - timedelta(days=back)).weekday()
        day = timeline[:, days - 1 - back].reshape(pairs, 24, SLOTS_AN_HOUR)
        cube[:, weekday, back // 7] = day
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
    low, middle, high = (quantile(ordered, n, q) for q in (0.05, 0.5, 0.95))
    distance = np.sort(np.abs(ordered - middle[..., None]), axis=-1)
    mad = quantile(distance, n, 0.5)
    rest = [np.where(n > 0, each, np.nan) for each in (mean, var, low, middle, high, mad)]
    return np.stack([n.astype(np.float64), *rest])


def quantile(ordered: Floats, n: npt.NDArray[np.int64], share: float) -> Floats:
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
