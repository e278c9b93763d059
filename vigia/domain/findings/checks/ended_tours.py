"""Tours that came to an end, as sums by site over a window: what the checks of shares look at."""

from __future__ import annotations

import polars as pl

from vigia.domain.watch.known import Known
from vigia.domain.watch.moments import NEVER_US, Grid
from vigia.domain.watch.work import known_us

ENDED = ("completed", "partial", "missed", "abandoned")


def ended_tours(known: Known) -> pl.DataFrame:
    """Tours that ended and were not excused, one row each.

    `site_id`, `ended_us` (known), `planned` and `scanned` checkpoints, `is_walked`.
    """
    rows = known.facts["tour_run"]
    planned = rows.group_by("run_id").agg(
        planned=pl.col("checkpoints_planned").drop_nulls().last(),
        site_id=pl.col("site_id").drop_nulls().first(),
    )
    over = rows.filter(pl.col("status").is_in([*ENDED, "excused", "cancelled"]))
    last = over.with_columns(ended_us=known_us()).sort("ended_us", maintain_order=True)
    last = last.unique("run_id", keep="first", maintain_order=True)
    return (
        last.filter(pl.col("status").is_in(ENDED))
        .drop("site_id")
        .join(planned, on="run_id", maintain_order="left")
        .select(
            "site_id",
            "ended_us",
            planned=pl.col("planned").fill_null(0),
            scanned=pl.col("checkpoints_scanned").fill_null(0),
            is_walked=pl.col("status") == "completed",
        )
    )


def in_window(known: Known, rows: pl.DataFrame, amount: pl.Expr, window_us: int) -> Grid:
    """Sum of an amount over the tours that ended within a window, by site and instant."""
    first = rows["ended_us"].fill_null(NEVER_US).to_numpy()
    weight = rows.with_columns(amount=amount.cast(pl.Int64))["amount"].to_numpy()
    sites = known.things.sites(rows["site_id"])
    return known.moments.level(len(known.things.site_ids), sites, first, first + window_us, weight)
