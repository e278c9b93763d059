"""The programs of the platform, as data.

Belongs here: which services there are, their options, ports, health checks and order. Does not
belong here: how a service is kept running.
"""

import sys

from vigia.config.settings import REPOSITORY, Settings
from vigia.domain.errors import VigiaError
from vigia.services.dagster_home import write_dagster_home, write_workspace
from vigia.services.environment import child_environment
from vigia.services.ports import choose_port
from vigia.services.postgres import MLFLOW_ROLE, mlflow_database
from vigia.services.runners import Service

POSTGRES = "postgres"
# What `--only` accepts → the services it stands for.
GROUPS = {
    POSTGRES: (POSTGRES,),
    "dagster": ("dagster-code", "dagster-web", "dagster-daemon"),
    "streamlit": ("streamlit",),
    "mlflow": ("mlflow",),
}


def wanted(only: list[str] | None) -> tuple[str, ...]:
    """Turn the names of `--only` into service names; all of them when none is given.

    Raises:
        VigiaError: an unknown name.
    """
    names = only or list(GROUPS)
    unknown = [name for name in names if name not in GROUPS]
    if unknown:
        raise VigiaError(f"No service {', '.join(unknown)}. There are: {', '.join(GROUPS)}.")
    return tuple(service for name in names for service in GROUPS[name])


def programs(settings: Settings, names: tuple[str, ...]) -> list[Service]:
    """Return the wanted programs, with ports that are free now, in the order to start them.

    The database server must be running: addresses of its databases go into the configuration.

    Raises:
        ServerDownError: it is not.
    """
    environment = child_environment(settings)
    ports = _ports(settings)
    made = [
        *_dagster(settings, environment, ports),
        _streamlit(settings, environment, ports["streamlit"]),
        _mlflow(settings, environment, ports["mlflow"]),
    ]
    return [service for service in made if service.name in names]


def _ports(settings: Settings) -> dict[str, int]:
    chosen: dict[str, int] = {}
    for name, host, preferred in (
        ("dagster-code", "127.0.0.1", 0),
        ("dagster-web", settings.host, settings.dagster_port),
        ("streamlit", settings.host, settings.streamlit_port),
        ("mlflow", settings.host, settings.mlflow_port),
    ):
        chosen[name] = choose_port(host, preferred, frozenset(chosen.values()))
    return chosen


def _dagster(
    settings: Settings, environment: dict[str, str], ports: dict[str, int]
) -> tuple[Service, ...]:
    write_dagster_home(settings)
    code_port = ports["dagster-code"]
    workspace = str(write_workspace(settings, "127.0.0.1", code_port))
    return (
        Service(
            name="dagster-code",
            title="Dagster code server",
            # Lazily: definitions that do not load are shown in the web page, not only in a log.
            command=(
                *(sys.executable, "-m", "dagster", "api", "grpc", "--lazy-load-user-code"),
                *("--use-python-environment-entry-point", "--location-name", "vigia"),
                *("-h", "127.0.0.1", "-p", str(code_port)),
                *("-m", "orchestration.definitions", "-d", str(REPOSITORY)),
            ),
            environment=environment,
            folder=REPOSITORY,
            port=code_port,
            needs=(POSTGRES,),
        ),
        Service(
            name="dagster-web",
            title="Dagster",
            command=(
                *(sys.executable, "-m", "dagster_webserver", "-w", workspace),
                *("-h", settings.host, "-p", str(ports["dagster-web"])),
            ),
            environment=environment,
            folder=REPOSITORY,
            host=settings.host,
            port=ports["dagster-web"],
            health_path="/server_info",
            is_page=True,
            needs=(POSTGRES, "dagster-code"),
        ),
        Service(
            name="dagster-daemon",
            title="Dagster daemon",
            command=(sys.executable, "-m", "dagster._daemon", "run", "-w", workspace),
            environment=environment,
            folder=REPOSITORY,
            # After the web server: both make Dagster's tables when they are missing.
            needs=(POSTGRES, "dagster-code", "dagster-web"),
        ),
    )


def _streamlit(settings: Settings, environment: dict[str, str], port: int) -> Service:
    return Service(
        name="streamlit",
        title="Dashboard",
        command=(
            *(sys.executable, "-m", "streamlit", "run", "dashboards/Home.py"),
            *("--server.address", settings.host, "--server.port", str(port)),
            *("--server.headless", "true", "--server.fileWatcherType", "none"),
            *("--browser.gatherUsageStats", "false", "--client.toolbarMode", "viewer"),
        ),
        environment=environment,
        folder=REPOSITORY,
        host=settings.host,
        port=port,
        health_path="/_stcore/health",
        is_page=True,
        needs=(POSTGRES,),
    )


def _mlflow(settings: Settings, environment: dict[str, str], port: int) -> Service:
    artifacts = settings.layout.mlflow
    artifacts.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = mlflow_database(settings.database()).url(MLFLOW_ROLE, driver="psycopg2")
    return Service(
        name="mlflow",
        title="MLflow",
        command=(
            *(sys.executable, "-m", "mlflow", "server", "--host", settings.host),
            *("--port", str(port), "--workers", "1", "--artifacts-destination", str(artifacts)),
        ),
        # By environment: everybody on the machine may read a command line, and the URL
        # carries a password.
        environment={
            **environment,
            "MLFLOW_BACKEND_STORE_URI": store,
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        },
        folder=REPOSITORY,
        host=settings.host,
        port=port,
        health_path="/health",
        is_page=True,
        needs=(POSTGRES,),
    )
