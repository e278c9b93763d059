"""Journeys: from a file on disk to what a person sees, over the real parts."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from vigia.config.settings import Settings
from vigia.store.connection import Database, Role
from vigia.store.tenants import create_tenant

# Read before the suite hides the developer's variables: which folder holds the data is theirs.
DATA = Settings().data
NOW = datetime(2026, 1, 1, tzinfo=UTC)

Ask = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture
def real_data() -> Callable[[str], Path]:
    """Give the path of a file of the real data sets; skip where it is absent."""

    def find(name: str) -> Path:
        path = DATA / name if DATA else None
        if path is None or not path.is_file():
            pytest.skip(f"{name} is not there: set VIGIA_DATA to the folder of real data")
        return path

    return find


@pytest.fixture
def tenant(database: Database) -> UUID:
    """A tenant whose clock follows its data."""
    return create_tenant(database, "acme", clock_mode="data").tenant_id


@pytest.fixture
def ask(database: Database) -> Ask:
    """Ask the database as a worker, who sees all rows."""

    def run(query: str) -> list[tuple[Any, ...]]:
        with database.transaction(Role.WORKER) as connection:
            return connection.execute(query).fetchall()  # type: ignore[arg-type]

    return run
