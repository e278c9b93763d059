"""Bringing a database to the newest schema: roles, then forward-only migrations.

The migrations themselves are in `migrations/versions`, run by Alembic.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vigia.store.connection import LOGIN_ROLES, Database, Role

if TYPE_CHECKING:
    import psycopg
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
ANALYTIC_SCHEMAS = ("staging", "intermediate", "marts")


def migrate(database: Database, *, revision: str = "head") -> str:
    """Make or upgrade the product's roles and schema; safe to repeat.

    Returns:
        The revision the database is at afterwards.

    Raises:
        psycopg.Error: The server refused; nothing of the failed migration stays.
    """
    from alembic import command

    with database.connect() as connection:
        # Two processes that start together must not both create the roles.
        connection.execute("SELECT pg_advisory_lock(7236412)")
        _ensure_roles(connection, database)
        _ensure_schemas(connection, database.name)
        command.upgrade(_alembic(database), revision)
        return current_revision(database) or ""


def current_revision(database: Database) -> str | None:
    """The revision a database is at; None when it was never migrated."""
    with database.connect() as connection:
        found = connection.execute("SELECT to_regclass('ops.alembic_version')").fetchone()
        if found is None or found[0] is None:
            return None
        row = connection.execute("SELECT version_num FROM ops.alembic_version").fetchone()
        return row[0] if row else None


def _alembic(database: Database) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = database.url(driver="psycopg")
    return config


def _ensure_roles(connection: psycopg.Connection, database: Database) -> None:
    from psycopg import sql

    for role in Role:
        exists = connection.execute(
            "SELECT 1 FROM pg_roles WHERE rolname = %s", [role.value]
        ).fetchone()
        if not exists:
            connection.execute(
                sql.SQL("CREATE ROLE {} NOLOGIN NOBYPASSRLS").format(sql.Identifier(role.value))
            )
    for role in LOGIN_ROLES:
        connection.execute(
            sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(
                sql.Identifier(role.value), sql.Literal(database.password(role.value))
            )
        )
    connection.execute("GRANT vigia_owner TO CURRENT_USER")


def _ensure_schemas(connection: psycopg.Connection, name: str) -> None:
    from psycopg import sql

    connection.execute("CREATE SCHEMA IF NOT EXISTS ops AUTHORIZATION vigia_owner")
    connection.execute("GRANT USAGE ON SCHEMA ops TO PUBLIC")
    connection.execute("GRANT vigia_analytics TO CURRENT_USER")
    for schema in ANALYTIC_SCHEMAS:
        connection.execute(
            sql.SQL("CREATE SCHEMA IF NOT EXISTS {} AUTHORIZATION vigia_analytics").format(
                sql.Identifier(schema)
            )
        )
        connection.execute(
            sql.SQL("GRANT USAGE ON SCHEMA {} TO vigia_app, vigia_query, vigia_worker").format(
                sql.Identifier(schema)
            )
        )
    connection.execute(
        sql.SQL("GRANT CREATE, TEMPORARY ON DATABASE {} TO vigia_analytics").format(
            sql.Identifier(name)
        )
    )
    # A session setting decides whose rows the app role sees; only SET LOCAL by trusted code
    # may change it, never a function call inside somebody's query.
    connection.execute(
        "REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM PUBLIC"
    )
    # dbt itself calls set_config nowhere, but psycopg2-based tools may on connecting.
    connection.execute(
        "GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) "
        "TO vigia_owner, vigia_analytics, vigia_worker"
    )
