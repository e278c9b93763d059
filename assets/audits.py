"""Audits of sites, one asset a cadence, and the findings that they raise.

Which slots are due and what a cadence looks for belongs to `vigia.domain.findings.audit`.
"""

from collections.abc import Iterable
from datetime import timedelta

import dagster as dg

from assets import render
from assets.feeds import contract_results
from assets.platform import Platform
from assets.specs import SCHEMA_METADATA, column_schema, contract_spec, ops_key, ops_spec
from vigia.domain.dictionary import TABLES
from vigia.domain.findings.audit import DEFAULT, Cadence
from vigia.domain.watch.facts import WANTED

WRITTEN = ("finding", "finding_event", "finding_evidence", "episode", "audit_run")
"""Tables that all audits write, each row once."""
KEPT = ("runbook", "site_audit_schedule")
"""Tables that people keep and that audits read."""
TUNED = ("threshold_history",)
NAMES = (*WRITTEN, *KEPT)


def audit_key(cadence: Cadence) -> dg.AssetKey:
    """The asset key of the audits of a cadence."""
    return dg.AssetKey(["audits", str(cadence)])


def _audit(cadence: Cadence) -> dg.AssetsDefinition:
    interval = DEFAULT.interval(cadence)

    @dg.asset(
        key=audit_key(cadence),
        # Thresholds that moved count too, but they follow from findings, and a graph has no circles.
        deps=[*map(ops_key, (*WANTED, "anomaly", *KEPT))],
        description=f"One row per site and slot of the {cadence} audit: every "
        f"{interval // timedelta(minutes=1)} minutes where a site's schedule says nothing else.",
        metadata={SCHEMA_METADATA: column_schema(TABLES["audit_run"])},
        freshness_policy=dg.FreshnessPolicy.time_window(2 * interval),
    )
    def audit(
        context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]
    ) -> dg.MaterializeResult:
        """Do every audit that is due, in one transaction a company."""
        from vigia.worker.audit import AuditSummary, run_audits

        found = {
            tenant: run_audits(platform.database, tenant, cadence, now=platform.clock())
            for tenant in platform.tenants()
        }
        total = sum(found.values(), AuditSummary())
        context.log.info("%d audits, %d new findings", total.audits, total.raised)
        shown = [
            {"company": str(tenant)[:8], "slots": s.slots, "new": s.raised, "seconds": s.seconds}
            for tenant, s in found.items()
        ]
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": total.audits,
                "new findings": total.raised,
                "changed findings": total.changed,
                "audits missed": total.missed,
                "companies": render.table(shown),
            }
        )

    return audit


@dg.multi_asset(
    name="threshold_tuning",
    specs=[ops_spec("threshold_history", deps=["finding", "finding_event"])],
    check_specs=[contract_spec(name) for name in TUNED],
)
def threshold_tuning(
    platform: dg.ResourceParam[Platform],
) -> Iterable[dg.MaterializeResult | dg.AssetCheckResult]:
    """Move thresholds by a step where what people said of findings asks for it."""
    from vigia.worker.tuning import tune

    moved = [
        {"company": str(tenant)[:8], "threshold": c.dial.name, "from": c.old, "to": c.new}
        | {"because": c.reason, **c.evidence}
        for tenant in platform.tenants()
        for c in tune(platform.database, tenant, now=platform.clock())
    ]
    yield dg.MaterializeResult(
        asset_key=ops_key("threshold_history"),
        metadata={"dagster/row_count": len(moved), "moved": render.table(moved)},
    )
    yield from contract_results(platform, TUNED)


@dg.multi_asset_check(name="finding_contracts", specs=[contract_spec(name) for name in NAMES])
def finding_contracts(platform: dg.ResourceParam[Platform]) -> Iterable[dg.AssetCheckResult]:
    """Compare the tables of findings and audits with the dictionary."""
    yield from contract_results(platform, NAMES)


CADENCES = {cadence: _audit(cadence) for cadence in Cadence}
ASSETS = [
    *CADENCES.values(),
    *(ops_spec(name).replace_attributes(deps=[*map(audit_key, Cadence)]) for name in WRITTEN),
    *map(ops_spec, KEPT),
    threshold_tuning,
]
