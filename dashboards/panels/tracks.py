"""Tracks: who walked where on a day, how far, with what gaps."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from dashboards import charts
from dashboards.data import site
from dashboards.data.source import Tenant
from dashboards.shapes import path_in_metres
from dashboards.words import NOTHING, count, local_text

# More points than this cannot be told apart on a screen; the path keeps every nth.
TRACK_POINTS = 4000


def tracks(tenant: Tenant, found: dict[str, Any]) -> None:
    """Who walked where on a day, how far, with what gaps."""
    days = site.gps_days(tenant.tenant_id, found["site_id"])
    if days.is_empty():
        return
    st.subheader("Tracks")
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.caption("Choose a day to see its track.")
        chosen = st.dataframe(
            _days_shown(days),
            hide_index=True,
            placeholder=NOTHING,
            height=430,
            on_select="rerun",
            selection_mode="single-row",
            key=f"days-{found['site_id']}",
        )
        total = days.select(
            pl.col("fix_count").sum(), pl.col("distance_km").sum(), pl.col("gap_count").sum()
        ).row(0)
        st.caption(
            f"{days.height:,} person-days: {count(total[0])} positions, {count(total[1])} km, "
            f"{count(total[2])} waits of over an hour."
        )
    busiest = int(days["fix_count"].head(60).arg_max() or 0)
    picked = chosen["selection"]["rows"]
    with right:
        track(tenant, found, days.row(picked[0] if picked else busiest, named=True))


def _days_shown(days: pl.DataFrame) -> pl.DataFrame:
    return days.select(
        pl.col("local_date").dt.strftime("%Y-%m-%d").alias("Day"),
        pl.col("employee_no").alias("Person"),
        pl.col("fix_count").alias("Positions"),
        pl.col("distance_km").round(2).alias("Way (km)"),
        pl.col("gap_count").alias("Gaps > 1 h"),
        pl.col("longest_gap_min").round(0).alias("Longest gap (min)"),
    )


def track(tenant: Tenant, found: dict[str, Any], day: dict[str, Any]) -> None:
    """The path of one person on one local day, and its 5-minute counts."""
    zone = ZoneInfo(str(found["time_zone"]))
    from_, to = _day(day["local_date"], zone)
    fixes = site.track(tenant.tenant_id, found["site_id"], day["device_id"], from_, to)
    if fixes.is_empty():
        st.caption("The positions of this day are no longer kept; the day's sums are.")
        return
    st.markdown(f"**{day['employee_no']}, {day['local_date']:%a %d %b %Y}** · {zone.key}")
    st.altair_chart(charts.track(path_in_metres(fixes, zone, TRACK_POINTS)), alt="Track of the day")
    if day["person_id"] is None:
        return
    slots = site.five_minute_counts(tenant.tenant_id, found["site_id"], day["person_id"], from_, to)
    local = slots.with_columns(
        pl.col("slot").dt.convert_time_zone(zone.key).dt.replace_time_zone(None)
    )
    st.altair_chart(charts.slots(local), alt="Positions by 5 minutes")
    st.caption(
        f"{fixes.height:,} positions from {local_text(tenant, fixes['fix_time'][0])} to "
        f"{local_text(tenant, fixes['fix_time'][-1])} {tenant.zone}. Lines break at waits of over "
        "an hour."
    )


def _day(local_date: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """A local day as instants: 23, 24 or 25 hours."""
    start = datetime.combine(local_date, time(), zone)
    end = datetime.combine(local_date + timedelta(days=1), time(), zone)
    return start.astimezone(UTC), end.astimezone(UTC)
