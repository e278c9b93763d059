"""Connections that wait for their next transaction carry nothing into it, and break nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from uuid import UUID

import psycopg
import pytest

from tests.store.test_migrations import add_tenant
from vigia.domain.identity import tenant_id
from vigia.store import idle
from vigia.store.connection import Database, Role

MINE = tenant_id("mine")


@pytest.fixture
def thrifty(database: Database) -> Iterator[Database]:
    """A database whose transactions share connections, none of which waits yet or afterwards."""
    idle.IDLE.close()
    yield replace(database, reuses=True)
    idle.IDLE.close()


def backend(database: Database, role: Role | str = Role.APP, tenant: UUID | None = None) -> int:
    """The server's process that serves a transaction."""
    with database.transaction(role, tenant) as connection:
        return connection.info.backend_pid


def test_a_transaction_takes_the_connection_that_the_one_before_left(thrifty: Database) -> None:
    assert backend(thrifty) == backend(thrifty)


def test_each_role_has_connections_of_its_own(thrifty: Database) -> None:
    with thrifty.transaction(Role.WORKER) as connection:
        worker = connection.info.backend_pid
    with thrifty.transaction(Role.APP) as connection:
        who = connection.execute("SELECT session_user::text, current_user::text").fetchone()
        assert connection.info.backend_pid != worker
    assert who == (Role.APP, Role.APP)


def test_the_tenant_of_one_transaction_is_unknown_to_the_next(thrifty: Database) -> None:
    with thrifty.transaction(Role.APP, MINE) as connection:
        add_tenant(connection, "mine")
    before = backend(thrifty, tenant=MINE)
    with thrifty.transaction(Role.APP) as connection:
        assert connection.info.backend_pid == before
        assert connection.execute("SELECT count(*) FROM ops.tenant").fetchone() == (0,)


def test_nothing_that_outlives_a_transaction_reaches_the_next(thrifty: Database) -> None:
    with thrifty.transaction(Role.APP, MINE) as connection:
        add_tenant(connection, "mine")
        before = connection.info.backend_pid
        connection.execute(f"SET vigia.tenant_id = '{MINE.hex}'")
        connection.execute("SET statement_timeout = '1h'; LISTEN anything")
        connection.execute("CREATE TEMPORARY TABLE left_behind (n int)")
        connection.execute("SELECT pg_advisory_lock(4711)")
        connection.execute("DECLARE rest CURSOR WITH HOLD FOR SELECT 1")
    with thrifty.transaction(Role.APP) as connection:
        assert connection.info.backend_pid == before
        left = connection.execute(
            "SELECT (SELECT count(*) FROM ops.tenant), current_setting('statement_timeout'),"
            " to_regclass('pg_temp.left_behind')::text, (SELECT count(*) FROM pg_cursors WHERE name = 'rest'),"
            " (SELECT count(*) FROM pg_listening_channels()),"
            " (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = %s)",
            [before],
        ).fetchone()
    assert left == (0, "0", None, 0, 0, 0)


def test_a_connection_that_saw_an_error_is_not_used_again(thrifty: Database) -> None:
    before = backend(thrifty)
    with pytest.raises(psycopg.errors.DivisionByZero), thrifty.transaction(Role.APP) as connection:
        connection.execute("SELECT 1 / 0")
    assert connection.info.status is psycopg.pq.ConnStatus.BAD
    assert backend(thrifty) != before


def test_a_waiting_connection_that_the_server_ended_is_replaced(thrifty: Database) -> None:
    before = backend(thrifty)
    with thrifty.connect() as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", [before])
    assert backend(thrifty) != before


def test_a_connection_is_not_used_beyond_its_life(
    thrifty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = backend(thrifty)
    monkeypatch.setattr(idle, "LIFE_S", -1.0)
    assert backend(thrifty) != before


def test_threads_at_work_together_never_share_a_connection(thrifty: Database) -> None:
    threads = idle.MOST + 2
    together = Barrier(threads, timeout=30)

    def work(_: int) -> int:
        with thrifty.transaction(Role.APP) as connection:
            together.wait()
            return connection.info.backend_pid

    with ThreadPoolExecutor(threads) as pool:
        assert len(set(pool.map(work, range(threads)))) == threads
    with thrifty.connect() as admin:
        row = admin.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND datname = %s",
            [Role.APP, thrifty.name],
        ).fetchone()
    assert row is not None
    assert row[0] <= threads
    assert len(idle.IDLE._waiting) == idle.MOST


def test_a_forked_process_leaves_the_connections_of_its_parent_alone(thrifty: Database) -> None:
    before = backend(thrifty)
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(tell, str(backend(thrifty)).encode())
            idle.IDLE.close()
        finally:
            os._exit(0)
    os.close(tell)
    with os.fdopen(told) as pipe:
        other = pipe.read()
    os.waitpid(child, 0)
    assert other
    assert int(other) != before
    assert backend(thrifty) == before


def test_roles_of_questions_and_sessions_of_their_own_are_never_kept(thrifty: Database) -> None:
    with thrifty.connect(Role.APP) as connection:
        own = connection.info.backend_pid
    assert connection.closed
    with thrifty.connect() as admin:
        admin.execute("CREATE ROLE asks LOGIN PASSWORD " + f"'{thrifty.password('asks')}'")
    try:
        assert backend(thrifty, "asks") != backend(thrifty, "asks")
    finally:
        with thrifty.connect() as admin:
            admin.execute("DROP ROLE asks")
    assert backend(thrifty) != own


def test_without_being_told_so_every_transaction_logs_in_anew(database: Database) -> None:
    assert backend(database) != backend(database)


def test_a_connection_that_broke_inside_a_transaction_breaks_no_other(thrifty: Database) -> None:
    with thrifty.connect() as admin, pytest.raises(psycopg.OperationalError):
        _lose(thrifty, admin)
    assert backend(thrifty)


def _lose(database: Database, admin: psycopg.Connection) -> None:
    with database.transaction(Role.APP) as connection:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.info.backend_pid])
        connection.execute("SELECT 1")
