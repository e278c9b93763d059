"""Keeping the SLA clocks of tickets current.

What a promise means belongs to `vigia.domain.response.sla`; SQL to `vigia.store.sla`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from vigia.config.policy import sla_policy
from vigia.domain.response.policy import SlaPolicy
from vigia.domain.response.sla import sla_clocks
from vigia.store.clock import tenant_now
from vigia.store.connection import Database, Role
from vigia.store.sla import ensure_policy, read_inputs, replace_clocks
from vigia.store.statistics import refresh_statistics


@dataclass(frozen=True, slots=True)
class SlaSummary:
    """What a refresh did.

    Attributes:
        tickets: Tickets that were looked at.
        clocks: Clocks written.
        segments: Segments written.
        states: Clocks by kind and state.
    """

    tickets: int = 0
    clocks: int = 0
    segments: int = 0
    states: dict[tuple[str, str], int] = field(default_factory=dict)


def refresh_sla(
    database: Database,
    tenant_id: UUID,
    *,
    now: datetime,
    changed_since: datetime | None = None,
    policy: SlaPolicy | None = None,
) -> SlaSummary:
    """Compute the clocks of a tenant's tickets and put them in place of the old ones.

    Args:
        database: Holds tickets, their changes and policies.
        tenant_id: Whose tickets.
        now: The wall clock; clocks stand as of the tenant's data clock.
        changed_since: Only tickets written since (wall clock) and those with an open clock;
            all when missing.
        policy: Given to a tenant that lacks it; the default policy file when missing.

    Raises:
        PolicyError: The default policy file is damaged.
        CalendarError: A calendar of the tenant contradicts itself.
    """
    policy = policy or sla_policy()
    with database.transaction(Role.WORKER) as connection:
        as_of = tenant_now(connection, tenant_id, now)
        if as_of is None:
            return SlaSummary()
        # Two refreshes at once would both replace the same rows.
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 2))", [tenant_id.hex])
        policy_id = ensure_policy(connection, tenant_id, policy)
        inputs = read_inputs(connection, tenant_id, policy_id, changed_since)
        found = sla_clocks(
            tenant_id, inputs.tickets, inputs.changes, inputs.targets, inputs.calendars, as_of
        )
        replace_clocks(connection, tenant_id, inputs.tickets, found)
        written = {"sla_clock": found.clocks.height, "sla_clock_segment": found.segments.height}
        refresh_statistics(connection, written)
    counted = found.clocks.group_by("kind", "state").len().sort("kind", "state")
    return SlaSummary(
        inputs.tickets.height,
        found.clocks.height,
        found.segments.height,
        {(kind, state): count for kind, state, count in counted.iter_rows()},
    )
