"""A history from its events to marts, by the shipped job on a real database."""

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


def _rows(database, table, columns="*"):
    with database.transaction(Role.WORKER) as connection:
        return connection.execute(
            f"SELECT {columns} FROM ops.{table} ORDER BY 1, 2, 3, 4"
        ).fetchall()


def _metrics(database):
    return {table: _rows(database, table) for table in METRIC_TABLES}


def _run(definitions, instance, **asked):
    return run_job(instance, "history", days=DAYS, definitions=definitions, **asked)


def test_a_history_becomes_metrics_clocks_files_and_marts_in_one_run(
    platform, definitions, tenant, instance
):
    outcome = _run(definitions, instance)
    assert outcome["failed"] == {}
    assert outcome["success"]
    assert not [check for check in outcome["broken"] if not check.endswith(":tests")]
    assert _rows(platform.database, "dirty_slot") == []
    assert sum(
        n for *_, n in _rows(platform.database, "metric_1d", "site_id, metric, local_date, n")
    )
    assert outcome["rows"]["ops/metric_5m"] == len(_rows(platform.database, "metric_5m"))
    assert outcome["rows"]["marts/fct_ticket"] == 1
    assert len(_rows(platform.database, "sla_clock")) >= 1
    assert _rows(platform.database, "quality_result")
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


def _refresh(definitions, instance, *, whole=False):
    tags = {"vigia/recompute": "all"} if whole else {}
    return run_job(instance, "every_five_minutes", days=DAYS, tags=tags, definitions=definitions)
