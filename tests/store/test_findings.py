"""Findings are stored once, follow what detection says while they are open, and log every change."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.store.raised import SILENT, START, raised, rows
from tests.worker.recorded import SITE, TENANT, add_tenant, count
from vigia.domain.findings.lifecycle import Actor, IllegalMoveError, Move, Party, Request
from vigia.domain.findings.types import State
from vigia.store.connection import Database, Role
from vigia.store.finding_moves import NoSuchFindingError, Verdict, judge, move
from vigia.store.findings import Stored, open_findings, store_findings

DISTRESS = "CORRELATION_GUARD_DISTRESS"
ASHA = Actor(Party.PERSON, "controller-1")


@pytest.fixture
def company(database: Database) -> Database:
    add_tenant(database, START)
    return database


def store(company: Database, *found: dict[str, Any], minutes: int = 0) -> Stored:
    with company.transaction(Role.WORKER) as connection:
        return store_findings(
            connection, TENANT, rows(*found), at=START + timedelta(minutes=minutes)
        )


def finding(company: Database, identity: object, columns: str = "*") -> tuple[Any, ...]:
    with company.connect() as admin:
        row = admin.execute(
            f"SELECT {columns} FROM ops.finding WHERE finding_id = %s", [identity]
        ).fetchone()
    assert row is not None
    return row


def log(company: Database, identity: object) -> list[tuple[Any, ...]]:
    with company.connect() as admin:
        return admin.execute(
            "SELECT event, from_value, to_value, party FROM ops.finding_event"
            " WHERE finding_id = %s ORDER BY ordinal",
            [identity],
        ).fetchall()


def ask(
    company: Database, found: dict[str, Any], what: Move, minutes: int = 1, **more: Any
) -> None:
    request = Request(what, ASHA, START + timedelta(minutes=minutes), **more)
    with company.transaction(Role.APP, TENANT) as connection:
        move(connection, TENANT, UUID(found["finding_id"]), request)


def cleared(found: dict[str, Any], minutes: int) -> dict[str, Any]:
    at = START + timedelta(minutes=minutes)
    return found | {"cleared_at": at, "window_to": max(at, found["window_to"])}


def test_a_finding_is_stored_once_however_often_it_is_found(company: Database) -> None:
    found = raised()
    first = store(company, found)
    again = store(company, found, minutes=5)
    assert (first.raised, first.changed) == (1, 0)
    assert (again.raised, again.changed, again.moved) == (0, 0, 0)
    assert finding(company, found["finding_id"], "state, row_version") == ("new", 1)
    assert log(company, found["finding_id"]) == [("detected", None, "CRITICAL", "system")]


def test_an_open_finding_follows_what_is_said_of_it_and_keeps_its_name(company: Database) -> None:
    found = raised(severity="HIGH")
    store(company, found)
    later = found | {
        "severity": "CRITICAL",
        "evidence_state": "confirmed",
        "window_to": START + timedelta(minutes=15),
        "figures": '{"silent_min": 75.0}',
        "episode_start": START + timedelta(minutes=5),
        "dedup_key": "another",
    }
    assert store(company, later, minutes=15).changed == 1
    kept = finding(company, found["finding_id"], "severity, evidence_state, window_to, dedup_key")
    assert kept == ("CRITICAL", "confirmed", START + timedelta(minutes=15), found["dedup_key"])
    assert log(company, found["finding_id"])[1:] == [
        ("judged", "provisional", "confirmed", "system"),
        ("severity", "HIGH", "CRITICAL", "system"),
    ]


def test_evidence_never_becomes_provisional_again(company: Database) -> None:
    found = raised(evidence_state="confirmed")
    store(company, found)
    store(company, found | {"evidence_state": "provisional"}, minutes=5)
    assert finding(company, found["finding_id"], "evidence_state") == ("confirmed",)


def test_the_end_of_what_shows_it_never_moves_back(company: Database) -> None:
    found = raised(window_to=START + timedelta(minutes=10))
    store(company, found)
    store(company, found | {"window_to": START}, minutes=15)
    assert finding(company, found["finding_id"], "window_to") == (START + timedelta(minutes=10),)


def test_what_has_cleared_is_resolved_by_the_system(company: Database) -> None:
    found = raised()
    store(company, found)
    assert store(company, cleared(found, 20), minutes=20).moved == 1
    state, closed = finding(company, found["finding_id"], "state, closed_at")
    assert (state, closed) == ("resolved", START + timedelta(minutes=20))
    assert log(company, found["finding_id"])[1:] == [
        ("cleared", None, None, "system"),
        ("moved", "new", "resolved", "system"),
    ]


def test_a_finding_that_begins_and_clears_between_two_audits_is_kept_resolved(
    company: Database,
) -> None:
    found = cleared(raised(), 10)
    assert store(company, found, minutes=15).raised == 1
    assert finding(company, found["finding_id"], "state") == ("resolved",)


def test_safety_is_never_resolved_nor_muted_by_the_system(company: Database) -> None:
    found = raised(DISTRESS, state="suppressed")
    store(company, found)
    assert finding(company, found["finding_id"], "state") == ("new",)
    assert store(company, cleared(found, 20), minutes=20).moved == 0
    assert finding(company, found["finding_id"], "state, cleared_at") == (
        "new",
        START + timedelta(minutes=20),
    )


def test_a_second_call_for_help_is_not_lost_in_the_first_that_waits_for_people(
    company: Database,
) -> None:
    first, second = raised(DISTRESS), raised(DISTRESS, minutes=30)
    store(company, first)
    store(company, cleared(first, 20), second, minutes=30)
    with company.transaction(Role.WORKER) as connection:
        waiting = open_findings(connection, TENANT)
    assert waiting["finding_id"].to_list() == [first["finding_id"], second["finding_id"]]


def test_an_episode_that_another_path_named_first_keeps_that_name(company: Database) -> None:
    """The live path and the audit may see the same silence begin in two slots."""
    live, audit = raised(), raised(minutes=5, severity="HIGH", evidence_state="confirmed")
    store(company, live)
    stored = store(company, audit, minutes=5)
    assert (stored.raised, stored.changed) == (0, 1)
    assert stored.ids.rows() == [(audit["finding_id"], live["finding_id"])]
    assert count(company, "finding") == 1
    assert finding(company, live["finding_id"], "evidence_state") == ("confirmed",)


def test_the_database_itself_refuses_a_second_open_finding_of_one_episode(
    company: Database,
) -> None:
    store(company, raised())
    with pytest.raises(psycopg.errors.UniqueViolation), company.connect() as admin:
        admin.execute(
            "INSERT INTO ops.finding SELECT (jsonb_populate_record(f, jsonb_build_object("
            "'finding_id', gen_random_uuid()))).* FROM ops.finding f"
        )


def test_several_of_one_scope_in_one_delivery_are_one_finding(company: Database) -> None:
    one, two = raised(), raised(minutes=5)
    stored = store(company, two, one, minutes=5)
    assert stored.raised == 1
    assert dict(stored.ids.rows())[two["finding_id"]] == one["finding_id"]
    assert store(company, two, one, minutes=10).changed == 0


def test_a_closed_finding_is_never_touched(company: Database) -> None:
    found = raised()
    store(company, found)
    ask(company, found, Move.RESOLVE, reason="The guard answered.")
    before = finding(company, found["finding_id"])
    store(company, found | {"severity": "LOW", "evidence_state": "retracted"}, minutes=5)
    assert finding(company, found["finding_id"]) == before
    assert count(company, "finding") == 1


def test_the_order_of_rows_does_not_matter(company: Database) -> None:
    found = [raised(), raised("OFF_HOURS_ACTIVITY"), cleared(raised("TOUR_OVERDUE"), 5)]
    kept = set()
    for order in permutations(found):
        store(company, *order, minutes=5)
        with company.connect() as admin:
            kept.add(str(admin.execute("SELECT * FROM ops.finding ORDER BY 2").fetchall()))
            admin.execute("TRUNCATE ops.finding, ops.finding_event")
    assert len(kept) == 1


def test_what_another_finding_explains_is_muted_and_speaks_again_when_that_is_over(
    company: Database,
) -> None:
    found = raised()
    store(company, found)
    store(company, found | {"state": "suppressed"}, minutes=5)
    assert finding(company, found["finding_id"], "state") == ("suppressed",)
    store(company, found, minutes=10)
    assert finding(company, found["finding_id"], "state") == ("new",)


def test_what_a_person_muted_or_works_on_is_left_to_them(company: Database) -> None:
    muted, worked_on = raised(), raised("OFF_HOURS_ACTIVITY")
    store(company, muted, worked_on)
    ask(company, muted, Move.SUPPRESS, reason="Known works in the street.")
    ask(company, worked_on, Move.START)
    store(company, muted, worked_on | {"state": "suppressed"}, minutes=10)
    assert finding(company, muted["finding_id"], "state") == ("suppressed",)
    assert finding(company, worked_on["finding_id"], "state") == ("in_progress",)


def test_a_move_is_logged_with_who_when_what_and_why(company: Database) -> None:
    found = raised()
    store(company, found)
    ask(company, found, Move.ACKNOWLEDGE, 2)
    ask(company, found, Move.RESOLVE, 9, reason="Called: the phone was flat.")
    with company.connect() as admin:
        rows = admin.execute(
            "SELECT ordinal, move, from_value, to_value, party, actor, done_at, reason"
            " FROM ops.finding_event WHERE event = 'moved' ORDER BY ordinal"
        ).fetchall()
    who = ("person", "controller-1")
    later = [START + timedelta(minutes=m) for m in (2, 9)]
    assert rows == [
        (2, "acknowledge", "new", "acknowledged", *who, later[0], None),
        (3, "resolve", "acknowledged", "resolved", *who, later[1], "Called: the phone was flat."),
    ]
    known = finding(company, found["finding_id"], "acknowledged_at, closed_at")
    assert known == (later[0], later[1])


def test_an_illegal_move_changes_nothing(company: Database) -> None:
    found = raised(DISTRESS)
    store(company, found)
    with pytest.raises(IllegalMoveError, match="second person"):
        ask(company, found, Move.RESOLVE, reason="The guard is fine.")
    assert finding(company, found["finding_id"], "state") == ("new",)
    assert len(log(company, found["finding_id"])) == 1


def test_nobody_moves_a_finding_of_another_company(company: Database) -> None:
    found = raised()
    store(company, found)
    theirs = add_tenant(company, START, slug="other")
    request = Request(Move.ACKNOWLEDGE, ASHA, START + timedelta(minutes=1))
    with (
        pytest.raises(NoSuchFindingError),
        company.transaction(Role.APP, theirs) as connection,
    ):
        move(connection, TENANT, UUID(found["finding_id"]), request)


def test_a_finding_is_not_reopened_beside_a_newer_one_of_the_same_thing(
    company: Database,
) -> None:
    old, new = raised(), raised(minutes=30)
    store(company, old)
    ask(company, old, Move.RESOLVE, reason="Thought to be over.")
    store(company, new, minutes=30)
    with pytest.raises(IllegalMoveError, match="work on that one"):
        ask(company, old, Move.REOPEN, 40, reason="It was not over.")


def test_a_verdict_of_no_case_rejects_the_finding_and_a_true_one_is_kept(
    company: Database,
) -> None:
    wrong, right = raised(), raised("OFF_HOURS_ACTIVITY")
    store(company, wrong, right)
    by = Request(Move.REJECT, ASHA, START + timedelta(minutes=3), "A drill.")
    with company.transaction(Role.APP, TENANT) as connection:
        after = judge(connection, TENANT, UUID(wrong["finding_id"]), Verdict.FALSE_POSITIVE, by)
        judge(connection, TENANT, UUID(right["finding_id"]), Verdict.TRUE_POSITIVE, by)
    assert after.state is State.FALSE_POSITIVE
    assert finding(company, wrong["finding_id"], "verdict, state")[0] == "false_positive"
    assert finding(company, right["finding_id"], "verdict, state") == ("true_positive", "new")
    assert ("verdict", None, "true_positive", "person") in log(company, right["finding_id"])


def test_a_verdict_takes_a_reason(company: Database) -> None:
    found = raised()
    store(company, found)
    by = Request(Move.REJECT, ASHA, START + timedelta(minutes=3))
    for verdict in Verdict:
        with (
            pytest.raises(IllegalMoveError, match="reason"),
            company.transaction(Role.APP, TENANT) as connection,
        ):
            judge(connection, TENANT, UUID(found["finding_id"]), verdict, by)


def test_open_findings_come_worst_and_oldest_first(company: Database) -> None:
    order = [raised(DISTRESS, 10), raised(minutes=20), raised("OFF_HOURS_ACTIVITY", 5)]
    store(company, *reversed(order), minutes=20)
    with company.transaction(Role.APP, TENANT) as connection:
        found = open_findings(connection, TENANT)
        chosen = open_findings(connection, TENANT, [SILENT])
    assert found["finding_id"].to_list() == [row["finding_id"] for row in order]
    assert chosen["type"].to_list() == [SILENT]
    assert found["site_id"].to_list() == [str(SITE)] * 3
    assert isinstance(found["detected_at"][0], datetime)
