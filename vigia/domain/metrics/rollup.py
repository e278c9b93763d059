"""From 5-minute snapshots to hours and local days.

Both tiers are merged from 5-minute rows, by the wall clock of the site: its hours lie in its
days, also where the zone's offset is not whole hours.
"""

from __future__ import annotations

import polars as pl

from vigia.domain.metrics.aggregate import AGGREGATES, MICRO
from vigia.domain.metrics.snapshot import merge_windows
from vigia.domain.windows import INSTANT, SLOT_US, hour_start, local_date

HOURS = pl.Schema({"site": pl.Int64(), "metric": pl.Int64(), "slot": INSTANT, **AGGREGATES})
DAYS = pl.Schema({"site": pl.Int64(), "metric": pl.Int64(), "local_date": pl.Date(), **AGGREGATES})


def roll_up_hours(snapshots: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Merge 5-minute snapshots into hours of the wall clock.

    Args:
        snapshots: Rows of `snapshot.SNAPSHOTS`, in any order.
        zone: IANA zone of their sites.

    Returns:
        One row per site, metric and hour, in that order, with `HOURS`; `slot` is its start.
    """
    if snapshots.is_empty():
        return pl.DataFrame(schema=HOURS)
    return _rolled_up(snapshots, hour_start(pl.col("slot"), zone)).rename({"start": "slot"})


def roll_up_days(snapshots: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Merge 5-minute snapshots into local days.

    Args:
        snapshots: Rows of `snapshot.SNAPSHOTS`, in any order.
        zone: IANA zone of their sites.

    Returns:
        One row per site, metric and local day, in that order, with `DAYS`.
    """
    if snapshots.is_empty():
        return pl.DataFrame(schema=DAYS)
    return _rolled_up(snapshots, local_date(pl.col("slot"), zone)).rename({"start": "local_date"})


def _rolled_up(snapshots: pl.DataFrame, start: pl.Expr) -> pl.DataFrame:
    """Merge by the window whose `start` a slot has, computed once per slot of the range."""
    slot = snapshots["slot"].to_physical()
    first, last = int(slot.min()), int(slot.max())  # type: ignore[arg-type]
    slots = pl.int_range(first, last + 1, SLOT_US, eager=True).cast(INSTANT).alias("slot")
    starts = slots.to_frame().select(start.alias("start"))["start"]
    number = starts.rank("dense").cast(pl.Int64) - 1
    greatest = snapshots.select(pl.col("sum").abs().max()).item()
    parts = snapshots.select(
        "site",
        "metric",
        number.gather((slot - first) // SLOT_US).alias("window"),
        "n",
        pl.col("sum").cast(pl.Int64 if greatest < 2**63 else pl.Int128),
        (pl.col("sum_sq") * MICRO).round(mode="half_to_even"),
        "min",
        "max",
        "last",
        "input_hash",
        at=slot,
    )
    merged = merge_windows(parts, "window")
    starts = starts.unique().sort().gather(merged["window"]).alias("start")
    return merged.with_columns(starts).select("site", "metric", "start", *AGGREGATES)
