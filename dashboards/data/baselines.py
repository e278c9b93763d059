"""Reads of the Baselines page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from dashboards.data.source import read

if TYPE_CHECKING:
    import polars as pl


def pairs(tenant_id: UUID) -> pl.DataFrame:
    """Which sites have a baseline of which metrics, with how much of it is stable."""
    return read(
        tenant_id,
        """
        SELECT s.code AS site_code, b.site_id, coalesce(s.tz, 'UTC') AS zone, b.metric,
            coalesce(m.title, b.metric) AS title, m.unit, m.kind,
            100.0 * count(*) FILTER (WHERE b.is_stable) / count(*) AS stable_pct,
            min(b.window_from) AS window_from, max(b.window_to) AS window_to,
            min(b.sensitivity) AS sensitivity, coalesce(a.anomalies, 0) AS anomalies
        FROM ops.baseline_profile b
        JOIN ops.site s USING (tenant_id, site_id)
        LEFT JOIN ops.metric m ON m.tenant_id = b.tenant_id AND m.name = b.metric
        LEFT JOIN (
            SELECT site_id, metric, count(*) AS anomalies FROM ops.anomaly GROUP BY 1, 2
        ) a ON a.site_id = b.site_id AND a.metric = b.metric
        GROUP BY 1, 2, 3, 4, 5, 6, 7, a.anomalies ORDER BY coalesce(a.anomalies, 0) DESC, 1, 5
        """,
    )


def profile(tenant_id: UUID, site_id: str, metric: str) -> pl.DataFrame:
    """One row per hour of the week: what is usual of a 5-minute slot."""
    return read(
        tenant_id,
        """
        SELECT hour_of_week, mean, p05, p50, p95, n, support, pooled_parent, is_stable
        FROM ops.baseline_profile WHERE site_id = %s AND metric = %s ORDER BY hour_of_week
        """,
        (site_id, metric),
    )


def observed(tenant_id: UUID, site_id: str, metric: str, zone: str) -> pl.DataFrame:
    """The newest week of the metric, by hour, beside what was usual: a 5-minute slot's mean."""
    return read(
        tenant_id,
        """
        WITH newest AS (
            SELECT max(slot) AS last FROM ops.metric_1h WHERE site_id = %(site)s AND metric = %(metric)s
        ), hours AS (
            SELECT at AS slot, (extract(isodow FROM at AT TIME ZONE %(zone)s) - 1) * 24
                + extract(hour FROM at AT TIME ZONE %(zone)s) AS hour_of_week
            FROM newest, generate_series(last - interval '7 days', last, '1 hour') at
        )
        SELECT h.slot AT TIME ZONE %(zone)s AS local, b.p05, b.p50, b.p95, b.mean AS expected,
            CASE WHEN m.kind = 'count' THEN coalesce(v.sum, 0) / 12 ELSE v.sum / nullif(v.n, 0) END
                AS observed
        FROM hours h
        JOIN ops.metric m ON m.name = %(metric)s
        LEFT JOIN ops.metric_1h v ON v.site_id = %(site)s AND v.metric = %(metric)s AND v.slot = h.slot
        LEFT JOIN ops.baseline_profile b ON b.site_id = %(site)s AND b.metric = %(metric)s
            AND b.hour_of_week = h.hour_of_week
        ORDER BY 1
        """,
        {"site": site_id, "metric": metric, "zone": zone},
    )


def anomalies(tenant_id: UUID, site_id: str, metric: str, zone: str) -> pl.DataFrame:
    """The newest anomalies of the metric, each with what explains it."""
    return read(
        tenant_id,
        """
        SELECT slot AT TIME ZONE %(zone)s AS local, direction, over_slots * 5 AS over_min, observed,
            expected, score, tail_p, raises, support, pooled_parent, baseline_version
        FROM ops.anomaly WHERE site_id = %(site)s AND metric = %(metric)s
        ORDER BY slot DESC LIMIT 500
        """,
        {"site": site_id, "metric": metric, "zone": zone},
    )
