"""Rows of Postgres become a frame: every value as it was, every error as Postgres said it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

import polars as pl
import psycopg
import pytest

from vigia.domain.dictionary import Column, ColumnType
from vigia.store.frames import POLARS_TYPES, fetch

# Of each type: as SQL, and as a frame has it.
VALUES = {
    ColumnType.UUID: (
        "'0190b0a0-0000-7000-8000-000000000001'",
        "0190b0a0-0000-7000-8000-000000000001",
    ),
    ColumnType.TEXT: ("E'a \"b\", c\\nd\\\\é'", 'a "b", c\nd\\é'),
    ColumnType.TIMESTAMP: (
        "'2026-03-29 02:59:59.000001+05:30'",
        datetime(2026, 3, 28, 21, 29, 59, 1, tzinfo=UTC),
    ),
    ColumnType.DATE: ("'1899-12-31'", date(1899, 12, 31)),
    ColumnType.TIME: ("'23:59:59.000001'", time(23, 59, 59, 1)),
    ColumnType.INTEGER: ("-2147483648", -(2**31)),
    ColumnType.BIGINT: ("9223372036854775807", 2**63 - 1),
    ColumnType.REAL: ("0.5", 0.5),
    ColumnType.DOUBLE: ("0.1", 0.1),
    ColumnType.DECIMAL: (
        "-123456789012345678.654321",
        Decimal("-123456789012345678.654321"),
    ),
    ColumnType.BOOLEAN: ("false", False),
    ColumnType.BYTES: ("'\\x00ff5c0a22'", b'\x00\xff\\\n"'),
    ColumnType.JSON: ('\'{"a": ""}\'', '{"a": ""}'),
}
COLUMNS = [Column(f"c{n}", kind, "") for n, kind in enumerate(VALUES)]
NUMBER = [Column("n", ColumnType.BIGINT, "")]


@pytest.fixture
def connection(database):
    with database.connect() as connection, connection.transaction():
        yield connection


def test_every_type_arrives_as_it_was_and_missing_stays_missing(connection) -> None:
    assert set(VALUES) == set(POLARS_TYPES)
    row = ", ".join(f"({text})::{kind.value}" for kind, (text, _) in VALUES.items())
    gaps = ", ".join(f"NULL::{kind.value}" for kind in VALUES)
    frame = fetch(connection, f"SELECT {row} UNION ALL SELECT {gaps}", {}, COLUMNS)
    assert frame.schema == pl.Schema({c.name: POLARS_TYPES[c.type] for c in COLUMNS})
    assert frame.rows() == [tuple(value for _, value in VALUES.values()), (None,) * len(VALUES)]


def test_an_empty_text_is_not_a_missing_one(connection) -> None:
    columns = [Column("a", ColumnType.TEXT, ""), Column("b", ColumnType.TEXT, "")]
    frame = fetch(connection, "SELECT '', %(nothing)s::text", {"nothing": None}, columns)
    assert frame.rows() == [("", None)]


def test_a_lone_missing_value_is_a_row(connection) -> None:
    query = "SELECT nullif(g, 2) FROM generate_series(1, 3) g ORDER BY g"
    assert fetch(connection, query, {}, NUMBER).rows() == [(1,), (None,), (3,)]


@pytest.mark.parametrize("rows", [0, 1, 50_000])
def test_every_row_arrives_once_and_in_order(connection, rows: int) -> None:
    query = "SELECT g, repeat('x', g %% 90) FROM generate_series(1, %(rows)s) g ORDER BY g"
    frame = fetch(connection, query, {"rows": rows}, [*NUMBER, Column("t", ColumnType.TEXT, "")])
    assert frame["n"].to_list() == list(range(1, rows + 1))
    assert frame["t"].str.len_chars().to_list() == [n % 90 for n in range(1, rows + 1)]


@pytest.mark.parametrize("rows", [0, 1, 20_000])
def test_an_error_after_some_rows_is_raised_and_the_connection_lives_on(connection, rows) -> None:
    query = "SELECT 1 / (%(rows)s + 1 - g) FROM generate_series(1, 30000) g"
    with pytest.raises(psycopg.errors.DivisionByZero), connection.transaction():
        fetch(connection, query, {"rows": rows}, NUMBER)
    assert fetch(connection, "SELECT 7", {}, NUMBER).rows() == [(7,)]
