"""However events arrive - shuffled, repeated, in pieces - the tables end up the same."""

from __future__ import annotations

import random
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ingest.events import ACME, IMPORT, NOW, add_company, at, event, fix, rows, send
from vigia.domain.dictionary import TABLES, Kind
from vigia.ingest.batch import ingest
from vigia.store import fold
from vigia.store.connection import Role

CONTENT = [
    "gps_fix",
    "phone_event",
    "device_heartbeat",
    "ingest_key",
    "ticket",
    "task",
    "site",
    "person",
    "device",
]
BOOKS = {"created_at", "updated_at", "row_version", "batch_id", "received_at"}


def stream(seed: int = 1) -> list[bytes]:
    """Three hours of a small company: telemetry, and tickets and tasks that change."""
    pick = random.Random(seed)
    lines = [
        fix(f"f{i}", minutes=-180 + i, seq=i, person_id="P1", speed_mps=pick.random())
        for i in range(40)
    ]
    lines += [
        event(
            "device_heartbeat", f"h{i}",
            {"device_id": "D1", "event_time": at(-170 + i * 20), "queue_depth": i % 3, "seq": 100 + i},
            subject="S1",
        )
        for i in range(8)
    ]  # fmt: skip
    statuses = ["new", "assigned", "in_progress", "resolved", "closed"]
    for i in range(30):
        body = {
            "number": f"INC{i % 6}",
            "site_id": pick.choice(["S1", "S2"]),
            pick.choice(["subject", "requester_ref"]): f"text {i}",
            pick.choice(["opened_at", "resolved_at"]): at(-pick.randrange(180)),
            "status": pick.choice(statuses),
        }
        # Several events share an instant: their ids decide.
        lines.append(event("ticket", f"t{i}", body, time=at(-pick.randrange(10))))
        task = {"task_id": f"T{i % 4}", "site_id": "S1", "est_min": i, "extra_field": {"n": i}}
        lines.append(event("task", f"k{i}", task, time=at(-pick.randrange(10))))
    return lines


def content(database) -> dict[str, list[tuple[object, ...]]]:
    """Rows of all tables without what counts writes and arrivals."""
    found = {}
    for name in CONTENT:
        kept = [c.name for c in TABLES[name].all_columns if c.name not in BOOKS]
        found[name] = rows(database, f"SELECT {', '.join(kept)} FROM ops.{name} ORDER BY 1, 2, 3")
    watermark = "device_id, first_seq, last_seq, seen_count, queue_depth, complete_until_at"
    found["watermark"] = rows(database, f"SELECT {watermark} FROM ops.device_watermark")
    found["clock"] = rows(database, "SELECT latest_event_time FROM ops.tenant_clock")
    return found


@pytest.fixture
def company(database):
    add_company(database)
    send(database, stream())
    return database, content(database)


@settings(
    deadline=None, max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32), pieces=st.integers(1, 6))
def test_shuffled_repeated_and_cut_streams_give_equal_tables(company, seed, pieces):
    database, expected = company
    empty(database)
    pick = random.Random(seed)
    lines = stream()
    lines += pick.choices(lines, k=20)
    pick.shuffle(lines)
    for piece in range(pieces):
        send(database, lines[piece::pieces])
    assert content(database) == expected


def test_a_whole_stream_in_reverse_one_by_one_gives_equal_tables(company):
    database, expected = company
    empty(database)
    lines = [line for line in reversed(stream()) if b"ticket" in line]
    for line in lines[:12]:
        send(database, [line])
    send(database, stream())
    assert content(database) == expected


def test_no_derived_or_platform_table_takes_events():
    fed = {table.kind for table in TABLES.values() if table.verbs}
    assert fed == {Kind.STATE, Kind.RECORD}


def test_every_state_table_can_be_folded(database):
    """The statement is generated from the dictionary, so each table's own is tried."""
    with database.transaction(Role.WORKER) as connection:
        connection.execute("CREATE TEMPORARY TABLE marks (site_id uuid, at timestamptz)")
        connection.execute("CREATE TEMPORARY TABLE st (entity_id uuid, event_time timestamptz)")
        for table in TABLES.values():
            if table.kind is Kind.STATE:
                tenant = rows(database, "SELECT gen_random_uuid()")[0][0]
                fold.lock_things(connection, table, "st")
                created = fold.fold(connection, tenant, table, stage="st", marks="marks", now=NOW)
                assert created == 0


