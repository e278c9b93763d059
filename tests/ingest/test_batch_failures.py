"""Deliveries that break off, meet each other, or meet a database that refuses them."""

from __future__ import annotations

import threading
from datetime import timedelta

import polars as pl
import pytest

from tests.ingest.events import ACME, LIVE, NOW, at, event, fix
from vigia.ingest.batch import Delivery, ingest_lines
from vigia.ingest.envelope import parse_events
from vigia.ingest.failures import IngestError
from vigia.store.books import Books
from vigia.store.connection import Database, Role
from vigia.store.durability import UndurableServerError


@pytest.mark.parametrize("table", ["ops.outbox", "ops.ingest_quarantine"])
def test_a_chunk_that_fails_before_its_end_leaves_nothing(company, table):
    before = company.everything()
    with company.database.connect() as admin:
        admin.execute(_full_disk_on(table))
    with pytest.raises(IngestError, match=r"disk is full.*Send everything again"):
        company.send([fix("f1"), fix("bad", lat=95)])
    with company.database.connect() as admin:
        admin.execute(f"DROP TRIGGER full_disk ON {table}")
    assert company.everything() == before
    [(state, error)] = company.rows(
        "SELECT state, error FROM ops.ingest_batch WHERE state = 'failed'"
    )
    assert state == "failed"
    assert "Free space" in error
    assert company.send([fix("f1"), fix("bad", lat=95)]).accepted == 1


def test_chunks_before_a_failure_stay(company):
    with pytest.raises(RuntimeError, match="power cut"):
        _interrupted(company.database, "f1")
    assert company.value("SELECT count(*) FROM ops.gps_fix") == 1
    found = "SELECT state, accepted, error FROM ops.ingest_batch WHERE state = 'failed'"
    assert company.rows(found) == [("failed", 1, "power cut")]


def test_a_delivery_ends_once(company):
    company.send([fix("f1")])
    ended = "SELECT batch_id, state, error, finished_at FROM ops.ingest_batch"
    before = company.rows(ended)
    with company.database.transaction(Role.APP, ACME) as connection:
        for batch_id, *_ in before:
            Books(connection, ACME).close_batch(batch_id, NOW + timedelta(hours=1), "power cut")
    assert {state for _, state, *_ in before} == {"done"}
    assert company.rows(ended) == before


def test_a_killed_connection_loses_only_the_open_chunk(company):
    with pytest.raises(IngestError, match="does not answer"):
        _killed(company.database, "f1", "f2")
    assert company.value("SELECT count(*) FROM ops.gps_fix") == 1
    assert company.send([fix("f1"), fix("f2")]).accepted == 1


def test_a_database_that_is_down_says_so(database):
    away = Database("postgresql://nobody@127.0.0.1:9/vigia", b"x" * 32)
    with pytest.raises(IngestError, match=r"does not answer.*vigia up --only postgres"):
        ingest_lines(away, ACME, [fix()], batch=LIVE, now=NOW, received_at=NOW)


def test_a_server_that_may_lose_acknowledged_events_is_refused(company):
    with company.database.connect() as admin:
        admin.execute(f'ALTER DATABASE "{company.database.name}" SET synchronous_commit = off')
    with pytest.raises(UndurableServerError):
        company.send([fix()])


def test_a_database_without_the_schema_says_what_to_run(company):
    with company.database.connect() as admin:
        admin.execute("DROP TABLE ops.ingest_batch CASCADE")
    with pytest.raises(IngestError, match="vigia migrate"):
        company.send([fix()])


def test_two_deliveries_of_the_same_events_at_once_store_each_once(company):
    lines = [fix(f"f{i}", seq=i, minutes=-i / 10) for i in range(300)]
    lines += [
        event(
            "ticket",
            f"t{i}",
            {"number": f"INC{i % 5}", "site_id": "S1", "reopen_count": i},
            time=at(-i / 10),
        )
        for i in range(100)
    ]
    reports = _at_once(lambda turn: company.send(lines[:: 1 if turn % 2 else -1]), 4)
    assert sum(report.accepted for report in reports) == 400
    assert sum(report.duplicate for report in reports) == 1200
    assert company.value("SELECT count(*) FROM ops.gps_fix") == 300
    assert company.rows("SELECT number, reopen_count FROM ops.ticket ORDER BY 1") == [
        (f"INC{i}", i) for i in range(5)
    ]
    assert company.value("SELECT seen_count FROM ops.device_watermark") == 300


def test_changes_of_one_thing_at_once_are_all_in_its_row(company):
    fields = ["title", "kind", "priority", "status"]
    values = ["fix door", "inspection", "P1", "assigned"]

    def change(turn: int) -> None:
        body = {"task_id": "T1", "site_id": "S1", fields[turn]: values[turn]}
        company.send([event("task", f"c{turn}", body, verb="updated")])

    _at_once(change, 4)
    assert company.rows(f"SELECT {', '.join(fields)} FROM ops.task") == [tuple(values)]


def test_an_event_that_only_the_database_refuses_does_not_keep_the_others_out(company):
    with company.database.connect() as admin:
        admin.execute("ALTER TABLE ops.gps_fix ADD CONSTRAINT surprise CHECK (seq <> 13)")
    lines = [fix(f"f{i}", seq=i, minutes=-i) for i in range(20)]
    report = company.send([*lines, b"junk", event("task", "t1", {"task_id": "T1"})])
    assert (report.rows, report.accepted, report.reasons) == (
        22,
        20,
        {"refused": 1, "malformed": 1},
    )
    assert company.quarantined()["f13"] == "refused"
    reason = "SELECT reason FROM ops.ingest_quarantine WHERE source_event_id = 'f13'"
    assert "surprise" in company.value(reason)
    account = "SELECT rows, accepted, quarantined FROM ops.ingest_batch WHERE batch_id = %s"
    assert company.rows(account, report.batch_id) == [(22, 20, 2)]


def _frames(name: str) -> dict[str, pl.DataFrame]:
    return parse_events([fix(name)], received_at=NOW).frames


def _full_disk_on(table: str) -> str:
    return f"""
        CREATE OR REPLACE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'could not extend file: No space left' USING ERRCODE = '53100'; END $$;
        CREATE TRIGGER full_disk BEFORE INSERT ON {table} EXECUTE FUNCTION full_disk()
    """


def _interrupted(database: Database, name: str) -> None:
    with Delivery(database, ACME, LIVE, now=NOW) as delivery:
        delivery.add(_frames(name))
        raise RuntimeError("power cut")


def _killed(database: Database, before: str, after: str) -> None:
    with Delivery(database, ACME, LIVE, now=NOW) as delivery:
        delivery.add(_frames(before))
        pid = delivery.session.connection.info.backend_pid
        with database.connect() as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        delivery.add(_frames(after))


def _at_once(work, count: int) -> list:
    results: list = []
    barrier = threading.Barrier(count)

    def run(turn: int) -> None:
        barrier.wait()
        try:
            results.append(work(turn))
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            results.append(error)

    threads = [threading.Thread(target=run, args=[turn]) for turn in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not [r for r in results if isinstance(r, BaseException)]
    return results
