"""What audits look at, read from Postgres: the frames of `vigia.domain.watch.facts`.

Records come from their tables; the histories of things from the journal, because what was known of
a thing at an instant is what had arrived by then. What the rules make of it belongs to the domain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from vigia.domain.dictionary import Column, ColumnType, Kind, Table, table
from vigia.domain.watch.facts import REFERENCE, WANTED, Facts, shaped, wanted
from vigia.store.frames import fetch

if TYPE_CHECKING:
    import psycopg

TELEMETRY = frozenset({"gps_fix", "device_heartbeat", "phone_event", "asset_reading"})
"""Records that come by the thousand, and of which the rules look at hours."""
TELEMETRY_SPAN = timedelta(hours=6)
RECORD_SPAN = timedelta(days=3)
"""Other records: as long as anything of them may still arrive late, and a long shift goes back."""
THING_SPAN = timedelta(days=14)
"""Things with a life: one that nothing was heard of for so long is no longer waited for."""

_ENDS: Mapping[str, tuple[str, str]] = {
    "shift": ("", "t.ends_at"),
    "shift_assignment": ("JOIN ops.shift s USING (tenant_id, shift_id)", "s.ends_at"),
    "leave_request": ("", "t.to_at"),
    "on_call_shift": ("", "t.to_at"),
    "post_stand_down": ("", "t.to_at"),
}
"""Reference data that is over some day: what says when. Years of rosters would be read at every
audit otherwise; what has been over for as long as anything may arrive late says nothing of now."""


def read_facts(
    connection: psycopg.Connection,
    tenant_id: UUID,
    first: datetime,
    last: datetime,
    tables: Iterable[str] = WANTED,
) -> Facts:
    """Everything that had arrived by some instants and that rules look at.

    Args:
        connection: Of the worker role, inside a transaction.
        tenant_id: Whose.
        first: First instant that is looked at; what happened long before it is left out. Of
            reference data the whole history counts, but for shifts and the like that are over.
        last: Last one; what arrived after it is left out.
        tables: Tables of `WANTED` to read; the others are empty.
    """
    frames = {}
    for name in tables:
        values = {
            "tenant": tenant_id,
            "table": name,
            "last": last,
            "since": first - span_of(name),
        }
        query, columns = _query(table(name))
        frames[name] = shaped(name, fetch(connection, query, values, columns))
    return Facts(tenant_id, frames)


def span_of(name: str) -> timedelta:
    """How far back from the first instant rows of a table are read."""
    if name in TELEMETRY:
        return TELEMETRY_SPAN
    is_life = table(name).kind is Kind.STATE and name not in REFERENCE
    return THING_SPAN if is_life else RECORD_SPAN


def _query(of: Table) -> tuple[str, list[Column]]:
    return _of_journal(of) if of.kind is Kind.STATE else _of_records(of)


def _of_records(of: Table) -> tuple[str, list[Column]]:
    own = [column for column in wanted(of.name) if column.name != "received_at"]
    names = ", ".join(f"t.{column.name}" for column in own)
    query = (
        f"SELECT t.received_at, t.{of.time}, {names} FROM ops.{of.name} t"
        f" WHERE t.tenant_id = %(tenant)s AND t.{of.time} >= %(since)s"
        f" AND t.received_at <= %(last)s ORDER BY t.received_at, t.{of.time}, t.{of.key[0]}"
    )
    return query, [*_HEAD, *own]


def _of_journal(of: Table) -> tuple[str, list[Column]]:
    own = [c for c in wanted(of.name) if c.name not in _ON_THE_EVENT]
    values = ", ".join(map(_value, own))
    query = (
        "SELECT e.received_at, e.event_time, split_part(e.type, '.', 3), e.source, e.site_id,"
        f" {values} FROM ops.ingest_event e WHERE e.tenant_id = %(tenant)s"
        f" AND e.table_name = %(table)s AND e.received_at <= %(last)s{_not_over(of)}"
        " ORDER BY e.received_at, e.event_time, e.event_id"
    )
    return query, [*_HEAD, *_EVENT, *own]


def _not_over(of: Table) -> str:
    """SQL that leaves out what is long past."""
    if of.name not in REFERENCE:
        return " AND e.event_time >= %(since)s"
    if of.name not in _ENDS:
        return ""
    joined, end = _ENDS[of.name]
    return (
        f" AND e.entity_id IN (SELECT t.{of.key[0]} FROM ops.{of.name} t {joined}"
        f" WHERE t.tenant_id = %(tenant)s AND coalesce({end}, 'infinity') >= %(since)s)"
    )


_HEAD = (
    Column("received_at", ColumnType.TIMESTAMP, "when it arrived"),
    Column("at", ColumnType.TIMESTAMP, "when it happened"),
)
_EVENT = (
    Column("verb", ColumnType.TEXT, "what happened to the thing"),
    Column("source", ColumnType.TEXT, "who says so"),
    Column("site_id", ColumnType.UUID, "site that the event names"),
)
_ON_THE_EVENT = frozenset({"received_at", "at", *(column.name for column in _EVENT)})
_PLAIN: Mapping[ColumnType, str] = {ColumnType.TEXT: "", ColumnType.JSON: ""}


def _value(column: Column) -> str:
    """SQL of a column that an event of the journal carries; null where it does not."""
    cast = _PLAIN.get(column.type, f"::{column.type.value}")
    return f"(e.payload->>'{column.name}'){cast}"
