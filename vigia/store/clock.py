"""A tenant's "now": the wall clock of a live company, the newest event of an imported history.

Everything that counts ages (retention, archive, SLA clocks) asks here, so that a history of
2008 is as alive as the day it was recorded. Advancing the clock belongs to ingest.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    import psycopg


def tenant_now(connection: psycopg.Connection, tenant_id: UUID, wall: datetime) -> datetime | None:
    """What the tenant calls now; None while an imported tenant has no events.

    Args:
        connection: May see the tenant's rows.
        tenant_id: Whose clock.
        wall: The wall clock, which is now for a live tenant.

    Raises:
        LookupError: There is no such tenant.
    """
    row = connection.execute(
        "SELECT t.clock_mode, c.latest_event_time FROM ops.tenant t"
        " LEFT JOIN ops.tenant_clock c USING (tenant_id) WHERE t.tenant_id = %s",
        [tenant_id],
    ).fetchone()
    if row is None:
        raise LookupError(f"there is no tenant {tenant_id}; load data or create it first")
    mode, latest = row
    newest: datetime | None = latest and latest.astimezone(UTC)
    return wall if mode == "wall" else newest
