"""Builders of recorded rows for the tests of lake and retention."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from vigia.domain.identity import event_id, reference_id, tenant_id
from vigia.store.connection import Database, Role

TENANT = tenant_id("acme")
SITE = reference_id(TENANT, "site", "S1")
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAY = date(2008, 10, 23)


def at(text: str) -> datetime:
    """An instant of UTC, such as `2008-10-23 02:53`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def add_tenant(
    database: Database, clock: datetime | None = None, *, slug: str = "acme", tz: str = "UTC"
) -> UUID:
    """A tenant with one site, whose newest event is at `clock`."""
    tenant = tenant_id(slug)
    with database.transaction(Role.WORKER) as connection:
        connection.execute(
            "INSERT INTO ops.tenant (tenant_id, name, slug, default_tz, locale, status,"
            " retention_profile, clock_mode) VALUES (%s, %s, %s, 'UTC', 'en', 'active',"
            " 'standard', 'data')",
            [tenant, slug, slug],
        )
        connection.execute(
            "INSERT INTO ops.site (tenant_id, site_id, code, tz, state_time)"
            " VALUES (%s, %s, 'S1', %s, now())",
            [tenant, reference_id(tenant, "site", "S1"), tz],
        )
    if clock:
        set_clock(database, clock, tenant)
    return tenant


def set_clock(database: Database, clock: datetime, tenant: UUID = TENANT) -> None:
    """Move a tenant's data clock."""
    with database.transaction(Role.WORKER) as connection:
        connection.execute(
            "INSERT INTO ops.tenant_clock VALUES (%s, %s)"
            " ON CONFLICT (tenant_id) DO UPDATE SET latest_event_time = excluded.latest_event_time",
            [tenant, clock],
        )


def add_fixes(
    database: Database,
    times: Iterable[datetime],
    *,
    site: UUID | None = SITE,
    tenant: UUID = TENANT,
) -> None:
    """A position at each instant; the same instant twice is the same event."""
    rows = [
        (
            *(tenant, event_id(tenant, "phone", t.isoformat()), site),
            *(reference_id(tenant, "device", "D1"), t, 48.1 + t.minute / 1000, 11.5, t),
        )
        for t in times
    ]
    days = sorted({t.date() for _, _, _, _, t, *_ in rows})
    with database.transaction(Role.WORKER) as connection:
        connection.execute("SELECT ops.ensure_partitions('gps_fix', %s::date[])", [days])
        connection.cursor().executemany(
            "INSERT INTO ops.gps_fix (tenant_id, fix_id, site_id, device_id, fix_time, lat, lon,"
            " accuracy_m, valid, extra, received_at)"
            ' VALUES (%s, %s, %s, %s, %s, %s, %s, 5.5, true, \'{"a": ""}\', %s)',
            rows,
        )


def every(minutes: float, day: date, count: int) -> list[datetime]:
    """Instants of a day at equal steps from midnight."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return [start + timedelta(minutes=minutes * i) for i in range(count)]


def count(database: Database, table: str, where: str = "true") -> int:
    """Rows of a table."""
    with database.connect() as admin:
        row = admin.execute(f"SELECT count(*) FROM ops.{table} WHERE {where}").fetchone()
    assert row is not None
    return int(row[0])
