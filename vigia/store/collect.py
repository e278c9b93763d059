"""Collecting evidence: what stored rows say about the place and time of a finding, with their keys.

For each kind of evidence this module says which rows show it and under which names, all of which
`vigia.domain.findings.redaction` knows. One query a kind serves every finding that asks for it.
Keeping and showing evidence belongs to `vigia.store.finding_evidence`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import orjson
import polars as pl

from vigia.domain.dictionary import ColumnType, Kind, table
from vigia.store.finding_evidence import Evidence
from vigia.store.tiers import stage

if TYPE_CHECKING:
    import psycopg

Match = Literal["person", "device", "site"]
_WHO: tuple[Match, ...] = ("person", "device", "site")
MOST = 20
"""So many of the newest rows are kept of each source; how many there were is counted."""


@dataclass(frozen=True, slots=True)
class Source:
    """Rows that show a kind of evidence.

    Attributes:
        table: Where they are.
        time: Instant by which they belong to the time of a finding.
        columns: What is kept of each, as `column` or `column:name`.
        listed: Name of the list of rows.
        match: Whose rows: the most exact of these that both sides know.
        reaches_back: So much before the time of the finding rows still count.
        where: Further condition on row `t`, SQL.
        most: So many of the newest.
    """

    table: str
    time: str
    columns: str
    listed: str
    match: tuple[Match, ...] = _WHO
    reaches_back: timedelta = timedelta()
    where: str = "true"
    most: int = MOST


_FIXES = "fix_time lat lon accuracy_m speed_mps valid mock provider steps_delta:steps"
_BEATS = (
    "event_time battery_pct charging network rssi_dbm location_permission:permission gps_enabled"
    " power_save app_state queue_depth"
)
_TOURS = (
    "due_at started_at ended_at status checkpoints_planned:expected checkpoints_scanned:observed"
)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_SITE: tuple[Match, ...] = ("site",)
_OPEN_TASK = "t.status NOT IN ('done', 'completed', 'cancelled')"

SOURCES: Mapping[str, tuple[Source, ...]] = {
    "fixes": (Source("gps_fix", "fix_time", _FIXES, "fixes"),),
    "trail": (Source("gps_fix", "fix_time", _FIXES, "trail", most=60),),
    "motion": (Source("gps_fix", "fix_time", _FIXES, "positions"),),
    "position_burst": (Source("gps_fix", "fix_time", _FIXES, "positions"),),
    "last_fix": (
        Source(
            *("gps_fix", "fix_time", _FIXES, "positions"),
            reaches_back=_DAY,
            where="t.valid IS NOT FALSE",
            most=1,
        ),
    ),
    "heartbeats": (Source("device_heartbeat", "event_time", _BEATS, "samples"),),
    "battery": (
        Source(
            "device_heartbeat", "event_time", "event_time battery_pct charging", "samples",
            reaches_back=_DAY, most=5,
        ),
    ),
    "network": (
        Source(
            "device_heartbeat", "event_time", "event_time network rssi_dbm queue_depth", "samples",
            reaches_back=_DAY, most=5,
        ),
    ),
    "permissions": (
        Source(
            "device_heartbeat", "event_time",
            "event_time location_permission:permission gps_enabled", "samples", reaches_back=_HOUR,
        ),
    ),
    "power_save": (
        Source("device_heartbeat", "event_time", "event_time power_save", "samples",
               reaches_back=_HOUR),
    ),
    "device_state": (
        Source("device_heartbeat", "event_time", _BEATS, "samples", reaches_back=_DAY, most=1),
    ),
    "last_signals": tuple(
        Source(name, columns.split()[0], columns, "events", _SITE, _DAY, most=3)
        for name, columns in (
            ("gps_fix", "fix_time person_id device_id valid"),
            ("phone_event", "event_time person_id device_id kind"),
            ("checkpoint_scan", "event_time person_id device_id verdict"),
            ("access_event", "event_time person_id kind"),
        )
    ),
    "activity": (
        Source("checkpoint_scan", "event_time", "event_time checkpoint_id verdict", "events"),
        Source("phone_event", "event_time", "event_time kind", "events"),
    ),
    "presence": (
        Source("attendance_event", "event_time", "event_time person_id kind method:type", "persons",
               _SITE, _DAY),
    ),
    "contact_log": (
        Source("contact_log", "event_time", "event_time person_id channel direction outcome",
               "contacts", _SITE, 2 * _HOUR),
    ),
    "access_events": (
        Source("access_event", "event_time", "event_time person_id zone_id kind", "events", _SITE,
               _HOUR),
    ),
    "panic_event": (
        Source("panic_event", "triggered_at", "triggered_at person_id device_id state", "events",
               reaches_back=_DAY),
    ),
    "open_incidents": (
        Source("incident_report", "occurred_at", "occurred_at type severity status", "events",
               _SITE, _DAY),
    ),
    "alert_clusters": (
        Source("alert", "first_seen_at", "first_seen_at last_seen_at type severity state count",
               "alerts", _SITE),
    ),
    "backlog": (
        Source("task", "due_at", "due_at kind priority status", "tasks", _SITE, _DAY, _OPEN_TASK),
    ),
    "due_work": (
        Source("task", "due_at", "due_at kind priority status", "tasks", _SITE),
        Source("tour_run", "due_at", _TOURS, "tours", _SITE),
        Source("welfare_check", "due_at", "due_at answered_at result", "events", _SITE),
    ),
    "workload": (
        Source("task", "due_at", "due_at kind priority status est_min", "tasks", _SITE, _DAY,
               _OPEN_TASK),
        Source("ticket", "opened_at", "opened_at priority status", "tickets", _SITE, 3 * _DAY,
               "t.resolved_at IS NULL"),
    ),
    "late_tours": (
        Source("tour_run", "due_at", _TOURS, "tours", _SITE, 2 * _HOUR,
               "t.status IS DISTINCT FROM 'completed'"),
    ),
    "tours": (Source("tour_run", "due_at", _TOURS, "tours", _SITE, 2 * _HOUR),),
    "tour_run": (
        Source("tour_run", "due_at", f"{_TOURS} person_id", "tours", ("person", "site"),
               4 * _HOUR, most=3),
    ),
    "tour_schedule": (
        Source("tour_run", "due_at", "due_at window_end_at status", "tours", _SITE, 4 * _HOUR),
    ),
    "roster": (
        Source("shift", "starts_at", "starts_at ends_at post_id headcount:count status", "events",
               _SITE, _DAY, "t.ends_at > n.window_from"),
    ),
    "staffing": (
        Source("attendance_event", "event_time", "event_time kind method:type", "events", _SITE, _DAY),
    ),
    "chain_timeline": (
        Source("escalation_event", "event_time",
               "event_time step delivered_at answered_at result", "steps", _SITE, _DAY),
    ),
    "deliveries": (
        Source("escalation_event", "event_time",
               "event_time channel delivered_at answered_at result", "contacts", _SITE, _DAY),
    ),
}  # fmt: skip
"""By kind of evidence, where it is read. Kinds that are not here need something not stored yet."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A finding that evidence is collected for.

    Attributes:
        finding: Its id.
        kinds: Kinds of evidence that its rule and its runbook ask for.
        site_id: Its site, if any.
        person_id: Its person, if any.
        device_id: Its device, if any.
        window_from: Start of the time that shows it.
        detected_at: The evaluation that raised it: nothing that arrived later is evidence of it.
        figures: Its numbers.
    """

    finding: UUID
    kinds: frozenset[str]
    site_id: str | None
    person_id: str | None
    device_id: str | None
    window_from: datetime
    detected_at: datetime
    figures: Mapping[str, float | None]


_STAGED = {
    "finding_id": ColumnType.UUID,
    "site_id": ColumnType.UUID,
    "person_id": ColumnType.UUID,
    "device_id": ColumnType.UUID,
    "window_from": ColumnType.TIMESTAMP,
    "detected_at": ColumnType.TIMESTAMP,
    "kinds": ColumnType.TEXT,
}


def collect(
    connection: psycopg.Connection, tenant_id: UUID, wanted: Sequence[Wanted]
) -> list[Evidence]:
    """Evidence of some findings, of every kind that is asked for and that stored rows can show.

    Args:
        connection: Of the worker role, inside a transaction.
        tenant_id: Whose findings.
        wanted: The findings.
    """
    if not wanted:
        return []
    _stage_wanted(connection, wanted)
    at = {each.finding: each.detected_at for each in wanted}
    kinds = sorted({kind for each in wanted for kind in each.kinds} & set(SOURCES))
    pieces = [
        Evidence(finding, kind, {"count": count, source.listed: values}, {source.table: keys},
                 at[finding], source.table)
        for kind in kinds
        for source in SOURCES[kind]
        for finding, count, keys, values in _rows(connection, tenant_id, kind, source)
    ]  # fmt: skip
    return [*pieces, *_own_figures(wanted)]


def _own_figures(wanted: Iterable[Wanted]) -> Iterator[Evidence]:
    """Each finding's own numbers, by name and value: names are free, so they are no fields.

    Spelled as one word: a sentence might hide a name, and is not shown to everybody.
    """
    for each in wanted:
        told = [
            {"kind": re.sub(r"\W+", "_", name).lower(), "observed": value}
            for name, value in each.figures.items()
        ]
        yield Evidence(each.finding, "finding", {"samples": told}, {}, each.detected_at)


def _stage_wanted(connection: psycopg.Connection, wanted: Sequence[Wanted]) -> None:
    rows = [
        {
            "finding_id": str(each.finding),
            "site_id": each.site_id,
            "person_id": each.person_id,
            "device_id": each.device_id,
            "window_from": each.window_from,
            "detected_at": each.detected_at,
            "kinds": " ".join(sorted(each.kinds)),
        }
        for each in wanted
    ]
    schema = {
        name: pl.Datetime("us", "UTC") if kind is ColumnType.TIMESTAMP else pl.String()
        for name, kind in _STAGED.items()
    }
    frame = pl.DataFrame(rows, schema=schema)
    stage(connection, "evidence_wanted", frame, list(_STAGED.values()))


def _rows(
    connection: psycopg.Connection, tenant_id: UUID, kind: str, source: Source
) -> Iterator[tuple[UUID, int, list[str], list[dict[str, Any]]]]:
    """For each finding that asks for the kind: how many rows, and keys and values of the newest."""
    found = connection.execute(
        _query(source),
        {
            "tenant": tenant_id,
            "kind": kind,
            "back": source.reaches_back,
            "most": source.most,
        },
    )
    for finding, count, keys, values in found:
        yield finding, count, keys or [], values or []


def _query(source: Source) -> str:
    of = table(source.table)
    pairs = [each.partition(":")[::2] for each in source.columns.split()]
    built = ", ".join(f"'{name or column}', t.{column}" for column, name in pairs)
    arrived = " AND t.received_at <= n.detected_at" if of.kind is Kind.RECORD else ""
    return f"""
        SELECT n.finding_id, coalesce(max(x.total), 0)::int,
            array_agg(x.key ORDER BY x.at) FILTER (WHERE x.key IS NOT NULL),
            jsonb_agg(x.value ORDER BY x.at) FILTER (WHERE x.key IS NOT NULL)
        FROM pg_temp.evidence_wanted n LEFT JOIN LATERAL (
            SELECT t.{of.key[0]}::text AS key, t.{source.time} AS at,
                count(*) OVER () AS total, jsonb_build_object({built}) AS value
            FROM ops.{of.name} t
            WHERE t.tenant_id = %(tenant)s AND {_match(source)} AND {source.where}
                AND t.{source.time} >= n.window_from - %(back)s
                AND t.{source.time} <= n.detected_at{arrived}
            ORDER BY t.{source.time} DESC, t.{of.key[0]} LIMIT %(most)s
        ) x ON true
        WHERE %(kind)s = ANY(string_to_array(n.kinds, ' '))
        GROUP BY n.finding_id
    """


def _match(source: Source) -> str:
    """SQL: the row is of the finding's site, and there of its person, else of its device.

    A device is a person's while the registry says so.
    """
    own = {column.name for column in table(source.table).columns}
    held = (
        "t.device_id IN (SELECT a.device_id FROM ops.device_assignment a"
        " WHERE a.tenant_id = t.tenant_id AND a.person_id = n.person_id"
        " AND coalesce(a.from_at, '-infinity') <= n.detected_at"
        " AND coalesce(a.to_at, 'infinity') > n.window_from)"
    )
    ways = {
        ("person_id", "device_id"): f"t.person_id = n.person_id OR t.person_id IS NULL AND {held}",
        ("person_id",): "t.person_id = n.person_id",
        ("device_id",): held,
    }
    named = tuple(name for name in ("person_id", "device_id") if name in own)
    cases = ""
    if "person" in source.match and named:
        cases += f" WHEN n.person_id IS NOT NULL THEN {ways[named]}"
    if "device" in source.match and "device_id" in own:
        cases += " WHEN n.device_id IS NOT NULL THEN t.device_id = n.device_id"
    return "t.site_id = n.site_id" + (f" AND CASE{cases} ELSE true END" if cases else "")


def figures_of(text: str) -> dict[str, float | None]:
    """The numbers of a finding, from their JSON."""
    numbers: dict[str, float | None] = orjson.loads(text)
    return numbers
