"""Examining what is stored: contracts of tables, and value suites over samples of days.

What is judged belongs to `vigia.quality`, its SQL to `vigia.store.quality`; when it runs is
orchestration's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING
from uuid import UUID

from vigia.domain.dictionary import TABLES, Kind, Table
from vigia.quality.contract import StoredColumn, StoredTable, violations
from vigia.quality.suites import Verdict, examine
from vigia.quality.usual import Profile, profile
from vigia.store import quality as store
from vigia.store.connection import Database, Role
from vigia.store.schema import PII_TABLES

if TYPE_CHECKING:
    import psycopg

SAMPLE_ROWS = 20_000
"""Rows examined of a table, tenant and range of days: enough to see a defect in one of a hundred."""
USUAL_DAYS = 7


@dataclass(frozen=True, slots=True)
class Examination:
    """What the suite of a table said about one tenant's rows of some UTC days."""

    tenant_id: UUID
    table: str
    first: date
    last: date
    row_count: int
    verdicts: tuple[Verdict, ...]

    @property
    def broken(self) -> tuple[Verdict, ...]:
        """The verdicts that failed."""
        return tuple(verdict for verdict in self.verdicts if not verdict.passed)


def input_tables() -> tuple[Table, ...]:
    """What events bring: observed facts, and things with a state; never the vault of personal data."""
    kinds = (Kind.RECORD, Kind.STATE)
    return tuple(t for t in TABLES.values() if t.kind in kinds and t.name not in PII_TABLES)


def metric_tables() -> tuple[Table, ...]:
    """The snapshots and their rollups."""
    return tuple(t for t in TABLES.values() if t.name.startswith("metric_") and "n" in _names(t))


def check_contracts(database: Database, names: Sequence[str]) -> dict[str, list[str]]:
    """Compare tables with the dictionary: table to what breaks its contract."""
    with database.transaction(Role.WORKER) as connection:
        columns = store.catalogue_columns(connection)
        checks = store.catalogue_checks(connection)
    stored = {
        name: StoredTable(
            {column: StoredColumn(*facts) for column, facts in found.items()},
            checks.get(name, {}),
        )
        for name, found in columns.items()
    }
    return {name: violations(TABLES[name], stored.get(name)) for name in names}


def check_values(
    database: Database,
    tables: Sequence[Table],
    *,
    days: tuple[date, date] | None,
    now: datetime,
) -> list[Examination]:
    """Run the suites of some tables over every tenant's rows and keep the verdicts.

    Args:
        database: Holds the rows and the verdicts.
        tables: Tables of the dictionary whose rows belong to a day.
        days: First and last UTC day to examine; each table's newest day when None.
        now: The wall clock, for the verdicts' books.

    Returns:
        One examination per tenant and table that has rows on those days, or had them before.
    """
    found = []
    with database.transaction(Role.WORKER) as connection:
        tenants = store.tenant_ids(connection)
    for tenant, table in product(tenants, tables):
        # Short transactions: an open one keeps the server from clearing dead rows.
        with database.transaction(Role.WORKER) as connection:
            examination = _examine(connection, tenant, table, days)
            if examination is not None:
                store.save_verdicts(connection, _rows(examination, now))
                found.append(examination)
    return found


def _examine(
    connection: psycopg.Connection, tenant: UUID, table: Table, days: tuple[date, date] | None
) -> Examination | None:
    newest = store.newest_day(connection, tenant, table)
    if newest is None:
        return None
    first, last = days or (newest, newest)
    counts = store.rows_per_day(connection, tenant, table, first, last)
    usual = _usual(connection, tenant, table, first)
    if not counts and usual is None:
        return None
    total = sum(counts.values())
    every = _every(total)
    verdicts = examine(
        table,
        store.sample_rows(connection, tenant, table, (first, last), every),
        usual=usual,
        day_count=max(1, len(counts)),
        share=1 / every,
    )
    verdicts += _references(connection, tenant, table, (first, last), total)
    verdicts += _numbers(connection, tenant, table, (first, last), total)
    return Examination(tenant, table.name, first, last, total, tuple(verdicts))


def _usual(
    connection: psycopg.Connection, tenant: UUID, table: Table, before: date
) -> Profile | None:
    """Profile the week before; things with a state are folded, so no week of theirs is usual."""
    if table.kind is Kind.STATE:
        return None
    window = (before - timedelta(days=USUAL_DAYS), before - timedelta(days=1))
    counts = store.rows_per_day(connection, tenant, table, *window)
    total = sum(counts.values())
    if not total:
        return None
    frame = store.sample_rows(connection, tenant, table, window, _every(total))
    return profile(table, frame, day_count=len(counts), total=total)


def _references(
    connection: psycopg.Connection, tenant: UUID, table: Table, days: tuple[date, date], total: int
) -> Iterator[Verdict]:
    for column, count in store.orphans(connection, tenant, table, *days).items():
        yield Verdict(f"{column}_exists", False, total, count)


def _numbers(
    connection: psycopg.Connection, tenant: UUID, table: Table, days: tuple[date, date], total: int
) -> Iterator[Verdict]:
    """Devices number what they send; a sample would miss most repeats, so all rows are counted."""
    if table.kind is Kind.RECORD and {"device_id", "boot_id", "seq"} <= _names(table):
        count = store.repeated_numbers(connection, tenant, table, *days)
        yield Verdict("numbers_are_unique", count == 0, total, count)


def _every(total: int) -> int:
    return max(1, -(-total // SAMPLE_ROWS))


def _rows(examination: Examination, now: datetime) -> Iterator[dict[str, object]]:
    for verdict in examination.verdicts:
        yield {
            "tenant_id": examination.tenant_id,
            "table_name": examination.table,
            "check_name": verdict.rule,
            "day": examination.last,
            "from_date": examination.first,
            "passed": verdict.passed,
            "examined_count": verdict.examined_count,
            "failed_count": verdict.failed_count,
            "sample": verdict.sample,
            "ran_at": now,
        }


def _names(table: Table) -> set[str]:
    return {column.name for column in table.columns}
