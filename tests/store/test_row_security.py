"""No tenant ever sees another's rows: proved over the catalogue, then by trying (S-01)."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest

from tests.store.test_migrations import add_tenant
from vigia.domain.identity import tenant_id
from vigia.store.connection import Database, Role, set_tenant
from vigia.store.schema import PII_TABLES, tenant_tables

MINE, THEIRS = tenant_id("mine"), tenant_id("theirs")


@pytest.fixture
def two_tenants(database: Database) -> Database:
    """A database with a site of each of two tenants."""
    for slug in ("mine", "theirs"):
        with database.transaction(Role.APP, tenant_id(slug)) as connection:
            add_tenant(connection, slug)
            add_site(connection, tenant_id(slug), f"{slug}-1")
    return database


def add_site(connection: psycopg.Connection, tenant: UUID, code: str) -> None:
    """Insert a site by its code."""
    connection.execute(
        "INSERT INTO ops.site (tenant_id, site_id, code, state_time)"
        " VALUES (%s, gen_random_uuid(), %s, '2026-01-01Z')",
        [tenant, code],
    )


def test_every_tenant_table_forces_row_security_with_both_clauses(database: Database) -> None:
    with database.connect() as admin:
        forced = admin.execute(
            "SELECT c.relname FROM pg_class c JOIN information_schema.columns i"
            "  ON i.table_schema = 'ops' AND i.table_name = c.relname"
            " AND i.column_name = 'tenant_id'"
            " WHERE c.relnamespace = 'ops'::regnamespace AND c.relkind IN ('r', 'p')"
            "   AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
        ).fetchall()
        app = admin.execute(
            "SELECT tablename FROM pg_policies WHERE schemaname = 'ops'"
            " AND policyname = 'app' AND qual IS NOT NULL AND with_check IS NOT NULL"
        ).fetchall()
    assert [name for (name,) in forced if name != "tenant_role"] == []
    assert {name for (name,) in app} == {t.name for t in tenant_tables()}


def test_no_product_role_may_step_around_row_security(database: Database) -> None:
    with database.connect() as admin:
        strong = admin.execute(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)"
            " AND (rolsuper OR rolbypassrls OR rolcreaterole)",
            [[role.value for role in Role]],
        ).fetchall()
    assert strong == []


def test_the_app_role_sees_only_the_tenant_of_its_transaction(two_tenants: Database) -> None:
    with two_tenants.transaction(Role.APP, MINE) as connection:
        assert connection.execute("SELECT code FROM ops.site").fetchall() == [("mine-1",)]


def test_without_a_tenant_the_app_role_sees_nothing(two_tenants: Database) -> None:
    with two_tenants.transaction(Role.APP) as connection:
        for table in tenant_tables():
            rows = connection.execute(f"SELECT count(*) FROM ops.{table.name}")  # type: ignore[arg-type]
            assert rows.fetchone() == (0,), table.name


def test_the_app_role_cannot_write_into_another_tenant(two_tenants: Database) -> None:
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        two_tenants.transaction(Role.APP, MINE) as connection,
    ):
        add_site(connection, THEIRS, "smuggled")


def test_the_app_role_cannot_change_its_tenant_from_inside_a_query(two_tenants: Database) -> None:
    """A subquery that calls set_config once switched tenants inside a read-only transaction."""
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        two_tenants.transaction(Role.APP, MINE) as connection,
    ):
        connection.execute(
            "SELECT * FROM ops.site, (SELECT set_config('vigia.tenant_id', %s, true)) s",
            [THEIRS.hex],
        )


def test_a_tenant_setting_ends_with_its_transaction(two_tenants: Database) -> None:
    with two_tenants.connect(Role.APP) as connection:
        with connection.transaction():
            set_tenant(connection, MINE)
        assert connection.execute("SELECT count(*) FROM ops.site").fetchone() == (0,)


def test_a_row_cannot_point_into_another_tenant(two_tenants: Database) -> None:
    with two_tenants.transaction(Role.WORKER) as connection:
        (site,) = connection.execute(
            "SELECT site_id FROM ops.site WHERE tenant_id = %s", [THEIRS]
        ).fetchone() or (None,)
    with (
        pytest.raises(psycopg.errors.ForeignKeyViolation),
        two_tenants.transaction(Role.APP, MINE) as connection,
    ):
        connection.execute(
            "INSERT INTO ops.zone (tenant_id, zone_id, site_id, state_time)"
            " VALUES (%s, gen_random_uuid(), %s, '2026-01-01Z')",
            [MINE, site],
        )


def test_a_query_role_reads_its_tenant_whatever_its_text_sets(two_tenants: Database) -> None:
    role = "vigia_query_test"
    with two_tenants.connect() as admin:
        admin.execute(f"CREATE ROLE {role} LOGIN IN ROLE vigia_query")  # type: ignore[arg-type]
        admin.execute("INSERT INTO ops.tenant_role VALUES (%s, %s)", [role, MINE])
    try:
        with two_tenants.connect() as connection:
            connection.execute(f"SET SESSION AUTHORIZATION {role}")  # type: ignore[arg-type]
            connection.execute(f"SET vigia.tenant_id = '{THEIRS.hex}'")  # type: ignore[arg-type]
            assert connection.execute("SELECT code FROM ops.site").fetchall() == [("mine-1",)]
            for table in PII_TABLES:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(f"SELECT * FROM ops.{table}")  # type: ignore[arg-type]
    finally:
        with two_tenants.connect() as admin:
            admin.execute(f"DROP ROLE {role}")  # type: ignore[arg-type]


def test_the_analytics_role_reads_all_tenants_and_writes_none(two_tenants: Database) -> None:
    with two_tenants.transaction(Role.ANALYTICS) as connection:
        assert connection.execute("SELECT count(*) FROM ops.site").fetchone() == (2,)
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        two_tenants.transaction(Role.ANALYTICS) as connection,
    ):
        connection.execute("DELETE FROM ops.site")


def test_two_hundred_interleaved_transactions_never_leak(two_tenants: Database) -> None:
    with two_tenants.connect(Role.APP) as connection:
        for turn in range(200):
            tenant, code = ((MINE, "mine-1"), (THEIRS, "theirs-1"))[turn % 2]
            with connection.transaction():
                set_tenant(connection, tenant)
                assert connection.execute("SELECT code FROM ops.site").fetchall() == [(code,)]
