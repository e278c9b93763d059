"""Every type of finding that the product raises, as data; and the two families named by a metric.

Belongs here: what is always true of a type, whatever its context. Does not belong here: names that
nobody declared (`categorise`), how context moves severity (`severity`), texts (`messages`).
Patterns may be named with or without CORRELATION_, as the sources do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from vigia.domain.findings.types import Category, ScopeKind, Severity
from vigia.domain.metrics.builtin import BUILT_IN

Direction = Literal["BELOW", "ABOVE", "ABSENT"]
GENERIC = "GENERIC"
_PATTERN = "CORRELATION_"


@dataclass(frozen=True, slots=True)
class FindingType:
    """One type of finding.

    Attributes:
        name: In capitals, as findings carry it.
        category: Whose concern it is.
        severity: Before context.
        scope: What it is about.
        title: Its name for people.
        high_from_min: Delay in minutes from which it is HIGH at least.
        critical_from_min: Delay in minutes from which it is CRITICAL.
        is_safety_flagged: People may be in danger though the category is another: it is raised at
            once, provisional, and never waits for late data.
        follows_subject: It is one step worse than the alert or ticket it is about, and SAFETY and
            CRITICAL where that is a crisis.
        needs_two_people: Closing it takes a second person who confirms.
    """

    name: str
    category: Category
    severity: Severity
    scope: ScopeKind
    title: str
    high_from_min: int | None = None
    critical_from_min: int | None = None
    is_safety_flagged: bool = False
    follows_subject: bool = False
    needs_two_people: bool = False


_SAFETY, _SECURITY, _COMPLIANCE = Category.SAFETY, Category.SECURITY, Category.COMPLIANCE
_OPERATIONAL, _DEVICE = Category.OPERATIONAL, Category.DEVICE_HEALTH
_LOW, _MEDIUM, _HIGH, _CRITICAL = Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL
_SITE, _POST, _PERSON, _DEVICE_SCOPE = (
    ScopeKind.SITE,
    ScopeKind.POST,
    ScopeKind.PERSON,
    ScopeKind.DEVICE,
)
_TOUR, _TICKET, _ALERT, _REGION = (
    ScopeKind.TOUR_RUN,
    ScopeKind.TICKET,
    ScopeKind.ALERT,
    ScopeKind.REGION,
)
_DAY_MIN = 24 * 60

TYPES: tuple[FindingType, ...] = (
    # Safety: people are in danger, or nobody answers a call for help.
    FindingType("CORRELATION_GUARD_DISTRESS", _SAFETY, _CRITICAL, _PERSON, "Guard in distress",
                is_safety_flagged=True, needs_two_people=True),
    FindingType("EMERGENCY_ESCALATION_DELAYED", _SAFETY, _CRITICAL, _TICKET,
                "Emergency not escalated"),
    FindingType("EMERGENCY_TICKET_UNASSIGNED", _SAFETY, _CRITICAL, _TICKET,
                "Emergency without an owner"),
    # Security: the guarding itself.
    FindingType("TOUR_OVERDUE", _SECURITY, _HIGH, _TOUR, "Tour overdue", critical_from_min=120),
    FindingType("CORRELATION_TOUR_ABANDONMENT", _SECURITY, _HIGH, _TOUR, "Tour abandoned"),
    FindingType("CHECKPOINT_COVERAGE_LOW", _SECURITY, _MEDIUM, _SITE, "Checkpoints left out"),
    FindingType("CORRELATION_PHANTOM_GUARD", _SECURITY, _MEDIUM, _PERSON, "Position without work"),
    FindingType("ANOMALY_TOUR_CHECKPOINTS_BELOW", _SECURITY, _HIGH, _SITE,
                "Fewer checkpoint scans than usual"),
    FindingType("CRITICAL_SIGNAL_TOUR_COMPLETION_LOW", _SECURITY, _HIGH, _SITE,
                "Too few tours completed"),
    FindingType("OFF_HOURS_ACTIVITY", _SECURITY, _MEDIUM, _SITE, "Activity at a closed site"),
    FindingType("GPS_JAMMING_SUSPECT", _SECURITY, _HIGH, _SITE,
                "Half of a site's devices lost their position at once"),
    # Operations: work, promises, cover.
    FindingType("CORRELATION_SILENT_SITE", _OPERATIONAL, _CRITICAL, _SITE, "Silent site",
                is_safety_flagged=True),
    FindingType("SILENT_SITE_SUSPECT", _OPERATIONAL, _HIGH, _SITE, "Site falling silent",
                is_safety_flagged=True),
    FindingType("CORRELATION_SLA_STORM", _OPERATIONAL, _CRITICAL, _SITE, "Backlog storm"),
    FindingType("SLA_STORM_EMERGING", _OPERATIONAL, _HIGH, _SITE, "Backlog storm building up"),
    FindingType("SLA_BREACH", _OPERATIONAL, _HIGH, _TICKET, "Promise broken",
                critical_from_min=_DAY_MIN),
    FindingType("FIELD_SUPPORT_DELAYED", _OPERATIONAL, _MEDIUM, _TICKET, "Equipment request waits",
                high_from_min=7 * _DAY_MIN),
    FindingType("CORRELATION_RESOURCE_SHORTAGE", _OPERATIONAL, _MEDIUM, _SITE,
                "More work than people"),
    FindingType("CORRELATION_COVERAGE_GAP", _OPERATIONAL, _HIGH, _POST, "Post not covered",
                is_safety_flagged=True),
    FindingType("CHECKIN_MISSING", _OPERATIONAL, _LOW, _POST, "Present without clocking in"),
    FindingType("CORRELATION_ESCALATION_CHAIN_BREAK", _OPERATIONAL, _HIGH, _ALERT,
                "Escalation got stuck", is_safety_flagged=True, follows_subject=True),
    FindingType("ESCALATION_CHAIN_HOLE", _OPERATIONAL, _MEDIUM, _SITE,
                "Escalation would reach nobody"),
    FindingType("ANOMALY_PHONE_EVENTS_BELOW", _OPERATIONAL, _MEDIUM, _SITE,
                "Fewer phone events than usual"),
    FindingType("ANOMALY_TASKS_COMPLETED_BELOW", _OPERATIONAL, _MEDIUM, _SITE,
                "Fewer tasks completed than usual"),
    FindingType(GENERIC, _OPERATIONAL, _MEDIUM, _SITE, "Needs a look"),
    # Devices and networks.
    FindingType("CRITICAL_SIGNAL_PHONE_EVENTS_LOW", _DEVICE, _HIGH, _SITE,
                "Too few phone events"),
    FindingType("CRITICAL_SIGNAL_LOCATION_UPDATES_LOW", _DEVICE, _HIGH, _SITE,
                "Too few positions"),
    FindingType("CORRELATION_DEVICE_GPS_FAILURE", _DEVICE, _HIGH, _DEVICE_SCOPE,
                "Phone alive without positions"),
    FindingType("CORRELATION_DEVICE_PHONE_FAILURE", _DEVICE, _HIGH, _DEVICE_SCOPE,
                "Positions without a phone"),
    FindingType("NETWORK_OUTAGE", _DEVICE, _HIGH, _REGION, "Network outage"),
    # Compliance: what is owed to clients and authorities.
    FindingType("COMPLIANCE_REPORT_MISSING", _COMPLIANCE, _HIGH, _SITE, "Compulsory report missing",
                critical_from_min=_DAY_MIN),
    FindingType("COMPLIANCE_REPORT_NEVER_GENERATED", _COMPLIANCE, _CRITICAL, _SITE,
                "Compulsory report never made"),
    FindingType("DAILY_REPORT_MISSING", _COMPLIANCE, _MEDIUM, _SITE, "Daily report missing",
                high_from_min=_DAY_MIN),
)  # fmt: skip

KNOWN: dict[str, FindingType] = {found.name: found for found in TYPES}
ALIASES: dict[str, str] = {
    (
        name.removeprefix(_PATTERN) if name.startswith(_PATTERN) else f"{_PATTERN}{name}"
    ): name
    for name in (
        *(found.name for found in TYPES if found.name.startswith(_PATTERN)),
        "NETWORK_OUTAGE",
        "OFF_HOURS_ACTIVITY",
    )
}  # fmt: skip
"""Other spellings of patterns."""

_METRICS = {metric.name.upper(): metric for metric in BUILT_IN}
_FAMILIES = {
    "access": _SECURITY,
    "alerts": _OPERATIONAL,
    "attendance": _COMPLIANCE,
    "control_room": _OPERATIONAL,
    "facility": _OPERATIONAL,
    "phone": _DEVICE,
    "position": _DEVICE,
    "tickets": _OPERATIONAL,
    "welfare": _SAFETY,
    "work": _OPERATIONAL,
}
_EXCEPTIONS = {
    **dict.fromkeys(("PHONE_EVENTS", "PHONE_INTERACTIONS"), _OPERATIONAL),
    **dict.fromkeys(("TOUR_CHECKPOINTS", "SCANS_DOUBTFUL", "INCIDENTS_REPORTED"), _SECURITY),
    **dict.fromkeys(
        ("TOURS_DUE", "TOURS_STARTED", "TOURS_COMPLETED", "TOURS_MISSED", "TOURS_RUNNING"),
        _SECURITY,
    ),
}
_ANOMALY = re.compile(r"ANOMALY_(\w+)_(BELOW|ABOVE|ABSENT)")
_SIGNAL = re.compile(r"CRITICAL_SIGNAL_(\w+)_LOW")
_SAYS = {"BELOW": "lower than usual", "ABOVE": "higher than usual", "ABSENT": "not there at all"}


def spelled(name: str) -> str:
    """A name in the spelling of types: capitals, and one underscore for all that is no letter.

    >>> spelled(" temp. hall-3 ")
    'TEMP_HALL_3'
    """
    return re.sub(r"[\W_]+", "_", name.upper()).strip("_")


def anomaly_type(metric: str, direction: Direction) -> str:
    """The type of a finding that a metric is not what it usually is.

    >>> anomaly_type("phone_events", "BELOW")
    'ANOMALY_PHONE_EVENTS_BELOW'
    """
    return f"ANOMALY_{spelled(metric)}_{direction}"


def critical_signal_type(signal: str) -> str:
    """The type of a finding that a signal fell below what its site must send."""
    return f"CRITICAL_SIGNAL_{spelled(signal)}_LOW"


def metric_of(name: str) -> tuple[str, str] | None:
    """Metric and direction in the name of a type; None where it names no metric.

    >>> metric_of("ANOMALY_TASKS_COMPLETED_BELOW")
    ('TASKS_COMPLETED', 'BELOW')
    """
    if found := _ANOMALY.fullmatch(name):
        return found[1], found[2]
    found = _SIGNAL.fullmatch(name)
    return (found[1], "LOW") if found else None


def family_type(name: str) -> FindingType | None:
    """The type that a name of one of the two families means; None where it is none of them."""
    told = metric_of(name)
    if told is None:
        return None
    metric, direction = told
    registered = _METRICS.get(metric)
    title = registered.title if registered else "Imported series"
    category = _category_of(metric)
    if direction == "LOW":
        return FindingType(name, category, _HIGH, _SITE, f"{title}: too few")
    worrying = registered is None or registered.concern in (
        "both",
        "high" if direction == "ABOVE" else "low",
    )
    if category is _SAFETY and not worrying:
        category = _OPERATIONAL
    severity = _MEDIUM if worrying else _LOW
    return FindingType(name, category, severity, _SITE, f"{title}: {_SAYS[direction]}")


def _category_of(metric: str) -> Category:
    registered = _METRICS.get(metric)
    if registered is None:
        return _OPERATIONAL
    return _EXCEPTIONS.get(metric) or _FAMILIES[registered.family]
