"""Runbooks of tenants in Postgres: the product's, seeded, and their own, which come first.

What a runbook is, and which one a finding gets, belongs to `vigia.domain.findings.runbooks`;
reading files to `vigia.config.runbooks`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from vigia.domain.findings.actions import AutoAction, Mode
from vigia.domain.findings.runbooks import Book, FrontMatter, Role, Runbook, as_row
from vigia.domain.findings.types import Category, Severity
from vigia.domain.identity import reference_id

if TYPE_CHECKING:
    import psycopg

Origin = Literal["product", "tenant"]
_JSON = frozenset({"also_for", "steps", "evidence_required", "escalate_to", "auto_actions"})


@dataclass(frozen=True, slots=True)
class Seeded:
    """What seeding did: runbooks that are new, that changed, and that the product no longer has."""

    added: int
    changed: int
    retired: int


@dataclass(frozen=True, slots=True)
class Shelf:
    """The runbooks of a tenant.

    Attributes:
        own: Its own, in order of id.
        shared: The product's, in order of id.
        book: Finds the one for a finding.
        ids: Id of each runbook's row.
    """

    own: tuple[Runbook, ...]
    shared: tuple[Runbook, ...]
    book: Book
    ids: Mapping[Runbook, UUID]


def seed_runbooks(
    connection: psycopg.Connection, tenant_id: UUID, runbooks: Iterable[Runbook], at: datetime
) -> Seeded:
    """Give a tenant the product's runbooks; doing it again changes nothing.

    Args:
        connection: Inside a transaction.
        tenant_id: Whose.
        runbooks: The product's.
        at: When.
    """
    wanted = {runbook.id: runbook for runbook in runbooks}
    known = _versions(connection, tenant_id)
    rows = {code: _row(tenant_id, "product", runbook) for code, runbook in wanted.items()}
    fresh = [code for code in sorted(rows) if code not in known]
    changed = [code for code in sorted(rows) if code in known and known[code] != rows[code]]
    for code in (*fresh, *changed):
        _upsert(connection, tenant_id, rows[code], at)
    retired = sorted(code for code, row in known.items() if row["is_active"] and code not in rows)
    connection.execute(
        "UPDATE ops.runbook SET is_active = false, updated_at = %s"
        " WHERE tenant_id = %s AND origin = 'product' AND code = ANY(%s)",
        [at, tenant_id, retired],
    )
    return Seeded(len(fresh), len(changed), len(retired))


def keep_own(
    connection: psycopg.Connection, tenant_id: UUID, runbook: Runbook, at: datetime
) -> UUID:
    """Keep a tenant's own runbook, in place of one of the same id.

    Returns:
        The id of its row.

    Raises:
        RunbookError: Another one of the tenant's own claims the same type.
    """
    others = [found for found in _read(connection, tenant_id, "tenant") if found.id != runbook.id]
    # Whoever may not stand together is refused before anything is written.
    Book(_read(connection, tenant_id, "product"), [*others, runbook])
    row = _row(tenant_id, "tenant", runbook)
    _upsert(connection, tenant_id, row, at)
    identity: UUID = row["runbook_id"]
    return identity


def read_shelf(connection: psycopg.Connection, tenant_id: UUID) -> Shelf:
    """The runbooks that findings of a tenant may get.

    Raises:
        RunbookError: It has none for what has none; seed them.
    """
    own, shared = (tuple(_read(connection, tenant_id, each)) for each in ("tenant", "product"))
    ids = {
        runbook: _id(tenant_id, origin, runbook.id)
        for origin, found in (("product", shared), ("tenant", own))
        for runbook in found
    }
    return Shelf(own, shared, Book(shared, own), ids)


def _id(tenant_id: UUID, origin: str, code: str) -> UUID:
    return reference_id(tenant_id, "runbook", f"{origin}:{code}")


def _row(tenant_id: UUID, origin: Origin, runbook: Runbook) -> dict[str, Any]:
    identity = _id(tenant_id, origin, runbook.id)
    return {"runbook_id": identity, "origin": origin, "is_active": True, **as_row(runbook)}


def _versions(connection: psycopg.Connection, tenant_id: UUID) -> dict[str, dict[str, Any]]:
    """The product's runbooks as they are kept, by code."""
    from psycopg.rows import dict_row

    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT * FROM ops.runbook WHERE tenant_id = %s AND origin = 'product'", [tenant_id]
        ).fetchall()
    housekeeping = {"tenant_id", "updated_at"}
    return {
        row["code"]: {name: value for name, value in row.items() if name not in housekeeping}
        for row in rows
    }


def _upsert(
    connection: psycopg.Connection, tenant_id: UUID, row: Mapping[str, Any], at: datetime
) -> None:
    from psycopg.types.json import Jsonb

    values = {name: Jsonb(value) if name in _JSON else value for name, value in row.items()}
    values |= {"tenant_id": tenant_id, "updated_at": at}
    names = list(values)
    changes = ", ".join(f"{name} = excluded.{name}" for name in names)
    connection.execute(
        f"INSERT INTO ops.runbook ({', '.join(names)})"
        f" VALUES ({', '.join(f'%({name})s' for name in names)})"
        f" ON CONFLICT (tenant_id, runbook_id) DO UPDATE SET {changes}",
        values,
    )


def _read(connection: psycopg.Connection, tenant_id: UUID, origin: str) -> list[Runbook]:
    from psycopg.rows import dict_row

    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT * FROM ops.runbook WHERE tenant_id = %s AND origin = %s AND is_active"
            " ORDER BY code",
            [tenant_id, origin],
        ).fetchall()
    return [_runbook(row) for row in rows]


def _runbook(row: Mapping[str, Any]) -> Runbook:
    front = FrontMatter(
        id=row["code"],
        finding_type=row["finding_type"],
        category=Category(row["category"]),
        severity=Severity(row["severity"]),
        title=row["title"],
        owner=Role(row["owner"]),
        escalate_after_min=row["escalation_sla_min"],
        escalate_to=tuple(map(Role, row["escalate_to"])),
        evidence_required=tuple(row["evidence_required"]),
        done_when=row["done_when"],
        version=row["version"],
        auto_actions=tuple(
            AutoAction(each["action"], each["does"], Mode(each["highest_mode"]), each["when"])
            for each in row["auto_actions"]
        ),
        also_for=tuple(row["also_for"]),
    )
    return Runbook(front, row["purpose"], tuple(row["steps"]))
