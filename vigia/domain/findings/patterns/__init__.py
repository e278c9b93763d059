"""The patterns, one file each: what a controller would see if they could look everywhere at once."""

from __future__ import annotations

from vigia.domain.findings.pattern import Pattern
from vigia.domain.findings.patterns import (
    k01_silent_site,
    k03_sla_storm,
)

PATTERNS: tuple[Pattern, ...] = (
    k01_silent_site.PATTERN,
    k03_sla_storm.PATTERN,
)
"""All patterns, in the order of their codes."""
