"""How rows of the database become the frames that pages work with."""

from __future__ import annotations

import polars as pl
import pytest

from dashboards.data.source import fetched
from vigia.store.connection import Database

COLUMNS = {
    "verdict": ("true", "boolean", pl.Boolean),
    "count": ("3", "integer", pl.Int64),
    "many": ("3", "bigint", pl.Int64),
    "hours": ("0.5", "double precision", pl.Float64),
    "word": ("'met'", "text", pl.String),
    "day": ("'2026-03-01'", "date", pl.Date),
    "local": ("'2026-03-01 10:00'", "timestamp", pl.Datetime("us")),
}


@pytest.mark.parametrize("value", ["given", "missing"])
def test_a_column_has_its_type_even_where_nobody_filled_it_in(
    database: Database, value: str
) -> None:
    listed = ", ".join(
        f"{text if value == 'given' else 'NULL'}::{kind} AS {name}"
        for name, (text, kind, _) in COLUMNS.items()
    )
    with database.connect() as connection:
        frame = fetched(connection.execute(f"SELECT {listed}"))
    assert frame.height == 1
    assert dict(frame.schema) == {name: kind for name, (*_, kind) in COLUMNS.items()}


def test_instants_are_those_of_utc_even_where_all_are_missing(database: Database) -> None:
    with database.connect() as connection:
        frame = fetched(connection.execute("SELECT NULL::timestamptz AS at"))
    assert frame.schema == {"at": pl.Datetime("us", "UTC")}


def test_the_verdicts_of_a_source_that_gives_none_can_be_put_into_words(
    database: Database,
) -> None:
    with database.connect() as connection:
        frame = fetched(
            connection.execute("SELECT NULL::boolean AS met FROM generate_series(1, 2)")
        )
    words = pl.col("met").replace_strict({True: "met", False: "missed"}, default="–")
    assert frame.select(words)["met"].to_list() == ["–", "–"]
