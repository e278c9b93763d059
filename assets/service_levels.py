"""Service levels: the clocks that run on tickets.

Calendars, targets and pauses belong to `vigia.domain.response`.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import dagster as dg

from assets import render
from assets.feeds import contract_results
from assets.partitions import is_whole
from assets.platform import Platform
from assets.specs import contract_spec, ops_key, ops_spec
from vigia.worker.sla import refresh_sla

NAMES = ("sla_clock", "sla_clock_segment")
SOURCES = ("ticket", "site", "client", "calendar", "holiday", "sla_policy", "sla_target")
LOOK_BACK = timedelta(hours=1)
"""A ticket written while the run before was busy belongs to this one."""


@dg.multi_asset(
    name="service_levels",
    specs=[ops_spec("sla_clock", deps=SOURCES), ops_spec("sla_clock_segment", deps=["sla_clock"])],
    check_specs=[contract_spec(name) for name in NAMES],
)
def service_levels(
    context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]
) -> Iterable[dg.MaterializeResult | dg.AssetCheckResult]:
    """Bring the clocks of changed tickets, and all that still run, to their tenant's now."""
    since = None if is_whole(context.run) else _last_time(context.instance)
    found = [
        refresh_sla(platform.database, tenant, now=platform.clock(), changed_since=since)
        for tenant in platform.tenants()
    ]
    states: Counter[tuple[str, str]] = Counter()
    for summary in found:
        states.update(summary.states)
    shown = [{"clock": k, "state": s, "count": n} for (k, s), n in sorted(states.items())]
    rows = {
        "sla_clock": [s.clocks for s in found],
        "sla_clock_segment": [s.segments for s in found],
    }
    for name in NAMES:
        metadata = {"dagster/row_count": sum(rows[name]), "tickets": sum(s.tickets for s in found)}
        yield dg.MaterializeResult(
            asset_key=ops_key(name), metadata={**metadata, "states": render.table(shown)}
        )
    yield from contract_results(platform, NAMES)


def _last_time(instance: dg.DagsterInstance) -> datetime | None:
    """From when on tickets may have changed since the last run; None when there was none."""
    event = instance.get_latest_materialization_event(ops_key(NAMES[0]))
    return datetime.fromtimestamp(event.timestamp, UTC) - LOOK_BACK if event else None


ASSETS = [service_levels]
