"""A world's stream as the product's rules look at it, without a database.

Lines go through the same reading and judging as any delivery (`vigia.ingest`, `normalise`), so
what would be put aside is not looked at here either; repeats are dropped as the store drops them.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import polars as pl

from vigia.domain.dictionary import Kind, table
from vigia.domain.identity import tenant_id
from vigia.domain.telemetry.clock import ClockRule
from vigia.domain.telemetry.normalise import normalise
from vigia.domain.watch.facts import WANTED, Facts, schema, shaped
from vigia.ingest.envelope import parse_events
from vigia.simulator.emit.files import EVENTS, REFERENCE

_LONG_AFTER = datetime(2100, 1, 1, tzinfo=UTC)
"""The wall clock when a history is read: nothing of it lies ahead."""


def read_facts(company: Path, workers: int = 1, since: date | None = None) -> Facts:
    """Everything that a company's stream says and that rules look at.

    Args:
        company: Folder of one tenant in a world.
        workers: Processes that read.
        since: First day of arrival; what exists is read whatever its day. All days without one.
    """
    tenant = tenant_id(company.name)
    paths = [
        path
        for path in sorted((company / EVENTS).glob("*.ndjson.zst"))
        if since is None or path.name.startswith(REFERENCE) or path.name[:10] >= since.isoformat()
    ]
    parts: dict[str, list[pl.DataFrame]] = {name: [] for name in WANTED}
    for frames in _read(paths, tenant, workers):
        for name, frame in frames.items():
            parts[name].append(frame)
    return Facts(tenant, {name: _joined(name, found) for name, found in parts.items()})


def _read(paths: list[Path], tenant: UUID, workers: int) -> Iterator[dict[str, pl.DataFrame]]:
    if workers <= 1:
        yield from (read_part(path, tenant) for path in paths)
        return
    # Not by forking: threads of Polars would hold locks that nobody opens in the child.
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(read_part, paths, [tenant] * len(paths))


def read_part(path: Path, tenant: UUID) -> dict[str, pl.DataFrame]:
    """Accepted events of one file by table, as `shaped` takes them, with their `event_id`."""
    import pyarrow as pa

    with pa.OSFile(str(path)) as file:
        lines = bytes(pa.CompressedInputStream(file, "zstd").read()).split(b"\n")
    found = {}
    for name, frame in parse_events(lines, received_at=None).frames.items():
        if name in WANTED:
            accepted = normalise(
                frame, table(name), tenant_id=tenant, clock=ClockRule(_LONG_AFTER)
            ).accepted
            found[name] = _rows(name, accepted)
    return found


def _rows(name: str, accepted: pl.DataFrame) -> pl.DataFrame:
    if table(name).kind is Kind.STATE:
        # The type of the event is its verb; a column of that name is what the thing itself says.
        own = [c for c in accepted.columns if c in ("source", "site_id", "event_id")]
        verb = pl.col("type").str.split(".").list.get(2).alias("verb")
        head = accepted.select("received_at", pl.col("event_time").alias("at"), verb, *own)
        content = accepted["content"].struct.unnest()
        extra = [c for c in content.columns if c in schema(name) and c not in head.columns]
        return head.with_columns(content.select(extra))
    kept = [c for c in accepted.columns if c in schema(name) and c != "received_at"]
    return accepted.select("received_at", pl.col("event_time").alias("at"), "event_id", *kept)


def _joined(name: str, parts: list[pl.DataFrame]) -> pl.DataFrame:
    if not parts:
        return pl.DataFrame(schema=schema(name))
    rows = pl.concat(parts, how="diagonal_relaxed")
    once = rows.sort("received_at", maintain_order=True).unique(
        "event_id", keep="first", maintain_order=True
    )
    return shaped(name, once)
