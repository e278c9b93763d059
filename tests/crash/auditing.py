"""A program that starts audits as the daemon does, by a clock of its own, until it is killed.

`python -m tests.crash.auditing`, what to do as JSON on standard input. Run keys are written to a
file before a run begins, as Dagster records them; the clock goes on from the last tick it told.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from orchestration.audits import audit_runs
from vigia.domain.findings.audit import Cadence
from vigia.store.connection import Database
from vigia.worker.audit import due_slot, run_audits

TICK = timedelta(minutes=5)


def main() -> None:
    """Tick from the last tick told to the end."""
    asked = json.load(sys.stdin)
    database = replace(Database(asked["url"], bytes.fromhex(asked["secret"])), reuses=True)
    tenant, folder = UUID(asked["tenant"]), Path(asked["folder"])
    keys, ticks = folder / "keys", folder / "ticks"
    known = set(keys.read_text().split()) if keys.exists() else set()
    told = ticks.read_text().split() if ticks.exists() else []
    now = datetime.fromisoformat(told[-1]) if told else datetime.fromisoformat(asked["start"])
    while now <= datetime.fromisoformat(asked["end"]):
        _turn(database, tenant, now, known, keys)
        with ticks.open("a") as file:
            file.write(f"{now.isoformat()}\n")
        now += TICK


def _turn(database: Database, tenant: UUID, now: datetime, known: set[str], keys: Path) -> None:
    due = {cadence: due_slot(database, tenant, cadence, now) for cadence in Cadence}
    for run in audit_runs(due):
        if run.run_key in known:
            continue
        with keys.open("a") as file:
            file.write(f"{run.run_key}\n")
        known.add(run.run_key)
        run_audits(database, tenant, run.cadence, now=now, patterns=())


if __name__ == "__main__":
    main()
