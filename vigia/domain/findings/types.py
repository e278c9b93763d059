"""The words of a finding: category, severity, scope, state, evidence state; and its key.

Belongs here: what every other module of findings names. Does not belong here: which types of
findings there are (`known`), or any rule about them.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import polars as pl

from vigia.domain.identity import name_uuid
from vigia.domain.windows import SLOT, floor_to


class Category(StrEnum):
    """Whose concern a finding is."""

    SAFETY = "SAFETY"
    SECURITY = "SECURITY"
    OPERATIONAL = "OPERATIONAL"
    DEVICE_HEALTH = "DEVICE_HEALTH"
    COMPLIANCE = "COMPLIANCE"


class Severity(StrEnum):
    """How bad it is; ordered from INFO to CRITICAL, not by the alphabet.

    >>> Severity.HIGH < Severity.CRITICAL, max(Severity.LOW, Severity.INFO).value
    (True, 'LOW')
    """

    INFO = "INFO"
    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"

    @property
    def rank(self) -> int:
        """0 for INFO to 4 for CRITICAL."""
        return _RANK[self]

    def stepped(self, steps: int) -> Severity:
        """So many steps worse, or better where negative; it stays within INFO and CRITICAL.

        >>> Severity.HIGH.stepped(2).value, Severity.LOW.stepped(-3).value
        ('CRITICAL', 'INFO')
        """
        return SEVERITIES[min(max(self.rank + steps, 0), len(SEVERITIES) - 1)]

    def __lt__(self, other: str) -> bool:
        return self.rank < Severity(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= Severity(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > Severity(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= Severity(other).rank


class ScopeKind(StrEnum):
    """What kind of thing a finding is about."""

    SITE = "site"
    POST = "post"
    PERSON = "person"
    DEVICE = "device"
    TOUR_RUN = "tour_run"
    TASK = "task"
    TICKET = "ticket"
    ALERT = "alert"
    REGION = "region"


class State(StrEnum):
    """Where a finding is in the hands of people."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"
    FALSE_POSITIVE = "false_positive"
    SUPPRESSED = "suppressed"
    SUPERSEDED = "superseded"


class EvidenceState(StrEnum):
    """How sure the data are, whatever people do meanwhile."""

    PROVISIONAL = "provisional"
    """The completeness watermark is behind: late data may still explain it."""
    CONFIRMED = "confirmed"
    RETRACTED = "retracted"
    """Late data explained it; kept, so that operators see why."""


SEVERITIES = tuple(Severity)
_RANK = {severity: rank for rank, severity in enumerate(SEVERITIES)}
CATEGORY = pl.Enum(Category)
SEVERITY = pl.Enum(Severity)
"""Column type that sorts and compares from INFO to CRITICAL."""

OPEN = frozenset({State.NEW, State.ACKNOWLEDGED, State.IN_PROGRESS})
"""States in which somebody has still to do something."""


def episode_start(first_true_at: datetime) -> datetime:
    """The 5-minute slot of the first evaluation that was true, in arrival order.

    Frozen when the finding is made: later data confirm or retract it, and never rename it.
    """
    return floor_to(first_true_at, SLOT)


def dedup_key(finding_type: str, scope_kind: ScopeKind, scope_id: str, start: datetime) -> str:
    """What names an episode within its tenant, for people.

    Args:
        finding_type: As the finding carries it.
        scope_kind: Of what it is about.
        scope_id: Id or code of what it is about.
        start: `episode_start`.
    """
    return f"{finding_type}|{scope_kind}|{scope_id}|{_slot(start)}"


def finding_id(
    tenant: UUID, finding_type: str, scope_kind: ScopeKind, scope_id: str, start: datetime
) -> UUID:
    """The id of a finding: the same episode has the same id on the live path and in any replay.

    Args:
        tenant: Whose finding it is.
        finding_type: As the finding carries it.
        scope_kind: Of what it is about.
        scope_id: Id or code of what it is about.
        start: `episode_start`.
    """
    parts = (finding_type, str(scope_kind), scope_id, _slot(start))
    return name_uuid("finding", tenant.hex, *parts)


def _slot(start: datetime) -> str:
    """The slot as text; an instant within a slot would name an episode that nobody else finds."""
    if start.tzinfo is None or floor_to(start, SLOT) != start:
        raise ValueError(f"{start.isoformat()} is not the start of a 5-minute slot of UTC")
    return floor_to(start, SLOT).isoformat()
