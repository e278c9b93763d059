"""Every kind of episode and of trap that can be planned, in the order of planning.

Belongs here: the lists. What has few places comes first.
"""

from __future__ import annotations

from vigia.simulator.plan import anomalies, failures, guard_traps, guards, site_traps, sites
from vigia.simulator.plan.kinds import Kind

OUTAGE, COHORT = sites.OUTAGE, site_traps.COHORT
"""Planned by group."""
EPISODES: tuple[Kind, ...] = (*sites.KINDS, *guards.KINDS, *failures.KINDS, *anomalies.KINDS)
TRAPS: tuple[Kind, ...] = (*site_traps.KINDS, *guard_traps.KINDS)
FOUND: tuple[Kind, ...] = (*site_traps.ALL_OF, *guard_traps.ALL_OF)
"""Traps of which every one that there is counts; nothing is chosen."""
POSITIVES = OUTAGE.rate + sum(kind.rate for kind in EPISODES)
"""Episodes per 100 sites and 14 days at the standard level."""
BY_NAME: dict[str, Kind] = {kind.name: kind for kind in (OUTAGE, *EPISODES, *TRAPS)}
"""Kinds that can be asked for by name."""
