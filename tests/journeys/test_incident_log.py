"""The whole incident log, and what is stored against what a few plain lines read in the file."""

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from vigia.ingest.loader import LoadRequest, load
from vigia.store.connection import Database

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NOT_A_STATE = "-100"
STATES = {
    "New": "new",
    "Active": "in_progress",
    "Awaiting User Info": "pending_requester",
    "Awaiting Evidence": "pending_requester",
    "Awaiting Vendor": "pending_vendor",
    "Awaiting Problem": "in_progress",
    "Resolved": "resolved",
    "Closed": "closed",
}

pytestmark = pytest.mark.data


def lines_of(archive: Path) -> Iterator[dict[str, str]]:
    with zipfile.ZipFile(archive) as opened, opened.open("incident_event_log.csv") as file:
        yield from csv.DictReader(io.TextIOWrapper(file, "utf-8"))


def instant(text: str) -> datetime | None:
    return None if text == "?" else datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=UTC)


def test_the_whole_log_loads_and_equals_the_file(
    database: Database,
    tenant: UUID,
    ask: Callable[[str], list[tuple[Any, ...]]],
    real_data: Callable[[str], Path],
) -> None:
    archive = real_data("incidents/incident_event_log.csv.zip")
    report = load(database, tenant, LoadRequest(archive, "tickets"), now=NOW)

    rows = list(lines_of(archive))
    good = [row for row in rows if row["incident_state"] != NOT_A_STATE]
    assert (report.rows, report.accepted, report.duplicate) == (141_712, len(good), 0)
    assert dict(report.reasons) == {"unknown_state": len(rows) - len(good)}
    assert report.accepted / report.rows >= 0.999

    last = {row["number"]: row for row in good}  # the log is in the order of updates
    assert ask("SELECT count(*) FROM ops.ticket") == [(len(last),)] == [(24_918,)]
    for column, of in {
        "status": lambda row: STATES[row["incident_state"]],
        "priority": lambda row: f"P{row['priority'][0]}",
        "impact": lambda row: int(row["impact"][0]),
        "reassignment_count": lambda row: int(row["reassignment_count"]),
        "reopen_count": lambda row: int(row["reopen_count"]),
        "imported_sla_met": lambda row: row["made_sla"] == "true",
    }.items():
        stored = dict(ask(f"SELECT {column}, count(*) FROM ops.ticket GROUP BY 1"))
        assert stored == Counter(map(of, last.values())), column

    stored = ask("SELECT number, opened_at, resolved_at, closed_at FROM ops.ticket ORDER BY 1")
    assert stored == [
        (number, *(instant(row[name]) for name in ("opened_at", "resolved_at", "closed_at")))
        for number, row in sorted(last.items())
    ]
    sites = {row["location"] for row in good} - {"?"}
    assert ask("SELECT count(*) FROM ops.site") == [(len(sites),)]

    # Nothing is known before it happened: the log writes its outcome on every row.
    early = "(payload->>'{0}')::timestamptz > event_time"
    for name in ("resolved_at", "closed_at"):
        assert ask(f"SELECT count(*) FROM ops.ingest_event WHERE {early.format(name)}") == [(0,)]
    unfinished = "payload->>'status' NOT IN ('resolved', 'closed')"
    outcome = "payload ?| ARRAY['resolved_at', 'closed_at'] OR payload->'extra' ? 'closed_code'"
    query = f"SELECT count(*) FROM ops.ingest_event WHERE {unfinished} AND ({outcome})"
    assert ask(query) == [(0,)]

    for _, code, reason, state in ask(
        "SELECT line_no, reason_code, reason, state FROM ops.ingest_quarantine ORDER BY 1"
    ):
        assert (code, state) == ("unknown_state", "open")
        assert "'-100' for status" in reason

    again = load(database, tenant, LoadRequest(archive, "tickets"), now=NOW)
    assert (again.accepted, again.duplicate) == (0, report.accepted)
    assert ask("SELECT max(row_version) FROM ops.site") == [(1,)]
