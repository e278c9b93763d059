"""Things go when their life has been over for as long as their policy says, and no sooner."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from tests.ingest.events import (
    ACME,
    IMPORT,
    NOW,
    REFERENCES,
    add_tenant,
    at,
    event,
    rows,
    send,
    value,
)
from vigia.domain.identity import reference_id
from vigia.store.connection import Database, Role
from vigia.store.lake import Lake
from vigia.worker.metrics import refresh_metrics
from vigia.worker.retention import enforce_retention

YEARS = timedelta(days=1097)
MINUTE = timedelta(minutes=1)
KEEP = {
    "ticket": 1095,
    "tour_run": 1095,
    "welfare_check": 1095,
    "incident_report": 1095,
    "visitor_visit": 90,
    "biometric_template": 30,
    "metric_1d": 730,
}
LIVES = {
    "ticket": ("number", "status", "closed", "in_progress"),
    "tour_run": ("run_id", "status", "completed", "in_progress"),
    "welfare_check": ("check_id", "result", "ok", "pending"),
    "incident_report": ("ir_id", "status", "closed", "under_review"),
}


@pytest.fixture
def company(database: Database) -> Database:
    """A company whose things of today end or go on, each with two events."""
    add_tenant(database)
    lines = list(REFERENCES)
    for table, (key, state, ended, going_on) in LIVES.items():
        for name, word in (("over", ended), ("open", going_on)):
            body = {key: f"{table}-{name}", "site_id": "S1"}
            lines.append(event(table, f"{table} {name} 1", body, time=at(-20)))
            lines.append(event(table, f"{table} {name} 2", body | {state: word}))
    send(database, lines, batch=IMPORT)
    keep(database, **KEEP)
    return database


def keep(database: Database, **days: int) -> None:
    sql(database, "DELETE FROM ops.retention_policy")
    for record_type, number in days.items():
        policy = (ACME, record_type, number)
        sql(database, "INSERT INTO ops.retention_policy VALUES (%s, %s, %s, 'test')", *policy)


def sql(database: Database, statement: str, *values: object) -> None:
    with database.transaction(Role.WORKER) as connection:
        connection.execute(statement, values)


def run(database: Database, now: datetime, tmp_path: Path) -> dict[tuple[str, date], str]:
    """Record type and day to what was decided."""
    found = enforce_retention(database, Lake(tmp_path / "lake"), ACME, now=now)
    return {(d.record_type, d.day): d.verdict for d in found}


def names(database: Database, table: str) -> list[str]:
    """Which of a table's two things are there."""
    key = f"{table}_id" if table == "ticket" else LIVES[table][0]
    ids = {reference_id(ACME, table, f"{table}-{n}"): n for n in ("over", "open")}
    return sorted(ids[i] for (i,) in rows(database, f"SELECT {key} FROM ops.{table}"))


def journal(database: Database, table: str) -> int:
    return value(database, "SELECT count(*) FROM ops.ingest_event WHERE table_name = %s", table)


@pytest.mark.parametrize("table", LIVES)
def test_a_thing_whose_life_is_over_goes_with_its_journal_and_an_open_one_stays(
    company: Database, tmp_path: Path, table: str
) -> None:
    keep(company, metric_1d=730, **{table: KEEP[table]})
    assert run(company, NOW + YEARS - timedelta(days=1), tmp_path) == {}
    assert run(company, NOW + YEARS, tmp_path) == {(table, NOW.date()): "deleted"}
    assert names(company, table) == ["open"]
    assert journal(company, table) == 2
    kept = "SELECT deleted_count, reason FROM ops.retention_run WHERE record_type = %s"
    [(count, reason)] = rows(company, kept, table)
    assert count == 1
    assert "with their journal" in reason
    assert run(company, NOW + YEARS + MINUTE, tmp_path) == {}


def test_what_went_does_not_come_back_when_it_is_sent_again(
    company: Database, tmp_path: Path
) -> None:
    run(company, NOW + YEARS, tmp_path)
    body = {"number": "ticket-over", "site_id": "S1"}
    again = send(company, [event("ticket", "ticket over 1", body, time=at(-20))], batch=IMPORT)
    assert (again.accepted, again.duplicate) == (0, 1)
    assert names(company, "ticket") == ["open"]


def test_the_clocks_of_a_ticket_go_with_it(company: Database, tmp_path: Path) -> None:
    for number, name in enumerate(("over", "open")):
        clock = reference_id(ACME, "clock", str(number))
        sql(
            company,
            "INSERT INTO ops.sla_clock (tenant_id, clock_id, subject_kind, subject_id, kind, policy_id,"
            " started_at, due_at, state, target_min, elapsed_min, remaining_min, as_of_at)"
            " VALUES (%s, %s, 'ticket', %s, 'resolve', %s, %s, %s, 'met', 1, 1, 0, %s)",
            *(ACME, clock, reference_id(ACME, "ticket", f"ticket-{name}"), ACME, NOW, NOW, NOW),
        )
        sql(
            company,
            "INSERT INTO ops.sla_clock_segment (tenant_id, clock_id, from_at, to_at, counted, reason)"
            " VALUES (%s, %s, %s, %s, true, 'business_hours')",
            *(ACME, clock, NOW, NOW + MINUTE),
        )
    run(company, NOW + YEARS, tmp_path)
    left = [reference_id(ACME, "clock", "1")]
    for table in ("sla_clock", "sla_clock_segment"):
        assert [clock for (clock,) in rows(company, f"SELECT clock_id FROM ops.{table}")] == left


