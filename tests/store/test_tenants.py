"""Tenants come with what they need, and a query role sees its own tenant and no other."""

import psycopg
import pytest

from vigia.domain.errors import VigiaError
from vigia.domain.identity import tenant_id
from vigia.store.connection import Database, Role
from vigia.store.tenants import (
    RETENTION_DAYS,
    create_tenant,
    find_tenant,
    list_tenants,
    query_role,
    remove_empty_tenant,
)


def test_a_tenant_is_made_once_with_its_retention(database: Database) -> None:
    made = create_tenant(database, "acme", name="Acme", clock_mode="data")
    again = create_tenant(database, "acme", name="Other")
    assert made == again == find_tenant(database, "acme")
    assert made.tenant_id == tenant_id("acme")
    with database.transaction(Role.APP, made.tenant_id) as connection:
        kept = dict(connection.execute("SELECT record_type, days FROM ops.retention_policy"))
    assert kept == {kind: days for kind, (days, _) in RETENTION_DAYS.items()}


def test_a_query_role_reads_its_tenant_whatever_it_sets(database: Database) -> None:
    mine = create_tenant(database, "mine")
    other = create_tenant(database, "other")
    with database.connect(query_role(mine.tenant_id)) as connection:
        connection.execute(f"SET vigia.tenant_id = '{other.tenant_id.hex}'")
        assert connection.execute("SELECT slug FROM ops.tenant").fetchall() == [("mine",)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("UPDATE ops.tenant SET name = 'x'")


def test_an_empty_tenant_is_removed_with_its_role_and_a_full_one_is_kept(
    database: Database,
) -> None:
    create_tenant(database, "empty")
    remove_empty_tenant(database, "empty")
    assert list_tenants(database) == []
    with database.connect() as connection:
        role = query_role(tenant_id("empty"))
        assert not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    full = create_tenant(database, "full")
    with database.transaction(Role.WORKER) as connection:
        connection.execute(
            "INSERT INTO ops.ingest_batch (tenant_id, batch_id, kind, origin, started_at, state,"
            " rows, accepted, duplicate, quarantined)"
            " VALUES (%s, gen_random_uuid(), 'import', 'x', now(), 'done', 0, 0, 0, 0)",
            [full.tenant_id],
        )
    with pytest.raises(VigiaError, match="has data and is kept"):
        remove_empty_tenant(database, "full")
    assert find_tenant(database, "full") == full


@pytest.mark.parametrize("slug", ["", "Bad", "a b", "-a", "a" * 64, "a'; --"])
def test_a_short_name_that_is_not_one_is_refused(database: Database, slug: str) -> None:
    with pytest.raises(VigiaError, match="cannot be a tenant's short name"):
        create_tenant(database, slug)
