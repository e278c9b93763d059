"""Carrying out a mapping: rows of a file become event frames, and the things they name.

Pure: no file and no database. How a single value is read is in `columns`; whether the event is
acceptable is judged afterwards by the same rules as every other event.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import orjson
import polars as pl

from vigia.domain.dictionary import ColumnType, Table
from vigia.domain.telemetry.frames import ENVELOPE, MAX_EVENT_BYTES, rejected
from vigia.domain.telemetry.reasons import Reason
from vigia.ingest.columns import SourceColumns
from vigia.ingest.mapping import Mapping, Reference
from vigia.ingest.rows import FILE, LINE, MODIFIED, Chunk

KNOWN_SINCE = datetime(2000, 1, 1, tzinfo=UTC)
"""Time of the events that make the things a file names: before anything else is said of them, so
that a real register of sites or people always wins over a bare name, whichever comes first."""
MAPPING = "$mapping"
"""First key of a rejected row's JSON: the mapping that can read it again."""
_VIRTUAL = frozenset({LINE, FILE, MODIFIED})


@dataclass(frozen=True, slots=True)
class Mapped:
    """A chunk after its mapping.

    Attributes:
        events: The event frame of the mapping's table.
        references: Table to event frame of the things the events name, parents first.
        rejected: Rows that could not be mapped (`frames.REJECTED`), each kept as the JSON of
            its source columns, from which it can be mapped again.
    """

    events: pl.DataFrame
    references: dict[str, pl.DataFrame]
    rejected: pl.DataFrame


def apply_mapping(mapping: Mapping, chunk: Chunk, *, key: bytes) -> Mapped:
    """Turn rows into events.

    Args:
        mapping: What the columns mean.
        chunk: Rows whose columns `mapping.check_columns` has accepted.
        key: Secret of the keyed hashes.
    """
    rows = chunk.rows
    source = SourceColumns(rows, mapping, key)
    time = _time(mapping, source)
    events = pl.DataFrame([*_envelope(mapping, source, time), *_payload(mapping, source, time)])
    things = [_things(reference, source, mapping) for reference in mapping.reference]
    events = events.with_columns(_unused(mapping, source, events))
    good = pl.repeat(True, rows.height, dtype=pl.Boolean, eager=True)
    if source.problems:
        good = ~pl.int_range(rows.height, eager=True).is_in(list(source.problems))
    references: dict[str, pl.DataFrame] = {}
    for reference, found in zip(mapping.reference, things, strict=True):
        made = _distinct(reference, found.filter(good))
        known = references.get(reference.create)
        references[reference.create] = (
            made if known is None else pl.concat([known, made], how="diagonal")
        )
    bad = _rejections(mapping, source, events, rows)
    return Mapped(events.filter(good), references, rejected([*chunk.rejected, *bad]))


def hash_key(secret: bytes, tenant_id: UUID) -> bytes:
    """The secret of the keyed hashes: no two tenants or installations have comparable ones."""
    return hmac.new(secret, b"mapping" + tenant_id.bytes, sha256).digest()


def _time(mapping: Mapping, source: SourceColumns) -> pl.Series:
    time = source.value("time", mapping.time, ColumnType.TIMESTAMP)
    if mapping.time.then_by is None:
        return time
    counter = source.clean(mapping.time.then_by).cast(pl.Int64, strict=False).fill_null(0)
    return time + counter.cast(pl.Duration("ms"))


def _envelope(mapping: Mapping, source: SourceColumns, time: pl.Series) -> list[pl.Series]:
    height = len(time)
    columns = [
        source.rows[LINE].alias("line_no"),
        pl.repeat(mapping.source, height, dtype=pl.String, eager=True).alias("ce_source"),
        _identity(mapping, source).alias("ce_id"),
        pl.repeat(mapping.event, height, dtype=pl.String, eager=True).alias("ce_type"),
        time.alias("ce_time"),
    ]
    if mapping.subject is not None:
        columns.append(source.value("ce_subject", mapping.subject))
    if mapping.received_at is not None:
        columns.append(source.value("received_at", mapping.received_at, ColumnType.TIMESTAMP))
    return columns


