"""Levels: how many intervals cover the start of each 5-minute slot.

`tickets_open` is the level of the intervals from opening to resolution. Which rows are
intervals of which metric is said in `registry`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
import polars as pl

from vigia.domain.metrics.registry import Metric, matches
from vigia.domain.metrics.snapshot import SAMPLES
from vigia.domain.windows import INSTANT, SLOT, SLOT_US

INTERVALS = pl.Schema(
    {
        "site": pl.Int64(),
        "metric": pl.Int64(),
        "from": INSTANT,
        "to": INSTANT,
        "seen_to": INSTANT,
        "weight": pl.Float64(),
    }
)


def intervals(rows: pl.DataFrame, metric: Metric, code: int) -> pl.DataFrame:
    """The intervals that a metric counts.

    Args:
        rows: Rows of the metric's source, with its `columns` and `site`, a code. Where the
            next row ends an interval, rows from `reach_s` before the first slot wanted.
        metric: A level.
        code: Code of the metric.

    Returns:
        One row per row of the source that the metric means: `INTERVALS`. Between `from` and
        `to` (open when missing) the row counts `weight`; between `from` and `seen_to` (open when missing)
        the site is known to have the metric at all, so that a zero can be told from nothing.
    """
    until = metric.until
    if until is None:
        raise ValueError(f"metric {metric.name} is not a level")
    since = pl.col(metric.time_column)
    if until.next is None:
        ends = pl.min_horizontal(*(pl.col(c) for c in until.columns))
        timed = rows.with_columns(to=ends, seen_to=pl.lit(None, INSTANT))
    else:
        order = [until.next, metric.time_column]
        known = since + pl.duration(seconds=until.reach_s)
        following = pl.when(pl.col(until.next) == pl.col(until.next).shift(-1)).then(
            since.shift(-1)
        )
        longest = since + pl.duration(seconds=until.cap_s)
        # Of rows of the same instant, those that begin an interval come last.
        begins = matches(metric.row_filter).alias("_begins")
        timed = (
            rows.drop_nulls(order)
            .with_columns(begins)
            .sort(*order, "_begins", "site")
            .with_columns(to=pl.min_horizontal(following, longest), seen_to=known)
        )
    weight = pl.col(metric.value_column) if metric.value_column else pl.lit(1.0)
    return timed.filter(matches(metric.row_filter), since.is_not_null()).select(
        "site",
        pl.lit(code, pl.Int64).alias("metric"),
        (since + pl.duration(seconds=until.delay_s)).cast(INSTANT).alias("from"),
        pl.col("to").cast(INSTANT),
        pl.col("seen_to").cast(INSTANT),
        weight.cast(pl.Float64).fill_null(1.0).alias("weight"),
    )


def levels(spans: pl.DataFrame, start: datetime, end: datetime) -> pl.DataFrame:
    """The level of each site and metric at the start of each slot.

    Args:
        spans: Rows of `INTERVALS`.
        start: First slot wanted, inclusive.
        end: Last slot wanted, exclusive.

    Returns:
        One row per site, metric and slot for which the site has the metric: `snapshot.SAMPLES`
        with `time` = the slot's start, zero where nothing counts.
    """
    slots = (end - start) // SLOT
    pairs = spans.select("site", "metric").unique(maintain_order=False).sort("site", "metric")
    if slots <= 0 or pairs.is_empty():
        return pl.DataFrame(schema=SAMPLES)
    indexed = spans.join(pairs.with_row_index("pair"), on=["site", "metric"]).select(
        "pair",
        "weight",
        _slot_number("from", start, slots),
        _slot_number("to", start, slots),
        _slot_number("seen_to", start, slots),
    )
    pair = indexed["pair"].to_numpy()
    first = indexed["from"].to_numpy()
    weight = indexed["weight"].to_numpy()
    # An interval that ends before it starts, which sources do contain, covers nothing.
    height = _covering(pair, first, np.maximum(first, indexed["to"]), weight, pairs.height, slots)
    seen = np.maximum(first, indexed["seen_to"])
    known = _covering(pair, first, seen, np.ones(len(pair)), pairs.height, slots) > 0
    row, slot = np.nonzero(known)
    times = np.datetime64(start.replace(tzinfo=None), "us") + slot * np.timedelta64(SLOT_US, "us")
    return pl.DataFrame(
        {
            "site": pairs["site"].to_numpy()[row],
            "metric": pairs["metric"].to_numpy()[row],
            "time": pl.Series(times).dt.replace_time_zone("UTC"),
            "value": height[row, slot],
        },
        schema=SAMPLES,
    )


def lowered(
    heights: pl.DataFrame, metrics: Sequence[Metric], codes: Mapping[str, int]
) -> pl.DataFrame:
    """Take off each level what its metric says is taken off.

    Args:
        heights: What `levels` gave: `snapshot.SAMPLES`.
        metrics: The metrics that may be among them.
        codes: Code of each metric's name.

    Returns:
        The same, in no order; a level of which another is taken off is there only where both are.
    """
    for metric in metrics:
        if metric.until is None or metric.until.less is None:
            continue
        is_it = pl.col("metric") == codes[metric.name]
        other = heights.filter(pl.col("metric") == codes[metric.until.less])
        off = other.select("site", "time", pl.col("value").alias("_off"))
        left = (pl.col("value") - pl.col("_off")).clip(lower_bound=0)
        mine = heights.filter(is_it).join(off, on=["site", "time"]).with_columns(value=left)
        heights = pl.concat([heights.filter(~is_it), mine.drop("_off")])
    return heights


def _slot_number(column: str, start: datetime, slots: int) -> pl.Expr:
    """Number of the first slot that starts at an instant or after it; the last when missing."""
    passed = pl.col(column).to_physical() - pl.lit(start).cast(INSTANT).to_physical()
    return (-((-passed) // SLOT_US)).clip(0, slots).fill_null(slots).alias(column)


def _covering(
    pair: np.ndarray, first: np.ndarray, end: np.ndarray, weight: np.ndarray, pairs: int, slots: int
) -> np.ndarray:
    """Total weight of the intervals [first, end) that cover each slot of each pair."""
    steps = np.zeros((pairs, slots + 1))
    np.add.at(steps, (pair, first), weight)
    np.add.at(steps, (pair, end), -weight)
    return steps.cumsum(axis=1)[:, :slots]
