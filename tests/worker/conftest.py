"""What the tests of this folder store in, and a small company whose stream was loaded."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from tests.databases import copied
from vigia.domain.identity import tenant_id
from vigia.services.world import load_world
from vigia.simulator.config import Level, WorldConfig
from vigia.simulator.emit.files import read_manifest
from vigia.simulator.generate import generate
from vigia.store.connection import Database
from vigia.store.lake import Lake

WORLD = WorldConfig.at_level(Level.STANDARD, seed=7, sites=3, learn_days=0, test_days=2)


@dataclass(frozen=True)
class LoadedWorld:
    """A world on disk, and a database that holds its stream.

    Attributes:
        company: Folder of its one tenant.
        database: Read-only for tests: copy it.
        tenant: Id of the tenant.
        first: Start of its time.
    """

    company: Path
    database: Database
    tenant: UUID
    first: datetime


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An empty lake of this test's own."""
    return Lake(tmp_path / "lake")


@pytest.fixture(scope="session")
def loaded_world(
    template_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LoadedWorld]:
    """Three sites over two days, loaded once for every test that asks."""
    root = tmp_path_factory.mktemp("loaded") / "world"
    generate(WORLD, root)
    slug = read_manifest(root)["tenants"][0]["slug"]
    with copied(template_database) as database:
        load_world(database, root, now=datetime(2026, 11, 1, tzinfo=UTC))
        first = datetime.combine(WORLD.start_on, datetime.min.time(), UTC)
        yield LoadedWorld(root / slug, database, tenant_id(slug), first)
