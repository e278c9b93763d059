"""One running service: started, asked how it is, stopped.

Belongs here: the life of a single program or of the embedded server. Does not belong here: when to
start and what to do when one breaks (`vigia.services.supervisor`), which programs there are
(`vigia.services.catalogue`).
"""

import asyncio
import contextlib
import os
import signal
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import psutil

from vigia.config.home import LOOPBACK, is_listening
from vigia.services.postgres import EmbeddedPostgres

GRACE_S = 10.0
HEALTH_TIMEOUT_S = 10.0
LOG_MAX_BYTES = 20 * 2**20
# A health check never leaves the machine, whatever proxy the environment names.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Service:
    """What a program is: how it is started and how it shows that it works.

    Attributes:
        name: Key, also the log file's name.
        title: What a person calls it.
        command: Program and arguments.
        environment: The program's whole environment.
        folder: Working directory.
        host: Address it listens on.
        port: Port it listens on; None: it listens nowhere and is well as long as it lives.
        health_path: Path that answers 200 when it works; None: accepting connections is enough.
        is_page: Whether a person opens it in a browser.
        needs: Services that must be ready first.
        ready_timeout_s: Longest start before it counts as failed.
    """

    name: str
    title: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    folder: Path
    host: str = LOOPBACK
    port: int | None = None
    health_path: str | None = None
    is_page: bool = False
    needs: tuple[str, ...] = ()
    ready_timeout_s: float = 180.0

    @property
    def url(self) -> str | None:
        """Address for a browser on this machine."""
        if not self.is_page:
            return None
        return f"http://{_reachable(self.host)}:{self.port}"


class Runner(Protocol):
    """A service that the supervisor keeps running."""

    name: str
    title: str
    url: str | None
    needs: tuple[str, ...]
    ready_timeout_s: float
    log: Path
    is_detached: bool

    async def start(self) -> None:
        """Start it; being ready comes later."""

    async def ended(self) -> str:
        """Wait until it ends by itself and say how."""

    async def is_healthy(self) -> bool:
        """Tell whether it does its work."""

    async def stop(self) -> None:
        """Stop it and all that it started."""

    def pid(self) -> int | None:
        """Return its process id while it lives."""


class ProgramRunner:
    """Runs a program in a process group of its own."""

    is_detached = False

    def __init__(self, service: Service, logs: Path) -> None:
        """Describe the program's life; nothing is started yet."""
        self.service = service
        self.name = service.name
        self.title = service.title
        self.url = service.url
        self.needs = service.needs
        self.ready_timeout_s = service.ready_timeout_s
        self.log = logs / f"{service.name}.log"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the program; its output goes to the end of its log."""
        if self.log.exists() and self.log.stat().st_size > LOG_MAX_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.service.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.service.folder,
                env=dict(self.service.environment),
                # Ctrl-C in the terminal reaches us alone, and one signal reaches all of its own.
                start_new_session=True,
            )

    async def ended(self) -> str:
        """Wait for the program's end."""
        assert self._process is not None
        return f"ended with code {await self._process.wait()}"

    async def is_healthy(self) -> bool:
        """Ask the program itself, over its port."""
        port, host = self.service.port, _reachable(self.service.host)
        if port is None:
            return self.pid() is not None
        if self.service.health_path is None:
            return await asyncio.to_thread(is_listening, host, port)
        return await asyncio.to_thread(_answers, f"http://{host}:{port}{self.service.health_path}")

    async def stop(self) -> None:
        """Ask the whole group to end, then make it."""
        if self._process is None:
            return
        await end_group(self._process.pid)
        await self._process.wait()

    def pid(self) -> int | None:
        """Return the process id while the program lives."""
        if self._process is None or self._process.returncode is not None:
            return None
        return self._process.pid


class PostgresRunner:
    """Keeps the embedded database server running.

    Between restarts `stop` is called as well: a server that is not ours is then started over what
    is left of it, which it copes with.
    """

    name = "postgres"
    title = "PostgreSQL"
    url: str | None = None
    needs: tuple[str, ...] = ()
    ready_timeout_s = 300.0
    is_detached = True
    watch_pause_s = 0.5

    def __init__(self, server: EmbeddedPostgres, *, is_ours: bool) -> None:
        """Wrap a server.

        Args:
            server: The server to keep.
            is_ours: Whether to stop it at the end; `--only postgres` outlives its caller.
        """
        self._server = server
        self.log = server.log_file
        self._is_ours = is_ours

    async def start(self) -> None:
        """Start the server and wait until it is ready."""
        await asyncio.to_thread(self._server.start)

    async def ended(self) -> str:
        """Wait until the postmaster is gone."""
        while self._server.pid() is not None:  # noqa: ASYNC110 - nobody tells us, we are not its parent
            await asyncio.sleep(self.watch_pause_s)
        return "is gone"

    async def is_healthy(self) -> bool:
        """Tell whether the server accepts connections."""
        return await asyncio.to_thread(self._server.is_running)

    async def stop(self) -> None:
        """Stop the server if it is ours to stop."""
        if self._is_ours:
            await asyncio.to_thread(self._server.stop)

    def pid(self) -> int | None:
        """Return the postmaster's process id while it lives."""
        return self._server.pid()


async def end_group(group: int, grace_s: float = GRACE_S) -> None:
    """End a process group: SIGTERM, and SIGKILL for what is left after the grace period."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + grace_s
    _signal_group(group, signal.SIGTERM)
    while _group_lives(group) and clock() < deadline:  # noqa: ASYNC110 - not all are our children
        await asyncio.sleep(0.05)
    _signal_group(group, signal.SIGKILL)


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _group_lives(group: int) -> bool:
    """Tell whether a process of the group still runs; zombies wait for their parent only."""
    for process in psutil.process_iter():
        try:
            is_member = os.getpgid(process.pid) == group
            if is_member and process.status() != psutil.STATUS_ZOMBIE:
                return True
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return False


def _answers(url: str) -> bool:
    try:
        with _direct.open(url, timeout=HEALTH_TIMEOUT_S) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError, ValueError):
        return False


def _reachable(host: str) -> str:
    """Return where a server that listens on all addresses is reached from this machine."""
    return LOOPBACK if host in {"0.0.0.0", "::", ""} else host  # noqa: S104
