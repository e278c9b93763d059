"""Clocks of stored tickets: as of the data clock, replaced as a set, defaults without overwriting."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from tests.worker.recorded import NOW, SITE, TENANT, add_tenant, at, count, set_clock
from vigia.domain.identity import event_id, reference_id
from vigia.store.connection import Database, Role
from vigia.worker.sla import refresh_sla

ROUTINE = {"status": "new", "priority": "P3"}


@pytest.fixture
def help_desk(database: Database) -> Database:
    """One routine ticket of a Monday in Berlin, resolved on Tuesday."""
    add_tenant(database, at("2016-03-10"), tz="Europe/Berlin")
    change(database, "T1", at("2016-02-29 14:00"), status="new", priority="P3")
    change(database, "T1", at("2016-03-01 09:00"), status="resolved", imported_sla_met=False)
    return database


def change(database: Database, number: str, when: datetime, **fields: object) -> UUID:
    """Store a change of a ticket as ingest does: journal, and the row it folds to."""
    ticket = reference_id(TENANT, "ticket", number)
    with database.transaction(Role.WORKER) as connection:
        connection.execute(
            "INSERT INTO ops.ingest_event (tenant_id, event_id, table_name, entity_id, site_id,"
            " type, source, event_time, received_at, payload, batch_id)"
            " VALUES (%s, %s, 'ticket', %s, %s, 'vigia.ticket.updated.v1', 'desk', %s, %s, %s, %s)",
            [
                *(TENANT, event_id(TENANT, "desk", f"{number}{when}"), ticket, SITE, when, when),
                *(json.dumps(fields), TENANT),
            ],
        )
        connection.execute(
            "INSERT INTO ops.ticket (tenant_id, ticket_id, number, site_id, opened_at, state_time,"
            " status) VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (tenant_id, ticket_id)"
            " DO UPDATE SET status = excluded.status, updated_at = clock_timestamp()",
            [TENANT, ticket, number, SITE, when, when, fields.get("status")],
        )
    return ticket


def clock(database: Database, kind: str, number: str = "T1") -> dict[str, object]:
    ticket = reference_id(TENANT, "ticket", number)
    with database.connect() as admin:
        cursor = admin.execute(
            "SELECT * FROM ops.sla_clock WHERE subject_id = %s AND kind = %s", [ticket, kind]
        )
        row = cursor.fetchone()
        assert row is not None
        return dict(zip([c.name for c in cursor.description or ()], row, strict=True))


def test_a_ticket_follows_the_default_hours_on_its_sites_own_wall_clock(
    help_desk: Database,
) -> None:
    summary = refresh_sla(help_desk, TENANT, now=NOW)
    assert (summary.tickets, summary.clocks) == (1, 2)
    found = clock(help_desk, "resolve")
    # 15:00-17:00 and 8:00-10:00 of Berlin.
    assert (found["elapsed_min"], found["state"], found["target_min"]) == (240, "met", 1440)
    assert found["as_of_at"] == at("2016-03-10")
    assert found["site_id"] == SITE


def test_the_imported_verdict_plays_no_part(help_desk: Database) -> None:
    refresh_sla(help_desk, TENANT, now=NOW)
    assert clock(help_desk, "resolve")["state"] == "met"


def test_refreshing_again_leaves_the_same_rows(help_desk: Database) -> None:
    first = refresh_sla(help_desk, TENANT, now=NOW)
    assert refresh_sla(help_desk, TENANT, now=NOW) == first
    assert count(help_desk, "sla_clock") == first.clocks
    assert count(help_desk, "sla_clock_segment") == first.segments


def test_clocks_stand_as_of_the_data_clock(help_desk: Database) -> None:
    set_clock(help_desk, at("2016-02-29 15:00"))
    refresh_sla(help_desk, TENANT, now=NOW)
    running = clock(help_desk, "resolve")
    assert (running["state"], running["elapsed_min"]) == ("running", 60)
    assert running["due_at"] == at("2016-03-03 14:00")


def test_a_ticket_that_changed_gets_new_segments_and_others_keep_theirs(
    help_desk: Database,
) -> None:
    change(help_desk, "T2", at("2016-02-29 14:00"), status="resolved", priority="P1")
    refresh_sla(help_desk, TENANT, now=NOW)
    with help_desk.connect() as admin:
        row = admin.execute("SELECT clock_timestamp()").fetchone()
        assert row is not None
    change(help_desk, "T1", at("2016-03-02 09:00"), status="reopened")
    summary = refresh_sla(help_desk, TENANT, now=NOW, changed_since=row[0])
    assert summary.tickets == 1
    assert clock(help_desk, "resolve")["stopped_at"] is None
    assert clock(help_desk, "resolve", "T2")["state"] == "met"
    overlaps = (
        "EXISTS (SELECT FROM ops.sla_clock_segment o WHERE o.clock_id = s.clock_id"
        " AND o.from_at < s.to_at AND o.to_at > s.from_at AND o.from_at <> s.from_at)"
    )
    assert count(help_desk, "sla_clock_segment s", overlaps) == 0


def test_a_policy_that_the_tenant_changed_is_kept(help_desk: Database) -> None:
    refresh_sla(help_desk, TENANT, now=NOW)
    with help_desk.transaction(Role.WORKER) as connection:
        connection.execute("UPDATE ops.sla_target SET resolve_min = 60 WHERE priority = 'P3'")
    refresh_sla(help_desk, TENANT, now=NOW)
    assert clock(help_desk, "resolve")["state"] == "breached"


def test_a_sites_own_calendar_and_its_holidays_decide(help_desk: Database) -> None:
    calendar = reference_id(TENANT, "calendar", "mornings")
    with help_desk.transaction(Role.WORKER) as connection:
        connection.execute(
            "INSERT INTO ops.calendar (tenant_id, calendar_id, code, tz, hours, state_time)"
            " VALUES (%s, %s, 'mornings', 'UTC', %s, now())",
            [TENANT, calendar, json.dumps({str(d): [["06:00", "24:00"]] for d in range(7)})],
        )
        connection.execute(
            "INSERT INTO ops.holiday (tenant_id, holiday_id, calendar_id, holiday_on, kind,"
            " state_time) VALUES (%s, %s, %s, '2016-02-29', 'public', now())",
            [TENANT, TENANT, calendar],
        )
        connection.execute("UPDATE ops.site SET calendar_id = %s", [calendar])
    refresh_sla(help_desk, TENANT, now=NOW)
    assert clock(help_desk, "resolve")["elapsed_min"] == 180


def test_a_tenant_without_events_has_no_clocks(database: Database) -> None:
    add_tenant(database)
    assert refresh_sla(database, TENANT, now=NOW).clocks == 0


def test_first_clocks_do_not_read_the_tables_that_they_fill_again_for_each_row(
    help_desk: Database,
) -> None:
    for day in range(1, 60):
        change(help_desk, f"N{day}", at("2016-01-01") + timedelta(days=day), **ROUTINE)
    with help_desk.connect() as admin:
        # What autovacuum does as a rule before the first ticket comes.
        admin.execute("ANALYZE ops.sla_clock, ops.sla_clock_segment")
    summary = refresh_sla(help_desk, TENANT, now=NOW)
    assert summary.segments > 1_000
    with help_desk.connect() as admin:
        scans = admin.execute(
            "SELECT relname, seq_scan FROM pg_stat_user_tables"
            " WHERE relname IN ('sla_clock', 'sla_clock_segment')"
        ).fetchall()
    assert {name for name, _ in scans} == {"sla_clock", "sla_clock_segment"}
    assert all(count < 10 for _, count in scans), scans
