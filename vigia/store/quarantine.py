"""Events that were put aside: keeping, listing, claiming for another try, settling.

Belongs here: SQL on `ops.ingest_quarantine`. Judging events again is `vigia.ingest.quarantine`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import polars as pl

from vigia.domain.dictionary import TABLES
from vigia.domain.identity import name_uuid
from vigia.domain.telemetry.frames import MAX_EVENT_BYTES, REJECTED

if TYPE_CHECKING:
    import psycopg

_KEPT = (
    "line_no", "source", "source_event_id", "type", "raw", "raw_bytes", "reason_code", "reason",
    "received_at", "missing_table", "missing_id",
)  # fmt: skip


def keep(
    connection: psycopg.Connection,
    tenant_id: UUID,
    batch_id: UUID,
    rejected: pl.DataFrame,
    *,
    origin: str,
    mapping: str | None,
    now: datetime,
) -> None:
    """Put rejected events (`frames.REJECTED`) aside.

    The same event at the same place of the same origin is one row, however often it is sent:
    later tries are counted, and what somebody settled stays settled.
    """
    rows = [
        {
            **row,
            "q_id": _name(tenant_id, origin, row),
            "missing_id": UUID(bytes=row["missing_id"]) if row["missing_id"] else None,
            "tenant": tenant_id,
            "batch": batch_id,
            "mapping": mapping,
            "now": now,
        }
        for row in rejected.select(REJECTED.names()).iter_rows(named=True)
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(_KEEP, rows)


def page(
    connection: psycopg.Connection,
    tenant_id: UUID,
    *,
    reason_code: str | None = None,
    state: str = "open",
    limit: int = 50,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """One page of what was put aside, oldest first, as rows of `ops.ingest_quarantine`."""
    from psycopg.rows import dict_row

    cursor = connection.cursor(row_factory=dict_row)
    return cursor.execute(
        """
        SELECT q_id, line_no, source, source_event_id, type, left(raw, 500) AS raw, raw_bytes,
            reason_code, reason, first_at, attempts, state, resolver, mapping
        FROM ops.ingest_quarantine
        WHERE tenant_id = %(tenant)s AND state = %(state)s
            AND (%(reason)s::text IS NULL OR reason_code = %(reason)s)
        ORDER BY first_at, line_no, q_id LIMIT %(limit)s OFFSET %(offset)s
        """,
        {
            "tenant": tenant_id, "state": state, "reason": reason_code,
            "limit": limit, "offset": offset,
        },
    ).fetchall()  # fmt: skip


def count_by_reason(
    connection: psycopg.Connection, tenant_id: UUID, *, state: str = "open"
) -> dict[str, int]:
    """How many events wait, by reason code, most first."""
    rows = connection.execute(
        "SELECT reason_code, count(*) FROM ops.ingest_quarantine "
        "WHERE tenant_id = %s AND state = %s GROUP BY 1 ORDER BY 2 DESC, 1",
        [tenant_id, state],
    )
    return {str(code): int(count) for code, count in rows}


def claim(
    connection: psycopg.Connection,
    tenant_id: UUID,
    *,
    after: UUID | None,
    limit: int,
    reason_code: str | None = None,
    ids: Sequence[UUID] | None = None,
    only_answered: bool = False,
) -> list[dict[str, Any]]:
    """Lock the next open events for another try; other transactions pass over them.

    Events that were cut when they were kept are never tried: half an event is no event.

    Args:
        connection: Inside the transaction that will settle them.
        tenant_id: Whose events.
        after: Last id of the page before; ids are taken in order, so a walk ends.
        limit: At most this many.
        reason_code: Only events put aside for this reason.
        ids: Only these.
        only_answered: Only events that waited for a thing which exists by now.
    """
    from psycopg.rows import dict_row

    conditions = ["tenant_id = %(tenant)s", "state = 'open'", "raw_bytes <= %(whole)s"]
    if after is not None:
        conditions.append("q_id > %(after)s")
    if reason_code is not None:
        conditions.append("reason_code = %(reason)s")
    if ids is not None:
        conditions.append("q_id = ANY(%(ids)s)")
    if only_answered:
        conditions.append(_answered(connection, tenant_id))
    cursor = connection.cursor(row_factory=dict_row)
    return cursor.execute(
        f"""
        SELECT q_id, raw, received_at, mapping, reason_code, reason
        FROM ops.ingest_quarantine AS q
        WHERE {" AND ".join(conditions)}
        ORDER BY q_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
        """,
        {
            "tenant": tenant_id, "after": after, "reason": reason_code,
            "whole": MAX_EVENT_BYTES, "ids": list(ids or []), "limit": limit,
        },
    ).fetchall()  # fmt: skip


def settle(
    connection: psycopg.Connection,
    tenant_id: UUID,
    ids: Sequence[UUID],
    *,
    state: str,
    resolver: str,
) -> int:
    """Close open events as `replayed` or `discarded`; returns how many were open."""
    return connection.execute(
        """
        UPDATE ops.ingest_quarantine SET state = %s, resolver = %s,
            attempts = attempts + (%s = 'replayed')::int
        WHERE tenant_id = %s AND state = 'open' AND q_id = ANY(%s)
        """,
        [state, resolver, state, tenant_id, list(ids)],
    ).rowcount


def note_failures(
    connection: psycopg.Connection, tenant_id: UUID, failures: Mapping[UUID, Mapping[str, Any]]
) -> None:
    """Count another vain try, and keep the newest reason (a row of `frames.REJECTED` each)."""
    rows = [
        {
            "tenant": tenant_id,
            "q_id": q_id,
            "code": row["reason_code"],
            "reason": row["reason"],
            "table": row["missing_table"],
            "id": UUID(bytes=row["missing_id"]) if row["missing_id"] else None,
        }
        for q_id, row in failures.items()
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(
                """
                UPDATE ops.ingest_quarantine SET attempts = attempts + 1, reason_code = %(code)s,
                    reason = %(reason)s, missing_table = %(table)s, missing_id = %(id)s
                WHERE tenant_id = %(tenant)s AND q_id = %(q_id)s
                """,
                rows,
            )


def _answered(connection: psycopg.Connection, tenant_id: UUID) -> str:
    """SQL that is true for events whose missing thing exists by now."""
    waiting = connection.execute(
        "SELECT DISTINCT missing_table FROM ops.ingest_quarantine "
        "WHERE tenant_id = %s AND state = 'open' AND missing_table IS NOT NULL",
        [tenant_id],
    ).fetchall()
    tables = [TABLES[name] for (name,) in waiting if name in TABLES]
    found = [
        f"(missing_table = '{table.name}' AND EXISTS (SELECT FROM ops.{table.name} AS t "
        f"WHERE t.tenant_id = q.tenant_id AND t.{table.key[0]} = q.missing_id))"
        for table in tables
    ]
    return f"({' OR '.join(found)})" if found else "false"


def _name(tenant_id: UUID, origin: str, row: Mapping[str, Any]) -> UUID:
    parts = (row["line_no"], row["source"], row["source_event_id"], row["raw"])
    return name_uuid("quarantine", tenant_id.hex, origin, *(str(part) for part in parts))


_KEEP = f"""
    INSERT INTO ops.ingest_quarantine AS q
        (tenant_id, q_id, batch_id, first_at, attempts, state, mapping, {", ".join(_KEPT)})
    VALUES (%(tenant)s, %(q_id)s, %(batch)s, %(now)s, 1, 'open', %(mapping)s,
        {", ".join(f"%({name})s" for name in _KEPT)})
    ON CONFLICT (tenant_id, q_id) DO UPDATE SET attempts = q.attempts + 1,
        reason_code = excluded.reason_code, reason = excluded.reason,
        missing_table = excluded.missing_table, missing_id = excluded.missing_id
    WHERE q.state = 'open'
"""
