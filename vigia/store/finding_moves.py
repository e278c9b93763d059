"""The life of findings in Postgres: moves that people and the system make, verdicts, and the log.

Which moves there are belongs to `vigia.domain.findings.lifecycle`. Every change leaves a row of
`ops.finding_event`; nothing here deletes or edits one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from vigia.domain.errors import VigiaError
from vigia.domain.findings.categorise import resolve
from vigia.domain.findings.lifecycle import (
    IllegalMoveError,
    Life,
    Move,
    Request,
    moved,
)
from vigia.domain.findings.types import OPEN, Category, EvidenceState, State

if TYPE_CHECKING:
    import psycopg

LIFE_COLUMNS = (
    *("finding_id", "type", "category", "detected_at", "changed_at", "state"),
    *("evidence_state", "acknowledged_at", "closed_at"),
)
"""Columns of `ops.finding` that its life consists of, as `life_of` takes them."""
_LISTED = ", ".join(LIFE_COLUMNS)


class Verdict(StrEnum):
    """What a person says of a finding."""

    TRUE_POSITIVE = "true_positive"
    FALSE_POSITIVE = "false_positive"


class NoSuchFindingError(VigiaError):
    """A finding that the tenant does not have."""


def life_of(row: Sequence[Any]) -> Life:
    """The life of a finding from its stored columns."""
    finding, kind, category, detected, changed, state, evidence, noticed, closed = row
    return Life(
        finding,
        Category(category),
        detected.astimezone(UTC),
        changed.astimezone(UTC),
        State(state),
        EvidenceState(evidence),
        needs_two_people=resolve(kind).needs_two_people,
        acknowledged_at=noticed and noticed.astimezone(UTC),
        closed_at=closed and closed.astimezone(UTC),
    )


def read_life(connection: psycopg.Connection, tenant_id: UUID, finding: UUID) -> Life:
    """The life of one finding; nobody else can change it until the transaction ends.

    Raises:
        NoSuchFindingError: The tenant has none of that id.
    """
    row = connection.execute(
        f"SELECT {_LISTED} FROM ops.finding WHERE tenant_id = %s AND finding_id = %s FOR UPDATE",
        [tenant_id, finding],
    ).fetchone()
    if row is None:
        raise NoSuchFindingError(f"there is no finding {finding}")
    return life_of(row)


def move(connection: psycopg.Connection, tenant_id: UUID, finding: UUID, request: Request) -> Life:
    """Make a move and write it down.

    Args:
        connection: Inside a transaction; of the app role for a person's move.
        tenant_id: Whose finding.
        finding: Which.
        request: Who wants what, when and why.

    Returns:
        The finding's life afterwards.

    Raises:
        NoSuchFindingError: The tenant has none of that id.
        IllegalMoveError: The move is not allowed, or another finding tells the same by now.
    """
    life = read_life(connection, tenant_id, finding)
    after = moved(life, request)
    if after.state in OPEN and life.state not in OPEN:
        _refuse_a_second(connection, tenant_id, finding)
    change_states(connection, tenant_id, [(life, request)])
    if request.move is Move.REJECT:
        _keep_verdict(connection, tenant_id, finding, Verdict.FALSE_POSITIVE, request.at)
    return after


def judge(
    connection: psycopg.Connection, tenant_id: UUID, finding: UUID, verdict: Verdict, by: Request
) -> Life:
    """Write down what a person says of a finding; that it was no case rejects it.

    Args:
        connection: Inside a transaction.
        tenant_id: Whose finding.
        finding: Which.
        verdict: What the person says.
        by: Who, when and why; its move is not looked at.

    Raises:
        NoSuchFindingError: The tenant has none of that id.
        IllegalMoveError: No reason is given, or the finding cannot be rejected.
    """
    if verdict is Verdict.FALSE_POSITIVE:
        rejecting = Request(Move.REJECT, by.actor, by.at, by.reason, by.confirmed_by)
        return move(connection, tenant_id, finding, rejecting)
    life = read_life(connection, tenant_id, finding)
    if life.state is State.FALSE_POSITIVE:
        raise IllegalMoveError(
            "it was rejected as no case: reopen it before saying that it was one"
        )
    if not by.reason.strip():
        raise IllegalMoveError("a verdict takes a reason: it is what thresholds learn from")
    stage_events(connection)
    connection.execute(
        "INSERT INTO pg_temp.finding_change"
        " (finding_id, event, to_value, party, actor, done_at, reason, rank)"
        " VALUES (%s, 'verdict', %s, %s, %s, %s, %s, 6)",
        [finding, verdict, by.actor.party, by.actor.id, by.at, by.reason],
    )
    write_events(connection, tenant_id)
    _keep_verdict(connection, tenant_id, finding, verdict, by.at)
    return life


def change_states(
    connection: psycopg.Connection, tenant_id: UUID, moves: Iterable[tuple[Life, Request]]
) -> int:
    """Make moves that are allowed, each of another finding; returns how many."""
    made = [(life, moved(life, request), request) for life, request in moves]
    stage_events(connection)
    cursor = connection.cursor()
    cursor.executemany(
        "UPDATE ops.finding SET state = %s, changed_at = %s, acknowledged_at = %s, closed_at = %s,"
        " updated_at = %s, row_version = row_version + 1 WHERE tenant_id = %s AND finding_id = %s",
        [
            (
                *(after.state, after.changed_at, after.acknowledged_at, after.closed_at),
                *(request.at, tenant_id, life.finding),
            )
            for life, after, request in made
        ],
    )
    cursor.executemany(
        "INSERT INTO pg_temp.finding_change VALUES"
        " (%s, 'moved', %s, %s, %s, %s, %s, %s, %s, %s, %s, 5)",
        [
            (
                *(life.finding, asked.move, life.state, after.state, asked.actor.party),
                *(asked.actor.id, asked.at, asked.reason or None, asked.confirmed_by),
                asked.successor,
            )
            for life, after, asked in made
        ],
    )
    write_events(connection, tenant_id)
    return len(made)


def stage_events(connection: psycopg.Connection) -> None:
    """Make an empty table of the transaction for changes that are to be written down."""
    connection.execute(
        "CREATE TEMPORARY TABLE IF NOT EXISTS finding_change (finding_id uuid, event text,"
        " move text, from_value text, to_value text, party text, actor text,"
        " done_at timestamptz, reason text, confirmed_by text, successor_id uuid, rank integer)"
        " ON COMMIT DROP"
    )
    connection.execute("TRUNCATE pg_temp.finding_change")


def write_events(connection: psycopg.Connection, tenant_id: UUID) -> None:
    """Add what was staged to the log of each finding, after what is there."""
    connection.execute(
        """
        WITH last AS (
            SELECT finding_id, max(ordinal) AS ordinal FROM ops.finding_event
            WHERE tenant_id = %(tenant)s
                AND finding_id IN (SELECT finding_id FROM pg_temp.finding_change)
            GROUP BY finding_id
        )
        INSERT INTO ops.finding_event (tenant_id, finding_id, ordinal, event, move, from_value,
            to_value, party, actor, done_at, reason, confirmed_by, successor_id, runbook_id)
        SELECT %(tenant)s, c.finding_id, coalesce(last.ordinal, 0)
                + row_number() OVER (PARTITION BY c.finding_id ORDER BY c.done_at, c.rank),
            c.event, c.move, c.from_value, c.to_value, coalesce(c.party, 'system'),
            coalesce(c.actor, 'detection'), c.done_at, c.reason, c.confirmed_by,
            c.successor_id, f.runbook_id
        FROM pg_temp.finding_change c
        JOIN ops.finding f ON f.tenant_id = %(tenant)s AND f.finding_id = c.finding_id
        LEFT JOIN last ON last.finding_id = c.finding_id
        """,
        {"tenant": tenant_id},
    )
    connection.execute("TRUNCATE pg_temp.finding_change")


def _keep_verdict(
    connection: psycopg.Connection, tenant_id: UUID, finding: UUID, verdict: Verdict, at: datetime
) -> None:
    connection.execute(
        "UPDATE ops.finding SET verdict = %s, updated_at = %s, row_version = row_version + 1"
        " WHERE tenant_id = %s AND finding_id = %s",
        [verdict, at, tenant_id, finding],
    )


def _refuse_a_second(connection: psycopg.Connection, tenant_id: UUID, finding: UUID) -> None:
    """What is still going on has one open finding: a newer one of the same thing has to do."""
    row = connection.execute(
        "SELECT n.finding_id FROM ops.finding f JOIN ops.finding n USING (tenant_id, type,"
        " scope_kind, scope_id) WHERE f.tenant_id = %s AND f.finding_id = %s"
        " AND n.finding_id <> f.finding_id AND f.cleared_at IS NULL AND n.cleared_at IS NULL"
        " AND n.state = ANY(%s) LIMIT 1",
        [tenant_id, finding, [str(state) for state in OPEN]],
    ).fetchone()
    if row is not None:
        raise IllegalMoveError(f"finding {row[0]} tells the same and is open: work on that one")