# One word of each kind that a column of a thing may hold; small numbers, so that much collides.
TELLING = {
    "ticket": {
        "number": st.sampled_from(["INC1", "INC2"]),
        "subject": st.sampled_from([None, "", "Tür", 'a "b" \\ c']),
        "status": st.sampled_from(["new", "closed"]),
        "impact": st.integers(1, 4),
        "imported_sla_met": st.booleans(),
        "vendor": st.sampled_from([{"a": [1, None]}, "x", 2.50]),
    },
    "panic_event": {
        "panic_id": st.sampled_from(["P1", "P2"]),
        "lat": st.sampled_from([-0.0, 0.1, 52.123456789012345]),
        "accuracy_m": st.sampled_from([-0.0, 0.1, 16777217.0]),
    },
    "incident_report": {
        "ir_id": st.sampled_from(["R1", "R2"]),
        "narrative_enc": st.sampled_from(["", "00ff", "\\x0a"]),
        "occurred_at": st.sampled_from([at(-7), at(-3.123456)]),
    },
    "escalation_run": {
        "run_id": st.sampled_from(["E1", "E2"]),
        "policy_snapshot": st.sampled_from([None, [], "null", {"x": 1e300}]),
    },
    "shift": {
        "shift_id": st.sampled_from(["H1", "H2"]),
        "starts_at": st.sampled_from([at(0), at(60)]),
        "ends_at": st.sampled_from([at(30), at(90)]),
        "local_date": st.just("2026-03-02"),
    },
}


@st.composite
def changes(draw: st.DrawFn) -> list[bytes]:
    """Changes of two things of a table within three minutes, in the order of their arrival."""
    table = draw(st.sampled_from(sorted(TELLING)))
    name, *others = TELLING[table]
    lines = []
    for number in range(draw(st.integers(2, 9))):
        told = {name: draw(TELLING[table][name]), "site_id": draw(st.sampled_from(["S1", "S2"]))}
        told |= {key: draw(TELLING[table][key]) for key in draw(st.sets(st.sampled_from(others)))}
        if table != "shift" and draw(st.booleans()):
            del told["site_id"]
        lines.append(event(table, f"{table}{number}", told, time=at(-draw(st.integers(0, 2)))))
    return lines


def folded(database) -> dict[str, list[tuple[object, ...]]]:
    """Rows of the things of `TELLING` as text, and the slots that are out of date."""
    found = {n: rows(database, f"SELECT t::text FROM ops.{n} t ORDER BY 1") for n in TELLING}
    return found | {
        "marks": rows(database, "SELECT site_id, slot FROM ops.dirty_slot ORDER BY 1, 2")
    }


@settings(
    deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines=changes(), cuts=st.sets(st.integers(1, 8), min_size=1, max_size=4))
def test_adding_changes_to_rows_gives_what_folding_the_journal_gives(company, lines, cuts):
    database, _ = company
    pieces = [[]]
    for place, line in enumerate(lines):
        if place in cuts:
            pieces.append([])
        pieces[-1].append(line)
    results = []
    for always_fold in (False, True):
        forget_things(database)
        with pytest.MonkeyPatch.context() as patch:
            if always_fold:
                patch.setattr(fold, "extends", lambda *_: False)
            for piece in filter(None, pieces):
                send(database, piece)
        results.append(folded(database))
    assert results[0] == results[1]


def test_a_json_null_unsets_what_was_known_as_the_journal_has_it(company):
    database, _ = company
    for minute, snapshot in enumerate(['{"a": 1}', "null"]):
        run = {"run_id": ["E1"], "policy_snapshot": [snapshot], "ce_source": ["test"]}
        about = {"ce_id": [f"null {minute}"], "ce_type": ["vigia.escalation_run.updated.v1"]}
        frame = pl.DataFrame(run | about | {"ce_time": [NOW - timedelta(minutes=9 - minute)]})
        ingest(database, ACME, {"escalation_run": frame}, batch=IMPORT, now=NOW)
    assert rows(database, "SELECT policy_snapshot FROM ops.escalation_run") == [(None,)]


