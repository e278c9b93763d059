"""A failed run is written where people read, and a broken contract stops what depends on it."""

from __future__ import annotations

import dagster as dg
import pytest

from orchestration.failures import LONGEST_REASON, failed_runs, reason_of
from orchestration.run import run_job
from tests.orchestration.company import LAST_DAYS
from vigia.store.connection import Role
from vigia.store.tenants import create_tenant


@pytest.fixture
def tenant(database):
    return create_tenant(database, "acme", clock_mode="data").tenant_id


@dg.op
def stumble():
    raise RuntimeError("the disk is full")


@dg.job
def doomed():
    stumble()


def _tell(instance, result, platform):
    context = dg.build_run_status_sensor_context(
        sensor_name="failed_runs",
        dagster_event=result.get_run_failure_event(),
        dagster_instance=instance,
        dagster_run=result.dagster_run,
    ).for_run_failure()
    failed_runs(context, platform=platform)


def test_a_failed_run_is_told_to_every_tenant_once(platform, tenant):
    ends = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
    with dg.DagsterInstance.ephemeral() as instance:
        tags = dict(zip(ends, LAST_DAYS, strict=True))
        result = doomed.execute_in_process(instance=instance, raise_on_error=False, tags=tags)
        _tell(instance, result, platform)
        _tell(instance, result, platform)
    with platform.database.transaction(Role.APP, tenant) as connection:
        found = connection.execute(
            "SELECT run_id::text, job, step, reason, from_date::text, until_date::text"
            " FROM ops.pipeline_failure"
        ).fetchall()
    ((run, job, step, reason, *days),) = found
    assert (run, job, step, tuple(days)) == (result.run_id, "doomed", "stumble", LAST_DAYS)
    assert "the disk is full" in reason


def test_a_process_that_died_without_a_word_still_has_a_reason():
    assert "killed" in reason_of("  ")
    assert len(reason_of("x" * 10_000)) == LONGEST_REASON


def test_a_table_that_breaks_its_contract_stops_what_is_computed_from_it(
    platform, definitions, tenant
):
    with platform.database.connect() as connection:
        connection.execute("ALTER TABLE ops.ticket DROP COLUMN impact CASCADE")
    with dg.DagsterInstance.ephemeral() as instance:
        outcome = run_job(instance, "hourly", definitions=definitions)
    assert not outcome["success"]
    assert list(outcome["broken"]) == ["ops/ticket:contract"]
    assert "impact" in outcome["broken"]["ops/ticket:contract"]
    assert "marts" not in outcome["steps"]
    assert outcome["rows"].keys() <= {"ops/lake_file"}
