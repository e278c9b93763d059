"""Rows of text as they come out of any file, before a mapping gives them meaning.

Belongs here: the shape that every reader yields. Does not belong here: a file format
(`delimited`, `readers`) or what a column means (`mapping`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import orjson
import polars as pl

from vigia.domain.telemetry.frames import MAX_EVENT_BYTES
from vigia.domain.telemetry.reasons import Reason

LINE = "$line"
"""Virtual column: physical line (or record) number in the file, from 1."""
FILE = "$file"
"""Virtual column: the file's name without folders and endings."""
MODIFIED = "$modified"
"""Virtual column: when the file was last changed; says which of two registers is newer."""


class ByteStream(Protocol):
    """What is needed of an open file; `read1` hands out what is there and never waits for more."""

    def read1(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a file.

    Attributes:
        rows: One String column per column of the file, and `$line` (Int64); null where a row
            has no value. Values are as written: missing markers and blanks are the mapping's.
        rejected: What could not be read as a row: rows of `frames.REJECTED`.
    """

    rows: pl.DataFrame
    rejected: list[dict[str, object]] = field(default_factory=list)


Chunks = Iterator[Chunk]


def unreadable(
    line_no: int, why: str, raw: bytes | str, length: int | None = None
) -> dict[str, object]:
    """Describe a piece of a file that is no row; the text is cut at 64 KiB."""
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    size = len(raw) if length is None else length
    code = Reason.TOO_LARGE if size > MAX_EVENT_BYTES else Reason.MALFORMED
    kept = text[:MAX_EVENT_BYTES].replace("\x00", "\N{SYMBOL FOR NULL}")
    return {
        "line_no": line_no,
        "reason_code": code.value,
        "reason": why,
        "raw": kept,
        "raw_bytes": size,
    }


def text_of(value: object) -> str | None:
    """Spell a JSON value as text; objects and lists stay JSON.

    >>> text_of(True), text_of(1.5), text_of({"a": 1}), text_of(None)
    ('true', '1.5', '{"a":1}', None)
    """
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value, default=str).decode()
