"""Evidence of findings in Postgres: stored once, shown by role, kept while a finding is open.

A piece holds a snapshot of the values and names the rows they came from. What kinds there are and
who may see which belongs to `vigia.domain.findings`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from vigia.domain.dictionary import Table, table
from vigia.domain.findings.evidence import EVIDENCE, RedactionClass
from vigia.domain.findings.personal_data import ANYBODY, Scanner
from vigia.domain.findings.redaction import HIDDEN, VISIBLE, redacted
from vigia.domain.findings.types import ScopeKind
from vigia.domain.identity import name_uuid

if TYPE_CHECKING:
    import psycopg

# Nothing is over yet, so that what shows it must not go.
_NEEDED = "f.state IN ('new', 'acknowledged', 'in_progress', 'suppressed')"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence.

    Attributes:
        finding: What it shows.
        kind: From `EVIDENCE`.
        snapshot: The values as they were.
        refs: Table to keys of the rows they were taken from.
        about: Tells several pieces of a kind apart, such as a person's id.
        collected_at: When they were collected.
    """

    finding: UUID
    kind: str
    snapshot: Mapping[str, Any]
    refs: Mapping[str, Sequence[str]]
    collected_at: datetime
    about: str = ""

    @property
    def id(self) -> UUID:
        """The same piece has the same id, however often it is collected."""
        return name_uuid("evidence", self.finding.hex, self.kind, self.about)


@dataclass(frozen=True, slots=True)
class SeenEvidence:
    """A piece of evidence as a role sees it."""

    evidence_id: UUID
    kind: str
    snapshot: dict[str, Any]
    refs: dict[str, list[str]]
    collected_at: datetime


def store_evidence(
    connection: psycopg.Connection, tenant_id: UUID, pieces: Iterable[Evidence]
) -> int:
    """Attach evidence to findings; what is attached already stays as it was first seen.

    Args:
        connection: Inside a transaction.
        tenant_id: Whose findings.
        pieces: What was collected.

    Returns:
        How many pieces are new.
    """
    from psycopg.types.json import Jsonb

    rows = [
        (
            *(tenant_id, piece.id, piece.finding, piece.kind, str(EVIDENCE[piece.kind][0])),
            *(Jsonb(dict(piece.refs)), Jsonb(dict(piece.snapshot)), piece.collected_at),
        )
        for piece in sorted(pieces, key=lambda piece: piece.id)
    ]
    if not rows:
        return 0
    cursor = connection.cursor()
    cursor.executemany(
        "INSERT INTO ops.finding_evidence (tenant_id, evidence_id, finding_id, kind,"
        " redaction_class, refs, snapshot, collected_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        rows,
    )
    return max(cursor.rowcount, 0)


def evidence_of(
    connection: psycopg.Connection,
    tenant_id: UUID,
    finding: UUID,
    role: str,
    scanner: Scanner = ANYBODY,
) -> list[SeenEvidence]:
    """The evidence of a finding, as far as a role may see it.

    Args:
        connection: Inside a transaction.
        tenant_id: Whose finding.
        finding: Which.
        role: Of whoever looks; a role that nobody knows sees nothing.
        scanner: Looks through texts; one that knows the tenant's names sees more.
    """
    rows = connection.execute(
        "SELECT evidence_id, kind, snapshot, refs, collected_at FROM ops.finding_evidence"
        " WHERE tenant_id = %s AND finding_id = %s ORDER BY kind, evidence_id",
        [tenant_id, finding],
    )
    seen = [
        SeenEvidence(
            identity, kind, redacted(kind, snapshot, role, scanner), refs, at.astimezone(UTC)
        )
        for identity, kind, snapshot, refs, at in rows
        if EVIDENCE[kind][0] in VISIBLE.get(role, frozenset())
    ]
    return [piece for piece in seen if piece.snapshot]


def as_seen(row: Mapping[str, Any], role: str) -> dict[str, Any]:
    """A row of `ops.finding` as a role may see it; its figures are numbers that name nobody.

    Args:
        row: Some or all of its columns.
        role: Of whoever looks.
    """
    allowed = VISIBLE.get(role, frozenset())
    if RedactionClass.PLAIN not in allowed:
        return dict.fromkeys(row, HIDDEN)
    shown = dict(row)
    if RedactionClass.PERSON not in allowed:
        names = ["person_id"]
        if row.get("scope_kind") == ScopeKind.PERSON:
            names += ["scope_id", "dedup_key", "message"]
        shown |= {name: HIDDEN for name in names if shown.get(name) is not None}
    return shown


def is_cited(of: Table, row: str) -> str:
    """SQL that says whether evidence of a finding that is not over names a row of a table.

    Args:
        of: The table.
        row: Name of the row in the statement.
    """
    return (
        "EXISTS (SELECT FROM ops.finding_evidence v JOIN ops.finding f USING (tenant_id, finding_id)"
        f" WHERE v.tenant_id = {row}.tenant_id AND {_NEEDED}"
        f" AND v.refs->'{of.name}' ? {row}.{of.key[0]}::text)"
    )


def cites_any(connection: psycopg.Connection, tenant_id: UUID, name: str) -> bool:
    """Say whether evidence of a finding that is not over names any row of a table."""
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM ops.finding_evidence v JOIN ops.finding f"
        f" USING (tenant_id, finding_id) WHERE v.tenant_id = %s AND {_NEEDED} AND v.refs ? %s)",
        [tenant_id, table(name).name],
    ).fetchone()
    return bool(row and row[0])
