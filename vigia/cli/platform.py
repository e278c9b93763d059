"""`vigia up`, `down`, `status` and `migrate`: running the platform.

Belongs here: options, the table of addresses, exit codes. Does not belong here: what the commands
do (`vigia.services.platform`).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from vigia.config.settings import Settings
    from vigia.services.supervisor import Status

app = typer.Typer()

NOT_RUNNING = 3
NOT_HEALTHY = 4


@app.command()
def up(
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="Start only this service: postgres, dagster, streamlit or mlflow. Repeatable. "
            "`--only postgres` returns when the database is ready and leaves it running."
        ),
    ] = None,
) -> None:
    """Run the platform in the foreground; Ctrl-C or `vigia down` stops all of it."""
    from rich.console import Console

    from vigia.config.settings import Settings
    from vigia.services import platform

    settings = Settings()
    console = Console(stderr=True)
    if only == ["postgres"]:
        with console.status("Starting PostgreSQL …"):
            platform.start_database(settings)
        console.print("PostgreSQL is ready. `vigia down` stops it.")
        return
    serve_in_foreground(settings, only)


def serve_in_foreground(
    settings: Settings, only: list[str] | None, *, owns_server: bool = False
) -> None:
    """Run services until they are told to stop, and print where they are.

    Args:
        settings: The installation.
        only: Groups of services; None for all.
        owns_server: This command started the embedded server, so that it ends with the rest.
    """
    from rich.console import Console

    from vigia.services import platform

    console = Console(stderr=True)
    console.print(f"Starting the platform in {settings.home} …")

    def settled(services: Sequence[Status]) -> None:
        Console().print(_table(services))
        console.print("Ctrl-C here, or `vigia down` elsewhere, stops all of it.")

    platform.up(
        settings,
        only,
        on_change=lambda status: console.print(_line(status), highlight=False, soft_wrap=True),
        when_settled=settled,
        owns_server=owns_server,
    )


@app.command()
def down() -> None:
    """Stop everything that runs for this VIGIA_HOME, the database server last."""
    from rich.console import Console

    from vigia.config.settings import Settings
    from vigia.services import platform

    console = Console(stderr=True)
    with console.status("Stopping …"):
        stopped = platform.down(Settings())
    console.print(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was running.")


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show what runs, where, and how it is.

    Exit code 0: all ready; 3: nothing runs; 4: something is not ready.
    """
    from rich.console import Console

    from vigia.config.settings import Settings
    from vigia.services import platform
    from vigia.services.supervisor import State

    settings = Settings()
    services = platform.status(settings)
    is_ready = all(one.state is State.READY and not one.detail for one in services)
    if as_json:
        shown = [{**vars(one), "state": one.state.value} for one in services]
        print(json.dumps({"home": str(settings.home), "ready": is_ready, "services": shown}))
    elif services:
        Console().print(_table(services))
    else:
        print(f"Nothing runs for {settings.home}. Start it with `vigia up`.")
    if not services:
        raise typer.Exit(NOT_RUNNING)
    if not is_ready:
        raise typer.Exit(NOT_HEALTHY)


@app.command()
def migrate(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Bring the database to the newest schema; safe to repeat. The server must be running."""
    from vigia.config.settings import Settings
    from vigia.store.migrate import current_revision
    from vigia.store.migrate import migrate as bring_to_head

    database = Settings().database()
    before = current_revision(database)
    after = bring_to_head(database)
    if as_json:
        print(json.dumps({"before": before, "after": after}))
    else:
        print(
            f"Already at {after}." if before == after else f"From {before or 'empty'} to {after}."
        )


def _line(status: Status) -> str:
    """Say in one line what became of a service."""
    from rich.markup import escape

    colour = {"ready": "green", "restarting": "yellow"}.get(status.state, "dim")
    text = f"[{colour}]{status.title}: {status.state}[/]"
    return f"{text}: {escape(status.detail)}. Log: {status.log}" if status.detail else text


def _table(services: Sequence[Status]) -> Table:
    from rich.table import Table

    table = Table("Service", "State", "Address", "Process", "Restarts")
    for one in services:
        state = f"{one.state}: {one.detail}" if one.detail else str(one.state)
        table.add_row(one.title, state, one.url or "", str(one.pid or ""), str(one.restarts))
    return table
