"""The binary format written with numpy is read back by PostgreSQL value for value."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import orjson
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vigia.domain.dictionary import ColumnType
from vigia.domain.telemetry.values import TYPED
from vigia.store.copy import copy_in

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
VALUES = {
    ColumnType.UUID: st.binary(min_size=16, max_size=16),
    ColumnType.TEXT: texts,
    ColumnType.TIMESTAMP: st.integers(-(2**51), 2**52).map(
        lambda us: EPOCH + timedelta(microseconds=us)
    ),
    ColumnType.DATE: st.dates(date(1900, 1, 1), date(2200, 1, 1)),
    ColumnType.TIME: st.times(),
    ColumnType.INTEGER: st.integers(-(2**31), 2**31 - 1),
    ColumnType.BIGINT: st.integers(-(2**63), 2**63 - 1),
    ColumnType.REAL: st.floats(width=32, allow_nan=False, allow_infinity=False),
    ColumnType.DOUBLE: st.floats(allow_nan=False, allow_infinity=False),
    ColumnType.BOOLEAN: st.booleans(),
    ColumnType.BYTES: st.binary(max_size=40),
    ColumnType.JSON: texts.map(lambda text: orjson.dumps({"a": text}).decode()),
}
NAMES = {kind: f"c{place}" for place, kind in enumerate(VALUES)}
ROWS = st.lists(
    st.fixed_dictionaries({NAMES[k]: st.none() | v for k, v in VALUES.items()}), max_size=6
)


@pytest.fixture
def staged(database):
    with database.connect() as connection:
        connection.execute("SET timezone = 'UTC'")
        columns = ", ".join(f"{NAMES[kind]} {kind.value}" for kind in VALUES)
        connection.execute(f"CREATE TEMPORARY TABLE s (row serial, {columns})")
        yield connection


@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(ROWS)
def test_every_value_of_every_type_arrives_as_it_was(staged, written):
    schema = {NAMES[kind]: TYPED[kind] for kind in VALUES}
    frame = pl.DataFrame(written, schema=schema, orient="row")
    staged.execute("TRUNCATE s")
    copy_in(staged, "s", frame, list(VALUES))
    exact = [f"{n}::double precision" if n == NAMES[ColumnType.REAL] else n for n in schema]
    read = staged.execute(f"SELECT {', '.join(exact)} FROM s ORDER BY row").fetchall()
    expected = [tuple(_as_read(k, row[NAMES[k]]) for k in VALUES) for row in written]
    assert read == expected


def test_many_rows_with_texts_of_all_lengths_arrive_as_they_were(staged):
    lengths = [(i * 37) % 211 for i in range(5000)]
    frame = pl.DataFrame({"c1": ["ä" * n if n % 5 else None for n in lengths], "c6": lengths})
    copy_in(staged, "s", frame, [ColumnType.TEXT, ColumnType.BIGINT])
    assert staged.execute("SELECT c1, c6 FROM s ORDER BY row").fetchall() == frame.rows()


def test_slices_of_a_frame_are_written_from_their_own_start(staged):
    frame = pl.DataFrame({"c0": [bytes([i]) * 16 for i in range(9)], "c1": list("abcdefghi")})
    for part in frame.iter_slices(4):
        copy_in(staged, "s", part, [ColumnType.UUID, ColumnType.TEXT])
    found = staged.execute("SELECT c0, c1 FROM s ORDER BY row").fetchall()
    assert found == [(UUID(bytes=raw), text) for raw, text in frame.rows()]


def _as_read(kind: ColumnType, value: object) -> object:
    if value is None:
        return None
    if kind is ColumnType.UUID:
        return UUID(bytes=value)
    if kind is ColumnType.JSON:
        return orjson.loads(value)
    if kind is ColumnType.TIME:
        assert isinstance(value, time)
    return value
