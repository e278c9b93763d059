"""Days of a history, computed by the shipped job on a real database; its marts: journeys/test_demo."""

from __future__ import annotations

from datetime import date, timedelta

import dagster as dg
import pytest

from orchestration.partitions import DayRange
from orchestration.run import run_job
from tests.orchestration.company import FIRST, LAST_DAYS, open_company, positions, send
from tests.orchestration.conftest import NOW
from vigia.store.connection import Role

DAYS = DayRange(*map(date.fromisoformat, LAST_DAYS))
METRIC_TABLES = ("signal_window", "metric_5m", "metric_1h", "metric_1d")


@pytest.fixture
def tenant(database):
    return open_company(database, NOW)


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def _rows(database, table):
    with database.transaction(Role.WORKER) as connection:
        return connection.execute(f"SELECT * FROM ops.{table} ORDER BY 1, 2, 3, 4").fetchall()


def _metrics(database):
    return {table: _rows(database, table) for table in METRIC_TABLES}


def test_a_run_says_what_it_wrote_and_for_which_days(platform, definitions, tenant, instance):
    outcome = _refresh(definitions, instance)
    assert outcome["failed"] == {}
    assert outcome["success"]
    assert outcome["broken"] == {}
    metrics = _metrics(platform.database)
    assert all(metrics.values())
    assert {table: outcome["rows"][f"ops/{table}"] for table in metrics} == {
        table: len(rows) for table, rows in metrics.items()
    }
    run = instance.get_run_by_id(outcome["run_id"])
    assert run.tags["dagster/asset_partition_range_end"] == LAST_DAYS[-1]
    done = instance.get_materialized_partitions(dg.AssetKey(["ops", "metric_5m"]))
    assert done == set(LAST_DAYS)


def test_what_arrives_later_is_computed_by_the_next_run(platform, definitions, tenant, instance):
    _refresh(definitions, instance)
    before = _metrics(platform.database)
    late = list(positions(40, start=FIRST + timedelta(minutes=3)))
    assert send(platform.database, tenant, late, NOW).accepted == 40
    assert _refresh(definitions, instance)["success"]
    assert _metrics(platform.database) != before
    assert _rows(platform.database, "dirty_slot") == []


def _refresh(definitions, instance):
    return run_job(instance, "every_five_minutes", days=DAYS, definitions=definitions)
