"""Builders of events and tenants for the tests of ingest, and reads of what was stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from vigia.domain.identity import tenant_id
from vigia.ingest.batch import BatchInfo, Report, ingest_lines
from vigia.store.connection import Database, Role

ACME = tenant_id("acme")
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
LIVE = BatchInfo("live", "test")
IMPORT = BatchInfo("import", "history.ndjson")


def at(minutes: float = 0) -> str:
    """An instant so many minutes before (negative) or after NOW, as events spell it."""
    return (NOW + timedelta(minutes=minutes)).isoformat()


def event(
    table: str,
    name: str,
    data: dict[str, Any],
    *,
    verb: str | None = None,
    time: str | None = None,
    **attributes: Any,
) -> bytes:
    """One CloudEvent of a table; `name` is its id at the source `test`."""
    from vigia.domain.dictionary import TABLES

    kind = f"vigia.{table}.{verb or TABLES[table].verbs[0]}.v1"
    body = {"specversion": "1.0", "id": name, "source": "test", "type": kind, "data": data}
    return orjson.dumps(body | {"time": time or at(-10)} | attributes)


def fix(name: str = "f1", *, minutes: float = -10, **data: Any) -> bytes:
    """A position of device D1 at site S1."""
    body = {"device_id": "D1", "fix_time": at(minutes), "lat": 52.5, "lon": 13.4}
    return event("gps_fix", name, body | data, subject="S1")


REFERENCES = [
    event("site", "site-1", {"code": "S1", "tz": "Europe/Madrid"}),
    event("site", "site-2", {"code": "S2", "tz": "UTC"}),
    event("device", "device-1", {"code": "D1", "kind": "phone"}),
    event("person", "person-1", {"employee_no": "P1", "role": "guard"}),
]


def add_tenant(database: Database, slug: str = "acme") -> UUID:
    """A tenant without anything."""
    tenant = tenant_id(slug)
    with database.transaction(Role.WORKER) as connection:
        connection.execute(
            "INSERT INTO ops.tenant (tenant_id, name, slug, default_tz, locale, status,"
            " retention_profile, clock_mode)"
            " VALUES (%s, %s, %s, 'UTC', 'en', 'active', 'standard', 'wall')",
            [tenant, slug, slug],
        )
    return tenant


def add_company(database: Database) -> UUID:
    """Tenant acme with sites S1 and S2, device D1 and person P1."""
    tenant = add_tenant(database)
    send(database, REFERENCES)
    return tenant


def send(
    database: Database,
    lines: list[bytes],
    *,
    batch: BatchInfo = LIVE,
    received_at: datetime | None = NOW,
    tenant: UUID = ACME,
) -> Report:
    """Deliver events to a tenant."""
    arrived = None if batch.kind == "import" else received_at
    return ingest_lines(database, tenant, lines, batch=batch, now=NOW, received_at=arrived)


def rows(database: Database, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """What a query returns to a worker, who sees all tenants."""
    with database.transaction(Role.WORKER) as connection:
        return connection.execute(query, list(values)).fetchall()


def value(database: Database, query: str, *values: Any) -> Any:
    """The one value a query returns."""
    return rows(database, query, *values)[0][0]


def quarantined(database: Database) -> dict[str, str]:
    """Source event id to reason code of open quarantined events."""
    query = "SELECT source_event_id, reason_code FROM ops.ingest_quarantine WHERE state = 'open'"
    return dict(rows(database, query))
