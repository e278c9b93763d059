"""Findings in Postgres: what audits found is stored once, and brought up to date while it is open.

Set-wise, in order of id. What a finding is belongs to `vigia.domain.findings`; what people do with
one to `vigia.store.finding_moves`, what shows it to `vigia.store.finding_evidence`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import polars as pl

from vigia.domain.dictionary import Column, ColumnType, table
from vigia.domain.findings.lifecycle import Actor, Life, Move, Party, Request, refusal
from vigia.domain.findings.types import OPEN, State
from vigia.store.finding_moves import (
    LIFE_COLUMNS,
    change_states,
    life_of,
    stage_events,
    write_events,
)
from vigia.store.frames import fetch
from vigia.store.tiers import stage

if TYPE_CHECKING:
    import psycopg

_COLUMNS = table("finding").columns
_KEPT_BY_PEOPLE = frozenset(
    {
        *("verdict", "acknowledged_at", "closed_at", "changed_at"),
        *("created_at", "updated_at", "row_version"),
    }
)
GIVEN = tuple(column.name for column in _COLUMNS if column.name not in _KEPT_BY_PEOPLE)
"""What detection says of a finding; the rest is what becomes of it here."""
TOPIC = "finding.raised"
SYSTEM = "detection"
"""Who moves a finding where no person does."""
_LIVE = f"({', '.join(repr(str(s)) for s in sorted(OPEN | {State.SUPPRESSED}))})"


@dataclass(frozen=True, slots=True)
class Stored:
    """What storing did.

    Attributes:
        raised: Findings that are new.
        changed: Findings that were there and changed.
        moved: Moves that the system made: what cleared was resolved, what is muted was muted.
        ids: `finding_id` as given, and `stored_id` under which it is kept: an episode that another
            path named first keeps that name. Null where nothing is kept: somebody closed it.
    """

    raised: int
    changed: int
    moved: int
    ids: pl.DataFrame


def store_findings(
    connection: psycopg.Connection, tenant_id: UUID, rows: pl.DataFrame, *, at: datetime
) -> Stored:
    """Store what detection found; what was stored before and did not change is left alone.

    New ones are inserted. Open ones get their severity, evidence state, end, figures and message
    again; their names never change. Closed ones are never touched. What has cleared is resolved by
    the system where the rules of the lifecycle let it.

    Args:
        connection: Of the worker role, inside a transaction.
        tenant_id: Whose findings.
        rows: `GIVEN`, one row per episode; ids as text, JSON as text. `state` says whether
            detection mutes it: `new` or `suppressed`.
        at: The evaluation that says so.
    """
    # Two paths may find the same: the second waits, and finds it stored.
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 4))", [tenant_id.hex])
    values = {"tenant": tenant_id, "at": at}
    _stage_rows(connection, rows)
    connection.execute(_SAME_ID, values)
    # First what has cleared: it no longer stands in the way of the next episode of its scope.
    changed = connection.execute(_UPDATE, {**values, "all": False}).rowcount
    connection.execute(_SAME_SCOPE, values)
    raised = connection.execute(_INSERT, values).rowcount
    connection.execute(_SAME_SCOPE, values)
    changed += connection.execute(_UPDATE, {**values, "all": True}).rowcount
    write_events(connection, tenant_id)
    moved = _follow(connection, tenant_id, at)
    ids = fetch(connection, _IDS, values, [table("finding").column("finding_id"), _STORED])
    return Stored(raised, changed, moved, ids)


def open_findings(
    connection: psycopg.Connection, tenant_id: UUID, types: Sequence[str] | None = None
) -> pl.DataFrame:
    """Findings that somebody has still to do something about, muted ones included.

    Returns:
        Every column of the table, the worst and oldest first.
    """
    chosen = "" if types is None else " AND type = ANY(%(types)s)"
    return fetch(
        connection,
        f"SELECT {', '.join(c.name for c in _COLUMNS)} FROM ops.finding"
        f" WHERE tenant_id = %(tenant)s AND state IN {_LIVE}{chosen}"
        " ORDER BY array_position(ARRAY['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFO'], severity),"
        " detected_at, finding_id",
        {"tenant": tenant_id, "types": list(types or ())},
        _COLUMNS,
    )


def announce(
    connection: psycopg.Connection, tenant_id: UUID, rows: pl.DataFrame, now: datetime
) -> None:
    """Tell the other parts of the product of new findings, without personal data.

    Args:
        connection: Of the transaction that stores them.
        tenant_id: Whose.
        rows: Findings that are to be told.
        now: The wall clock.
    """
    from psycopg.types.json import Jsonb

    told = rows.select(
        *("finding_id", "type", "category", "severity", "site_id", "message"),
        detected_at=pl.col("detected_at").dt.to_string("iso:strict"),
    )
    connection.cursor().executemany(
        "INSERT INTO ops.outbox (tenant_id, topic, payload, created_at) VALUES (%s, %s, %s, %s)",
        [(tenant_id, TOPIC, Jsonb(row), now) for row in told.iter_rows(named=True)],
    )


_STORED = Column("stored_id", ColumnType.UUID, "finding it is kept as")
_IDS = "SELECT finding_id, stored_id FROM pg_temp.found ORDER BY finding_id"


def _stage_rows(connection: psycopg.Connection, rows: pl.DataFrame) -> None:
    columns = [table("finding").column(name) for name in GIVEN]
    stage(connection, "found", rows.select(GIVEN), [c.type for c in columns])
    connection.execute("ALTER TABLE pg_temp.found ADD COLUMN stored_id uuid")
    stage_events(connection)


_SAME_ID = """
    UPDATE pg_temp.found n SET stored_id = f.finding_id FROM ops.finding f
    WHERE f.tenant_id = %(tenant)s AND f.finding_id = n.finding_id
