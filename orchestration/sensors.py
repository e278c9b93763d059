"""Sensors: something outside Dagster happened. What follows is decided in pure functions.

The shell reads; `orchestration.partitions` decides which days; Dagster drops a run whose key it
has seen. Freshness is watched here too: looking costs a question, a run of its own would cost
ten seconds.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC

import dagster as dg

from assets.freshness import Age, Allowed, ages
from assets.platform import Platform
from orchestration import jobs
from orchestration.partitions import history_ranges
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
