"""Reading one column: from whatever arrived to the column's own type, with a mask of failures.

Belongs here: what text or number reads as what type. Does not belong here: what a value means
(bounds, states, references), which `normalise` judges.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import numpy as np
import orjson
import polars as pl

from vigia.domain.dictionary import Column, ColumnType
from vigia.domain.telemetry.frames import INSTANT
from vigia.domain.telemetry.ids import dictionary, fixed_binary, reference_bytes

TYPED: dict[ColumnType, pl.DataType] = {
    ColumnType.UUID: pl.Binary(),
    ColumnType.TEXT: pl.String(),
    ColumnType.TIMESTAMP: INSTANT,
    ColumnType.DATE: pl.Date(),
    ColumnType.TIME: pl.Time(),
    ColumnType.INTEGER: pl.Int32(),
    ColumnType.BIGINT: pl.Int64(),
    ColumnType.REAL: pl.Float32(),
    ColumnType.DOUBLE: pl.Float64(),
    ColumnType.DECIMAL: pl.Float64(),
    ColumnType.BOOLEAN: pl.Boolean(),
    ColumnType.BYTES: pl.Binary(),
    ColumnType.JSON: pl.String(),
}
"""The Polars type of a column that was read; ids are 16 bytes, JSON is text."""

EXPECTED: dict[ColumnType, str] = {
    ColumnType.UUID: "a UUID or a code",
    ColumnType.TEXT: "text",
    ColumnType.TIMESTAMP: "an RFC 3339 instant with its offset, such as 2026-03-01T08:00:00Z",
    ColumnType.DATE: "a date such as 2026-03-01",
    ColumnType.TIME: "a wall-clock time such as 08:00",
    ColumnType.INTEGER: "a whole number",
    ColumnType.BIGINT: "a whole number",
    ColumnType.REAL: "a number",
    ColumnType.DOUBLE: "a number",
    ColumnType.DECIMAL: "a number",
    ColumnType.BOOLEAN: "true or false",
    ColumnType.BYTES: "bytes in hexadecimal",
    ColumnType.JSON: "a JSON value",
}

_TRUTH = {"true": True, "false": False, "1": True, "0": False}


def read(series: pl.Series, column: Column) -> pl.Series:
    """The column in its own type; what cannot be read is null.

    A value that was not null and is null afterwards could not be read: the caller compares.
    References are read by `read_reference`.
    """
    if series.dtype == pl.Null:
        return series.cast(TYPED[column.type])
    return _READERS[column.type](series)


def read_reference(series: pl.Series, tenant_id: UUID, table: str) -> pl.Series:
    """Ids (16 bytes) of things of a table, named by UUID or by code."""
    if series.dtype == pl.Binary:
        return series
    positions, names = dictionary(series.cast(pl.String))
    ids = b"".join(reference_bytes(tenant_id, table, str(name)) for name in names)
    rows = np.frombuffer(ids + bytes(16), dtype=np.uint8).reshape(-1, 16)
    return fixed_binary(rows[positions], positions < 0).alias(series.name)


def without_blanks(series: pl.Series) -> pl.Series:
    """Text without empty texts: an empty field is a missing one."""
    if series.dtype != pl.String:
        return series
    blank = series == ""
    return series.set(blank, None) if blank.any() else series


def _text(series: pl.Series) -> pl.Series:
    if series.dtype.is_nested() or series.dtype == pl.Object:
        return _nothing(series, pl.String())
    return series.cast(pl.String, strict=False)


def _instant(series: pl.Series) -> pl.Series:
    if series.dtype == pl.String:
        return series.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
    if not isinstance(series.dtype, pl.Datetime):
        return _nothing(series, INSTANT)
    if series.dtype.time_zone is None:
        raise ValueError(f"{series.name}: instants of a frame carry a time zone; these do not")
    return series.dt.convert_time_zone("UTC").dt.cast_time_unit("us")


def _date(series: pl.Series) -> pl.Series:
    if series.dtype == pl.String:
        return series.str.to_date("%Y-%m-%d", strict=False)
    return series if series.dtype == pl.Date else _nothing(series, pl.Date())


def _wall_time(series: pl.Series) -> pl.Series:
    if series.dtype == pl.Time:
        return series
    if series.dtype != pl.String:
        return _nothing(series, pl.Time())
    seconds = series.str.to_time("%H:%M:%S%.f", strict=False)
    minutes = series.str.to_time("%H:%M", strict=False)
    return seconds.zip_with(seconds.is_not_null(), minutes)


def _integer(kind: pl.DataType) -> Callable[[pl.Series], pl.Series]:
    def read_integer(series: pl.Series) -> pl.Series:
        if series.dtype.is_integer():
            return series.cast(kind, strict=False)
        if series.dtype == pl.String:
            whole = series.cast(pl.Int64, strict=False)
            if whole.null_count() == series.null_count():
                return whole.cast(kind, strict=False)
            series = series.cast(pl.Float64, strict=False)
        if not series.dtype.is_float():
            return _nothing(series, kind)
        fraction = (series != series.floor()).fill_null(value=False)
        return series.set(fraction, None).cast(kind, strict=False)

    return read_integer


def _number(kind: pl.DataType) -> Callable[[pl.Series], pl.Series]:
    def read_number(series: pl.Series) -> pl.Series:
        if not (series.dtype.is_numeric() or series.dtype == pl.String):
            return _nothing(series, kind)
        number = series.cast(kind, strict=False)
        infinite = ~number.is_finite()
        return number.set(infinite, None) if infinite.any() else number

    return read_number


def _truth(series: pl.Series) -> pl.Series:
    if series.dtype == pl.Boolean:
        return series
    if series.dtype.is_integer():
        series = series.cast(pl.String)
    if series.dtype != pl.String:
        return _nothing(series, pl.Boolean())
    return series.str.to_lowercase().replace_strict(_TRUTH, default=None, return_dtype=pl.Boolean())


def _bytes(series: pl.Series) -> pl.Series:
    if series.dtype == pl.String:
        return series.str.strip_prefix("\\x").str.decode("hex", strict=False)
    return series if series.dtype == pl.Binary else _nothing(series, pl.Binary())


def _json(series: pl.Series) -> pl.Series:
    if series.dtype.is_nested():
        values = [None if v is None else orjson.dumps(v).decode() for v in series.to_list()]
        return pl.Series(series.name, values, dtype=pl.String)
    texts = series.cast(pl.String, strict=False).to_list()
    values = [text if text is not None and _is_json(text) else None for text in texts]
    return pl.Series(series.name, values, dtype=pl.String)


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _nothing(series: pl.Series, kind: pl.DataType) -> pl.Series:
    return pl.Series(series.name, [None], dtype=kind).new_from_index(0, len(series))


_READERS: dict[ColumnType, Callable[[pl.Series], pl.Series]] = {
    ColumnType.UUID: _text,
    ColumnType.TEXT: _text,
    ColumnType.TIMESTAMP: _instant,
    ColumnType.DATE: _date,
    ColumnType.TIME: _wall_time,
    ColumnType.INTEGER: _integer(pl.Int32()),
    ColumnType.BIGINT: _integer(pl.Int64()),
    ColumnType.REAL: _number(pl.Float32()),
    ColumnType.DOUBLE: _number(pl.Float64()),
    ColumnType.DECIMAL: _number(pl.Float64()),
    ColumnType.BOOLEAN: _truth,
    ColumnType.BYTES: _bytes,
    ColumnType.JSON: _json,
}
