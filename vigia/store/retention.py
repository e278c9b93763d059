"""What retention reads and writes: policies, holds, decisions, and the deletion itself.

SQL only. What must be proved before anything is deleted belongs to `vigia.worker.proof`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal
from uuid import UUID

import polars as pl

from vigia.domain.dictionary import Table
from vigia.domain.dictionary import table as dictionary_table
from vigia.domain.identity import reference_id
from vigia.store.finding_evidence import cites_any, is_cited
from vigia.store.frames import fetch

if TYPE_CHECKING:
    import psycopg

Verdict = Literal["deleted", "kept_unverified", "kept_on_hold"]
Window = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about a day of records, and why."""

    record_type: str
    day: date
    verdict: Verdict
    deleted_count: int
    reason: str


@dataclass(frozen=True, slots=True)
class Past:
    """What was decided before.

    Attributes:
        deleted: Record type to days of which anything was ever deleted.
        newest: Newest verdict and reason of each record type and day.
    """

    deleted: dict[str, set[date]] = field(default_factory=dict)
    newest: dict[tuple[str, date], tuple[str, str]] = field(default_factory=dict)


def policies(connection: psycopg.Connection, tenant_id: UUID) -> dict[str, int]:
    """Record type to days it is kept; nothing for a tenant that keeps everything."""
    rows = connection.execute(
        "SELECT p.record_type, p.days FROM ops.retention_policy p"
        " JOIN ops.tenant t USING (tenant_id)"
        " WHERE tenant_id = %s AND t.retention_profile <> 'keep_all' AND p.days IS NOT NULL",
        [tenant_id],
    )
    return dict(rows.fetchall())


def past_decisions(connection: psycopg.Connection, tenant_id: UUID) -> Past:
    """Every decision so far, as far as later ones depend on it."""
    past = Past()
    for record_type, day, verdict, reason in connection.execute(
        "SELECT record_type, day, verdict, reason FROM ops.retention_run"
        " WHERE tenant_id = %s ORDER BY decided_at",
        [tenant_id],
    ):
        past.newest[record_type, day] = (verdict, reason)
        if verdict == "deleted":
            past.deleted.setdefault(record_type, set()).add(day)
    return past


def hold_on(
    connection: psycopg.Connection, tenant_id: UUID, record_type: str, window: Window
) -> str | None:
    """Why a day of records must not be deleted by order; None when there is no such order."""
    row = connection.execute(
        "SELECT reason FROM ops.legal_hold WHERE tenant_id = %s AND released_at IS NULL"
        " AND coalesce(record_type, %s) = %s AND coalesce(from_at, '-infinity') < %s"
        " AND coalesce(to_at, 'infinity') > %s LIMIT 1",
        [tenant_id, record_type, record_type, window[1], window[0]],
    ).fetchone()
    return row[0] if row else None


def days_before(
    connection: psycopg.Connection, tenant_id: UUID, table: Table, before: date
) -> list[date]:
    """Days before a day that hold rows, oldest first: UTC days, or local days of `metric_1d`."""
    if table.name == "metric_1d":
        query = "SELECT DISTINCT local_date FROM ops.metric_1d WHERE tenant_id = %s"
        query += " AND local_date < %s ORDER BY 1"
    else:
        time = time_column(table)
        query = (
            f"SELECT DISTINCT ({time} AT TIME ZONE 'UTC')::date FROM ops.{table.name}"
            f" WHERE tenant_id = %s AND {time} < (%s::date)::timestamp AT TIME ZONE 'UTC' ORDER BY 1"
        )
    return [day for (day,) in connection.execute(query, [tenant_id, before])]


def time_column(table: Table) -> str:
    """The instant by which rows of a table age."""
    return table.time or "slot"


def has_marks(connection: psycopg.Connection, tenant_id: UUID, window: Window) -> bool:
    """Say whether any derived row of a window is out of date."""
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM ops.dirty_slot"
        " WHERE tenant_id = %s AND slot >= %s AND slot < %s)",
        [tenant_id, *window],
    ).fetchone()
    return bool(row and row[0])


