"""State tables: the row of a thing is what its events, in the order they happened, add up to.

The journal (`ops.ingest_event`) keeps every change. Whatever order changes arrive in, the row
is always folded again from the thing's whole journal, so it cannot depend on that order.
Writing the journal itself belongs to `vigia.store.ingest`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from vigia.domain.dictionary import ColumnType, Table

if TYPE_CHECKING:
    import psycopg

_BUCKETS = 255


def lock_things(connection: psycopg.Connection, table: Table, stage: str) -> None:
    """Wait for other transactions that fold the same things, and make them wait for this one.

    Without it two transactions would each fold what the other has not committed yet, and the
    later commit would lose the earlier change. Things share a few locks, always taken in the
    same order: a lock per thing could exhaust the server's lock table.
    """
    connection.execute(
        f"""
        SELECT pg_advisory_xact_lock(hashtext(%(table)s), bucket) FROM (
            SELECT DISTINCT hashtext(entity_id::text) & {_BUCKETS} AS bucket
            FROM {stage} ORDER BY bucket
        ) AS buckets
        """,
        {"table": f"fold {table.name}"},
    )


def fold(
    connection: psycopg.Connection,
    tenant_id: UUID,
    table: Table,
    *,
    stage: str,
    marks: str,
    now: datetime,
) -> int:
    """Fold the things named in a staging table, and note which slots their changes touch.

    Args:
        connection: Inside a transaction that holds the locks of `lock_things`.
        tenant_id: Whose things they are.
        table: A state table.
        stage: Staging table with `entity_id` and `event_time` of the new events.
        marks: Temporary table (`site_id`, `at`) that instants are added to whose 5-minute slots
            are out of date.
        now: The time to note as created or updated.

    Returns:
        How many things are new.
    """
    row = connection.execute(
        _statement(table, stage, marks),
        {"tenant": tenant_id, "table": table.name, "now": now},
    ).fetchone()
    return int(row[0]) if row else 0


def lives(table: Table) -> bool:
    """Whether a thing of the table has a life that metrics follow, not only a description."""
    return table.verbs != ("upserted",)


def _statement(table: Table, stage: str, marks: str) -> str:
    key = table.key[0]
    names = [column.name for column in table.columns] + ["extra"]
    listed = ", ".join(names)
    changed = ", ".join(f"t.{name}" for name in [*names, "state_time"])
    offered = ", ".join(f"excluded.{name}" for name in [*names, "state_time"])
    update = ", ".join(f"{name} = excluded.{name}" for name in [*names, "state_time"])
    legal = " AND ".join(f"({condition}) IS NOT FALSE" for _, condition in table.checks) or "true"
    return f"""
    WITH touched AS (SELECT DISTINCT entity_id FROM {stage}),
    folded AS MATERIALIZED (
        SELECT e.entity_id, max(e.event_time) AS state_time,
               ops.jsonb_merge(e.payload ORDER BY e.event_time, e.event_id) AS payload
        FROM touched JOIN ops.ingest_event e USING (entity_id)
        WHERE e.tenant_id = %(tenant)s AND e.table_name = %(table)s
        GROUP BY e.entity_id
    ),
    new AS MATERIALIZED (
        SELECT {", ".join(f"r.{name}" for name in names)}, folded.state_time
        FROM folded, jsonb_populate_record(NULL::ops.{table.name}, folded.payload) AS r
        WHERE {legal}
    ){_marking(table, stage, marks)},
    written AS (
        INSERT INTO ops.{table.name} AS t
            (tenant_id, {listed}, state_time, created_at, updated_at, row_version)
        SELECT %(tenant)s, {listed}, state_time, %(now)s, %(now)s, 1 FROM new ORDER BY {key}
        ON CONFLICT (tenant_id, {key}) DO UPDATE
        SET {update}, updated_at = excluded.updated_at, row_version = t.row_version + 1
        WHERE ({changed}) IS DISTINCT FROM ({offered})
        RETURNING xmax = 0 AS created
    )
    SELECT count(*) FILTER (WHERE created) FROM written
    """


def _marking(table: Table, stage: str, marks: str) -> str:
    """The part of the statement that notes which slots are out of date.

    The statement sees the rows as they were before it writes, so old and new can be compared.
    """
    columns = {column.name: column for column in table.columns}
    if not lives(table) or "site_id" not in columns:
        return ""
    key = table.key[0]
    instants = [n for n, c in columns.items() if c.type is ColumnType.TIMESTAMP]
    pairs = ", ".join(f"(old.{name}, new.{name})" for name in [*instants, "state_time"])
    return f""",
    marked AS (
        INSERT INTO {marks} (site_id, at)
        SELECT mark.site_id, mark.at
        FROM new LEFT JOIN ops.{table.name} AS old
            ON old.tenant_id = %(tenant)s AND old.{key} = new.{key}
        CROSS JOIN LATERAL (VALUES {pairs}) AS pair (was, becomes)
        CROSS JOIN LATERAL (
            VALUES (old.site_id, pair.was), (new.site_id, pair.becomes)
        ) AS mark (site_id, at)
        WHERE (old.site_id, pair.was) IS DISTINCT FROM (new.site_id, pair.becomes)
          AND mark.site_id IS NOT NULL AND mark.at IS NOT NULL
        UNION ALL
        SELECT new.site_id, staged.event_time
        FROM {stage} AS staged JOIN new ON new.{key} = staged.entity_id
        WHERE new.site_id IS NOT NULL
    )"""
