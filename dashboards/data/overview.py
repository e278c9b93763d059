"""Reads of the Overview page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from dashboards.data.source import read

if TYPE_CHECKING:
    import polars as pl


def site_states(tenant_id: UUID) -> pl.DataFrame:
    """One row per site: its state, why, and where it lies.

    A site is `breached` with an open ticket past its promise, `at risk` with one that has used
    four fifths of it, `active` with any event in the last 7 days of the data clock, else `quiet`.
    """
    return read(
        tenant_id,
        """
        WITH clock AS (SELECT max(as_of_at) AS now_at FROM marts.mart_feed_freshness),
        tickets AS (
            SELECT site_id,
                count(*) FILTER (WHERE is_open) AS open_tickets,
                count(*) FILTER (WHERE is_open AND sla_state = 'breached') AS breached,
                count(*) FILTER (
                    WHERE is_open AND sla_state = 'running'
                      AND sla_elapsed_min >= 4 * sla_remaining_min
                ) AS at_risk
            FROM marts.fct_ticket GROUP BY site_id
        ),
        recent AS (
            SELECT site_id, sum(ticket_changes + fixes + scans + alerts_raised) AS events
            FROM marts.mart_site_day, clock
            WHERE local_date > (now_at - interval '7 days')::date GROUP BY site_id
        )
        SELECT s.site_id, s.site_code, s.site_name, s.lat, s.lon, s.is_mapped, s.time_zone,
            coalesce(t.open_tickets, 0) AS open_tickets, coalesce(t.breached, 0) AS breached,
            coalesce(t.at_risk, 0) AS at_risk, coalesce(r.events, 0)::bigint AS events_7d,
            CASE WHEN t.breached > 0 THEN 'breached' WHEN t.at_risk > 0 THEN 'at risk'
                 WHEN r.events > 0 THEN 'active' ELSE 'quiet' END AS state
        FROM marts.dim_site s
        LEFT JOIN tickets t USING (site_id) LEFT JOIN recent r USING (site_id)
        ORDER BY breached DESC, at_risk DESC, open_tickets DESC, site_code
        """,
    )


def days(tenant_id: UUID) -> pl.DataFrame:
    """One row per local day of the last 60: what happened at all sites together.

    Where the newest day has not begun yet, a site's open tickets are still open.
    """
    return read(
        tenant_id,
        """
        WITH newest AS (
            SELECT local_date AS last_date, sum(tickets_open) AS still_open
            FROM marts.mart_site_day WHERE is_today GROUP BY local_date
        )
        SELECT local_date, bool_or(is_today) AS is_today,
            sum(tickets_opened)::bigint AS tickets_opened,
            sum(tickets_resolved)::bigint AS tickets_resolved,
            (sum(tickets_open) + coalesce((
                SELECT sum(still_open) FROM newest WHERE last_date < local_date
            ), 0))::bigint AS tickets_open, sum(sla_breached)::bigint AS sla_breached,
            sum(fixes)::bigint AS fixes, sum(distance_m) / 1000 AS distance_km,
            sum(scans)::bigint AS scans, sum(tours_missed)::bigint AS tours_missed,
            sum(alerts_raised)::bigint AS alerts_raised, sum(no_shows)::bigint AS no_shows
        FROM marts.mart_site_day
        WHERE local_date > (SELECT max(local_date) FROM marts.mart_site_day) - 60
        GROUP BY local_date ORDER BY local_date
        """,
    )


def hours_against_normal(tenant_id: UUID, metric: str) -> pl.DataFrame:
    """One row per hour of the tenant's newest local day: its sum beside a normal day's.

    Normal is the same weekday of the eight weeks before, summed over all sites by the hour of
    each site's wall clock: its median and its 10th and 90th percentile. An hour without a
    snapshot counts as nothing; weeks before the first snapshot do not count at all.
    """
    return read(
        tenant_id,
        """
        WITH clock AS (SELECT max(local_date) AS today FROM marts.mart_site_day),
        span AS (
            SELECT (SELECT today FROM clock) AS today,
                min((oldest.slot AT TIME ZONE s.time_zone)::date) AS first
            FROM marts.dim_site s, LATERAL (
                SELECT slot FROM ops.metric_1h
                WHERE tenant_id = s.tenant_id AND site_id = s.site_id AND metric = %(metric)s
                ORDER BY slot LIMIT 1
            ) oldest
        ),
        local AS (
            SELECT (m.slot AT TIME ZONE s.time_zone)::date AS local_date,
                extract(hour FROM m.slot AT TIME ZONE s.time_zone)::int AS hour, sum(m.sum) AS value
            FROM ops.metric_1h m JOIN marts.dim_site s USING (tenant_id, site_id)
            -- A day more than eight weeks: the oldest local day may begin before UTC's.
            WHERE m.metric = %(metric)s AND m.slot >= (SELECT today - 57 FROM clock)
            GROUP BY 1, 2
        ),
        grid AS (
            SELECT today - 7 * week AS local_date, week, hour FROM span,
                generate_series(0, 8) AS week, generate_series(0, 23) AS hour
            WHERE today - 7 * week >= first
        ),
        filled AS (
            SELECT week, hour, coalesce(value, 0)::float AS value
            FROM grid LEFT JOIN local USING (local_date, hour)
        )
        SELECT hour, max(value) FILTER (WHERE week = 0) AS today,
            percentile_cont(0.1) WITHIN GROUP (ORDER BY value) FILTER (WHERE week > 0) AS low,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY value) FILTER (WHERE week > 0) AS normal,
            percentile_cont(0.9) WITHIN GROUP (ORDER BY value) FILTER (WHERE week > 0) AS high,
            count(DISTINCT week) FILTER (WHERE week > 0) AS weeks,
            (SELECT today FROM span) AS local_date
        FROM filled GROUP BY hour ORDER BY hour
        """,
        {"metric": metric},
    )


def countable_metrics(tenant_id: UUID) -> pl.DataFrame:
    """The count metrics that have values in the eight weeks up to today, busiest first."""
    return read(
        tenant_id,
        """
        SELECT metric AS name, title, unit FROM marts.fct_metric_day
        WHERE metric_kind = 'count'
            AND local_date > (SELECT max(local_date) FROM marts.mart_site_day) - 57
        GROUP BY 1, 2, 3 ORDER BY metric = 'tickets_opened' DESC, sum(value_count) DESC, metric
        """,
    )


def attention(tenant_id: UUID, limit: int) -> pl.DataFrame:
    """Open tickets whose promise is broken or nearly so, worst first."""
    return read(
        tenant_id,
        """
        SELECT t.ticket_number, t.priority, s.site_code, t.status, t.group_name, t.opened_at,
            t.sla_due_at, t.sla_state, t.sla_remaining_min
        FROM marts.fct_ticket t LEFT JOIN marts.dim_site s USING (tenant_id, site_id)
        WHERE t.is_open AND (
            t.sla_state = 'breached'
            OR t.sla_state = 'running' AND t.sla_elapsed_min >= 4 * t.sla_remaining_min
        )
        ORDER BY t.priority, t.sla_remaining_min LIMIT %s
        """,
        (limit,),
    )


def freshness(tenant_id: UUID) -> pl.DataFrame:
    """One row per feed: how fresh it is by the tenant's clock."""
    return read(
        tenant_id,
        """
        SELECT table_name, row_count, newest_event_at, newest_arrival_at, rows_last_day, age_min
        FROM marts.mart_feed_freshness WHERE NOT is_reference ORDER BY age_min
        """,
    )
