"""Audits in Postgres: schedules of sites, which slots are taken, episodes that are remembered.

Which slots are due belongs to `vigia.domain.findings.audit`, doing them to `vigia.worker.audit`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
import polars as pl

from vigia.domain.dictionary import Column, ColumnType, table
from vigia.domain.errors import VigiaError
from vigia.domain.findings.audit import DEFAULT, Cadence, Schedule, Threshold
from vigia.domain.findings.episodes import EPISODES
from vigia.domain.findings.rows import Names
from vigia.domain.findings.types import Severity
from vigia.domain.windows import SLOT, floor_to
from vigia.store.frames import fetch
from vigia.store.tiers import stage

if TYPE_CHECKING:
    import psycopg

_TAKEN = (("site_id", ColumnType.UUID), ("slot", ColumnType.TIMESTAMP), ("state", ColumnType.TEXT))
_EPISODE = table("episode").columns
_RULES = (
    *("enabled", "heartbeat_min", "audit_min", "deep_min", "critical_signals", "thresholds"),
    *("collect_evidence", "alert_on_finding", "alert_severity"),
)


@dataclass(frozen=True, slots=True)
class AuditedSite:
    """A site, how it is audited, and its newest slot of a cadence that was."""

    site_id: str
    schedule: Schedule
    last: datetime | None


def audited_sites(
    connection: psycopg.Connection, tenant_id: UUID, cadence: Cadence, at: datetime
) -> list[AuditedSite]:
    """Sites of a tenant that are neither suspended nor closed, in order of id.

    Args:
        connection: Of the worker role.
        tenant_id: Whose.
        cadence: Which audit.
        at: The tenant's now; the newest schedule that is in force then counts.
    """
    rules = ", ".join(f"c.{name}" for name in _RULES)
    rows = connection.execute(
        f"SELECT s.site_id::text, r.slot, c.valid_from, {rules} FROM ops.site s"
        " LEFT JOIN LATERAL (SELECT slot FROM ops.audit_run r WHERE r.tenant_id = s.tenant_id"
        "  AND r.site_id = s.site_id AND r.cadence = %(cadence)s ORDER BY slot DESC LIMIT 1) r"
        "  ON true"
        " LEFT JOIN LATERAL (SELECT * FROM ops.site_audit_schedule c"
        "  WHERE c.tenant_id = s.tenant_id AND c.site_id = s.site_id AND c.valid_from <= %(at)s"
        "  ORDER BY valid_from DESC LIMIT 1) c ON true"
        " WHERE s.tenant_id = %(tenant)s AND coalesce(s.status, 'active') IN ('active', 'onboarding')"
        " ORDER BY s.site_id",
        {"tenant": tenant_id, "cadence": cadence, "at": at},
    ).fetchall()
    return [
        AuditedSite(
            site,
            DEFAULT if valid_from is None else _schedule(dict(zip(_RULES, found, strict=True))),
            slot and slot.astimezone(UTC),
        )
        for site, slot, valid_from, *found in rows
    ]


def set_schedule(
    connection: psycopg.Connection,
    tenant_id: UUID,
    site_id: UUID,
    schedule: Schedule,
    *,
    by: str,
    at: datetime,
    reason: str = "",
) -> datetime:
    """Change how a site is audited, from the next slot on; what was in force before stays known.

    Args:
        connection: Inside a transaction.
        tenant_id: Whose site.
        site_id: Which.
        schedule: How it is audited.
        by: Who says so.
        at: When, by the tenant's clock.
        reason: Why.

    Returns:
        The first slot for which it is in force.

    Raises:
        VigiaError: The tenant has no such site.
    """
    from psycopg.types.json import Jsonb

    known = "SELECT FROM ops.site WHERE tenant_id = %s AND site_id = %s"
    if connection.execute(known, [tenant_id, site_id]).fetchone() is None:
        raise VigiaError(f"there is no site {site_id}")
    valid_from = floor_to(at, SLOT) + SLOT
    thresholds = {
        name: {"min_count": found.min_count, "window_min": found.window_min}
        for name, found in schedule.thresholds.items()
    }
    values = {name: getattr(schedule, name) for name in _RULES} | {
        "critical_signals": Jsonb(list(schedule.critical_signals)),
        "thresholds": Jsonb(thresholds),
        "alert_severity": str(schedule.alert_severity),
        "tenant_id": tenant_id,
        "site_id": site_id,
        "valid_from": valid_from,
        "changed_by": by,
        "changed_at": at,
        "reason": reason or None,
    }
    names = list(values)
    connection.execute(
        f"INSERT INTO ops.site_audit_schedule ({', '.join(names)})"
        f" VALUES ({', '.join(f'%({name})s' for name in names)})"
        " ON CONFLICT (tenant_id, site_id, valid_from) DO UPDATE SET"
        f" {', '.join(f'{name} = excluded.{name}' for name in names)}",
        values,
    )
    return valid_from


def _schedule(found: Mapping[str, Any]) -> Schedule:
    return Schedule(
        **{
            **found,
            "critical_signals": tuple(found["critical_signals"]),
            "thresholds": {name: Threshold(**each) for name, each in found["thresholds"].items()},
            "alert_severity": Severity(found["alert_severity"]),
        }
    )


def take_slots(
    connection: psycopg.Connection,
    tenant_id: UUID,
    cadence: Cadence,
    slots: pl.DataFrame,
    run: tuple[UUID, datetime],
) -> pl.DataFrame:
    """Take slots for this transaction; those that another one took are not given.

    Args:
        connection: Of the worker role, inside the transaction that does the audit: what it does
            not commit is free again.
        tenant_id: Whose.
        cadence: Which audit.
        slots: `site_id`, `slot`, `state` (done or missed).
        run: The run that takes them, and when it began.

    Returns:
        The rows that were free.
    """
    stage(connection, "slots_due", slots.select(n for n, _ in _TAKEN), [t for _, t in _TAKEN])
    columns = [Column(name, kind, "") for name, kind in _TAKEN]
    values = {"tenant": tenant_id, "cadence": cadence, "run": run[0], "began": run[1]}
    return fetch(
        connection,
        "INSERT INTO ops.audit_run (tenant_id, site_id, cadence, slot, run_id, state, started_at,"
        " duration_ms, finding_count)"
        " SELECT %(tenant)s, site_id, %(cadence)s, slot, %(run)s, state, %(began)s, 0, 0"
        " FROM pg_temp.slots_due ORDER BY site_id, slot ON CONFLICT DO NOTHING"
        " RETURNING site_id, slot, state",
        values,
        columns,
    ).sort("site_id", "slot")


def note_results(
    connection: psycopg.Connection,
    tenant_id: UUID,
    run_id: UUID,
    types: Sequence[str],
    duration: timedelta,
) -> None:
    """Enter into the rows of a run how long it took, and how many findings each slot raised.

    Args:
        connection: Of the transaction that took the slots.
        tenant_id: Whose.
        run_id: The run.
        types: Types of findings that it looked for.
        duration: How long the run took.
    """
    connection.execute(
        "UPDATE ops.audit_run r SET duration_ms = %s, finding_count = (SELECT count(*)"
        "  FROM ops.finding f WHERE f.tenant_id = r.tenant_id AND f.site_id = r.site_id"
        "  AND f.detected_at = r.slot AND f.type = ANY(%s))"
        " WHERE r.tenant_id = %s AND r.run_id = %s",
        [round(duration / timedelta(milliseconds=1)), list(types), tenant_id, run_id],
    )


def read_episodes(
    connection: psycopg.Connection, tenant_id: UUID, cleared_since: datetime
) -> pl.DataFrame:
    """`EPISODES` that are remembered: open ones, and those that cleared since an instant."""
    rows = fetch(
        connection,
        f"SELECT {', '.join(c.name for c in _EPISODE)} FROM ops.episode"
        " WHERE tenant_id = %(tenant)s AND (cleared_at IS NULL OR cleared_at >= %(since)s)"
        " ORDER BY type, scope_id, episode_start",
        {"tenant": tenant_id, "since": cleared_since},
        _EPISODE,
    )
    listed = pl.col("sites").str.json_decode(pl.List(pl.String))
    return rows.with_columns(listed).select(EPISODES.names()).cast(EPISODES)


def write_episodes(
    connection: psycopg.Connection, tenant_id: UUID, episodes: pl.DataFrame, forget: datetime
) -> None:
    """Remember episodes as they are now; those that cleared before an instant are forgotten.

    Args:
        connection: Of the worker role, inside a transaction.
        tenant_id: Whose.
        episodes: `EPISODES` that went on, began or ended.
        forget: Who cleared before it explains nothing any more.
    """
    names = [column.name for column in _EPISODE]
    sites = [None if s is None else orjson.dumps(s).decode() for s in episodes["sites"].to_list()]
    rows = episodes.with_columns(pl.Series("sites", sites, pl.String)).select(names)
    stage(connection, "episodes_now", rows, [column.type for column in _EPISODE])
    changes = ", ".join(f"{name} = excluded.{name}" for name in names)
    connection.execute(
        f"INSERT INTO ops.episode (tenant_id, {', '.join(names)})"
        f" SELECT %s, {', '.join(names)} FROM pg_temp.episodes_now"
        " ORDER BY type, scope_kind, scope_id, episode_start"
        " ON CONFLICT (tenant_id, type, scope_kind, scope_id, episode_start)"
        f" DO UPDATE SET {changes}",
        [tenant_id],
    )
    connection.execute(
        "DELETE FROM ops.episode WHERE tenant_id = %s AND cleared_at < %s", [tenant_id, forget]
    )


def names_of(
    connection: psycopg.Connection, tenant_id: UUID, scopes: Iterable[tuple[str, str]]
) -> Names:
    """What people call things: codes, and initials of people.

    Args:
        connection: Of the worker role.
        tenant_id: Whose.
        scopes: Kinds and ids; kinds that have no codes are passed over.
    """
    wanted: dict[str, list[str]] = {}
    for kind, identity in scopes:
        wanted.setdefault(kind, []).append(identity)
    found = {
        kind: _named(connection, tenant_id, query, wanted[kind])
        for kind, query in _CODES.items()
        if kind in wanted
    }
    initials = found.pop("person", {})
    return Names({k: v for each in found.values() for k, v in each.items()}, initials)


_CODES = {
    "site": "SELECT site_id::text, code FROM ops.site WHERE site_id = ANY(%s::uuid[])",
    "device": "SELECT device_id::text, code FROM ops.device WHERE device_id = ANY(%s::uuid[])",
    "post": "SELECT post_id::text, name FROM ops.post WHERE post_id = ANY(%s::uuid[])",
    "ticket": "SELECT ticket_id::text, number FROM ops.ticket WHERE ticket_id = ANY(%s::uuid[])",
    "person": "SELECT person_id::text, initials FROM ops.person WHERE person_id = ANY(%s::uuid[])",
}


def _named(
    connection: psycopg.Connection, tenant_id: UUID, query: str, ids: Sequence[str]
) -> dict[str, str]:
    rows = connection.execute(f"{query} AND tenant_id = %s", [list(ids), tenant_id]).fetchall()
    return {identity: name for identity, name in rows if name}
