"""Moving a company's thresholds once a day by what its people said of findings.

When a dial moves belongs to `vigia.domain.findings.tuning`, the history to `vigia.store.thresholds`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from vigia.domain.findings.pattern import Pattern
from vigia.domain.findings.patterns import PATTERNS
from vigia.domain.findings.tuning import DIALS, LOOK_BACK, Change, Moved, change_of, rests
from vigia.store.clock import tenant_now
from vigia.store.connection import Database, Role
from vigia.store.thresholds import in_force, judged_cases, keep_change, moves

ACTOR = "threshold_tuning"


def tune(
    database: Database,
    tenant_id: UUID,
    *,
    now: datetime,
    patterns: Sequence[Pattern] = PATTERNS,
) -> list[Change]:
    """Move the thresholds of a tenant that verdicts ask for; a second run of a day moves none.

    Args:
        database: Holds findings, verdicts and the history of thresholds.
        tenant_id: Whose.
        now: The wall clock; days are those of the tenant's own clock.
        patterns: Whose defaults the thresholds start from.

    Returns:
        What moved.
    """
    defaults = {pattern.code: pattern.policy for pattern in patterns}
    with database.transaction(Role.WORKER) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 5))", [tenant_id.hex])
        at = tenant_now(connection, tenant_id, now)
        if at is None:
            return []
        values, moved = in_force(connection, tenant_id, at), moves(connection, tenant_id)
        kinds = sorted({dial.kind for dial in DIALS})
        cases = judged_cases(connection, tenant_id, kinds, at - LOOK_BACK)
        made = []
        for dial in DIALS:
            if dial.pattern not in defaults or rests(moved.get(dial.name, Moved()), at):
                continue
            default = float(getattr(defaults[dial.pattern], dial.number))
            change = change_of(dial, values.get(dial.name, default), default, cases)
            if change is not None:
                keep_change(connection, tenant_id, change, ACTOR, at)
                made.append(change)
    return made
