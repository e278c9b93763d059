"""What happens when a run fails, whichever job it was and however it died: people can read why."""

from datetime import UTC, datetime
from uuid import UUID

import dagster as dg
from dagster_shared.error import SerializableErrorInfo

from assets.partitions import days_of
from assets.platform import Platform
from vigia.store.connection import Role
from vigia.store.failures import PipelineFailure, record_failure

LONGEST_REASON = 2_000


@dg.run_failure_sensor(default_status=dg.DefaultSensorStatus.RUNNING)
def failed_runs(context: dg.RunFailureSensorContext, platform: dg.ResourceParam[Platform]) -> None:
    """Write every failed run where the dashboard reads."""
    run = context.dagster_run
    steps = context.get_step_failure_events()
    error = steps[0].step_failure_data.error if steps else None
    first, last = days_of(run) or (None, None)
    ended = context.instance.get_run_stats(run.run_id).end_time
    failure = PipelineFailure(
        run_id=UUID(run.run_id),
        job=run.job_name,
        step=steps[0].step_key if steps else None,
        reason=reason_of(first_cause(error) or context.failure_event.message or ""),
        failed_at=datetime.fromtimestamp(ended, UTC) if ended else platform.clock(),
        from_date=first,
        until_date=last,
    )
    with platform.database.transaction(Role.WORKER) as connection:
        record_failure(connection, failure)


def first_cause(error: SerializableErrorInfo | None) -> str:
    """What went wrong in the first place; Dagster wraps it in errors of its own."""
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error is not None else ""


def reason_of(message: str) -> str:
    """The message as people should read it: no colours, no padding, not endless."""
    text = message.strip() or "The run died without a message; its process was probably killed."
    return text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 1] + "…"
