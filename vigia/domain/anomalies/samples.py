"""What a metric was in each 5-minute slot of a site's wall clock, kept by day to learn from.

A sample is the count of a slot, 0 where nothing happened, or the mean of its values, none where
there are none. In the hour that a clock shows twice both passes are one sample, their mean: a
count by its exposure. In the hour that it skips there is none. A day's samples are kept as they
are, so whatever is computed from those kept is the same to the last bit in whatever order and
batches the days became known. What is computed belongs to `baseline`.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from vigia.domain.anomalies.policy import ANOMALY_POLICY, AnomalyPolicy
from vigia.domain.metrics.aggregate import MICRO
from vigia.domain.windows import DAY, INSTANT, SLOT, SLOT_US, day_start

Floats = npt.NDArray[np.float64]

SLOTS_A_DAY = 288

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
    leave_out(values, pairs, slots, excluded)
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


def leave_out(
    values: Floats, pairs: pl.DataFrame, slots: pl.Series, excluded: pl.DataFrame
) -> None:
    """Forget, in place, the slots that any window of `EXCLUDED` touches."""
    for site, metric, since, until in excluded.select(*EXCLUDED).iter_rows():
        meant = pairs["site"] == site
        if metric is not None:
            meant &= pairs["metric"] == metric
        touched = (slots < until) & (slots + SLOT > since)
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
