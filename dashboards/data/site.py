"""Reads of the Site page."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import streamlit as st

from dashboards.data.source import CACHE_S, database, read

if TYPE_CHECKING:
    import polars as pl


def sites(tenant_id: UUID) -> pl.DataFrame:
    """Every site with what a person needs to choose one, busiest first."""
    return read(
        tenant_id,
        """
        SELECT s.*, coalesce(a.events, 0) AS events FROM marts.dim_site s
        LEFT JOIN (
            SELECT site_id, sum(ticket_changes + fixes + scans)::bigint AS events
            FROM marts.mart_site_day GROUP BY site_id
        ) a USING (site_id)
        ORDER BY events DESC, s.site_code
        """,
    )


def site_metrics(tenant_id: UUID, site_id: str) -> pl.DataFrame:
    """The metrics that the site has, with unit and first and last day."""
    return read(
        tenant_id,
        """
        SELECT metric, max(title) AS title, max(unit) AS unit, max(metric_kind) AS kind,
            min(local_date) AS first_on, max(local_date) AS last_on, sum(value_count) AS n
        FROM marts.fct_metric_day WHERE site_id = %s
        GROUP BY metric ORDER BY max(metric_kind) = 'count' DESC, n DESC
        """,
        (site_id,),
    )


@st.cache_data(ttl=CACHE_S, show_spinner=False, max_entries=200)
def metric_series(
    tenant_id: UUID, site_id: str, metric: str, from_: datetime, to: datetime, now: datetime
) -> pl.DataFrame:
    """A metric over a window, each age of it at the resolution the router chooses."""
    from vigia.store.metrics import query

    return query(database(), tenant_id, UUID(site_id), metric, from_, to, now=now)


def gps_days(tenant_id: UUID, site_id: str) -> pl.DataFrame:
    """One row per person and local day with positions, newest first."""
    return read(
        tenant_id,
        """
        SELECT g.local_date, p.employee_no, g.person_id, d.device_code, g.device_id, g.fix_count,
            g.valid_fix_count, g.distance_m / 1000 AS distance_km, g.gap_count,
            g.longest_gap_s / 60 AS longest_gap_min, g.first_fix_at, g.last_fix_at
        FROM marts.fct_gps_day g
        LEFT JOIN marts.dim_person p USING (tenant_id, person_id)
        LEFT JOIN marts.dim_device d USING (tenant_id, device_id)
        WHERE g.site_id = %s ORDER BY g.local_date DESC, p.employee_no
        """,
        (site_id,),
    )


@st.cache_data(ttl=CACHE_S, show_spinner=False, max_entries=50)
def track(
    tenant_id: UUID, site_id: str, device_id: str, from_: datetime, to: datetime
) -> pl.DataFrame:
    """The positions of one device in a window, oldest first, from the lake or the hot table."""
    import polars as pl

    from dashboards.data.source import settings
    from vigia.store.lake import Lake
    from vigia.store.telemetry import read as read_telemetry

    frame = read_telemetry(
        database(),
        Lake(settings().layout.lake),
        tenant_id,
        "gps_fix",
        from_,
        to,
        columns=["fix_time", "lat", "lon", "device_id", "speed_mps", "accuracy_m"],
        site_ids=[UUID(site_id)],
    )
    mine = pl.col("device_id") == device_id
    return frame.filter(mine).sort("fix_time")


def five_minute_counts(
    tenant_id: UUID, site_id: str, person_id: str, from_: datetime, to: datetime
) -> pl.DataFrame:
    """Positions, way and longest wait of one person by 5-minute slot."""
    return read(
        tenant_id,
        """
        SELECT slot, g_valid + g_invalid AS fixes, distance_m, max_gap_s FROM ops.signal_window
        WHERE site_id = %s AND person_id = %s AND slot >= %s AND slot < %s ORDER BY slot
        """,
        (site_id, person_id, from_, to),
    )


def people(tenant_id: UUID, site_id: str) -> pl.DataFrame:
    """People who belong to the site or were seen there."""
    return read(
        tenant_id,
        """
        SELECT p.employee_no, p.initials, p.role, p.status,
            (SELECT max(last_fix_at) FROM marts.fct_gps_day g
             WHERE g.person_id = p.person_id AND g.site_id = %s) AS last_seen_at
        FROM marts.dim_person p
        WHERE p.home_site_id = %s OR p.person_id IN (
            SELECT person_id FROM marts.fct_gps_day WHERE site_id = %s
            UNION SELECT person_id FROM marts.fct_attendance_day WHERE site_id = %s
        )
        ORDER BY p.employee_no LIMIT 500
        """,
        (site_id, site_id, site_id, site_id),
    )


def devices(tenant_id: UUID, site_id: str) -> pl.DataFrame:
    """Devices seen at the site."""
    return read(
        tenant_id,
        """
        SELECT d.device_code, d.kind, d.model, d.status, d.last_event_at, d.missing_pct
        FROM marts.dim_device d
        WHERE d.device_id IN (SELECT device_id FROM marts.fct_gps_day WHERE site_id = %s)
        ORDER BY d.device_code LIMIT 500
        """,
        (site_id,),
    )


def open_tickets(tenant_id: UUID, site_id: str) -> pl.DataFrame:
    """The site's open tickets, most urgent first."""
    return read(
        tenant_id,
        """
        SELECT ticket_number, priority, status, group_name, opened_at, age_min / 1440 AS age_days,
            sla_state, sla_due_at
        FROM marts.fct_ticket WHERE site_id = %s AND is_open
        ORDER BY priority, opened_at LIMIT 200
        """,
        (site_id,),
    )


def day_totals(tenant_id: UUID, site_id: str, since: date) -> pl.DataFrame:
    """The site's days since a date."""
    return read(
        tenant_id,
        "SELECT * FROM marts.mart_site_day WHERE site_id = %s AND local_date >= %s"
        " ORDER BY local_date",
        (site_id, since),
    )
