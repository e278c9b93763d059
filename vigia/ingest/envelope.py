"""From lines of bytes to event frames: CloudEvents 1.0 in structured mode, one JSON object a line.

Belongs here: what can be said about one line without judging its values. What a value must be
is `vigia.domain.telemetry.normalise`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
import polars as pl

from vigia.domain.dictionary import EVENT_TYPES, TABLES, ColumnType, Table
from vigia.domain.telemetry.frames import AS_TEXT, ENVELOPE, MAX_EVENT_BYTES, rejected
from vigia.domain.telemetry.judgement import cut, detail
from vigia.domain.telemetry.reasons import Reason
from vigia.domain.telemetry.values import EXPECTED
from vigia.ingest.columnar import (
    ARRIVAL,
    ATTRIBUTES,
    arrivals,
    can_be_read_together,
    names_other_fields,
    read_columns,
)


def _is_whole(value: object) -> bool:
    return type(value) is int and -(1 << 63) <= value < 1 << 63


def _is_number(value: object) -> bool:
    return type(value) is int or type(value) is float


_NUMBERS: dict[ColumnType, tuple[pl.DataType, Callable[[object], bool]]] = {
    ColumnType.INTEGER: (pl.Int64(), _is_whole),
    ColumnType.BIGINT: (pl.Int64(), _is_whole),
    ColumnType.REAL: (pl.Float64(), _is_number),
    ColumnType.DOUBLE: (pl.Float64(), _is_number),
    ColumnType.DECIMAL: (pl.Float64(), _is_number),
    ColumnType.BOOLEAN: (pl.Boolean(), lambda value: type(value) is bool),
}
FEW = 64
"""Fewer lines of a table than this are read one by one."""
_PARTS = 8
_BLANKS = " \t\n\r\x0b\f"
# Only a guess: what a line really is, its reader sees.
_TYPE = r'"type": ?"([^"\\]*)"'
_TABLE_BY_TYPE = {name: table.name for name, table in EVENT_TYPES.items()}


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

    def in_order(self) -> _Rows:
        """The same events by line."""
        order = sorted(range(len(self.line_no)), key=self.line_no.__getitem__)
        return _Rows(
            [self.line_no[row] for row in order],
            [self.events[row] for row in order],
            [self.raw[row] for row in order],
        )


def parse_events(
    lines: Iterable[bytes], *, received_at: datetime | None, first_line_no: int = 1
) -> Parsed:
    """Read NDJSON CloudEvents; whatever is not an event is rejected with a reason, never raised.

    Args:
        lines: One event each, without or with the line end.
        received_at: When they arrived; None for a history, whose events say it themselves
            (`receivedtime`) or else arrived as they happened.
        first_line_no: Number of the first line.
    """
    reader = _Reader(received_at)
    raw = pl.Series("raw", list(lines), dtype=pl.Binary)
    last = first_line_no + len(raw)
    reader.take(pl.DataFrame([raw]).with_columns(line_no=pl.int_range(first_line_no, last)))
    return reader.finish()


class _Reader:
    """Lines on their way to frames: many of a table at once, and what is odd one by one."""

    def __init__(self, received_at: datetime | None) -> None:
        self.received_at = received_at
        self.count = 0
        self.alike: dict[str, list[pl.DataFrame]] = {}
        self.odd: dict[str, _Rows] = {}
        self.bad: list[dict[str, object]] = []

    def take(self, lines: pl.DataFrame) -> None:
        """Read lines: `line_no` and `raw` as bytes."""
        if lines.height >= FEW:
            lines, tables = _sorted_out(lines)
            for name, alike in tables.items():
                self.read_alike(TABLES[name], alike)
        for raw, number in lines.select("raw", "line_no").iter_rows():
            self.read_one(number, raw.rstrip())

    def finish(self) -> Parsed:
        """Bring together what was read."""
        names = dict.fromkeys((*self.alike, *self.odd))
        frames = {name: self.united(TABLES[name]) for name in names}
        self.count += sum(frame.height for found in self.alike.values() for frame in found)
        bad = rejected(self.bad).sort("line_no")
        return Parsed({n: f for n, f in frames.items() if f.height}, bad, self.count)

    def read_one(self, number: int, raw: bytes) -> None:
        """Read a line as an object of its own."""
        if not raw:
            return
        self.count += 1
        event, problem = _read(raw, history=self.received_at is None)
        if problem is not None:
            self.bad.append(_rejected_line(number, raw, event, *problem, self.received_at))
            return
        rows = self.odd.setdefault(EVENT_TYPES[event["type"]].name, _Rows())
        rows.line_no.append(number)
        rows.events.append(event)
        rows.raw.append(raw)

    def read_alike(self, table: Table, lines: pl.DataFrame, *, told_apart: bool = False) -> None:
        """Read lines of text together, as far as they are alike."""
        if lines.height < FEW:
            self.read_singly(lines)
            return
        columns = read_columns(table, lines["raw"], history=self.received_at is None)
        if columns is not None:
            if "received_at" not in columns.columns:
                columns = columns.with_columns(_arrived(self.received_at, columns.height))
            self.alike.setdefault(table.name, []).append(columns.hstack(lines))
            return
        if not told_apart:
            other = names_other_fields(table, lines["raw"])
            self.read_singly(lines.filter(other))
            lines = lines.filter(~other)
        for part in lines.iter_slices(lines.height // _PARTS + 1):
            self.read_alike(table, part, told_apart=True)

    def read_singly(self, lines: pl.DataFrame) -> None:
        """Read lines of text one by one."""
        for number, raw in lines.iter_rows():
            self.read_one(number, raw.encode())

    def united(self, table: Table) -> pl.DataFrame:
        """The one frame of a table, in the order of the lines."""
        frames = self.alike.get(table.name, [])
        if table.name in self.odd:
            frame, bad = _frame(table, self.odd[table.name].in_order(), self.received_at)
            frames = [*frames, frame]
            self.bad += bad
        whole = pl.concat(frames, how="diagonal").sort("line_no")
        own = (column.name + end for column in table.columns for end in ("", AS_TEXT))
        known = [*ENVELOPE, *own, "tenant_id", "extra"]
        return whole.select(name for name in known if name in whole.columns)


def _sorted_out(lines: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """The lines to read one by one, and by table those that may be alike, as text."""
    good = _as_text(lines)
    named = (
        good["raw"]
        .str.extract(_TYPE)
        .replace_strict(_TABLE_BY_TYPE, default=None, return_dtype=pl.String)
    )
    fit = can_be_read_together(good["raw"]) & (good["raw"].str.len_bytes() <= MAX_EVENT_BYTES)
    good = good.with_columns(named.alias("table")).filter(fit & named.is_not_null())
    odd = lines.join(good, on="line_no", how="anti")
    tables = good.partition_by("table", as_dict=True, include_key=False, maintain_order=True)
    return odd, {str(name): part for (name,), part in tables.items()}


def _as_text(lines: pl.DataFrame) -> pl.DataFrame:
    """`line_no` and `raw` of those lines that are text, without blanks at their end."""
    raw = lines["raw"]
    try:
        text = raw.cast(pl.String)
    except pl.exceptions.ComputeError:
        lines = lines.filter(pl.Series(map(_is_text, raw.to_list()), dtype=pl.Boolean))
        text = lines["raw"].cast(pl.String)
    return pl.DataFrame([lines["line_no"], text.str.strip_chars_end(_BLANKS)])


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _read(raw: bytes, *, history: bool) -> tuple[dict[str, Any], tuple[Reason, str] | None]:
    """The event of a line, and what is wrong with it."""
    if len(raw) > MAX_EVENT_BYTES:
        return {}, (Reason.TOO_LARGE, f"{len(raw)} bytes, of at most {MAX_EVENT_BYTES}")
    try:
        event = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return {}, (Reason.MALFORMED, str(error))
    if type(event) is not dict:
        return {}, (Reason.NOT_AN_EVENT, "not a JSON object")
    return event, _envelope_problem(event, (*ATTRIBUTES, ARRIVAL) if history else ATTRIBUTES)


def _envelope_problem(
    event: dict[str, Any], text_attributes: tuple[str, ...]
) -> tuple[Reason, str] | None:
    if event.get("specversion") != "1.0":
        return Reason.NOT_AN_EVENT, detail("specversion", event.get("specversion"), "is not 1.0")
    for name in text_attributes:
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
    table: Table, rows: _Rows, received_at: datetime | None
) -> tuple[pl.DataFrame, list[dict[str, object]]]:
    """The event frame of one table; rows that no column can hold are rejected."""
    data = [event["data"] for event in rows.events]
    named = {name for body in data for name, value in body.items() if value is not None}
    known = {column.name: column.type for column in table.columns}
    spoilt: dict[int, str] = {}
    columns = [*_envelope(rows), _arrival(rows, received_at, spoilt)]
    columns.append(pl.Series("raw", rows.raw, dtype=pl.Binary).cast(pl.String))
    for name, kind in (known | {"tenant_id": ColumnType.TEXT}).items():
        if name in named:
            columns += _sent(name, [body.get(name) for body in data], kind, spoilt)
    unknown = set().union(*data) - set(known) - {"tenant_id"}
    if unknown:
        columns.append(_extra(data, unknown))
    frame = pl.DataFrame(columns)
    if not spoilt:
        return frame, []
    bad = [
        _rejected_line(
            rows.line_no[row], rows.raw[row], rows.events[row], Reason.BAD_TYPE, why, received_at
        )
        for row, why in spoilt.items()
    ]
    return frame[[row for row in range(len(data)) if row not in spoilt]], bad


def _envelope(rows: _Rows) -> list[pl.Series]:
    def text(name: str) -> pl.Series:
        values = [event.get(name) for event in rows.events]
        return pl.Series(f"ce_{name}", values, dtype=pl.String)

    return [pl.Series("line_no", rows.line_no, dtype=pl.Int64), *map(text, ATTRIBUTES)]


def _arrival(rows: _Rows, received_at: datetime | None, spoilt: dict[int, str]) -> pl.Series:
    """When the events arrived; those of a history may say it, each on its own."""
    if received_at is not None:
        return _arrived(received_at, len(rows.events))
    texts = pl.Series([event.get(ARRIVAL) for event in rows.events], dtype=pl.String)
    arrived, unreadable = arrivals(texts)
    hint = f"and not {EXPECTED[ColumnType.TIMESTAMP]}"
    for row in unreadable.arg_true().to_list():
        spoilt[row] = detail(ARRIVAL, texts[row], hint)
    return arrived


def _arrived(received_at: datetime | None, count: int) -> pl.Series:
    arrived = pl.Series("received_at", [received_at], dtype=ENVELOPE["received_at"])
    return arrived.new_from_index(0, count)


def _sent(
    name: str, values: list[Any], kind: ColumnType, spoilt: dict[int, str]
) -> Iterator[pl.Series]:
    """A column of values; of numbers two, where some are none: theirs is text, beside the others."""
    if kind is ColumnType.JSON:
        texts = [None if v is None else orjson.dumps(v).decode() for v in values]
        yield pl.Series(name, texts, dtype=pl.String)
        return
    if kind not in _NUMBERS:
        yield pl.Series(name, _texts(name, values, spoilt), dtype=pl.String)
        return
    native, fits = _NUMBERS[kind]
    if any(value is not None and fits(value) for value in values):
        numbers = [v if v is not None and fits(v) else None for v in values]
        yield pl.Series(name, numbers, dtype=native, strict=True)
    others = [None if v is None or fits(v) else v for v in values]
    if any(value is not None for value in others):
        yield pl.Series(name + AS_TEXT, _texts(name, others, spoilt), dtype=pl.String)


def _texts(name: str, values: list[Any], spoilt: dict[int, str]) -> list[str | None]:
    texts: list[str | None] = []
    for row, value in enumerate(values):
        if isinstance(value, dict | list):
            spoilt.setdefault(row, f"{name} is an object or a list and not one value")
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
