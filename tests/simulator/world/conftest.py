"""Small worlds that the tests of the world share; made once, never changed."""

from __future__ import annotations

import pytest

from vigia.simulator.config import Level, WorldConfig
from vigia.simulator.world.build import build_world
from vigia.simulator.world.conditions import weather
from vigia.simulator.world.roster import roster


@pytest.fixture(scope="package")
def world():
    """Forty sites of two companies over five weeks; the last days cross Europe's clock change."""
    config = WorldConfig.at_level(Level.STANDARD, sites=40, tenants=2, seed=5)
    return build_world(config)


@pytest.fixture(scope="package")
def duties(world):
    return roster(world, weather(world))
