"""The clock of arrival: histories carry their own, and nobody else may set it."""

from __future__ import annotations

import pytest

from tests.ingest.events import (
    ACME,
    IMPORT,
    LIVE,
    NOW,
    add_company,
    at,
    event,
    fix,
    quarantined,
    rows,
    send,
    value,
)
from vigia.ingest.loader import LoadRequest, load
from vigia.ingest.quarantine import replay


def received(name: str, word: object, *, minutes: float = -10) -> bytes:
    """A position that says when it was received."""
    body = {"device_id": "D1", "fix_time": at(minutes), "lat": 52.5, "lon": 13.4}
    return event("gps_fix", name, body, subject="S1", receivedtime=word)


@pytest.fixture
def company(database):
    add_company(database)
    return database


def test_a_loaded_history_keeps_the_arrival_that_it_tells(company, tmp_path):
    path = tmp_path / "history.ndjson"
    ticket = event("ticket", "t", {"number": "INC1"}, time=at(-90), receivedtime=at(-60))
    path.write_bytes(b"\n".join([received("f1", at(-5)), fix("f2", minutes=-20), ticket]))
    assert load(company, ACME, LoadRequest(path, "events"), now=NOW).accepted == 3
    told = "SELECT (extract(epoch FROM %s - received_at) / 60)::int FROM ops."
    assert rows(company, told + "gps_fix ORDER BY 1", NOW) == [(5,), (20,)]
    assert rows(company, told + "ingest_event WHERE table_name = 'ticket'", NOW) == [(60,)]


def test_what_is_delivered_now_arrives_now_whatever_it_tells(company):
    assert send(company, [received("f1", at(-5)), received("f2", "yesterday")]).accepted == 2
    assert rows(company, "SELECT DISTINCT received_at FROM ops.gps_fix") == [(NOW,)]


def test_a_history_is_late_by_its_own_arrival(company):
    late = received("late", at(-5), minutes=-5 - 73 * 60)
    early = received("early", at(-15), minutes=-10)
    report = send(company, [late, early, fix("kept", minutes=-74 * 60)], batch=IMPORT)
    assert report.accepted == 1
    assert quarantined(company) == {"late": "late_over_72h", "early": "from_the_future"}


def test_an_unreadable_arrival_stays_put_aside_however_often_it_is_tried(company):
    send(company, [received("odd", "yesterday"), received("fine", at(-5))], batch=IMPORT)
    assert quarantined(company) == {"odd": "bad_type"}
    again = replay(company, ACME, now=NOW, resolver="me")
    assert (again.rows, again.accepted) == (1, 0)
    assert quarantined(company) == {"odd": "bad_type"}


def test_events_tried_again_keep_the_arrival_that_counted_when_they_came(company):
    lines = [
        event("task", f"k{n}", {"task_id": f"T{n}", "site_id": "S9"}, receivedtime=at(-5))
        for n in range(2)
    ]
    send(company, lines[:1], batch=IMPORT)
    send(company, lines[1:], batch=LIVE)
    send(company, [event("site", "site-9", {"code": "S9", "tz": "UTC"})])
    query = "SELECT (extract(epoch FROM %s - received_at) / 60)::int FROM ops.ingest_event"
    assert rows(company, query + " WHERE table_name = 'task' ORDER BY 1", NOW) == [(0,), (5,)]
    assert value(company, "SELECT count(*) FROM ops.task") == 2
