"""`vigia demo`: the platform on real data, from nothing to pages that answer.

Belongs here: progress, the printed report, serving afterwards. Does not belong here: what the
demo does (`vigia.services.demo`).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from vigia.config.settings import Settings
    from vigia.services.demo import DemoReport
    from vigia.simulator.config import WorldConfig

app = typer.Typer()
TEST_DAYS = 7


@app.command()
def demo(
    *,
    sites: Annotated[
        int, typer.Option(min=0, help="Sites of the simulated company; 0 makes none.")
    ] = 20,
    days: Annotated[
        int, typer.Option(min=1, help="Days of it; in the last seven something goes wrong.")
    ] = 35,
    seed: Annotated[int, typer.Option(help="Another number, another company.")] = 1,
    serve: Annotated[
        bool, typer.Option(help="Serve everything afterwards, until Ctrl-C or `vigia down`.")
    ] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object; nothing is served.")
    ] = False,
) -> None:
    """Load real data and a simulated company, run the whole pipeline, report, serve everything.

    Loads a help desk's incident log and GPS tracks from VIGIA_DATA where they are, else the small
    samples shipped with the product, and beside them a guarding company that is made on the spot.
    Repeating it changes nothing: what is known is a duplicate.
    """
    from rich.console import Console

    from vigia.config.settings import Settings
    from vigia.services.postgres import EmbeddedPostgres

    settings = Settings()
    server = EmbeddedPostgres(settings.layout)
    is_ours = settings.is_embedded and not server.is_running()
    try:
        report = _run(settings, _company(sites, days, seed), Console(stderr=True))
    except BaseException:
        if is_ours:
            server.stop()
        raise
    if as_json:
        told = {name: getattr(report, name) for name in ("seconds", "peak_mb", "rows")}
        print(json.dumps(told | ({"evaluation": report.evaluation} if report.evaluation else {})))
        return
    console = Console()
    for table in (_loads(report), _steps(report), _rows(report)):
        console.print(table)
    if report.evaluation:
        console.print(_scores(report))
    if report.broken:
        console.print(_remarks(report))
    if serve:
        _serve(settings, owns_server=is_ours)
    else:
        console.print("`vigia up` serves it; `vigia down` stops the database server.")


def _company(sites: int, days: int, seed: int) -> WorldConfig | None:
    from vigia.simulator.config import Level, WorldConfig

    if not sites:
        return None
    learn, test = max(days - TEST_DAYS, 0), min(days, TEST_DAYS)
    spans = {"learn_days": learn, "test_days": test}
    return WorldConfig.at_level(Level.STANDARD, seed=seed, sites=sites, **spans)


def _run(settings: Settings, company: WorldConfig | None, console: Console) -> DemoReport:
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from vigia.services.demo import run_demo

    columns = (
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        running: list[object] = []

        def finish() -> None:
            for task in running:
                progress.update(task, total=1, completed=1)  # type: ignore[arg-type]

        def on_step(name: str) -> None:
            finish()
            running[:] = [progress.add_task(name, total=None)]
            if not console.is_terminal:
                console.print(f"{name} …", highlight=False)

        def on_rows(name: str, rows: int) -> None:
            progress.update(running[0], description=f"{name}: {rows:,} rows")  # type: ignore[arg-type]

        report = run_demo(settings, company=company, on_step=on_step, on_rows=on_rows)
        finish()
        return report


def _serve(settings: Settings, *, owns_server: bool) -> None:
    from vigia.cli.platform import serve_in_foreground

    serve_in_foreground(settings, only=None, owns_server=owns_server)


def _loads(report: DemoReport) -> Table:
    from rich.table import Table

    table = Table("Company", "From", "Rows", "Accepted", "Known", "Put aside", title="What came in")
    for company, load in report.loads.items():
        reasons = ", ".join(f"{n} {code}" for code, n in load.reasons.most_common(3))
        aside = f"{load.quarantined:,}" + (f" ({reasons})" if reasons else "")
        counts = (f"{load.rows:,}", f"{load.accepted:,}", f"{load.duplicate:,}", aside)
        table.add_row(company, report.origins[company], *counts)
    return table


def _steps(report: DemoReport) -> Table:
    from rich.table import Table

    title = f"How long it took ({_total(report):.0f} s, {report.peak_mb:,.0f} MB at most)"
    table = Table("Step", "Seconds", title=title)
    for name, seconds in report.seconds.items():
        step, _, part = name.partition(": ")
        table.add_row(f"  {part}" if part else step, f"{seconds:.1f}")
    return table


def _scores(report: DemoReport) -> Table:
    """What was found in the simulated company; a figure that does not exist is a dash."""
    from rich.table import Table

    told = report.evaluation
    margin = f"{told['f1']:.2f} against {told['naive_f1']:.2f}" if "margin" in told else "-"
    title = f"Found against true in the simulated company (mean F1 {margin} of plain rules)"
    table = Table("Class", "Happened", "Found", "False", "Precision", "Recall", "F1", title=title)
    for name, found in told["classes"].items():
        rates = (found.get(rate) for rate in ("precision", "recall", "f1"))
        counts = (found[count] for count in ("episodes", "found", "false_alarms"))
        table.add_row(name, *map(str, counts), *("-" if r is None else f"{r:.2f}" for r in rates))
    return table


def _total(report: DemoReport) -> float:
    """Seconds of the steps; their parts are in them."""
    return sum(seconds for name, seconds in report.seconds.items() if ": " not in name)


def _remarks(report: DemoReport) -> Table:
    """Checks that did not pass; what several tables stand on is told once, with all of them."""
    from rich.markup import escape
    from rich.table import Table

    tables: dict[str, list[str]] = {}
    for check, said in report.broken.items():
        table, _, name = check.rpartition(":")
        tables.setdefault(said or name, []).append(table)
    shown = Table("Tables", "What a person should look at", title="Remarks of data checks")
    for said, names in tables.items():
        shown.add_row(", ".join(names), escape(said))
    return shown


def _rows(report: DemoReport) -> Table:
    from rich.table import Table

    table = Table("Table", "Rows", title="What came out")
    for name, rows in report.rows.items():
        table.add_row(name, f"{rows:,}")
    return table
