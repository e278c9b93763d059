"""U01 with real kills: whatever dies wherever, no audit is missed and none is doubled."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest

from tests.worker.recorded import add_tenant
from vigia.domain.identity import tenant_id
from vigia.store.connection import Database

ROOT = Path(__file__).parents[2]
START = datetime(2026, 3, 1, tzinfo=UTC)
SITES = 1
LONGEST_S = 600


def started(database: Database, tenant: UUID, folder: Path, end: datetime) -> subprocess.Popen[str]:
    """The program that audits, from where the last one was."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.crash.auditing"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    asked = {
        "url": database.admin_url,
        "secret": database.secret.hex(),
        "tenant": str(tenant),
        "folder": str(folder),
        "start": START.isoformat(),
        "end": end.isoformat(),
    }
    child.stdin.write(json.dumps(asked))
    child.stdin.close()
    return child


def ticks(folder: Path) -> int:
    path = folder / "ticks"
    return len(path.read_text().split()) if path.exists() else 0


def killed_after(child: subprocess.Popen[str], folder: Path, count: int, more_s: float) -> None:
    """Kill the program a moment after it has told so many ticks more."""
    wanted, deadline = ticks(folder) + count, time.monotonic() + LONGEST_S
    while ticks(folder) < wanted:
        assert child.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.001)
    time.sleep(more_s)
    child.kill()
    child.wait()


@pytest.mark.parametrize(
    ("days", "kills"),
    [(1, 2), pytest.param(7, 20, marks=pytest.mark.slow)],
    ids=["everyday", "release"],
)
def test_no_audit_is_missed_or_doubled_however_often_the_daemon_is_killed(
    database: Database, tmp_path: Path, days: int, kills: int
) -> None:
    tenant = add_tenant(database, slug="live")
    with database.connect() as admin:
        admin.execute("UPDATE ops.tenant SET clock_mode = 'wall'")
    end, draw = START + timedelta(days=days), random.Random(1)
    each = days * 288 // (kills + 1) - 5
    for _ in range(kills):
        child = started(database, tenant, tmp_path, end)
        killed_after(child, tmp_path, draw.randint(2, each), draw.random() / 50)
    last = started(database, tenant, tmp_path, end)
    assert last.wait(LONGEST_S) == 0
    assert tenant == tenant_id("live")
    for cadence, minutes in (("heartbeat", 5), ("comprehensive", 15), ("deep", 60)):
        with database.connect() as admin:
            rows = admin.execute(
                "SELECT slot FROM ops.audit_run WHERE cadence = %s AND state = 'done'"
                " ORDER BY site_id, slot",
                [cadence],
            ).fetchall()
        slots = [slot.astimezone(UTC) for (slot,) in rows]
        step = timedelta(minutes=minutes)
        assert (slots[0], slots[-1]) == (START, end)
        assert all(b - a == step for a, b in pairwise(slots))
        assert len(slots) == SITES * (days * timedelta(days=1) // step + 1)
