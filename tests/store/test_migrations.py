"""Migrations lead an empty and a full database to exactly what the dictionary declares."""

from __future__ import annotations

import psycopg
from alembic.script import ScriptDirectory

from vigia.domain.identity import tenant_id
from vigia.store.connection import Database, Role
from vigia.store.migrate import MIGRATIONS, current_revision, migrate
from vigia.store.schema import create_all

CATALOGUE = {
    "columns": """
        SELECT table_name, column_name, data_type, is_nullable, column_default, is_identity
        FROM information_schema.columns WHERE table_schema = 'ops' ORDER BY 1, 2
    """,
    "constraints": """
        SELECT conrelid::regclass::text, contype, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'ops'::regnamespace AND conparentid = 0
        ORDER BY 1, 2, 3
    """,
    "indexes": """
        SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'ops' ORDER BY 1, 2
    """,
    "policies": """
        SELECT tablename, policyname, roles::text, cmd, qual, with_check
        FROM pg_policies WHERE schemaname = 'ops' ORDER BY 1, 2
    """,
    "comments": """
        SELECT objoid::regclass::text, objsubid, description FROM pg_description
        WHERE classoid = 'pg_class'::regclass
          AND objoid IN (SELECT oid FROM pg_class WHERE relnamespace = 'ops'::regnamespace)
        ORDER BY 1, 2
    """,
    "grants": """
        SELECT table_name, grantee, privilege_type FROM information_schema.role_table_grants
        WHERE table_schema = 'ops' AND grantee LIKE 'vigia%' ORDER BY 1, 2, 3
    """,
}


def test_the_migrated_schema_equals_the_dictionary(database: Database) -> None:
    """A dictionary edit without a migration would make the product and its database differ."""
    migrated = {name: _rows(database, query) for name, query in CATALOGUE.items()}
    with database.connect() as admin:
        admin.execute("SET ROLE vigia_owner")
        tables = (
            "SELECT tablename FROM pg_tables WHERE schemaname = 'ops' AND tablename NOT IN "
            "('alembic_version', 'tenant_role')"
        )
        for (name,) in admin.execute(tables).fetchall():
            admin.execute(f"DROP TABLE IF EXISTS ops.{name} CASCADE")
        admin.execute(create_all())  # type: ignore[arg-type]
    declared = {name: _rows(database, query) for name, query in CATALOGUE.items()}
    for name in CATALOGUE:
        assert migrated[name] == declared[name], f"{name} differ"


def test_migrating_a_full_database_again_keeps_every_row(database: Database) -> None:
    tenant = tenant_id("kept")
    with database.transaction(Role.APP, tenant) as connection:
        add_tenant(connection, "kept")
    assert migrate(database) == _newest()
    with database.transaction(Role.APP, tenant) as connection:
        assert connection.execute("SELECT slug FROM ops.tenant").fetchall() == [("kept",)]


def test_a_fresh_database_ends_at_the_newest_revision(database: Database) -> None:
    assert current_revision(database) == _newest()


def test_an_unmigrated_database_has_no_revision(database: Database) -> None:
    with database.connect() as admin:
        admin.execute("CREATE DATABASE never_migrated")
    try:
        assert current_revision(database.with_database("never_migrated")) is None
    finally:
        with database.connect() as admin:
            admin.execute("DROP DATABASE never_migrated")


def add_tenant(connection: psycopg.Connection, slug: str) -> None:
    """Insert a live tenant of that slug."""
    connection.execute(
        "INSERT INTO ops.tenant (tenant_id, name, slug, default_tz, locale, status,"
        " retention_profile, clock_mode)"
        " VALUES (%s, %s, %s, 'UTC', 'en', 'active', 'standard', 'data')",
        [tenant_id(slug), slug.title(), slug],
    )


def _rows(database: Database, query: str) -> list[tuple[object, ...]]:
    with database.connect() as admin:
        return admin.execute(query).fetchall()  # type: ignore[arg-type]


def _newest() -> str:
    return ScriptDirectory(str(MIGRATIONS)).get_current_head() or ""
