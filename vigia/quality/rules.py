"""Rules that values must keep, as data: built from the dictionary and from what is usual.

A rule names a Great Expectations class and its arguments; nothing here imports the library.
Some rules look at a derived column, which `with_derived` adds to the frame. Running rules belongs
to `vigia.quality.suites`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from vigia.domain.dictionary import Column, ColumnType, Kind, Table
from vigia.domain.telemetry.clock import EARLIEST

NUMBERS = frozenset(
    {
        ColumnType.INTEGER,
        ColumnType.BIGINT,
        ColumnType.REAL,
        ColumnType.DOUBLE,
        ColumnType.DECIMAL,
    }
)
IN_ORDER = (
    ("from_at", "to_at"),
    ("starts_at", "ends_at"),
    ("valid_from", "valid_to"),
    ("opened_at", "first_response_at"),
    ("opened_at", "resolved_at"),
    ("opened_at", "closed_at"),
    ("started_at", "completed_at"),
    ("started_at", "ended_at"),
    ("triggered_at", "acked_at"),
    ("event_time", "delivered_at"),
    ("event_time", "answered_at"),
)
"""Instants that cannot come in the other order."""

BY_TWO_CLOCKS = frozenset({("triggered_at", "acked_at")})
"""Pairs of which the first is told by a device and the second by the control room: they come in
order but for what the device's clock may be wrong."""

