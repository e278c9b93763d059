"""`vigia runbooks`: give companies the product's runbooks, list them, add a company's own.

Belongs here: options and how runbooks are shown. Does not belong here: what a runbook is
(`vigia.domain.findings.runbooks`), or which one a finding gets.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="What to do about findings: runbooks of companies.", no_args_is_help=True)

_Slug = Annotated[str, typer.Option("--tenant", help="Short name of the company.")]
_AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


@app.callback()
def _group() -> None:
    """What to do about findings: runbooks of companies."""


@app.command()
def seed(
    tenant: Annotated[
        str | None, typer.Option(help="Short name of one company; all when missing.")
    ] = None,
    as_json: _AsJson = False,
) -> None:
    """Give companies the runbooks that the product ships; doing it again changes nothing.

    For example:  vigia runbooks seed --tenant acme
    """
    from dataclasses import asdict
    from datetime import UTC, datetime

    from vigia.config.settings import Settings
    from vigia.store.tenants import list_tenants, tenant_named
    from vigia.worker.runbooks import seed as seed_tenant

    database = Settings().database()
    chosen = [tenant_named(database, tenant)] if tenant else list_tenants(database)
    done = {t.slug: seed_tenant(database, t.tenant_id, now=datetime.now(UTC)) for t in chosen}
    if as_json:
        print(json.dumps({slug: asdict(found) for slug, found in done.items()}))
        return
    for slug, found in done.items():
        typer.echo(
            f"{slug:<20} {found.added} new, {found.changed} changed, {found.retired} retired"
        )


@app.command("list")
def list_all(tenant: _Slug, as_json: _AsJson = False) -> None:
    """List the runbooks of a company; its own come before the product's."""
    from vigia.config.settings import Settings
    from vigia.store.connection import Role
    from vigia.store.runbooks import read_shelf
    from vigia.store.tenants import tenant_named

    database = Settings().database()
    found = tenant_named(database, tenant)
    with database.transaction(Role.APP, found.tenant_id) as connection:
        shelf = read_shelf(connection, found.tenant_id)
    rows = [
        {
            "id": runbook.id,
            "origin": "tenant" if runbook in shelf.own else "product",
            "types": list(runbook.front.types),
            "title": runbook.front.title,
            "version": runbook.front.version,
        }
        for runbook in (*shelf.own, *shelf.shared)
    ]
    if as_json:
        print(json.dumps({"runbooks": rows}))
        return
    for row in rows:
        typer.echo(f"{row['id']:<8} {row['origin']:<8} v{row['version']:<3} {row['title']}")


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="Markdown with front matter.", exists=True)],
    tenant: _Slug,
) -> None:
    """Add a company's own runbook, or a new version of it; it comes before the product's.

    For example:  vigia runbooks add doors.md --tenant acme
    """
    from datetime import UTC, datetime

    from vigia.config.runbooks import read_runbook
    from vigia.config.settings import Settings
    from vigia.store.connection import Role
    from vigia.store.runbooks import keep_own
    from vigia.store.tenants import tenant_named

    database = Settings().database()
    found = tenant_named(database, tenant)
    runbook = read_runbook(file.read_text(encoding="utf-8"), str(file))
    with database.transaction(Role.APP, found.tenant_id) as connection:
        keep_own(connection, found.tenant_id, runbook, datetime.now(UTC))
    typer.echo(f"{runbook.id} version {runbook.front.version} is {tenant}'s own now.")
