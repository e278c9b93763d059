"""Retention: what is past its time and proved to be safe elsewhere leaves the database.

Ages are counted by the tenant's data clock, never by the wall clock, so that a history of 2008
is not expired when it arrives. A refusal is a decision like a deletion: both are rows of
`ops.retention_run`; a refusal is entered once, until its reason changes. What must be proved
belongs to `vigia.worker.proof`; what is true of things to `vigia.worker.things`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from vigia.domain.dictionary import TABLES, Kind, Table
from vigia.domain.metrics.registry import Metric
from vigia.store.clock import tenant_now
from vigia.store.connection import Database, Role
from vigia.store.lake import Lake
from vigia.store.metrics import Site, sites, sync_registry
from vigia.store.retention import (
    Decision,
    Past,
    days_before,
    delete_day,
    drop_empty_partitions,
    hold_on,
    past_decisions,
    policies,
    record_decision,
)
from vigia.store.things import ended_days
from vigia.worker.archive import archived_tables, day_window
from vigia.worker.proof import Evidence
from vigia.worker.things import LIVES, Due

if TYPE_CHECKING:
    import psycopg

MINIMUM_DAYS = 365
"""How long records of incidents and communication are kept at least (BS 7499)."""

OF_RECORD = frozenset(
    {
        *("contact_log", "ticket_message", "escalation_event", "checkpoint_scan"),
        *("attendance_event", "tour_run", "welfare_check", "incident_report", "ticket"),
    }
)
"""Records that the minimum protects, whatever a policy says."""

_DERIVED = ("signal_window", "metric_5m", "metric_1h", "metric_1d")


@dataclass(frozen=True, slots=True)
class _Duty:
    """What one run knows about its tenant."""

    database: Database
    lake: Lake
    tenant_id: UUID
    at: datetime
    clock: datetime
    metrics: Sequence[Metric]
    sites: Sequence[Site]
    past: Past


def enforce_retention(
    database: Database, lake: Lake, tenant_id: UUID, *, now: datetime
) -> list[Decision]:
    """Delete a tenant's records that are past their time, oldest first, and say why others stay.

    Args:
        database: Holds records, policies, holds and the lake's manifest.
        lake: Where deleted raw rows must lie.
        tenant_id: Whose records; ages are counted by the tenant's data clock.
        now: The wall clock, for the books.

    Returns:
        The decisions of this run, refusals included, whether or not they are new.
    """
    with _one_at_a_time(database, tenant_id):
        with database.transaction(Role.WORKER) as connection:
            clock = tenant_now(connection, tenant_id, now)
            kept_for = policies(connection, tenant_id)
            if clock is None or not kept_for:
                return []
            duty = _Duty(
                *(database, lake, tenant_id, now, clock),
                metrics=sync_registry(connection, tenant_id),
                sites=sites(connection, tenant_id),
                past=past_decisions(connection, tenant_id),
            )
        before = {
            record_type: _due_before(clock, record_type, kept_for) for record_type in kept_for
        }
        rows = [
            decision
            for table in ripening_tables()
            if table.name in before
            for decision in _work_off(duty, table, before[table.name])
        ]
        return [*rows, *_take_things(duty, before)]


def ripening_tables() -> tuple[Table, ...]:
    """Tables that retention can prove and delete: raw before what is derived from it."""
    return (*archived_tables(), *(TABLES[name] for name in _DERIVED))


def _due_before(clock: datetime, record_type: str, kept_for: dict[str, int]) -> date:
    """First day that is not due.

    It is a day further back than the policy says: the local days in which its time runs out
    begin up to a day earlier somewhere, and stay whole.
    """
    days = kept_for[record_type]
    if record_type in OF_RECORD:
        days = max(days, MINIMUM_DAYS)
    return clock.astimezone(UTC).date() - timedelta(days=days + 1)


@contextmanager
def _one_at_a_time(database: Database, tenant_id: UUID) -> Iterator[None]:
    """Keep a second run for the tenant waiting; a killed one lets go by itself."""
    with database.connect(Role.WORKER) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 3))", [tenant_id.hex])
        yield


def _work_off(duty: _Duty, table: Table, before: date) -> list[Decision]:
    with duty.database.transaction(Role.WORKER) as connection:
        days = days_before(connection, duty.tenant_id, table, before)
    decisions = [_decide(duty, partial(_judge, duty, table, day)) for day in days]
    emptied = [d.day for d in decisions if d.verdict == "deleted"]
    with duty.database.transaction(Role.WORKER) as connection:
        drop_empty_partitions(connection, table, emptied)
    return decisions


def _take_things(duty: _Duty, before: dict[str, date]) -> list[Decision]:
    """Work off the days on which the lives of things ended."""
    counted_since = before.get("metric_1d")
    with duty.database.transaction(Role.WORKER) as connection:
        due = [
            Due(life, day, counted_since)
            for life in LIVES
            if life.record_type in before
            for day in ended_days(connection, duty.tenant_id, life, before[life.record_type])
        ]
    return [_decide(duty, partial(each.judge, tenant_id=duty.tenant_id)) for each in due]


def _decide(duty: _Duty, judge: Callable[[psycopg.Connection], Decision]) -> Decision:
    """Prove and delete a day in one transaction: what arrives meanwhile is not in its snapshot."""
    with duty.database.transaction(Role.WORKER) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        decision = judge(connection)
        known = duty.past.newest.get((decision.record_type, decision.day))
        if decision.verdict == "deleted" or known != (decision.verdict, decision.reason):
            record_decision(connection, duty.tenant_id, decision, duty.at)
    if decision.verdict == "deleted":
        duty.past.deleted.setdefault(decision.record_type, set()).add(decision.day)
    return decision


def _judge(duty: _Duty, table: Table, day: date, connection: psycopg.Connection) -> Decision:
    if order := hold_on(connection, duty.tenant_id, table.name, day_window(day)):
        return Decision(table.name, day, "kept_on_hold", 0, f"legal hold: {order}")
    evidence = Evidence(
        *(duty.database, duty.lake, connection, duty.tenant_id),
        *(duty.metrics, duty.sites, duty.clock, duty.past),
    )
    if fault := evidence.fault(table, day):
        return Decision(table.name, day, "kept_unverified", 0, fault)
    deleted = delete_day(connection, duty.tenant_id, table, day)
    if not deleted:
        return Decision(table.name, day, "kept_on_hold", 0, _CITED)
    return Decision(table.name, day, "deleted", deleted, _PROVED[table.kind])


_CITED = "evidence of findings that are not over names what is left of it"
_PROVED = {
    Kind.RECORD: "past its time; archived, verified and accounted for by the metrics",
    Kind.DERIVED: "past its time; accounted for by what is kept longer",
}
