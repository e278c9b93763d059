"""The `vigia` command: the list of commands, and how an error reaches a person.

Belongs here: the table of commands. Does not belong here: any command; each lives in a module of
its group, imported when it is asked for, so that `vigia --help` stays quick.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from vigia.domain.errors import VigiaError

# Command name → the module whose `app` has a command of that name, or is the group of that name.
COMMANDS = {
    "demo": "vigia.cli.demo",
    "up": "vigia.cli.platform",
    "down": "vigia.cli.platform",
    "status": "vigia.cli.platform",
    "migrate": "vigia.cli.platform",
    "simulate": "vigia.cli.simulate",
    "evaluate": "vigia.cli.evaluate",
    "replay": "vigia.cli.replay",
    "explain": "vigia.cli.replay",
    "load": "vigia.cli.load",
    "quarantine": "vigia.cli.quarantine",
    "tenant": "vigia.cli.tenant",
    "runbooks": "vigia.cli.runbooks",
    "thresholds": "vigia.cli.thresholds",
    "docs": "vigia.cli.docs",
    "bench": "vigia.cli.bench",
}


class LazyCommands(TyperGroup):
    """Imports a command's module when the command is asked for."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override] # noqa: ARG002
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override] # noqa: ARG002
        """Return one command or group, or None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        group = get_group(import_module(COMMANDS[cmd_name]).app)
        group.name = cmd_name
        return group.commands.get(cmd_name, group)

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        """Run the command; what a person can put right is told without a traceback."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            message = _for_a_person(error)
            if message is None:
                raise
            typer.secho(f"vigia: {message}", fg=typer.colors.RED, err=True)
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=LazyCommands,
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    # Rich help imports a Markdown parser: 0.7 s of CPU time for a list of commands, against 0.25.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def main() -> None:
    """Operations intelligence for guarded sites and facilities."""


def _for_a_person(error: Exception) -> str | None:
    """Return what to print instead of a traceback; None for a mistake of ours."""
    if isinstance(error, VigiaError):
        return str(error)
    # Only a command that imported the driver can have met its errors.
    driver = sys.modules.get("psycopg")
    if driver is not None and isinstance(error, driver.OperationalError):
        return (
            f"The database does not answer: {str(error).strip()}\n"
            "Look at `vigia status`; start the embedded server with `vigia up --only postgres`, "
            "or check VIGIA_DATABASE_URL."
        )
    settings = sys.modules.get("pydantic")
    if settings is not None and isinstance(error, settings.ValidationError):
        problems = "; ".join(
            f"VIGIA_{'_'.join(map(str, problem['loc'])).upper()}: {problem['msg']}"
            for problem in error.errors()
        )
        return f"A setting is wrong. {problems}. Correct it in the environment or in .env."
    return None
