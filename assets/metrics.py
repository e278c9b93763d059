"""Metrics: signals, 5-minute snapshots and their rollups, recomputed from raw where days changed.

What is measured and how it adds up belongs to `vigia.domain.metrics`.
"""

from collections.abc import Iterable

import dagster as dg

from assets import render
from assets.feeds import contract_results, value_results
from assets.partitions import DAYS, ONE_RUN, days_of
from assets.platform import Platform
from assets.specs import contract_spec, ops_key, ops_spec
from vigia.domain.metrics.builtin import BUILT_IN
from vigia.domain.metrics.registry import SAMPLE_TABLE
from vigia.worker import quality

SIGNALS = (
    "gps_fix",
    "device_heartbeat",
    "phone_event",
    "checkpoint_scan",
    "task",
    "incident_report",
    "welfare_check",
)
SOURCES = tuple(sorted({metric.source_table for metric in BUILT_IN} | {SAMPLE_TABLE}))
ROLLUPS = {"metric_1h": "metric_5m", "metric_1d": "metric_5m"}
NAMES = ("signal_window", "metric_5m", *ROLLUPS)

_SPECS = [
    ops_spec("signal_window", deps=SIGNALS),
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
    """Recompute the slots of the run's days that are out of date, from raw rows."""
    from vigia.worker.metrics import refresh_metrics

    summary = refresh_metrics(
        platform.database, platform.lake, days=days_of(context.run), now=platform.clock()
    )
    for name in NAMES:
        yield dg.MaterializeResult(asset_key=ops_key(name), metadata={})
    yield from contract_results(platform, NAMES)


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
