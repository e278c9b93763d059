"""Reads of the Findings page, and the moves that people make there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dashboards.data.source import database, read
from vigia.domain.findings.lifecycle import Actor, Life, Move, Party, Request
from vigia.domain.findings.types import OPEN, Severity
from vigia.store.connection import Role

if TYPE_CHECKING:
    import polars as pl

    from vigia.store.finding_evidence import SeenEvidence

SHOWN = {
    "Open": tuple(map(str, sorted(OPEN))),
    "Muted": ("suppressed",),
    "Closed": ("resolved", "false_positive", "superseded"),
}
ROLE = "controller"
"""As whom the page looks: there is no sign-in yet, so nobody sees more than a controller may."""
_RANK = "array_position(%(ranks)s::text[], f.severity)"
_COLUMNS = """
    f.finding_id, f.type, f.category, f.severity, f.state, f.evidence_state, f.message,
    f.detected_at, f.window_from, f.window_to, f.cleared_at, f.site_id, f.person_id,
    s.code AS site_code, f.figures, f.runbook_id, f.inhibited_by, f.policy_version
"""
_WHERE = """
    FROM ops.finding f LEFT JOIN ops.site s USING (tenant_id, site_id)
    WHERE f.state = ANY(%(states)s)
        AND (cardinality(%(categories)s::text[]) = 0 OR f.category = ANY(%(categories)s))
        AND (cardinality(%(severities)s::text[]) = 0 OR f.severity = ANY(%(severities)s))
        AND (%(search)s = '' OR s.code ILIKE %(like)s OR f.type ILIKE %(like)s
            OR f.message ILIKE %(like)s)
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which findings to show."""

    shown: str = "Open"
    categories: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    search: str = ""

    @property
    def parameters(self) -> dict[str, object]:
        """For the query."""
        return {
            "states": list(SHOWN[self.shown]),
            "categories": list(self.categories),
            "severities": list(self.severities),
            "search": self.search.strip(),
            "like": f"%{self.search.strip()}%",
            "ranks": [str(severity) for severity in Severity],
        }


def totals(tenant_id: UUID) -> pl.DataFrame:
    """One row: how many are open, how grave, how fast people notice, how often it was true."""
    return read(
        tenant_id,
        """
        SELECT count(*) AS findings,
            count(*) FILTER (WHERE state = ANY(%(open)s)) AS open,
            count(*) FILTER (WHERE state = ANY(%(open)s) AND severity = 'CRITICAL') AS critical,
            count(*) FILTER (WHERE state = 'suppressed') AS muted,
            count(*) FILTER (WHERE evidence_state = 'retracted') AS retracted,
            extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY closed_at - detected_at)
                FILTER (WHERE cleared_at IS NOT NULL)) / 60 AS median_open_min,
            count(verdict) AS judged,
            100.0 * count(*) FILTER (WHERE verdict = 'true_positive') / nullif(count(verdict), 0)
                AS true_pct
        FROM ops.finding
        """,
        {"open": list(SHOWN["Open"])},
    )


def by_day(tenant_id: UUID, zone: str) -> pl.DataFrame:
    """Findings raised a local day, by category; the newest four weeks."""
    return read(
        tenant_id,
        """
        SELECT (detected_at AT TIME ZONE %(zone)s)::date AS day, category, count(*) AS findings
        FROM ops.finding
        WHERE detected_at > (SELECT max(detected_at) FROM ops.finding) - interval '28 days'
        GROUP BY 1, 2 ORDER BY 1, 2
        """,
        {"zone": zone},
    )


def size(tenant_id: UUID, wanted: Wanted) -> int:
    """How many fit."""
    found = read(tenant_id, f"SELECT count(*) AS n {_WHERE}", wanted.parameters)
    return int(found["n"].item())


def page(tenant_id: UUID, wanted: Wanted, number: int, rows: int) -> pl.DataFrame:
    """One page of those that fit, the gravest and newest first."""
    return read(
        tenant_id,
        f"""
        SELECT {_COLUMNS} {_WHERE} ORDER BY {_RANK} DESC, f.detected_at DESC, f.finding_id
        LIMIT %(rows)s OFFSET %(offset)s
        """,
        {**wanted.parameters, "rows": rows, "offset": (number - 1) * rows},
    )


def one(tenant_id: UUID, finding_id: str) -> dict[str, Any] | None:
    """The finding of an id, as a row of `page`; None where there is none."""
    found = read(
        tenant_id,
        f"""
        SELECT {_COLUMNS} FROM ops.finding f LEFT JOIN ops.site s USING (tenant_id, site_id)
        WHERE f.finding_id::text = %s
        """,
        (finding_id,),
    )
    return found.row(0, named=True) if found.height else None


def events(tenant_id: UUID, finding_id: str) -> pl.DataFrame:
    """What became of a finding, in order."""
    return read(
        tenant_id,
        """
        SELECT done_at, event, move, from_value, to_value, party, actor, reason, confirmed_by
        FROM ops.finding_event WHERE finding_id = %s ORDER BY ordinal
        """,
        (finding_id,),
    )


def runbook(tenant_id: UUID, runbook_id: str) -> dict[str, Any] | None:
    """What to do about it."""
    found = read(
        tenant_id,
        """
        SELECT code, title, purpose, steps, done_when, escalation_sla_min, escalate_to
        FROM ops.runbook WHERE runbook_id = %s
        """,
        (runbook_id,),
    )
    return found.row(0, named=True) if found.height else None


def positions(tenant_id: UUID, row: dict[str, Any], zone: str) -> pl.DataFrame:
    """Positions of the finding's person, else of its site, in the time that shows it."""
    return read(
        tenant_id,
        """
        SELECT fix_time, lat, lon FROM ops.gps_fix
        WHERE site_id = %(site)s AND fix_time BETWEEN %(from)s AND %(to)s
            AND (%(person)s::uuid IS NULL OR person_id = %(person)s::uuid)
            AND valid IS NOT FALSE AND accuracy_m <= 100
        ORDER BY fix_time LIMIT 20000
        """,
        {
            "site": row["site_id"],
            "from": row["window_from"],
            "to": row["window_to"],
            "person": row["person_id"],
            "zone": zone,
        },
    )


