"""Closing days: recorded telemetry that can no longer change goes to the lake, verified.

Safe to repeat and to kill at any point. A file without a manifest row is written again; a
manifest row that was never verified is verified, or written again; readers and retention see
verified files only. Deleting the hot rows belongs to `vigia.worker.retention`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import polars as pl

from vigia.domain.dictionary import TABLES, Kind, Table
from vigia.store import telemetry
from vigia.store.clock import tenant_now
from vigia.store.connection import Database, Role
from vigia.store.lake import (
    Lake,
    LakeError,
    Part,
    forget_part,
    in_order,
    mark_verified,
    parts_of_day,
    record_part,
    unsettled_days,
)

LATE_LIMIT = timedelta(hours=72)
"""How late an event may arrive; a day is closed once its end is further back than this."""

DAY = timedelta(days=1)


def archived_tables() -> tuple[Table, ...]:
    """The tables whose closed days go to the lake."""
    return tuple(t for t in TABLES.values() if t.kind is Kind.RECORD)


def archive_days(database: Database, lake: Lake, tenant_id: UUID, *, now: datetime) -> list[Part]:
    """Bring every closed day of a tenant into the lake; rows that came later into further parts.

    Args:
        database: Holds the hot rows and the manifest.
        lake: Where files go.
        tenant_id: Whose days. Their age is counted by the tenant's data clock.
        now: The wall clock, for the manifest's books.

    Returns:
        The parts that were written, in order; none when there was nothing to do.

    Raises:
        LakeError: A file cannot be written, or does not hold what was written to it.
    """
    with _one_at_a_time(database, tenant_id):
        due = _due_days(database, tenant_id, now)
        parts = (archive_day(database, lake, tenant_id, *which, now=now) for which in due)
        return [part for part in parts if part is not None]


def _due_days(database: Database, tenant_id: UUID, now: datetime) -> list[tuple[Table, date]]:
    with database.transaction(Role.WORKER) as connection:
        clock = tenant_now(connection, tenant_id, now)
        if clock is None:
            return []
        closed_before = (clock - LATE_LIMIT).astimezone(UTC).date()
        return [
            (table, day)
            for table in archived_tables()
            for day in unsettled_days(connection, tenant_id, table, closed_before)
        ]


@contextmanager
def _one_at_a_time(database: Database, tenant_id: UUID) -> Iterator[None]:
    """Keep a second archiver of the tenant waiting; a killed one lets go by itself."""
    with database.connect(Role.WORKER) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [tenant_id.hex])
        yield


def archive_day(
    database: Database, lake: Lake, tenant_id: UUID, table: Table, day: date, *, now: datetime
) -> Part | None:
    """Write the rows of a closed day that no verified part holds; None when there are none."""
    parts = _settle(database, lake, tenant_id, table, day, now=now)
    window = day_window(day)
    hot = telemetry.read(database, None, tenant_id, table.name, *window)
    keys = list(table.key)
    known = lake.scan(table, [part.path for part in parts]).select(keys).collect()
    missing = hot.join(known, on=keys, how="anti")
    if missing.is_empty():
        return None
    number = parts[-1].number + 1 if parts else 0
    part = lake.write(tenant_id, table, day, number, missing)
    with database.transaction(Role.WORKER) as connection:
        record_part(connection, part, now)
    if not is_faithful(lake, part, missing):
        raise LakeError(
            f"{part.path} does not read back as it was written; the disk may be failing. The "
            "rows stay in the database. Check the disk, then run the archive again."
        )
    with database.transaction(Role.WORKER) as connection:
        mark_verified(connection, part, now)
    return part


def _settle(
    database: Database, lake: Lake, tenant_id: UUID, table: Table, day: date, *, now: datetime
) -> list[Part]:
    """Verify or forget what a killed archiver left behind; returns the day's verified parts."""
    with database.transaction(Role.WORKER) as connection:
        parts = parts_of_day(connection, tenant_id, table.name, day)
    kept: list[Part] = []
    for part, verified in parts:
        faithful = verified or is_faithful(lake, part, _hot(database, part))
        with database.transaction(Role.WORKER) as connection:
            if not faithful:
                forget_part(connection, part)
            elif not verified:
                mark_verified(connection, part, now)
        if faithful:
            kept.append(part)
    return kept


def is_faithful(lake: Lake, part: Part, original: pl.DataFrame) -> bool:
    """Read a part back and compare it, row by row, with the hot rows it was made of.

    Args:
        lake: Where it lies.
        part: What the manifest says of it.
        original: Hot rows of its day, each once; those that it does not hold do not count
            against it, for they arrived after it was written.
    """
    table = TABLES[part.table]
    if not lake.holds(part):
        return False
    stored = lake.scan(table, [part.path]).collect()
    if original.height != part.row_count:
        keys = list(table.key)
        original = original.join(stored.select(keys), on=keys, how="semi")
    return stored.height == part.row_count and stored.equals(in_order(table, original))


def _hot(database: Database, part: Part) -> pl.DataFrame:
    """What the database holds of a part's day."""
    return telemetry.read(database, None, part.tenant_id, part.table, *day_window(part.day))


def day_window(day: date) -> tuple[datetime, datetime]:
    """First instant of a UTC day and of the next."""
    start = datetime.combine(day, time(), UTC)
    return start, start + DAY
