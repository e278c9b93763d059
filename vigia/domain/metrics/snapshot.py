"""From raw values to 5-minute snapshots.

Which rows are values of which metric belongs to `registry`; coarser windows to `rollup`.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from vigia.domain.metrics.aggregate import (
    AGGREGATES,
    LIMIT,
    merge,
    quantised,
    row_hash,
    squared,
)
from vigia.domain.windows import INSTANT, SLOT_US

SAMPLES = pl.Schema(
    {"site": pl.Int64(), "metric": pl.Int64(), "time": INSTANT, "value": pl.Float64()}
)
SNAPSHOTS = pl.Schema({"site": pl.Int64(), "metric": pl.Int64(), "slot": INSTANT, **AGGREGATES})


def snapshot(samples: pl.LazyFrame | pl.DataFrame) -> pl.DataFrame:
    """Aggregate values by site, metric and 5-minute slot.

    The result depends on the set of samples only, not on their order.

    Args:
        samples: Columns of `SAMPLES`: `site` and `metric` are small codes from 0, `time` is in
            UTC. Values that are missing, infinite or beyond `aggregate.LIMIT` do not count.
            Pass an hour or a day at a time: memory grows with what is passed.

    Returns:
        One row per site, metric and slot with a value, in that order, with `SNAPSHOTS`: values
        in whole millionths, `sum_sq` in units.
    """
    parts = (
        samples.lazy()
        .filter(pl.col("value").abs() <= LIMIT)
        .select(
            site=pl.col("site").cast(pl.Int64),
            metric=pl.col("metric").cast(pl.Int64),
            at=pl.col("time").to_physical(),
            sum=quantised(pl.col("value")),
        )
        .with_columns(slot=pl.col("at") // SLOT_US)
        .collect(engine="streaming")
    )
    if parts.is_empty():
        return pl.DataFrame(schema=SNAPSHOTS)
    at, micro = parts["at"].to_numpy(), parts["sum"].to_numpy()
    parts = parts.with_columns(sum_sq=squared(micro), input_hash=row_hash(at, micro))
    return merge_windows(parts, "slot").with_columns((pl.col("slot") * SLOT_US).cast(INSTANT))


def merge_windows(parts: pl.DataFrame, window: str) -> pl.DataFrame:
    """Merge aggregates by site, metric and a numbered window.

    Args:
        parts: `site`, `metric` and the window's number, besides what `merge` takes.
        window: Name of the column with the window's number.

    Returns:
        One row per site, metric and window that occurs, in that order.
    """
    sites, site = _ranked(parts["site"])
    metrics, metric = _ranked(parts["metric"])
    first, last = int(parts[window].min()), int(parts[window].max())  # type: ignore[arg-type]
    windows = last - first + 1
    cells = len(sites) * len(metrics) * windows
    packed = (site * len(metrics) + metric) * windows + (parts[window] - first)
    merged = merge(
        parts.drop("site", "metric", window).with_columns(packed.alias("key")), cells=cells
    )
    pair = merged["key"] // windows
    return merged.select(
        sites.gather(pair // len(metrics)).alias("site"),
        metrics.gather(pair % len(metrics)).alias("metric"),
        (pl.col("key") % windows + first).alias(window),
        *AGGREGATES,
    )


def _ranked(codes: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The codes that occur, sorted, and each row's place among them."""
    occurring = np.flatnonzero(np.bincount(codes.to_numpy()))
    places = np.zeros(int(occurring[-1]) + 1, np.int64)
    places[occurring] = np.arange(len(occurring))
    return pl.Series(occurring), pl.Series(places).gather(codes)
