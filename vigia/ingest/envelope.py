"""From lines of bytes to event frames: CloudEvents 1.0 in structured mode, one JSON object a line.

Belongs here: what can be said about one line without judging its values. What a value must be
is `vigia.domain.telemetry.normalise`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
import polars as pl

from vigia.domain.dictionary import EVENT_TYPES, TABLES, ColumnType, Table
from vigia.domain.telemetry.frames import ENVELOPE, MAX_EVENT_BYTES, rejected
from vigia.domain.telemetry.judgement import cut, detail
from vigia.domain.telemetry.reasons import Reason

_FAST_TYPES: dict[ColumnType, pl.DataType] = {
    ColumnType.INTEGER: pl.Int64(),
    ColumnType.BIGINT: pl.Int64(),
    ColumnType.REAL: pl.Float64(),
    ColumnType.DOUBLE: pl.Float64(),
    ColumnType.DECIMAL: pl.Float64(),
    ColumnType.BOOLEAN: pl.Boolean(),
}
_TEXT_ATTRIBUTES = ("id", "source", "type", "subject", "time")


@dataclass(frozen=True, slots=True)
class Parsed:
    """Events by table, and the lines that are none.

    Attributes:
        frames: Table name to event frame (`vigia.domain.telemetry.frames.ENVELOPE` and payload).
        rejected: One row per line put aside (`frames.REJECTED`).
        lines: Lines read; blank lines are not counted.
    """

    frames: dict[str, pl.DataFrame]
    rejected: pl.DataFrame
    lines: int


@dataclass(slots=True)
class _Rows:
    """Events of one table as they were read, side by side."""

    line_no: list[int] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)


def parse_events(
    lines: Iterable[bytes], *, received_at: datetime | None, first_line_no: int = 1
) -> Parsed:
    """Read NDJSON CloudEvents; whatever is not an event is rejected with a reason, never raised.

    Args:
        lines: One event each, without or with the line end.
        received_at: When they arrived; None for a history, which arrived as it happened.
        first_line_no: Number of the first line.
    """
    by_table: dict[str, _Rows] = {}
    bad: list[dict[str, object]] = []
    count = 0
    for number, line in enumerate(lines, first_line_no):
        raw = line.rstrip()
        if not raw:
            continue
        count += 1
        event, problem = _read(raw)
        if problem is not None:
            bad.append(_rejected_line(number, raw, event, *problem, received_at))
            continue
        rows = by_table.setdefault(EVENT_TYPES[event["type"]].name, _Rows())
        rows.line_no.append(number)
        rows.events.append(event)
        rows.raw.append(raw)
    frames = {name: _frame(TABLES[name], rows, received_at, bad) for name, rows in by_table.items()}
    return Parsed({n: f for n, f in frames.items() if f.height}, rejected(bad), count)


def _read(raw: bytes) -> tuple[dict[str, Any], tuple[Reason, str] | None]:
    """The event of a line, and what is wrong with it."""
    if len(raw) > MAX_EVENT_BYTES:
        return {}, (Reason.TOO_LARGE, f"{len(raw)} bytes, of at most {MAX_EVENT_BYTES}")
    try:
        event = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return {}, (Reason.MALFORMED, str(error))
    if type(event) is not dict:
        return {}, (Reason.NOT_AN_EVENT, "not a JSON object")
    return event, _envelope_problem(event)


def _envelope_problem(event: dict[str, Any]) -> tuple[Reason, str] | None:
    if event.get("specversion") != "1.0":
        return Reason.NOT_AN_EVENT, detail("specversion", event.get("specversion"), "is not 1.0")
    for name in _TEXT_ATTRIBUTES:
        value = event.get(name)
        if value is not None and type(value) is not str:
            return Reason.NOT_AN_EVENT, detail(name, value, "and not text")
    for name in ("id", "source", "type"):
        if not event.get(name):
            return Reason.NOT_AN_EVENT, f"{name} is missing"
    if type(event.get("data")) is not dict:
        return Reason.NOT_AN_EVENT, "data is missing or not an object"
    if event["type"] not in EVENT_TYPES:
        return Reason.UNKNOWN_TYPE, detail("type", event["type"], "")
    return None


def _rejected_line(
    number: int,
    raw: bytes,
    event: dict[str, Any],
    reason: Reason,
    text: str,
    received_at: datetime | None,
) -> dict[str, object]:
    return {
        "line_no": number,
        "source": _storable(event.get("source")),
        "source_event_id": _storable(event.get("id")),
        "type": _storable(event.get("type")),
        "reason_code": reason.value,
        "reason": f"{text}. {reason.explanation}".replace("\0", "\\u0000"),
        "raw": readable(raw),
        "raw_bytes": len(raw),
        "received_at": received_at,
    }


def readable(raw: bytes) -> str:
    """Bytes as text that any text column can hold, cut to the length that is kept."""
    return raw[:MAX_EVENT_BYTES].decode("utf-8", "backslashreplace").replace("\0", "\\u0000")


def _storable(value: object) -> str | None:
    text = cut(value)
    return None if text is None else text.replace("\0", "\\u0000")


def _frame(
    table: Table, rows: _Rows, received_at: datetime | None, bad: list[dict[str, object]]
) -> pl.DataFrame:
    """The event frame of one table; rows with an object where a value belongs go to `bad`."""
    data = [event["data"] for event in rows.events]
    named = set().union(*data)
    known = {column.name: column.type for column in table.columns}
    nested: dict[int, str] = {}
    columns = [
        _series(name, [body.get(name) for body in data], kind, nested)
        for name, kind in known.items()
        if name in named
    ]
    if "tenant_id" in named:
        tenants = [body.get("tenant_id") for body in data]
        columns.append(_series("tenant_id", tenants, ColumnType.TEXT, nested))
    unknown = named - set(known) - {"tenant_id"}
    if unknown:
        columns.append(_extra(data, unknown))
    frame = pl.DataFrame([*_envelope(rows, received_at), *columns])
    if not nested:
        return frame
    for row, name in nested.items():
        problem = Reason.BAD_TYPE, f"{name} is an object or a list and not one value"
        bad.append(
            _rejected_line(
                rows.line_no[row], rows.raw[row], rows.events[row], *problem, received_at
            )
        )
    kept = [row for row in range(len(data)) if row not in nested]
    return frame[kept]


def _envelope(rows: _Rows, received_at: datetime | None) -> list[pl.Series]:
    def text(name: str) -> pl.Series:
        values = [event.get(name) for event in rows.events]
        return pl.Series(f"ce_{name}", values, dtype=pl.String)

    arrived = pl.Series("received_at", [received_at], dtype=ENVELOPE["received_at"])
    return [
        pl.Series("line_no", rows.line_no, dtype=pl.Int64),
        *(text(name) for name in _TEXT_ATTRIBUTES),
        arrived.new_from_index(0, len(rows.events)),
        pl.Series("raw", rows.raw, dtype=pl.Binary).cast(pl.String),
    ]


def _series(name: str, values: list[Any], kind: ColumnType, nested: dict[int, str]) -> pl.Series:
    """A column of values; as text where they are not all of the type that is expected."""
    if kind is ColumnType.JSON:
        texts = [None if v is None else orjson.dumps(v).decode() for v in values]
        return pl.Series(name, texts, dtype=pl.String)
    try:
        return pl.Series(name, values, dtype=_FAST_TYPES.get(kind, pl.String()), strict=True)
    except (TypeError, OverflowError, pl.exceptions.PolarsError):
        return pl.Series(name, _texts(name, values, nested), dtype=pl.String)


def _texts(name: str, values: list[Any], nested: dict[int, str]) -> list[str | None]:
    texts: list[str | None] = []
    for row, value in enumerate(values):
        if isinstance(value, dict | list):
            nested.setdefault(row, name)
            texts.append(None)
        elif value is None or isinstance(value, str):
            texts.append(value)
        else:
            texts.append(orjson.dumps(value).decode())
    return texts


def _extra(data: list[dict[str, Any]], unknown: set[str]) -> pl.Series:
    texts = []
    for body in data:
        rest = {name: value for name, value in body.items() if name in unknown}
        texts.append(orjson.dumps(rest).decode() if rest else None)
    return pl.Series("extra", texts, dtype=pl.String)
