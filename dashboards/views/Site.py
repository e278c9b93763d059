"""Site: its metrics at the right resolution, who walked where, people, devices and tickets."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import streamlit as st

from dashboards import charts
from dashboards.data import site
from dashboards.data.source import Tenant
from dashboards.panels.tracks import tracks
from dashboards.shapes import stretches
from dashboards.words import NOTHING, axis, count, duration, localised

WINDOWS = {"7 days": 7, "30 days": 30, "90 days": 90, "1 year": 365, "2 years": 730}


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


def first_window(last_on: date, now: datetime) -> str:
    """The window to begin with: 90 days, or the shortest longer one that holds any value."""
    age_days = (now.date() - last_on).days
    return next((w for w, days in WINDOWS.items() if days >= max(90, age_days + 1)), "2 years")


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
        chosen = metrics.filter(pl.col("metric") == name).row(0, named=True)
        now = tenant.now or datetime.now(UTC)
        window = st.segmented_control(
            "Window", list(WINDOWS), default=first_window(chosen["last_on"], now), required=True
        )
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
        charts.metric_line(shown, axis(titles[name], chosen["unit"]), is_count=is_count)
    )
    used = ", ".join(series["resolution"].unique(maintain_order=True))
    st.caption(f"{series.height:,} values; resolution by age: {used}. A gap is a gap, not nothing.")


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
                st.dataframe(localised(tenant, frame), hide_index=True, placeholder=NOTHING)


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
    for place, (label, text) in zip(st.columns(max(4, len(held))), held, strict=False):
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
