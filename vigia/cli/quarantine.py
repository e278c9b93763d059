"""`vigia quarantine`: look at events that were put aside, try them again, or discard them.

Belongs here: options and how it is shown. Does not belong here: why events are put aside
(`vigia.domain.telemetry`) or how they are tried again (`vigia.ingest.quarantine`).
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

if TYPE_CHECKING:
    from vigia.store.connection import Database

app = typer.Typer(help="Events that were put aside, with the reason.", no_args_is_help=True)

Tenant = Annotated[str, typer.Option("--tenant", help="Short name of the tenant.")]
Code = Annotated[str | None, typer.Option("--reason", help="Only events with this reason code.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


@app.callback()
def _group() -> None:
    """Events that were put aside, with the reason."""


@app.command("list")
def list_some(
    tenant: Tenant,
    reason: Code = None,
    state: Annotated[str, typer.Option(help="open, replayed or discarded.")] = "open",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Events on a page.")] = 20,
    page: Annotated[int, typer.Option(min=1, help="Which page.")] = 1,
    as_json: Json = False,
) -> None:
    """Show how many events wait for which reason, and one page of them.

    For example:  vigia quarantine list --tenant acme --reason late_over_72h
    """
    from vigia.store import quarantine
    from vigia.store.connection import Role

    database, tenant_id = _of(tenant)
    with database.transaction(Role.APP, tenant_id) as connection:
        counts = quarantine.count_by_reason(connection, tenant_id, state=state)
        rows = quarantine.page(
            connection,
            tenant_id,
            reason_code=reason,
            state=state,
            limit=limit,
            offset=(page - 1) * limit,
        )
    if as_json:
        print(json.dumps({"reasons": counts, "events": rows}, default=str))
        return
    _show(counts, rows, state)


@app.command()
def replay(
    tenant: Tenant,
    ids: Annotated[list[UUID] | None, typer.Argument(help="Only these; all when left out.")] = None,
    reason: Code = None,
    accept_late: Annotated[
        bool, typer.Option(help="Accept events more than 72 hours late: you know they are right.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Judge events again by today's rules and store what passes; the rest stays where it is.

    For example:  vigia quarantine replay --tenant acme --reason late_over_72h --accept-late
    """
    from vigia.ingest.quarantine import replay as try_again

    database, tenant_id = _of(tenant)
    report = try_again(
        database,
        tenant_id,
        now=datetime.now(UTC),
        resolver="vigia quarantine replay",
        reason_code=reason,
        ids=ids or None,
        accept_late=accept_late,
    )
    if as_json:
        print(json.dumps(asdict(report), default=str))
        return
    typer.echo(
        f"{report.rows} tried: {report.accepted} accepted, {report.duplicate} known already, "
        f"{report.quarantined} put aside again"
    )
    for code, count in report.reasons.items():
        typer.echo(f"  {count:>8}  {code}")


@app.command()
def discard(
    tenant: Tenant,
    ids: Annotated[list[UUID], typer.Argument(help="The events; `list` shows their ids.")],
) -> None:
    """Settle events as not wanted; they are kept, but never tried again."""
    from vigia.ingest.quarantine import discard as settle

    database, tenant_id = _of(tenant)
    count = settle(database, tenant_id, ids, resolver="vigia quarantine discard")
    typer.echo(f"{count} of {len(ids)} discarded")


def _of(slug: str) -> tuple[Database, UUID]:
    from vigia.config.settings import Settings
    from vigia.store.tenants import tenant_named

    database = Settings().database()
    return database, tenant_named(database, slug).tenant_id


def _show(counts: dict[str, int], rows: list[dict[str, Any]], state: str) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    if not counts:
        console.print(f"Nothing is {state}.")
        return
    console.print("  ".join(f"{code} [bold]{count}[/bold]" for code, count in counts.items()))
    table = Table("id", "line", "source", "event", "tries", "reason")
    for row in rows:
        # What was sent is data: it may neither style the terminal nor look like our words.
        source, name = (escape(str(row[n] or "")) for n in ("source", "source_event_id"))
        table.add_row(
            str(row["q_id"]),
            str(row["line_no"] or ""),
            source,
            name,
            str(row["attempts"]),
            escape(row["reason"]),
        )
    console.print(table)
