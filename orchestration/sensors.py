"""Sensors: something outside Dagster happened. What follows is decided in pure functions.

The shell reads; `orchestration.partitions` decides which days; Dagster drops a run whose key it
has seen.
"""

from datetime import UTC

import dagster as dg

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
