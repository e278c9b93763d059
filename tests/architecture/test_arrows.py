"""Imports run downwards, and each framework is known to one place only."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PACKAGES = ("vigia", "assets", "orchestration", "dashboards", "ml")

KNOWN_ONLY_TO = {
    "dagster": ("assets", "orchestration"),
    "dagster_dbt": ("assets", "orchestration"),
    "dagster_postgres": ("orchestration",),
    "great_expectations": ("vigia.quality",),
    "lancedb": ("vigia.search",),
    "mlflow": ("ml.registry",),
    "sentence_transformers": ("vigia.search",),
    "streamlit": ("dashboards", "bench.pages"),
    "typer": ("vigia.cli",),
}
NOT_IN_DOMAIN = (
    "alembic",
    "dagster",
    "duckdb",
    "psycopg",
    "psycopg2",
    "pydantic_settings",
    "requests",
    "socket",
    "sqlalchemy",
    "subprocess",
    "urllib",
)


def test_every_import_contract_is_kept(root):
    lint = Path(sys.executable).parent / "lint-imports"
    run = subprocess.run(
        [lint, "--no-cache"], cwd=root, check=False, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_package_that_exists_is_under_the_contracts(root):
    config = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]
    existing = {name for name in PACKAGES if (root / name / "__init__.py").exists()}
    assert set(config["root_packages"]) == existing


@pytest.mark.parametrize(("library", "owners"), KNOWN_ONLY_TO.items())
def test_a_framework_is_imported_only_where_it_belongs(modules, library, owners):
    strangers = [
        module.name
        for module in modules
        if not any(f"{module.name}.".startswith(f"{owner}.") for owner in owners)
        and any(f"{name}.".startswith(f"{library}.") for name in module.imports())
    ]
    assert not strangers, f"{library} belongs to {', '.join(owners)}"


def test_the_domain_imports_nothing_of_ours_and_nothing_that_reaches_outside(modules):
    for module in modules:
        if module.name.startswith("vigia.domain"):
            for name in module.imports():
                assert name.partition(".")[0] not in NOT_IN_DOMAIN, f"{module.name}: {name}"
                assert not name.startswith("vigia.") or name.startswith("vigia.domain"), name
