"""Ingest refuses a server that may lose what it acknowledged."""

import pytest

from vigia.config.home import Home
from vigia.services.postgres import EmbeddedPostgres
from vigia.store.durability import UndurableServerError, refuse_undurable


def test_a_durable_server_is_accepted(database):
    with database.connect() as connection:
        refuse_undurable(connection)


def test_synchronous_commit_off_for_the_session_is_refused(database):
    with database.connect() as connection:
        connection.execute("SET synchronous_commit = off")
        with pytest.raises(UndurableServerError, match="synchronous_commit off"):
            refuse_undurable(connection)


def test_synchronous_commit_off_for_the_database_is_refused(database):
    with database.connect() as connection:
        connection.execute(f"ALTER DATABASE {database.name} SET synchronous_commit = off")
    with (
        database.connect() as connection,
        pytest.raises(UndurableServerError, match="Turn synchronous_commit on"),
    ):
        refuse_undurable(connection)


def test_waiting_for_the_local_disk_only_is_durable(database):
    with database.connect() as connection:
        connection.execute("SET synchronous_commit = local")
        refuse_undurable(connection)


def test_fsync_and_full_page_writes_off_are_refused_together(home: Home):
    server = EmbeddedPostgres(home)
    database = server.start()
    with database.connect() as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("ALTER SYSTEM SET full_page_writes = off")
    server.stop()
    database = server.start()
    with (
        database.with_database("postgres").connect() as connection,
        pytest.raises(UndurableServerError, match="fsync and full_page_writes off"),
    ):
        refuse_undurable(connection)
