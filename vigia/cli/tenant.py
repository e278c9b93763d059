"""`vigia tenant`: make and list the companies that use the platform.

Belongs here: options and how tenants are shown. Does not belong here: what a tenant is made of
(`vigia.store.tenants`).
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer

app = typer.Typer(help="The companies that use the platform.", no_args_is_help=True)


class Clock(StrEnum):
    """What "now" means for a tenant."""

    WALL = "wall"
    DATA = "data"


@app.callback()
def _group() -> None:
    """The companies that use the platform."""


@app.command()
def create(
    slug: Annotated[
        str, typer.Argument(help="Short name: lower-case letters, digits and hyphens.")
    ],
    name: Annotated[str | None, typer.Option(help="Name for people.")] = None,
    country: Annotated[str | None, typer.Option(help="ISO 3166 code of its seat.")] = None,
    tz: Annotated[str, typer.Option(help="IANA zone of sites that name none.")] = "UTC",
    clock: Annotated[
        Clock,
        typer.Option(help='What "now" is: the wall clock, or the newest event of a history.'),
    ] = Clock.WALL,
) -> None:
    """Make a tenant with its query role, retention and runbooks; one that is there is left as it is.

    For example:  vigia tenant create acme --name "Acme Guarding" --tz Europe/Madrid
    """
    from datetime import UTC, datetime

    from vigia.config.settings import Settings
    from vigia.store.tenants import create_tenant
    from vigia.worker.runbooks import seed

    database = Settings().database()
    tenant = create_tenant(
        database,
        slug,
        name=name,
        country=country,
        default_tz=tz,
        clock_mode=clock.value,
    )
    seed(database, tenant.tenant_id, now=datetime.now(UTC))
    typer.echo(f"{tenant.slug}  {tenant.tenant_id}")


@app.command("list")
def list_all(
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
) -> None:
    """List the tenants."""
    from vigia.config.settings import Settings
    from vigia.store.tenants import list_tenants

    tenants = list_tenants(Settings().database())
    if as_json:
        rows = [
            {
                "slug": t.slug,
                "tenant_id": str(t.tenant_id),
                "name": t.name,
                "default_tz": t.default_tz,
                "status": t.status,
                "clock_mode": t.clock_mode,
            }
            for t in tenants
        ]
        print(json.dumps({"tenants": rows}))
        return
    for t in tenants:
        typer.echo(f"{t.slug:<20} {t.tenant_id}  {t.default_tz:<20} {t.clock_mode:<5} {t.name}")
    if not tenants:
        typer.echo("There is no tenant yet. Make one: vigia tenant create NAME", err=True)
