"""`vigia bench`: the product's speed as ratios against reference engines, measured on the spot.

The benchmarks themselves are in the source tree's `bench/`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer

from vigia.domain.errors import VigiaError

app = typer.Typer(rich_markup_mode=None)
NAMES = (
    "snapshots",
    "rollups",
    "router",
    "ingest",
    "pages",
    "simulate",
    "audit",
    "replay",
    "rules",
    "baseline",
    "nab",
)


class NoDataError(VigiaError):
    """A benchmark on real data that this installation does not have."""


@app.command()
def bench(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(NAMES)}, or all.")] = "all",
    size: Annotated[
        int | None, typer.Option(min=1000, help="Rows of the largest of the three sizes.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a benchmark.")] = False,
) -> None:
    """Measure against the reference engine on the same data in the same run."""
    for each in NAMES if name == "all" else (name,):
        try:
            result = _measure(each, size)
        except NoDataError as reason:
            if name != "all":
                raise
            typer.echo(f"{each} is left out. {reason}", err=True)
            continue
        if as_json:
            print(json.dumps(result))
        else:
            _show(result)


def _measure(name: str, size: int | None) -> dict[str, Any]:
    try:
        from bench import baseline, database, detection, nab, pages, run, world
    except ImportError as error:
        raise VigiaError(
            "The benchmarks are part of the source tree and need its development tools. "
            "Clone the repository and run `make bench`."
        ) from error
    known: dict[str, Callable[[int | None], Any]] = {
        "snapshots": run.snapshots,
        "rollups": run.rollups,
        "router": database.router,
        "ingest": database.ingest,
        "pages": pages.pages,
        "simulate": world.simulate,
        "audit": detection.audit,
        "replay": detection.replay,
        "rules": detection.rules,
        "baseline": baseline.baseline,
        "nab": nab.nab,
    }
    if name not in known:
        raise VigiaError(f"There is no benchmark {name!r}; there are {', '.join(NAMES)} and all.")
    if name == "nab" and not nab.is_there():
        raise NoDataError(nab.MISSING)
    found: dict[str, Any] = known[name](size).as_dict()
    return found


def _show(result: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{result['name']} against {result['reference']}", title_justify="left")
    table.add_column("figure")
    table.add_column("value", justify="right")
    for key in ("ratio", "exponent", "peak_mb"):
        if result[key] is not None:
            table.add_row(key, f"{result[key]:,}")
    for key, value in result["figures"].items():
        table.add_row(key, _spelled(value))
    Console().print(table)


def _spelled(value: Any) -> str:
    """Figures side by side; those with a name after it."""
    if isinstance(value, list):
        return "  ".join(map(_spelled, value))
    if isinstance(value, dict):
        return "\n".join(f"{name} {_spelled(each)}" for name, each in value.items())
    return value if isinstance(value, str) else "-" if value is None else f"{value:,}"
