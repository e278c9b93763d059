"""From families of assets to one set of definitions; what holds for a family is said here once.

Bodies of assets belong in `assets`, cadences in `orchestration.jobs`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import ModuleType
from typing import Any

import dagster as dg

from assets import audits, baselines, documents, feeds, lake, marts, metrics, service_levels, worlds
from assets.freshness import Allowed, freshness_checks
from orchestration.failures import failed_runs
from orchestration.jobs import JOBS
from orchestration.resources import PlatformResource
from orchestration.schedules import SCHEDULES
from orchestration.sensors import arrivals, audits_due, freshness_sensor


@dataclass(frozen=True, slots=True)
class Family:
    """Assets that one team answers for.

    Attributes:
        name: Group in the graph; feeds are grouped by their section of the dictionary.
        module: Where its `ASSETS` are, and their checks.
        owner: The team.
        kinds: What they are made with, for the eye.
        fresh_within: How old an asset may grow before people are told: twice its cadence. Where
            assets of a family have cadences of their own, they say so themselves.
    """

    name: str
    module: ModuleType
    owner: str
    kinds: frozenset[str]
    fresh_within: timedelta | None = None


FAMILIES = (
    Family("feeds", feeds, "team:ingest", frozenset({"postgres"})),
    Family(
        "metrics", metrics, "team:data", frozenset({"polars", "postgres"}), timedelta(minutes=10)
    ),
    Family("baselines", baselines, "team:data", frozenset({"polars", "postgres"})),
    Family(
        "service_levels",
        service_levels,
        "team:service",
        frozenset({"python", "postgres"}),
        timedelta(minutes=10),
    ),
    Family("findings", audits, "team:detection", frozenset({"polars", "postgres"})),
    Family("lake", lake, "team:platform", frozenset({"parquet"})),
    Family("marts", marts, "team:analytics", frozenset({"dbt", "postgres"}), timedelta(hours=2)),
    Family("documents", documents, "team:analytics", frozenset({"dbt"}), timedelta(days=2)),
    Family("worlds", worlds, "team:data", frozenset({"parquet"})),
)


def build_definitions(*, resources: Mapping[str, Any] | None = None) -> dg.Definitions:
    """Everything that Dagster serves.

    Args:
        resources: Takes the place of resources of the same name, such as a test's platform.
    """
    assets = [asset for family in FAMILIES for asset in _assets(family)]
    allowed = _allowed(assets)
    checks = dg.load_asset_checks_from_modules([family.module for family in FAMILIES])
    return dg.Definitions(
        assets=assets,
        asset_checks=[*checks, freshness_checks(allowed)],
        jobs=JOBS,
        schedules=SCHEDULES,
        sensors=[arrivals, audits_due, freshness_sensor(allowed), failed_runs],
        resources={"platform": PlatformResource(), **(resources or {})},
        # Steps are coarse and share one warm process; a process each costs seconds.
        executor=dg.in_process_executor,
    )


def _assets(family: Family) -> list[Any]:
    return list(dg.map_asset_specs(lambda spec: _belonging(spec, family), family.module.ASSETS))


def _allowed(assets: Iterable[Any]) -> Allowed:
    """How old each asset may grow that people read."""
    specs = [spec for asset in assets for spec in getattr(asset, "specs", [asset])]
    policies = {spec.key: spec.freshness_policy for spec in specs if spec.freshness_policy}
    return {key: policy.fail_window.to_timedelta() for key, policy in policies.items()}


def _belonging(spec: dg.AssetSpec, family: Family) -> dg.AssetSpec:
    section = spec.metadata.get("section") if family.name == "feeds" else None
    within = family.fresh_within
    policy = dg.FreshnessPolicy.time_window(within) if within else spec.freshness_policy
    return spec.replace_attributes(
        group_name=_slug(str(section)) if section else family.name,
        owners=[family.owner],
        kinds=set(family.kinds),
        freshness_policy=policy,
    )


def _slug(title: str) -> str:
    return re.sub(r"\W+", "_", title.lower()).strip("_")
