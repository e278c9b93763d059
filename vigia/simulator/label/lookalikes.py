"""`gt_trap`: the innocent look-alikes that were there, under the names that events use."""

from __future__ import annotations

import polars as pl

from vigia.simulator.label.case import Case
from vigia.simulator.truth import INSTANT, TRAP

_SCOPES = {"site": "sites", "post": "posts", "person": "people", "device": "devices"}


def trap_code(number: pl.Expr) -> pl.Expr:
    """The name of a trap by its number."""
    return pl.format("T{}", (number + 1).cast(pl.String).str.zfill(6))


def traps(case: Case) -> pl.DataFrame:
    """Every trap of a world (`truth.TRAP`)."""
    table, world = case.plan.traps, case.world
    codes = {kind: _codes(getattr(world, name), table[kind]) for kind, name in _SCOPES.items()}
    scope = pl.coalesce(
        pl.when(pl.col("scope_kind") == kind).then(pl.lit(code)) for kind, code in codes.items()
    )
    owner = world.tenants["slug"].gather(world.sites["tenant"].gather(table["site"]))
    named = {
        "trap": trap_code(pl.col("trap")),
        "tenant": pl.lit(owner),
        "scope": scope,
        **{kind: pl.lit(codes[kind]) for kind in ("site", "person", "device")},
        "from": pl.col("from_us").cast(INSTANT),
        "to": pl.col("to_us").cast(INSTANT),
    }
    rows = table.with_columns(**named)
    return rows.select(pl.col(name).cast(dtype) for name, dtype in TRAP.items()).sort(
        "from", "trap", "device", nulls_last=True
    )


def _codes(frame: pl.DataFrame, number: pl.Series) -> pl.Series:
    codes = pl.concat([frame["code"], pl.Series("code", [None], dtype=pl.String)])
    return codes.gather(number.set(number < 0, len(codes) - 1))
