"""Jobs started from outside Dagster: recorded in its history, and safe to kill."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, date, datetime

import dagster as dg
import pytest

from tests.orchestration.company import LAST_DAYS, open_company
from vigia.config.settings import REPOSITORY
from vigia.domain.identity import tenant_id
from vigia.services.dagster_home import write_dagster_home
from vigia.services.environment import child_environment
from vigia.services.pipeline import PipelineError, run_job
from vigia.services.postgres import create_databases
from vigia.store.connection import Role
from vigia.worker.metrics import refresh_metrics

NOW = datetime(2024, 3, 10, tzinfo=UTC)
DAYS = (date.fromisoformat(LAST_DAYS[0]), date.fromisoformat(LAST_DAYS[1]))
TABLES = ("signal_window", "metric_5m", "metric_1h", "metric_1d")


@pytest.fixture
def installation(settings, database):
    create_databases(database)
    write_dagster_home(settings)
    return settings


def _rows(database):
    with database.transaction(Role.WORKER) as connection:
        return {
            table: connection.execute(f"SELECT * FROM ops.{table} ORDER BY 1, 2, 3, 4").fetchall()
            for table in TABLES
        }


def _run_until_it_writes_then_kill(settings, database):
    """Keep writers from the table that is written last, wait for the run to want it, kill -9."""
    command = [sys.executable, "-m", "orchestration.run", "every_five_minutes"]
    command += ["--from", LAST_DAYS[0], "--to", LAST_DAYS[1]]
    with database.connect() as holder, holder.transaction():
        holder.execute("LOCK TABLE ops.signal_window IN EXCLUSIVE MODE")
        process = subprocess.Popen(
            command, cwd=REPOSITORY, env=child_environment(settings), stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
            if holder.execute(waiting, ["ops.signal_window"]).fetchone() != (0,):
                break
            time.sleep(0.1)
        assert process.poll() is None, "the run ended before it could be killed"
        process.kill()
        process.wait()


def test_a_run_killed_midway_and_repeated_ends_in_the_same_tables(installation, database):
    open_company(database, NOW)
    _run_until_it_writes_then_kill(installation, database)
    again = run_job(installation, "every_five_minutes", days=DAYS, tags={"vigia/why": "test"})
    assert again.success, again.failed
    repeated = _rows(database)
    assert all(repeated.values())
    with database.transaction(Role.WORKER) as connection:
        for table in TABLES:
            connection.execute(f"DELETE FROM ops.{table}")
    undisturbed = refresh_metrics(database, None, tenant_id("acme"), now=NOW, days=DAYS, full=True)
    assert undisturbed.rows["metric_5m"] == len(repeated["metric_5m"])
    assert _rows(database) == repeated
    with dg.DagsterInstance.from_config(str(installation.layout.dagster)) as instance:
        run = instance.get_run_by_id(again.run_id)
        assert (run.job_name, run.status) == ("every_five_minutes", dg.DagsterRunStatus.SUCCESS)
        assert run.tags["vigia/why"] == "test"
        done = instance.get_materialized_partitions(dg.AssetKey(["ops", "metric_1d"]))
        assert done == set(LAST_DAYS)


def test_a_job_that_cannot_be_run_says_why(installation):
    with pytest.raises(PipelineError, match="no_such_job"):
        run_job(installation, "no_such_job")
