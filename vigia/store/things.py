"""What retention reads and takes of things: those whose life is over, with their journal.

SQL only. Which things, when, and what must be true before belongs to `vigia.worker.things`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from vigia.domain.dictionary import ColumnType, Table
from vigia.domain.dictionary import table as dictionary_table
from vigia.store.finding_evidence import is_cited

if TYPE_CHECKING:
    import psycopg

_WITH_CLOCKS = ("ticket", "work_order", "task")
"""Tables of things that service-level clocks may run on."""


@dataclass(frozen=True, slots=True)
class Life:
    """When a kind of thing is over, and what goes of it then.

    Attributes:
        record_type: Name of its policy.
        table: Its state table.
        state: Column that says how it stands; None when that does not matter.
        ended: States in which its life is over. In any other it stays, however old.
        columns: What is taken out, of the row and of its journal; the whole thing when empty.
        ended_on: SQL of the date its life ended; the UTC day of its newest instant when None.
    """

    record_type: str
    table: str
    state: str | None = None
    ended: Sequence[str] = ()
    columns: Sequence[str] = ()
    ended_on: str | None = None

    @property
    def spec(self) -> Table:
        """Its table."""
        return dictionary_table(self.table)

    @property
    def instants(self) -> str:
        """SQL of the instants of row `t` that belong to its life; when we wrote it does not."""
        own = [c.name for c in self.spec.columns if c.type is ColumnType.TIMESTAMP]
        end = [f"{self.ended_on}::timestamp AT TIME ZONE 'UTC'"] if self.ended_on else []
        return ", ".join([*(f"t.{name}" for name in [*own, "state_time"]), *end])

    @property
    def over(self) -> str:
        """SQL of the UTC day on which the life of row `t` was over; null while it is not."""
        day = self.ended_on or f"(greatest({self.instants}) AT TIME ZONE 'UTC')::date"
        conditions = ["true"]
        if self.state:
            conditions.append(f"t.{self.state} = ANY(%(ended)s)")
        if self.columns:
            conditions.append(f"num_nonnulls({', '.join(f't.{c}' for c in self.columns)}) > 0")
        return f"CASE WHEN {' AND '.join(conditions)} THEN {day} END"

    @property
    def held(self) -> str:
        """SQL that says whether row `t` stays: an order covers its time, or evidence names it."""
        return f"""({is_cited(self.spec, "t")} OR EXISTS (
            SELECT FROM ops.legal_hold h WHERE h.tenant_id = t.tenant_id AND h.released_at IS NULL
            AND coalesce(h.record_type, %(type)s) = %(type)s
            AND coalesce(h.from_at, '-infinity') <= greatest({self.instants})
            AND coalesce(h.to_at, 'infinity') > least({self.instants})
        ))"""


def ended_days(
    connection: psycopg.Connection, tenant_id: UUID, life: Life, before: date
) -> list[date]:
    """Days before a day on which lives ended of which something is still there, oldest first."""
    rows = connection.execute(
        f"SELECT DISTINCT day FROM (SELECT {life.over} AS day FROM ops.{life.table} t"
        " WHERE t.tenant_id = %(tenant)s) ended WHERE day < %(before)s ORDER BY 1",
        {**_values(tenant_id, life), "before": before},
    )
    return [day for (day,) in rows]


def held_of_day(connection: psycopg.Connection, tenant_id: UUID, life: Life, day: date) -> int:
    """How many things whose life ended on a day are kept: by order, or as evidence."""
    row = connection.execute(
        f"SELECT count(*) FROM ops.{life.table} t WHERE t.tenant_id = %(tenant)s"
        f" AND {life.over} = %(day)s AND {life.held}",
        {**_values(tenant_id, life), "day": day},
    ).fetchone()
    return int(row[0]) if row else 0


def forget_day(connection: psycopg.Connection, tenant_id: UUID, life: Life, day: date) -> int:
    """Take what is to go of things whose life ended on a day and that nothing keeps.

    Returns:
        How many things.
    """
    statement = _blanking(life) if life.columns else _deletion(life)
    row = connection.execute(statement, {**_values(tenant_id, life), "day": day}).fetchone()
    return int(row[0]) if row else 0


def _values(tenant_id: UUID, life: Life) -> dict[str, Any]:
    return {
        "tenant": tenant_id,
        "type": life.record_type,
        "table": life.table,
        "ended": list(life.ended),
        "columns": list(life.columns),
    }


def _deletion(life: Life) -> str:
    """SQL that deletes things, their clocks and their journal.

    Their identities stay in `ops.ingest_key`: what is sent again is known and does not come back.
    """
    clocks = """,
        clocks AS (
            DELETE FROM ops.sla_clock c USING gone WHERE c.tenant_id = %(tenant)s
            AND c.subject_kind = %(table)s AND c.subject_id = gone.id RETURNING c.clock_id
        ),
        segments AS (
            DELETE FROM ops.sla_clock_segment s USING clocks
            WHERE s.tenant_id = %(tenant)s AND s.clock_id = clocks.clock_id
        )"""
    return f"""
        WITH gone AS (
            DELETE FROM ops.{life.table} t WHERE t.tenant_id = %(tenant)s
            AND {life.over} = %(day)s AND NOT {life.held} RETURNING t.{life.spec.key[0]} AS id
        ),
        journal AS (
            DELETE FROM ops.ingest_event e USING gone WHERE e.tenant_id = %(tenant)s
            AND e.table_name = %(table)s AND e.entity_id = gone.id
        ){clocks if life.table in _WITH_CLOCKS else ""}
        SELECT count(*) FROM gone
    """


def _blanking(life: Life) -> str:
    """SQL that takes columns out of things and of their journal, so that no fold restores them."""
    blank = ", ".join(f"{name} = NULL" for name in life.columns)
    return f"""
        WITH blanked AS (
            UPDATE ops.{life.table} t SET {blank} WHERE t.tenant_id = %(tenant)s
            AND {life.over} = %(day)s AND NOT {life.held} RETURNING t.{life.spec.key[0]} AS id
        ),
        journal AS (
            UPDATE ops.ingest_event e SET payload = e.payload - %(columns)s::text[] FROM blanked
            WHERE e.tenant_id = %(tenant)s AND e.table_name = %(table)s
            AND e.entity_id = blanked.id
        )
        SELECT count(*) FROM blanked
    """
