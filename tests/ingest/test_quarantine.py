"""What was put aside can be looked at, tried again once it can pass, and settled once."""

from __future__ import annotations

import json
import threading

import pytest
from typer.testing import CliRunner

from tests.ingest.events import (
    ACME,
    IMPORT,
    NOW,
    REFERENCES,
    add_company,
    add_tenant,
    at,
    event,
    fix,
    quarantined,
    rows,
    send,
    value,
)
from vigia.cli.quarantine import app
from vigia.ingest.quarantine import discard, replay
from vigia.store import quarantine
from vigia.store.connection import Role

LATE = fix("late", minutes=-60 * 80, seq=1)
STATES = "SELECT state, attempts, resolver FROM ops.ingest_quarantine"


def again(database, **choice):
    return replay(database, ACME, now=NOW, resolver="test", **choice)


def test_a_late_event_is_stored_when_a_person_accepts_it(database):
    add_company(database)
    assert send(database, [LATE]).reasons == {"late_over_72h": 1}
    vain = again(database)
    assert (vain.rows, vain.accepted, vain.reasons) == (1, 0, {"late_over_72h": 1})
    assert rows(database, STATES) == [("open", 2, None)]
    done = again(database, accept_late=True)
    assert (done.rows, done.accepted) == (1, 1)
    assert rows(database, STATES) == [("replayed", 3, "test")]
    found = "SELECT seq, received_at FROM ops.gps_fix"
    assert rows(database, found) == [(1, NOW)]
    assert again(database, accept_late=True).rows == 0


def test_a_replay_is_a_batch_of_its_own(database):
    add_company(database)
    send(database, [LATE])
    report = again(database, accept_late=True)
    batch = "SELECT kind, state, accepted FROM ops.ingest_batch WHERE batch_id = %s"
    assert rows(database, batch, report.batch_id) == [("replay", "done", 1)]


def test_two_replays_at_once_store_each_event_once(database):
    add_company(database)
    send(database, [fix(f"late{i}", minutes=-60 * 80 - i) for i in range(50)])
    reports = []
    work = [
        threading.Thread(target=lambda: reports.append(again(database, accept_late=True)))
        for _ in range(3)
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert sum(report.accepted for report in reports) == 50
    assert value(database, "SELECT count(*) FROM ops.gps_fix") == 50
    assert value(database, "SELECT max(attempts) FROM ops.ingest_quarantine") == 2


def test_what_was_stored_meanwhile_counts_as_known(database):
    add_tenant(database)
    send(database, [fix("f1")])
    with database.connect() as admin:
        admin.execute("UPDATE ops.ingest_quarantine SET missing_table = NULL")
    send(database, REFERENCES)
    send(database, [fix("f1")])
    report = again(database)
    assert (report.accepted, report.duplicate) == (0, 1)
    assert quarantined(database) == {}


def test_a_history_keeps_its_own_arrival_clock_when_tried_again(database):
    add_tenant(database)
    old = fix("old", minutes=-60 * 24 * 3000)
    assert send(database, [old], batch=IMPORT).reasons == {"unknown_site": 1}
    assert send(database, REFERENCES).replayed == 1
    assert value(database, "SELECT fix_time = received_at FROM ops.gps_fix")


def test_only_the_chosen_reason_is_tried(database):
    add_company(database)
    send(database, [LATE, fix("bad", lat=95)])
    assert again(database, reason_code="out_of_range").rows == 1
    assert again(database, reason_code="late_over_72h", accept_late=True).accepted == 1
    assert quarantined(database) == {"bad": "out_of_range"}


def test_a_replay_after_the_rule_changed_keeps_the_newest_reason(database):
    add_tenant(database)
    send(database, [fix("f1", person_id="P9")])
    send(database, REFERENCES)
    assert quarantined(database) == {"f1": "unknown_reference"}


def test_discarded_events_stay_discarded(database):
    add_company(database)
    send(database, [LATE])
    ids = [value(database, "SELECT q_id FROM ops.ingest_quarantine")]
    assert discard(database, ACME, ids, resolver="ann") == 1
    assert discard(database, ACME, ids, resolver="ann") == 0
    assert again(database, accept_late=True).rows == 0
    send(database, [LATE])
    assert rows(database, STATES) == [("discarded", 1, "ann")]


def test_half_an_event_is_never_tried(database):
    add_company(database)
    send(database, [event("task", "big", {"task_id": "T", "title": "x" * 70_000})])
    assert rows(database, "SELECT reason_code, length(raw) FROM ops.ingest_quarantine") == [
        ("too_large", 65536)
    ]
    assert again(database).rows == 0


def test_pages_follow_each_other_without_gaps(database):
    add_company(database)
    send(database, [fix(f"bad{i}", lat=95, seq=i) for i in range(7)])
    with database.transaction(Role.APP, ACME) as connection:
        pages = [quarantine.page(connection, ACME, limit=3, offset=n) for n in (0, 3, 6)]
        counts = quarantine.count_by_reason(connection, ACME)
    names = [row["source_event_id"] for page in pages for row in page]
    assert names == [f"bad{i}" for i in range(7)]
    assert counts == {"out_of_range": 7}


def test_equal_bad_lines_of_a_file_are_counted_one_by_one(database):
    add_company(database)
    send(database, [b"junk", b"junk"], batch=IMPORT)
    send(database, [b"junk", b"junk"], batch=IMPORT)
    found = "SELECT line_no, attempts FROM ops.ingest_quarantine ORDER BY 1"
    assert rows(database, found) == [(1, 2), (2, 2)]


@pytest.fixture
def vigia(settings, monkeypatch):
    """Run a `vigia quarantine` command against the test's database."""
    monkeypatch.setenv("VIGIA_HOME", str(settings.home))
    monkeypatch.setenv("VIGIA_DATABASE_URL", settings.database_url.get_secret_value())
    runner = CliRunner()
    return lambda *words: runner.invoke(app, list(words), catch_exceptions=False)


def test_the_command_lists_replays_and_discards(database, vigia):
    add_company(database)
    assert "Nothing is open" in vigia("list", "--tenant", "acme").stdout
    send(database, [LATE, fix("[red]bad", lat=95), fix("worse", lat=at())])
    shown = vigia("list", "--tenant", "acme").stdout
    assert "late_over_72h 1" in shown
    assert "[red]bad" in shown
    listed = json.loads(vigia("list", "--tenant", "acme", "--reason", "bad_type", "--json").stdout)
    assert [row["source_event_id"] for row in listed["events"]] == ["worse"]
    gone = vigia("discard", "--tenant", "acme", listed["events"][0]["q_id"])
    assert gone.stdout == "1 of 1 discarded\n"
    done = vigia("replay", "--tenant", "acme", "--accept-late")
    assert done.stdout.startswith("2 tried: 1 accepted, 0 known already, 1 put aside again")
    report = json.loads(vigia("replay", "--tenant", "acme", "--json").stdout)
    assert report["reasons"] == {"out_of_range": 1}