"""
# An episode that is still going on has one finding, whoever named it.
_SAME_SCOPE = f"""
    UPDATE pg_temp.found n SET stored_id = f.finding_id FROM ops.finding f
    WHERE n.stored_id IS NULL AND n.cleared_at IS NULL AND f.tenant_id = %(tenant)s
        AND f.type = n.type AND f.scope_kind = n.scope_kind AND f.scope_id = n.scope_id
        AND f.state IN {_LIVE} AND f.cleared_at IS NULL
"""
_EPISODE = "type, scope_kind, scope_id, CASE WHEN cleared_at IS NOT NULL THEN finding_id END"
_NAMES = ", ".join(GIVEN)
_VALUES = _NAMES.replace(" state,", " CASE category WHEN 'SAFETY' THEN 'new' ELSE state END,")
_INSERT = f"""
    WITH fresh AS (
        -- Of several that are still going on in one scope, the first.
        SELECT DISTINCT ON ({_EPISODE}) * FROM pg_temp.found WHERE stored_id IS NULL
        ORDER BY {_EPISODE}, episode_start, finding_id
    ), made AS (
        INSERT INTO ops.finding
            (tenant_id, {_NAMES}, changed_at, created_at, updated_at, row_version)
        SELECT %(tenant)s, {_VALUES}, detected_at, %(at)s, %(at)s, 1 FROM fresh
        ORDER BY finding_id RETURNING finding_id, severity, detected_at, cleared_at
    ), named AS (
        UPDATE pg_temp.found n SET stored_id = m.finding_id FROM made m
        WHERE n.finding_id = m.finding_id
    ), told AS (
        INSERT INTO pg_temp.finding_change (finding_id, event, to_value, done_at, rank)
        SELECT finding_id, 'detected', severity, detected_at, 0 FROM made
        UNION ALL SELECT finding_id, 'cleared', NULL, cleared_at, 3 FROM made
        WHERE cleared_at IS NOT NULL
    )
    SELECT finding_id FROM made
