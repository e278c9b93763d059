"""What was put aside can be looked at, tried again once it can pass, and settled once."""

from __future__ import annotations

import json
import threading

import pytest
from typer.testing import CliRunner

from tests.ingest.events import ACME, IMPORT, NOW, REFERENCES, at, event, fix
from vigia.cli.quarantine import app
from vigia.ingest.quarantine import discard, replay
from vigia.store import quarantine
from vigia.store.connection import Role

LATE = fix("late", minutes=-60 * 80, seq=1)
STATES = "SELECT state, attempts, resolver FROM ops.ingest_quarantine"


def again(receiver, **choice):
    return replay(receiver.database, ACME, now=NOW, resolver="test", **choice)


def test_a_late_event_is_stored_when_a_person_accepts_it(company):
    assert company.send([LATE]).reasons == {"late_over_72h": 1}
    vain = again(company)
    assert (vain.rows, vain.accepted, vain.reasons) == (1, 0, {"late_over_72h": 1})
    assert company.rows(STATES) == [("open", 2, None)]
    done = again(company, accept_late=True)
    assert (done.rows, done.accepted) == (1, 1)
    assert company.rows(STATES) == [("replayed", 3, "test")]
    found = "SELECT seq, received_at FROM ops.gps_fix"
    assert company.rows(found) == [(1, NOW)]
    assert again(company, accept_late=True).rows == 0


def test_a_replay_is_a_batch_of_its_own(company):
    company.send([LATE])
    report = again(company, accept_late=True)
    batch = "SELECT kind, state, accepted FROM ops.ingest_batch WHERE batch_id = %s"
    assert company.rows(batch, report.batch_id) == [("replay", "done", 1)]


def test_two_replays_at_once_store_each_event_once(company):
    company.send([fix(f"late{i}", minutes=-60 * 80 - i) for i in range(50)])
    reports = []
    work = [
        threading.Thread(target=lambda: reports.append(again(company, accept_late=True)))
        for _ in range(3)
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert sum(report.accepted for report in reports) == 50
    assert company.value("SELECT count(*) FROM ops.gps_fix") == 50
    assert company.value("SELECT max(attempts) FROM ops.ingest_quarantine") == 2


def test_what_was_stored_meanwhile_counts_as_known(newcomer):
    newcomer.send([fix("f1")])
    with newcomer.database.connect() as admin:
        admin.execute("UPDATE ops.ingest_quarantine SET missing_table = NULL")
    newcomer.send(REFERENCES)
    newcomer.send([fix("f1")])
    report = again(newcomer)
    assert (report.accepted, report.duplicate) == (0, 1)
    assert newcomer.quarantined() == {}


def test_a_history_keeps_its_own_arrival_clock_when_tried_again(newcomer):
    old = fix("old", minutes=-60 * 24 * 3000)
    assert newcomer.send([old], batch=IMPORT).reasons == {"unknown_site": 1}
    assert newcomer.send(REFERENCES).replayed == 1
    assert newcomer.value("SELECT fix_time = received_at FROM ops.gps_fix")


def test_only_the_chosen_reason_is_tried(company):
    company.send([LATE, fix("bad", lat=95)])
    assert again(company, reason_code="out_of_range").rows == 1
    assert again(company, reason_code="late_over_72h", accept_late=True).accepted == 1
    assert company.quarantined() == {"bad": "out_of_range"}


def test_a_replay_after_the_rule_changed_keeps_the_newest_reason(newcomer):
    newcomer.send([fix("f1", person_id="P9")])
    newcomer.send(REFERENCES)
    assert newcomer.quarantined() == {"f1": "unknown_reference"}


def test_discarded_events_stay_discarded(company):
    company.send([LATE])
    ids = [company.value("SELECT q_id FROM ops.ingest_quarantine")]
    assert discard(company.database, ACME, ids, resolver="ann") == 1
    assert discard(company.database, ACME, ids, resolver="ann") == 0
    assert again(company, accept_late=True).rows == 0
    company.send([LATE])
    assert company.rows(STATES) == [("discarded", 1, "ann")]


def test_half_an_event_is_never_tried(company):
    company.send([event("task", "big", {"task_id": "T", "title": "x" * 70_000})])
    assert company.rows("SELECT reason_code, length(raw) FROM ops.ingest_quarantine") == [
        ("too_large", 65536)
    ]
    assert again(company).rows == 0


def test_pages_follow_each_other_without_gaps(company):
    company.send([fix(f"bad{i}", lat=95, seq=i) for i in range(7)])
    with company.database.transaction(Role.APP, ACME) as connection:
        pages = [quarantine.page(connection, ACME, limit=3, offset=n) for n in (0, 3, 6)]
        counts = quarantine.count_by_reason(connection, ACME)
    names = [row["source_event_id"] for page in pages for row in page]
    assert names == [f"bad{i}" for i in range(7)]
    assert counts == {"out_of_range": 7}


def test_equal_bad_lines_of_a_file_are_counted_one_by_one(company):
    company.send([b"junk", b"junk"], batch=IMPORT)
    company.send([b"junk", b"junk"], batch=IMPORT)
    found = "SELECT line_no, attempts FROM ops.ingest_quarantine ORDER BY 1"
    assert company.rows(found) == [(1, 2), (2, 2)]


@pytest.fixture
def vigia(settings, monkeypatch):
    """Run a `vigia quarantine` command against the test's database."""
    monkeypatch.setenv("VIGIA_HOME", str(settings.home))
    monkeypatch.setenv("VIGIA_DATABASE_URL", settings.database_url.get_secret_value())
    runner = CliRunner()
    return lambda *words: runner.invoke(app, list(words), catch_exceptions=False)


def test_the_command_lists_replays_and_discards(newcomer, vigia):
    newcomer.send(REFERENCES)
    assert "Nothing is open" in vigia("list", "--tenant", "acme").stdout
    newcomer.send([LATE, fix("[red]bad", lat=95), fix("worse", lat=at())])
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
