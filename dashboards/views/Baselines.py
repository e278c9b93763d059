"""Baselines: what is usual of a metric at each hour of the week, and when it was not."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboards import charts
from dashboards.data import baselines
from dashboards.data.source import Tenant
from dashboards.words import NOTHING, axis, count, percent


def choose(pairs: pl.DataFrame) -> dict[str, Any]:
    """The site and metric to look at; the one with most anomalies first."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        codes = pairs["site_code"].unique(maintain_order=True).to_list()
        asked = st.query_params.get("site")
        code = st.selectbox("Site", codes, index=codes.index(asked) if asked in codes else 0)
        st.query_params["site"] = code
        mine = pairs.filter(pl.col("site_code") == code)
        titles = dict(zip(mine["metric"], mine["title"], strict=True))
        wanted = st.query_params.get("metric")
        names = list(titles)
        metric = st.selectbox(
            "Metric",
            names,
            index=names.index(wanted) if wanted in names else 0,
            format_func=lambda name: titles[name],
        )
        st.query_params["metric"] = metric
    return mine.filter(pl.col("metric") == metric).row(0, named=True)


def numbers(chosen: dict[str, Any], profile: pl.DataFrame) -> None:
    """How far the baseline can be trusted."""
    places = st.columns(4)
    places[0].metric(
        "Hours of the week that are stable",
        percent(chosen["stable_pct"]),
        border=True,
        help="An hour is stable from 30 samples of its own on. Until then its figures are those of "
        "the same hour on all working or free days, or of the whole site.",
    )
    places[1].metric("Samples in all", count(float(profile["n"].sum())), border=True)
    places[2].metric("Sensitivity", str(chosen["sensitivity"]).capitalize(), border=True)
    places[3].metric("Anomalies kept", count(chosen["anomalies"]), border=True)
    st.caption(
        f"Learned from {chosen['window_from']} to {chosen['window_to']} of the site's local days; "
        f"planned work and what was found are left out. Wall clock: {chosen['zone']}."
    )


def pictures(tenant: Tenant, chosen: dict[str, Any], profile: pl.DataFrame) -> None:
    """The week as it should be, and the newest one as it was."""
    unit = axis(str(chosen["title"]), str(chosen["unit"] or "1"), " in 5 min")
    where = (tenant.tenant_id, chosen["site_id"], chosen["metric"])
    found = baselines.anomalies(*where, chosen["zone"])
    st.subheader("The newest week against what is usual")
    observed = baselines.observed(*where, chosen["zone"])
    if observed.is_empty():
        st.info("This metric has no hours yet.")
    else:
        since = observed["local"].min()
        recent = found.filter(pl.col("local") >= since)
        st.altair_chart(charts.against_baseline(observed, recent, unit))
        st.caption(
            "Line: the mean of a 5-minute slot, by hour. Band: 5 % to 95 % of the slots of that hour "
            "of the week. Marks: anomalies; filled ones count for a finding."
        )
    st.subheader("The usual week")
    st.altair_chart(charts.usual_week(profile, unit))
    st.subheader("Anomalies")
    if found.is_empty():
        st.success("None is kept for this metric.", icon=":material/check:")
        return
    st.dataframe(_shown(found), hide_index=True, placeholder=NOTHING)


def _shown(found: pl.DataFrame) -> pl.DataFrame:
    return found.select(
        pl.col("local").dt.strftime("%Y-%m-%d %H:%M").alias("Slot (local)"),
        pl.col("direction").alias("Side"),
        pl.col("over_min").alias("Looked at (min)"),
        pl.col("observed").round(2).alias("Observed"),
        pl.col("expected").round(2).alias("Expected"),
        pl.col("score").round(1).alias("Deviations"),
        pl.col("tail_p")
        .map_elements(lambda p: f"{p:.1e}", return_dtype=pl.String)
        .alias("Probability"),
        pl.col("raises").alias("Counts"),
        pl.col("support").alias("Samples"),
        pl.col("pooled_parent").alias("Figures from"),
        pl.col("baseline_version").alias("Version"),
    )


def main() -> None:
    """The page."""
    tenant: Tenant = st.session_state["in_view"]
    pairs = baselines.pairs(tenant.tenant_id)
    if pairs.is_empty():
        st.info(
            "No baselines have been learned for this company yet. They are learned every day from "
            "its last 30 days: run the `baselines` job in Dagster, or wait for the next night.",
            icon=":material/school:",
        )
        return
    chosen = choose(pairs)
    profile = baselines.profile(tenant.tenant_id, chosen["site_id"], chosen["metric"])
    numbers(chosen, profile)
    pictures(tenant, chosen, profile)


main()
