"""The lake and what leaves the database: archive of closed days, and retention.

Deciding what may go, and proving that it is safe elsewhere, belongs to `vigia.worker`.
"""

from collections import Counter

import dagster as dg

from assets import render
from assets.platform import Platform
from assets.specs import ops_spec
from vigia.store.schema import PII_TABLES
from vigia.worker.archive import archive_days, archived_tables
from vigia.worker.retention import enforce_retention, ripening_tables
from vigia.worker.things import LIVES

MOST_REASONS = 20
_RIPENING = tuple(table.name for table in ripening_tables())
_ARCHIVED = tuple(table.name for table in archived_tables())
_FILES = ops_spec("lake_file", deps=_ARCHIVED)


@dg.multi_asset(name="lake_archive", specs=[_FILES])
def lake_archive(platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    """Bring the days that can no longer change to the lake, each file read back and compared."""
    parts = [
        part
        for tenant in platform.tenants()
        for part in archive_days(platform.database, platform.lake, tenant, now=platform.clock())
    ]
    rows: Counter[str] = Counter()
    days: Counter[object] = Counter()
    for part in parts:
        rows[part.table] += part.row_count
        days[part.day] += part.row_count
    return dg.MaterializeResult(
        asset_key=_FILES.key,
        metadata={
            "files": len(parts),
            "dagster/row_count": rows.total(),
            "bytes": sum(part.byte_count for part in parts),
            "by table": render.table([{"table": t, "rows": n} for t, n in rows.most_common()]),
            "by day": render.series(days),
        },
    )


# What lies in the vault of personal data is not shown as an asset.
_THINGS = tuple(life.table for life in LIVES if life.table not in PII_TABLES)
_RUNS = ops_spec("retention_run", deps=["lake_file", *_RIPENING, *_THINGS])


@dg.multi_asset(name="retention", specs=[_RUNS])
def retention(platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    """Delete what is past its time, and only what is proved to be safe elsewhere."""
    decisions = [
        decision
        for tenant in platform.tenants()
        for decision in enforce_retention(
            platform.database, platform.lake, tenant, now=platform.clock()
        )
    ]
    kept = [d for d in decisions if d.verdict != "deleted"]
    refusals = Counter((d.record_type, d.verdict, d.reason) for d in kept)
    return dg.MaterializeResult(
        asset_key=_RUNS.key,
        metadata={
            "days deleted": len(decisions) - len(kept),
            "rows deleted": sum(d.deleted_count for d in decisions),
            "days kept": len(kept),
            "why": render.table(
                [
                    {"records": r, "verdict": v, "reason": why, "days": n}
                    for (r, v, why), n in refusals.most_common(MOST_REASONS)
                ]
            ),
        },
    )


ASSETS = [lake_archive, retention]
