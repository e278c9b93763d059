"""An event is stored once, whichever way the store finds out that it is known."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.ingest.events import NOW, add_company, at, event, fix, quarantined, rows, send, value
from vigia.store.ingest import Session


@pytest.fixture
def company(database):
    add_company(database)
    return database


def lines(first: int, last: int) -> list[bytes]:
    """Positions, and changes of one ticket that come in order."""
    changes = [
        event("ticket", f"t{n}", {"number": "INC1", "reopen_count": n}, time=at(-60 + n))
        for n in range(first, last)
    ]
    return [fix(f"f{n}", seq=n) for n in range(first, last)] + changes


def in_pieces(database, monkeypatch, *pieces: list[bytes]) -> tuple[int, int, int]:
    """Deliver pieces as chunks of one delivery: accepted, duplicate, quarantined."""
    from vigia.ingest import batch

    size = max(map(len, pieces))
    padded = [line for piece in pieces for line in piece + [b""] * (size - len(piece))]
    monkeypatch.setattr(batch, "CHUNK", size)
    report = send(database, padded)
    assert report.rows == sum(map(len, pieces))
    return report.accepted, report.duplicate, report.quarantined


def test_chunks_that_repeat_and_chunks_that_do_not_follow_each_other(company, monkeypatch):
    pieces = lines(0, 10), lines(5, 12), lines(0, 12), lines(12, 20), lines(19, 22), lines(22, 25)
    assert in_pieces(company, monkeypatch, *pieces) == (50, 2 * (5 + 12 + 1), 0)
    assert value(company, "SELECT reopen_count FROM ops.ticket") == 24
    assert value(company, "SELECT count(*) FROM ops.gps_fix") == 25


def test_what_somebody_else_stores_at_the_same_time_is_a_duplicate_too(company, monkeypatch):
    send(company, lines(0, 3))
    # The others had not committed when the store looked for what is known.
    monkeypatch.setattr(Session, "_take_out_known", lambda *_: [])
    report = send(company, [*lines(0, 5), fix("f1", seq=99)])
    assert (report.accepted, report.duplicate, report.quarantined) == (4, 6, 1)
    assert quarantined(company) == {"f1": "conflicting_duplicate"}
    assert rows(company, "SELECT reopen_count, row_version FROM ops.ticket") == [(4, 2)]


def test_a_conflicting_change_leaves_the_thing_alone(company):
    send(company, lines(0, 3))
    other = event("ticket", "t1", {"number": "INC1", "reopen_count": 77}, time=at(-1))
    report = send(company, [other, *lines(2, 4)])
    assert (report.accepted, report.duplicate, report.quarantined) == (2, 2, 1)
    assert value(company, "SELECT reopen_count FROM ops.ticket") == 3
    newest = NOW - timedelta(minutes=10)
    assert value(company, "SELECT latest_event_time FROM ops.tenant_clock") == newest
