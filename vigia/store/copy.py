"""Binary COPY: frames become PostgreSQL's binary row format with numpy, no Python per row.

COPY may not write to tables with row security, so it fills temporary tables; the checked
INSERT … SELECT is the caller's. Measured figures and the alternatives: docs/decisions/0007.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from vigia.domain.dictionary import ColumnType

if TYPE_CHECKING:
    import psycopg

Bytes = npt.NDArray[np.uint8]
Lengths = npt.NDArray[np.int64]

_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
_POSTGRES_EPOCH_US = 946_684_800_000_000
_POSTGRES_EPOCH_DAY = 10_957
_NULL = np.frombuffer(b"\xff\xff\xff\xff", dtype=np.uint8)
# Up to here a pass per length beats an index per byte.
_FEW_LENGTHS = 48
# Average bytes from which on a slice per value beats an index per byte.
_LONG = 64
_NUMBERS = {
    ColumnType.INTEGER: ">i4",
    ColumnType.BIGINT: ">i8",
    ColumnType.REAL: ">f4",
    ColumnType.DOUBLE: ">f8",
    ColumnType.BOOLEAN: "u1",
}


def copy_in(
    connection: psycopg.Connection,
    table: str,
    frame: pl.DataFrame,
    types: Sequence[ColumnType],
) -> None:
    """Append a frame to a (temporary) table.

    Args:
        connection: Inside a transaction.
        table: Name for SQL; its columns must be of the types named.
        frame: Columns named as the table's: ids as 16 bytes, instants in UTC microseconds,
            JSON as text.
        types: Types of the frame's columns, in their order.
    """
    statement = f"COPY {table} ({', '.join(frame.columns)}) FROM STDIN (FORMAT binary)"
    with connection.cursor().copy(statement) as copy:
        copy.write(encode(frame, types).data)


def encode(frame: pl.DataFrame, types: Sequence[ColumnType]) -> Bytes:
    """The rows of a frame in PostgreSQL's binary COPY format, header and trailer included."""
    if frame.is_empty():
        return np.frombuffer(_SIGNATURE + _END, dtype=np.uint8)
    fields = [_Field(series, kind) for series, kind in zip(frame, types, strict=True)]
    sizes = np.full(frame.height, 2, dtype=np.int64)
    for field in fields:
        sizes += field.sizes
    ends = np.cumsum(sizes) + len(_SIGNATURE)
    total = int(ends[-1])
    out = np.empty(total + len(_END), dtype=np.uint8)
    out[: len(_SIGNATURE)] = np.frombuffer(_SIGNATURE, dtype=np.uint8)
    out[total:] = np.frombuffer(_END, dtype=np.uint8)
    at = ends - sizes
    out[at] = len(fields) >> 8
    out[at + 1] = len(fields) & 0xFF
    at += 2
    for field in fields:
        field.write(out, at)
        at += field.sizes
    return out


class _Field:
    """One column on its way: how many bytes each value takes, and the bytes."""

    def __init__(self, series: pl.Series, kind: ColumnType) -> None:
        self.missing = series.is_null().to_numpy() if series.null_count() else None
        self.fixed: Bytes | None = None
        if kind in (ColumnType.TEXT, ColumnType.JSON, ColumnType.BYTES):
            self.lead = b"\x01" if kind is ColumnType.JSON else b""
            self.starts, lengths, self.data = _flat(series)
            self.lengths = lengths + len(self.lead)
        else:
            self.fixed = _fixed(series, kind)
            self.lengths = np.full(len(series), self.fixed.shape[1], dtype=np.int64)
        if self.missing is not None:
            self.lengths[self.missing] = 0
        self.sizes: Lengths = self.lengths + 4

    def write(self, out: Bytes, at: Lengths) -> None:
        """Write length and value of every row at its place."""
        if self.fixed is None:
            self._write_lengths(out, at)
            self._write_variable(out, at + 4)
            return
        if self.missing is not None:
            _windows(out, 4)[at[self.missing]] = _whole_rows(_NULL.reshape(1, 4))
            at = at[~self.missing]
        values = self.fixed if self.missing is None else self.fixed[~self.missing]
        width = values.shape[1]
        rows = np.empty((len(at), 4 + width), dtype=np.uint8)
        rows[:, :4] = np.frombuffer(width.to_bytes(4, "big"), dtype=np.uint8)
        rows[:, 4:] = values
        _windows(out, 4 + width)[at] = _whole_rows(rows)

    def _write_lengths(self, out: Bytes, at: Lengths) -> None:
        prefix = self.lengths.astype(">i4").view(np.uint8).reshape(-1, 4)
        if self.missing is not None:
            prefix[self.missing] = _NULL
        _windows(out, 4)[at] = _whole_rows(prefix)

    def _write_variable(self, out: Bytes, at: Lengths) -> None:
        lengths, starts = self.lengths, self.starts
        if self.missing is not None:
            there = ~self.missing
            at, lengths, starts = at[there], lengths[there], starts[there]
        if self.lead:
            out[at] = self.lead[0]
            at, lengths = at + 1, lengths - 1
        _move(out, at, self.data, starts, lengths)


