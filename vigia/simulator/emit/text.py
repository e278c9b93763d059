"""CloudEvents as lines of text, built column by column.

Belongs here: the spelling of values. A frame becomes text through whole-column concatenation: a
few hundred nanoseconds an event, where a JSON library takes microseconds.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

import numpy as np
import orjson
import polars as pl

from vigia.domain.dictionary import TABLES, ColumnType
from vigia.simulator.draws import Ints

MS_US = 1_000
_DAY_S = 86_400
_NEEDS_ESCAPE = r'["\\\x00-\x1f]'

Piece: TypeAlias = str | pl.Series
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
    json_columns = {c.name for c in table.columns if c.type is ColumnType.JSON}
    hidden = {n for n in frame.columns if n.startswith(("_", "ce_")) or n == "received_at"}
    values = [
        frame[name]
        for name in frame.columns
        if name not in hidden and not _says_the_same(frame, name, table.time)
    ]
    values = [v for v in values if v.null_count() < len(v)]
    values.sort(key=lambda v: v.null_count() > 0)  # a field that is always there comes first
    pieces = _envelope(frame)
    for position, value in enumerate(values):
        before = f',"{value.name}":' if position else f'"{value.name}":'
        pieces += _field(before, value, is_json=value.name in json_columns, needed=not position)
    return _joined([*pieces, "}}\n"]).alias("line")


def instant_text(instants: pl.Series) -> pl.Series:
    """RFC 3339 in whole milliseconds, floored; null stays null.

    >>> from datetime import UTC, datetime
    >>> instant_text(pl.Series([datetime(2026, 3, 29, 1, 2, 3, 4999, UTC)])).item()
    '2026-03-29T01:02:03.004Z'
    """
    if instants.null_count() == len(instants):
        return pl.Series([None], dtype=pl.String).new_from_index(0, len(instants))
    numbers = instants.to_physical()
    usual = numbers.max() if numbers.null_count() else None
    millis: Ints = (numbers if usual is None else numbers.fill_null(usual)).to_numpy() // MS_US
    second, milli = np.divmod(millis, 1000)
    day = second // _DAY_S
    first = int(day.min())
    dates, seconds, thousandths = _clock_texts(first, int(day.max()))
    parts = dates.gather(day - first), seconds.gather(second % _DAY_S), thousandths.gather(milli)
    text = _joined(list(parts))
    if usual is None:
        return text
    return text.zip_with(instants.is_not_null(), pl.Series([None], dtype=pl.String))


@lru_cache(maxsize=64)
def _clock_texts(first_day: int, last_day: int) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Days from one to another, every second of a day, and every thousandth, as text."""
    days = [str(np.datetime64(day, "D")) for day in range(first_day, last_day + 1)]
    seconds = [f"T{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}" for s in range(_DAY_S)]
    return pl.Series(days), pl.Series(seconds), pl.Series([f".{ms:03}Z" for ms in range(1000)])


def _envelope(frame: pl.DataFrame) -> list[Piece]:
    pieces: list[Piece] = ['{"specversion":"1.0"']
    for name in ("id", "source", "type", "subject"):
        text = frame[f"ce_{name}"] if f"ce_{name}" in frame.columns else None
        if text is not None and text.null_count() < len(text):
            pieces += _field(f',"{name}":', text, is_json=False, needed=False)
    pieces += [',"time":"', instant_text(frame["ce_time"]), '","receivedtime":"']
    return [*pieces, instant_text(frame["received_at"]), '","data":{']


def _says_the_same(frame: pl.DataFrame, name: str, time: str | None) -> bool:
    """Whether a column is the event's own time, which the envelope tells already."""
    return name == time and frame[name].equals(frame["ce_time"].alias(name))


def _field(before: str, values: pl.Series, *, is_json: bool, needed: bool) -> list[Piece]:
    """A name and its values; where a value is null, neither (or the word null, where needed)."""
    text, quote = _spelled(values, is_json=is_json)
    pieces: list[Piece] = [before + quote, text, quote]
    if not text.null_count():
        return pieces
    return [_joined(pieces).fill_null(f"{before}null" if needed else "")]


def _spelled(values: pl.Series, *, is_json: bool) -> tuple[pl.Series, str]:
    """Values as text, and the quotation mark to put around them."""
    if values.dtype == pl.String:
        if is_json:
            return values, ""
        if values.str.contains(_NEEDS_ESCAPE).any():
            return _escaped(values), ""
        return values, '"'
    if isinstance(values.dtype, pl.Datetime):
        return instant_text(values), '"'
    if values.dtype in (pl.Date, pl.Time):
        return values.cast(pl.String), '"'
    if values.dtype.is_float() and not values.is_finite().fill_null(value=True).all():
        raise ValueError(f"{values.name}: JSON knows no infinite number")
    return values.cast(pl.String), ""


def _escaped(text: pl.Series) -> pl.Series:
    """Texts as JSON strings, quotation marks included."""
    distinct = text.unique().drop_nulls()
    spelled = [orjson.dumps(value).decode() for value in distinct]
    return text.replace_strict(distinct, spelled, default=None, return_dtype=pl.String)


def _joined(pieces: list[Piece]) -> pl.Series:
    """The rows of some pieces, side by side; constants that meet are joined before."""
    columns: list[pl.Expr | pl.Series] = []
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
    return pl.select(pl.concat_str(columns)).to_series()
