"""Databases made by copying another: in a tenth of a second, whatever the other took."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

from vigia.store.connection import Database

_serial = itertools.count(1)


@contextmanager
def copied(template: Database) -> Iterator[Database]:
    """A copy of a database that nobody is connected to, dropped afterwards."""
    copy = template.with_database(f"test_{next(_serial)}")
    # Copying files costs a third of what writing every page to the log does.
    _beside(copy, f"CREATE DATABASE {copy.name} TEMPLATE {template.name} STRATEGY file_copy")
    yield copy
    _beside(copy, f"DROP DATABASE {copy.name} WITH (FORCE)")


def create(database: Database) -> None:
    """Make an empty database of a server that speaks UTF-8."""
    _beside(database, f"CREATE DATABASE {database.name} TEMPLATE template0 ENCODING 'UTF8'")


def _beside(database: Database, statement: str) -> None:
    """Run a statement outside the database that it names."""
    with database.with_database("postgres").connect() as connection:
        connection.execute(statement)
