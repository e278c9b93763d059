"""A small world on disk, made once for everything that reads one."""

from __future__ import annotations

import pytest

from vigia.evaluate.board import judge
from vigia.simulator.config import Level, WorldConfig
from vigia.simulator.generate import generate

SMALL = WorldConfig.at_level(Level.STANDARD, seed=5, sites=8, learn_days=7, test_days=3)


@pytest.fixture(scope="session")
def small_world(tmp_path_factory):
    """Eight sites, a week of learning and three days of test; read-only."""
    root = tmp_path_factory.mktemp("small") / "world"
    generate(SMALL, root)
    return root


@pytest.fixture(scope="session")
def judged(small_world):
    """What the small world says of the plain rules."""
    return judge(small_world)
