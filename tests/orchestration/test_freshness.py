"""What people read and is overdue shows as a check that does not pass, without a run of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from assets.freshness import Age
from orchestration.build import build_definitions
from orchestration.sensors import turns

MART = dg.AssetKey(["marts", "fct_ticket"])
METRIC = dg.AssetKey(["ops", "metric_5m"])
HOUR = timedelta(hours=1)


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def watch(platform, instance):
    """Look at everything so long after now; returns key to verdict of what is entered."""
    cursor = None

    def tick(later: timedelta) -> dict[dg.AssetKey, bool]:
        nonlocal cursor
        then = replace(platform, clock=lambda: datetime.now(UTC) + later)
        definitions = build_definitions(resources={"platform": then})
        sensor = definitions.resolve_sensor_def("freshness")
        context = dg.build_sensor_context(
            instance, cursor=cursor, resources={"platform": then}, definitions=definitions
        )
        found = sensor.evaluate_tick(context)
        cursor = found.cursor
        stale = [key for key, is_fresh in json.loads(cursor).items() if not is_fresh]
        assert found.skip_message == f"Overdue: {', '.join(stale) or 'nothing'}."
        return {e.asset_key: e.passed for e in found.asset_events if e.check_name == "fresh"}

    return tick


def _make(instance, *keys):
    for key in keys:
        instance.report_runless_asset_event(dg.AssetMaterialization(key))


@pytest.mark.parametrize(
    ("minutes", "is_fresh"), [(0, True), (10, True), (11, False), (3000, False), (None, True)]
)
def test_what_is_older_than_allowed_is_overdue_and_what_was_never_made_is_not(minutes, is_fresh):
    now = datetime(2024, 3, 10, tzinfo=UTC)
    made = None if minutes is None else now - timedelta(minutes=minutes)
    age = Age(METRIC, made, timedelta(minutes=10), now)
    assert age.is_fresh == is_fresh
    words = age.result["description"]
    assert ("are not started" in words) == (not is_fresh)
    assert minutes is None or f"{minutes} minutes ago" in words


def test_only_what_turned_is_entered():
    now = datetime(2024, 3, 10, tzinfo=UTC)
    fresh, stale = (Age(key, at, HOUR, now) for key, at in ((MART, now), (METRIC, now - 2 * HOUR)))
    assert turns([fresh, stale], {}) == [fresh, stale]
    assert turns([fresh, stale], {"marts/fct_ticket": True, "ops/metric_5m": False}) == []
    assert turns([fresh, stale], {"marts/fct_ticket": True, "ops/metric_5m": True}) == [stale]


def test_every_asset_with_a_promise_is_watched_and_turns_overdue_and_back(watch, instance):
    promised = {
        spec.key for spec in build_definitions().resolve_all_asset_specs() if spec.freshness_policy
    }
    assert {MART, METRIC, dg.AssetKey(["docs", "dbt"])} <= promised
    _make(instance, MART, METRIC)
    assert watch(timedelta(0)) == dict.fromkeys(promised, True)
    assert watch(timedelta(minutes=5)) == {}
    assert watch(timedelta(minutes=11)) == {METRIC: False}
    assert watch(timedelta(hours=3)) == {MART: False}
    _make(instance, METRIC)
    assert watch(timedelta(0)) == {METRIC: True, MART: True}


def test_what_the_sensor_enters_is_what_dagster_shows_of_the_check(instance):
    now = datetime.now(UTC)
    age = Age(MART, now - 3 * HOUR, HOUR, now)
    instance.report_runless_asset_event(dg.AssetCheckEvaluation(**age.result))
    key = dg.AssetCheckKey(MART, "fresh")
    shown = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
    assert shown.status.value == "FAILED"
    assert "180 minutes ago" in shown.evaluation.description


def test_a_person_can_ask_for_one_asset(platform, instance):
    _make(instance, MART, METRIC)
    late = replace(platform, clock=lambda: datetime.now(UTC) + 3 * HOUR)
    found = _run_by_hand(build_definitions(resources={"platform": late}), instance, MART)
    assert not found.passed
    assert found.severity is dg.AssetCheckSeverity.WARN
    assert "180 minutes ago" in found.description


def _run_by_hand(definitions, instance, key):
    selection = dg.AssetSelection.checks(dg.AssetCheckKey(key, "fresh"))
    job = dg.define_asset_job("by_hand", selection=selection)
    added = dg.Definitions.merge(definitions, dg.Definitions(jobs=[job]))
    result = added.resolve_job_def("by_hand").execute_in_process(instance=instance)
    [evaluation] = result.get_asset_check_evaluations()
    assert evaluation.asset_key == key
    return evaluation