def _windows(raw: Bytes, width: int) -> npt.NDArray[np.void]:
    """Every stretch of `width` bytes as one value, so that one assignment moves whole fields."""
    count = max(len(raw) - width + 1, 0)
    return np.ndarray((count,), dtype=f"V{width}", buffer=raw.data, strides=(1,))


def _whole_rows(rows: Bytes) -> npt.NDArray[np.void]:
    return np.ascontiguousarray(rows).view(f"V{rows.shape[1]}").reshape(-1)


def _move(out: Bytes, at: Lengths, data: Bytes, starts: Lengths, lengths: Lengths) -> None:
    """Copy stretches of differing lengths from `data` into `out`."""
    distinct = np.unique(lengths)
    if len(distinct) <= _FEW_LENGTHS:
        for length in distinct[distinct > 0].tolist():
            rows = lengths == length
            _windows(out, length)[at[rows]] = _windows(data, length)[starts[rows]]
        return
    ends = np.cumsum(lengths)
    if int(ends[-1]) > _LONG * len(lengths):
        # An index per byte would take 24 times the memory of the data.
        target, source = out.data, data.data
        for to, start, size in zip(at.tolist(), starts.tolist(), lengths.tolist(), strict=True):
            target[to : to + size] = source[start : start + size]
        return
    steps = np.arange(int(ends[-1]))
    before = ends - lengths
    out[steps + np.repeat(at - before, lengths)] = data[steps + np.repeat(starts - before, lengths)]


def _fixed(series: pl.Series, kind: ColumnType) -> Bytes:
    """Values of one width as a matrix of bytes, a row each; null rows hold anything."""
    if kind is ColumnType.UUID:
        width = pl.Series(series.name, [bytes(16)], dtype=pl.Binary)
        starts, _, data = _flat(series.fill_null(width[0]))
        return data[starts[0] : starts[0] + 16 * len(series)].reshape(-1, 16)
    if kind in _NUMBERS:
        filled = series.fill_null(value=False if kind is ColumnType.BOOLEAN else 0)
        numbers = filled.to_numpy().astype(_NUMBERS[kind])
        return numbers.view(np.uint8).reshape(len(series), -1)
    whole = series.to_physical().cast(pl.Int64).fill_null(0).to_numpy()
    if kind is ColumnType.TIMESTAMP:
        return _big_endian(whole - _POSTGRES_EPOCH_US, ">i8")
    if kind is ColumnType.DATE:
        return _big_endian(whole - _POSTGRES_EPOCH_DAY, ">i4")
    if kind is ColumnType.TIME:
        return _big_endian(whole // 1000, ">i8")
    raise TypeError(f"no binary form of {kind} is known")


def _big_endian(numbers: npt.NDArray[np.int64], form: str) -> Bytes:
    return numbers.astype(form).view(np.uint8).reshape(len(numbers), -1)


def _flat(series: pl.Series) -> tuple[Lengths, Lengths, Bytes]:
    """Start and length of each value, and all values in a row."""
    array = series.cast(pl.Binary).to_arrow(compat_level=pl.CompatLevel.oldest())
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    _, offsets, data = array.buffers()
    places = np.frombuffer(offsets, dtype=np.int64)[array.offset : array.offset + len(array) + 1]
    values = np.frombuffer(data, dtype=np.uint8) if data else np.empty(0, dtype=np.uint8)
    return places[:-1], np.diff(places), values
