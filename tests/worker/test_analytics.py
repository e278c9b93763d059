"""Running dbt needs no database to parse; what it builds is tested in `tests/dbt`."""

from __future__ import annotations

from pathlib import Path

from vigia.store.connection import Database
from vigia.worker.analytics import write_manifest


def test_the_project_parses_without_a_database(tmp_path: Path) -> None:
    """Definitions are loaded before anything runs, so parsing must not need a server."""
    nowhere = Database("postgresql://admin@127.0.0.1:1/nowhere", b"secret")
    assert write_manifest(nowhere, tmp_path).stat().st_size > 0
