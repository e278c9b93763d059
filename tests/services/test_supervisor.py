"""The supervisor with small real programs: order, health, restarts, a clean end."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from vigia.config.home import LOOPBACK
from vigia.services.ports import choose_port
from vigia.services.runners import ProgramRunner, Service, end_group
from vigia.services.supervisor import Patience, State, Supervisor, read_state, survivors

QUICK = Patience(poll_s=0.05, check_s=0.1, checks=2, backoff_s=0.05, backoff_max_s=0.2, stable_s=60)
WEB = (
    "import sys; from http.server import *; "
    "HTTPServer(('127.0.0.1', int(sys.argv[1])), SimpleHTTPRequestHandler).serve_forever()"
)


class Stage:
    """Runs a supervisor over services beside the test and records what it says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state_file = folder / "supervisor.json"
        self.said: list[tuple[str, State, str]] = []
        self.settled = asyncio.Event()

    def program(self, name: str, code: str, *arguments: object, **options: object) -> ProgramRunner:
        service = Service(
            name=name,
            title=name,
            command=(sys.executable, "-c", code, *map(str, arguments)),
            environment={},
            folder=self.folder,
            **options,
        )
        return ProgramRunner(service, self.folder)

    async def run(self, runners, script) -> None:
        supervisor = Supervisor(runners, self.state_file, self.note, QUICK)
        running = asyncio.create_task(supervisor.run(lambda _: self.settled.set()))
        try:
            await asyncio.wait_for(script(), 30)
        finally:
            supervisor.stop()
            await running

    def note(self, status) -> None:
        self.said.append((status.name, status.state, status.detail))

    def states(self, name: str) -> list[State]:
        return [state for who, state, _ in self.said if who == name]

    async def until(self, name: str, state: State, times: int = 1) -> None:
        await until(lambda: self.states(name).count(state) >= times)

    def pid(self, name: str) -> int:
        return next(one.pid for one in read_state(self.state_file)[1] if one.name == name)


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


def test_services_start_after_those_they_need(stage):
    port = choose_port(LOOPBACK, 0)
    first = stage.program("first", WEB, port, port=port, health_path="/")
    second = stage.program("second", "import time; time.sleep(60)", needs=("first",))

    asyncio.run(stage.run([second, first], stage.settled.wait))

    said = [(name, state) for name, state, _ in stage.said]
    assert said.index(("first", State.READY)) < said.index(("second", State.STARTING))
    assert stage.states("second")[-1] is State.STOPPED
    assert said.index(("second", State.STOPPED)) < said.index(("first", State.STOPPED))


def test_what_dies_is_started_again_and_the_others_are_left_alone(stage):
    dies = stage.program("dies", "import time; time.sleep(60)")
    lives = stage.program("lives", "import time; time.sleep(60)")

    async def script():
        await stage.settled.wait()
        os.kill(stage.pid("dies"), signal.SIGKILL)
        await stage.until("dies", State.READY, times=2)

    asyncio.run(stage.run([dies, lives], script))
    assert ("dies", State.RESTARTING) in [said[:2] for said in stage.said]
    assert "ended with code -9" in next(detail for _, _, detail in stage.said if detail)
    assert stage.states("lives").count(State.READY) == 1


def test_a_service_that_lives_but_no_longer_answers_is_started_again(stage):
    goes_deaf = (
        "import signal, socket, sys, time\n"
        "listener = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
        "signal.signal(signal.SIGUSR1, lambda *_: listener.close())\n"
        "while True: time.sleep(60)"
    )
    port = choose_port(LOOPBACK, 0)

    async def script():
        await stage.settled.wait()
        os.kill(stage.pid("web"), signal.SIGUSR1)
        await stage.until("web", State.READY, times=2)

    asyncio.run(stage.run([stage.program("web", goes_deaf, port, port=port)], script))
    assert "failed 2 health checks" in next(detail for _, _, detail in stage.said if detail)


def test_pauses_between_restarts_grow_up_to_a_limit(stage):
    broken = stage.program("broken", "raise SystemExit(3)", port=choose_port(LOOPBACK, 0))

    async def script():
        await stage.until("broken", State.RESTARTING, times=4)

    asyncio.run(stage.run([broken], script))
    pauses = [detail for _, state, detail in stage.said if state is State.RESTARTING]
    assert [pause.split("next start in ")[1] for pause in pauses[:4]] == [
        "0.1 s",
        "0.1 s",
        "0.2 s",
        "0.2 s",
    ]
    assert all(pause.startswith("ended with code 3") for pause in pauses)


def test_a_program_that_is_missing_is_reported_and_the_rest_runs(stage):
    service = Service("gone", "gone", ("/no/such/program",), {}, stage.folder)
    gone = ProgramRunner(service, stage.folder)
    lives = stage.program("lives", "import time; time.sleep(60)")
    asyncio.run(stage.run([gone, lives], stage.settled.wait))
    assert "No such file" in next(
        detail for name, _, detail in stage.said if name == "gone" and detail
    )
    assert State.READY in stage.states("lives")


def test_at_the_end_no_process_is_left_also_of_those_that_ignore_being_asked(stage, monkeypatch):
    monkeypatch.setattr(end_group, "__defaults__", (0.3,))
    stubborn = stage.program(
        "stubborn",
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "open('both', 'w').close()\n"
        "time.sleep(60)",
    )
    groups = []

    async def script():
        await until((stage.folder / "both").exists)
        groups.append(stage.pid("stubborn"))

    asyncio.run(stage.run([stubborn], script))
    assert members(groups[0]) == []


def test_children_receive_sigint_although_we_were_started_with_it_ignored(stage):
    """`vigia up &` in a script: with SIGINT ignored Dagster ignores SIGTERM too."""
    asks = (
        "import signal, time; open('sigint', 'w').write(str(signal.getsignal(2))); time.sleep(60)"
    )
    code = (
        "import asyncio, sys\n"
        f"sys.path[:0] = {[str(Path(__file__).parent)]!r}\n"
        "from pathlib import Path\n"
        "from test_supervisor import Stage, until\n"
        "stage = Stage(Path(sys.argv[1]))\n"
        "said = stage.folder / 'sigint'\n"
        "script = lambda: until(lambda: said.exists() and said.read_text())\n"
        f"asyncio.run(stage.run([stage.program('asks', {asks!r})], script))\n"
    )
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        subprocess.run([sys.executable, "-c", code, str(stage.folder)], check=True, timeout=60)
    finally:
        signal.signal(signal.SIGINT, previous)
    assert "default_int_handler" in (stage.folder / "sigint").read_text()


def test_what_a_killed_supervisor_left_behind_is_known_by_more_than_its_number(stage):
    program = stage.program("orphan", "import time; time.sleep(60)")
    found = {}

    async def script():
        await stage.settled.wait()
        _, services = read_state(stage.state_file)
        found["alive"] = survivors(services)
        services[0].born -= 1000
        found["stranger"] = survivors(services)

    asyncio.run(stage.run([program], script))
    assert len(found["alive"]) == 1
    assert found["stranger"] == []


def test_the_log_of_a_service_holds_what_it_said(stage):
    talks = stage.program("talks", "import time; print('hello', flush=True); time.sleep(60)")

    async def script():
        await until(lambda: talks.log.exists() and "hello" in talks.log.read_text())

    asyncio.run(stage.run([talks], script))


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that nobody announces."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.02)


def members(group: int) -> list[int]:
    """The living processes of a group."""
    time.sleep(0.1)
    alive = []
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                alive.append(process.pid)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return alive
