"""Building the analytic tables: dbt, run in this process as the analytics role.

The tables themselves are SQL in `dbt_project`. When they are built is orchestration's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from time import perf_counter
from typing import Any
from urllib.parse import parse_qs, urlsplit

from vigia.domain.errors import VigiaError
from vigia.store.connection import Database, Role
from vigia.store.dbt_sources import PROJECT

_ENVIRONMENT = Lock()
_BUILD_LOCK_KEY = 7236413
_FAILED = frozenset({"error", "fail", "runtime error"})


class MartsError(VigiaError):
    """dbt could not start: its project does not parse, or the database does not answer."""


@dataclass(frozen=True, slots=True)
class Node:
    """What became of one model or test.

    Attributes:
        name: Its name in the project.
        kind: `model`, `test` or `unit_test`.
        status: `success`, `pass`, `warn`, `skipped`, `error` or `fail`.
        rows: Rows written, for tables.
        failures: Rows that break a test.
        message: What went wrong, else dbt's remark.
        models: The models that a test looks at.
    """

    name: str
    kind: str
    status: str
    seconds: float
    rows: int | None = None
    failures: int | None = None
    message: str | None = None
    models: tuple[str, ...] = ()

    @property
    def is_failed(self) -> bool:
        """Whether it stops what depends on it."""
        return self.status in _FAILED


@dataclass(frozen=True, slots=True)
class MartsResult:
    """What became of a build."""

    nodes: tuple[Node, ...]
    seconds: float

    @property
    def success(self) -> bool:
        """Nothing failed; warnings are allowed."""
        return not self.failed

    @property
    def failed(self) -> tuple[Node, ...]:
        """Models and tests that failed, in the order they ran."""
        return tuple(node for node in self.nodes if node.is_failed)

    @property
    def warned(self) -> tuple[Node, ...]:
        """Tests that found rows a person should look at."""
        return tuple(node for node in self.nodes if node.status == "warn")

    @property
    def rows(self) -> dict[str, int]:
        """Rows of every table built."""
        return {n.name: n.rows for n in self.nodes if n.kind == "model" and n.rows is not None}


def build_marts(
    database: Database, home: Path, *, select: Sequence[str] | None = None, tested: bool = True
) -> MartsResult:
    """Build and test the analytic tables; each is replaced whole, in one transaction.

    Args:
        database: A migrated database.
        home: VIGIA_HOME; dbt's compiled files and logs go under it.
        select: dbt selectors, such as `+fct_ticket`; everything when missing.
        tested: False builds without looking at what was built, for data made for a measurement.

    Returns:
        What became of every model and test; a failed one is no exception.

    Raises:
        MartsError: dbt could not start at all, or nothing goes by a name in `select`.
    """
    arguments = ["build" if tested else "run", *(["--select", *select] if select else [])]
    started = perf_counter()
    # Two builds at once would rename each other's tables.
    with database.connect(Role.ANALYTICS) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_BUILD_LOCK_KEY])
        outcome = _dbt(database, home, arguments)
    # Exposures are listed by dbt as well, though nothing happens to them.
    ran = (r for r in outcome.results if r.node.resource_type != "exposure")
    nodes = tuple(_node(result) for result in ran)
    if not nodes:
        raise MartsError(f"Nothing in the dbt project goes by {select}; `dbt ls` lists the names.")
    return MartsResult(nodes, perf_counter() - started)


def write_manifest(database: Database, home: Path) -> Path:
    """Parse the project without asking the database; return the manifest's path."""
    _dbt(database, home, ["parse"])
    return _target(home) / "manifest.json"


def write_docs(database: Database, home: Path) -> Path:
    """Write dbt's documentation pages as one file; return its path."""
    _dbt(database, home, ["docs", "generate", "--static"])
    return _target(home) / "static_index.html"


def _target(home: Path) -> Path:
    return home / "dbt" / "target"


def _dbt(database: Database, home: Path, arguments: Sequence[str]) -> Any:
    """Run one dbt command and return its result object, which has no public type."""
    from dbt.cli.main import dbtRunner

    folders = {
        "--project-dir": PROJECT,
        "--profiles-dir": PROJECT,
        "--target-path": _target(home),
        "--log-path": home / "logs" / "dbt",
    }
    quiet = ("--log-level", "none", "--log-level-file", "info", "--no-use-colors")
    places = [str(part) for pair in folders.items() for part in pair]
    with _environment(_profile(database)):
        outcome = dbtRunner().invoke([*arguments, *places, *quiet])
    if outcome.exception is not None:
        raise MartsError(
            f"dbt could not run `{' '.join(arguments)}`: {outcome.exception}. "
            f"Its log is {folders['--log-path'] / 'dbt.log'}."
        ) from outcome.exception
    return outcome.result


def _profile(database: Database) -> dict[str, str]:
    """What dbt_project/profiles.yml reads from the environment."""
    parts = urlsplit(database.url(Role.ANALYTICS))
    mode = parse_qs(parts.query).get("sslmode", ["prefer"])[0]
    return {
        "VIGIA_DBT_HOST": parts.hostname or "localhost",
        "VIGIA_DBT_PORT": str(parts.port or 5432),
        "VIGIA_DBT_DATABASE": database.name,
        "VIGIA_DBT_USER": str(Role.ANALYTICS),
        "VIGIA_DBT_SSLMODE": mode,
        "DBT_ENV_SECRET_VIGIA_PASSWORD": database.password(Role.ANALYTICS),
        "DO_NOT_TRACK": "true",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for a while: the only way to hand dbt a secret."""
    environ = os.environ  # noqa: TID251
    with _ENVIRONMENT:
        before = {name: environ.get(name) for name in values}
        environ.update(values)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    environ.pop(name, None)
                else:
                    environ[name] = value


def _node(result: Any) -> Node:
    written = (result.adapter_response or {}).get("rows_affected", -1)
    return Node(
        name=result.node.name,
        kind=str(result.node.resource_type),
        status=str(result.status),
        seconds=float(result.execution_time or 0.0),
        rows=written if written >= 0 else None,
        failures=result.failures,
        message=result.message,
        models=tuple(
            name.rpartition(".")[2]
            for name in result.node.depends_on.nodes
            if name.startswith("model.") and result.node.resource_type != "model"
        ),
    )
