"""The platform of one home as a person drives it: `vigia up`, `status`, `down`, in real processes."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import yaml
from pydantic import SecretStr

from vigia.config.home import LOOPBACK, Home
from vigia.config.settings import Settings
from vigia.domain.errors import VigiaError
from vigia.services.catalogue import programs, wanted
from vigia.services.dagster_home import write_dagster_home
from vigia.services.environment import QUIET, child_environment
from vigia.services.platform import down, only_one, status
from vigia.services.ports import choose_port
from vigia.services.postgres import EmbeddedPostgres
from vigia.services.supervisor import LEFT_RUNNING, State, Status

VIGIA = [sys.executable, "-c", "from vigia.cli.main import app; app()"]
REPOSITORY = Path(__file__).parents[2]


class Shell:
    """Runs the command line over one home."""

    def __init__(self, home: Home) -> None:
        self.settings = Settings(
            home=home.root, data=None, dagster_port=0, streamlit_port=0, mlflow_port=0
        )
        self.environment = child_environment(self.settings)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*VIGIA, *arguments],
            env=self.environment,
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def up(self, *only: str) -> subprocess.Popen[bytes]:
        options = [option for name in only for option in ("--only", name)]
        return subprocess.Popen(
            [*VIGIA, "up", *options],
            env=self.environment,
            cwd=REPOSITORY,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def services(self) -> dict[str, Status]:
        """What `vigia status` shows, without paying for a new process each time."""
        return {one.name: one for one in status(self.settings)}

    def is_ready(self, *names: str) -> bool:
        services = self.services()
        return all(name in services and services[name].state is State.READY for name in names)


@pytest.fixture
def shell(home):
    shell = Shell(home)
    yield shell
    down(shell.settings)


def test_only_postgres_returns_with_a_migrated_server_and_down_stops_it(shell, home):
    assert shell.run("status").returncode == 3
    started = shell.run("up", "--only", "postgres")
    assert started.returncode == 0, started.stderr
    assert shell.run("up", "--only", "postgres").returncode == 0
    shown = json.loads(shell.run("status", "--json").stdout)
    assert shown["ready"]
    assert [one["name"] for one in shown["services"]] == ["postgres"]
    with Settings(home=home.root).database().connect() as connection:
        assert connection.execute("SELECT count(*) FROM ops.tenant").fetchone() == (0,)
    assert "Stopped: postgres." in shell.run("down").stderr
    assert "Nothing was running." in shell.run("down").stderr


def test_one_service_runs_answers_and_stops_with_all_that_belongs_to_it(shell, home):
    """MLflow, a database of its own, and the server under both."""
    running = shell.up("mlflow")
    until(lambda: shell.is_ready("postgres", "mlflow"), 240)
    services = shell.services()
    processes = [psutil.Process(one.pid) for one in services.values()]
    processes += [child for one in processes for child in one.children(recursive=True)]
    with urllib.request.urlopen(services["mlflow"].url + "/health") as answer:
        assert answer.status == 200

    second = shell.run("up")
    assert second.returncode == 1
    assert "vigia already runs" in second.stderr
    assert services["mlflow"].url in second.stderr
    assert "vigia down" in second.stderr

    stopped = shell.run("down")
    assert running.wait(10) == 0
    assert "mlflow" in stopped.stderr
    assert "postgres" in stopped.stderr
    assert [one for one in processes if one.is_running() and one.status() != "zombie"] == []
    assert shell.run("status").returncode == 3


def test_what_a_killed_supervisor_left_is_shown_and_cleared_away(shell):
    running = shell.up("streamlit")
    until(lambda: shell.is_ready("streamlit"), 120)
    orphan = psutil.Process(shell.services()["streamlit"].pid)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert "left over" in shell.services()["streamlit"].detail
    assert shell.run("status").returncode == 4
    assert "streamlit" in shell.run("down").stderr
    assert not orphan.is_running() or orphan.status() == "zombie"


def test_ctrl_c_ends_the_platform_cleanly(shell):
    running = shell.up("streamlit")
    until(lambda: shell.is_ready("streamlit"), 120)
    running.send_signal(signal.SIGINT)
    assert running.wait(30) == 0
    assert shell.run("status").returncode == 3


@pytest.mark.parametrize("owns_server", [True, False])
def test_a_server_that_ran_before_ends_with_the_rest_only_if_its_starter_says_so(
    shell, home, owns_server
):
    server = EmbeddedPostgres(home)
    server.start()
    code = (
        "import os, signal\n"
        "from vigia.config.settings import Settings\n"
        "from vigia.services.platform import up\n"
        "tell = lambda status: print(status.name, status.state, status.detail)\n"
        "stop = lambda _: os.kill(os.getpid(), signal.SIGINT)\n"
        f"up(Settings(), ['postgres'], tell, stop, owns_server={owns_server})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=shell.environment,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert server.is_running() is not owns_server
    assert done.stdout.splitlines()[-1].strip() == (
        "postgres stopped" if owns_server else f"postgres ready {LEFT_RUNNING}"
    )


def test_a_second_supervisor_is_told_what_to_do(home):
    with (
        only_one(home),
        pytest.raises(VigiaError, match=r"already runs.*`vigia down`.*VIGIA_HOME"),
        only_one(home),
    ):
        pass


def test_an_unknown_service_is_refused_with_the_names_there_are():
    with pytest.raises(VigiaError, match=r"No service redis\. There are: postgres, dagster"):
        wanted(["redis"])


def test_taken_ports_are_passed_over_and_no_two_services_share_one(settings):
    taken = choose_port(LOOPBACK, 0)
    crowded = settings.model_copy(
        update={"dagster_port": taken, "streamlit_port": taken, "mlflow_port": taken}
    )
    with contextlib.closing(socket_on(taken)):
        ports = [service.port for service in programs(crowded, wanted(None)) if service.port]
    assert len(ports) == len(set(ports)) == 4
    assert taken not in ports


def test_no_command_line_carries_a_password(settings):
    secrets = [settings.database().password("vigia_mlflow"), settings.database().admin_url]
    lines = [" ".join(service.command) for service in programs(settings, wanted(None))]
    assert not [line for line in lines for secret in secrets if secret in line]


def test_dagster_keeps_its_runs_in_postgres_over_a_driver_named_outright(settings):
    """SQLAlchemy reads a bare postgresql:// as psycopg 3, which dagster-postgres cannot use."""
    path = write_dagster_home(settings) / "dagster.yaml"
    config = yaml.safe_load(path.read_text())
    assert config["storage"]["postgres"]["postgres_url"].startswith("postgresql+psycopg2://")
    assert config["telemetry"] == {"enabled": False}
    assert config["run_monitoring"]["enabled"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_children_phone_nobody_and_see_the_settings_we_see(settings):
    environment = child_environment(settings)
    assert environment.items() >= QUIET.items()
    assert environment["VIGIA_HOME"] == str(settings.home)
    assert environment["VIGIA_DATABASE_URL"] == settings.database().admin_url
    assert "127.0.0.1" in environment["no_proxy"]


def test_with_your_own_database_there_is_no_server_of_ours_to_show(settings):
    assert status(settings) == []


def test_a_database_that_does_not_answer_is_explained(home):
    url = f"postgresql://me:secret@{LOOPBACK}:{choose_port(LOOPBACK, 0)}/vigia"
    shell = Shell(home)
    shell.environment["VIGIA_DATABASE_URL"] = url
    refused = shell.run("migrate")
    assert refused.returncode == 1
    assert "does not answer" in refused.stderr
    assert "VIGIA_DATABASE_URL" in refused.stderr
    assert "secret" not in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_same_code_serves_a_database_of_your_own(home, template_database):
    """An external server: here the session's, under another name."""
    url = template_database.with_database("yours").admin_url
    shell = Shell(home)
    shell.environment["VIGIA_DATABASE_URL"] = url
    home.secret_file.write_text(template_database.secret.hex())
    try:
        started = shell.run("up", "--only", "postgres")
        assert started.returncode == 0, started.stderr
        with Settings(home=home.root, database_url=SecretStr(url)).database().connect() as found:
            assert found.execute("SELECT count(*) FROM ops.tenant").fetchone() == (0,)
        assert not home.postgres.exists()
    finally:
        with template_database.with_database("postgres").connect() as connection:
            for name in ("yours", "yours_dagster", "yours_mlflow"):
                connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def socket_on(port: int) -> socket.socket:
    """Somebody else's listener."""
    return socket.create_server((LOOPBACK, port))


def until(condition: Callable[[], bool], limit_s: float) -> None:
    """Wait for other processes to get somewhere."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "the platform does not come up"
        time.sleep(0.2)
