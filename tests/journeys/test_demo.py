"""The demo, from nothing to marts, over the shipped samples; and what its report says."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from tests.demo import FinishedDemo
from vigia.config.settings import REPOSITORY
from vigia.services.environment import child_environment
from vigia.store.connection import Role

# Counted in the shipped files with a few plain lines; see examples/README.md.
INCIDENT_ROWS, INCIDENTS, BROKEN_ROWS, FIXES = 2161, 391, 3, 5625
MART = "marts/fct_ticket"
RANGE = "dagster/asset_partition_range"


def _one(demo: FinishedDemo, query: str) -> Any:
    with demo.database.transaction(Role.WORKER) as connection:
        found = connection.execute(query).fetchone()  # type: ignore[arg-type]
    return found[0] if found else None


def test_every_row_of_the_samples_is_accounted_for(finished_demo: FinishedDemo) -> None:
    desk, patrol = finished_demo.report.loads.values()
    assert (desk.rows, desk.quarantined) == (INCIDENT_ROWS, BROKEN_ROWS)
    assert dict(desk.reasons) == {"unknown_state": BROKEN_ROWS}
    assert desk.accepted + desk.duplicate + desk.quarantined == desk.rows
    assert (patrol.rows, patrol.accepted, patrol.quarantined) == (FIXES, FIXES, 0)


def test_the_marts_hold_what_came_in(finished_demo: FinishedDemo) -> None:
    rows = finished_demo.report.rows
    assert rows["marts.fct_ticket"] == rows["ticket"] == INCIDENTS
    assert rows["marts.fct_sla_clock"] == 2 * INCIDENTS
    assert _one(finished_demo, "SELECT sum(fix_count) FROM marts.fct_gps_day") == FIXES
    counted = "SELECT sum(value_sum) FROM marts.fct_metric_day WHERE metric = 'location_updates'"
    assert _one(finished_demo, counted) == FIXES


def test_no_data_check_is_broken_and_nothing_waits_for_recomputation(
    finished_demo: FinishedDemo,
) -> None:
    assert finished_demo.report.broken == {}
    assert _one(finished_demo, "SELECT count(*) FROM ops.dirty_slot") == 0


def test_a_history_is_one_run_that_says_what_it_wrote_and_for_which_days(
    finished_demo: FinishedDemo,
) -> None:
    """The incidents of 2016 became metrics, clocks and marts together."""
    with dg.DagsterInstance.from_config(str(finished_demo.settings.layout.dagster)) as instance:
        [run] = instance.get_runs(dg.RunsFilter(job_name="history"))
        metrics, tickets = (_written(instance, run, key) for key in ("ops/metric_5m", MART))
        done = instance.get_materialized_partitions(dg.AssetKey(["ops", "metric_5m"]))
    assert run.status is dg.DagsterRunStatus.SUCCESS
    first, last = (date.fromisoformat(run.tags[f"{RANGE}_{end}"]) for end in ("start", "end"))
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    assert done >= {day.isoformat() for day in days}
    desk = "SELECT tenant_id FROM ops.tenant WHERE slug = 'northwind-facilities'"
    assert metrics == _one(
        finished_demo, f"SELECT count(*) FROM ops.metric_5m WHERE tenant_id = ({desk})"
    )
    assert tickets == INCIDENTS
    assert _one(finished_demo, "SELECT count(*) FROM ops.quality_result") > 0


def _written(instance: dg.DagsterInstance, run: dg.DagsterRun, asset: str) -> object:
    """Rows of an asset that a run says it wrote."""
    found = instance.fetch_materializations(dg.AssetKey(asset.split("/")), limit=1000).records
    mine = next(r.asset_materialization for r in found if r.run_id == run.run_id)
    assert mine is not None
    return mine.metadata["dagster/row_count"].value


def test_running_it_again_changes_nothing_and_prints_one_object(
    finished_demo: FinishedDemo,
) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("vigia")), "demo", "--json", "--sites", "0"],
        cwd=REPOSITORY,
        env=child_environment(finished_demo.settings),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    again = json.loads(done.stdout)
    before = finished_demo.report.rows
    # The one new thing is the account of the second delivery.
    changed = {name for name in before if before[name] != again["rows"][name]}
    assert changed <= {"marts.fct_ingest_hour"}
    assert again["peak_mb"] > 0
    assert {"database", "load tickets", "load gps"} <= set(again["seconds"])
