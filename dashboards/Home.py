"""The dashboard's front door: which tenant is in view, what time it is there, which pages exist."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from psycopg import OperationalError

from dashboards.data.source import Tenant, marts_are_built, tenants
from dashboards.words import clock_text
from vigia.domain.errors import VigiaError

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

# Not in a folder called `pages`: Streamlit would serve such files by themselves, without this
# one, to whoever opens a page's address first after a start.
PAGES = [
    st.Page("views/Overview.py", title="Overview", icon=":material/space_dashboard:", default=True),
    st.Page("views/Findings.py", title="Findings", icon=":material/notifications_active:"),
    st.Page("views/Site.py", title="Site", icon=":material/location_on:"),
    st.Page("views/Baselines.py", title="Baselines", icon=":material/monitoring:"),
    st.Page("views/Tickets.py", title="Tickets", icon=":material/confirmation_number:"),
    st.Page("views/Scoreboard.py", title="Scoreboard", icon=":material/scoreboard:"),
    st.Page("views/Data.py", title="Data", icon=":material/database:"),
]


# A file of ours: a named icon would be fetched from a stranger's server.
ICON = str(Path(__file__).with_name("icon.svg"))
# The default leaves a hand's breadth empty above every page.
TIGHT = "<style>.stMainBlockContainer {padding-top: 4.2rem; padding-bottom: 3rem}</style>"
DOWN = (
    "The database does not answer, so there is nothing to show; nothing is lost by it. Look at "
    "`vigia status`, start the server with `vigia up`, then reload this page."
)


def choose_tenant(found: list[Tenant]) -> Tenant:
    """Let the person choose whose data to see; the choice lives in the address."""
    slugs = [t.slug for t in found]
    asked = st.query_params.get("tenant", st.session_state.get("tenant", slugs[0]))
    with st.container(horizontal=True, vertical_alignment="center"):
        slug = st.selectbox(
            "Company",
            slugs,
            index=slugs.index(asked) if asked in slugs else 0,
            format_func=lambda s: next(t.name for t in found if t.slug == s),
            label_visibility="collapsed",
            width=260,
        )
        tenant = next(t for t in found if t.slug == slug)
        st.caption(clock_text(tenant), width="content")
    st.query_params["tenant"] = st.session_state["tenant"] = slug
    return tenant


def main() -> None:
    """Settle tenant and clock, then run the page."""
    st.set_page_config(page_title="Vigia", page_icon=ICON, layout="wide")
    page = st.navigation(PAGES, position="top")
    st.html(TIGHT)
    try:
        show(page)
    except VigiaError as error:
        st.error(str(error), icon=":material/power_off:")
    except OperationalError as error:
        st.error(f"{DOWN} The driver says: {error}", icon=":material/power_off:")


def show(page: StreamlitPage) -> None:
    """Settle what is in view, or say what is missing, then run the page."""
    found = tenants()
    if not found:
        st.info(
            "No company has data yet. Load some: `vigia load FILE --as tickets --mapping "
            "servicenow_incident_log --tenant acme --create-tenant`, or run `vigia demo`.",
            icon=":material/inbox:",
        )
        st.stop()
    tenant = choose_tenant(found)
    st.session_state["in_view"] = tenant
    if tenant.now is None or not marts_are_built():
        st.info(
            "Nothing to show for this company yet: its data have not been through the pipeline. "
            "Run the `history` job in Dagster, or wait for the next hourly run.",
            icon=":material/hourglass_empty:",
        )
        st.stop()
    page.run()


main()
