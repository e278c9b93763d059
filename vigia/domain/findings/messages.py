"""What a finding says of itself, without personal data: title and message from templates.

A message names things by code and people by initials, and says figures. Nothing else can get in:
values come through slots, each of which lets only its own shape pass, and what does not fit is
replaced by what the slot says without it. Whatever else is known of a case belongs to its evidence.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from uuid import UUID

from vigia.domain.findings.categorise import resolve
from vigia.domain.findings.known import metric_of
from vigia.domain.findings.personal_data import ANYBODY

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,39}")
_MAX_MINUTES = 10**7
_MANY = 10**9

TEMPLATES: Mapping[str, str] = {
    "TOUR_OVERDUE": "{run} at {site} is {delay} overdue.",
    "CORRELATION_TOUR_ABANDONMENT": "{person} has left {site} in the middle of {run}; no scan for {delay}.",
    "CHECKPOINT_COVERAGE_LOW": "{count} of {expected} checkpoints were not scanned at {site}.",
    "CORRELATION_PHANTOM_GUARD": "{person} at {site} sends positions, but did none of the work due for {delay}.",
    "CORRELATION_SILENT_SITE": "Nothing has come from {site} for {delay}; {count} on duty.",
    "SILENT_SITE_SUSPECT": "Every device of {site} has been silent for {delay}.",
    "CORRELATION_SLA_STORM": "Overdue work, late tours and alerts pile up at {site}: {count} since {since}.",
    "SLA_STORM_EMERGING": "Work begins to pile up at {site}: {count} since {since}.",
    "SLA_BREACH": "{ticket} at {site} is {delay} past its promise.",
    "FIELD_SUPPORT_DELAYED": "{ticket} for equipment at {site} has waited {delay}.",
    "CRITICAL_SIGNAL_TOUR_COMPLETION_LOW": "{site} completed {observed} tours since {since}; needed: {expected}.",
    "CORRELATION_DEVICE_GPS_FAILURE": "{device} at {site} works, but had no usable position for {delay}.",
    "CORRELATION_DEVICE_PHONE_FAILURE": "{device} at {site} sends positions, but nothing else for {delay}.",
    "GPS_JAMMING_SUSPECT": "{count} devices of {site} lost their position at once.",
    "COMPLIANCE_REPORT_MISSING": "A compulsory report of {site} is {delay} late.",
    "COMPLIANCE_REPORT_NEVER_GENERATED": "A compulsory report of {site} was never made; {count} periods are missing.",
    "DAILY_REPORT_MISSING": "The daily report of {site} is {delay} late.",
    "EMERGENCY_ESCALATION_DELAYED": "{ticket} at {site} is an emergency and was not escalated for {delay}.",
    "EMERGENCY_TICKET_UNASSIGNED": "{ticket} at {site} is an emergency and has had no owner for {delay}.",
    "CORRELATION_GUARD_DISTRESS": "{person} at {site} may need help, since {since}.",
    "CORRELATION_RESOURCE_SHORTAGE": "The work waiting at {site} is {observed} % of what its people can do.",
    "CORRELATION_COVERAGE_GAP": "{post} at {site} lacks {count} of {expected} people, for {delay}.",
    "CHECKIN_MISSING": "Somebody is at {post} of {site} without having clocked in.",
    "CORRELATION_ESCALATION_CHAIN_BREAK": "{alert} at {site} is not acknowledged, and nobody else was told for {delay}.",
    "ESCALATION_CHAIN_HOLE": "An escalation at {site} would reach nobody at {count} of its steps.",
    "NETWORK_OUTAGE": "{count} sites of {region} lost their signals since {since}.",
    "OFF_HOURS_ACTIVITY": "{site} is closed, yet there was activity at {since}.",
    "GENERIC": "Something at {site} needs a look, since {since}.",
}  # fmt: skip
"""One sentence for every type of finding; the two families named by a metric have their own."""
_ANOMALY = "{observed} at {site} since {since}; usual: {expected}."
_SIGNAL = "{observed} at {site} since {since}; needed: {expected}."
_SLOT = re.compile(r"\{(\w+)\}")


def title(finding_type: str) -> str:
    """The type's name for people; of an undeclared one, the word that told its category."""
    return resolve(finding_type).title


