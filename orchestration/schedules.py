"""Schedules: the clock's part. What a tick starts is in `orchestration.jobs`."""

from datetime import UTC

import dagster as dg

from orchestration import jobs
from orchestration.partitions import live_range

_RUNNING = dg.DefaultScheduleStatus.RUNNING


@dg.schedule(job=jobs.every_five_minutes, cron_schedule="*/5 * * * *", default_status=_RUNNING)
def five_minutes(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Today and the days that events may still arrive for."""
    waiting = dg.RunsFilter(
        job_name=jobs.every_five_minutes.name, statuses=[dg.DagsterRunStatus.QUEUED]
    )
    if context.instance.get_runs_count(waiting):
        # Behind a long history run the ticks would pile up, each with the same work to do.
        return dg.SkipReason("A run of the same days already waits for its turn.")
    at = context.scheduled_execution_time.astimezone(UTC)
    return dg.RunRequest(run_key=at.isoformat(), tags=live_range(at.date()).tags)


hour = dg.ScheduleDefinition(
    name="hour", job=jobs.hourly, cron_schedule="7 * * * *", default_status=_RUNNING
)
day = dg.ScheduleDefinition(
    name="day", job=jobs.daily, cron_schedule="30 2 * * *", default_status=_RUNNING
)
SCHEDULES = (five_minutes, hour, day)
