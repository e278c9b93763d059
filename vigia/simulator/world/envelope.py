"""Turning rows of the world into event frames.

Belongs here: the envelope's columns, the hidden ones, and the order of changes. What an event
says is made by `reference`, `roster_events` and `assignment_events`.
"""

from __future__ import annotations

import polars as pl

from vigia.domain.telemetry.frames import INSTANT
from vigia.simulator.draws import Stream
from vigia.simulator.world.clock import HOUR_US

_HIDDEN = ("_site", "_tenant", "_device", "_duty")


def instants(us: pl.Expr) -> pl.Expr:
    """Microseconds since 1970 as instants; -1 is none."""
    return pl.when(us >= 0).then(us).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def enveloped(
    rows: pl.DataFrame, table: str, *, source: str, ids: pl.Expr, verb: pl.Expr, at_us: pl.Expr
) -> pl.DataFrame:
    """Rows as events of one table.

    Args:
        rows: The table's columns, whatever the expressions need (names that start with a dot,
            which are dropped), and any of the hidden columns; `.site_code` becomes the subject.
        table: Name in the dictionary.
        source: Who sends them.
        ids: The sender's id of each.
        verb: Verb of each one's type.
        at_us: When each happens, microseconds since 1970.
    """
    subject = pl.col(".site_code") if ".site_code" in rows.columns else pl.lit(None, pl.String())
    missing = [pl.lit(-1, pl.Int64()).alias(n) for n in _HIDDEN if n not in rows.columns]
    framed = rows.with_columns(
        *missing,
        ce_source=pl.lit(source),
        ce_id=ids,
        ce_type=pl.format("vigia.{}.{}.v1", pl.lit(table), verb),
        ce_subject=subject,
        ce_time=instants(at_us),
        received_at=pl.lit(None, INSTANT),
    )
    return framed.select(n for n in framed.columns if not n.startswith("."))


def step(
    rows: pl.DataFrame, number: int, at_us: pl.Expr, status: pl.Expr, *, verb: str = "updated"
) -> pl.DataFrame:
    """One kind of change of things: the rows with `.step`, `.at_us`, `.verb` and `status`."""
    return rows.with_columns(
        at_us.cast(pl.Int64).alias(".at_us"),
        pl.lit(number).alias(".step"),
        pl.lit(verb).alias(".verb"),
        status.alias("status"),
    )


def changes(seed: int, key: str, *steps: pl.DataFrame) -> pl.DataFrame:
    """All changes in the order of their times, with an `.id` each.

    Args:
        seed: Of the world.
        key: Column with the code of the thing that changes: a letter and its number.
        steps: What `step` gives.
    """
    rows = pl.concat(steps, how="diagonal_relaxed")
    number = rows[key].str.slice(1).cast(pl.Int64).to_numpy()
    # No system works in whole seconds.
    part = Stream(seed, f"roster.moment.{key}").integers(1_000, number) * 1_000
    return rows.with_columns(
        pl.col(".at_us") + pl.Series(part), pl.format("{}-{}", key, ".step").alias(".id")
    ).sort(".at_us", key, ".step")


def closing_us(seed: int, *key: pl.Series) -> pl.Series:
    """How long after the end of a shift the supervisor closes it: one to three hours."""
    draw = Stream(seed, "roster.closing")
    return pl.Series(HOUR_US + draw.integers(2 * 3600, *(k.to_numpy() for k in key)) * 1_000_000)
