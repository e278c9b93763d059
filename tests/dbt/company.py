"""A small company written straight into `ops`: what the marts are built from in these tests."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import psycopg

from vigia.domain.dictionary import TABLES, Kind
from vigia.domain.identity import event_id, reference_id, tenant_id
from vigia.store.connection import Database, Role

GUARDS = tenant_id("guards")
OTHERS = tenant_id("others")
BATCH = reference_id(GUARDS, "batch", "first")
CLOCK = "2026-03-30T12:00:00Z"


def ref(table: str, code: str, tenant: UUID = GUARDS) -> UUID:
    """The id of a thing by its code."""
    return reference_id(tenant, table, code)


class Writer:
    """Writes rows of one tenant, filling in ids and housekeeping columns."""

    def __init__(self, connection: psycopg.Connection, tenant: UUID) -> None:
        self.connection = connection
        self.tenant = tenant

    def __call__(self, table_name: str, code: str | None = None, /, **values: object) -> None:
        """Insert a row; `code` names the thing, and a string for an id column is a code."""
        table = TABLES[table_name]
        row = {"tenant_id": self.tenant, **values}
        if code is not None:
            row[table.key[0]] = ref(table_name, code, self.tenant)
        if table.natural_key and code is not None:
            row.setdefault(table.natural_key[0], code)
        if table.kind is Kind.STATE:
            row.setdefault("state_time", "2026-03-01T00:00:00Z")
        if table.kind is Kind.RECORD:
            row.setdefault("received_at", row[str(table.time)])
        for column in table.columns:
            if isinstance(row.get(column.name), str) and column.references:
                row[column.name] = ref(column.references, str(row[column.name]), self.tenant)
        places = ", ".join(["%s"] * len(row))
        self.connection.execute(
            f"INSERT INTO ops.{table_name} ({', '.join(row)}) VALUES ({places})",  # type: ignore[arg-type]
            list(row.values()),
        )

    def change(self, number: str, at: str, **columns: object) -> None:
        """Write one change of a ticket into the journal."""
        self(
            "ingest_event",
            event_id=event_id(self.tenant, "desk", f"{number}/{at}"),
            table_name="ticket",
            entity_id=ref("ticket", number, self.tenant),
            type="vigia.ticket.updated.v1",
            source="desk",
            event_time=at,
            received_at=at,
            payload=json.dumps(columns, default=str),
            batch_id=BATCH,
        )


def write_company(database: Database) -> None:
    """Two tenants; all that is interesting belongs to the first."""
    with database.transaction(Role.WORKER) as connection:
        write = Writer(connection, GUARDS)
        _organisation(write)
        _tickets(write)
        _tour(write)
        _attendance(write)
        _positions(write)
        _account(write)
        other = Writer(connection, OTHERS)
        _tenant(other, "others")
        other("site", "elsewhere")
        other("ticket", "X1", site_id="elsewhere", status="new", opened_at="2026-03-30T08:00:00Z")


def _tenant(write: Writer, slug: str) -> None:
    write(
        "tenant",
        name=slug.title(),
        slug=slug,
        default_tz="UTC",
        locale="en",
        status="active",
        retention_profile="standard",
        clock_mode="data",
    )
    write("tenant_clock", latest_event_time=CLOCK)


def _organisation(write: Writer) -> None:
    _tenant(write, "guards")
    write("client", "acme", name="Acme", tier="vip")
    write(
        "site", "north", client_id="acme", name="North Gate", tz="Europe/Berlin", lat=52.5, lon=13.4
    )
    write("site", "south")
    for code in ("ann", "bob", "cid"):
        write("person", code, home_site_id="north", status="active")
    write("device", "phone-1", kind="phone")
    write("device_watermark", device_id=ref("device", "phone-1"), boot_id=ref("boot", "b1"), first_seq=1,
          last_seq=10, seen_count=8, last_event_at="2026-03-30T11:00:00Z")  # fmt: skip


def _tickets(write: Writer) -> None:
    first, second = str(ref("support_group", "first")), str(ref("support_group", "second"))
    write("support_group", "first", name="First line")
    write("support_group", "second")
    # Opened at 23:30 UTC: the next day already at the site.
    write("ticket", "T1", site_id="north", group_id="first", priority="P2", status="closed",
          opened_at="2026-03-27T23:30:00Z", resolved_at="2026-03-28T10:00:00Z",
          closed_at="2026-03-29T10:00:00Z", reassignment_count=5, imported_sla_met=True)  # fmt: skip
    write.change("T1", "2026-03-27T23:30:00Z", status="new", group_id=first)
    write.change("T1", "2026-03-28T08:00:00Z", status="in_progress", group_id=second)
    write.change("T1", "2026-03-28T09:00:00Z", group_id=first)
    write.change("T1", "2026-03-28T10:00:00Z", status="resolved")
    write("ticket", "T2", site_id="north", group_id="second", priority="P3", status="in_progress",
          opened_at="2026-03-29T12:00:00Z", imported_sla_met=True)  # fmt: skip
    write.change("T2", "2026-03-29T12:00:00Z", status="new", group_id=second)
    write.change("T2", "2026-03-29T13:00:00Z", status="resolved")
    write.change("T2", "2026-03-29T14:00:00Z", status="in_progress")
    write("sla_policy", "standard", name="Standard")
    write("sla_clock", clock_id=ref("sla_clock", "T1"), site_id=ref("site", "north"),
          subject_kind="ticket", subject_id=ref("ticket", "T1"), kind="resolve",
          policy_id=ref("sla_policy", "standard"), started_at="2026-03-27T23:30:00Z",
          stopped_at="2026-03-28T10:00:00Z", due_at="2026-03-28T07:30:00Z",
          breached_at="2026-03-28T07:30:00Z", state="breached", target_min=480,
          elapsed_min=630, remaining_min=-150, as_of_at=CLOCK)  # fmt: skip


def _tour(write: Writer) -> None:
    write("tour_template", "round", site_id="north", name="Night round", planned_min=30)
    for code in ("c1", "c2"):
        write("checkpoint", code, site_id="north", required=True, lat=52.5, lon=13.4)
    for code, status in (("full", "completed"), ("half", "completed")):
        write("tour_run", code, tour_id="round", site_id="north", person_id="ann",
              due_at="2026-03-28T22:00:00Z", started_at="2026-03-28T22:05:00Z",
              ended_at="2026-03-28T22:40:00Z", checkpoints_planned=2, checkpoints_scanned=2,
              status=status)  # fmt: skip
    scans = (
        ("full", "c1", None),
        ("full", "c2", "valid"),
        ("full", "c2", "duplicate"),
        ("half", "c1", None),
    )
    for number, (run, checkpoint, verdict) in enumerate(scans):
        write("checkpoint_scan", f"s{number}", run_id=ref("tour_run", run), site_id="north",
              checkpoint_id=checkpoint, person_id="ann", verdict=verdict, lat=52.501, lon=13.4,
              event_time=f"2026-03-28T22:1{number}:00Z")  # fmt: skip


def _attendance(write: Writer) -> None:
    # The night on which clocks go forward: 11 hours between 20:00 and 08:00 at the site.
    write("shift", "night", site_id="north", starts_at="2026-03-28T19:00:00Z",
          ends_at="2026-03-29T06:00:00Z")  # fmt: skip
    for person in ("ann", "bob"):
        write("shift_assignment", person, shift_id="night", person_id=person, status="confirmed")
    clockings = (
        ("clock_in", "2026-03-28T19:30:00Z"),
        ("break_start", "2026-03-29T00:00:00Z"),
        ("break_end", "2026-03-29T00:45:00Z"),
        ("clock_out", "2026-03-29T06:10:00Z"),
    )
    for number, (kind, at) in enumerate(clockings):
        write(
            "attendance_event",
            f"a{number}",
            person_id="ann",
            site_id="north",
            kind=kind,
            event_time=at,
        )
    write(
        "attendance_event",
        "c0",
        person_id="cid",
        kind="clock_in",
        event_time="2026-03-30T11:00:00Z",
    )


def _positions(write: Writer) -> None:
    fixes = (
        ("2026-03-28T22:00:00Z", 52.500, True),
        ("2026-03-28T22:05:00Z", 52.501, None),
        ("2026-03-28T22:06:00Z", 10.000, False),
        ("2026-03-28T22:10:00Z", 52.502, True),
        ("2026-03-28T23:30:00Z", 52.510, True),
    )
    for number, (at, lat, valid) in enumerate(fixes):
        write("gps_fix", f"f{number}", site_id="north", device_id="phone-1", person_id="ann",
              fix_time=at, lat=lat, lon=13.4, valid=valid)  # fmt: skip


def _account(write: Writer) -> None:
    for batch, kind, counts in ((BATCH, "import", (9, 7, 1, 1)),):
        rows, accepted, duplicate, quarantined = counts
        write("ingest_batch", batch_id=batch, kind=kind, origin="desk.csv",
              started_at=datetime(2026, 3, 30, 12, 5, tzinfo=UTC), state="done", rows=rows,
              accepted=accepted, duplicate=duplicate, quarantined=quarantined)  # fmt: skip
    for number in range(7):
        name = str(number)
        write("ingest_key", source="desk", source_event_id=name, type="vigia.ticket.updated.v1",
              event_id=event_id(write.tenant, "desk", name), batch_id=BATCH, body_hash=number)  # fmt: skip
    write("ingest_quarantine", "q1", batch_id=BATCH, raw="?", raw_bytes=1, reason_code="bad_time",
          reason="no time", first_at=CLOCK, attempts=1, state="open")  # fmt: skip
