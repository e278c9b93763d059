"""DAGSTER_HOME, generated: where Dagster keeps its runs and how many it runs at once.

Belongs here: `dagster.yaml` and the workspace file of the supervised processes. Does not belong
here: what Dagster runs (`orchestration`).
"""

from pathlib import Path
from typing import Any

import yaml

from vigia.config.settings import Settings
from vigia.services.postgres import DAGSTER_ROLE, dagster_database

# Runs share one machine with everything else; Polars and Postgres use both cores within one run.
MAX_CONCURRENT_RUNS = 2


def write_dagster_home(settings: Settings) -> Path:
    """Write `dagster.yaml` for the database as it runs now and return DAGSTER_HOME.

    Raises:
        ServerDownError: the embedded database server is not running.
    """
    folder = settings.layout.dagster
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write_private(folder / "dagster.yaml", yaml.safe_dump(_instance(settings), sort_keys=False))
    return folder


def write_workspace(settings: Settings, host: str, port: int) -> Path:
    """Write the workspace file that points web server and daemon at the running code server."""
    location = {"host": host, "port": port, "location_name": "vigia"}
    path = settings.layout.dagster / "workspace.yaml"
    _write_private(path, yaml.safe_dump({"load_from": [{"grpc_server": location}]}))
    return path


def _instance(settings: Settings) -> dict[str, Any]:
    url = dagster_database(settings.database()).url(DAGSTER_ROLE, driver="psycopg2")
    folder = settings.layout.dagster
    local = "dagster._core.storage"
    return {
        "storage": {"postgres": {"postgres_url": url}},
        "local_artifact_storage": {
            "module": f"{local}.root",
            "class": "LocalArtifactStorage",
            "config": {"base_dir": str(folder)},
        },
        "compute_logs": {
            "module": f"{local}.local_compute_log_manager",
            "class": "LocalComputeLogManager",
            "config": {"base_dir": str(folder / "compute_logs")},
        },
        "run_coordinator": {
            "module": "dagster._core.run_coordinator",
            "class": "QueuedRunCoordinator",
        },
        "concurrency": {
            "runs": {
                "max_concurrent_runs": MAX_CONCURRENT_RUNS,
                # Runs that say they exclude each other (orchestration.jobs) take turns.
                "tag_concurrency_limits": [
                    {
                        "key": "vigia/exclusive",
                        "value": {"applyLimitPerUniqueValue": True},
                        "limit": 1,
                    }
                ],
            }
        },
        # A run whose process died is noticed and started again; a step that failed has its own
        # retry policy, and repeating the whole run would only multiply that.
        "run_monitoring": {
            "enabled": True,
            "start_timeout_seconds": 180,
            "poll_interval_seconds": 30,
        },
        "run_retries": {"enabled": True, "max_retries": 2, "retry_on_asset_or_op_failure": False},
        "retention": {
            "schedule": {"purge_after_days": {"skipped": 7, "started": 90, "success": 90}},
            "sensor": {"purge_after_days": {"skipped": 1, "started": 30, "success": 30}},
        },
        "telemetry": {"enabled": False},
        # No form that asks whoever opens the page for an address.
        "nux": {"enabled": False},
    }


def _write_private(path: Path, text: str) -> None:
    """Write a file that only we read: it carries a password."""
    path.touch(mode=0o600)
    if path.read_text() != text:
        path.write_text(text)
