"""The lake: Parquet files of telemetry whose day can no longer change, and their manifest.

A file is `tenant=<id>/table=<name>/day=<UTC day>/part-<n>.parquet`. Part 0 holds the day as it
was when it closed; what arrives later goes to further parts. No file is ever rewritten. Which
days are due belongs to `vigia.worker.archive`; reading lake and hot table as one belongs to
`vigia.store.telemetry`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import polars as pl

from vigia.domain.dictionary import Table
from vigia.domain.errors import VigiaError
from vigia.store.frames import polars_schema

if TYPE_CHECKING:
    import psycopg

ROW_GROUP = 131_072
"""Rows of a row group: small enough that one site's rows of a day touch few of them."""


class LakeError(VigiaError):
    """The lake cannot be written, or holds something else than was written."""


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


def in_order(table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows as a file holds them: `stored_columns`, by site and time."""
    order = [c for c in ("site_id", table.time, *table.key) if c in rows.columns]
    return rows.select(stored_columns(table).names()).sort(order, nulls_last=True)


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
        try:
            size, digest = self._write(in_order(table, frame), target)
        except OSError as error:
            with suppress(OSError):
                target.with_suffix(".tmp").unlink()
            raise LakeError(
                f"cannot write {target}: {error}. Free space or repair the folder's rights, then "
                "run the archive again; nothing was deleted and nothing is lost."
            ) from error
        return Part(tenant_id, table.name, day, number, frame.height, size, digest)

    def _write(self, rows: pl.DataFrame, target: Path) -> tuple[int, bytes]:
        """Write aside, make durable, rename; returns size and SHA-256."""
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_suffix(".tmp")
        rows.write_parquet(aside, compression="zstd", row_group_size=ROW_GROUP, statistics=True)
        with aside.open("rb") as file:
            os.fsync(file.fileno())
            digest = file_digest(file, "sha256").digest()
        size = aside.stat().st_size
        aside.rename(target)
        _sync_folders(target.parent, self.root)
        return size, digest

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

    def holds(self, part: Part) -> bool:
        """Say whether the file lies on the disk exactly as it was written."""
        try:
            with (self.root / part.path).open("rb") as file:
                return file_digest(file, "sha256").digest() == part.content_hash
        except FileNotFoundError:
            return False


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


def parts_of_day(
    connection: psycopg.Connection, tenant_id: UUID, table: str, day: date
) -> list[tuple[Part, bool]]:
    """Parts of a day in the manifest in order, each with whether it was verified."""
    rows = connection.execute(
        "SELECT part, row_count, byte_count, content_hash, verified_at IS NOT NULL"
        " FROM ops.lake_file WHERE tenant_id = %s AND table_name = %s AND day = %s ORDER BY part",
        [tenant_id, table, day],
    )
    return [
        (Part(tenant_id, table, day, number, count, size, digest), verified)
        for number, count, size, digest, verified in rows
    ]


def unsettled_days(
    connection: psycopg.Connection, tenant_id: UUID, table: Table, before: date
) -> list[date]:
    """UTC days before a day that hold hot rows which the verified parts may lack, oldest first.

    As long as nothing of a day was deleted, the hot rows are a superset of the archived ones,
    so equal counts mean equal sets. Where retention has deleted, every day that holds hot rows
    again is named.
    """
    rows = connection.execute(
        f"WITH hot AS (SELECT ({table.time} AT TIME ZONE 'UTC')::date AS day, count(*) AS rows"
        f"  FROM ops.{table.name} WHERE tenant_id = %(tenant)s AND {table.time} < %(before)s"
        "  GROUP BY 1), cold AS (SELECT day, sum(row_count) AS rows, bool_and(verified_at"
        "  IS NOT NULL) AS verified FROM ops.lake_file WHERE tenant_id = %(tenant)s"
        "  AND table_name = %(table)s GROUP BY 1)"
        " SELECT day FROM hot LEFT JOIN cold USING (day)"
        " WHERE hot.rows IS DISTINCT FROM cold.rows OR NOT cold.verified OR EXISTS (SELECT FROM"
        "  ops.retention_run r WHERE r.tenant_id = %(tenant)s AND r.record_type = %(table)s"
        "  AND r.day = hot.day AND r.verdict = 'deleted') ORDER BY day",
        {"tenant": tenant_id, "table": table.name, "before": f"{before.isoformat()}T00:00Z"},
    )
    return [day for (day,) in rows]


def record_part(connection: psycopg.Connection, part: Part, at: datetime) -> None:
    """Enter a written file into the manifest; readers ignore it until it is verified."""
    connection.execute(
        "INSERT INTO ops.lake_file (tenant_id, table_name, day, part, path, row_count,"
        " byte_count, content_hash, archived_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            *(part.tenant_id, part.table, part.day, part.number, part.path),
            *(part.row_count, part.byte_count, part.content_hash, at),
        ],
    )


def mark_verified(connection: psycopg.Connection, part: Part, at: datetime) -> None:
    """Let readers and retention rely on a file."""
    connection.execute(
        "UPDATE ops.lake_file SET verified_at = %s"
        " WHERE tenant_id = %s AND table_name = %s AND day = %s AND part = %s",
        [at, part.tenant_id, part.table, part.day, part.number],
    )


def forget_part(connection: psycopg.Connection, part: Part) -> None:
    """Take a file that never was verified out of the manifest."""
    connection.execute(
        "DELETE FROM ops.lake_file WHERE tenant_id = %s AND table_name = %s AND day = %s"
        " AND part = %s AND verified_at IS NULL",
        [part.tenant_id, part.table, part.day, part.number],
    )
