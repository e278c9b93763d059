"""Changing the shape of frames around the rules: envelopes made whole, payloads and extras as JSON.

Belongs here: what moves values without judging them. The rules are in `normalise`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import polars as pl

from vigia.domain.dictionary import ColumnType, Table
from vigia.domain.telemetry import values
from vigia.domain.telemetry.frames import ENVELOPE, INSTANT
from vigia.domain.telemetry.ids import uuid_texts


def payloads(content: pl.DataFrame, table: Table) -> pl.Series:
    """Typed columns as one JSON object a row, in forms that Postgres reads back exactly."""
    kinds = {c.name: c.type for c in table.all_columns}
    names = content.columns
    ids = [name for name in names if kinds[name] is ColumnType.UUID]
    content = content.with_columns(uuid_texts(content[name]) for name in ids)
    wrap = [_JSON_FORMS.get(kinds[name]) for name in names]
    texts = []
    for row in content.iter_rows():
        body = {
            name: value if form is None else form(value)
            for name, value, form in zip(names, row, wrap, strict=True)
            if value is not None
        }
        texts.append(orjson.dumps(body).decode())
    return pl.Series("payload", texts, dtype=pl.String)


_JSON_FORMS: dict[ColumnType, Callable[[Any], object]] = {
    ColumnType.BYTES: lambda value: "\\x" + value.hex(),
    ColumnType.JSON: orjson.Fragment,
    # A float32 widened to double shows digits that were never sent.
    ColumnType.REAL: lambda value: float(f"{value:.9g}"),
}


def with_envelope(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """An event frame with every column of the envelope; the type filled where only one exists."""
    missing = [
        pl.lit(None, dtype=kind).alias(name)
        for name, kind in ENVELOPE.items()
        if name not in frame.columns
    ]
    frame = frame.with_columns(missing)
    texts = [n for n in ("ce_source", "ce_id", "ce_type", "ce_subject") if n in frame.columns]
    frame = frame.with_columns(values.without_blanks(frame[n].cast(pl.String)) for n in texts)
    if len(table.event_types) == 1:
        frame = frame.with_columns(pl.col("ce_type").fill_null(table.event_types[0]))
    if frame["received_at"].dtype == pl.Null:
        frame = frame.with_columns(pl.col("received_at").cast(INSTANT))
    return frame


def merged_extra(extra: pl.Series | None, unknown: pl.DataFrame) -> pl.Series:
    """Columns that the dictionary does not name as one JSON object a row, with what `extra` had."""
    merged: list[str | None] = []
    kept = extra.to_list() if extra is not None else [None] * unknown.height
    for known, row in zip(kept, unknown.iter_rows(named=True), strict=True):
        body = {name: value for name, value in row.items() if value is not None}
        if known:
            body |= orjson.loads(known)
        text = orjson.dumps(body, default=str).decode() if body else None
        merged.append(text)
    return pl.Series("extra", merged, dtype=pl.String)
