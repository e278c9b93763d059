"""`vigia replay` and `vigia explain`: what the rules find in a past window, and why not more.

Belongs here: options and how it is shown. Does not belong here: replaying (`vigia.worker.replay`),
or what changes with other numbers (`vigia.domain.findings.whatif`).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

if TYPE_CHECKING:
    import polars as pl
    from rich.table import Table

    from vigia.domain.findings.explain import Explanation
    from vigia.domain.findings.pattern import Pattern
    from vigia.store.connection import Database

app = typer.Typer()

Tenant = Annotated[str, typer.Option("--tenant", help="Short name of the tenant.")]
Policy = Annotated[
    Path | None,
    typer.Option(help="YAML with other numbers, such as `K01: {window_min: 45}`."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
_SHOWN = 40


@app.command()
def replay(
    tenant: Tenant,
    first: Annotated[str, typer.Option("--from", help="Start: 2026-03-02T00:00Z")],
    last: Annotated[str, typer.Option("--to", help="End: 2026-03-03T00:00Z")],
    step: Annotated[float, typer.Option(min=1, help="Seconds between two looks.")] = 300,
    policy: Policy = None,
    as_json: Json = False,
) -> None:
    r"""Look at a past window as if live, seeing only what had arrived by each instant.

    Nothing is stored. With --policy the same window is looked at with other numbers too, and what
    differs is shown finding by finding: new, gone, earlier, later.

    \b
      vigia replay --tenant acme --from 2026-03-02T00:00Z --to 2026-03-03T00:00Z
      vigia replay --tenant acme --from 2026-03-02 --to 2026-03-09 --policy bolder.yaml
    """
    from rich.console import Console
    from rich.progress import Progress

    from vigia.config.policy import detection_policy
    from vigia.domain.findings.detect import RULES
    from vigia.domain.findings.whatif import difference
    from vigia.worker.replay import replay as run

    database, tenant_id = _of(tenant)
    start, end = _instant(first, "--from"), _instant(last, "--to")
    policies = [RULES, *([detection_policy(policy)] if policy else [])]
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Replaying", total=max((end - start).total_seconds(), 1))
        found = run(
            database,
            tenant_id,
            first=start,
            last=end,
            step=timedelta(seconds=step),
            policies=policies,
            progress=lambda at: bar.update(task, completed=(at - start).total_seconds()),
        )
    changes = difference(*found) if policy else None
    if as_json:
        print(json.dumps(_as_dict(found[0], changes), default=str))
        return
    if changes is None:
        _show(found[0])
    else:
        _show_changes(changes)


@app.command()
def explain(
    tenant: Tenant,
    site: Annotated[str, typer.Option(help="Code of the site.")],
    pattern: Annotated[str, typer.Option(help="Code of the pattern, such as K01.")],
    at: Annotated[str, typer.Option(help="The instant: 2026-03-02T04:15Z")],
    policy: Policy = None,
    as_json: Json = False,
) -> None:
    r"""Say which condition of a pattern failed at a site and instant, and by how much.

    \b
      vigia explain --tenant acme --site S0001 --pattern K01 --at 2026-03-02T04:15Z
    """
    from dataclasses import asdict

    from vigia.worker.replay import explain_at

    database, tenant_id = _of(tenant)
    chosen = _pattern(pattern, policy)
    told = explain_at(database, tenant_id, chosen, site, _instant(at, "--at"))
    if as_json:
        print(json.dumps({"pattern": chosen.code, "scopes": [asdict(each) for each in told]}))
        return
    _show_why(chosen, told)


def _of(slug: str) -> tuple[Database, UUID]:
    from vigia.config.settings import Settings
    from vigia.store.tenants import tenant_named

    database = Settings().database()
    return database, tenant_named(database, slug).tenant_id


def _instant(text: str, option: str) -> datetime:
    from vigia.domain.errors import VigiaError

    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise VigiaError(
            f"{option} is {text!r}; write an instant such as 2026-03-02T04:15Z."
        ) from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _pattern(code: str, policy: Path | None) -> Pattern:
    from vigia.config.policy import detection_policy
    from vigia.domain.errors import VigiaError
    from vigia.domain.findings.detect import RULES

    patterns = detection_policy(policy) if policy else RULES
    for found in patterns:
        if found.code == code.upper():
            return found
    known = ", ".join(f"{each.code} ({each.name})" for each in patterns)
    raise VigiaError(f"There is no pattern {code!r}. There are {known}.")


def _as_dict(found: pl.DataFrame, changes: pl.DataFrame | None) -> dict[str, object]:
    columns = ("type", "subtype", "scope_kind", "scope_id", "site_id", "severity", "detected_at")
    rows = found.select(*columns, "cleared_at", "evidence_state", "inhibited_by").to_dicts()
    told: dict[str, object] = {"findings": rows}
    return told if changes is None else told | {"changes": changes.to_dicts()}


def _show(found: pl.DataFrame) -> None:
    """How many findings of each type, and of what became of them."""
    import polars as pl
    from rich.console import Console

    table = _table("Findings", "Type", "Raised", "Retracted", "Muted", "Open")
    by_type = found.group_by("type").agg(
        pl.len(),
        (pl.col("evidence_state") == "retracted").sum().alias("retracted"),
        pl.col("inhibited_by").is_not_null().sum().alias("muted"),
        pl.col("cleared_at").is_null().sum().alias("open"),
    )
    for row in by_type.sort("type").iter_rows():
        table.add_row(row[0], *map(str, row[1:]))
    console = Console()
    console.print(table if found.height else "Nothing was found in that window.")


def _show_changes(changes: pl.DataFrame) -> None:
    import polars as pl
    from rich.console import Console

    console = Console()
    counts = dict(changes["change"].value_counts().iter_rows())
    console.print("  ".join(f"{name} [bold]{count}[/bold]" for name, count in counts.items()))
    table = _table(
        "What differs", "Change", "Type", "Scope", "As it is", "With the policy", "Minutes"
    )
    apart = changes.filter(pl.col("change") != "same")
    for row in apart.head(_SHOWN).iter_rows(named=True):
        table.add_row(
            row["change"],
            row["type"],
            f"{row['scope_kind']} {row['scope_id'][:13]}",
            *(f"{at:%m-%d %H:%M}" if at else "-" for at in (row["before_at"], row["after_at"])),
            "-" if row["minutes"] is None else f"{row['minutes']:+.0f}",
        )
    if apart.height:
        console.print(table)
    if apart.height > _SHOWN:
        console.print(f"{apart.height - _SHOWN} more: --json has all of them.")


def _show_why(pattern: Pattern, told: list[Explanation]) -> None:
    from rich.console import Console

    console = Console()
    if not told:
        console.print(f"{pattern.code} has nothing to look at there: {pattern.precondition}.")
    for each in told[:_SHOWN]:
        state = "raised" if each.raised else "not raised"
        muted = ", muted by planned work" if each.muted else ""
        console.print(
            f"{each.kind}, {each.scope_kind} {each.scope_id}: {state}{muted}", soft_wrap=True
        )
        table = _table(
            "",
            "Condition",
            "Was",
            "Asked",
            "Missed by",
        )
        for condition in each.conditions:
            table.add_row(
                condition.name,
                "unknown" if condition.value is None else f"{condition.value:g}",
                f"{'≥' if condition.at_least else '≤'} {condition.bound:g}",
                "-" if condition.lacks in (0.0, None) else f"{condition.lacks:g}",
            )
        console.print(table)


def _table(title: str, *columns: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place else "left", no_wrap=not place)
    return table
