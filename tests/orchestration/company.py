"""A small company that sends real events: two sites, a phone, positions, a ticket."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson

from vigia.domain.dictionary import TABLES
from vigia.ingest.batch import BatchInfo, ingest_lines
from vigia.store.tenants import create_tenant

HISTORY = BatchInfo("import", "history.ndjson")
FIRST = datetime(2016, 2, 29, 8, tzinfo=UTC)
LAST_DAYS = ("2016-02-29", "2016-03-01")


def event(table, name, data, time, *, subject=None):
    """One CloudEvent of a table."""
    kind = f"vigia.{table}.{TABLES[table].verbs[0]}.v1"
    body = {"specversion": "1.0", "id": name, "source": "test", "type": kind, "data": data}
    body |= {"time": time.isoformat()} | ({"subject": subject} if subject else {})
    return orjson.dumps(body)


def _references():
    yield event("site", "s1", {"code": "S1", "name": "Harbour", "tz": "Europe/Madrid"}, FIRST)
    yield event("site", "s2", {"code": "S2", "name": "Depot", "tz": "Asia/Kolkata"}, FIRST)
    yield event("device", "d1", {"code": "D1", "kind": "phone"}, FIRST)
    yield event("person", "p1", {"employee_no": "P1", "role": "guard"}, FIRST)


def positions(count=200, *, every=timedelta(minutes=8), start=FIRST):
    """Positions of one person who walks about a site."""
    for i in range(count):
        at = start + i * every
        data = {
            "device_id": "D1",
            "person_id": "P1",
            "fix_time": at.isoformat(),
            "lat": 41.38 + (i % 7) / 10_000,
            "lon": 2.17 + (i % 5) / 10_000,
            "accuracy_m": 8.0,
        }
        yield event("gps_fix", f"f{at:%m%d%H%M%S}", data, at, subject=f"S{i % 2 + 1}")


def _ticket():
    opened = FIRST + timedelta(hours=1)
    data = {"number": "INC1", "site_id": "S1", "priority": "P2", "subject": "Gate stays open"}
    yield event("ticket", "t1", data | {"status": "new", "opened_at": opened.isoformat()}, opened)


def open_company(database, now, *, slug="acme"):
    """Make the tenant and load its history; returns its id."""
    tenant = create_tenant(database, slug, clock_mode="data").tenant_id
    for lines in (_references(), [*positions(), *_ticket()]):
        report = send(database, tenant, lines, now)
        assert report.quarantined == 0, report
    return tenant


def send(database, tenant, lines, now):
    """Load events as a history that arrived as it happened."""
    return ingest_lines(
        database, tenant, lines, batch=HISTORY, now=now, received_at=FIRST + timedelta(days=2)
    )
