"""Tickets: the queue, how old it is, and what was promised."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import charts
from dashboards.data import tickets
from dashboards.data.source import Tenant
from dashboards.panels.pages import chosen_of_pages
from dashboards.panels.promises import promises
from dashboards.panels.ticket import ticket
from dashboards.words import count, duration, local_text, percent

PAGE_SIZE = 50


def numbers(tenant: Tenant) -> None:
    """The help desk in five numbers."""
    total = tickets.totals(tenant.tenant_id).row(0, named=True)
    hours = total["median_resolution_h"]
    places = st.columns(5)
    places[0].metric("Tickets", count(total["tickets"]), border=True)
    places[1].metric("Open", count(total["open_tickets"]), border=True)
    places[2].metric("Open past their promise", count(total["open_breached"]), border=True)
    places[3].metric(
        "Median time to resolve", duration(None if hours is None else hours * 60), border=True
    )
    places[4].metric(
        "Resolved in time",
        percent(total["sla_met_pct"]),
        border=True,
        help="Share of decided promises kept, by the policy in force: business hours of the site's"
        " calendar, pauses only for a reason. The source's own verdict stands beside it below.",
    )


def filters(tenant: Tenant) -> tuple[tickets.Queue, str]:
    """What the person wants to see, and in which order."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input("Ticket or site", placeholder="INC0000045 or Location 143")
        sort = st.selectbox("Order", list(tickets.SORTS))
        open_only = st.toggle("Open only", value=tickets.any_open(tenant.tenant_id))
    with st.container(horizontal=True):
        chosen = {
            column: st.pills(
                label, tickets.choices(tenant.tenant_id, column), selection_mode="multi"
            )
            for column, label in (
                ("priority", "Priority"),
                ("status", "State"),
                ("sla_state", "Promise"),
            )
        }
    queue = tickets.Queue(
        open_only=open_only,
        priorities=tuple(chosen["priority"]),
        states=tuple(chosen["status"]),
        sla_states=tuple(chosen["sla_state"]),
        search=search,
    )
    return queue, sort


def queue(tenant: Tenant) -> None:
    """The queue, a page at a time, and the ticket that is chosen in it."""
    st.subheader("Queue")
    wanted, sort = filters(tenant)
    size = tickets.queue_size(tenant.tenant_id, wanted)
    if size == 0:
        st.info("No ticket fits these filters. Take one away.", icon=":material/filter_alt_off:")
        return
    row = chosen_of_pages(
        size,
        PAGE_SIZE,
        lambda number: tickets.queue_page(tenant.tenant_id, wanted, sort, number, PAGE_SIZE),
        lambda rows: _shown(tenant, rows),
        key=f"queue-{hash((wanted, sort))}",
        caption=f" tickets. Times: {tenant.zone}. Choose a row to see its history and how its due"
        " date came about.",
    )
    if row is not None:
        ticket(tenant, row)


def _shown(tenant: Tenant, rows: pl.DataFrame) -> pl.DataFrame:
    def instant(column: str) -> pl.Expr:
        return pl.col(column).map_elements(
            lambda at: local_text(tenant, at), return_dtype=pl.String
        )

    return rows.select(
        pl.col("ticket_number").alias("Ticket"),
        pl.col("priority").alias("Priority"),
        pl.col("status").str.replace_all("_", " ").alias("State"),
        pl.col("site_code").alias("Site"),
        pl.col("group_name").alias("Group"),
        pl.col("assignee").alias("Assignee"),
        instant("opened_at").alias("Opened"),
        pl.col("age_h").round(1).alias("Age or time to resolve (h)"),
        pl.col("reassignment_count").alias("Reassigned"),
        pl.col("sla_state").alias("Promise"),
        instant("sla_due_at").alias("Due"),
        pl.col("imported_sla_met")
        .replace_strict({True: "met", False: "missed"}, default="–", return_dtype=pl.String)
        .alias("Source's verdict"),
    )


def pictures(tenant: Tenant) -> None:
    """Ages, arrivals and verdicts side by side."""
    left, middle, right = st.columns(3)
    with left:
        st.subheader("Age of the open ones")
        ages = tickets.ages(tenant.tenant_id)
        if ages.is_empty():
            st.success("Nothing is open.", icon=":material/check:")
        else:
            st.altair_chart(charts.ages(ages))
    with middle:
        st.subheader("In and out")
        st.altair_chart(charts.arrivals(tickets.arrivals(tenant.tenant_id)))
    with right:
        st.subheader("Promises kept")
        promises(tickets.verdicts(tenant.tenant_id))


def page() -> None:
    """Draw the page."""
    tenant: Tenant = st.session_state["in_view"]
    st.title("Tickets")
    if tickets.totals(tenant.tenant_id)["tickets"][0] == 0:
        st.info(
            f"{tenant.name} has no tickets. Load a help desk's export: `vigia load FILE --as "
            f"tickets --mapping servicenow_incident_log --tenant {tenant.slug}`.",
            icon=":material/inbox:",
        )
        return
    numbers(tenant)
    pictures(tenant)
    queue(tenant)


page()
