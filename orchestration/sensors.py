"""Sensors: something outside Dagster happened. What follows is decided in pure functions.

The shell reads; `orchestration.partitions` decides which days; Dagster drops a run whose key it
has seen. Freshness is watched here too: looking costs a question, a run of its own would cost
ten seconds.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import dagster as dg

from assets.freshness import Age, Allowed, ages
from assets.platform import Platform
from orchestration import jobs
from orchestration.audits import AUDIT, AuditRun, audit_runs
from orchestration.partitions import history_ranges
from vigia.domain.findings.audit import Cadence
from vigia.store.arrivals import dirty_days, running_imports
from vigia.store.connection import Role


@dg.sensor(
    job=jobs.history,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def arrivals(
    context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]
) -> dg.SensorResult | dg.SkipReason:
    """Days further back than the five-minute cadence looks, that an import or replay touched."""
    import psycopg

    now = platform.clock()
    try:
        with platform.database.transaction(Role.WORKER) as connection:
            importing = running_imports(connection, now)
            days = dirty_days(connection)
    except psycopg.Error as error:
        # Not knowing is not the same as nothing to do: the next tick asks again.
        context.log.warning("the database could not be asked: %s", error)
        return dg.SkipReason(f"The database could not be asked what arrived: {error}")
    if importing:
        return dg.SkipReason(f"{importing} imports are still bringing rows; waiting for them.")
    ranges = history_ranges(days, today=now.astimezone(UTC).date())
    if not ranges:
        return dg.SkipReason("Nothing arrived for days that only a history run looks after.")
    return dg.SensorResult(
        run_requests=[dg.RunRequest(run_key=r.run_key, tags=r.tags) for r in ranges]
    )


@dg.sensor(
    jobs=list(jobs.AUDITS.values()),
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def audits_due(
    context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]
) -> dg.SensorResult | dg.SkipReason:
    """Slots of audits that have come, at any site of any company; one run a cadence for all."""
    import psycopg

    try:
        due = _due_slots(platform)
    except psycopg.Error as error:
        # Slots are not forgotten: the next tick finds them due still.
        context.log.warning("the database could not be asked: %s", error)
        return dg.SkipReason(f"The database could not be asked which audits are due: {error}")
    named = audit_runs(due)
    runs = audit_runs(due, {run.name: _failures(context.instance, run) for run in named})
    if not runs:
        return dg.SkipReason("No slot of any audit is due.")
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(run.run_key, job_name=jobs.AUDITS[run.cadence].name, tags=run.tags)
            for run in runs
        ]
    )


def _due_slots(platform: Platform) -> dict[Cadence, datetime | None]:
    from vigia.worker.audit import due_slot

    tenants, now = platform.tenants(), platform.clock()
    return {
        cadence: max(
            (
                slot
                for tenant in tenants
                if (slot := due_slot(platform.database, tenant, cadence, now))
            ),
            default=None,
        )
        for cadence in Cadence
    }


def _failures(instance: dg.DagsterInstance, run: AuditRun) -> int:
    ended = [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
    return instance.get_runs_count(dg.RunsFilter(tags={AUDIT: run.name}, statuses=ended))


def freshness_sensor(allowed: Allowed) -> dg.SensorDefinition:
    """A sensor that enters into the check of each asset when it grows old, and when it is made anew.

    Args:
        allowed: Asset to how long ago it may have been made.
    """

    @dg.sensor(
        name="freshness",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells apart what is fresh and what is overdue, among all that people read.",
    )
    def watch(
        context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]
    ) -> dg.SensorResult:
        known = json.loads(context.cursor) if context.cursor else {}
        found = ages(context.instance, allowed, platform.clock())
        turned = turns(found, known)
        overdue = [age.key.to_user_string() for age in found if not age.is_fresh]
        return dg.SensorResult(
            skip_reason=f"Overdue: {', '.join(overdue) or 'nothing'}.",
            asset_events=[dg.AssetCheckEvaluation(**age.result) for age in turned],
            cursor=json.dumps({age.key.to_user_string(): age.is_fresh for age in found}),
        )

    return watch


def turns(found: Iterable[Age], known: Mapping[str, bool]) -> list[Age]:
    """The assets that are not as they were known to be; all of them at first.

    Args:
        found: Ages now.
        known: Asset to whether it was fresh when it was looked at last.
    """
    return [age for age in found if known.get(age.key.to_user_string()) != age.is_fresh]