def evidence(tenant_id: UUID, finding_id: str) -> list[SeenEvidence]:
    """What shows it, as far as a controller may see it."""
    from vigia.store.finding_evidence import evidence_of

    with database().transaction(Role.APP, tenant_id) as connection:
        return evidence_of(connection, tenant_id, UUID(finding_id), ROLE)


def life(tenant_id: UUID, finding_id: str) -> Life:
    """Where it is in the hands of people, read afresh."""
    from vigia.store.finding_moves import read_life

    with database().transaction(Role.APP, tenant_id) as connection:
        return read_life(connection, tenant_id, UUID(finding_id))


def move(
    tenant_id: UUID,
    finding_id: str,
    what: Move,
    who: str,
    reason: str = "",
    confirmed_by: str = "",
) -> None:
    """Make a move for a person; a move that is not allowed raises with why."""
    from vigia.store.finding_moves import move as make

    request = Request(
        what,
        Actor(Party.PERSON, who),
        datetime.now(UTC),
        reason=reason,
        confirmed_by=confirmed_by.strip() or None,
    )
    with database().transaction(Role.APP, tenant_id) as connection:
        make(connection, tenant_id, UUID(finding_id), request)
    read.clear()


def say_it_was_true(tenant_id: UUID, finding_id: str, who: str, reason: str) -> None:
    """Keep the verdict of a person that the finding was a case."""
    from vigia.store.finding_moves import Verdict, judge

    by = Request(Move.ACKNOWLEDGE, Actor(Party.PERSON, who), datetime.now(UTC), reason=reason)
    with database().transaction(Role.APP, tenant_id) as connection:
        judge(connection, tenant_id, UUID(finding_id), Verdict.TRUE_POSITIVE, by)
    read.clear()
