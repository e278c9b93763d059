"""Keeping services running: in order, healthy, restarted when they die, all gone at the end.

Belongs here: when to start, restart and stop. Does not belong here: what a service is
(`vigia.services.catalogue`), or anything a person reads (`vigia.cli.platform`).

Why our own and not circus or honcho: docs/decisions/0006-a-supervisor-of-our-own.md.
"""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import psutil

from vigia.domain.errors import VigiaError
from vigia.services.runners import Runner

LEFT_RUNNING = "ran before and is left running; `vigia down` stops it"


class State(StrEnum):
    """How a service is."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    STOPPED = "stopped"


@dataclass
class Status:
    """One service as `vigia status` shows it.

    Attributes:
        pid: Leader of its process group, with `born` (its creation time) to tell it from a later
            process of the same number.
        is_detached: Whether it outlives its supervisor on purpose.
        restarts: How often it was started again since `vigia up`.
        detail: Why it was started again, for a person.
    """

    name: str
    title: str
    url: str | None
    log: str
    is_detached: bool
    state: State = State.WAITING
    pid: int | None = None
    born: float | None = None
    restarts: int = 0
    detail: str = ""


@dataclass(frozen=True)
class Patience:
    """How long the supervisor waits for what.

    Attributes:
        poll_s: Between two looks at a service that starts.
        check_s: Between two health checks of one that is ready.
        checks: Failed checks in a row until a living service counts as broken. A machine under
            full load answers late; killing what works would make that worse.
        backoff_s: Before the first restart; doubled for each that follows.
        backoff_max_s: Longest pause before a restart.
        stable_s: Ready for so long, the next failure counts as the first again.
    """

    poll_s: float = 0.25
    check_s: float = 10.0
    checks: int = 6
    backoff_s: float = 0.5
    backoff_max_s: float = 30.0
    stable_s: float = 60.0


class Supervisor:
    """Runs services until told to stop."""

    def __init__(
        self,
        runners: Sequence[Runner],
        state_file: Path,
        on_change: Callable[[Status], None] = lambda _: None,
        patience: Patience | None = None,
    ) -> None:
        """Describe what to run.

        Args:
            runners: The services, those that others need first.
            state_file: Where others (`vigia status`, `vigia down`) read how things are.
            on_change: Told about every change of a service's state.
            patience: Times; the default suits real services.
        """
        self._runners = list(runners)
        self._state_file = state_file
        self._on_change = on_change
        self._patience = patience or Patience()
        self._ready = {runner.name: asyncio.Event() for runner in runners}
        self._settled = {runner.name: asyncio.Event() for runner in runners}
        self._status = {
            r.name: Status(r.name, r.title, r.url, str(r.log), r.is_detached) for r in runners
        }
        self._stop = asyncio.Event()

    async def run(self, when_settled: Callable[[list[Status]], None] = lambda _: None) -> None:
        """Run everything until SIGINT, SIGTERM or `stop`, then stop everything.

        Args:
            when_settled: Called once, when each service is ready or has failed a first time.
        """
        loop = asyncio.get_running_loop()
        # Also where SIGINT came in ignored (`vigia up &` in a script): what handles a signal
        # hands the default on to its children, and Dagster needs that to stop at all.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.stop)
        tasks = [asyncio.create_task(self._keep(runner)) for runner in self._runners]
        tasks.append(asyncio.create_task(self._announce(when_settled)))
        stop = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait([stop, *tasks[:-1]], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in [*tasks, stop]:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            await self._stop_all()
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    def stop(self) -> None:
        """Ask `run` to stop everything and return."""
        self._stop.set()

    async def _announce(self, when_settled: Callable[[list[Status]], None]) -> None:
        await asyncio.gather(*(event.wait() for event in self._settled.values()))
        when_settled(list(self._status.values()))

    async def _keep(self, runner: Runner) -> None:
        """Start one service, again and again, with growing pauses while it keeps failing."""
        clock = asyncio.get_running_loop().time
        failures = 0
        while True:
            await self._needs_ready(runner)
            self._note(runner, State.STARTING)
            trouble, ready_since = await self._live_once(runner)
            self._ready[runner.name].clear()
            await runner.stop()
            if ready_since is not None and clock() - ready_since > self._patience.stable_s:
                failures = 0
            pause = min(self._patience.backoff_s * 2**failures, self._patience.backoff_max_s)
            failures += 1
            self._status[runner.name].restarts += 1
            self._note(runner, State.RESTARTING, f"{trouble}; next start in {pause:.1f} s")
            self._settled[runner.name].set()
            await asyncio.sleep(pause)

    async def _live_once(self, runner: Runner) -> tuple[str, float | None]:
        """Start a service and watch it; return what broke it and since when it had been ready."""
        try:
            await runner.start()
        except (OSError, VigiaError) as error:
            return str(error), None
        self._note(runner, State.STARTING)
        ended = asyncio.create_task(runner.ended())
        try:
            trouble = await self._becomes_ready(runner, ended)
            if trouble is not None:
                return trouble, None
            self._ready[runner.name].set()
            self._note(runner, State.READY)
            self._settled[runner.name].set()
            ready_since = asyncio.get_running_loop().time()
            return await self._until_broken(runner, ended), ready_since
        finally:
            ended.cancel()

    async def _becomes_ready(self, runner: Runner, ended: asyncio.Task[str]) -> str | None:
        clock = asyncio.get_running_loop().time
        deadline = clock() + runner.ready_timeout_s
        while clock() < deadline:
            # Another program may answer on a port that ours failed to get: alive comes first.
            is_healthy = await runner.is_healthy()
            if ended.done():
                return ended.result()
            if is_healthy:
                return None
            await asyncio.wait([ended], timeout=self._patience.poll_s)
        return f"was not ready after {runner.ready_timeout_s:.0f} s"

    async def _until_broken(self, runner: Runner, ended: asyncio.Task[str]) -> str:
        failed = 0
        while failed < self._patience.checks:
            await asyncio.wait([ended], timeout=self._patience.check_s)
            if ended.done():
                return ended.result()
            failed = 0 if await runner.is_healthy() else failed + 1
        return f"failed {failed} health checks in a row"

    async def _needs_ready(self, runner: Runner) -> None:
        for name in runner.needs:
            if name in self._ready:
                await self._ready[name].wait()

    async def _stop_all(self) -> None:
        """Stop the programs at once, those that others need (databases) after all others."""
        needed = {name for runner in self._runners for name in runner.needs}
        first = [runner for runner in self._runners if runner.name not in needed]
        last = [runner for runner in self._runners if runner.name in needed]
        await asyncio.gather(*(self._stop_one(runner) for runner in first))
        for runner in reversed(last):
            await self._stop_one(runner)
        with contextlib.suppress(FileNotFoundError):
            self._state_file.unlink()

    async def _stop_one(self, runner: Runner) -> None:
        await runner.stop()
        if runner.is_detached and runner.pid() is not None:
            self._note(runner, State.READY, LEFT_RUNNING)
        else:
            self._note(runner, State.STOPPED)

    def _note(self, runner: Runner, state: State, detail: str = "") -> None:
        status = self._status[runner.name]
        is_news = (status.state, status.detail) != (state, detail)
        status.state, status.detail, status.pid = state, detail, runner.pid()
        status.born = _born(status.pid)
        write_state(self._state_file, list(self._status.values()))
        if is_news:
            self._on_change(status)


def write_state(path: Path, statuses: list[Status]) -> None:
    """Replace the state file; readers see the old or the new one, never half of it."""
    draft = path.with_suffix(".draft")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps({"pid": os.getpid(), "services": [asdict(s) for s in statuses]}))
    draft.replace(path)


def read_state(path: Path) -> tuple[int | None, list[Status]]:
    """Return the supervisor's process id and its services as last written; nothing without one."""
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None, []
    services = [Status(**{**one, "state": State(one["state"])}) for one in content["services"]]
    return content["pid"], services


def survivors(statuses: list[Status]) -> list[int]:
    """Return the process groups of an earlier supervisor that still live."""
    return [
        status.pid
        for status in statuses
        if status.pid is not None and not status.is_detached and status.born == _born(status.pid)
    ]


def _born(pid: int | None) -> float | None:
    if pid is None:
        return None
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None
