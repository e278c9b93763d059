"""Audits: how often each site is looked at, which slots are due, and what each cadence looks for.

A slot is an instant of the grid of its cadence; an audit of a slot sees what had arrived by then.
Doing audits belongs to `vigia.worker.audit`, when to start them to `orchestration`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from vigia.domain.findings.categorise import resolve
from vigia.domain.findings.pattern import Pattern
from vigia.domain.findings.types import Category, Severity
from vigia.domain.windows import floor_to

CATCH_UP = timedelta(days=3)
"""Slots further back are not made up for: nobody can act on them, and replay shows them."""

LEDGER = timedelta(days=30)
"""Slots further back are not even counted: the clock of an imported history jumps by years."""


class Cadence(StrEnum):
    """How often something is looked for."""

    HEARTBEAT = "heartbeat"
    """What cannot wait: people in danger, and signs of life that a site must give."""
    COMPREHENSIVE = "comprehensive"
    """Everything else that goes wrong within a shift, or is unusual."""
    DEEP = "deep"
    """What takes hours to go wrong: owed reports, holes in plans."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """What a signal must come to.

    Attributes:
        min_count: Fewer of them are too few.
        window_min: Over so many minutes.
    """

    min_count: int
    window_min: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a site is audited; the defaults are those of a site that nobody said anything about.

    Attributes:
        enabled: It is audited at all.
        heartbeat_min: Minutes between audits for what cannot wait.
        audit_min: Minutes between comprehensive audits.
        deep_min: Minutes between deep audits.
        critical_signals: Signals that it must give.
        thresholds: By signal, how many of them.
        collect_evidence: Evidence is attached to findings.
        alert_on_finding: Findings raise alerts.
        alert_severity: From which severity on.
    """

    enabled: bool = True
    heartbeat_min: int = 5
    audit_min: int = 15
    deep_min: int = 60
    critical_signals: tuple[str, ...] = ("phone_events", "location_updates", "tour_completion")
    thresholds: Mapping[str, Threshold] = field(
        default_factory=lambda: {
            "phone_events": Threshold(1, 60),
            "location_updates": Threshold(1, 60),
        }
    )
    collect_evidence: bool = True
    alert_on_finding: bool = True
    alert_severity: Severity = Severity.MEDIUM

    def __post_init__(self) -> None:
        if min(self.heartbeat_min, self.audit_min, self.deep_min) < 1:
            raise ValueError("audits are at least a minute apart")
        if unknown := set(self.thresholds) - set(self.critical_signals):
            raise ValueError(f"a threshold for what is no critical signal: {', '.join(unknown)}")

    def interval(self, cadence: Cadence) -> timedelta:
        """Time between two audits of a cadence."""
        minutes = {
            Cadence.HEARTBEAT: self.heartbeat_min,
            Cadence.COMPREHENSIVE: self.audit_min,
            Cadence.DEEP: self.deep_min,
        }
        return timedelta(minutes=minutes[cadence])


DEFAULT = Schedule()


@dataclass(frozen=True, slots=True)
class Due:
    """Audits of a site that are due.

    Attributes:
        slots: Instants to look at, in order.
        missed: Instants that lie too far back to be made up for.
    """

    slots: tuple[datetime, ...] = ()
    missed: tuple[datetime, ...] = ()


def due(schedule: Schedule, cadence: Cadence, last: datetime | None, now: datetime) -> Due:
    """Which slots of a site are due.

    Args:
        schedule: How the site is audited.
        cadence: Which audit.
        last: Newest slot that was audited; without one the newest slot begins.
        now: The tenant's now; the slot that it falls on is due.
    """
    if not schedule.enabled:
        return Due()
    step = schedule.interval(cadence)
    newest = floor_to(now, step)
    if last is None:
        return Due((newest,))
    first = max(floor_to(last, step), floor_to(now - LEDGER, step)) + step
    slots = tuple(first + step * number for number in range(max((newest - first) // step + 1, 0)))
    far = now - CATCH_UP
    return Due(tuple(s for s in slots if s >= far), tuple(s for s in slots if s < far))


def newest_slot(
    schedules: Iterable[tuple[Schedule, datetime | None]], cadence: Cadence, now: datetime
) -> datetime | None:
    """The newest slot that is due at any site: what names the run that audits all of them.

    Args:
        schedules: Of every site, with its newest slot that was audited.
        cadence: Which audit.
        now: The tenant's now.
    """
    slots = [
        found.slots[-1] for s, last in schedules if (found := due(s, cadence, last, now)).slots
    ]
    return max(slots, default=None)


def cadence_of(kinds: Sequence[str]) -> Cadence:
    """The cadence in which findings of some types are looked for; each in one only.

    The most urgent of the types decides: what raises them together is looked for together.
    """
    return min(map(_cadence_of_type, kinds), key=_URGENCY.index, default=Cadence.COMPREHENSIVE)


def patterns_of(cadence: Cadence, patterns: Iterable[Pattern]) -> tuple[Pattern, ...]:
    """The patterns that an audit of a cadence looks for, in their order."""
    return tuple(p for p in patterns if cadence_of(p.kinds) is cadence)


_URGENCY = tuple(Cadence)
# What mutes others is looked for as often as they are.
_URGENT = ("NETWORK_OUTAGE", "CRITICAL_SIGNAL_")
_SLOW = ("ESCALATION_CHAIN_HOLE", "FIELD_SUPPORT_DELAYED", "DAILY_REPORT_MISSING")


def _cadence_of_type(name: str) -> Cadence:
    kind = resolve(name)
    if kind.is_safety_flagged or kind.category is Category.SAFETY or name.startswith(_URGENT):
        return Cadence.HEARTBEAT
    if kind.category is Category.COMPLIANCE or name.startswith(_SLOW):
        return Cadence.DEEP
    return Cadence.COMPREHENSIVE