"""
# Nothing becomes provisional again, what has cleared stays so, and the end only moves on.
_NEWEST = {
    **{name: f"n.{name}" for name in ("category", "severity", "confidence", "message")},
    **{name: f"n.{name}" for name in ("runbook_id", "recommended", "inhibited_by", "figures")},
    "policy_version": "n.policy_version",
    "window_to": "greatest(o.window_to, n.window_to)",
    "cleared_at": "coalesce(o.cleared_at, n.cleared_at)",
    "evidence_state": "CASE WHEN n.evidence_state = 'provisional' THEN o.evidence_state"
    " ELSE n.evidence_state END",
}
_CHANGED = ", ".join(_NEWEST)
_AFTER = ", ".join(_NEWEST.values())
_BEFORE = ", ".join(f"o.{name}" for name in _NEWEST)
_UPDATE = f"""
    WITH old AS (
        SELECT * FROM ops.finding WHERE tenant_id = %(tenant)s AND state IN {_LIVE}
            AND finding_id IN (SELECT stored_id FROM pg_temp.found)
        ORDER BY finding_id FOR UPDATE
    ), newest AS (
        SELECT DISTINCT ON (stored_id) * FROM pg_temp.found
        WHERE stored_id IS NOT NULL AND (cleared_at IS NOT NULL OR %(all)s)
        ORDER BY stored_id, window_to DESC, finding_id
    ), made AS (
        UPDATE ops.finding f SET ({_CHANGED}) = ROW({_AFTER}),
            updated_at = %(at)s, row_version = o.row_version + 1
        FROM newest n JOIN old o ON o.finding_id = n.stored_id
        WHERE f.tenant_id = %(tenant)s AND f.finding_id = o.finding_id
            AND ROW({_BEFORE}) IS DISTINCT FROM ROW({_AFTER})
        RETURNING f.finding_id, f.severity, f.evidence_state, f.cleared_at,
            o.severity AS severity_before, o.evidence_state AS evidence_before,
            o.cleared_at AS cleared_before
    ), told AS (
        INSERT INTO pg_temp.finding_change
            (finding_id, event, from_value, to_value, done_at, rank)
        SELECT finding_id, 'judged', evidence_before, evidence_state, %(at)s, 1 FROM made
        WHERE evidence_before <> evidence_state
        UNION ALL SELECT finding_id, 'severity', severity_before, severity, %(at)s, 2 FROM made
        WHERE severity_before <> severity
        UNION ALL SELECT finding_id, 'cleared', NULL, NULL, cleared_at, 3 FROM made
        WHERE cleared_before IS NULL AND cleared_at IS NOT NULL
    )
    SELECT finding_id FROM made
"""


def _follow(connection: psycopg.Connection, tenant_id: UUID, at: datetime) -> int:
    """Make the moves that are the system's: resolve, mute, unmute; returns how many."""
    rows = connection.execute(_TOUCHED, {"tenant": tenant_id}).fetchall()
    found = [
        (life, request)
        for row in rows
        for life in [life_of(row[: len(LIFE_COLUMNS)])]
        for request in _wanted(life, at, *row[len(LIFE_COLUMNS) :])
        if refusal(life, request) is None
    ]
    return change_states(connection, tenant_id, found)


# One row per finding that was looked at, with what detection says of it now.
_TOUCHED = f"""
    SELECT DISTINCT ON (f.finding_id) {", ".join(f"f.{name}" for name in LIFE_COLUMNS)},
        f.cleared_at, n.state, e.party
    FROM pg_temp.found n JOIN ops.finding f
        ON f.tenant_id = %(tenant)s AND f.finding_id = n.stored_id
    LEFT JOIN LATERAL (
        SELECT e.party FROM ops.finding_event e
        WHERE e.tenant_id = f.tenant_id AND e.finding_id = f.finding_id AND e.event = 'moved'
        ORDER BY e.ordinal DESC LIMIT 1
    ) e ON true
    WHERE f.state IN {_LIVE}
    ORDER BY f.finding_id, n.window_to DESC
"""


def _wanted(
    life: Life, at: datetime, cleared_at: datetime | None, wish: str, mover: str | None
) -> Iterable[Request]:
    """The move, if any, that follows from what detection says now.

    What a person muted stays muted, and what a person works on is not muted under their hands.
    """
    actor, at = Actor(Party.SYSTEM, SYSTEM), max(at, life.changed_at)
    if cleared_at is not None:
        since = max(cleared_at, life.changed_at)
        yield Request(Move.RESOLVE, actor, since, "Its condition no longer holds.")
    elif wish == State.SUPPRESSED and life.state is State.NEW:
        yield Request(Move.SUPPRESS, actor, at, "Something else explains it.")
    elif wish != State.SUPPRESSED and life.state is State.SUPPRESSED and mover != Party.PERSON:
        yield Request(Move.RESTORE, actor, at, "What muted it is over.")
