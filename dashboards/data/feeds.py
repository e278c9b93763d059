"""Reads of the Data page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from dashboards.data.source import read

if TYPE_CHECKING:
    import polars as pl


def batches(tenant_id: UUID) -> pl.DataFrame:
    """The newest deliveries and how they went."""
    return read(
        tenant_id,
        """
        SELECT started_at, kind, origin, mapping, state, rows, accepted, duplicate, quarantined,
            first_event_time, last_event_time, error
        FROM ops.ingest_batch ORDER BY started_at DESC LIMIT 200
        """,
    )


def rates(tenant_id: UUID) -> pl.DataFrame:
    """What became of the rows of each hour's deliveries, the newest 200 hours with any."""
    return read(
        tenant_id,
        """
        SELECT hour_at, outcome, sum(rows)::bigint AS rows
        FROM marts.fct_ingest_hour, LATERAL (VALUES
            ('accepted', accepted_count), ('duplicate', duplicate_count),
            ('quarantined', quarantined_count)
        ) AS split (outcome, rows)
        GROUP BY 1, 2 ORDER BY hour_at DESC LIMIT 600
        """,
    )


def accounting(tenant_id: UUID) -> pl.DataFrame:
    """One row: everything offered, and where it went."""
    return read(
        tenant_id,
        """
        SELECT coalesce(sum(offered_count), 0)::bigint AS offered,
            coalesce(sum(accepted_count), 0)::bigint AS accepted,
            coalesce(sum(duplicate_count), 0)::bigint AS duplicate,
            coalesce(sum(quarantined_count), 0)::bigint AS quarantined,
            coalesce(sum(unaccounted_count), 0)::bigint AS unaccounted
        FROM marts.fct_ingest_hour
        """,
    )


def quarantine_reasons(tenant_id: UUID) -> pl.DataFrame:
    """What waits in quarantine, by reason."""
    return read(
        tenant_id,
        """
        SELECT reason_code, min(reason) AS example_reason, count(*) AS waiting,
            min(first_at) AS oldest_at
        FROM ops.ingest_quarantine WHERE state = 'open' GROUP BY 1 ORDER BY waiting DESC
        """,
    )


def quarantined(tenant_id: UUID, reason_code: str, limit: int) -> pl.DataFrame:
    """Examples of one reason, newest first."""
    return read(
        tenant_id,
        """
        SELECT q_id, line_no, type, reason, left(raw, 400) AS sent, attempts, first_at
        FROM ops.ingest_quarantine WHERE state = 'open' AND reason_code = %s
        ORDER BY first_at DESC, line_no LIMIT %s
        """,
        (reason_code, limit),
    )


def lake_files(tenant_id: UUID) -> pl.DataFrame:
    """What lies in the lake, by table."""
    return read(
        tenant_id,
        """
        SELECT table_name, count(*) AS files, sum(row_count)::bigint AS rows,
            sum(byte_count) / 1048576.0 AS size_mb, min(day) AS first_on, max(day) AS last_on,
            bool_and(verified_at IS NOT NULL) AS verified
        FROM ops.lake_file GROUP BY table_name ORDER BY table_name
        """,
    )


def quality(tenant_id: UUID) -> pl.DataFrame:
    """The newest verdict of every rule, broken ones first."""
    return read(
        tenant_id,
        """
        SELECT DISTINCT ON (passed, table_name, check_name) passed, table_name, check_name,
            examined_count, failed_count, day, ran_at
        FROM (
            SELECT DISTINCT ON (table_name, check_name) * FROM ops.quality_result
            ORDER BY table_name, check_name, ran_at DESC
        ) newest
        ORDER BY passed, table_name, check_name
        """,
    )
