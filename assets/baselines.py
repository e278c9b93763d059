"""Baselines and anomalies: what is usual of each metric at each hour of the week, and what was not.

What is computed belongs to `vigia.domain.anomalies`, which days and slots to `vigia.worker.baselines`.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import dagster as dg

from assets import render
from assets.feeds import contract_results
from assets.partitions import DAYS, ONE_RUN, days_of, is_whole
from assets.platform import Platform
from assets.specs import contract_spec, ops_key, ops_spec
from vigia.worker.baselines import judge_anomalies, refresh_baselines

LEARNED = ("baseline_day", "baseline_profile", "baseline_stray")
JUDGED = ("anomaly",)
NAMES = (*LEARNED, *JUDGED)
SHOWN_DAYS = timedelta(days=7)
"""Of a history that came in, so many of its newest days are judged; all when a person asks."""


@dg.multi_asset(
    name="baselines",
    specs=[
        ops_spec("baseline_day", deps=["metric_5m", "metric_1d", "maintenance_window"]),
        ops_spec("baseline_profile", deps=["baseline_day"]),
        ops_spec("baseline_stray", deps=["baseline_profile"]),
    ],
    check_specs=[contract_spec(name) for name in LEARNED],
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
)
def baselines(
    context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]
) -> Iterable[dg.MaterializeResult | dg.AssetCheckResult]:
    """Lay out the local days that are over, and learn what is usual from the last 30 of them."""
    days = days_of(context.run) if is_whole(context.run) else None
    found = [
        refresh_baselines(platform.database, tenant, now=platform.clock(), days=days)
        for tenant in platform.tenants()
    ]
    errors = {site: why for summary in found for site, why in summary.errors.items()}
    told = {
        "created": sum(summary.created for summary in found),
        "updated": sum(summary.updated for summary in found),
        "errors": len(errors),
        "days laid out": sum(summary.days for summary in found),
        "stable buckets": sum(summary.stable for summary in found),
    }
    for name in LEARNED:
        yield dg.MaterializeResult(asset_key=ops_key(name), metadata={**told, **_why(errors)})
    yield from contract_results(platform, LEARNED)


@dg.multi_asset(
    name="anomalies",
    specs=[ops_spec("anomaly", deps=["metric_5m", "baseline_profile", "baseline_stray"])],
    check_specs=[contract_spec(name) for name in JUDGED],
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
)
def anomalies(
    context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]
) -> Iterable[dg.MaterializeResult | dg.AssetCheckResult]:
    """Judge the newest hours, or the run's days each by what earlier days taught."""
    days = _days_to_judge(context.run, platform.clock().date())
    found = [
        judge_anomalies(platform.database, tenant, now=platform.clock(), days=days)
        for tenant in platform.tenants()
    ]
    errors = {site: why for summary in found for site, why in summary.errors.items()}
    metadata = {
        "dagster/row_count": sum(summary.anomalies for summary in found),
        "tests": sum(summary.tests for summary in found),
        "raising": sum(summary.raising for summary in found),
        "errors": len(errors),
    }
    yield dg.MaterializeResult(asset_key=ops_key("anomaly"), metadata={**metadata, **_why(errors)})
    yield from contract_results(platform, JUDGED)


def _days_to_judge(run: dg.DagsterRun, today: date) -> tuple[date, date] | None:
    """First and last day to judge whole; None for the newest hours only."""
    days = days_of(run)
    if days is None or is_whole(run):
        return days
    first, last = days
    return None if last >= today else (max(first, last - SHOWN_DAYS), last)


def _why(errors: Mapping[str, str]) -> dict[str, Any]:
    rows = [{"site": site, "why": why} for site, why in sorted(errors.items())]
    return {"sites left out": render.table(rows)} if rows else {}


ASSETS = [baselines, anomalies]
