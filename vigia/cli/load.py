"""`vigia load`: bring a file in, and say row by row what became of it.

Belongs here: options, the progress bar, how a report is shown, exit codes. Does not belong here:
loading (`vigia.ingest.loader`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast
from uuid import UUID

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from vigia.ingest.loader import LoadReport, LoadRequest
    from vigia.ingest.mapping import LoadKind as MappedKind
    from vigia.store.connection import Database

app = typer.Typer()

NOTHING_ACCEPTED = 1
SOME_QUARANTINED = 3


class LoadKind(StrEnum):
    """What a file may hold."""

    EVENTS = "events"
    TICKETS = "tickets"
    GPS = "gps"
    ACCESS = "access"
    ATTENDANCE = "attendance"
    METRICS = "metrics"
    REFERENCE = "reference"
    WORLD = "world"


@app.command()
def load(
    path: Annotated[
        Path,
        typer.Argument(
            help="CSV, NDJSON, Parquet, GPX or PLT file; also .gz, .zst, or a .zip of such; "
            "or a folder: of parts of a stream of events, or of a simulated world."
        ),
    ],
    kind: Annotated[LoadKind, typer.Option("--as", help="What the file holds.")],
    *,
    tenant: Annotated[
        str | None,
        typer.Option(help="Short name of the tenant. May be left out where there is only one."),
    ] = None,
    create_tenant: Annotated[
        bool,
        typer.Option(
            "--create-tenant",
            help="Make the tenant when it is not there; its clock then follows the data.",
        ),
    ] = False,
    mapping: Annotated[
        str | None,
        typer.Option(
            help="Name of a shipped mapping, or your own .yaml file. Left out, the shipped one "
            "that fits the file's columns is taken."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Judge every row and store nothing.")
    ] = False,
    speed: Annotated[
        float | None,
        typer.Option(
            help="For a world: deliver its events by its own clock, so many times faster than "
            "life. Left out, all at once."
        ),
    ] = None,
    paced_from: Annotated[
        datetime | None,
        typer.Option(
            "--from", help="With --speed: what arrived before this UTC time is delivered at once."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
) -> None:
    """Load a file of any system through a mapping.

    Every row is accepted, known already, or put aside with a reason, and the
    report adds up. Loading a file twice changes nothing; a load that was
    interrupted is simply repeated.

    Try it first, storing nothing:

      vigia load log.csv.zip --as tickets --tenant acme --create-tenant --dry-run

    Tracks, and doors with a mapping of your own:

      vigia load tracks.csv.gz --as gps --tenant acme

      vigia load doors.csv --as access --tenant acme --mapping doors.yaml

    A simulated company, as a history or as if it lived now:

      vigia load /tmp/world --as world

      vigia load /tmp/world --as world --speed 60 --from 2026-03-23

    Exit code 0: every row is in. 3: some rows were put aside, and
    `vigia quarantine list` shows them. 1: nothing could be loaded.
    """
    from rich.console import Console

    from vigia.ingest.loader import LoadRequest
    from vigia.ingest.mapping import find_mapping

    console = Console(stderr=True)
    if kind is LoadKind.WORLD:
        report = _run_world(_database(), path, console, speed, paced_from)
    else:
        chosen = find_mapping(mapping) if mapping else None
        request = LoadRequest(path, cast("MappedKind", kind.value), chosen, dry_run)
        database = _database()
        with _target(database, tenant, create=create_tenant, dry_run=dry_run) as tenant_id:
            report = _run(database, tenant_id, request, console)
    if as_json:
        print(json.dumps(_summary(report)))
    else:
        _show(report, console, dry_run=dry_run)
    if report.quarantined:
        some = report.accepted or report.duplicate
        raise typer.Exit(SOME_QUARANTINED if some else NOTHING_ACCEPTED)


def _database() -> Database:
    """Reach the database, and make sure that it holds the product's tables."""
    from vigia.config.settings import Settings
    from vigia.domain.errors import VigiaError
    from vigia.store.migrate import current_revision

    database = Settings().database()
    if current_revision(database) is None:
        raise VigiaError("The database has no tables of Vigia yet. Run `vigia migrate` first.")
    return database


