"""The embedded server's life: made, started again after anything, stopped, refused with advice."""

import os
import signal
import socket
import subprocess
import time
import traceback
from pathlib import Path

import psutil
import psycopg
import pytest

from vigia.config.home import LOOPBACK, Home, ServerDownError
from vigia.domain.errors import VigiaError
from vigia.services.account import UNPRIVILEGED, Account, binaries, server_account
from vigia.services.ports import choose_port, is_free
from vigia.services.postgres import (
    DAGSTER_ROLE,
    MLFLOW_ROLE,
    EmbeddedPostgres,
    dagster_database,
    mlflow_database,
)
from vigia.store.connection import Database

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another user")


def admin(server: EmbeddedPostgres) -> Database:
    return Database(server.home.admin_url(), server.home.secret())


def test_the_server_has_checksums_utf8_and_every_durable_setting_on(postgres_server):
    with admin(postgres_server).connect() as connection:
        shown = {
            name: connection.execute(f"SHOW {name}").fetchone()[0]
            for name in (
                "data_checksums",
                "server_encoding",
                "fsync",
                "full_page_writes",
                "synchronous_commit",
                "listen_addresses",
                "password_encryption",
                "timezone",
            )
        }
    assert shown == {
        "data_checksums": "on",
        "server_encoding": "UTF8",
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "listen_addresses": LOOPBACK,
        "password_encryption": "scram-sha-256",
        "timezone": "UTC",
    }


def test_no_login_works_without_its_password(postgres_server):
    url = postgres_server.home.admin_url()
    password = postgres_server.home.postgres_password()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url.replace(password, "guess"))


def test_secret_and_password_are_readable_by_their_owner_only(postgres_server):
    home = postgres_server.home
    modes = [
        path.stat().st_mode & 0o777 for path in (home.secret_file, home.postgres_password_file)
    ]
    assert modes == [0o600, 0o600]
    assert home.postgres_data.stat().st_mode & 0o077 == 0


def test_dagster_and_mlflow_own_a_database_each_and_reach_no_other(postgres_server):
    database = admin(postgres_server)
    for role, own in (
        (DAGSTER_ROLE, dagster_database(database)),
        (MLFLOW_ROLE, mlflow_database(database)),
    ):
        with own.connect(role) as connection:
            connection.execute("CREATE TABLE mine (a int)")
            connection.execute("DROP TABLE mine")
    with (
        pytest.raises(psycopg.OperationalError, match="permission denied"),
        mlflow_database(database).connect(DAGSTER_ROLE),
    ):
        pass


def test_starting_twice_is_starting_once(postgres_server):
    before = postgres_server.pid()
    EmbeddedPostgres(postgres_server.home).start()
    assert postgres_server.pid() == before


@as_root
def test_as_root_the_server_runs_as_somebody_else(postgres_server):
    assert psutil.Process(postgres_server.pid()).username() in UNPRIVILEGED


@as_root
def test_as_root_no_folder_that_is_not_ours_changes_its_rights(session_folder):
    closed = session_folder / "closed"
    closed.mkdir(mode=0o700)
    inner = closed / "home"
    inner.mkdir(mode=0o711)
    (inner / "something").touch()
    with pytest.raises(VigiaError, match=r"cannot reach .* Set VIGIA_HOME"):
        EmbeddedPostgres(Home(inner)).start()
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
def test_as_root_an_empty_private_folder_serves_as_home(session_folder):
    """`VIGIA_HOME=$(mktemp -d)` once failed as root: nobody else could enter the folder."""
    handed_over = session_folder / "private"
    handed_over.mkdir(mode=0o700)
    Home(handed_over).create()
    assert handed_over.stat().st_mode & 0o777 == 0o711


def test_killed_and_started_at_once_it_comes_back_on_the_same_port(home):
    """A start right after a kill is refused while the old server's children leave."""
    server = EmbeddedPostgres(home)
    database = server.start()
    with database.connect() as busy:
        busy.execute("CREATE TABLE kept AS SELECT 1 AS one")
        children = psutil.Process(server.pid()).children()
        # Children that cannot notice their parent's death yet keep the shared memory attached.
        for child in children:
            child.suspend()
        os.kill(server.pid(), signal.SIGKILL)
        waker = subprocess.Popen(
            ["/bin/sh", "-c", "sleep 1; kill -CONT " + " ".join(str(c.pid) for c in children)]
        )
        again = server.start()
        waker.wait()
    assert again.admin_url == database.admin_url
    with again.connect() as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)


