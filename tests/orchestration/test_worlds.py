"""The report of simulated companies: what their manifests say, and a warning where it is off."""

from __future__ import annotations

import json

import dagster as dg
import pytest

from assets.worlds import REALISM, world_realism
from vigia.config.home import Home
from vigia.simulator.config import Level, WorldConfig
from vigia.simulator.emit.files import MANIFEST
from vigia.simulator.generate import generate

TINY = WorldConfig.at_level(Level.STANDARD, seed=1, sites=2, learn_days=0, test_days=1)


@pytest.fixture
def shown(platform):
    """Show the worlds of the installation; returns metadata, and the check."""

    def show() -> tuple[dict[str, object], dg.AssetCheckEvaluation]:
        result = dg.materialize([world_realism], resources={"platform": platform})
        [made] = result.asset_materializations_for_node("world_realism")
        [check] = result.get_asset_check_evaluations()
        assert made.asset_key == check.asset_key == REALISM
        return {name: value.value for name, value in made.metadata.items()}, check

    return show


def test_an_installation_without_worlds_has_nothing_to_report(shown):
    metadata, check = shown()
    assert metadata["worlds"] == metadata["dagster/row_count"] == 0
    assert metadata["report"] == "*nothing*"
    assert check.passed


def test_every_rate_of_a_finished_world_is_a_row_and_an_unfinished_one_is_left_out(platform, shown):
    worlds = Home(platform.home).worlds
    manifest = generate(TINY, worlds / "tiny")
    (worlds / "unfinished").mkdir()
    metadata, _ = shown()
    assert metadata["worlds"] == 1
    assert metadata["events"] == manifest["events"]["total"] > 0
    assert metadata["dagster/row_count"] == len(manifest["realism"]) > 10
    for check in manifest["realism"]:
        assert f"| tiny | {check['name']} | {check['verdict']} |" in metadata["report"]


def test_a_rate_that_is_off_warns_and_stops_nothing(platform, shown):
    rate = {"name": "no-shows", "low": 0.0, "high": 0.1, "n": 900, "least_n": 1, "value": 0.4}
    fine = {**rate, "name": "sent twice", "verdict": "ok"}
    folder = Home(platform.home).worlds / "odd"
    folder.mkdir(parents=True)
    manifest = {"events": {"total": 900}, "realism": [fine, {**rate, "verdict": "off"}]}
    (folder / MANIFEST).write_text(json.dumps(manifest))
    _, check = shown()
    assert not check.passed
    assert check.description == "no-shows in odd: 0.4, believable 0 to 0.1"
    assert check.severity is dg.AssetCheckSeverity.WARN
    assert "no-shows" in check.metadata["off"].value
    assert "sent twice" not in check.metadata["off"].value
