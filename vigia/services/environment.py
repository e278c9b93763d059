"""The environment that every program we start gets.

Belongs here: what keeps them quiet on the network and tells them where things are. Does not belong
here: options of a single program (`vigia.services.catalogue`).
"""

import os
import sys
from pathlib import Path

from vigia.config.settings import REPOSITORY, Settings

# Nothing phones home.
QUIET = {
    "DO_NOT_TRACK": "true",
    "DAGSTER_DISABLE_TELEMETRY": "true",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "GX_ANALYTICS_ENABLED": "false",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
}


def child_environment(settings: Settings) -> dict[str, str]:
    """Return the environment of the programs of an installation.

    They see the same settings as we do, also when these were passed as arguments; they talk to
    each other past any proxy; and `python`, `dagster` and `dbt` are this environment's own.
    """
    inherited = dict(os.environ)
    return {
        **inherited,
        **QUIET,
        **_as_variables(settings),
        "DAGSTER_HOME": str(settings.layout.dagster),
        # A range of days says what it did day by day: written together, not one by one.
        "DAGSTER_EVENT_BATCH_SIZE": "500",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), inherited.get("PATH", "")]),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(REPOSITORY), inherited.get("PYTHONPATH")])),
        "PYTHONUNBUFFERED": "1",
        **_past_the_proxy(inherited),
    }


def _as_variables(settings: Settings) -> dict[str, str]:
    variables = {}
    for name, value in settings:
        if value is not None:
            plain = value.get_secret_value() if hasattr(value, "get_secret_value") else value
            variables[f"VIGIA_{name.upper()}"] = str(plain)
    return variables


def _past_the_proxy(inherited: dict[str, str]) -> dict[str, str]:
    present = inherited.get("no_proxy") or inherited.get("NO_PROXY")
    hosts = ",".join(filter(None, [present, "127.0.0.1", "localhost"]))
    return {"no_proxy": hosts, "NO_PROXY": hosts}
