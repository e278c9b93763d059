"""Data: what came in, what was put aside and why, how good it is, and where engineers look."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import polars as pl
import streamlit as st

from dashboards import charts
from dashboards.data import feeds
from dashboards.data.source import Tenant, database, settings
from dashboards.words import NOTHING, count, localised

EXAMPLES = 50
LONG_TABLE = 12


def accounting(tenant: Tenant) -> None:
    """Everything offered and where it went; the sum must close."""
    total = feeds.accounting(tenant.tenant_id).row(0, named=True)
    places = st.columns(4)
    for place, column in zip(
        places, ("offered", "accepted", "duplicate", "quarantined"), strict=True
    ):
        place.metric(column.capitalize(), count(total[column]), border=True)
    if total["unaccounted"]:
        st.error(f"{count(total['unaccounted'])} rows are not accounted for.")
    else:
        st.caption("Offered = accepted + duplicate + quarantined, for every delivery.")


def deliveries(tenant: Tenant) -> None:
    """How much came in by the hour, and the newest deliveries."""
    st.subheader("Deliveries")
    st.altair_chart(charts.rates(feeds.rates(tenant.tenant_id)), alt="Rows by hour of delivery")
    batches = feeds.batches(tenant.tenant_id)
    st.dataframe(
        localised(tenant, batches),
        hide_index=True,
        placeholder=NOTHING,
        height="content" if batches.height < LONG_TABLE else 430,
    )


def quarantine(tenant: Tenant) -> None:
    """What was put aside, why, and the way back."""
    st.subheader("Quarantine")
    reasons = feeds.quarantine_reasons(tenant.tenant_id)
    if reasons.is_empty():
        st.success("Nothing waits in quarantine.", icon=":material/check:")
        return
    waiting = {row["reason_code"]: row for row in reasons.iter_rows(named=True)}
    codes = list(waiting)
    code = st.selectbox(
        "Reason", codes, format_func=lambda c: f"{c} ({count(waiting[c]['waiting'])})"
    )
    st.caption(waiting[code]["example_reason"])
    rows = feeds.quarantined(tenant.tenant_id, code, EXAMPLES)
    st.dataframe(
        localised(tenant, rows.drop("q_id", "first_at")), hide_index=True, placeholder=NOTHING
    )
    replay(tenant, code, waiting[code]["waiting"])


@st.dialog("Replay from quarantine")
def confirm(tenant: Tenant, code: str, waiting: int) -> None:
    """Ask before anything is written."""
    st.write(
        f"{waiting:,} rows put aside as `{code}` are tried again under today's rules. What is "
        "accepted is stored once; what still breaks a rule stays here. Nothing is deleted."
    )
    if st.button("Replay now", type="primary"):
        from vigia.ingest.quarantine import replay as replay_rows

        with st.spinner("Replaying…"):
            report = replay_rows(
                database(),
                tenant.tenant_id,
                reason_code=code,
                now=datetime.now(UTC),
                resolver="dashboard",
            )
        st.session_state["replayed"] = (
            f"{report.accepted:,} accepted, {report.duplicate:,} already known, "
            f"{report.quarantined:,} still put aside."
        )
        st.cache_data.clear()
        st.rerun()


def replay(tenant: Tenant, code: str, waiting: int) -> None:
    """The button, and how the last replay went."""
    if st.button(f"Replay {waiting:,} rows…", icon=":material/replay:"):
        confirm(tenant, code, waiting)
    if said := st.session_state.pop("replayed", None):
        st.success(said)


def quality(tenant: Tenant) -> None:
    """The newest verdict of every quality rule, failures first."""
    st.subheader("Quality")
    results = feeds.quality(tenant.tenant_id)
    if results.is_empty():
        st.caption("No quality suite has run yet; the daily job runs them.")
        return
    failed = results.filter(~pl.col("passed")).height
    message = f"{results.height} rules examined, {failed} broken."
    (st.warning if failed else st.success)(message)
    marks = pl.col("passed").replace_strict({True: "✓", False: "✗"}, return_dtype=pl.String)
    st.dataframe(
        localised(tenant, results.with_columns(marks)),
        hide_index=True,
        placeholder=NOTHING,
        height=min(430, 36 * (results.height + 1) + 3),
    )


def lake(tenant: Tenant) -> None:
    """What has been archived."""
    st.subheader("Lake")
    files = feeds.lake_files(tenant.tenant_id)
    if files.is_empty():
        st.caption("No day is old enough to be archived yet: a day is, 72 h after its end.")
        return
    st.dataframe(localised(tenant, files), hide_index=True, placeholder=NOTHING)


def engineers() -> None:
    """Where to look behind the curtain."""
    st.subheader("Behind the curtain")
    try:
        running = json.loads(settings().layout.supervisor_file.read_text(encoding="utf-8"))
        pages = [(s["title"], s["url"]) for s in running["services"] if s["url"]]
    except (OSError, ValueError, KeyError, TypeError):
        pages = []
    with st.container(horizontal=True):
        for title, url in pages:
            if title != "Dashboard":
                st.link_button(title, url, icon=":material/open_in_new:")
    if not pages:
        st.caption("Dagster and MLflow run with `vigia up`; it prints their addresses.")


def page() -> None:
    """Draw the page."""
    tenant: Tenant = st.session_state["in_view"]
    st.title("Data")
    accounting(tenant)
    deliveries(tenant)
    quarantine(tenant)
    left, right = st.columns(2, gap="large")
    with left:
        quality(tenant)
    with right:
        lake(tenant)
        engineers()


page()
