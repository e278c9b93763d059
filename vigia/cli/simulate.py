"""`vigia simulate`: write a simulated company to a folder, with its truth apart.

Belongs here: options, progress, what is printed. Does not belong here: how a world is made
(`vigia.simulator`).
"""

from __future__ import annotations

import json
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from vigia.simulator.config import WorldConfig

app = typer.Typer()


class LevelName(StrEnum):
    """How hard the world is to read."""

    EASY = "easy"
    STANDARD = "standard"
    HARD = "hard"
    BRUTAL = "brutal"
    QUIET = "quiet"


@app.command()
def simulate(
    *,
    out: Annotated[Path, typer.Option(help="Folder to write; new, or empty.")],
    sites: Annotated[int, typer.Option(help="Guarded sites, of all companies together.")] = 20,
    days: Annotated[int, typer.Option(help="Days, learning and test together.")] = 35,
    test_days: Annotated[
        int, typer.Option(help="Days at the end in which something is made to happen.")
    ] = 7,
    seed: Annotated[int, typer.Option(help="Another number, another company.")] = 1,
    level: Annotated[
        LevelName, typer.Option(help="How hard it is to read; in `quiet` nothing is wrong.")
    ] = LevelName.STANDARD,
    tenants: Annotated[int, typer.Option(help="Guarding companies that share the sites.")] = 1,
    scenario: Annotated[
        str, typer.Option(help="Name or YAML file of events to add, such as bad_night.")
    ] = "",
    archetype: Annotated[
        list[str] | None, typer.Option(help="Kind of site to make; repeatable. All when left out.")
    ] = None,
    start: Annotated[str, typer.Option(help="First day, UTC.")] = "2026-02-23",
    workers: Annotated[
        int, typer.Option(min=1, help="Processes; the bytes do not depend on it.")
    ] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest as JSON.")] = False,
) -> None:
    r"""Make a guarding company whose truth is known: people, sites, weeks of events, look-alikes.

    The same options give the same bytes. The folder holds a stream of events by company and day,
    what exists as CSV, a manifest with hashes, and apart from them the truth, for `vigia evaluate`
    alone.

    \b
      vigia simulate --out /tmp/world
      vigia simulate --out /tmp/hard --sites 40 --level hard --seed 7 --workers 2
      vigia load /tmp/world --as world
    """
    from vigia.simulator.config import Level, WorldConfig
    from vigia.simulator.memory import keep_freed_memory

    keep_freed_memory()
    config = WorldConfig.at_level(
        Level(level.value),
        seed=seed,
        sites=sites,
        learn_days=max(days - test_days, 0),
        test_days=min(test_days, days),
        start_on=_day(start),
        tenants=tenants,
        scenario=scenario,
        archetypes=tuple(archetype or ()),
    )
    manifest = _generate(config, out, workers)
    if as_json:
        print(json.dumps(manifest))
    else:
        _show(manifest, out)


def _day(text: str) -> date:
    from vigia.domain.errors import VigiaError

    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise VigiaError(f"--start is {text!r}; write a day such as 2026-02-23.") from error


def _generate(config: WorldConfig, out: Path, workers: int) -> dict[str, Any]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from vigia.simulator.generate import generate

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("day {task.completed} of {task.total}  {task.fields[events]:,} events"),
        TimeElapsedColumn(),
    )
    quiet = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=quiet) as bar:
        task = bar.add_task("Simulating", total=config.days, events=0)
        return generate(
            config,
            out,
            workers=workers,
            progress=lambda days, events: bar.update(task, completed=days, events=events),
        )


def _show(manifest: dict[str, Any], out: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("Events of", "Count", title=f"World in {out}", title_justify="left")
    for name, count in manifest["events_by_table"].items():
        table.add_row(name, f"{count:,}")
    console = Console()
    console.print(table)
    console.print(
        f"{manifest['events']['total']:,} events. `vigia load {out} --as world` brings them in; "
        "the truth in truth/ is for `vigia evaluate` alone.",
        soft_wrap=True,
    )
