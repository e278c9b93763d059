"""Collecting why rows of an event frame are rejected: the first reason found is the row's.

Belongs here: bookkeeping of verdicts and the spelling of rejected rows. Does not belong here:
the rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

import orjson
import polars as pl

from vigia.domain.dictionary import Table
from vigia.domain.telemetry.frames import AS_TEXT, ENVELOPE, MAX_EVENT_BYTES, REJECTED, rejected
from vigia.domain.telemetry.reasons import Reason

SHOWN = 80
Missing = tuple[str, bytes]


class Judgement:
    """Verdicts on the rows of one event frame."""

    def __init__(self, frame: pl.DataFrame, table: Table) -> None:
        """Start with every row unjudged."""
        self.frame = frame
        self.table = table
        self.verdicts: dict[int, tuple[Reason, str]] = {}
        self.missing: dict[int, Missing] = {}

    def reject(self, where: pl.Series, reason: Reason, field: str, hint: str = "") -> None:
        """Reject the rows where a mask is true (null counts as false), naming a field.

        The value shown is the field's as it came, if the frame has such a column.
        """
        if not where.any():
            return
        rows = where.fill_null(value=False).arg_true().to_list()
        for row, value in zip(rows, self._sent(field, rows), strict=True):
            self.reject_row(row, reason, detail(field, value, hint))

    def _sent(self, field: str, rows: list[int]) -> list[Any]:
        """What rows hold in a field, as a number or as text."""
        sent: list[Any] = [None] * len(rows)
        for name in (field + AS_TEXT, field):
            if name in self.frame.columns:
                found = self.frame[name].gather(rows).to_list()
                sent = [old if new is None else new for old, new in zip(sent, found, strict=True)]
        return sent

    def reject_row(
        self, row: int, reason: Reason, text: str, missing: Missing | None = None
    ) -> None:
        """Reject one row, unless it was rejected before."""
        if row not in self.verdicts:
            self.verdicts[row] = (reason, f"{text}. {reason.explanation}")
            if missing:
                self.missing[row] = missing

    def accepted(self) -> pl.Series:
        """True for the rows that nothing spoke against."""
        mask = pl.repeat(True, self.frame.height, eager=True)
        return mask.scatter(list(self.verdicts), False) if self.verdicts else mask

    def rejected(self) -> pl.DataFrame:
        """The rejected rows as `frames.REJECTED`, in the order of the frame."""
        if not self.verdicts:
            return REJECTED.to_frame()
        rows = sorted(self.verdicts)
        return rejected(
            [
                self._rejected_row(row, values)
                for row, values in zip(rows, self.frame[rows].iter_rows(named=True), strict=True)
            ]
        )

    def _rejected_row(self, row: int, values: Mapping[str, Any]) -> dict[str, object]:
        reason, text = self.verdicts[row]
        raw = values.get("raw") or spell(values, self.table)
        table, missing_id = self.missing.get(row, (None, None))
        return {
            "line_no": values.get("line_no"),
            "source": cut(values.get("ce_source")),
            "source_event_id": cut(values.get("ce_id")),
            "type": cut(values.get("ce_type")),
            "reason_code": reason.value,
            "reason": text,
            "raw": raw[:MAX_EVENT_BYTES],
            "raw_bytes": len(raw.encode()),
            "received_at": values.get("received_at"),
            "missing_table": table,
            "missing_id": missing_id,
        }


def detail(field: str, value: object, hint: str) -> str:
    """A short text of a field, what it held and what was expected."""
    if value is None:
        return f"{field} {hint}".strip()
    text = str(value)
    short = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
    return f"{field} is {short!r} {hint}".strip()


def cut(value: object) -> str | None:
    """The text, at most as long as an index can hold, and without what no column can."""
    return None if value is None else str(value)[:512].replace("\0", "\N{SYMBOL FOR NULL}")


def spell(values: Mapping[str, Any], table: Table) -> str:
    """The CloudEvent that a row of an event frame stands for, as JSON text."""
    data = {
        name: value
        for name, value in values.items()
        if value is not None and name not in ENVELOPE and name != "extra"
    }
    extra = values.get("extra")
    if extra:
        data |= orjson.loads(extra)
    event = {
        "specversion": "1.0",
        "id": values.get("ce_id"),
        "source": values.get("ce_source"),
        "type": values.get("ce_type") or table.event_types[0],
        "subject": values.get("ce_subject"),
        "time": values.get("ce_time"),
        "data": data,
    }
    present = {name: value for name, value in event.items() if value is not None}
    return orjson.dumps(present, default=_plain).decode()


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)
