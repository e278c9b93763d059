"""CloudEvents as lines of text, built column by column.

Belongs here: the spelling of values. A frame becomes text in one pass of whole-column expressions:
a few hundred nanoseconds an event, where a JSON library takes microseconds. The text of an event
depends on that event alone, never on what else is in its frame.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

import numpy as np
import orjson
import polars as pl

from vigia.domain.dictionary import TABLES, ColumnType, Table

_ENVELOPE = ("id", "source", "type", "subject")
_NEEDS_ESCAPE = r'["\\\x00-\x1f]'
_QUOTE, _BACKSLASH = ord('"'), ord("\\")
_DAY_S = 86_400

Piece: TypeAlias = str | pl.Expr
"""A constant, or a column of texts; a line is a row of pieces side by side."""


def event_lines(table_name: str, frame: pl.DataFrame) -> pl.Series:
    """The events of a frame, one JSON object and line end each, in the frame's order.

    Args:
        table_name: Table of the dictionary.
        frame: Event frame; `ce_source`, `ce_id`, `ce_type`, `ce_time` and `received_at` are
            filled. Hidden columns and nulls are left out, as is an instant that says the same
            as the envelope's time.
    """
    table = TABLES[table_name]
    frame = _without_echo(table, frame)
    spelling = _Spelling(table, frame)
    fields = [name for name in _order(table, frame) if frame[name].null_count() < frame.height]
    pieces: list[Piece] = ['{"specversion":"1.0"', *spelling.envelope()]
    for position, name in enumerate(fields):
        comma = "," if position else ""
        pieces += spelling.field(f'{comma}"{name}":', name)
    line = _joined([*pieces, "}}\n"])
    if fields and frame[fields[0]].null_count():
        line = line.str.replace('"data":{,', '"data":{', literal=True)
    return frame.select(line.alias("line")).to_series()


def instant_text(instants: pl.Series) -> pl.Series:
    """RFC 3339 in whole milliseconds, floored; null stays null.

    >>> from datetime import UTC, datetime
    >>> instant_text(pl.Series("t", [datetime(2026, 3, 29, 1, 2, 3, 4999, UTC)])).item()
    '2026-03-29T01:02:03.004Z'
    """
    frame = instants.alias("t").to_frame()
    return frame.select(_instant("t", *_days(frame["t"]))).to_series()


def _without_echo(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame without its own time where that says the same as the envelope's."""
    if table.time is None or table.time not in frame.columns:
        return frame
    if frame[table.time].equals(frame["ce_time"].alias(table.time)):
        return frame.drop(table.time)
    own = pl.col(table.time)
    return frame.with_columns(pl.when(own != pl.col("ce_time")).then(own).alias(table.time))


def _order(table: Table, frame: pl.DataFrame) -> list[str]:
    """Names of the fields of `data`: those of the dictionary in its order, then the others."""
    shown = {n for n in frame.columns if not n.startswith(("_", "ce_")) and n != "received_at"}
    known = [column.name for column in table.columns if column.name in shown]
    return [*known, *sorted(shown - set(known))]


