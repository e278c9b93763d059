"""Overview: which sites need somebody, how today compares, how fresh the data are."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import charts
from dashboards.data import overview
from dashboards.data.source import Tenant
from dashboards.words import NOTHING, axis, change, count, local_text
from vigia.domain.dictionary import TABLES

WALL_COLUMNS = 25
ATTENTION_ROWS = 12
STALE_MIN = 24 * 60
# What to show of a day, in order; only what the tenant has ever had is shown.
DAY_NUMBERS = [
    ("tickets_open", "Open tickets"),
    ("tickets_opened", "Opened today"),
    ("tickets_resolved", "Resolved today"),
    ("sla_breached", "Promises broken today"),
    ("fixes", "Positions today"),
    ("distance_km", "Kilometres today"),
    ("scans", "Scans today"),
    ("tours_missed", "Tours missed today"),
    ("alerts_raised", "Alerts today"),
    ("no_shows", "No-shows today"),
]
# What stands at a value, instead of being counted through the day.
LEVELS = {"tickets_open"}
LAST_HOUR = 23
NUMBERS_IN_A_ROW = 5


def day_numbers(tenant: Tenant, days: pl.DataFrame) -> None:
    """Today's numbers with the run of the last 60 days behind them."""
    is_over = tenant.now is None or tenant.local(tenant.now).hour >= LAST_HOUR
    today = days.tail(1).row(0, named=True)
    before = days.head(-1).tail(28)
    held = [(c, label) for c, label in DAY_NUMBERS if (days[c].sum() or 0) > 0]
    rows = -(-len(held) // NUMBERS_IN_A_ROW)
    width = max(4, -(-len(held) // max(rows, 1)))
    places = [place for _ in range(rows) for place in st.columns(width)]
    for place, (column, label) in zip(places, held, strict=False):
        normal = before[column].median()
        place.metric(
            label,
            count(today[column]),
            change(
                today[column],
                None if normal is None else float(str(normal)),
                is_whole=is_over or column in LEVELS,
            ),
            delta_color="off",
            border=True,
            chart_data=days[column].fill_null(0).to_list(),
            chart_type="bar",
            delta_arrow="auto" if is_over or column in LEVELS else "off",
            help="Bars: the last 60 local days. A normal or whole day: the median of the 28 "
            "before today.",
        )


def sites(tenant: Tenant) -> None:
    """The map of sites with coordinates and the wall of the others."""
    states = overview.site_states(tenant.tenant_id)
    st.subheader("Sites by state")
    if states.is_empty():
        st.caption("No sites yet.")
        return
    mapped, unmapped = states.filter("is_mapped"), states.filter(~pl.col("is_mapped"))
    if mapped.height:
        st.altair_chart(charts.site_map(mapped), alt="Map of sites by state")
    if unmapped.height:
        st.altair_chart(charts.site_wall(unmapped, WALL_COLUMNS), alt="Sites by state, worst first")
        st.caption(f"{unmapped.height} sites have no coordinates: listed worst first, not mapped.")
    st.caption(
        "Breached: an open ticket past its promise. At risk: four fifths of it used. "
        "Active: any event in the last 7 days. Quiet: none."
    )


def today(tenant: Tenant) -> None:
    """The newest local day by the hour, over a normal day."""
    st.subheader("Today against a normal day")
    metrics = overview.countable_metrics(tenant.tenant_id)
    if metrics.is_empty():
        st.caption("Nothing was counted in the last eight weeks of data.")
        return
    names: list[str] = metrics["name"].to_list()
    titles: dict[str, str] = dict(zip(names, metrics["title"], strict=True))
    name = st.selectbox(
        "Count", names, format_func=lambda m: titles[m], label_visibility="collapsed"
    )
    hours = overview.hours_against_normal(tenant.tenant_id, name)
    unit = metrics.filter(pl.col("name") == name)["unit"][0]
    st.altair_chart(charts.today_against_normal(hours, axis(titles[name], unit, "/h")))
    weeks = int(hours["weeks"].sum() / hours.height)
    st.caption(
        f"Bars: {hours.row(0, named=True)['local_date']:%a %d %b %Y}. Dashed: median of the same weekday in the "
        f"{weeks} weeks before; band: 10th to 90th percentile."
    )


def attention(tenant: Tenant) -> None:
    """What somebody should look at first."""
    st.subheader("Needs attention")
    rows = overview.attention(tenant.tenant_id, ATTENTION_ROWS)
    if rows.is_empty():
        st.success("No open ticket is past its promise or close to it.", icon=":material/check:")
        return
    shown = rows.select(
        pl.col("ticket_number").alias("Ticket"),
        pl.col("priority").alias("Priority"),
        pl.col("site_code").alias("Site"),
        pl.col("status").str.replace_all("_", " ").alias("State"),
        pl.col("sla_due_at")
        .map_elements(lambda at: local_text(tenant, at), return_dtype=pl.String)
        .alias("Due"),
        (pl.col("sla_remaining_min") / 60).round(1).alias("Hours left"),
    )
    st.dataframe(shown, hide_index=True, placeholder=NOTHING, height="content")
    st.page_link("views/Tickets.py", label="All tickets", icon=":material/arrow_forward:")


def freshness(tenant: Tenant) -> None:
    """How fresh each feed is."""
    st.subheader("Freshness of every feed")
    feeds = overview.freshness(tenant.tenant_id)
    shown = feeds.select(
        pl.col("table_name").alias("Feed"),
        pl.when(pl.col("age_min") > STALE_MIN)
        .then(pl.lit("stale"))
        .otherwise(pl.lit("✓ fresh"))
        .alias("State"),
        pl.col("newest_event_at")
        .map_elements(lambda at: local_text(tenant, at), return_dtype=pl.String)
        .alias("Newest event"),
        pl.col("rows_last_day").alias("Last 24 h"),
        pl.col("row_count").alias("Stored"),
    )
    st.dataframe(shown, hide_index=True, placeholder=NOTHING, height="content")
    st.caption(
        "Ages count against the company's own clock. A feed is stale after a day without an event."
        f" {len(feeds)} of {sum(bool(t.event_types) for t in TABLES.values())} feeds are in use."
    )


def page() -> None:
    """Draw the page."""
    tenant: Tenant = st.session_state["in_view"]
    st.title(tenant.name)
    days = overview.days(tenant.tenant_id)
    if days.is_empty():
        st.info("No day has been computed yet.", icon=":material/hourglass_empty:")
        return
    day_numbers(tenant, days)
    left, right = st.columns([3, 2], gap="large")
    with left:
        sites(tenant)
        attention(tenant)
    with right:
        today(tenant)
        freshness(tenant)


page()
