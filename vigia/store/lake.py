"""The lake: Parquet files of telemetry whose day can no longer change, and their manifest.

A file is `tenant=<id>/table=<name>/day=<UTC day>/part-<n>.parquet`. Part 0 holds the day as it
was when it closed; what arrives later goes to further parts. No file is ever rewritten. Which
days are due belongs to `vigia.worker.archive`; reading lake and hot table as one belongs to
`vigia.store.telemetry`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import polars as pl

from vigia.domain.dictionary import Table
from vigia.store.frames import polars_schema

if TYPE_CHECKING:
    import psycopg

ROW_GROUP = 131_072
"""Rows of a row group: small enough that one site's rows of a day touch few of them."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the lake as the manifest knows it."""

    tenant_id: UUID
    table: str
    day: date
    number: int
    row_count: int
    byte_count: int
    content_hash: bytes

    @property
    def path(self) -> str:
        """Place of the file under the lake's root."""
        return part_path(self.tenant_id, self.table, self.day, self.number)


def part_path(tenant_id: UUID, table: str, day: date, number: int) -> str:
    """Place of a part under the lake's root."""
    return f"tenant={tenant_id}/table={table}/day={day.isoformat()}/part-{number}.parquet"


def stored_columns(table: Table) -> pl.Schema:
    """Columns of a lake file: the table's, without the tenant that the path names."""
    return polars_schema([c for c in table.all_columns if c.name != "tenant_id"])


@dataclass(frozen=True, slots=True)
class Lake:
    """A folder of Parquet files.

    Attributes:
        root: The folder; made with the first file.
    """

    root: Path

    def write(
        self, tenant_id: UUID, table: Table, day: date, number: int, frame: pl.DataFrame
    ) -> Part:
        """Write a part so that a crash leaves either the whole file or none.

        Args:
            tenant_id: Whose rows.
            table: Table of the dictionary that they belong to.
            day: UTC day of all rows.
            number: 0 for the archive of the day, more for what came later.
            frame: Rows with `stored_columns`, in any order.
        """
        target = self.root / part_path(tenant_id, table.name, day, number)
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_suffix(".tmp")
        order = [c for c in ("site_id", table.time, *table.key) if c in frame.columns]
        frame.select(stored_columns(table).names()).sort(order, nulls_last=True).write_parquet(
            aside, compression="zstd", row_group_size=ROW_GROUP, statistics=True
        )
        with aside.open("rb") as file:
            os.fsync(file.fileno())
            digest = file_digest(file, "sha256").digest()
        size = aside.stat().st_size
        aside.rename(target)
        _sync_folders(target.parent, self.root)
        return Part(tenant_id, table.name, day, number, frame.height, size, digest)

    def scan(self, table: Table, paths: Sequence[str]) -> pl.LazyFrame:
        """Read parts lazily; filters and column choices are pushed down into the files.

        A file written before the dictionary gained a column reads as null there.
        """
        schema = stored_columns(table)
        if not paths:
            return pl.LazyFrame(schema=schema)
        return pl.scan_parquet(
            [self.root / path for path in paths],
            schema=schema,
            missing_columns="insert",
            extra_columns="ignore",
            hive_partitioning=False,
        )

    def content_hash(self, path: str) -> bytes:
        """SHA-256 of a file as it lies on the disk now."""
        with (self.root / path).open("rb") as file:
            return file_digest(file, "sha256").digest()


def _sync_folders(folder: Path, root: Path) -> None:
    """Make the rename durable: a folder's entries survive a power cut only once synced."""
    while True:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        if folder == root:
            return
        folder = folder.parent


def verified_paths(
    connection: psycopg.Connection, tenant_id: UUID, table: str, first: date, last: date
) -> list[str]:
    """Places of the verified parts of some UTC days, both ends included."""
    rows = connection.execute(
        "SELECT path FROM ops.lake_file WHERE tenant_id = %s AND table_name = %s"
        " AND day BETWEEN %s AND %s AND verified_at IS NOT NULL ORDER BY day, part",
        [tenant_id, table, first, last],
    )
    return [path for (path,) in rows]


def part_numbers(
    connection: psycopg.Connection, tenant_id: UUID, table: str, day: date
) -> dict[int, datetime | None]:
    """Parts of a day in the manifest, with when each was verified."""
    rows = connection.execute(
        "SELECT part, verified_at FROM ops.lake_file"
        " WHERE tenant_id = %s AND table_name = %s AND day = %s ORDER BY part",
        [tenant_id, table, day],
    )
    return dict(rows.fetchall())
