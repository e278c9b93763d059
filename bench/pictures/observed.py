"""What a picture needs of a world's observable stream: chosen tables, chosen fields, as frames.

Only the stream and the reference lists are read here. Lines that are no event, and values of the
wrong kind, are left out: a world sends some of both on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import polars as pl

_HEAD = {
    "table": pl.String(),
    "verb": pl.String(),
    "source": pl.String(),
    "site": pl.String(),
    "time": pl.String(),
    "received_at": pl.String(),
}
_START, _END = '{"specversion"', "}}"


@dataclass(frozen=True, slots=True)
class Want:
    """Events of one frame.

    Attributes:
        fields: Fields of `data`, and their types; instants are the texts of the event.
        table: The table; all tables when empty.
        mark: Text that the line must hold, such as a source.
    """

    fields: Mapping[str, pl.DataType] = field(default_factory=dict)
    table: str = ""
    mark: str = ""

    def lines(self, lines: pl.Series) -> pl.Series:
        """The lines that may be wanted."""
        for text in (f'"type":"vigia.{self.table}.' if self.table else "", self.mark):
            if text:
                lines = lines.filter(lines.str.contains(text, literal=True))
        return lines

    def row(self, line: str) -> tuple[Any, ...] | None:
        """The values of an event; None where the line is none."""
        try:
            event = orjson.loads(line)
            _, table, verb, _ = event["type"].split(".")
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return None
        data = event.get("data") or {}
        head = (event.get(name) for name in ("source", "subject", "time", "receivedtime"))
        return (table, verb, *head, *(data.get(name) for name in self.fields))


def observed(company: Path, wants: Mapping[str, Want]) -> dict[str, pl.DataFrame]:
    """Frames of events in the order of their arrival, in one pass over the stream.

    Args:
        company: Folder of one tenant in a world.
        wants: What is wanted, by name of the frame.

    Returns:
        By name: `table`, `verb`, `source`, `site`, `time`, `received_at` (UTC), and the fields.
    """
    rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in wants}
    for lines in _parts(company):
        for name, want in wants.items():
            rows[name] += [row for line in want.lines(lines) if (row := want.row(line))]
    return {name: _frame(want, rows[name]) for name, want in wants.items()}


def reference(company: Path, table: str) -> pl.DataFrame:
    """What exists of one kind, as its list says."""
    return pl.read_csv(company / "reference" / f"{table}.csv", infer_schema_length=None)


def instant(name: str) -> pl.Expr:
    """An instant that an event spells as text."""
    text = pl.col(name).str.strip_suffix("Z")
    found = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
    return found.dt.replace_time_zone("UTC")


def _frame(want: Want, rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    schema = {**_HEAD, **want.fields}
    frame = pl.DataFrame(rows, schema=schema, orient="row", strict=False)
    return frame.with_columns(instant("time"), instant("received_at")).drop_nulls("time")


def _parts(company: Path) -> Iterator[pl.Series]:
    """Lines that look like events, one part a day of arrival."""
    import pyarrow as pa

    for path in sorted((company / "events").glob("*.ndjson.zst")):
        with pa.input_stream(str(path), compression="zstd") as stream:
            lines = pl.Series(stream.read().decode(errors="replace").split("\n"))
        yield lines.filter(lines.str.starts_with(_START) & lines.str.ends_with(_END))
