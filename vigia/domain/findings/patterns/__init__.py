"""The patterns, one file each: what a controller would see if they could look everywhere at once."""

from __future__ import annotations

from vigia.domain.findings.pattern import Pattern
from vigia.domain.findings.patterns import (
    k01_silent_site,
    k02_tour_abandonment,
    k03_sla_storm,
    k04_phantom_guard,
    k05_device_gps_failure,
    k06_device_phone_failure,
    k07_guard_distress,
    k08_resource_shortage,
    k09_coverage_gap,
    k10_escalation_chain_break,
    k11_network_outage,
    k12_off_hours_activity,
)

PATTERNS: tuple[Pattern, ...] = (
    k01_silent_site.PATTERN,
    k02_tour_abandonment.PATTERN,
    k03_sla_storm.PATTERN,
    k04_phantom_guard.PATTERN,
    k05_device_gps_failure.PATTERN,
    k06_device_phone_failure.PATTERN,
    k07_guard_distress.PATTERN,
    k08_resource_shortage.PATTERN,
    k09_coverage_gap.PATTERN,
    k10_escalation_chain_break.PATTERN,
    k11_network_outage.PATTERN,
    k12_off_hours_activity.PATTERN,
)
"""All patterns, in the order of their codes."""
