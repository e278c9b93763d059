"""A company of the standard size, planned once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl
import pytest

from vigia.simulator.config import Level, WorldConfig
from vigia.simulator.plan.build import plan_world
from vigia.simulator.plan.model import Plan
from vigia.simulator.plan.scene import Scene
from vigia.simulator.world.build import build_world
from vigia.simulator.world.conditions import natural_outages, weather
from vigia.simulator.world.model import World
from vigia.simulator.world.roster import roster


@dataclass(frozen=True)
class Planned:
    """A world, its natural roster, and what is planned in it."""

    world: World
    duties: pl.DataFrame
    plan: Plan

    @property
    def scene(self):
        return Scene(self.world, self.duties)

    def effects(self, *names):
        return self.plan.effects.table.filter(pl.col("effect").is_in(names))

    def meant(self, name):
        return self.plan.intents.filter(pl.col("class") == name)


def planned(level=Level.STANDARD, *, knobs=None, **changes):
    """Build and plan a world."""
    config = WorldConfig.at_level(level, **changes)
    config = replace(config, knobs=replace(config.knobs, **(knobs or {})))
    world = build_world(config)
    duties = roster(world, weather(world))
    return Planned(world, duties, plan_world(world, duties, natural_outages(world)))


@pytest.fixture(scope="session")
def standard():
    """100 sites and 14 days of the standard level, the size that the rates are for."""
    return planned(sites=100, learn_days=2, test_days=14, tenants=2)


@pytest.fixture(scope="session")
def quiet():
    return planned(Level.QUIET, sites=20, learn_days=1, test_days=7)
