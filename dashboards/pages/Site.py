"""Site: its metrics at the right resolution, who walked where, people, devices and tickets."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from dashboards import charts
from dashboards.data import site
from dashboards.data.source import Tenant
from dashboards.shapes import path_in_metres, stretches
from dashboards.words import count, duration, local_text

WINDOWS = {"7 days": 7, "30 days": 30, "90 days": 90, "1 year": 365, "2 years": 730}
# More points than this cannot be told apart on a screen; the path keeps every nth.
TRACK_POINTS = 4000


def choose_site(tenant: Tenant) -> dict[str, Any]:
    """Let the person choose a site; the choice lives in the address."""
    sites = site.sites(tenant.tenant_id)
    codes = sites["site_code"].to_list()
    asked = st.query_params.get("site")
    code = st.selectbox("Site", codes, index=codes.index(asked) if asked in codes else 0)
    st.query_params["site"] = code
    return sites.row(codes.index(code), named=True)


def facts(found: dict[str, Any]) -> None:
    """What is known of the site, in one line of badges."""
    with st.container(horizontal=True):
        st.badge(str(found["time_zone"]), icon=":material/schedule:")
        if found["is_mapped"]:
            st.badge(f"{found['lat']:.4f}, {found['lon']:.4f}", icon=":material/location_on:")
        else:
            st.badge("no coordinates", icon=":material/location_off:", color="gray")
        for column in ("archetype", "region", "status"):
            if found[column]:
                st.badge(str(found[column]), color="gray")


def explorer(tenant: Tenant, found: dict[str, Any]) -> None:
    """Any metric of the site over any window, through the resolution router."""
    st.subheader("Metrics")
    metrics = site.site_metrics(tenant.tenant_id, found["site_id"])
    if metrics.is_empty():
        st.caption("No metric has been computed for this site yet.")
        return
    titles = dict(zip(metrics["metric"], metrics["title"], strict=True))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Metric", list(titles), format_func=lambda m: titles[m])
        window = st.segmented_control("Window", list(WINDOWS), default="90 days", required=True)
    chosen = metrics.filter(pl.col("metric") == name).row(0, named=True)
    now = tenant.now or datetime.now(UTC)
    series = site.metric_series(
        tenant.tenant_id,
        found["site_id"],
        name,
        now - timedelta(days=WINDOWS[window]),
        now,
        now,
    )
    if series.is_empty():
        st.info(
            f"No {titles[name]} in this window; the metric's days are {chosen['first_on']} to "
            f"{chosen['last_on']}. Choose a longer window."
        )
        return
    is_count = chosen["kind"] == "count"
    shown = stretches(series, is_count=is_count)
    st.altair_chart(
        charts.metric_line(shown, f"{titles[name]} ({chosen['unit']})", is_count=is_count)
    )
    used = ", ".join(series["resolution"].unique(maintain_order=True))
    st.caption(f"{series.height:,} values; resolution by age: {used}. A gap is a gap, not nothing.")


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
        pl.col("local_date").alias("Day"),
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


def lists(tenant: Tenant, found: dict[str, Any]) -> None:
    """People, devices and open tickets of the site."""
    site_id = found["site_id"]
    people = site.people(tenant.tenant_id, site_id)
    devices = site.devices(tenant.tenant_id, site_id)
    tickets = site.open_tickets(tenant.tenant_id, site_id)
    named = [
        (f"Open tickets ({tickets.height})", tickets, "No open ticket at this site."),
        (f"People ({people.height})", people, "Nobody belongs to this site or was seen there."),
        (f"Devices ({devices.height})", devices, "No device was seen at this site."),
    ]
    for tab, (_, frame, empty) in zip(st.tabs([n for n, _, _ in named]), named, strict=True):
        with tab:
            if frame.is_empty():
                st.caption(empty)
            else:
                st.dataframe(_presentable(tenant, frame), hide_index=True)


def _presentable(tenant: Tenant, frame: pl.DataFrame) -> pl.DataFrame:
    local = frame.with_columns(
        pl.col(pl.Datetime).map_elements(lambda at: local_text(tenant, at), return_dtype=pl.String),
        pl.selectors.float().round(1),
    )
    return local.rename({c: c.removesuffix("_at").replace("_", " ") for c in local.columns})


def day_so_far(tenant: Tenant, found: dict[str, Any]) -> None:
    """The site's last 30 days in four numbers."""
    now = tenant.now or datetime.now(UTC)
    days = site.day_totals(tenant.tenant_id, found["site_id"], now.date() - timedelta(days=30))
    if days.is_empty():
        return
    opened, resolved = int(days["tickets_opened"].sum()), int(days["tickets_resolved"].sum())
    fixes, scans = int(days["fixes"].sum()), int(days["scans"].sum())
    worked = float(days["worked_min"].sum())
    shown = [
        ("Tickets opened, 30 days", count(opened), opened),
        ("Tickets resolved, 30 days", count(resolved), resolved),
        ("Positions, 30 days", count(fixes), fixes),
        ("Way, 30 days", f"{days['distance_m'].sum() / 1000:,.0f} km", days["distance_m"].sum()),
        ("Scans, 30 days", count(scans), scans),
        ("Worked, 30 days", duration(worked), worked),
    ]
    held = [(label, text) for label, text, value in shown if value]
    for place, (label, text) in zip(st.columns(max(1, len(held))), held, strict=False):
        place.metric(label, text, border=True)


def page() -> None:
    """Draw the page."""
    tenant: Tenant = st.session_state["in_view"]
    if site.sites(tenant.tenant_id).is_empty():
        st.info("No sites yet.", icon=":material/inbox:")
        return
    found = choose_site(tenant)
    st.title(str(found["site_name"]))
    facts(found)
    day_so_far(tenant, found)
    tracks(tenant, found)
    explorer(tenant, found)
    lists(tenant, found)


page()
