"""`vigia evaluate`: the scoreboard on a terminal, as JSON, or as a page.

Belongs here: options, progress, tables. Does not belong here: any figure (`vigia.evaluate`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from vigia.evaluate.board import Board, Judged
    from vigia.evaluate.score import Score
    from vigia.simulator.config import WorldConfig

from vigia.cli.simulate import LevelName

app = typer.Typer()


@app.command()
def evaluate(
    *,
    world: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of a world to score; repeatable. Makes worlds when left out."),
    ] = None,
    level: Annotated[
        LevelName, typer.Option(help="How hard the worlds are that it makes.")
    ] = LevelName.STANDARD,
    seeds: Annotated[str, typer.Option(help="Seeds of the worlds that it makes.")] = "1,2,3,4,5",
    sites: Annotated[int, typer.Option(help="Guarded sites in each of them.")] = 40,
    days: Annotated[int, typer.Option(help="Days, learning and test together.")] = 35,
    test_days: Annotated[int, typer.Option(help="Days at the end that are scored.")] = 7,
    levels: Annotated[
        bool,
        typer.Option("--levels", help="Every level, one after the other, and how they differ."),
    ] = False,
    page: Annotated[
        Path | None, typer.Option(help="With --levels: write what was measured as Markdown.")
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(help="Folder that keeps scores by world, so that a run can be resumed."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that make and read worlds.")] = 1,
    step: Annotated[
        float, typer.Option(min=1, help="Seconds between two looks of the product's rules.")
    ] = 60,
    publish: Annotated[
        bool, typer.Option("--publish", help="Show it on the Scoreboard page too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the scoreboard as JSON.")] = False,
) -> None:
    r"""Score what the product finds against what was true, beside the plain rules.

    Worlds are made one at a time in a temporary folder, scored and thrown away.

    \b
      vigia evaluate --world /tmp/world
      vigia evaluate --level hard --seeds 1,2,3 --cache /tmp/scores --json
      vigia evaluate --levels --sites 20 --days 21 --seeds 1,2 --page docs/levels.md
    """
    from vigia.domain.errors import VigiaError
    from vigia.evaluate.board import judge, scoreboard

    if page and (world or not levels):
        raise VigiaError("--page needs --levels: the page has a column for every level.")
    if world:
        boards = [scoreboard([judge(each, timedelta(seconds=step), workers) for each in world])]
    else:
        names = list(LevelName) if levels else [level]
        span = (sites, max(days - test_days, 0), min(test_days, days))
        configs = {name: _configs(name, seeds, *span) for name in names}
        boards = [
            scoreboard(_judged(each, timedelta(seconds=step), cache, workers))
            for each in configs.values()
        ]
    if page:
        from vigia.evaluate.levels_page import levels_page

        page.write_text(levels_page(boards, command_text(sites, days, test_days, seeds)))
    if publish:
        _publish(boards, world)
    if as_json:
        told = [board.as_dict() for board in boards]
        print(json.dumps({"levels": told} if levels and not world else told[0]))
        return
    _show(boards)


def command_text(sites: int, days: int, test_days: int, seeds: str) -> str:
    """How the page was made, for whoever wants to make it again."""
    return (
        f"vigia evaluate --levels --sites {sites} --days {days} --test-days {test_days} "
        f"--seeds {seeds} --page docs/levels.md"
    )


def _configs(
    level: LevelName, seeds: str, sites: int, learn_days: int, test_days: int
) -> list[WorldConfig]:
    from vigia.simulator.config import Level, WorldConfig

    return [
        WorldConfig.at_level(
            Level(level.value), seed=seed, sites=sites, learn_days=learn_days, test_days=test_days
        )
        for seed in _numbers(seeds)
    ]


def _numbers(text: str) -> list[int]:
    from vigia.domain.errors import VigiaError

    try:
        numbers = [int(part) for part in text.split(",") if part.strip()]
    except ValueError as error:
        raise VigiaError(f"--seeds is {text!r}; write whole numbers such as 1,2,3.") from error
    if not numbers or len(numbers) != len(set(numbers)):
        raise VigiaError(f"--seeds is {text!r}; write one number or more, each once.")
    return numbers


def _judged(
    configs: list[WorldConfig], step: timedelta, cache: Path | None, workers: int
) -> list[Judged]:
    from rich.console import Console

    from vigia.evaluate.board import judge_new

    console = Console(stderr=True)
    with console.status("Making worlds") as status:
        tell: Callable[[str], None] = status.update
        return [
            judge_new(each, step=step, cache=cache, workers=workers, progress=tell)
            for each in configs
        ]


def _publish(boards: list[Board], worlds: list[Path] | None) -> None:
    from datetime import UTC, datetime

    from vigia.config.settings import Settings
    from vigia.evaluate.published import publish

    folder = Settings().layout.scoreboards
    for board in boards:
        seeds = "-".join(map(str, board.seeds))
        name = worlds[0].resolve().name if worlds else f"{board.level}-seeds-{seeds}"
        publish(folder, name, board, datetime.now(UTC))


def _show(boards: list[Board]) -> None:
    from rich.console import Console

    console = Console()
    for board in boards:
        console.print(_scores(board))
        console.print(_summary(board), soft_wrap=True)


def _summary(board: Board) -> str:
    """The mean of all classes, false alarms, traps, and what makes the level hard."""
    ours, bar = board.product, board.naive
    fell = [rate for rate in ours.traps.values() if rate > 0]
    margin = "" if board.margin is None else f" (margin {board.margin:+.2f})"
    return (
        f"Mean F1 {_figure(ours.f1)}, of the plain rules {_figure(bar.f1)}{margin}. "
        f"False alarms of MEDIUM or worse a site and day: {ours.per_site_day:.2f}, "
        f"of the plain rules {bar.per_site_day:.1f}. "
        f"Fell for traps of {len(fell)} of {len(ours.traps)} kinds. Measured on the stream: "
        + ", ".join(f"{name} {value:g}" for name, value in board.hardness.items())
        + "."
    )


def _scores(board: Board) -> object:
    """A table of both, class by class; what there is nothing to say of is a dash."""
    from rich import box
    from rich.table import Table

    seeds = ", ".join(map(str, board.seeds))
    table = Table(
        title=f"Found against true on {board.level} (seeds {seeds}); last, F1 of the plain rules",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    table.add_column("Class", no_wrap=True)
    names = ("True", "Found", "False", "Prec.", "Recall", "F1", "95 % of F1", "p95 delay")
    for name in (*names, "Plain"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in dict.fromkeys((*board.product.classes, *board.naive.classes)):
        table.add_row(name, *_row(board.product.classes.get(name), board.naive.classes.get(name)))
    return table


def _row(ours: Score | None, bar: Score | None) -> list[str]:
    plain = _figure(None if bar is None else bar.f1)
    if ours is None:
        return ["-"] * 8 + [plain]
    between, delay = ours.intervals.get("f1"), ours.delay_detectable_s
    return [
        str(ours.episodes),
        str(ours.found),
        str(ours.false_alarms),
        *(_figure(value) for value in (ours.precision, ours.recall, ours.f1)),
        f"{between[0]:.2f}-{between[1]:.2f}" if between else "-",
        f"{delay[1]:.0f} s" if delay else "-",
        plain,
    ]


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
