"""Whole worlds of the demo's size look like published rates, whatever their seed."""

from __future__ import annotations

import pytest

from vigia.simulator.config import Level, WorldConfig
from vigia.simulator.generate import generate

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_the_realism_report_of_a_world_is_within_its_bounds(seed, tmp_path):
    """20 sites, 28 and 7 days; about half a minute on two cores."""
    config = WorldConfig.at_level(Level.STANDARD, seed=seed, sites=20, learn_days=28, test_days=7)
    report = generate(config, tmp_path / "w", workers=2)["realism"]
    for check in report:
        print("{name:45} {value:10.4f}  {low} to {high}  {verdict}".format(**check))  # noqa: T201
    assert not [check for check in report if check["verdict"] == "off"]
    assert sum(check["verdict"] == "ok" for check in report) >= 15
