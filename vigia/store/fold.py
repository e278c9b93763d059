"""State tables: the row of a thing is what its events, in the order they happened, add up to.

The journal (`ops.ingest_event`) keeps every change. Whatever order changes arrive in, the row is
what a fold of the thing's whole journal gives, so it cannot depend on that order. Where all that
is new happened after all that was known, adding it to the row gives the same for a tenth of the
work: `extend`. Whatever else there is goes through `fold`. Writing the journal itself belongs to
`vigia.store.ingest`; what was measured, to docs/decisions/0011.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import polars as pl

from vigia.domain.dictionary import ColumnType, Kind, Table
from vigia.domain.telemetry.merging import ENTITY, FIRST, LAST, merged
from vigia.store.copy import copy_in

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
        _folding(table, stage, marks),
        {"tenant": tenant_id, "table": table.name, "now": now},
    ).fetchone()
    return int(row[0]) if row else 0


def extend(
    connection: psycopg.Connection,
    tenant_id: UUID,
    table: Table,
    changes: pl.DataFrame,
    *,
    stage: str,
    marks: str,
    now: datetime,
) -> tuple[int, list[UUID]]:
    """Add new events to the rows of those things all of whose known events are older.

    Args:
        connection: As for `fold`.
        tenant_id: As for `fold`.
        table: A state table and ...
        changes: ... new events of it, for which `extends` holds.
        stage: As for `fold`; it holds exactly these events.
        marks: As for `fold`.
        now: As for `fold`.

    Returns:
        How many things are new, and the things that are left to `fold`.
    """
    columns = latest_columns(table)
    latest = merged(changes)
    names = [name for name in columns if name in latest.columns]
    # The journal knows no negative zero: JSON numbers of PostgreSQL have none.
    number = pl.selectors.float()
    plain = pl.when(number == 0).then(number.abs()).otherwise(number)
    staged = latest.select(names).with_columns(plain)
    copy_in(connection, latest_stage(table), staged, [columns[name] for name in names])
    row = connection.execute(
        _extending(table, names, stage, marks), {"tenant": tenant_id, "now": now}
    ).fetchone()
    return (int(row[0]), row[1] or []) if row else (0, [])


def extensible(table: Table) -> bool:
    """Whether every row of the table is the fold of its whole journal.

    A row is not while changes that break a rule of the table are left out, and descriptions may
    come from elsewhere.
    """
    return table.kind is Kind.STATE and lives(table) and not table.checks


def extends(table: Table, changes: pl.DataFrame) -> bool:
    """Whether `extend` gives what `fold` gives.

    A JSON null unsets a column in the journal's way of adding up, and in no other.
    """
    if not extensible(table):
        return False
    content = changes["content"].struct.unnest()
    loose = [c.name for c in table.all_columns if c.type is ColumnType.JSON]
    return not any(
        (content[name].str.strip_chars() == "null").any()
        for name in loose
        if name in content.columns
    )


def lives(table: Table) -> bool:
    """Whether a thing of the table has a life that metrics follow, not only a description."""
    return table.verbs != ("upserted",)


def latest_stage(table: Table) -> str:
    """The temporary table that `extend` fills; its owner empties it before."""
    return f"pg_temp.latest_{table.name}"


def latest_columns(table: Table) -> dict[str, ColumnType]:
    """The columns of that table."""
    about = {ENTITY: ColumnType.UUID, FIRST: ColumnType.TIMESTAMP, LAST: ColumnType.TIMESTAMP}
    own = {c.name: c.type for c in table.columns if c.name != table.key[0]}
    return about | own | {"extra": ColumnType.JSON}


def _folding(table: Table, stage: str, marks: str) -> str:
    # Each thing's own events, by the index on things. The planner knows little of a journal that
    # grew a moment ago: free to choose, it has been seen to read all of it for every thing.
    names = [*(column.name for column in table.columns), "extra"]
    legal = " AND ".join(f"({condition}) IS NOT FALSE" for _, condition in table.checks) or "true"
    return f"""
    WITH touched AS (SELECT DISTINCT entity_id FROM {stage}),
    folded AS MATERIALIZED (
        SELECT touched.entity_id, journal.* FROM touched CROSS JOIN LATERAL (
            SELECT max(e.event_time) AS state_time,
                   ops.jsonb_merge(e.payload ORDER BY e.event_time, e.event_id) AS payload
            FROM ops.ingest_event e
            WHERE e.tenant_id = %(tenant)s AND e.entity_id = touched.entity_id
              AND (e.table_name = %(table)s) IS TRUE
        ) AS journal WHERE journal.state_time IS NOT NULL
    ),
    new AS MATERIALIZED (
        SELECT {", ".join(f"r.{name}" for name in names)}, folded.state_time
        FROM folded, jsonb_populate_record(NULL::ops.{table.name}, folded.payload) AS r
        WHERE {legal}
    ){_marking(table, stage, marks)}{_writing(table, names)}
    SELECT count(*) FILTER (WHERE created) FROM written
    """


def _extending(table: Table, staged: list[str], stage: str, marks: str) -> str:
    key, latest = table.key[0], latest_stage(table)
    told = [name for name in staged if name not in (ENTITY, FIRST, LAST)]
    own = [key, *told]
    added = "".join(f", coalesce(s.{name}, t.{name}) AS {name}" for name in told)
    if "site_id" not in told and any(column.name == "site_id" for column in table.columns):
        own, added = [*own, "site_id"], f"{added}, t.site_id"
    return f"""
    WITH new AS MATERIALIZED (
        SELECT s.{ENTITY} AS {key}, s.{LAST}{added}
        FROM {latest} AS s
        LEFT JOIN ops.{table.name} AS t ON t.tenant_id = %(tenant)s AND t.{key} = s.{ENTITY}
        WHERE t.{key} IS NULL OR t.state_time < s.{FIRST}
    ){_marking(table, stage, marks, told)}{_writing(table, own)}
    SELECT (SELECT count(*) FILTER (WHERE created) FROM written),
           (SELECT array_agg(s.{ENTITY}) FROM {latest} AS s
            WHERE NOT EXISTS (SELECT FROM new WHERE new.{key} = s.{ENTITY}))
    """


def _writing(table: Table, names: list[str]) -> str:
    """The part of the statement that brings `new` into the table."""
    key = table.key[0]
    listed = ", ".join(names)
    changing = [*names, "state_time"]
    changed = ", ".join(f"t.{name}" for name in changing)
    offered = ", ".join(f"excluded.{name}" for name in changing)
    update = ", ".join(f"{name} = excluded.{name}" for name in changing)
    return f""",
    written AS (
        INSERT INTO ops.{table.name} AS t
            (tenant_id, {listed}, state_time, created_at, updated_at, row_version)
        SELECT %(tenant)s, {listed}, state_time, %(now)s, %(now)s, 1 FROM new ORDER BY {key}
        ON CONFLICT (tenant_id, {key}) DO UPDATE
        SET {update}, updated_at = excluded.updated_at, row_version = t.row_version + 1
        WHERE ({changed}) IS DISTINCT FROM ({offered})
        RETURNING xmax = 0 AS created
    )"""


def _marking(table: Table, stage: str, marks: str, told: Sequence[str] | None = None) -> str:
    """The part of the statement that notes which slots are out of date.

    The statement sees the rows as they were before it writes, so old and new can be compared.

    Args:
        table: The state table.
        stage: Staging table of the new events.
        marks: Where to.
        told: Columns that `new` has and that may differ from the row's; all when missing.
    """
    columns = {column.name: column for column in table.columns}
    if not lives(table) or "site_id" not in columns:
        return ""
    key = table.key[0]
    instants = [n for n, c in columns.items() if c.type is ColumnType.TIMESTAMP]
    changing = {*(instants if told is None else told), "state_time"}
    pairs = ", ".join(
        f"(old.{name}, {'new' if name in changing else 'old'}.{name})"
        for name in [*instants, "state_time"]
    )
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