def _identity(mapping: Mapping, source: SourceColumns) -> pl.Series:
    if mapping.identity == "row":
        names = sorted(c for c in source.rows.columns if c not in _VIRTUAL)
        return _digest(source.rows.select(pl.col(n).cast(pl.String) for n in names))
    parts = pl.DataFrame([source.clean(name).alias(name) for name in mapping.identity])
    for name in mapping.identity:
        for row in parts[name].is_null().arg_true().to_list():
            why = f"{name} is missing, which identifies a row for mapping {mapping.name}."
            source.problems.setdefault(row, (Reason.MISSING_FIELD, why))
    return parts.to_series() if parts.width == 1 else _digest(parts)


def _digest(frame: pl.DataFrame) -> pl.Series:
    """128 bits of SHA-256 of each row's names and values; missing values do not count."""
    named = [pl.lit(f"{name}\x1e") + pl.col(name) for name in frame.columns]
    joined = frame.select(pl.concat_str(named, separator="\x1f", ignore_nulls=True)).to_series()
    return pl.Series(
        [sha256(text.encode()).hexdigest()[:32] for text in joined.to_list()], dtype=pl.String
    )


def _payload(mapping: Mapping, source: SourceColumns, time: pl.Series) -> list[pl.Series]:
    kinds = {c.name: c.type for c in mapping.table.columns}
    return [
        source.value(name, value, kinds.get(name), latest=time)
        for name, value in {**mapping.columns, **mapping.extra}.items()
    ]


def _unused(mapping: Mapping, source: SourceColumns, events: pl.DataFrame) -> list[pl.Series]:
    """Source columns that nothing took, for `extra`, under names that mean nothing else."""
    ignored = {name.casefold() for name in mapping.ignore}
    taken = _reserved(mapping.table) | set(events.columns)
    rest = [
        name
        for name in source.rows.columns
        if name not in source.used | _VIRTUAL and name.casefold() not in ignored
    ]
    return [source.clean(n).alias(f"source_{n}" if n in taken else n) for n in rest]


def _reserved(table: Table) -> set[str]:
    return {c.name for c in table.all_columns} | set(ENVELOPE) | {"tenant_id", "extra", "row"}


def _things(reference: Reference, source: SourceColumns, mapping: Mapping) -> pl.DataFrame:
    """What each row says of the thing it names, one row per row."""
    kinds = {c.name: c.type for c in reference.table.columns}
    values = [source.value(n, v, kinds[n]) for n, v in reference.columns.items()]
    ce_source = pl.repeat(mapping.source, source.rows.height, dtype=pl.String, eager=True)
    return pl.DataFrame([ce_source.alias("ce_source"), *values])


def _distinct(reference: Reference, found: pl.DataFrame) -> pl.DataFrame:
    """One event per thing: the first row that names it."""
    key = reference.table.natural_key[0]
    things = found.filter(pl.col(key).is_not_null()).unique(key, keep="first", maintain_order=True)
    content = _digest(things.select(pl.col(c).cast(pl.String) for c in reference.columns))
    return things.with_columns(
        ce_id=things[key] + "/" + content.str.slice(0, 16),
        ce_type=pl.lit(f"vigia.{reference.create}.upserted.v1"),
        ce_time=pl.lit(KNOWN_SINCE),
        line_no=pl.lit(None, dtype=pl.Int64),
    )


def _rejections(
    mapping: Mapping, source: SourceColumns, events: pl.DataFrame, rows: pl.DataFrame
) -> list[dict[str, object]]:
    """Describe the rows with problems; texts are cut, so that no row is larger than an event."""
    found: list[dict[str, object]] = []
    for position, (reason, why) in sorted(source.problems.items()):
        row = rows.row(position, named=True)
        kept = {n: v for n, v in row.items() if v is not None and n != LINE}
        raw = orjson.dumps({MAPPING: mapping.name, **kept})
        found.append(
            {
                "line_no": row[LINE],
                "source": mapping.source,
                "source_event_id": events["ce_id"][position],
                "type": mapping.event,
                "reason_code": reason.value,
                "reason": why,
                "raw": raw[:MAX_EVENT_BYTES].decode("utf-8", "ignore"),
                "raw_bytes": len(raw),
                "received_at": events["ce_time"][position],
            }
        )
    return found
