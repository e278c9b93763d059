"""One database with a small company and one build of the marts, read by every test here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from psycopg.rows import dict_row

from tests.dbt.company import GUARDS, write_company
from vigia.store.connection import Database, Role
from vigia.worker.analytics import MartsResult, build_marts

NAME = "vigia_marts_test"


@dataclass(frozen=True)
class Built:
    """A database whose marts were built once."""

    database: Database
    home: Path
    result: MartsResult

    def rows(
        self, mart: str, columns: str, *, order: str = "1", tenant: UUID = GUARDS
    ) -> list[tuple]:
        """Rows of a mart as the app role of a tenant sees them."""
        with self.database.transaction(Role.APP, tenant) as connection:
            query = f"SELECT {columns} FROM marts.{mart} ORDER BY {order}"
            return connection.execute(query).fetchall()  # type: ignore[arg-type]

    def row(self, mart: str, where: str, *, tenant: UUID = GUARDS) -> dict[str, object]:
        """The one row of a mart that a condition names."""
        with self.database.transaction(Role.APP, tenant) as connection:
            cursor = connection.cursor(row_factory=dict_row)
            found = cursor.execute(f"SELECT * FROM marts.{mart} WHERE {where}").fetchall()  # type: ignore[arg-type]
        assert len(found) == 1, found
        return found[0]


@pytest.fixture(scope="package")
def built(template_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """The small company, with every model built and every test run over it."""
    database = template_database.with_database(NAME)
    with template_database.with_database("postgres").connect() as server:
        server.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")  # type: ignore[arg-type]
        server.execute(f"CREATE DATABASE {NAME} TEMPLATE {template_database.name}")  # type: ignore[arg-type]
    write_company(database)
    home = tmp_path_factory.mktemp("dbt_home")
    yield Built(database, home, build_marts(database, home))
    with template_database.with_database("postgres").connect() as server:
        server.execute(f"DROP DATABASE {NAME} WITH (FORCE)")  # type: ignore[arg-type]
