"""A platform on a real database, and the shipped definitions around it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from assets.platform import Platform
from orchestration.build import build_definitions
from vigia.store.lake import Lake

NOW = datetime(2024, 3, 10, 12, 0, tzinfo=UTC)


@pytest.fixture
def platform(database, home):
    return Platform(database=database, lake=Lake(home.lake), home=home.root, clock=lambda: NOW)


@pytest.fixture
def definitions(platform):
    return build_definitions(resources={"platform": platform})
