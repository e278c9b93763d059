"""The whole graph on one page: a change of it is a change of `graph.txt`, for a reviewer to read.

`python -m tests.orchestration.test_graph` writes the page again.
"""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from orchestration.build import FAMILIES, build_definitions
from vigia.domain.findings.audit import Cadence

PAGE = Path(__file__).with_name("graph.txt")
JOBS = (
    *("every_five_minutes", "hourly", "daily", "history", "scoreboard"),
    *("heartbeat_audit", "comprehensive_audit", "deep_audit"),
)


def page() -> str:
    """One line per asset, job, schedule and sensor."""
    definitions = build_definitions()
    specs = sorted(definitions.resolve_all_asset_specs(), key=lambda s: s.key.path)
    checks = definitions.resolve_asset_graph().asset_check_keys
    repository = definitions.get_repository_def()
    lines = ["# asset · group · owner · dependencies · checks · partitions · stale after"]
    lines += [_asset(spec, checks) for spec in specs]
    lines += ["", "# job · steps"]
    lines += [
        f"{name} · {' '.join(sorted(n.name for n in definitions.resolve_job_def(name).nodes))}"
        for name in JOBS
    ]
    lines += ["", "# schedule · cron · job", "# sensor · job"]
    lines += [f"{s.name} · {s.cron_schedule} · {s.job_name}" for s in repository.schedule_defs]
    lines += [f"{s.name} · {_job_of(s)}" for s in repository.sensor_defs]
    return "\n".join(lines) + "\n"


def _asset(spec, checks):
    own = sorted(check.name for check in checks if check.asset_key == spec.key)
    policy = spec.freshness_policy
    parts = [
        spec.key.to_user_string(),
        spec.group_name,
        " ".join(spec.owners),
        str(len(list(spec.deps))),
        ",".join(own) or "-",
        "day" if spec.partitions_def else "-",
        str(policy.fail_window.to_timedelta()) if policy else "-",
    ]
    return " · ".join(parts)


def _job_of(sensor):
    return ",".join(job.name for job in sensor.jobs) if sensor.has_jobs else "any"


@pytest.fixture(scope="module")
def definitions():
    return build_definitions()


def test_the_graph_is_the_one_that_was_reviewed():
    reviewed = PAGE.read_text(encoding="utf-8")
    assert page() == reviewed, "meant so? python -m tests.orchestration.test_graph, then read it"
    assert PAGE.read_text(encoding="utf-8").count("\n") < 200


def test_every_asset_says_what_one_row_is_and_who_answers_for_it(definitions):
    for spec in definitions.resolve_all_asset_specs():
        key = spec.key.to_user_string()
        assert spec.owners, key
        assert spec.group_name != "default", key
        assert spec.kinds, key
        if spec.key.path[0] != "docs":
            assert spec.description.startswith("One row per "), key
            assert spec.metadata["dagster/column_schema"].columns, key


def test_everything_that_ticks_ticks_from_the_start(definitions):
    repository = definitions.get_repository_def()
    for ticking in [*repository.schedule_defs, *repository.sensor_defs]:
        assert ticking.default_status.value == "RUNNING", ticking.name


def test_every_asset_that_is_made_has_a_cadence_and_joins_a_history(definitions):
    made = {
        key
        for asset in definitions.resolve_asset_graph().assets_defs
        if asset.is_executable
        for key in asset.keys
    }
    covered = {
        name: {
            k
            for n in JOBS
            if (n == "history") == (name == "history")
            for k in _keys(definitions, n)
        }
        for name in ("cadence", "history")
    }
    assert made == covered["cadence"]
    outside = {dg.AssetKey(["ops", "retention_run"]), dg.AssetKey(["docs", "dbt"])}
    # People ask for scoreboards. Audits look at now; a history that came in is replayed.
    outside |= {dg.AssetKey(["worlds", "scoreboard"]), dg.AssetKey(["ops", "threshold_history"])}
    outside |= {dg.AssetKey(["audits", str(cadence)]) for cadence in Cadence}
    assert made - covered["history"] == outside


def test_what_feeds_the_metrics_is_a_feed(definitions):
    families = {"feeds", "metrics", "baselines", "service_levels", "findings"}
    families |= {"lake", "marts", "documents", "worlds"}
    assert {f.name for f in FAMILIES} == families
    graph = definitions.resolve_asset_graph()
    missing = {
        parent.to_user_string()
        for key in graph.get_all_asset_keys()
        for parent in graph.get(key).parent_keys
        if not graph.has(parent) or not graph.get(parent).owners
    }
    assert not missing


def _keys(definitions, job):
    return definitions.resolve_job_def(job).asset_layer.executable_asset_keys


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
