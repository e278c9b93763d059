"""`vigia thresholds`: what moved by what people said of findings, and taking it back.

Belongs here: options and how changes are shown. Does not belong here: when a threshold moves
(`vigia.domain.findings.tuning`).
"""

from __future__ import annotations

import json
from typing import Annotated
from uuid import UUID

import typer

app = typer.Typer(help="Thresholds that moved by themselves.", no_args_is_help=True)

_Slug = Annotated[str, typer.Option("--tenant", help="Short name of the company.")]


@app.callback()
def _group() -> None:
    """Thresholds that moved by themselves."""


@app.command("list")
def list_all(
    tenant: _Slug,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
) -> None:
    """List every change with who made it, why, and what it meant for the findings judged."""
    from vigia.config.settings import Settings
    from vigia.store.connection import Role
    from vigia.store.tenants import tenant_named
    from vigia.store.thresholds import history

    database = Settings().database()
    identity = tenant_named(database, tenant).tenant_id
    with database.transaction(Role.APP, identity) as connection:
        changes = history(connection, identity)
    if as_json:
        print(json.dumps({"changes": changes}))
        return
    for change in changes:
        back = f"  taken back by {change['reverted_by']}" if change["reverted_by"] else ""
        typer.echo(
            f"{change['changed_at'][:16]}  {change['name']:<18} {change['old']:g} -> "
            f"{change['new']:g}  {change['reason']}  {change['change_id']}{back}"
        )
    if not changes:
        typer.echo("No threshold has moved.", err=True)


@app.command()
def revert(
    change: Annotated[UUID, typer.Argument(help="Id of the change, as `list` shows it.")],
    tenant: _Slug,
    by: Annotated[str, typer.Option(help="Who takes it back.")] = "operator",
) -> None:
    """Take a change back; the threshold then rests for four weeks.

    For example:  vigia thresholds revert 6f1c… --tenant acme --by asha
    """
    from datetime import UTC, datetime

    from vigia.config.settings import Settings
    from vigia.store.clock import tenant_now
    from vigia.store.connection import Role
    from vigia.store.tenants import tenant_named
    from vigia.store.thresholds import take_back

    database = Settings().database()
    identity = tenant_named(database, tenant).tenant_id
    wall = datetime.now(UTC)
    with database.transaction(Role.APP, identity) as connection:
        at = tenant_now(connection, identity, wall) or wall
        take_back(connection, identity, change, by, at)
    typer.echo(f"{change} was taken back.")
