"""Keeping the intervals of one effect and scope apart, as those who ask for them expect."""

from __future__ import annotations

from collections import defaultdict

import polars as pl

from vigia.simulator.effects import SCHEMA

Span = tuple[int, int]


def kept_apart(planned: pl.DataFrame, natural: pl.DataFrame) -> pl.DataFrame:
    """One table of effects: what happens by itself gives way to what is planned.

    Args:
        planned: Effect rows (`SCHEMA`); of those that overlap, the later one starts later.
        natural: Effect rows that happen by themselves.

    Returns:
        All rows, sorted as `Effects` are.
    """
    planned = _in_turn(planned)
    taken: dict[tuple[str, int], list[Span]] = defaultdict(list)
    for effect, scope, from_us, to_us in planned.select(SCHEMA.names()[:4]).iter_rows():
        taken[effect, scope].append((from_us, to_us))
    rows = [
        (effect, scope, start, end, value, episode)
        for effect, scope, from_us, to_us, value, episode in natural.iter_rows()
        for start, end in _less((from_us, to_us), taken.get((effect, scope), []))
    ]
    rest = _in_turn(pl.DataFrame(rows, schema=SCHEMA, orient="row"))
    return pl.concat([planned, rest]).sort("effect", "scope", "from_us")


def _in_turn(frame: pl.DataFrame) -> pl.DataFrame:
    """Start each interval no earlier than the one before it ends."""
    before = pl.col("to_us").cum_max().shift(1).over("effect", "scope")
    start = pl.max_horizontal("from_us", before.fill_null(pl.col("from_us")))
    ordered = frame.sort("effect", "scope", "from_us", "to_us", "value")
    return ordered.with_columns(from_us=start).filter(pl.col("from_us") < pl.col("to_us"))


def _less(span: Span, taken: list[Span]) -> list[Span]:
    """What is left of a span when others, sorted by start, are cut out of it."""
    at, end = span
    left = []
    for start, stop in taken:
        if stop <= at or start >= end:
            continue
        if start > at:
            left.append((at, start))
        at = stop
    return [*left, (at, end)] if at < end else left
