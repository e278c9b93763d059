"""The sensor's shell: what it asks of the database, and what it does when that cannot answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import dagster as dg
import pytest

from orchestration.sensors import arrivals
from tests.orchestration.conftest import NOW
from vigia.domain.identity import name_uuid
from vigia.store.connection import Database, Role
from vigia.store.tenants import create_tenant


@pytest.fixture
def tenant(database):
    return create_tenant(database, "acme", name="Acme", clock_mode="data").tenant_id


def _mark(database, tenant, *instants):
    with database.transaction(Role.WORKER) as connection:
        for instant in instants:
            connection.execute(
                "INSERT INTO ops.dirty_slot (tenant_id, site_id, slot) VALUES (%s, %s, %s)",
                [tenant, name_uuid("site"), instant],
            )


def _import(database, tenant, *, started_at):
    with database.transaction(Role.WORKER) as connection:
        connection.execute(
            "INSERT INTO ops.ingest_batch (tenant_id, batch_id, kind, origin, started_at, state,"
            " rows, accepted, duplicate, quarantined)"
            " VALUES (%s, %s, 'import', 'log.csv', %s, 'running', 0, 0, 0, 0)",
            [tenant, name_uuid("batch"), started_at],
        )


def _tick(platform):
    return arrivals(dg.build_sensor_context(), platform=platform)


def test_a_history_that_arrived_is_requested_once_per_range(platform, tenant):
    days = ["2016-02-29T10:00Z", "2016-03-01T10:00Z", "2008-10-23T00:00Z", NOW]
    _mark(platform.database, tenant, *days)
    requests = _tick(platform).run_requests
    ends = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
    assert [tuple(r.tags[end] for end in ends) for r in requests] == [
        ("2008-10-23", "2008-10-23"),
        ("2016-02-29", "2016-03-01"),
    ]
    assert [r.run_key for r in _tick(platform).run_requests] == [r.run_key for r in requests]


def test_nothing_is_requested_while_an_import_is_still_bringing_rows(platform, tenant):
    _mark(platform.database, tenant, "2016-02-29T10:00Z")
    _import(platform.database, tenant, started_at=NOW - timedelta(minutes=5))
    assert "still bringing rows" in _tick(platform).skip_message


def test_an_import_that_was_killed_is_not_waited_for_forever(platform, tenant):
    _mark(platform.database, tenant, "2016-02-29T10:00Z")
    _import(platform.database, tenant, started_at=NOW - timedelta(hours=3))
    assert len(_tick(platform).run_requests) == 1


def test_a_quiet_database_is_a_skip_with_a_reason(platform):
    assert "Nothing arrived" in _tick(platform).skip_message


def test_a_database_that_cannot_be_asked_is_a_skip_and_not_nothing_to_do(platform):
    gone = Database("postgresql://nobody@127.0.0.1:9/vigia", b"secret")
    assert "could not be asked" in _tick(replace(platform, database=gone)).skip_message
