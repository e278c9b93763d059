"""Reading the observable stream of a world: no more of each event than a plain rule looks at.

Belongs here: lines to frames, with only the fields that are asked for, and what exists at the start.
Does not belong here: judging an event (`vigia.ingest` does that) or reading the truth (`truth`).

Lines are read by patterns and not as JSON: a world holds millions of them, some of them no JSON at
all on purpose, and a quotation mark inside a text is always escaped, so no text can pose as a field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from vigia.simulator.emit.files import EVENTS, REFERENCE
from vigia.simulator.truth import INSTANT

Fields = Mapping[str, tuple[str, ...]]
"""By table, the fields of `data` that are wanted."""

_WHOLE = r'^\{"specversion":"1\.0","id":"[^"]*","source":"[^"]*","type":"vigia\..*\}\}$'
_TYPE = r'"type":"vigia\.(\w+)\.(\w+)\.v1"'
_NUMBERS = frozenset({"lat", "lon", "steps_delta"})
_INSTANTS = frozenset({"due_at"})
_REFERENCE = ("site", "geofence", "calendar", "holiday", "device", "post")


@dataclass(frozen=True, slots=True)
class Reference:
    """What exists before the first event.

    Attributes:
        rows: By table, the data of its events, in the order of the stream; values as in JSON.
    """

    rows: dict[str, list[dict[str, Any]]]

    def codes(self, table: str, name: str) -> list[str]:
        """The values of one column."""
        return [row[name] for row in self.rows[table]]


def read_reference(company: Path) -> Reference:
    """What a company has: sites, fences, hours, holidays, devices, posts.

    Args:
        company: Folder of one tenant in a world.
    """
    rows: dict[str, list[dict[str, Any]]] = {table: [] for table in _REFERENCE}
    for line in _lines(company / EVENTS / f"{REFERENCE}.ndjson.zst").drop_nulls():
        event = orjson.loads(line)
        table = event["type"].split(".")[1]
        if table in rows:
            rows[table].append(event["data"] | {"_subject": event.get("subject")})
    return Reference(rows)


def parts(company: Path) -> Iterator[pl.Series]:
    """The lines of the stream, one part a day of arrival, in the order of arrival."""
    for path in sorted((company / EVENTS).glob("*.ndjson.zst")):
        if not path.name.startswith(REFERENCE):
            yield _lines(path)


def _lines(path: Path) -> pl.Series:
    """Lines that are one whole event; what is cut or strange in its form is left out."""
    import pyarrow as pa

    with pa.OSFile(str(path)) as file:
        text = pa.CompressedInputStream(file, "zstd").read()
    lines = pl.Series("line", bytes(text).decode(errors="replace").split("\n"), dtype=pl.String)
    return lines.filter(lines.str.contains(_WHOLE))


def events(lines: pl.Series, fields: Fields) -> dict[str, pl.DataFrame]:
    """Events by table, in the order of the lines.

    Args:
        lines: Whole events, one a line.
        fields: What is wanted of which table.

    Returns:
        For every wanted table `received_at`, `time`, `site` (null without a subject), `source`,
        `verb`, and the wanted fields: texts, but for numbers and instants. Under the empty name,
        `received_at` and `site` of every event of any table.
    """
    head = lines.to_frame("line").with_columns(
        pl.col("line").str.extract(_TYPE, 1).alias("table"),
        pl.col("line").str.extract(_TYPE, 2).alias("verb"),
        _instant("receivedtime").alias("received_at"),
        _text("subject").alias("site"),
    )
    head = head.filter(pl.col("received_at").is_not_null())
    found = {"": head.select("received_at", "site")}
    for table, names in fields.items():
        mine = head.filter(pl.col("table") == table)
        found[table] = mine.select(
            "received_at",
            _instant("time").alias("time"),
            "site",
            _text("source").alias("source"),
            "verb",
            *(_value(name) for name in names),
        )
    return found


def _value(name: str) -> pl.Expr:
    if name in _NUMBERS:
        number = pl.col("line").str.extract(rf'"{name}":(-?[\d.]+)')
        return number.cast(pl.Float64, strict=False).alias(name)
    return (_instant(name) if name in _INSTANTS else _text(name)).alias(name)


def _text(name: str) -> pl.Expr:
    return pl.col("line").str.extract(rf'"{name}":"([^"]*)"')


def _instant(name: str) -> pl.Expr:
    """An instant; null where there is none, or none that can be read."""
    text = pl.col("line").str.extract(rf'"{name}":"([^"]*)Z"')
    return text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False).cast(INSTANT)
