"""Parents mute children: one outage is told once, not once for each site that is dark.

A child is a finding at whose site one of a type above its own is open. What is open already keeps
the child from being shown; what opens soon after it explains the child that was shown, and takes it
in. A child that is still true when its parents have cleared, or were proven wrong, is shown then.
Distress is never one.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from vigia.domain.findings.types import EvidenceState

PARENTS: tuple[tuple[str, ...], ...] = (
    ("NETWORK_OUTAGE",),
    ("CORRELATION_SILENT_SITE", "SILENT_SITE_SUSPECT"),
    ("CORRELATION_DEVICE_GPS_FAILURE", "CORRELATION_DEVICE_PHONE_FAILURE"),
    ("ANOMALY_", "CRITICAL_SIGNAL_"),
)
"""Types from what explains most to what explains nothing; a trailing underscore is a family."""
SOON = timedelta(minutes=20)
"""An outage needs so long to be known: a child that is no older began with it."""
_LAST = len(PARENTS) - 1


def inhibited(episodes: pl.DataFrame) -> pl.DataFrame:
    """Episodes with `inhibited_by`: type, scope and start of what explains each; null for none.

    Args:
        episodes: All that may explain each other; what they had before is judged anew.
    """
    rows = episodes.drop("inhibited_by", strict=False).with_row_index("_row")
    raised, opened, closed = pl.col("detected_at"), pl.col("opened"), pl.col("closed")
    hides = (opened <= raised) & (closed.is_null() | (closed > raised))
    goes_on = pl.col("cleared_at").is_null() | (pl.col("cleared_at") > opened)
    takes_in = opened.is_between(raised, raised + SOON) & goes_on
    explained = _pairs(rows).filter(hides | takes_in)
    first = explained.sort("_row", "parent_level", "opened").unique("_row", keep="first")
    return rows.join(
        first.select("_row", inhibited_by="name"), on="_row", how="left", maintain_order="left"
    ).drop("_row")


def shown(episodes: pl.DataFrame) -> pl.DataFrame:
    """Episodes with `shown_at`: when each was first seen by anybody; null for never.

    That is when it was raised, or when the last of the parents that hid it had cleared and it was
    still true.
    """
    rows = episodes.with_row_index("_row")
    # Parents by their opening: each one that covers the instant moves it to its own end.
    pairs = _pairs(rows).sort("_row", "opened").select("_row", "opened", "closed")
    hidden = dict(rows.select("_row", "detected_at").iter_rows())
    for row, opened, closed in pairs.iter_rows():
        at = hidden[row]
        if at is not None and opened <= at and (closed is None or closed > at):
            hidden[row] = closed
    at = pl.Series("shown_at", [hidden[row] for row in rows["_row"]], rows.schema["detected_at"])
    still = pl.when(pl.col("shown_at") <= pl.col("seen_at")).then("shown_at")
    return rows.with_columns(at).with_columns(still.alias("shown_at")).drop("_row")


def _pairs(rows: pl.DataFrame) -> pl.DataFrame:
    """Every episode with every one above it that stands for its site.

    Returns:
        `_row`, `detected_at` and `cleared_at` of the child; `parent_level`, `name`, `opened` and
        `closed` of the parent.
    """
    reach = rows.with_columns(_level=_level(), _sites=_sites()).explode("_sites")
    reach = reach.drop_nulls("_sites").filter(pl.col("_level") >= 0)
    is_wrong = pl.col("evidence_state") == str(EvidenceState.RETRACTED)
    parents = reach.filter(pl.col("_level") < _LAST).select(
        "_sites",
        parent_level="_level",
        opened="detected_at",
        closed=pl.when(is_wrong).then("evidence_at").otherwise("cleared_at"),
        name=pl.format("{}|{}|{}|{}", "type", "scope_kind", "scope_id", "episode_start"),
    )
    pairs = reach.select("_row", "_sites", "_level", "detected_at", "cleared_at").join(
        parents, on="_sites"
    )
    return pairs.filter(pl.col("parent_level") < pl.col("_level"))


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
