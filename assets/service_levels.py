"""Service levels: the clocks that run on tickets, work orders and tasks.

Calendars, targets and pauses belong to `vigia.domain.response`.
"""

from collections.abc import Iterable

import dagster as dg

from assets.feeds import contract_results
from assets.platform import Platform
from assets.specs import contract_spec, ops_key, ops_spec

NAMES = ("sla_clock", "sla_clock_segment")
SOURCES = (
    "ticket",
    "work_order",
    "task",
    "site",
    "calendar",
    "holiday",
    "sla_policy",
    "sla_target",
)


@dg.multi_asset(
    name="service_levels",
    specs=[ops_spec("sla_clock", deps=SOURCES), ops_spec("sla_clock_segment", deps=["sla_clock"])],
    check_specs=[contract_spec(name) for name in NAMES],
)
def service_levels(
    platform: dg.ResourceParam[Platform],
) -> Iterable[dg.MaterializeResult | dg.AssetCheckResult]:
    """Bring every clock to its tenant's now."""
    for name in NAMES:
        yield dg.MaterializeResult(asset_key=ops_key(name), metadata={})
    yield from contract_results(platform, NAMES)


ASSETS = [service_levels]
