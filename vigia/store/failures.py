"""SQL of failed pipeline runs, kept where every tenant's people can read them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, slots=True)
class PipelineFailure:
    """A run that failed; the attributes are the columns of `ops.pipeline_failure`."""

    run_id: UUID
    job: str
    step: str | None
    reason: str
    failed_at: datetime
    from_date: date | None = None
    until_date: date | None = None


def record_failure(connection: psycopg.Connection, failure: PipelineFailure) -> None:
    """Tell every tenant of a failed run; telling twice changes nothing."""
    connection.execute(
        "INSERT INTO ops.pipeline_failure"
        " (tenant_id, run_id, job, step, reason, failed_at, from_date, until_date)"
        " SELECT tenant_id, %(run_id)s, %(job)s, %(step)s, %(reason)s, %(failed_at)s,"
        " %(from_date)s, %(until_date)s FROM ops.tenant ON CONFLICT DO NOTHING",
        asdict(failure),
    )
