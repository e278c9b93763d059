"""Checks: plain rules beside the patterns, in the same shape, one finding a thing that is wrong.

Reports that are missing or never came (COMPLIANCE_*, DAILY_REPORT_MISSING) are not checked yet:
nothing tells of reports so far.
"""

from __future__ import annotations

from vigia.domain.findings.checks import (
    checkpoint_coverage,
    emergencies,
    field_support,
    location_updates,
    phone_events,
    sla_breach,
    tour_completion,
    tour_overdue,
)
from vigia.domain.findings.pattern import Pattern

CHECKS: tuple[Pattern, ...] = (
    tour_overdue.CHECK,
    checkpoint_coverage.CHECK,
    phone_events.CHECK,
    location_updates.CHECK,
    tour_completion.CHECK,
    sla_breach.CHECK,
    field_support.CHECK,
    emergencies.ESCALATION,
    emergencies.ASSIGNMENT,
)
"""All checks."""
