"""One ticket: what happened to it, and what counted towards its promise."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards.data import tickets
from dashboards.data.source import Tenant
from dashboards.words import NOTHING, localised


def ticket(tenant: Tenant, row: dict[str, Any]) -> None:
    """One ticket: what happened to it and what counted."""
    st.markdown(f"#### {row['ticket_number']} · {row['priority']}")
    left, right = st.columns(2, gap="large")
    ticket_id = row["ticket_id"]
    with left:
        st.caption("What happened")
        history = tickets.history(tenant.tenant_id, ticket_id)
        st.dataframe(
            localised(tenant, history), hide_index=True, placeholder=NOTHING, height="content"
        )
    with right:
        st.caption("What counted towards the promised resolution")
        segments = tickets.clock_segments(tenant.tenant_id, ticket_id)
        if segments.is_empty():
            st.caption("No promise covers this ticket.")
        else:
            st.dataframe(
                localised(tenant, segments), hide_index=True, placeholder=NOTHING, height="content"
            )
