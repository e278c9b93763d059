"""Service levels in Postgres: policies and calendars, what clocks are computed from, the clocks.

SQL only. The rules belong to `vigia.domain.response.sla`; when clocks are refreshed to
`vigia.worker.sla`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import polars as pl

from vigia.domain.calendar import Calendar, DayKind, read_hours
from vigia.domain.dictionary import Column, ColumnType, table
from vigia.domain.identity import reference_id
from vigia.domain.response.policy import SlaPolicy
from vigia.domain.response.sla import SlaClocks
from vigia.store.frames import fetch
from vigia.store.tiers import stage

if TYPE_CHECKING:
    import psycopg

SINCE_EVER = "1970-01-01T00:00Z"
"""State time of rows made from the default policy: whatever an event says is newer."""

_OPEN = "SELECT subject_id FROM ops.sla_clock WHERE tenant_id = %(tenant)s AND stopped_at IS NULL"


@dataclass(frozen=True, slots=True)
class SlaInputs:
    """What clocks are computed from; the frames are those of `domain.response.sla`."""

    tickets: pl.DataFrame
    changes: pl.DataFrame
    targets: pl.DataFrame
    calendars: list[Calendar]


def ensure_policy(connection: psycopg.Connection, tenant_id: UUID, policy: SlaPolicy) -> UUID:
    """Give a tenant the rows of a policy that it lacks; rows it has are never touched.

    Returns:
        The policy's id, which tickets follow whose client has no policy of its own.
    """
    from psycopg.types.json import Jsonb

    hours = policy.calendar
    calendar_id = reference_id(tenant_id, "calendar", hours.code)
    policy_id = reference_id(tenant_id, "sla_policy", policy.code)
    cursor = connection.cursor()
    cursor.execute(
        "INSERT INTO ops.calendar (tenant_id, calendar_id, code, name, tz, hours, state_time)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [
            *(tenant_id, calendar_id, hours.code, hours.name, hours.tz),
            *(Jsonb({str(day): list(map(list, s)) for day, s in hours.hours.items()}), SINCE_EVER),
        ],
    )
    cursor.executemany(
        "INSERT INTO ops.holiday (tenant_id, holiday_id, calendar_id, holiday_on, kind, state_time)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [
            (
                *(tenant_id, reference_id(tenant_id, "holiday", f"{hours.code}:{day}")),
                *(calendar_id, day, kind, SINCE_EVER),
            )
            for day, kind in hours.holidays.items()
        ],
    )
    cursor.execute(
        "INSERT INTO ops.sla_policy (tenant_id, policy_id, code, name, calendar_id, state_time)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [tenant_id, policy_id, policy.code, policy.name, calendar_id, SINCE_EVER],
    )
    cursor.executemany(
        "INSERT INTO ops.sla_target (tenant_id, target_id, policy_id, priority, category,"
        " first_response_min, resolve_min, at_risk_pct, round_the_clock, state_time)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [
            (
                *(tenant_id, reference_id(tenant_id, "sla_target", f"{policy.code}:{t.code}")),
                *(policy_id, t.priority, t.category, t.first_response_min, t.resolve_min),
                *(t.at_risk_pct, t.round_the_clock, SINCE_EVER),
            )
            for t in policy.targets
        ],
    )
    return policy_id


def read_inputs(
    connection: psycopg.Connection,
    tenant_id: UUID,
    policy_id: UUID,
    changed_since: datetime | None = None,
) -> SlaInputs:
    """Read what the clocks of a tenant's tickets are computed from.

    Args:
        connection: Of the worker role, inside a transaction.
        tenant_id: Whose tickets.
        policy_id: Policy of tickets whose client has none.
        changed_since: Only tickets whose row was written since, and those with an open clock;
            all when missing.
    """
    which = ""
    if changed_since is not None:
        which = f" AND (t.updated_at >= %(since)s OR t.ticket_id IN ({_OPEN}))"
    values = {"tenant": tenant_id, "policy": policy_id, "since": changed_since}
    tickets = fetch(connection, _TICKETS + which, values, _TICKET_COLUMNS)
    changes = fetch(
        connection,
        "SELECT e.entity_id, e.event_time, e.event_id, e.payload->>'status',"
        " e.payload->>'priority' FROM ops.ingest_event e JOIN ops.ticket t"
        " ON t.tenant_id = e.tenant_id AND t.ticket_id = e.entity_id"
        f" WHERE e.tenant_id = %(tenant)s AND e.table_name = 'ticket'{which}",
        values,
        _CHANGE_COLUMNS,
    )
    targets = fetch(
        connection,
        "SELECT policy_id, priority, category, first_response_min, resolve_min, round_the_clock"
        " FROM ops.sla_target WHERE tenant_id = %(tenant)s",
        values,
        [table("sla_target").column(name) for name in _TARGET_NAMES],
    )
    calendars, numbers = _calendars(connection, tenant_id, tickets)
    tickets = tickets.join(numbers, on=["calendar_id", "tz"], nulls_equal=True)
    return SlaInputs(tickets.drop("calendar_id", "tz"), changes, targets, calendars)


_TARGET_NAMES = (
    *("policy_id", "priority", "category"),
    *("first_response_min", "resolve_min", "round_the_clock"),
)
_TICKETS = (
    "SELECT t.ticket_id, t.site_id, t.opened_at, t.first_response_at, t.resolved_at, t.category,"
    " coalesce(c.sla_policy_id, %(policy)s), coalesce(s.calendar_id, p.calendar_id),"
    " coalesce(k.tz, s.tz, n.default_tz) FROM ops.ticket t JOIN ops.tenant n USING (tenant_id)"
    " LEFT JOIN ops.site s ON s.tenant_id = t.tenant_id AND s.site_id = t.site_id"
    " LEFT JOIN ops.client c ON c.tenant_id = t.tenant_id"
    "  AND c.client_id = coalesce(t.client_id, s.client_id)"
    " LEFT JOIN ops.sla_policy p ON p.tenant_id = t.tenant_id"
    "  AND p.policy_id = coalesce(c.sla_policy_id, %(policy)s)"
    " LEFT JOIN ops.calendar k ON k.tenant_id = t.tenant_id"
    "  AND k.calendar_id = coalesce(s.calendar_id, p.calendar_id)"
    " WHERE t.tenant_id = %(tenant)s"
)
_TICKET_COLUMNS = [
    *(
        table("ticket").column(name)
        for name in (
            *("ticket_id", "site_id", "opened_at", "first_response_at", "resolved_at"),
            "category",
        )
    ),
    Column("policy_id", ColumnType.UUID, "policy it follows"),
    Column("calendar_id", ColumnType.UUID, "calendar it follows"),
    Column("tz", ColumnType.TEXT, "zone of the calendar's hours"),
]
_CHANGE_COLUMNS = [
    Column("ticket_id", ColumnType.UUID, "the ticket"),
    Column("event_time", ColumnType.TIMESTAMP, "when it changed"),
    Column("event_id", ColumnType.UUID, "the change"),
    Column("status", ColumnType.TEXT, "its new status"),
    Column("priority", ColumnType.TEXT, "its new priority"),
]


def _calendars(
    connection: psycopg.Connection, tenant_id: UUID, tickets: pl.DataFrame
) -> tuple[list[Calendar], pl.DataFrame]:
    """The calendars that tickets follow, and the number of each calendar in its zone."""
    hours: dict[str, Any] = dict(
        connection.execute(
            "SELECT calendar_id::text, hours FROM ops.calendar WHERE tenant_id = %s", [tenant_id]
        ).fetchall()
    )
    holidays: dict[str, dict[object, DayKind]] = {}
    for calendar_id, day, kind in connection.execute(
        "SELECT calendar_id::text, holiday_on, coalesce(kind, 'closed') FROM ops.holiday"
        " WHERE tenant_id = %s AND holiday_on IS NOT NULL",
        [tenant_id],
    ):
        holidays.setdefault(calendar_id, {})[day] = DayKind(kind)
    used = tickets.select("calendar_id", "tz").unique(maintain_order=True)
    found = [
        Calendar(
            tz,
            read_hours(hours[calendar_id]) if hours.get(calendar_id) else None,
            holidays.get(calendar_id, {}),  # type: ignore[arg-type]
        )
        for calendar_id, tz in used.iter_rows()
    ]
    return found, used.with_row_index("calendar").with_columns(pl.col("calendar").cast(pl.Int32))


def replace_clocks(
    connection: psycopg.Connection, tenant_id: UUID, subjects: pl.DataFrame, found: SlaClocks
) -> None:
    """Put new clocks and segments in place of all that some tickets had.

    Args:
        connection: Of the worker role, inside a transaction.
        tenant_id: Whose clocks.
        subjects: `ticket_id` of every ticket that was computed, with or without a clock.
        found: Their clocks.
    """
    stage(connection, "sla_subjects", subjects.select("ticket_id"), [ColumnType.UUID])
    for name, rows in (("sla_clock", found.clocks), ("sla_clock_segment", found.segments)):
        columns = table(name).columns
        staged = rows.select(column.name for column in columns)
        stage(connection, f"new_{name}", staged, [column.type for column in columns])
    values = {"tenant": tenant_id}
    connection.execute(_MARK_CHANGED_BREACHES, values)
    # Most segments are history and stay as they are: only what differs is written.
    connection.execute(
        "DELETE FROM ops.sla_clock_segment g USING ops.sla_clock c, pg_temp.sla_subjects s"
        " WHERE c.tenant_id = %(tenant)s AND c.subject_id = s.ticket_id"
        " AND g.tenant_id = %(tenant)s AND g.clock_id = c.clock_id"
        f" AND NOT EXISTS (SELECT FROM pg_temp.new_sla_clock_segment n WHERE {_SAME_SEGMENT})",
        values,
    )
    connection.execute(
        "DELETE FROM ops.sla_clock c USING pg_temp.sla_subjects s"
        " WHERE c.tenant_id = %(tenant)s AND c.subject_id = s.ticket_id",
        values,
    )
    # Taken out before, not looked for while inserting: of a table that was empty the planner
    # reads all rows for each row, and an insertion that reads its own table sees it grow.
    connection.execute(
        "DELETE FROM pg_temp.new_sla_clock_segment n USING ops.sla_clock_segment g"
        f" WHERE {_SAME_SEGMENT} AND g.tenant_id = %(tenant)s",
        values,
    )
    for name in ("sla_clock", "sla_clock_segment"):
        _insert(connection, name, values)


# How many tickets are overdue is a metric, so its slots are out of date when a breach changes.
_MARK_CHANGED_BREACHES = """
    INSERT INTO ops.dirty_slot (tenant_id, site_id, slot)
    SELECT DISTINCT %(tenant)s::uuid, site_id, date_bin('5 minutes', at, '2000-01-01Z') AS slot
    FROM (
        SELECT coalesce(n.site_id, o.site_id) AS site_id,
            unnest(ARRAY[o.breached_at, o.stopped_at, n.breached_at, n.stopped_at]) AS at
        FROM (
            SELECT c.* FROM ops.sla_clock c JOIN pg_temp.sla_subjects s
            ON c.subject_id = s.ticket_id WHERE c.tenant_id = %(tenant)s
        ) o FULL JOIN pg_temp.new_sla_clock n USING (clock_id)
        WHERE coalesce(o.breached_at, n.breached_at) IS NOT NULL
            AND (o.breached_at, o.stopped_at) IS DISTINCT FROM (n.breached_at, n.stopped_at)
    ) changed WHERE at IS NOT NULL AND site_id IS NOT NULL ORDER BY site_id, slot
    ON CONFLICT (tenant_id, site_id, slot) DO UPDATE SET generation = excluded.generation
"""
_SAME_SEGMENT = (
    "n.clock_id = g.clock_id AND n.from_at = g.from_at AND n.to_at = g.to_at"
    " AND n.counted = g.counted AND n.reason = g.reason"
)


def _insert(connection: psycopg.Connection, name: str, values: dict[str, UUID]) -> None:
    names = ", ".join(column.name for column in table(name).columns)
    connection.execute(
        f"INSERT INTO ops.{name} (tenant_id, {names})"
        f" SELECT %(tenant)s, {names} FROM pg_temp.new_{name}",
        values,
    )
