"""The whole platform of one installation: up, down, how it is.

Belongs here: what the commands `up`, `down`, `status` and `migrate` do. Does not belong here: how
they read options and print (`vigia.cli.platform`).
"""

import asyncio
import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import psutil

from vigia.config.home import Home
from vigia.config.settings import Settings
from vigia.domain.errors import VigiaError
from vigia.services.catalogue import POSTGRES, programs, wanted
from vigia.services.postgres import EmbeddedPostgres, create_databases
from vigia.services.runners import PostgresRunner, ProgramRunner, Runner, end_group
from vigia.services.supervisor import State, Status, Supervisor, read_state, survivors
from vigia.store.connection import Database
from vigia.store.migrate import migrate

DOWN_TIMEOUT_S = 60.0


def start_database(settings: Settings) -> Database:
    """Start the embedded server if it is ours to start, and bring the schema up to date.

    Safe to repeat. A server of its own is left running.

    Raises:
        VigiaError: the server cannot be started.
        psycopg.OperationalError: the server of VIGIA_DATABASE_URL does not answer.
    """
    settings.layout.create()
    if settings.is_embedded:
        database = EmbeddedPostgres(settings.layout, settings.postgres_port).start()
    else:
        database = settings.database()
        create_databases(database)
    migrate(database)
    return database


def up(
    settings: Settings,
    only: list[str] | None,
    on_change: Callable[[Status], None],
    when_settled: Callable[[list[Status]], None],
    *,
    owns_server: bool = False,
) -> None:
    """Run the wanted services in the foreground until a signal or `down` ends them.

    Args:
        settings: The installation.
        only: Names of `vigia.services.catalogue.GROUPS`; None for all.
        on_change: Told about each change of a service's state.
        when_settled: Told once, when each service is ready or has failed a first time.
        owns_server: The caller started the embedded server itself, so that it ends with the rest.
            Else a server that ran before is left running.

    Raises:
        VigiaError: the platform of this home already runs, or its database does not start.
    """
    names = wanted(only)
    with only_one(settings.layout):
        _, before = read_state(settings.layout.supervisor_file)
        asyncio.run(_end_all(survivors(before)))
        server = EmbeddedPostgres(settings.layout, settings.postgres_port)
        is_ours = settings.is_embedded and (owns_server or not server.is_running())
        try:
            start_database(settings)
            runners: list[Runner] = []
            if settings.is_embedded:
                runners.append(PostgresRunner(server, is_ours=is_ours))
            settings.layout.logs.mkdir(mode=0o700, exist_ok=True)
            for service in programs(settings, names):
                runners.append(ProgramRunner(service, settings.layout.logs))  # noqa: PERF401
            state_file = settings.layout.supervisor_file
            asyncio.run(Supervisor(runners, state_file, on_change).run(when_settled))
        finally:
            if is_ours:
                server.stop()


def down(settings: Settings) -> list[str]:
    """Stop everything of this home, however it was started; return what was stopped.

    Raises:
        VigiaError: the supervisor did not stop in time.
    """
    home = settings.layout
    pid, services = read_state(home.supervisor_file)
    stopped = []
    if is_up(home):
        # Between taking the lock and writing its first state a supervisor has no number yet.
        if pid is None:
            raise VigiaError("vigia is just starting. Try again in a few seconds.")
        psutil.Process(pid).terminate()
        _wait_until_down(home, pid)
        stopped += [one.name for one in services if not one.is_detached]
    leftover = survivors(services)
    if leftover:
        asyncio.run(_end_all(leftover))
        stopped += [one.name for one in services if one.pid in leftover]
    home.supervisor_file.unlink(missing_ok=True)
    server = EmbeddedPostgres(home)
    was_running = any(one.name == POSTGRES for one in services) or server.pid() is not None
    server.stop()
    return [*dict.fromkeys(stopped), *([POSTGRES] if was_running else [])]


def status(settings: Settings) -> list[Status]:
    """Return how each service is; empty when nothing runs.

    What a killed supervisor left behind is shown as it is now, not as it was last written.
    """
    home = settings.layout
    _, services = read_state(home.supervisor_file)
    if not is_up(home):
        alive = survivors(services)
        services = [one for one in services if one.pid in alive]
        services = [replace(one, detail="left over: run `vigia down`") for one in services]
    if settings.is_embedded and POSTGRES not in [one.name for one in services]:
        server = EmbeddedPostgres(home)
        if server.is_running():
            log = str(server.log_file)
            found = Status(POSTGRES, PostgresRunner.title, None, log, True, State.READY)
            services.insert(0, replace(found, pid=server.pid()))
    return services


@contextmanager
def only_one(home: Home) -> Iterator[None]:
    """Hold the lock of the one supervisor that a home may have.

    Raises:
        VigiaError: another holds it; the text says which and what to do.
    """
    home.create()
    with (home.root / "supervisor.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid, services = read_state(home.supervisor_file)
            pages = ", ".join(f"{one.title} {one.url}" for one in services if one.url)
            raise VigiaError(
                f"vigia already runs for {home.root}"
                + (f" (process {pid})" if pid else "")
                + (f": {pages}" if pages else "")
                + ". Stop it with `vigia down`, or set VIGIA_HOME to run a second installation."
            ) from None
        yield


def is_up(home: Home) -> bool:
    """Tell whether a supervisor holds this home."""
    path = home.root / "supervisor.lock"
    if not path.exists():
        return False
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _wait_until_down(home: Home, pid: int) -> None:
    deadline = time.monotonic() + DOWN_TIMEOUT_S
    while is_up(home):
        if time.monotonic() > deadline:
            raise VigiaError(
                f"vigia (process {pid}) did not stop within {DOWN_TIMEOUT_S:.0f} s. "
                f"Look into {home.logs}; `kill -9 {pid}`, then `vigia down` again, ends it."
            )
        time.sleep(0.1)


async def _end_all(groups: list[int]) -> None:
    await asyncio.gather(*(end_group(group) for group in groups))