def test_a_pid_file_that_names_somebody_elses_process_is_no_obstacle(home):
    """After a restart of the machine the number may belong to anybody."""
    server = EmbeddedPostgres(home)
    server.start()
    pid_file = home.postgres_data / "postmaster.pid"
    content = pid_file.read_text().split("\n")
    server.stop()
    pid_file.write_text("\n".join([str(os.getpid()), *content[1:]]))
    server.start()
    assert server.is_running()


def test_a_taken_port_is_passed_over(home, session_folder):
    taken = choose_port(LOOPBACK, 0)
    with somebody_elses_listener(taken):
        server = EmbeddedPostgres(home, port=taken)
        server.start()
        assert home.postgres_port() != taken
        assert not is_free(LOOPBACK, taken)


def test_data_of_another_major_version_is_refused_and_left_alone(home):
    data = home.postgres_data
    data.mkdir(parents=True)
    account = server_account_of_new_data(home)
    if account is not None:
        os.chown(data, account.uid, account.gid)
    (data / "PG_VERSION").write_text("14\n")
    with pytest.raises(VigiaError, match="made by PostgreSQL 14"):
        EmbeddedPostgres(home).start()
    assert (data / "PG_VERSION").read_text() == "14\n"


def test_a_server_that_cannot_start_says_what_its_log_says(home):
    server = EmbeddedPostgres(home)
    server.start()
    server.stop()
    with (home.postgres_data / "postgresql.conf").open("a") as conf:
        conf.write("shared_buffers = 'a lot'\n")
    began = time.monotonic()
    with pytest.raises(VigiaError, match=r"(?s)did not start.*shared_buffers.*postgres\.log"):
        server.start()
    assert time.monotonic() - began < 20


def test_a_server_that_is_down_is_reported_with_what_to_do(home):
    with pytest.raises(ServerDownError, match="vigia up --only postgres"):
        home.admin_url()


@as_root
def test_a_full_disk_is_named_as_the_cause(session_folder):
    small = session_folder / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=60m,mode=711", "none", str(small)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this system lets nobody mount a small file system")
    try:
        with pytest.raises(VigiaError, match="disk is full: free some space"):
            EmbeddedPostgres(Home(small / "home")).start()
    finally:
        subprocess.run(["umount", str(small)], check=True)


@as_root
def test_an_ordinary_user_runs_the_packaged_binaries_directly(session_folder):
    """In a child process that gives root up: what it needs from disk is imported before."""
    person = Account("nobody", 65534, 65534)
    if not person.can_pass(binaries(Home(session_folder / "unused"), None)):
        pytest.skip("an ordinary user cannot reach this environment's packages")
    folder = session_folder / "person"
    folder.mkdir(mode=0o700)
    os.chown(folder, person.uid, person.gid)
    pid = os.fork()
    if pid == 0:
        os._exit(_as_ordinary_user(person, folder / "home"))
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert (folder / "home").stat().st_uid == person.uid
    assert (folder / "home").stat().st_mode & 0o777 == 0o700
    assert not list((folder / "home" / "postgres").glob("server-*"))


def _as_ordinary_user(person: Account, folder: Path) -> int:
    """Give root up for good, then make, use and stop a server; return the exit code."""
    try:
        os.setgroups([])
        os.setgid(person.gid)
        os.setuid(person.uid)
        server = EmbeddedPostgres(Home(folder))
        database = server.start()
        with database.connect() as connection:
            runs_as = psutil.Process(server.pid()).uids().real
            version = connection.execute("SHOW server_version").fetchone()
        server.stop()
        return 0 if (runs_as, version) == (person.uid, ("18.4",)) and server.pid() is None else 1
    except BaseException:  # noqa: BLE001 - the child must not return into pytest
        traceback.print_exc()
        return 2


def server_account_of_new_data(home: Home) -> Account | None:
    """The user that owns data which does not exist yet."""
    return server_account(Home(home.root / "nothing"))


def somebody_elses_listener(port: int) -> socket.socket:
    """A listener that is not PostgreSQL."""
    return socket.create_server((LOOPBACK, port))
