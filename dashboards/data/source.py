"""The one way pages reach Postgres, and what they know about the tenant in view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from vigia.config.settings import Settings
from vigia.store.connection import Role

if TYPE_CHECKING:
    import polars as pl
    from psycopg import Cursor

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
    from psycopg.types.numeric import FloatLoader
    from psycopg.types.string import TextLoader

    with database().transaction(Role.APP, tenant_id) as connection:
        cursor = connection.cursor()
        cursor.adapters.register_loader("uuid", TextLoader)
        cursor.adapters.register_loader("numeric", FloatLoader)
        cursor.execute(query, parameters)
        return fetched(cursor)


def fetched(cursor: Cursor[Any]) -> pl.DataFrame:
    """What a query found. A column of missing values alone has the type that the query gives it.

    Else a page that compares or renames values would fail where nobody filled them in.
    """
    import polars as pl

    columns = cursor.description or ()
    names = [column.name for column in columns]
    frame = pl.DataFrame(cursor.fetchall(), schema=names, orient="row", infer_schema_length=None)
    types = {
        "bool": pl.Boolean(),
        **dict.fromkeys(("int2", "int4", "int8"), pl.Int64()),
        **dict.fromkeys(("float4", "float8", "numeric"), pl.Float64()),
        **dict.fromkeys(("text", "varchar", "uuid"), pl.String()),
        "date": pl.Date(),
        "timestamp": pl.Datetime("us"),
        "timestamptz": pl.Datetime("us", "UTC"),
    }
    told = {c.name: types[c.type_display] for c in columns if c.type_display in types}
    empty = [name for name, kind in frame.schema.items() if kind == pl.Null and name in told]
    return frame.with_columns(pl.col(name).cast(told[name]) for name in empty)


def marts_are_built() -> bool:
    """Whether dbt has built the marts that the pages read."""
    with database().connect(Role.WORKER) as connection:
        found = connection.execute("SELECT to_regclass('marts.mart_feed_freshness')").fetchone()
    return bool(found and found[0])
