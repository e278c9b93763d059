"""A company whose events come in through the real ingest, for the tests of metrics."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from vigia.domain.identity import tenant_id
from vigia.ingest.batch import BatchInfo, ingest_lines
from vigia.store.connection import Database, Role
from vigia.store.tenants import create_tenant
from vigia.worker.metrics import Summary, refresh_metrics

TENANT = tenant_id("acme")
START = datetime(2026, 3, 28, 6, tzinfo=UTC)  # the night from Saturday is an hour short in Berlin
END = START + timedelta(days=3)
WALL = datetime(2026, 11, 1, tzinfo=UTC)
ZONES = ["Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]
SITES = 20
DERIVED = {
    "metric_5m": "site_id, metric, slot",
    "metric_1h": "site_id, metric, slot",
    "metric_1d": "site_id, metric, local_date",
    "signal_window": "site_id, person_id, slot",
}


def add_company(database: Database) -> Database:
    """A company that keeps everything and lives by its data's clock."""
    create_tenant(database, "acme", clock_mode="data")
    with database.transaction(Role.WORKER) as connection:
        connection.execute("UPDATE ops.tenant SET retention_profile = 'keep_all'")
    offer(database, reference())
    return database


def event(kind: str, number: object, at: datetime, site: int | None, /, **data: object) -> dict:
    """An event as a sender writes it; it arrived when it happened."""
    subject = {} if site is None else {"subject": f"S{site}"}
    return {
        "specversion": "1.0", "id": f"{kind}-{number}", "source": "test",
        "type": f"vigia.{kind}.v1", "time": at.isoformat(), **subject, "data": data,
    }  # fmt: skip


def reference() -> list[dict]:
    """Sites in four zones, a person and a phone on each, held for good."""
    events = []
    for n in range(SITES):
        at = START - timedelta(days=30)
        zone = ZONES[n % len(ZONES)]
        events += [
            event("site.upserted", n, at, n, site_id=f"S{n}", code=f"S{n}", name=f"Site {n}", tz=zone),
            event("person.upserted", n, at, None, person_id=f"P{n}", employee_no=f"P{n}"),
            event("device.upserted", n, at, None, device_id=f"D{n}", code=f"D{n}", kind="phone"),
            event("device_assignment.upserted", n, at, None, device_assignment_id=f"A{n}",
                  device_id=f"D{n}", person_id=f"P{n}", from_at=at.isoformat()),
        ]  # fmt: skip
    return events


def stream(seed: int, count: int, *, sites: int = SITES) -> list[dict]:
    """Three days of work: positions, heartbeats, scans, doors, tickets, checks, a series."""
    rng = random.Random(seed)
    events = []
    for n in range(count):
        at = START + timedelta(seconds=round(rng.uniform(0, 3 * 86400 - 1), 3))
        site = rng.randrange(sites)
        who = {"device_id": f"D{site}", "person_id": f"P{site}"}
        kind = rng.choice(
            ["gps", "gps", "gps", "beat", "phone", "scan", "door", "ticket", "series"]
        )
        if kind == "gps":
            events.append(event("gps_fix.recorded", n, at, site, **who, fix_time=at.isoformat(),
                lat=48 + rng.random() / 100, lon=11 + rng.random() / 100,
                accuracy_m=rng.choice([4.0, 30.0, 180.0])))  # fmt: skip
        elif kind == "beat":
            events.append(event("device_heartbeat.recorded", n, at, site, device_id=f"D{site}",
                event_time=at.isoformat(), battery_pct=rng.randrange(101)))  # fmt: skip
        elif kind == "phone":
            events.append(event("phone_event.recorded", n, at, site, **who,
                event_time=at.isoformat(), kind=rng.choice(["interaction", "reboot"])))  # fmt: skip
        elif kind == "scan":
            events.append(event("checkpoint_scan.recorded", n, at, site, **who,
                event_time=at.isoformat()))  # fmt: skip
        elif kind == "door":
            events.append(event("access_event.recorded", n, at, site, event_time=at.isoformat(),
                kind=rng.choice(["granted", "granted", "denied"])))  # fmt: skip
        elif kind == "ticket":
            done = at + timedelta(hours=rng.uniform(0.1, 9))
            events.append(event("ticket.created", n, at, site, ticket_id=f"T{n}", number=f"T{n}",
                status="new", opened_at=at.isoformat()))  # fmt: skip
            if done < END:
                events.append(event("ticket.resolved", n, done, site, ticket_id=f"T{n}",
                    number=f"T{n}", status="resolved", resolved_at=done.isoformat()))  # fmt: skip
        else:
            events.append(event("metric_sample.recorded", n, at, site, metric="temperature",
                event_time=at.isoformat(), value=round(rng.gauss(20, 5), 2)))  # fmt: skip
    # One last event, so that every stream ends at the same now.
    events.append(event("access_event.recorded", "end", END, 0, event_time=END.isoformat(),
                        kind="granted"))  # fmt: skip
    return events


def offer(database: Database, events: Sequence[dict]) -> Any:
    """Bring events in as a history."""
    lines = map(orjson.dumps, events)
    report = ingest_lines(database, TENANT, lines, now=WALL, batch=BatchInfo("import", "test"))
    assert report.quarantined == 0, report.reasons
    return report


def refresh(database: Database, **rest: Any) -> Summary:
    return refresh_metrics(database, None, TENANT, now=WALL, **rest)


def tables(database: Database) -> dict[str, list[tuple]]:
    """Every derived row, in order."""
    with database.transaction(Role.APP, TENANT) as connection:
        return {
            table: connection.execute(f"SELECT * FROM ops.{table} ORDER BY {order}").fetchall()
            for table, order in DERIVED.items()
        }


def forget(database: Database) -> None:
    """Remove all that was derived or ingested about what happened."""
    with database.connect() as admin:
        names = (
            "gps_fix device_heartbeat phone_event checkpoint_scan access_event ticket metric_sample"
        )
        admin.execute("TRUNCATE " + ", ".join(f"ops.{n}" for n in [*names.split(), *DERIVED]))
        admin.execute("DELETE FROM ops.ingest_key WHERE type NOT LIKE '%upserted%'")
        admin.execute("DELETE FROM ops.ingest_event WHERE type NOT LIKE '%upserted%'")
        admin.execute("TRUNCATE ops.dirty_slot, ops.device_watermark, ops.tenant_clock")


def late_and_doubled(events: list[dict], seed: int) -> list[dict]:
    """The same stream with delays of up to 72 hours and a tenth of it twice."""
    rng = random.Random(seed)
    arrivals = [
        (
            datetime.fromisoformat(e["time"])
            + timedelta(hours=rng.choice([0, 0, rng.uniform(0, 72)])),
            i,
        )
        for i, e in enumerate(events)
    ]
    arrivals += [
        (at + timedelta(hours=1), i) for at, i in rng.sample(arrivals, len(arrivals) // 10)
    ]
    return [events[i] for _, i in sorted(arrivals)]


def batches(events: list[dict], count: int) -> Iterator[list[dict]]:
    size = -(-len(events) // count)
    for start in range(0, len(events), size):
        yield events[start : start + size]
