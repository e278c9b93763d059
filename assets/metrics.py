"""Metrics: signals, 5-minute snapshots and their rollups, recomputed from raw where days changed.

What is measured and how it adds up belongs to `vigia.domain.metrics`.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

import dagster as dg

from assets import render
from assets.feeds import contract_results, value_results
from assets.partitions import DAYS, ONE_RUN, days_of, is_whole
from assets.platform import Platform
from assets.specs import contract_spec, ops_key, ops_spec
from vigia.domain.metrics.builtin import BUILT_IN
from vigia.domain.metrics.registry import SAMPLE_TABLE
from vigia.domain.metrics.signals import SOURCES as SIGNAL_SOURCES
from vigia.store import arrivals
from vigia.store.connection import Role
from vigia.worker import quality
from vigia.worker.metrics import refresh_metrics

SOURCES = tuple(sorted({metric.source_table for metric in BUILT_IN} | {SAMPLE_TABLE}))
ROLLUPS = {"metric_1h": "metric_5m", "metric_1d": "metric_5m"}
TOP_SITES = 5
NAMES = ("signal_window", "metric_5m", *ROLLUPS)

_SPECS = [
    ops_spec("signal_window", deps=sorted(SIGNAL_SOURCES)),
    ops_spec("metric_5m", deps=SOURCES),
    *(ops_spec(name, deps=[finer]) for name, finer in ROLLUPS.items()),
]


@dg.multi_asset(
    name="metrics",
    specs=_SPECS,
    check_specs=[contract_spec(name) for name in NAMES],
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
)
def metrics(
    context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]
) -> Iterable[dg.MaterializeResult | dg.AssetCheckResult]:
    """Recompute what is out of date in the run's days, or those days whole, from raw rows."""
    days = days_of(context.run)
    waiting = _waiting(platform, days)
    summaries = [
        refresh_metrics(
            platform.database,
            platform.lake,
            tenant,
            now=platform.clock(),
            days=days,
            full=is_whole(context.run),
        )
        for tenant in platform.tenants()
    ]
    for name in NAMES:
        rows = sum(summary.rows.get(name, 0) for summary in summaries)
        yield dg.MaterializeResult(
            asset_key=ops_key(name), metadata={"dagster/row_count": rows, **waiting}
        )
    yield from contract_results(platform, NAMES)


def _waiting(platform: Platform, days: tuple[date, date] | None) -> dict[str, Any]:
    """What was out of date before the run: slots, their days, the sites with most of them."""
    with platform.database.transaction(Role.WORKER) as connection:
        by_day = {d.day: d.slot_count for d in arrivals.dirty_days(connection, days)}
        sites = arrivals.dirty_sites(connection, days, TOP_SITES)
    return {
        "slots": sum(by_day.values()),
        "slots by day": render.series(by_day),
        "top sites": render.table([{"site": code, "slots": slots} for code, slots in sites]),
    }


@dg.multi_asset_check(
    name="metric_values",
    specs=[
        dg.AssetCheckSpec(
            "values",
            asset=ops_key(name),
            description="n > 0, min <= mean <= max, slots on the grid, rollups equal to the sum.",
        )
        for name in NAMES
    ],
)
def metric_values(
    context: dg.AssetCheckExecutionContext, platform: dg.ResourceParam[Platform]
) -> Iterable[dg.AssetCheckResult]:
    """Run the suites of the metrics on the run's days, else on each newest day."""
    found = quality.check_values(
        platform.database,
        quality.metric_tables(),
        days=days_of(context.run),
        now=platform.clock(),
    )
    yield from value_results(NAMES, found)


ASSETS = [metrics]
