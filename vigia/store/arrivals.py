"""SQL of what waits to be computed: days with out-of-date slots, deliveries still under way.

Marking and clearing slots belongs to ingest and to the metrics; what to run, to `orchestration`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

LONGEST_DELIVERY = timedelta(hours=2)
"""A delivery that claims to run for longer was killed, and nobody waits for it."""


@dataclass(frozen=True, slots=True)
class DirtyDay:
    """A UTC day with slots that are out of date.

    Attributes:
        day: The day.
        generation: Grows with every mark, so it names what was known when the day was read.
        slot_count: Slots of all sites and tenants.
    """

    day: date
    generation: int
    slot_count: int


def dirty_days(
    connection: psycopg.Connection, days: tuple[date, date] | None = None
) -> list[DirtyDay]:
    """Days of every tenant with slots that are out of date, in order; all when `days` is None."""
    first, last = days or (None, None)
    rows = connection.execute(
        "SELECT (slot AT TIME ZONE 'UTC')::date AS day, max(generation), count(*)"
        " FROM ops.dirty_slot GROUP BY 1"
        " HAVING %(first)s::date IS NULL"
        " OR (slot AT TIME ZONE 'UTC')::date BETWEEN %(first)s AND %(last)s ORDER BY 1",
        {"first": first, "last": last},
    )
    return [DirtyDay(*row) for row in rows]


def dirty_sites(
    connection: psycopg.Connection, days: tuple[date, date] | None, limit: int
) -> list[tuple[str, int]]:
    """The sites with most slots that are out of date: code and slots, most first."""
    first, last = days or (None, None)
    rows = connection.execute(
        "SELECT s.code, count(*) FROM ops.dirty_slot d JOIN ops.site s USING (tenant_id, site_id)"
        " WHERE (%(first)s::date IS NULL OR (d.slot AT TIME ZONE 'UTC')::date"
        " BETWEEN %(first)s AND %(last)s)"
        " GROUP BY s.tenant_id, s.code ORDER BY 2 DESC, 1 LIMIT %(limit)s",
        {"first": first, "last": last, "limit": limit},
    )
    return [(code, slots) for code, slots in rows]


def running_imports(connection: psycopg.Connection, now: datetime) -> int:
    """Imports and replays that are still bringing rows."""
    row = connection.execute(
        "SELECT count(*) FROM ops.ingest_batch"
        " WHERE state = 'running' AND kind <> 'live' AND started_at > %s",
        [now - LONGEST_DELIVERY],
    ).fetchone()
    return row[0] if row else 0
