"""R-01 for files at everyday size: kill -9 of the loader at every named point of ingest.

Whatever was acknowledged is there, and loading the file again leaves what an undisturbed load
leaves: rows, marks, watermarks, quarantine, books.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import pytest

from tests.crash.loading import NOW, POINTS
from tests.ingest.events import REFERENCES, add_tenant, at, event, fix, rows
from vigia.ingest.loader import LoadReport, LoadRequest, load
from vigia.store.connection import Database

ROOT = Path(__file__).parents[2]
FIXES = 120
REFUSED = 53
BLOCK_BYTES = 6_000
NAMED = sorted(POINTS.keys() - {"never"})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Things, positions with numbers, changes of tickets, repeats, and lines that are no events."""
    lines = list(REFERENCES)
    for i in range(FIXES):
        lines.append(fix(f"f{i}", seq=i, minutes=-i / 4))
        if i % 20 == 7:
            body = {"number": f"INC{i % 3}", "site_id": "S1", "reopen_count": i}
            lines += [event("ticket", f"t{i}", body, time=at(-i)), b"{ torn", lines[-1]]
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\n".join(lines))
    return path


@pytest.fixture
def company(database: Database) -> Database:
    """A database with one rule that no rule of ours foresees, so that one chunk is refused."""
    with database.connect() as admin:
        admin.execute(f"ALTER TABLE ops.gps_fix ADD CONSTRAINT surprise CHECK (seq <> {REFUSED})")
    return database


def again(database: Database, tenant: UUID, file: Path) -> LoadReport:
    return load(database, tenant, LoadRequest(file, "events"), now=NOW)


def killed_at(
    database: Database,
    tenant: UUID,
    file: Path,
    point: str,
    occurrence: int = 1,
    after_s: float = 0,
) -> int:
    """Kill a loader at a point, or some time after it began; returns the rows acknowledged."""
    asked = {
        "url": database.admin_url,
        "secret": database.secret.hex(),
        "tenant": str(tenant),
        "path": str(file),
        "point": point,
        "occurrence": occurrence,
        "block_bytes": BLOCK_BYTES,
    }
    command = [sys.executable, "-m", "tests.crash.loading"]
    with subprocess.Popen(
        command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        child.stdin.write(json.dumps(asked))
        child.stdin.close()
        heard = []
        if point == "never":
            heard.append(child.stdout.readline())
            time.sleep(after_s)
        else:
            for line in child.stdout:
                heard.append(line)
                if line == "here\n":
                    break
            assert heard[-1:] == ["here\n"], f"{point} was not reached {occurrence} times"
        child.kill()
        heard += child.stdout.readlines()
    return max([int(line.split()[1]) for line in heard if line.startswith("ack")], default=0)


def holds(database: Database, tenant: UUID, file: Path, acknowledged: int) -> bool:
    """Whether each of the first so many rows is stored or put aside."""
    known = rows(
        database,
        "SELECT source_event_id FROM ops.ingest_key WHERE tenant_id = %s UNION"
        " SELECT source_event_id FROM ops.ingest_quarantine WHERE tenant_id = %s",
        *(tenant, tenant),
    )
    sent = [line for line in file.read_bytes().split(b"\n")[:acknowledged] if line != b"{ torn"]
    return {json.loads(line)["id"] for line in sent} <= {name for (name,) in known}


def everything(database: Database, tenant: UUID) -> dict[str, list[tuple[object, ...]]]:
    """All that a load leaves, without what differs between tenants or loads."""
    queries = {
        "fixes": "SELECT s.code, f.seq, f.fix_time, f.lat, f.received_at FROM ops.gps_fix f"
        " JOIN ops.site s USING (tenant_id, site_id) WHERE f.tenant_id = %s",
        "tickets": "SELECT number, reopen_count, state_time FROM ops.ticket WHERE tenant_id = %s",
        "journal": "SELECT type, source, event_time, payload->>'reopen_count' FROM ops.ingest_event"
        " WHERE tenant_id = %s",
        "identities": "SELECT source, source_event_id, type FROM ops.ingest_key"
        " WHERE tenant_id = %s",
        "quarantine": "SELECT source_event_id, reason_code, line_no, state"
        " FROM ops.ingest_quarantine WHERE tenant_id = %s",
        "marks": "SELECT s.code, d.slot FROM ops.dirty_slot d JOIN ops.site s"
        " USING (tenant_id, site_id) WHERE d.tenant_id = %s",
        "watermarks": "SELECT d.code, first_seq, last_seq, seen_count, w.last_event_at"
        " FROM ops.device_watermark w JOIN ops.device d USING (tenant_id, device_id)"
        " WHERE w.tenant_id = %s",
        "clock": "SELECT latest_event_time FROM ops.tenant_clock WHERE tenant_id = %s",
        "accepted": "SELECT sum(accepted)::int FROM ops.ingest_batch WHERE tenant_id = %s",
        "told": "SELECT key, sum(value::int)::int FROM ops.outbox, jsonb_each_text(payload->'tables')"
        " WHERE tenant_id = %s GROUP BY 1",
    }
    return {name: sorted(rows(database, query, tenant), key=str) for name, query in queries.items()}


@pytest.fixture
def undisturbed(company: Database, file: Path) -> dict[str, list[tuple[object, ...]]]:
    """What a load leaves that nobody kills."""
    calm = add_tenant(company, "calm")
    report = again(company, calm, file)
    assert report.accepted == FIXES - 1 + 6 + len(REFERENCES)
    assert report.reasons == {"malformed": 6, "refused": 1}
    return everything(company, calm)


@pytest.mark.parametrize(
    "occurrence", [2, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 3, 4))]
)
def test_killed_at_any_point_nothing_acknowledged_is_lost_and_nothing_is_there_twice(
    company: Database, file: Path, occurrence: int, undisturbed: dict[str, object]
) -> None:
    for point in NAMED:
        tenant = add_tenant(company, point.replace("_", "-"))
        acknowledged = killed_at(company, tenant, file, point, occurrence)
        assert 0 <= acknowledged < FIXES, point
        assert holds(company, tenant, file, acknowledged), point
        again(company, tenant, file)
        assert everything(company, tenant) == undisturbed, point


@pytest.mark.parametrize(
    "kills", [2, pytest.param(40, marks=pytest.mark.slow)], ids=["everyday", "release"]
)
def test_killed_at_any_time_again_and_again_the_file_still_ends_whole(
    company: Database, file: Path, kills: int, undisturbed: dict[str, object]
) -> None:
    tenant = add_tenant(company, "killed")
    dice = random.Random(20260302)
    for _ in range(kills):
        acknowledged = killed_at(company, tenant, file, "never", after_s=dice.uniform(0, 0.15))
        assert holds(company, tenant, file, acknowledged)
    again(company, tenant, file)
    assert everything(company, tenant) == undisturbed