def keys_between(
    connection: psycopg.Connection, tenant_id: UUID, table: Table, window: Window
) -> pl.DataFrame:
    """Keys of the hot rows of a window."""
    return fetch(
        connection,
        f"SELECT {', '.join(table.key)} FROM ops.{table.name} WHERE tenant_id = %(tenant)s"
        f" AND {time_column(table)} >= %(from)s AND {time_column(table)} < %(to)s",
        {"tenant": tenant_id, "from": window[0], "to": window[1]},
        [table.column(name) for name in table.key],
    )


def tier_rows(
    connection: psycopg.Connection,
    tenant_id: UUID,
    tier: str,
    window: Window,
    metrics: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Stored aggregates of a window; days are chosen by their date, both ends included.

    Returns:
        `site_id`, `metric`, `at` (instant, or date for `metric_1d`), `n`, and `sum`, `min`,
        `max` in whole millionths.
    """
    table = dictionary_table(tier)
    at = table.key[-1]
    low, high = (window[0].date(), window[1].date()) if at == "local_date" else window
    names = ["site_id", "metric", at, "n", "sum", "min", "max"]
    upper = "<=" if at == "local_date" else "<"
    chosen = "" if metrics is None else " AND metric = ANY(%(metrics)s)"
    rows = fetch(
        connection,
        f"SELECT {', '.join(names)} FROM ops.{tier} WHERE tenant_id = %(tenant)s"
        f" AND {at} >= %(from)s AND {at} {upper} %(to)s{chosen}",
        {"tenant": tenant_id, "from": low, "to": high, "metrics": list(metrics or ())},
        [table.column(name) for name in names],
    )
    return rows.rename({at: "at"}).with_columns(pl.col("sum", "min", "max").to_physical())


def delete_day(connection: psycopg.Connection, tenant_id: UUID, table: Table, day: date) -> int:
    """Delete a tenant's rows of a day that the transaction's snapshot sees; returns how many.

    What evidence of a finding names that is not over stays.
    """
    if table.name == "metric_1d":
        where = "local_date = %(day)s"
    else:
        time = time_column(table)
        where = (
            f"{time} >= (%(day)s::date)::timestamp AT TIME ZONE 'UTC'"
            f" AND {time} < (%(day)s::date + 1)::timestamp AT TIME ZONE 'UTC'"
        )
    kept = ""
    if cites_any(connection, tenant_id, table.name):
        kept = f" AND NOT {is_cited(table, 't')}"
    cursor = connection.execute(
        f"DELETE FROM ops.{table.name} t WHERE tenant_id = %(tenant)s AND {where}{kept}",
        {"tenant": tenant_id, "day": day},
    )
    return cursor.rowcount


def record_decision(
    connection: psycopg.Connection, tenant_id: UUID, decision: Decision, at: datetime
) -> None:
    """Enter a decision into the books."""
    name = f"{decision.record_type}:{decision.day}:{at.isoformat()}"
    connection.execute(
        "INSERT INTO ops.retention_run (tenant_id, run_id, record_type, day, decided_at,"
        " deleted_count, verdict, reason) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (tenant_id, run_id) DO UPDATE SET verdict = excluded.verdict,"
        " deleted_count = ops.retention_run.deleted_count + excluded.deleted_count,"
        " reason = excluded.reason",
        [
            *(tenant_id, reference_id(tenant_id, "retention_run", name), decision.record_type),
            *(decision.day, at, decision.deleted_count, decision.verdict, decision.reason),
        ],
    )


def drop_empty_partitions(
    connection: psycopg.Connection, table: Table, days: Sequence[date]
) -> int:
    """Drop partitions of some days that hold no row of any tenant; returns how many."""
    if not table.partitioned or not days:
        return 0
    row = connection.execute(
        "SELECT ops.drop_empty_partitions(%s, %s::date[])", [table.name, list(days)]
    ).fetchone()
    return int(row[0]) if row else 0
