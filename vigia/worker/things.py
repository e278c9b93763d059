"""Things past their time: tours, checks, reports and tickets go; of visitors only who they were.

A thing ages from its newest instant, and only once its life is over. It goes for good: the lake
holds what was observed, not how things stood. So nothing goes that kept metrics count, because
computing these anew would not find it. Of a visit the count stays, which is nobody's personal
data. Running through what is due belongs to `vigia.worker.retention`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from vigia.store.retention import Decision
from vigia.store.things import Life, forget_day, held_of_day

if TYPE_CHECKING:
    import psycopg

LIVES = (
    Life(
        *("tour_run", "tour_run", "status"),
        ended=("completed", "partial", "missed", "abandoned", "excused", "cancelled"),
    ),
    Life(
        *("welfare_check", "welfare_check", "result"),
        ended=("ok", "late", "missed", "duress", "cancelled"),
    ),
    Life("incident_report", "incident_report", "status", ("approved", "rejected", "closed")),
    Life("ticket", "ticket", "status", ("resolved", "closed", "cancelled", "merged")),
    Life(
        *("visitor_visit", "visitor_visit"),
        columns=("person_hash", "host_ref", "vehicle_hash", "extra"),
    ),
    Life(
        *("biometric_template", "person_pii"),
        columns=("face_template_ref",),
        ended_on="(SELECT p.left_on FROM ops.person p WHERE p.tenant_id = t.tenant_id"
        " AND p.person_id = t.person_id)",
    ),
)


@dataclass(frozen=True, slots=True)
class Due:
    """A day on which lives ended whose time has run out.

    Attributes:
        counted_since: First day that kept metrics may count things of; None: every day.
    """

    life: Life
    day: date
    counted_since: date | None

    def judge(self, connection: psycopg.Connection, tenant_id: UUID) -> Decision:
        """Take what is to go, or say why it stays."""
        life, day = self.life, self.day
        if not life.columns and (self.counted_since is None or day >= self.counted_since):
            return Decision(life.record_type, day, "kept_unverified", 0, _COUNTED)
        held = held_of_day(connection, tenant_id, life, day)
        taken = forget_day(connection, tenant_id, life, day)
        if not taken:
            return Decision(life.record_type, day, "kept_on_hold", 0, f"{held} {_HELD}")
        what = "what names people was taken out" if life.columns else "deleted with their journal"
        kept = f"; {held} {_HELD}" if held else ""
        return Decision(life.record_type, day, "deleted", taken, f"past their time: {what}{kept}")


_HELD = "are kept by legal hold, or as evidence of findings that are not over"
_COUNTED = (
    "metrics that count them are kept, and could not be computed anew without them: give "
    "metric_1d a policy that is shorter than theirs"
)