FIRST_YEAR, LAST_YEAR = EARLIEST.year, 2100
AHEAD_LIMIT_S = 600
"""How far a device's clock may run ahead of the server's before its times are wrong."""
FASTEST_MPS = 340.0
"""No guard moves faster than sound: a jump between two positions of a device is a defect."""
JUMPS_TOLERATED = 0.02
_BROKEN_TEXT = "\ufffd|Ã[\u0080-\u00bf]|â€|[\x00-\x08\x0b\x0c\x0e-\x1f]"
_STAND_INS = ["null", "NULL", "None", "nan", "NaN", "N/A", "#N/A", "?", "-", "undefined"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a suite: its name, the expectation class and the arguments of that."""

    name: str
    expectation: str
    arguments: Mapping[str, Any]


def rules_of(table: Table) -> tuple[Rule, ...]:
    """The rules that follow from the dictionary: presence, states, bounds, keys, times, texts."""
    own = [column for column in table.columns if column.type is not ColumnType.JSON]
    found = [rule for column in own for rule in _column_rules(column)]
    found += [_unique(table), *_order_rules(table), *_clock_rules(table)]
    if {"sum_sq", "input_hash"} <= {column.name for column in table.columns}:
        found += _aggregate_rules(table)
    if table.name == "gps_fix":
        found += _position_rules()
    return tuple(found)


def with_derived(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """Add the columns that rules look at: years, waits, moves, means.

    Args:
        table: The table that the rows are of.
        frame: Rows of it, columns named as in the dictionary.
    """
    names = set(frame.columns)
    times = [c.name for c in table.columns if c.type is ColumnType.TIMESTAMP and c.name in names]
    added = [pl.col(name).dt.year().alias(f"{name}__year") for name in times]
    added += [_seconds(a, b) for a, b in IN_ORDER if {a, b} <= names]
    if table.kind is Kind.RECORD and table.time in names and "received_at" in names:
        added.append(_seconds("received_at", str(table.time)))
    if "sum_sq" in names and "n" in names:
        added += _aggregate_columns(frame)
    frame = frame.with_columns(added)
    return _with_moves(frame) if table.name == "gps_fix" else frame


def _between(name: str, column: str, low: float | None, high: float | None, **more: Any) -> Rule:
    bounds = {"column": column, "min_value": low, "max_value": high}
    return Rule(name, "ExpectColumnValuesToBeBetween", bounds | more)


def _column_rules(column: Column) -> Iterator[Rule]:
    name = column.name
    if column.required:
        yield Rule(f"{name}_is_present", "ExpectColumnValuesToNotBeNull", {"column": name})
    if column.states:
        arguments = {"column": name, "value_set": list(column.states)}
        yield Rule(f"{name}_is_legal", "ExpectColumnValuesToBeInSet", arguments)
    elif column.type is ColumnType.TEXT:
        arguments = {"column": name, "regex": _BROKEN_TEXT}
        yield Rule(f"{name}_is_readable", "ExpectColumnValuesToNotMatchRegex", arguments)
        arguments = {"column": name, "value_set": _STAND_INS}
        yield Rule(f"{name}_is_a_value", "ExpectColumnValuesToNotBeInSet", arguments)
    if column.minimum is not None or column.maximum is not None:
        yield _between(f"{name}_is_in_range", name, column.minimum, column.maximum)
    if column.type is ColumnType.TIMESTAMP:
        yield _between(f"{name}_is_plausible", f"{name}__year", FIRST_YEAR, LAST_YEAR)


def _unique(table: Table) -> Rule:
    key = [*(["tenant_id"] if table.tenant and not table.key else []), *table.key]
    if len(key) == 1:
        return Rule("key_is_unique", "ExpectColumnValuesToBeUnique", {"column": key[0]})
    return Rule("key_is_unique", "ExpectCompoundColumnsToBeUnique", {"column_list": key})


def _order_rules(table: Table) -> Iterator[Rule]:
    names = {column.name for column in table.columns}
    for first, second in IN_ORDER:
        if {first, second} <= names:
            least = -AHEAD_LIMIT_S if (first, second) in BY_TWO_CLOCKS else 0
            yield _between(f"{second}_follows_{first}", f"{first}__to__{second}", least, None)


def _clock_rules(table: Table) -> Iterator[Rule]:
    if table.kind is Kind.RECORD:
        name = f"received_at__to__{table.time}"
        yield _between(f"{table.time}_is_not_ahead", name, None, AHEAD_LIMIT_S)
    if any(column.name == "slot" for column in table.columns):
        # Hours are those of the site's wall clock, which some zones shift by quarters of an hour.
        step = 900 if table.name == "metric_1h" else 300
        yield _between("slot_is_aligned", f"slot__mod_{step}", 0, 0)


def _aggregate_rules(table: Table) -> Iterator[Rule]:
    yield _between("n_is_positive", "n", 1, None)
    for low, high in (("min", "mean"), ("mean", "max"), ("min", "last"), ("last", "max")):
        yield _between(f"{low}_is_at_most_{high}", f"{low}__to__{high}", 0, None)
    yield _between("squares_fit_the_sum", "variance", 0, None)
    if table.name != "metric_5m":
        for name in ("n", "sum", "min", "max"):
            yield _between(f"{name}_equals_the_finer_rows", f"finer__{name}__off", 0, 0)


def _position_rules() -> Iterator[Rule]:
    yield _between("position_is_not_null_island", "from_null_island_deg", 0.01, None)
    jumps = {"mostly": 1 - JUMPS_TOLERATED}
    yield _between("moves_are_possible", "move_mps", None, FASTEST_MPS, **jumps)


def _seconds(first: str, second: str) -> pl.Expr:
    wait = (pl.col(second) - pl.col(first)).dt.total_seconds(fractional=True)
    return wait.alias(f"{first}__to__{second}")


def _aggregate_columns(frame: pl.DataFrame) -> Iterator[pl.Expr]:
    """Means and variances in doubles: the slack is what rounding to 1e-6 can cost."""
    n, total, squares = (pl.col(c).cast(pl.Float64) for c in ("n", "sum", "sum_sq"))
    value = {c: pl.col(c).cast(pl.Float64) for c in ("min", "max", "last")}
    value["mean"] = total / n
    slack = 1e-6 + 1e-9 * pl.max_horizontal(value["min"].abs(), value["max"].abs())
    for low, high in (("min", "mean"), ("mean", "max"), ("min", "last"), ("last", "max")):
        yield (value[high] - value[low] + slack).alias(f"{low}__to__{high}")
    spread = squares - total * total / n
    yield (spread + 1e-6 * n + 1e-9 * squares).alias("variance")
    for step in (300, 900):
        if "slot" in frame.columns:
            yield (pl.col("slot").dt.epoch("s") % step).alias(f"slot__mod_{step}")
    for name in ("n", "sum", "min", "max"):
        if f"finer__{name}" in frame.columns:
            off = pl.col(name).cast(pl.Float64) - pl.col(f"finer__{name}").cast(pl.Float64)
            yield off.round(6).alias(f"finer__{name}__off")


def _with_moves(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the speed since the device's previous position, on a sphere, in m/s."""
    ordered = frame.sort("device_id", "fix_time")
    lat, lon = pl.col("lat").radians(), pl.col("lon").radians()
    lat0, lon0 = lat.shift(1).over("device_id"), lon.shift(1).over("device_id")
    half = ((lat - lat0) / 2).sin().pow(2) + lat.cos() * lat0.cos() * ((lon - lon0) / 2).sin().pow(
        2
    )
    way_m = 2 * 6_371_000 * half.clip(0, 1).sqrt().arcsin()
    wait_s = pl.col("fix_time").diff().over("device_id").dt.total_seconds(fractional=True)
    return ordered.with_columns(
        pl.when(wait_s > 0).then(way_m / wait_s).alias("move_mps"),
        (pl.col("lat").abs() + pl.col("lon").abs()).alias("from_null_island_deg"),
    )
