"""However events arrive - shuffled, repeated, in pieces - the tables end up the same."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ingest.events import NOW, add_company, at, event, fix, rows, send
from vigia.domain.dictionary import TABLES, Kind
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
    from vigia.store import fold

    with database.transaction(Role.WORKER) as connection:
        connection.execute("CREATE TEMPORARY TABLE marks (site_id uuid, at timestamptz)")
        connection.execute("CREATE TEMPORARY TABLE st (entity_id uuid, event_time timestamptz)")
        for table in TABLES.values():
            if table.kind is Kind.STATE:
                tenant = rows(database, "SELECT gen_random_uuid()")[0][0]
                fold.lock_things(connection, table, "st")
                created = fold.fold(connection, tenant, table, stage="st", marks="marks", now=NOW)
                assert created == 0


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