class _Spelling:
    """How the columns of one frame are spelled."""

    def __init__(self, table: Table, frame: pl.DataFrame) -> None:
        self._frame = frame
        self._json = {c.name for c in table.columns if c.type is ColumnType.JSON}
        self._days = {
            name: _days(frame[name])
            for name, kind in frame.schema.items()
            if isinstance(kind, pl.Datetime) and frame[name].null_count() < frame.height
        }
        texts = [n for n, k in frame.schema.items() if k == pl.String and n not in self._json]
        self._risky = _risky(frame.select(texts))

    def envelope(self) -> list[Piece]:
        """The attributes of the event, up to where its data begin."""
        pieces: list[Piece] = []
        for name in _ENVELOPE:
            column = f"ce_{name}"
            if column in self._frame.columns and not self._is_empty(column):
                pieces += self.field(f',"{name}":', column)
        pieces += self.field(',"time":', "ce_time")
        return [*pieces, *self.field(',"receivedtime":', "received_at"), ',"data":{']

    def field(self, before: str, name: str) -> list[Piece]:
        """A name and its values; where a value is null, neither."""
        text, quote = self._text(name)
        pieces: list[Piece] = [before + quote, text, quote]
        if not self._frame[name].null_count():
            return pieces
        # A field that is first in some rows and not in others always brings its comma.
        if not before.startswith(","):
            pieces[0] = f",{before}{quote}"
        return [_joined(pieces).fill_null("")]

    def _text(self, name: str) -> tuple[pl.Expr, str]:
        """Values as text, and the quotation mark to put around them."""
        values, column = self._frame[name], pl.col(name)
        if values.dtype == pl.String:
            if name in self._risky:
                return _escaped(values), ""
            return column, "" if name in self._json else '"'
        if name in self._days:
            return _instant(name, *self._days[name]), '"'
        if values.dtype in (pl.Date, pl.Time):
            return column.cast(pl.String), '"'
        if values.dtype.is_float() and not values.is_finite().fill_null(value=True).all():
            raise ValueError(f"{values.name}: JSON knows no infinite number")
        return column.cast(pl.String), ""

    def _is_empty(self, name: str) -> bool:
        return self._frame[name].null_count() == self._frame.height


def _days(instants: pl.Series) -> tuple[int, int]:
    """First and last day of some instants, as days since 1970."""
    numbers = instants.to_physical()
    day_us = _DAY_S * 1_000_000
    return int(numbers.min() or 0) // day_us, int(numbers.max() or 0) // day_us  # type: ignore[arg-type]


def _instant(name: str, first_day: int, last_day: int) -> pl.Expr:
    """An instant looked up in three tables: the day, the second of the day, the thousandth."""
    seconds, thousandths = _clock_texts()
    dates = pl.Series([str(np.datetime64(day, "D")) for day in range(first_day, last_day + 1)])
    millis = pl.col(name).to_physical() // 1000
    second = millis // 1000
    return pl.concat_str(
        pl.lit(dates).gather(second // _DAY_S - first_day),
        pl.lit(seconds).gather(second % _DAY_S),
        pl.lit(thousandths).gather(millis % 1000),
    )


@lru_cache(maxsize=1)
def _clock_texts() -> tuple[pl.Series, pl.Series]:
    """Every second of a day, and every thousandth of a second, as text."""
    seconds = [f"T{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}" for s in range(_DAY_S)]
    return pl.Series(seconds), pl.Series([f".{ms:03}Z" for ms in range(1000)])


def _risky(texts: pl.DataFrame) -> set[str]:
    """Names of the columns in which JSON must spell a character otherwise."""
    # All columns side by side are one buffer of bytes, looked through in half the time of each.
    together = texts.select(pl.concat_str(pl.all(), ignore_nulls=True)).to_series()
    buffer = together.to_arrow(compat_level=pl.CompatLevel.oldest()).buffers()[2]
    raw = np.frombuffer(buffer, np.uint8)
    if not raw.size or not (raw.min() < 0x20 or (raw == _QUOTE).any() or (raw == _BACKSLASH).any()):
        return set()
    found = texts.select(pl.all().str.contains(_NEEDS_ESCAPE).any())
    return {name for name in texts.columns if found[name].item()}


def _escaped(text: pl.Series) -> pl.Expr:
    """Texts as JSON strings, quotation marks included."""
    distinct = text.unique().drop_nulls()
    spelled = [orjson.dumps(value).decode() for value in distinct]
    whole = text.replace_strict(distinct, spelled, default=None, return_dtype=pl.String)
    return pl.lit(whole)


def _joined(pieces: list[Piece]) -> pl.Expr:
    """The rows of some pieces, side by side; constants that meet are joined before."""
    columns: list[pl.Expr] = []
    constant = ""
    for piece in pieces:
        if isinstance(piece, str):
            constant += piece
            continue
        if constant:
            columns.append(pl.lit(constant))
        columns.append(piece)
        constant = ""
    if constant:
        columns.append(pl.lit(constant))
    return pl.concat_str(columns)