@contextmanager
def _target(database: Database, slug: str | None, *, create: bool, dry_run: bool) -> Iterator[UUID]:
    """Find or make the tenant; one made for a dry run is gone afterwards."""
    from vigia.domain.errors import VigiaError
    from vigia.store.tenants import create_tenant, list_tenants, remove_empty_tenant
    from vigia.worker.runbooks import seed

    tenants = {t.slug: t.tenant_id for t in list_tenants(database)}
    if slug is None and len(tenants) == 1:
        slug = next(iter(tenants))
    if slug is None:
        known = f"There are {', '.join(sorted(tenants))}." if tenants else "There is none yet."
        raise VigiaError(f"Name the tenant: --tenant NAME. {known} --create-tenant makes one.")
    if slug in tenants:
        yield tenants[slug]
        return
    if not create:
        known = ", ".join(sorted(tenants)) or "none"
        raise VigiaError(
            f"There is no tenant {slug!r} (there are: {known}). Check the name, or make it with "
            "--create-tenant."
        )
    made = create_tenant(database, slug, clock_mode="data")
    seed(database, made.tenant_id, now=datetime.now(UTC))
    try:
        yield made.tenant_id
    finally:
        if dry_run:
            remove_empty_tenant(database, slug)


def _run(database: Database, tenant_id: UUID, request: LoadRequest, console: Console) -> LoadReport:
    """Load with a progress bar by bytes of the file."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from vigia.ingest.loader import load as load_file
    from vigia.ingest.readers import bytes_on_disk

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[rows]:,} rows"),
        TimeElapsedColumn(),
    )
    size = bytes_on_disk(request.path)
    quiet = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=quiet) as bar:
        task = bar.add_task(f"Loading {request.path.name}", total=size, rows=0)
        return load_file(
            database,
            tenant_id,
            request,
            now=datetime.now(UTC),
            progress=lambda rows, done: bar.update(task, completed=done, rows=rows),
        )


def _run_world(
    database: Database, root: Path, console: Console, speed: float | None, start: datetime | None
) -> LoadReport:
    """Load a simulated world, all at once or by its own clock."""
    import time

    from rich.progress import Progress, TextColumn, TimeElapsedColumn

    from vigia.services.world import Pace, feed_world, load_world

    columns = (TextColumn("{task.description}: {task.fields[rows]:,} rows"), TimeElapsedColumn())
    quiet = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=quiet) as bar:
        task = bar.add_task(f"Loading {root.name}", total=None, rows=0)

        def tell(slug: str, rows: int, _bytes: int) -> None:
            bar.update(task, description=f"Loading {slug}", rows=rows)

        if speed is None:
            return load_world(database, root, now=datetime.now(UTC), progress=tell).whole
        begin = start.replace(tzinfo=UTC) if start else None
        pace = Pace(speed, begin, lambda: datetime.now(UTC), time.sleep)
        return feed_world(database, root, pace, progress=tell).whole


def _summary(report: LoadReport) -> dict[str, Any]:
    return {
        "rows": report.rows,
        "accepted": report.accepted,
        "duplicate": report.duplicate,
        "quarantined": report.quarantined,
        "reasons": dict(sorted(report.reasons.items())),
    }


def _show(report: LoadReport, console: Console, *, dry_run: bool) -> None:
    """Tell a person what became of the rows; reasons come with an example and what to do."""
    from rich.markup import escape

    from vigia.domain.telemetry.reasons import Reason

    verb = "would be accepted" if dry_run else "accepted"
    through = f" through {', '.join(dict.fromkeys(report.mappings))}" if report.mappings else ""
    console.print(
        f"{report.rows:,} rows{through}: [bold]{report.accepted:,} {verb}[/], "
        f"{report.duplicate:,} known already, {report.quarantined:,} put aside.",
        soft_wrap=True,
    )
    if made := ", ".join(f"{table} {n:,}" for table, n in report.created.items() if n):
        console.print(f"Made, because the file names them: {made}.", soft_wrap=True)
    for code, count in report.reasons.most_common():
        console.print(
            f"\n[yellow]{count:,} × {code}[/]: {escape(Reason(code).explanation)}", soft_wrap=True
        )
        for example in report.examples.get(code, []):
            text = f"  line {example['line_no']}: {example['reason']}"
            console.print(escape(text), highlight=False, soft_wrap=True)