def message(finding_type: str, context: Mapping[str, object]) -> str:
    """What a finding says of itself, in one sentence without personal data.

    Args:
        finding_type: Known or not.
        context: What is known of the case. Read are `site`, `post`, `run`, `ticket`, `alert`,
            `device`, `region` (codes), `person` (initials) or `person_id`, `count`, `observed`,
            `expected` (numbers), `delay_min` and `since` (an instant). All else is left out.

    >>> message("TOUR_OVERDUE", {"run": "T-12", "site": "S0007", "delay_min": 125})
    'Tour T-12 at site S0007 is 2 h 5 min overdue.'
    >>> message("TOUR_OVERDUE", {"site": "Mr A. Person, +44 20 7946 0000"})
    'A tour at a site is some time overdue.'
    """
    kind = resolve(finding_type).name
    template = TEMPLATES.get(kind)
    if template is None:
        template = _of_family(kind)
    text = _SLOT.sub(lambda slot: SLOTS[slot[1]](context), template)
    return text[0].upper() + text[1:]


def initials(value: object) -> str | None:
    """The value where it is initials: up to three capitals, with or without dots; else None.

    >>> initials("r.k."), initials("R.K."), initials("Rao")
    (None, 'RK', None)
    """
    letters = value.replace(".", "").replace(" ", "") if isinstance(value, str) else ""
    fits = 1 <= len(letters) <= 3 and letters.isalpha() and letters.isupper()
    return letters if fits else None


def code(value: object) -> str | None:
    """The value where it is a code that names a thing and nobody; else None.

    A code has a digit or is all capitals, holds no blank, and does not look like personal data.
    """
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        return None
    names_a_thing = any(map(str.isdigit, value)) or value.isupper()
    return value if names_a_thing and not ANYBODY.hits(value) else None


def _of_family(kind: str) -> str:
    """The template of a type that is named by a metric, or by its words alone."""
    told = metric_of(kind)
    if told is None:
        return f"{title(kind)} at {{site}}, since {{since}}."
    return f"{title(kind)}. {_SIGNAL if told[1] == 'LOW' else _ANOMALY}"


def _thing(key: str, before: str, without: str) -> Callable[[Mapping[str, object]], str]:
    def rendered(context: Mapping[str, object]) -> str:
        value = context.get(key)
        if value is None or value == "":
            return without
        named = code(value)
        return f"{before} {named}" if named else without

    return rendered


def _person(context: Mapping[str, object]) -> str:
    """Initials; where there are none, the first letters of the id."""
    if (known := initials(context.get("person"))) is not None:
        return f"guard {known}"
    person = context.get("person_id")
    return f"guard #{person.hex[:6]}" if isinstance(person, UUID) else "a guard"


def _number(key: str) -> Callable[[Mapping[str, object]], str]:
    def rendered(context: Mapping[str, object]) -> str:
        value = context.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "?"
        if not math.isfinite(value) or abs(value) >= _MANY:
            return "?"
        # In groups of three: seven digits in a row would pass for a telephone number.
        return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.1f}"

    return rendered


def _delay(context: Mapping[str, object]) -> str:
    value = context.get("delay_min")
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not 0 <= value < _MAX_MINUTES
    ):
        return "some time"
    hours, minutes = divmod(int(value), 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    told = [f"{amount} {unit}" for amount, unit in parts if amount]
    return " ".join(told[:2]) or "0 min"


def _since(context: Mapping[str, object]) -> str:
    value = context.get("since")
    if not isinstance(value, datetime) or value.tzinfo is None:
        return "an unknown time"
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


SLOTS: Mapping[str, Callable[[Mapping[str, object]], str]] = {
    "site": _thing("site", "site", "a site"),
    "post": _thing("post", "post", "a post"),
    "run": _thing("run", "tour", "a tour"),
    "ticket": _thing("ticket", "ticket", "a ticket"),
    "alert": _thing("alert", "alert", "an alert"),
    "device": _thing("device", "device", "a device"),
    "region": _thing("region", "region", "a region"),
    "person": _person,
    "count": _number("count"),
    "observed": _number("observed"),
    "expected": _number("expected"),
    "delay": _delay,
    "since": _since,
}
"""How each slot of a template is filled."""
