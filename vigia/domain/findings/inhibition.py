"""Parents mute children: one outage is told once, not once for each site that is dark.

A finding is a child when one of a type above its own is open at its site, or at its person, when
it is raised. It is kept with what muted it. Distress is never a child.
"""

from __future__ import annotations

import polars as pl

PARENTS: tuple[tuple[str, ...], ...] = (
    ("NETWORK_OUTAGE",),
    ("CORRELATION_SILENT_SITE", "SILENT_SITE_SUSPECT"),
    ("CORRELATION_DEVICE_GPS_FAILURE", "CORRELATION_DEVICE_PHONE_FAILURE"),
    ("ANOMALY_", "CRITICAL_SIGNAL_"),
)
"""Types from what explains most to what explains nothing; a trailing underscore is a family."""


def inhibited(episodes: pl.DataFrame) -> pl.DataFrame:
    """Episodes with `inhibited_by`: type, scope and start of what explains each; null for none."""
    rows = episodes.with_row_index("_row").with_columns(_level=_level(), _sites=_sites())
    reach = rows.explode("_sites").drop_nulls("_sites").filter(pl.col("_level") >= 0)
    parents = reach.filter(pl.col("_level") < len(PARENTS) - 1).select(
        "_sites",
        parent_level="_level",
        opened="detected_at",
        closed="cleared_at",
        name=pl.format("{}|{}|{}|{}", "type", "scope_kind", "scope_id", "episode_start"),
    )
    pairs = reach.select("_row", "_sites", "_level", "detected_at").join(parents, on="_sites")
    explained = pairs.filter(
        pl.col("parent_level") < pl.col("_level"),
        pl.col("opened") <= pl.col("detected_at"),
        pl.col("closed").is_null() | (pl.col("closed") > pl.col("detected_at")),
    )
    first = explained.sort("_row", "parent_level", "opened").unique("_row", keep="first")
    both = rows.join(
        first.select("_row", inhibited_by="name"), on="_row", how="left", maintain_order="left"
    )
    return both.drop("_row", "_level", "_sites")


def _level() -> pl.Expr:
    level = pl.lit(-1)
    for place, names in enumerate(PARENTS):
        mine = pl.any_horizontal(
            pl.col("type").str.starts_with(name) if name.endswith("_") else pl.col("type") == name
            for name in names
        )
        level = pl.when(mine).then(place).otherwise(level)
    return level


def _sites() -> pl.Expr:
    own = pl.concat_list(pl.col("site_id")).list.drop_nulls()
    return pl.when(pl.col("sites").is_not_null()).then("sites").otherwise(own)