def test_a_change_that_broke_a_rule_counts_as_soon_as_a_later_one_mends_it(company):
    database, _ = company
    told = [{"starts_at": at(60)}, {"ends_at": at(30)}, {"starts_at": at(0)}]
    seen = []
    for minute, change in enumerate(told):
        shift = {"shift_id": "H1", "site_id": "S1"} | change
        send(database, [event("shift", f"mended {minute}", shift, time=at(-9 + minute))])
        seen += rows(database, "SELECT starts_at, ends_at FROM ops.shift")
    first, end = NOW + timedelta(minutes=60), NOW + timedelta(minutes=30)
    assert seen == [(first, None), (first, None), (NOW, end)]


def test_changes_in_order_are_added_without_asking_the_journal(company, monkeypatch):
    database, _ = company
    monkeypatch.setattr(fold, "fold", lambda *_, **__: pytest.fail("the journal was read"))
    for minute, status in enumerate(["new", "assigned", "closed"]):
        body = {"number": f"INC-{minute % 2}", "site_id": "S1", "status": status}
        send(database, [event("ticket", f"in order {minute}", body, time=at(-9 + minute))])
    assert rows(
        database, "SELECT number, status, row_version FROM ops.ticket WHERE number ~ '-' ORDER BY 1"
    ) == [("INC-0", "closed", 2), ("INC-1", "assigned", 1)]


def test_a_late_change_folds_its_own_thing_and_no_other(company, monkeypatch):
    database, _ = company
    real, asked = fold.fold, []

    def spied(connection, *rest, stage, **named):
        asked.extend(connection.execute(f"SELECT DISTINCT entity_id FROM {stage}").fetchall())
        return real(connection, *rest, stage=stage, **named)

    monkeypatch.setattr(fold, "fold", spied)
    new, late = ({"number": name, "site_id": "S1"} for name in ("INC-new", "INC0"))
    send(
        database,
        [event("ticket", "n", new, time=at(-1)), event("ticket", "l", late, time=at(-300))],
    )
    assert asked == rows(database, "SELECT ticket_id FROM ops.ticket WHERE number = 'INC0'")


def forget_things(database) -> None:
    """Forget all things of `TELLING`, their journal, identities and marks."""
    with database.connect() as admin:
        listed = ", ".join(f"ops.{name}" for name in TELLING)
        admin.execute(f"TRUNCATE {listed}, ops.dirty_slot CASCADE")
        admin.execute("DELETE FROM ops.ingest_event WHERE table_name = ANY(%s)", [list(TELLING)])
        admin.execute("DELETE FROM ops.ingest_key WHERE type !~ 'upserted'")


def empty(database) -> None:
    """Forget everything but the tenant and its reference data."""
    with database.connect() as admin:
        admin.execute(
            "TRUNCATE ops.gps_fix, ops.phone_event, ops.device_heartbeat, ops.ticket, ops.task,"
            " ops.device_watermark, ops.tenant_clock, ops.dirty_slot, ops.ticket_message CASCADE"
        )
        admin.execute("DELETE FROM ops.ingest_event WHERE table_name IN ('ticket', 'task')")
        admin.execute(
            "DELETE FROM ops.ingest_key WHERE type !~ 'upserted'",
        )


def test_a_thing_may_go_from_any_state_to_any_other_as_its_own_system_tells_it(database):
    add_company(database)
    known = TABLES["ticket"].column("status").states
    states = [*known, *reversed(known)]
    changes = [
        event("ticket", f"t{n}", {"number": "INC1", "status": state}, time=at(n - 60))
        for n, state in enumerate(states)
    ]
    assert send(database, changes).quarantined == 0
    assert rows(database, "SELECT status FROM ops.ticket") == [(states[-1],)]
    told = (
        "SELECT payload->>'status' FROM ops.ingest_event WHERE table_name = 'ticket'"
        " ORDER BY event_time"
    )
    assert rows(database, told) == [(state,) for state in states]
