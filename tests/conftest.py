"""Fixtures that every suite shares: a real server, and a fresh migrated database in 0.1 s.

One server per session, stopped at its end. A database is a clone of a template that was migrated
once. Nothing here reads VIGIA_* variables: tests do not depend on the shell they run in.
"""

import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr
from xdist.remote import Producer
from xdist.workermanage import NodeManager

from tests.databases import copied, create
from tests.demo import FinishedDemo
from tests.processes import UnitScheduling, unit_of
from vigia.config.home import Home
from vigia.config.settings import Settings
from vigia.services.demo import run_demo
from vigia.services.postgres import EmbeddedPostgres
from vigia.store.connection import Database
from vigia.store.migrate import migrate

SESSION_PREFIX = "vigia-test-"
MEMORY_FOLDER = Path("/dev/shm")
MEMORY_NEEDED = 8 * 2**30
TEARDOWN_S = 60
_serial = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    """A terminated run (time-outs send SIGTERM) still tears its fixtures down."""
    signal.signal(signal.SIGTERM, lambda *_: _end_run(config))


def _end_run(config: pytest.Config) -> None:
    """Stop here and, under `-n`, in the processes that run the tests."""
    if hasattr(config, "workerinput"):
        raise KeyboardInterrupt  # what a test takes for a failure of its own would not stop it
    if config.getoption("dist", "no") != "no":
        NodeManager.EXIT_TIMEOUT = TEARDOWN_S
        # Told only by their parent, they would first work off what they were given.
        for process in psutil.Process().children():
            process.terminate()
    pytest.exit("terminated", returncode=143)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> UnitScheduling:
    """With `-n`, tests that share a costly set-up stay in one process."""
    return UnitScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that asks for the demo from a new file must not make a process run it again."""
    for item in items:
        if "finished_demo" in getattr(item, "fixturenames", ()) and unit_of(item.nodeid) != "demo":
            raise pytest.UsageError(f"{item.nodeid}: name its file in tests/processes.py")


@pytest.fixture(scope="session", autouse=True)
def clean_environment() -> Iterator[None]:
    """Hide the developer's VIGIA_* variables, and let nothing phone home."""
    with pytest.MonkeyPatch.context() as patch:
        for name in Settings.model_fields:
            patch.delenv(f"VIGIA_{name.upper()}", raising=False)
        patch.setenv("DO_NOT_TRACK", "true")
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        patch.setenv("GX_ANALYTICS_ENABLED", "false")
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("TRANSFORMERS_OFFLINE", "1")
        yield


@pytest.fixture(scope="session")
def session_folder() -> Iterator[Path]:
    """A folder that an unprivileged server user may pass through, unlike pytest's own."""
    parent = _parent_folder()
    if os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0":
        _sweep_after_killed_sessions(parent)
    folder = Path(tempfile.mkdtemp(prefix=f"{SESSION_PREFIX}{os.getpid()}-", dir=parent))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def home(session_folder: Path) -> Iterator[Home]:
    """An empty VIGIA_HOME of this test's own; a server left running in it is stopped."""
    layout = Home(session_folder / f"home-{next(_serial)}")
    layout.create()
    yield layout
    EmbeddedPostgres(layout).stop()
    shutil.rmtree(layout.root, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(session_folder: Path) -> Iterator[EmbeddedPostgres]:
    """The session's running PostgreSQL server, shared by all tests: do not stop it."""
    server = EmbeddedPostgres(Home(session_folder / "server"))
    with server.start().connect() as connection:
        # The folder may lie in memory, which old write-ahead log has no business in.
        connection.execute("ALTER SYSTEM SET max_wal_size = '512MB'")
        connection.execute("SELECT pg_reload_conf()")
        _hash_passwords_once(connection, server.home.postgres_password())
    yield server
    server.stop()


@pytest.fixture(scope="session")
def template_database(postgres_server: EmbeddedPostgres) -> Database:
    """A migrated database to clone; nobody may be connected to it."""
    home = postgres_server.home
    template = Database(home.admin_url(), home.secret()).with_database("vigia_template")
    create(template)
    migrate(template)
    return template


@pytest.fixture
def database(template_database: Database) -> Iterator[Database]:
    """A fresh database at the newest migration, empty, dropped afterwards."""
    with copied(template_database) as copy:
        yield copy


@pytest.fixture
def settings(home: Home, database: Database) -> Settings:
    """Settings of an installation of this test's own, whose database is the `database` fixture."""
    home.secret_file.touch(mode=0o600)
    home.secret_file.write_text(database.secret.hex())
    return Settings(
        home=home.root,
        database_url=SecretStr(database.admin_url),
        data=None,
        dagster_port=0,
        streamlit_port=0,
        mlflow_port=0,
    )


@pytest.fixture(scope="session")
def finished_demo(session_folder: Path) -> Iterator[FinishedDemo]:
    """An installation of its own after the demo ran over the shipped samples, shared by all."""
    options = {"dagster_port": 0, "streamlit_port": 0, "mlflow_port": 0}
    # A folder that is not there: what lies beside the repository must not be loaded instead.
    nowhere = session_folder / "no-data"
    found = Settings(home=session_folder / "demo", database_url=None, data=nowhere, **options)
    try:
        report = run_demo(found, on_step=lambda _: None, on_rows=lambda _name, _rows: None)
        yield FinishedDemo(found, found.database(), report)
    finally:
        EmbeddedPostgres(found.layout).stop()


def _hash_passwords_once(connection: psycopg.Connection, password: str) -> None:
    """4096 rounds of hashing at every log-in cost tests more than the rest of it."""
    connection.execute("SET scram_iterations = 1")
    connection.execute("ALTER ROLE CURRENT_USER SET scram_iterations = 1")
    connection.execute(sql.SQL("ALTER ROLE CURRENT_USER PASSWORD {}").format(sql.Literal(password)))


def _parent_folder() -> Path:
    """Prefer a folder in memory: the server keeps fsync on, and cloning a database is all fsync."""
    is_usable = MEMORY_FOLDER.is_dir() and os.access(MEMORY_FOLDER, os.W_OK)
    if is_usable and shutil.disk_usage(MEMORY_FOLDER).free >= MEMORY_NEEDED:
        return MEMORY_FOLDER
    return Path(tempfile.gettempdir())


def _sweep_after_killed_sessions(parent: Path) -> None:
    """Stop the servers of test sessions that were killed before they could."""
    for folder in parent.glob(f"{SESSION_PREFIX}*-*"):
        pid = int(folder.name.removeprefix(SESSION_PREFIX).split("-")[0])
        is_ours = folder.stat().st_uid == os.geteuid()
        if not is_ours or psutil.pid_exists(pid):
            continue
        for layout in (Home(child) for child in folder.iterdir()):
            EmbeddedPostgres(layout).stop()
        shutil.rmtree(folder, ignore_errors=True)
