"""The history of thresholds in Postgres: what moved, who moved it and why, and putting it back.

The newest change of a threshold that nobody took back is in force. When one moves belongs to
`vigia.domain.findings.tuning`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from vigia.domain.errors import VigiaError
from vigia.domain.findings.tuning import Case, Change, Moved
from vigia.domain.identity import name_uuid

if TYPE_CHECKING:
    import psycopg


def in_force(connection: psycopg.Connection, tenant_id: UUID, at: datetime) -> dict[str, float]:
    """Name to value of every threshold of a tenant that was moved by an instant."""
    rows = connection.execute(
        "SELECT DISTINCT ON (name) name, new_value FROM ops.threshold_history"
        " WHERE tenant_id = %(tenant)s AND scope_kind = 'tenant' AND changed_at <= %(at)s"
        " AND (reverted_at IS NULL OR reverted_at > %(at)s)"
        " ORDER BY name, changed_at DESC",
        {"tenant": tenant_id, "at": at},
    )
    return dict(rows.fetchall())


def moves(connection: psycopg.Connection, tenant_id: UUID) -> dict[str, Moved]:
    """By name, when a threshold moved last and when it was put back last."""
    rows = connection.execute(
        "SELECT name, max(changed_at), max(reverted_at) FROM ops.threshold_history"
        " WHERE tenant_id = %s AND scope_kind = 'tenant' GROUP BY name",
        [tenant_id],
    )
    return {
        name: Moved(changed.astimezone(UTC), reverted and reverted.astimezone(UTC))
        for name, changed, reverted in rows
    }


def keep_change(
    connection: psycopg.Connection, tenant_id: UUID, change: Change, actor: str, at: datetime
) -> UUID:
    """Write a change down; from then on it is in force.

    Returns:
        Its id.
    """
    from psycopg.types.json import Jsonb

    identity = name_uuid("threshold", tenant_id.hex, change.dial.name, at.isoformat())
    connection.execute(
        "INSERT INTO ops.threshold_history (tenant_id, change_id, scope_kind, scope_id, name,"
        " old_value, new_value, reason, evidence_ref, actor, changed_at)"
        " VALUES (%s, %s, 'tenant', %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            *(tenant_id, identity, tenant_id, change.dial.name, change.old, change.new),
            *(change.reason, Jsonb(change.evidence), actor, at),
        ],
    )
    return identity


def take_back(
    connection: psycopg.Connection, tenant_id: UUID, change_id: UUID, by: str, at: datetime
) -> None:
    """Take a change back: what was in force before it is in force again.

    Raises:
        VigiaError: The tenant has no such change, or it was taken back before.
    """
    done = connection.execute(
        "UPDATE ops.threshold_history SET reverted_at = %s, reverted_by = %s"
        " WHERE tenant_id = %s AND change_id = %s AND reverted_at IS NULL",
        [at, by, tenant_id, change_id],
    )
    if done.rowcount == 0:
        raise VigiaError(f"there is no change {change_id} that could be taken back")


def history(connection: psycopg.Connection, tenant_id: UUID) -> list[dict[str, Any]]:
    """Every change of a tenant's thresholds, the newest first, as plain values."""
    rows = connection.execute(
        "SELECT change_id, name, old_value, new_value, reason, evidence_ref, actor, changed_at,"
        " reverted_at, reverted_by FROM ops.threshold_history WHERE tenant_id = %s"
        " ORDER BY changed_at DESC, name",
        [tenant_id],
    )
    return [
        {
            "change_id": str(identity),
            "name": name,
            "old": old,
            "new": new,
            "reason": reason,
            "evidence": evidence,
            "actor": actor,
            "changed_at": changed.astimezone(UTC).isoformat(),
            "reverted_at": reverted and reverted.astimezone(UTC).isoformat(),
            "reverted_by": by,
        }
        for identity, name, old, new, reason, evidence, actor, changed, reverted, by in rows
    ]


def judged_cases(
    connection: psycopg.Connection, tenant_id: UUID, kinds: Sequence[str], since: datetime
) -> list[Case]:
    """Findings of some types, raised since an instant, of which a person said what they were."""
    rows = connection.execute(
        "SELECT type, verdict = 'true_positive', figures, window_to - detected_at"
        " FROM ops.finding WHERE tenant_id = %s AND type = ANY(%s) AND detected_at >= %s"
        " AND verdict IS NOT NULL ORDER BY finding_id",
        [tenant_id, list(kinds), since],
    )
    minute = timedelta(minutes=1)
    return [
        Case(kind, is_true, figures, lasted / minute) for kind, is_true, figures, lasted in rows
    ]
