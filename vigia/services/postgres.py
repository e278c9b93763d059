"""The embedded PostgreSQL: made once, started detached, stopped when told.

Belongs here: the life of the server process and the product's databases in it. Does not belong
here: what is inside a database (`vigia.store`), or where files lie (`vigia.config.home`).

The server outlives whoever started it, so that scripts can start it and return. It keeps every
setting that durability rests on (fsync, synchronous_commit, full_page_writes) at its default, on.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from vigia.config.home import ADMIN_ROLE, LOOPBACK, Home, ServerDownError
from vigia.domain.errors import VigiaError
from vigia.services.account import POSTGRES_MAJOR, Account, binaries, server_account
from vigia.services.ports import choose_port
from vigia.store.connection import Database

if TYPE_CHECKING:
    import psycopg

DAGSTER_ROLE = "vigia_dagster"
MLFLOW_ROLE = "vigia_mlflow"

# Written to postgresql.conf when the data folder is made; an operator may change them there.
TUNING = {
    "listen_addresses": LOOPBACK,
    "max_connections": "100",
    "shared_buffers": "256MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "4GB",
    "wal_compression": "on",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "lc_messages": "C",
}
# Right after a kill -9 the old server's children are still leaving, and a start is refused.
LEAVING = ("pre-existing shared memory block", "Is another postmaster", "Is another postgres")
PORT_TAKEN = ("could not bind", "could not create any TCP/IP sockets")
RETRY_PAUSE_S = 0.25
# The socket's path must fit into the operating system's 108 bytes, name included.
SOCKET_PATH_MAX = 80


class EmbeddedPostgres:
    """The PostgreSQL server of one VIGIA_HOME."""

    def __init__(self, home: Home, port: int = 0) -> None:
        """Describe the server; nothing is touched yet.

        Args:
            home: Where it lives.
            port: Preferred port, 0 for any free one.
        """
        self.home = home
        self.preferred_port = port
        self.log_file = home.logs / "postgres.log"

    def is_running(self) -> bool:
        """Tell whether the server accepts connections."""
        try:
            self.home.postgres_port()
        except ServerDownError:
            return False
        return True

    def pid(self) -> int | None:
        """Return the process id of the live postmaster, None when there is none."""
        try:
            pid = int((self.home.postgres_data / "postmaster.pid").read_text().split()[0])
            process = psutil.Process(pid)
            is_live = process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE
        except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
            return None
        return pid if is_live else None

    def start(self, timeout_s: float = 300.0) -> Database:
        """Make the server if needed, start it if needed, and return its operational database.

        Safe to call from several processes at once. The long default time-out leaves room for
        crash recovery; a server that fails to start is reported at once, not after it.

        Raises:
            VigiaError: the server did not start; the text carries the end of its log.
        """
        import psycopg

        self.home.create()
        deadline = time.monotonic() + timeout_s
        with self._alone():
            while True:
                if not self.is_running():
                    self._make_and_launch(deadline)
                try:
                    database = Database(self.home.admin_url(), self.home.secret())
                    create_databases(database)
                except (psycopg.OperationalError, ServerDownError) as error:
                    # A server that was killed a moment ago still took the connection.
                    is_refused = "authentication failed" in str(error)
                    if is_refused or time.monotonic() > deadline:
                        raise
                    time.sleep(RETRY_PAUSE_S)
                else:
                    return database

    def stop(self, timeout_s: float = 60.0) -> None:
        """Stop the server: connections are cut, open transactions roll back. No-op when down."""
        if not self.home.postgres_data.exists():
            return
        with self._alone():
            if self.pid() is not None:
                self._halt(timeout_s)

    def _make_and_launch(self, deadline: float) -> None:
        account = server_account(self.home)
        self._prepare_folders(account)
        programs = binaries(self.home, account)
        self._prepare_data(programs, account)
        self._launch(programs, account, deadline)

    def _halt(self, timeout_s: float) -> None:
        account = server_account(self.home)
        pg_ctl = binaries(self.home, account) / "pg_ctl"
        output = ""
        for mode in ("fast", "immediate"):
            arguments: list[str | Path] = ["stop", "-D", self.home.postgres_data, "-m", mode]
            code, output = self._run(pg_ctl, [*arguments, "-t", str(int(timeout_s))], account)
            if code == 0 or self.pid() is None:
                return
        raise VigiaError(f"PostgreSQL did not stop: {output}. Its log: {self.log_file}")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock that keeps two starters of one home apart."""
        with (self.home.root / "postgres.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _prepare_folders(self, account: Account | None) -> None:
        mode = 0o700 if account is None else 0o711
        for folder in (self.home.logs, self.home.postgres):
            folder.mkdir(mode=mode, exist_ok=True)
        socket_folder = self.home.postgres / "socket"
        socket_folder.mkdir(mode=0o700, exist_ok=True)
        self.log_file.touch(mode=0o600)
        if account is None:
            return
        os.chown(socket_folder, account.uid, account.gid)
        os.chown(self.log_file, account.uid, account.gid)
        if not account.can_pass(self.home.postgres):
            raise VigiaError(
                f"PostgreSQL cannot run as root, and the user {account.name} that it runs as "
                f"instead cannot reach {self.home.root}. Set VIGIA_HOME to a folder that other "
                "users may pass through, such as /var/lib/vigia."
            )

    def _prepare_data(self, programs: Path, account: Account | None) -> None:
        """Make the data folder, complete or not at all; refuse one of another major version."""
        data = self.home.postgres_data
        if data.exists():
            found = (data / "PG_VERSION").read_text().strip()
            if found != str(POSTGRES_MAJOR):
                raise VigiaError(
                    f"{data} was made by PostgreSQL {found}, this is {POSTGRES_MAJOR}. Restore a "
                    "backup into a new VIGIA_HOME; the old folder is left as it is."
                )
            return
        draft = data.with_name("data.partial")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        if account is not None:
            os.chown(draft, account.uid, account.gid)
        with self._password_for(account) as password_file:
            arguments: list[str | Path] = [
                *("-D", draft, "-U", ADMIN_ROLE, "--pwfile", password_file),
                *("--auth", "scram-sha-256", "--encoding", "UTF8", "--data-checksums"),
                *("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
                *(word for name, value in TUNING.items() for word in ("-c", f"{name}={value}")),
            ]
            code, output = self._run(programs / "initdb", arguments, account)
        if code != 0:
            raise VigiaError(f"Could not make the database in {data}. {_advice(output)}")
        draft.rename(data)

    @contextmanager
    def _password_for(self, account: Account | None) -> Iterator[Path]:
        """Lend the administrator's password to initdb in a file that only its user reads."""
        password = self.home.postgres_password()
        with tempfile.NamedTemporaryFile("w", dir=self.home.postgres) as lent:
            lent.write(password)
            lent.flush()
            if account is not None:
                os.chown(lent.name, account.uid, account.gid)
            yield Path(lent.name)

    def _launch(self, programs: Path, account: Account | None, deadline: float) -> None:
        """Start the postmaster, again while a killed predecessor's children leave."""
        # Clients of a server that was killed come back to the port they know.
        port = choose_port(LOOPBACK, self.preferred_port or self.home.recorded_port() or 0)
        while True:
            self._forget_dead_postmaster()
            log_end = self.log_file.stat().st_size
            remaining = max(1, int(deadline - time.monotonic()))
            arguments: list[str | Path] = [
                *("start", "-D", self.home.postgres_data, "-l", self.log_file),
                *("-w", "-t", str(remaining), "-o", self._server_options(port)),
            ]
            code, output = self._run(programs / "pg_ctl", arguments, account)
            if code == 0:
                return
            said = self._log_since(log_end) or output
            if any(sign in said for sign in PORT_TAKEN):
                port = choose_port(LOOPBACK, 0)
            elif not any(sign in said for sign in LEAVING):
                raise VigiaError(f"PostgreSQL did not start. {_advice(said)} Log: {self.log_file}")
            if time.monotonic() > deadline:
                raise VigiaError(
                    "PostgreSQL did not start: processes of the server that ran before are still "
                    f"there. Wait, or end them, then try again. Its log: {self.log_file}"
                )
            time.sleep(RETRY_PAUSE_S)

    def _server_options(self, port: int) -> str:
        folder = str(self.home.postgres / "socket")
        # pg_ctl passes the options through a shell.
        is_usable = len(folder) <= SOCKET_PATH_MAX and "'" not in folder
        return f"-p {port} -c unix_socket_directories='{folder if is_usable else ''}'"

    def _forget_dead_postmaster(self) -> None:
        """Remove the pid and socket lock files of a server that is gone.

        PostgreSQL itself takes any process with that number for its predecessor, also a zombie
        or, after a restart of the machine, somebody else's. Its shared memory check still guards
        against surviving children.
        """
        if self.pid() is None:
            (self.home.postgres_data / "postmaster.pid").unlink(missing_ok=True)
            for lock in (self.home.postgres / "socket").glob(".s.PGSQL.*.lock"):
                lock.unlink(missing_ok=True)

    def _log_since(self, position: int) -> str:
        with self.log_file.open(errors="replace") as log:
            log.seek(position)
            return log.read()[-4000:]

    def _run(
        self, program: Path, arguments: list[str | Path], account: Account | None
    ) -> tuple[int, str]:
        """Run one of the server's programs as its user; return exit code and output."""
        # A file, not a pipe: the detached server would keep a pipe open for ever.
        with tempfile.TemporaryFile("w+", errors="replace") as output:
            done = subprocess.run(
                [program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.home.postgres,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
                umask=0o077,
                check=False,
                user=None if account is None else account.uid,
                group=None if account is None else account.gid,
                extra_groups=None if account is None else [],
            )
            output.seek(0)
            return done.returncode, output.read().strip()[-4000:]


def create_databases(database: Database) -> None:
    """Create the product's databases that are missing: operational, Dagster's and MLflow's.

    Dagster and MLflow each log in as a role of their own that owns its database and nothing else.

    Args:
        database: The operational database; the others are named after it.
    """
    from psycopg import sql

    with database.with_database("postgres").connect() as connection:
        # Two processes that start together must not both create them.
        connection.execute("SELECT pg_advisory_lock(7236413)")
        rows = connection.execute("SELECT datname FROM pg_database").fetchall()
        present = {name for (name,) in rows}
        create = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'")
        if database.name not in present:
            connection.execute(create.format(sql.Identifier(database.name)))
        for role, own in (
            (DAGSTER_ROLE, dagster_database(database)),
            (MLFLOW_ROLE, mlflow_database(database)),
        ):
            _ensure_login(connection, role, database.password(role))
            if own.name not in present:
                name = sql.Identifier(own.name)
                owner = sql.SQL(" OWNER {}").format(sql.Identifier(role))
                connection.execute(create.format(name) + owner)
                connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))


def dagster_database(database: Database) -> Database:
    """Return the database of Dagster's run and event storage beside the operational one."""
    return database.with_database(f"{database.name}_dagster")


def mlflow_database(database: Database) -> Database:
    """Return the database of MLflow's tracking and registry beside the operational one."""
    return database.with_database(f"{database.name}_mlflow")


def _ensure_login(connection: psycopg.Connection, role: str, password: str) -> None:
    from psycopg import sql

    name = sql.Identifier(role)
    if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
        connection.execute(sql.SQL("CREATE ROLE {}").format(name))
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(name))
    connection.execute(
        sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(name, sql.Literal(password))
    )


def _advice(output: str) -> str:
    """Add what to do to what the server said."""
    if "No space left on device" in output:
        return (
            "The disk is full: free some space, or set VIGIA_HOME to a folder on another disk, "
            f"then try again. The server said: {output}"
        )
    return f"The server said: {output}"
