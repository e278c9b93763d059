"""Findings: what needs somebody, why, and what to do about it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from dashboards import charts
from dashboards.data import findings
from dashboards.data.source import Tenant
from dashboards.panels.finding import finding
from dashboards.panels.pages import chosen_of_pages
from dashboards.words import count, duration, local_text, percent
from vigia.domain.findings.categorise import resolve
from vigia.domain.findings.types import Category, Severity

PAGE_SIZE = 25


def numbers(tenant: Tenant) -> int:
    """All findings in five numbers; returns how many there are."""
    total = findings.totals(tenant.tenant_id).row(0, named=True)
    places = st.columns(5)
    places[0].metric("Open", count(total["open"]), border=True)
    places[1].metric("Open and critical", count(total["critical"]), border=True)
    places[2].metric("Muted by a parent", count(total["muted"]), border=True)
    places[3].metric("Median time until over", duration(total["median_open_min"]), border=True)
    places[4].metric(
        "Judged true",
        percent(total["true_pct"]),
        border=True,
        help=f"Of {count(total['judged'])} that people have judged on this page.",
    )
    return int(total["findings"])


def filters() -> findings.Wanted:
    """What the person wants to see."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input("Site, type or words", placeholder="S0004 or silent")
        shown = st.segmented_control("Show", list(findings.SHOWN), default="Open")
    with st.container(horizontal=True):
        severities = st.pills(
            "Severity", [str(s) for s in reversed(Severity)], selection_mode="multi"
        )
        categories = st.pills(
            "Category",
            [str(c) for c in Category],
            selection_mode="multi",
            format_func=lambda c: c.replace("_", " ").capitalize(),
        )
    return findings.Wanted(shown or "Open", tuple(categories), tuple(severities), search)


def queue(tenant: Tenant) -> None:
    """The findings that fit, a page at a time, and the one that is chosen."""
    wanted = filters()
    size = findings.size(tenant.tenant_id, wanted)
    if size == 0:
        st.success("Nothing fits these filters.", icon=":material/check:")
        return
    row = chosen_of_pages(
        size,
        PAGE_SIZE,
        lambda number: findings.page(tenant.tenant_id, wanted, number, PAGE_SIZE),
        lambda rows: _shown(tenant, rows),
        key=f"findings-{hash(wanted)}",
        caption=f". Times: {tenant.zone}. Choose a row to see why it fired and what to do.",
    )
    if row is not None:
        # In the address, so that a colleague can be sent there.
        st.query_params["finding"] = row["finding_id"]
        finding(tenant, row, ZoneInfo(tenant.zone))
    elif asked := st.query_params.get("finding"):
        linked(tenant, asked)


def linked(tenant: Tenant, finding_id: str) -> None:
    """The finding that the address names, whatever the filters."""
    row = findings.one(tenant.tenant_id, finding_id)
    if row is None:
        st.warning("There is no such finding in this company.", icon=":material/link_off:")
    else:
        finding(tenant, row, ZoneInfo(tenant.zone))


def _shown(tenant: Tenant, rows: pl.DataFrame) -> pl.DataFrame:
    titles = {kind: resolve(kind).title for kind in rows["type"].unique()}
    return rows.select(
        pl.col("severity").alias("Severity"),
        pl.col("type").replace_strict(titles).alias("What"),
        pl.col("site_code").fill_null("–").alias("Site"),
        pl.col("detected_at")
        .map_elements(lambda at: local_text(tenant, at), return_dtype=pl.String)
        .alias("Raised"),
        pl.when(pl.col("cleared_at").is_null())
        .then(pl.lit("yes"))
        .otherwise(pl.lit("over"))
        .alias("Still true"),
        pl.col("evidence_state").alias("Evidence"),
        pl.col("state").str.replace_all("_", " ").alias("State"),
        pl.col("message").alias("Message"),
    )


def main() -> None:
    """The page."""
    tenant: Tenant = st.session_state["in_view"]
    if numbers(tenant) == 0:
        st.info(
            "Nothing has been found for this company yet. Audits look every 5 minutes while the "
            "platform is up; `vigia replay` looks at a past window.",
            icon=":material/search_off:",
        )
        return
    queue(tenant)
    st.subheader("Raised by day")
    st.altair_chart(charts.findings_by_day(findings.by_day(tenant.tenant_id, tenant.zone)))


main()
