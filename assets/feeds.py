"""What events bring: the tables that ingest writes, which Dagster observes and does not make.

With their checks: the contract of each, and the suite of its values.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

import dagster as dg

from assets import render
from assets.partitions import days_of
from assets.platform import Platform
from assets.specs import contract_spec, ops_key, ops_spec
from vigia.quality.suites import Verdict
from vigia.worker import quality

BOOKS = (
    "tenant",
    "tenant_clock",
    "metric",
    "device_watermark",
    "ingest_batch",
    "ingest_key",
    "ingest_event",
    "ingest_quarantine",
)
"""What ingest itself keeps of its work."""

NAMES = tuple(table.name for table in quality.input_tables())
ASSETS = [ops_spec(name) for name in (*NAMES, *BOOKS)]
_VALUES = "Presence, states, ranges, keys, times and texts, and what is usual for the feed."


@dg.multi_asset_check(name="feed_contracts", specs=[contract_spec(name) for name in NAMES])
def feed_contracts(platform: dg.ResourceParam[Platform]) -> Iterable[dg.AssetCheckResult]:
    """Compare every table that events feed with the dictionary."""
    yield from contract_results(platform, NAMES)


@dg.multi_asset_check(
    name="feed_values",
    specs=[dg.AssetCheckSpec("values", asset=ops_key(n), description=_VALUES) for n in NAMES],
)
def feed_values(
    context: dg.AssetCheckExecutionContext, platform: dg.ResourceParam[Platform]
) -> Iterable[dg.AssetCheckResult]:
    """Run the suites of what events brought on the run's days, else on each newest day."""
    found = quality.check_values(
        platform.database,
        quality.input_tables(),
        days=days_of(context.run),
        now=platform.clock(),
    )
    yield from value_results(NAMES, found)


def contract_results(platform: Platform, names: Iterable[str]) -> Iterator[dg.AssetCheckResult]:
    """One result per table: whether it looks as the dictionary says."""
    for name, violations in quality.check_contracts(platform.database, list(names)).items():
        yield dg.AssetCheckResult(
            asset_key=ops_key(name),
            check_name="contract",
            passed=not violations,
            description="; ".join(violations) or None,
            metadata={"violations": "\n".join(violations)} if violations else {},
        )


def value_results(
    names: Iterable[str], found: Iterable[quality.Examination]
) -> Iterator[dg.AssetCheckResult]:
    """One result per table: whether its rows keep their rules, over all tenants."""
    by_table = {
        name: list(group)
        for name, group in groupby(sorted(found, key=lambda e: e.table), lambda e: e.table)
    }
    for name in names:
        examined = by_table.get(name, [])
        broken = [_broken(e, verdict) for e in examined for verdict in e.broken]
        yield dg.AssetCheckResult(
            asset_key=ops_key(name),
            check_name="values",
            passed=not broken,
            severity=dg.AssetCheckSeverity.WARN,
            description="; ".join(map(_said, broken)) or None,
            metadata={
                "rows": sum(e.row_count for e in examined),
                "rules": sum(len(e.verdicts) for e in examined),
                **({"broken": render.table(broken)} if broken else {}),
            },
        )


def _said(broken: dict[str, object]) -> str:
    return f"{broken['rule']}: {broken['rows that break it']} of {broken['of']} rows"


def _broken(examination: quality.Examination, verdict: Verdict) -> dict[str, object]:
    return {
        "tenant": examination.tenant_id,
        "until": examination.last,
        "rule": verdict.rule,
        "rows that break it": verdict.failed_count,
        "of": verdict.examined_count,
        "for example": ", ".join(verdict.sample),
    }
