"""Tenants: making one with everything it needs, and finding it again.

A tenant has a row, the retention it starts with, and a database role of its own under which
queries composed from a person's words run. Belongs here: the life of these. Does not belong
here: a tenant's data.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from vigia.domain.errors import VigiaError
from vigia.domain.identity import tenant_id
from vigia.store.connection import Database, Role

if TYPE_CHECKING:
    import psycopg

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
ClockMode = Literal["wall", "data"]
RetentionProfile = Literal["standard", "keep_all"]

RETENTION_DAYS: dict[str, tuple[int, str]] = {
    "gps_fix": (90, "raw positions; what is derived from them lives longer"),
    "device_heartbeat": (90, "raw telemetry"),
    "phone_event": (90, "raw telemetry"),
    "metric_sample": (90, "imported series; their hours and days live longer"),
    "signal_window": (90, "rebuildable from raw telemetry, which the lake keeps"),
    "metric_5m": (7, "rebuildable from raw data while those are kept"),
    "metric_1h": (90, "rolled up to days"),
    "metric_1d": (730, "two years of comparison"),
    "attendance_event": (1095, "BS 7499 asks for 12 months at least"),
    "checkpoint_scan": (1095, "BS 7499 asks for 12 months at least"),
    "tour_run": (1095, "BS 7499 asks for 12 months at least"),
    "welfare_check": (1095, "BS 7499 asks for 12 months at least"),
    "incident_report": (1095, "BS 7499 asks for 12 months at least"),
    "ticket": (1095, "BS 7499 asks for 12 months at least"),
    "visitor_visit": (90, "people who are not staff; the count of visits stays"),
    "biometric_template": (30, "after the person has left"),
    "audit_log": (2555, "seven years"),
}
"""What a tenant of the `standard` profile starts with: record type to days and why that long."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """A guarding company that uses the platform."""

    tenant_id: UUID
    slug: str
    name: str
    country: str | None
    default_tz: str
    status: str
    clock_mode: ClockMode


def create_tenant(
    database: Database,
    slug: str,
    *,
    name: str | None = None,
    country: str | None = None,
    default_tz: str = "UTC",
    clock_mode: ClockMode = "wall",
    retention_profile: RetentionProfile = "standard",
) -> Tenant:
    """Make a tenant, its query role and its retention; safe to repeat, and then changes nothing.

    Args:
        database: At the newest migration; its administrator may create roles.
        slug: Short name in addresses and file names; the tenant's id is computed from it.
        name: For people; the slug when missing.
        country: ISO 3166 code of its seat.
        default_tz: IANA zone of sites that name none.
        clock_mode: `data` for an imported history, whose "now" is its newest event.
        retention_profile: `keep_all` deletes nothing, for a history that is only looked at.

    Returns:
        The tenant as it is stored, whoever made it.

    Raises:
        VigiaError: The slug or the zone is not legal.
    """
    if not SLUG.fullmatch(slug):
        raise VigiaError(
            f"{slug!r} cannot be a tenant's short name. Use lower-case letters, digits and "
            "hyphens, 63 at most, beginning with a letter or digit."
        )
    _check_zone(default_tz)
    identity = tenant_id(slug)
    # The role comes first, so that a tenant that is there has one even after a crash.
    _ensure_query_role(database, identity)
    with database.transaction(Role.WORKER) as connection:
        connection.execute(
            "INSERT INTO ops.tenant (tenant_id, name, slug, country, default_tz, locale, status,"
            " retention_profile, clock_mode)"
            " VALUES (%s, %s, %s, %s, %s, 'en', 'active', %s, %s)"
            " ON CONFLICT DO NOTHING",
            [identity, name or slug, slug, country, default_tz, retention_profile, clock_mode],
        )
        _add_retention(connection, identity)
    found = find_tenant(database, slug)
    assert found is not None
    return found


def remove_empty_tenant(database: Database, slug: str) -> None:
    """Unmake a tenant that holds nothing.

    Raises:
        VigiaError: It has data, which a mistaken word must never delete.
    """
    from psycopg import errors, sql

    identity = tenant_id(slug)
    with database.transaction(Role.WORKER) as connection:
        # Whatever a tenant holds came in a delivery, and deliveries are never forgotten.
        held = "SELECT FROM ops.ingest_batch WHERE tenant_id = %s LIMIT 1"
        if connection.execute(held, [identity]).fetchone() is not None:
            raise VigiaError(f"The tenant {slug} has data and is kept.")
        for table in ("retention_policy", "runbook", "tenant"):
            connection.execute(f"DELETE FROM ops.{table} WHERE tenant_id = %s", [identity])
    role = query_role(identity)
    with database.connect() as connection:
        connection.execute("DELETE FROM ops.tenant_role WHERE role_name = %s", [role])
        # Another database of this server may have a tenant of that name.
        with suppress(errors.DependentObjectsStillExist):
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))


def find_tenant(database: Database, slug: str) -> Tenant | None:
    """The tenant of that short name, or None."""
    return next((t for t in list_tenants(database) if t.slug == slug), None)


def tenant_named(database: Database, slug: str) -> Tenant:
    """The tenant of that short name.

    Raises:
        VigiaError: There is none.
    """
    found = find_tenant(database, slug)
    if found is None:
        raise VigiaError(f"There is no tenant {slug!r}. `vigia tenant list` shows those there are.")
    return found


def list_tenants(database: Database) -> list[Tenant]:
    """All tenants by short name."""
    with database.transaction(Role.WORKER) as connection:
        rows = connection.execute(
            "SELECT tenant_id, slug, name, country, default_tz, status, clock_mode"
            " FROM ops.tenant ORDER BY slug"
        ).fetchall()
    return [Tenant(*row) for row in rows]


def query_role(tenant: UUID) -> str:
    """Name of the role that sees this tenant's rows and no others."""
    return f"{Role.QUERY}_{tenant.hex}"


def _ensure_query_role(database: Database, tenant: UUID) -> None:
    from psycopg import errors, sql

    name = query_role(tenant)
    role = sql.Identifier(name)
    password = sql.Literal(database.password(name))
    with database.connect() as connection:
        # Roles belong to the whole server, so another database may have made it already.
        with suppress(errors.DuplicateObject, errors.UniqueViolation):
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(role))
        connection.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(role, password))
        connection.execute(sql.SQL("GRANT vigia_query TO {}").format(role))
        connection.execute(
            "INSERT INTO ops.tenant_role (role_name, tenant_id) VALUES (%s, %s)"
            " ON CONFLICT DO NOTHING",
            [name, tenant],
        )


def _add_retention(connection: psycopg.Connection[Any], tenant: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO ops.retention_policy (tenant_id, record_type, days, basis)"
            " VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [(tenant, kind, days, basis) for kind, (days, basis) in RETENTION_DAYS.items()],
        )


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise VigiaError(
            f"{name!r} is not a time zone. Use a name such as UTC or Europe/Madrid."
        ) from error
