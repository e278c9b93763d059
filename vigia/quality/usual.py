"""What is usual for a feed: a profile of earlier days, and the rules that follow from it.

A feed can break without breaking any rule of the dictionary: half the rows, a column that went
empty, a sensor that repeats itself, metres that became feet. Rules that need no history belong in
`vigia.quality.rules`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from vigia.domain.dictionary import ColumnType, Table
from vigia.quality.rules import NUMBERS, Rule

MIN_DAYS = 3
"""Fewer days say nothing about what is usual."""
MIN_ROWS = 200
LEAST_SHARE, GREATEST_SHARE = 0.3, 3.0
EMPTIER_BY = 0.25
DULLER_BY = 0.1


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """How a column looked: share of nulls, distinct values per row, and where its values lay."""

    null_share: float
    distinct_count: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """How a table's rows of some days looked.

    Attributes:
        rows_per_day: Rows of a day, on average over the days that had any.
        row_count: Rows that the column profiles were made from.
        columns: By name; only those that say something.
    """

    rows_per_day: float
    row_count: int
    columns: dict[str, ColumnProfile]


def profile(table: Table, frame: pl.DataFrame, *, day_count: int, total: int) -> Profile | None:
    """Profile the rows of earlier days; None when they are too few to say what is usual.

    Args:
        table: The table that the rows are of.
        frame: A sample of them.
        day_count: Days that had rows.
        total: Rows on those days, of which the frame may be a sample.
    """
    if day_count < MIN_DAYS or frame.height < MIN_ROWS:
        return None
    names = [c.name for c in table.columns if c.name in frame.columns and c.name not in table.key]
    columns = {name: _column_profile(table, frame[name]) for name in names}
    return Profile(total / day_count, frame.height, columns)


def unusual_rules(table: Table, usual: Profile, *, day_count: int, share: float) -> Iterator[Rule]:
    """The rules that rows of `day_count` days keep when they are like the profiled ones.

    Args:
        table: The table that the rows are of.
        usual: Profile of earlier days.
        day_count: Days that the rows to examine are from.
        share: Share of those days' rows that is examined, over 0 up to 1.
    """
    rows = usual.rows_per_day * day_count * share
    bounds = {"min_value": int(rows * LEAST_SHARE), "max_value": int(rows * GREATEST_SHARE) + 1}
    yield Rule("volume_is_usual", "ExpectTableRowCountToBeBetween", bounds)
    for column in table.columns:
        if column.name in usual.columns and not column.required:
            yield from _filled(column.name, usual.columns[column.name])
        if column.name in usual.columns and column.type is not ColumnType.BOOLEAN:
            yield from _varied(column.name, usual.columns[column.name], rows / usual.row_count)
        if column.name in usual.columns and column.type in NUMBERS:
            yield from _placed(column.name, usual.columns[column.name])


def _column_profile(table: Table, values: pl.Series) -> ColumnProfile:
    low = high = None
    if table.column(values.name).type in NUMBERS and values.null_count() < values.len():
        numbers = values.cast(pl.Float64)
        low, high = numbers.quantile(0.02), numbers.quantile(0.98)
    return ColumnProfile(
        null_share=values.null_count() / values.len(),
        distinct_count=values.drop_nulls().n_unique(),
        low=low,
        high=high,
    )


def _filled(name: str, usual: ColumnProfile) -> Iterator[Rule]:
    least = 1 - usual.null_share - EMPTIER_BY
    if least > 0:
        arguments = {"column": name, "mostly": round(least, 3)}
        yield Rule(f"{name}_is_filled_as_usual", "ExpectColumnValuesToNotBeNull", arguments)


def _varied(name: str, usual: ColumnProfile, size: float) -> Iterator[Rule]:
    least = int(usual.distinct_count * min(1.0, size) * DULLER_BY)
    if least >= 1 and usual.distinct_count >= 5:
        bounds = {"column": name, "min_value": max(2, least)}
        yield Rule(f"{name}_varies_as_usual", "ExpectColumnUniqueValueCountToBeBetween", bounds)


def _placed(name: str, usual: ColumnProfile) -> Iterator[Rule]:
    if usual.low is None or usual.high is None or usual.high <= usual.low:
        return
    width = usual.high - usual.low
    bounds = {"column": name, "min_value": usual.low - width, "max_value": usual.high + width}
    yield Rule(f"{name}_lies_as_usual", "ExpectColumnMedianToBeBetween", bounds)