@pytest.mark.parametrize("days", [None, 1200])
def test_a_thing_stays_while_kept_metrics_count_it(
    company: Database, tmp_path: Path, days: int | None
) -> None:
    keep(company, ticket=1095, **({"metric_1d": days} if days else {}))
    assert run(company, NOW + YEARS, tmp_path) == {("ticket", NOW.date()): "kept_unverified"}
    assert names(company, "ticket") == ["open", "over"]
    reason = "SELECT reason FROM ops.retention_run"
    assert "could not be computed anew" in value(company, reason)


def test_no_policy_is_shorter_than_the_year_of_the_standard(
    company: Database, tmp_path: Path
) -> None:
    keep(company, incident_report=1, metric_1d=1)
    assert run(company, NOW + timedelta(days=365), tmp_path) == {}
    assert run(company, NOW + timedelta(days=367), tmp_path)["incident_report", NOW.date()] == (
        "deleted"
    )


@pytest.mark.parametrize(
    ("from_min", "to_min", "record_type", "stays"),
    [
        (-30, -15, "ticket", True),
        (-15, -12, "ticket", True),
        (None, None, None, True),
        (-5, None, "ticket", False),
        (None, -25, "ticket", False),
        (-30, 0, "gps_fix", False),
    ],
)
def test_an_order_keeps_what_lived_at_any_time_that_it_is_about(
    company: Database, tmp_path: Path, from_min, to_min, record_type, stays
) -> None:
    """The ticket of the fixture lives from 20 to 10 minutes before now."""
    keep(company, ticket=1095, metric_1d=730)
    window = [None if m is None else NOW + m * MINUTE for m in (from_min, to_min)]
    sql(
        company,
        "INSERT INTO ops.legal_hold (tenant_id, hold_id, record_type, from_at, to_at, reason)"
        " VALUES (%s, %s, %s, %s, %s, 'court order')",
        *(ACME, ACME, record_type, *window),
    )
    sql(company, "UPDATE ops.ticket SET opened_at = %s WHERE status = 'closed'", NOW - 20 * MINUTE)
    verdict = run(company, NOW + YEARS, tmp_path)["ticket", NOW.date()]
    assert verdict == ("kept_on_hold" if stays else "deleted")
    assert names(company, "ticket") == (["open", "over"] if stays else ["open"])
    sql(company, "UPDATE ops.legal_hold SET released_at = %s", NOW)
    run(company, NOW + YEARS + MINUTE, tmp_path)
    assert names(company, "ticket") == ["open"]


def test_a_tenant_that_keeps_all_keeps_things_too(company: Database, tmp_path: Path) -> None:
    sql(company, "UPDATE ops.tenant SET retention_profile = 'keep_all'")
    assert run(company, NOW + YEARS, tmp_path) == {}


VISIT = {"visit_id": "V1", "site_id": "S1", "person_hash": "ab" * 32, "host_ref": "Ada"}


def test_of_a_visit_only_the_count_stays(company: Database, tmp_path: Path) -> None:
    came = event("visitor_visit", "v1", VISIT | {"in_at": at(-60), "name": "Grace"})
    left = event("visitor_visit", "v2", VISIT | {"out_at": at(-5)}, verb="updated", time=at(-5))
    send(company, [came, left], batch=IMPORT)
    counted = _visitors(company)
    assert counted
    assert run(company, NOW + timedelta(days=90), tmp_path) == {}
    day = {("visitor_visit", NOW.date()): "deleted"}
    assert run(company, NOW + timedelta(days=92), tmp_path) == day
    assert rows(company, "SELECT person_hash, host_ref, extra, status FROM ops.visitor_visit") == [
        (None, None, None, None)
    ]
    whole = "SELECT string_agg(payload::text, ' ') FROM ops.ingest_event WHERE table_name = %s"
    told = value(company, whole, "visitor_visit")
    assert not [word for word in ("Ada", "Grace", "ab" * 32) if word in told]
    assert _visitors(company) == counted
    assert run(company, NOW + timedelta(days=93), tmp_path) == {}


def test_a_later_event_of_a_visit_does_not_bring_names_back(
    company: Database, tmp_path: Path
) -> None:
    send(company, [event("visitor_visit", "v1", VISIT)], batch=IMPORT)
    run(company, NOW + timedelta(days=92), tmp_path)
    later = {"visit_id": "V1", "status": "out"}
    send(company, [event("visitor_visit", "v2", later, verb="updated", time=at(-1))], batch=IMPORT)
    stored = "SELECT person_hash, host_ref, status FROM ops.visitor_visit"
    assert rows(company, stored) == [(None, None, "out")]


def test_the_template_of_a_face_goes_a_month_after_its_person_left(
    company: Database, tmp_path: Path
) -> None:
    for number, left in ((1, "2026-02-01"), (2, None)):
        person = {"employee_no": f"E{number}", "role": "guard", "left_on": left}
        vault = {"person_id": f"E{number}", "full_name": "Ada", "face_template_ref": "vault:7"}
        lines = [event("person", f"p{number}", person), event("person_pii", f"i{number}", vault)]
        assert send(company, lines, batch=IMPORT).quarantined == 0
    left_on = date(2026, 2, 1)
    assert run(company, NOW, tmp_path) == {}
    assert run(company, NOW + 3 * timedelta(days=1), tmp_path) == {
        ("biometric_template", left_on): "deleted"
    }
    assert sorted(rows(company, "SELECT face_template_ref, full_name FROM ops.person_pii"), key=str) == [
        ("vault:7", "Ada"), (None, "Ada"),
    ]  # fmt: skip


def _visitors(database: Database) -> list[tuple[object, ...]]:
    """What the metrics say of visitors, computed anew from what is there."""
    refresh_metrics(database, None, ACME, now=NOW, days=(NOW.date(), NOW.date()), full=True)
    return rows(
        database,
        "SELECT metric, slot, n, sum FROM ops.metric_5m WHERE metric LIKE 'visitors%%' ORDER BY 1, 2",
    )
