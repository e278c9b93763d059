"""What other numbers would have found: two replays of the same window, finding by finding.

Two findings are the same one when type and scope are, and their times overlap. What differs is
when they were raised. Replaying belongs to `vigia.worker.replay`.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

DIFFERENCE = pl.Schema(
    {
        "change": pl.String(),
        "type": pl.String(),
        "scope_kind": pl.String(),
        "scope_id": pl.String(),
        "site_id": pl.String(),
        "severity": pl.String(),
        "before_at": pl.Datetime("us", "UTC"),
        "after_at": pl.Datetime("us", "UTC"),
        "minutes": pl.Float64(),
    }
)
"""One row per finding of either replay. `change`: new, gone, earlier, later, same; `minutes` by
which it is earlier (negative) or later."""

CHANGES = ("new", "gone", "earlier", "later", "same")
_KEY = ["type", "scope_kind", "scope_id"]
_OPEN_END = timedelta(days=36_500)


def difference(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Hold two replays against each other (`DIFFERENCE`), by type and time.

    Args:
        before: `EPISODES` with the numbers as they are.
        after: `EPISODES` of the same window with others.
    """
    one, other = _numbered(before), _numbered(after)
    pairs = (
        one.join(other, on=_KEY, suffix="_after")
        .filter(
            pl.col("detected_at") <= pl.col("end_after"),
            pl.col("detected_at_after") <= pl.col("end"),
        )
        .sort((pl.col("detected_at_after") - pl.col("detected_at")).abs(), "row", "row_after")
    )
    pairs = _one_to_one(pairs)
    apart = (pl.col("detected_at_after") - pl.col("detected_at")).dt.total_seconds() / 60
    change = (
        pl.when(apart < 0).then(pl.lit("earlier")).when(apart > 0).then(pl.lit("later"))
    ).otherwise(pl.lit("same"))
    both = pairs.select(
        change.alias("change"),
        *_KEY,
        "site_id",
        pl.col("severity_after").alias("severity"),
        pl.col("detected_at").alias("before_at"),
        pl.col("detected_at_after").alias("after_at"),
        apart.alias("minutes"),
    )
    gone = _alone(one.join(pairs, on="row", how="anti"), "gone", "before_at")
    new = _alone(
        other.join(pairs, left_on="row", right_on="row_after", how="anti"), "new", "after_at"
    )
    return pl.concat([both, gone, new]).sort(
        "type", pl.coalesce("before_at", "after_at"), "scope_id"
    )


def _numbered(episodes: pl.DataFrame) -> pl.DataFrame:
    end = pl.coalesce("cleared_at", pl.col("detected_at") + _OPEN_END)
    return episodes.select(
        *_KEY, "site_id", "severity", "detected_at", end.alias("end")
    ).with_row_index("row")


def _one_to_one(pairs: pl.DataFrame) -> pl.DataFrame:
    """The nearest pairs first, each finding once."""
    taken: tuple[set[int], set[int]] = (set(), set())
    kept = []
    for place, (row, row_after) in enumerate(pairs.select("row", "row_after").iter_rows()):
        if row not in taken[0] and row_after not in taken[1]:
            taken[0].add(row)
            taken[1].add(row_after)
            kept.append(place)
    return pairs[kept]


def _alone(rows: pl.DataFrame, change: str, at: str) -> pl.DataFrame:
    columns = {"change": pl.lit(change), at: pl.col("detected_at")}
    return rows.select(
        columns[name].alias(name)
        if name in columns
        else pl.col(name)
        if name in rows.columns
        else pl.lit(None, dtype=kind).alias(name)
        for name, kind in DIFFERENCE.items()
    )
