"""The one way pages reach Postgres, and what they know about the tenant in view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from vigia.config.settings import Settings
from vigia.store.connection import Role

if TYPE_CHECKING:
    import polars as pl

    from vigia.store.connection import Database

CACHE_S = 60


@dataclass(frozen=True, slots=True)
class Tenant:
    """The tenant in view and what time it is for it."""

    tenant_id: UUID
    name: str
    slug: str
    zone: str
    now: datetime | None
    """The tenant's data clock, or the wall clock of a live tenant; None without data."""
    is_live: bool

    def local(self, instant: datetime) -> datetime:
        """The instant on the tenant's wall."""
        return instant.astimezone(ZoneInfo(self.zone))


@st.cache_resource
def settings() -> Settings:
    """The installation's settings, read once a process."""
    return Settings()


def database() -> Database:
    """The installation's database; a server that is down raises with what to do."""
    return settings().database()


@st.cache_data(ttl=CACHE_S, show_spinner=False)
def tenants() -> list[Tenant]:
    """Every tenant of the installation, by name."""
    with database().transaction(Role.WORKER) as connection:
        found = connection.execute(
            """
            SELECT t.tenant_id, t.name, t.slug, t.default_tz, c.latest_event_time,
                   t.clock_mode = 'wall'
            FROM ops.tenant t LEFT JOIN ops.tenant_clock c USING (tenant_id)
            WHERE t.status = 'active' ORDER BY c.latest_event_time DESC NULLS LAST, t.name
            """
        ).fetchall()
    return [
        Tenant(i, name, slug, zone, datetime.now(UTC) if live else clock, live)
        for i, name, slug, zone, clock, live in found
    ]


@st.cache_data(ttl=CACHE_S, show_spinner=False, max_entries=500)
def read(
    tenant_id: UUID, query: str, parameters: Sequence[object] | Mapping[str, object] = ()
) -> pl.DataFrame:
    """Rows of one query as the tenant's app role; ids become text, exact numbers become floats."""
    import polars as pl
    from psycopg.types.numeric import FloatLoader
    from psycopg.types.string import TextLoader

    with database().transaction(Role.APP, tenant_id) as connection:
        cursor = connection.cursor()
        cursor.adapters.register_loader("uuid", TextLoader)
        cursor.adapters.register_loader("numeric", FloatLoader)
        cursor.execute(query, parameters)
        names = [column.name for column in cursor.description or ()]
        rows = cursor.fetchall()
    return pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None)


def marts_are_built() -> bool:
    """Whether dbt has built the marts that the pages read."""
    with database().connect(Role.WORKER) as connection:
        found = connection.execute("SELECT to_regclass('marts.mart_feed_freshness')").fetchone()
    return bool(found and found[0])
