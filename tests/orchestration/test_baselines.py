"""Baselines and anomalies as assets: by the day, by the clock, and what they say of themselves."""

from __future__ import annotations

from datetime import date

import dagster as dg
import pytest

from assets.baselines import LEARNED, anomalies, baselines
from orchestration.partitions import DayRange
from orchestration.run import run_job
from tests.orchestration.company import LAST_DAYS, open_company
from tests.orchestration.conftest import NOW
from vigia.store.connection import Role


@pytest.fixture
def tenant(database, definitions):
    tenant = open_company(database, NOW)
    with dg.DagsterInstance.ephemeral() as instance:
        days = DayRange(*map(date.fromisoformat, LAST_DAYS))
        assert run_job(instance, "every_five_minutes", days=days, definitions=definitions)[
            "success"
        ]
    return tenant


def count(platform, table):
    with platform.database.transaction(Role.WORKER) as connection:
        return connection.execute(f"SELECT count(*) FROM ops.{table}").fetchone()[0]


def metadata(result, name):
    (event,) = result.asset_materializations_for_node("baselines")[:1]
    return event.metadata[name].value


def test_the_daily_run_learns_without_being_told_any_day(platform, tenant):
    result = dg.materialize([baselines], resources={"platform": platform})
    assert result.success
    assert metadata(result, "created") > 0
    assert (metadata(result, "updated"), metadata(result, "errors")) == (0, 0)
    assert count(platform, "baseline_profile") == 168 * metadata(result, "created")
    assert all(e.passed for e in result.get_asset_check_evaluations())
    again = dg.materialize([baselines], resources={"platform": platform})
    assert metadata(again, "updated") == metadata(result, "created")


def test_a_day_that_is_asked_for_is_a_partition_of_its_own(platform, tenant):
    found = dg.materialize(
        [baselines, anomalies], resources={"platform": platform}, partition_key=LAST_DAYS[0]
    )
    assert found.success
    assert {e.partition for e in found.asset_materializations_for_node("baselines")} == {
        LAST_DAYS[0]
    }
    assert {e.asset_key.path[-1] for e in found.asset_materializations_for_node("baselines")} == (
        set(LEARNED)
    )
    (judged,) = found.asset_materializations_for_node("anomalies")
    assert judged.metadata["errors"].value == 0
