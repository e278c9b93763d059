"""Contracts and suites over a real database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.quality.feeds import MONDAY, positions
from vigia.domain.dictionary import TABLES, table
from vigia.domain.identity import name_uuid, tenant_id
from vigia.store.connection import Role
from vigia.worker.quality import check_contracts, check_values, input_tables, metric_tables

TENANT = tenant_id("acme")
NOW = datetime(2024, 3, 5, tzinfo=UTC)
PLATFORM_ONLY = {"alembic_version", "tenant_role"}


def _tenant(connection):
    connection.execute(
        "INSERT INTO ops.tenant (tenant_id, name, slug, default_tz, locale, status,"
        " retention_profile, clock_mode)"
        " VALUES (%s, 'Acme', 'acme', 'UTC', 'en', 'active', 'standard', 'data')",
        [TENANT],
    )


def _store_positions(database, frame):
    names = ["fix_id", "site_id", "device_id", "fix_time", "lat", "lon", "received_at"]
    with database.transaction(Role.WORKER) as connection, connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO ops.gps_fix (tenant_id, {', '.join(names)})"
            f" VALUES (%s, {', '.join(['%s'] * len(names))})",
            [
                (
                    TENANT,
                    name_uuid(r["fix_id"]),
                    name_uuid(r["site_id"]),
                    name_uuid(r["device_id"]),
                    r["fix_time"],
                    r["lat"],
                    r["lon"],
                    r["received_at"],
                )
                for r in frame.iter_rows(named=True)
            ],
        )


@pytest.fixture
def tenant(database):
    with database.transaction(Role.WORKER) as connection:
        _tenant(connection)
    return TENANT


def test_a_migrated_database_keeps_every_contract(database):
    assert {n: v for n, v in check_contracts(database, list(TABLES)).items() if v} == {}


def test_a_table_that_drifted_breaks_its_contract(database):
    with database.connect() as connection:
        connection.execute("ALTER TABLE ops.ticket ALTER COLUMN number DROP NOT NULL")
        connection.execute("ALTER TABLE ops.ticket DROP COLUMN impact")
        connection.execute("ALTER TABLE ops.ticket ADD COLUMN mood text")
        connection.execute("ALTER TABLE ops.ticket DROP CONSTRAINT priority_is_legal")
        connection.execute("ALTER TABLE ops.ticket ALTER COLUMN subject TYPE varchar(10)")
    found = "\n".join(check_contracts(database, ["ticket"])["ticket"])
    for part in (
        "impact is missing",
        "mood is not in the dictionary",
        "priority is not held",
        "subject is character varying(10), not text",
    ):
        assert part in found


def test_suites_keep_their_verdicts_where_people_read_them(database, tenant):
    frame = positions(MONDAY - timedelta(days=7), 8)
    _store_positions(database, frame)
    gps = table("gps_fix")
    (examination,) = check_values(database, [gps], days=None, now=NOW)
    assert (examination.first, examination.last) == (date(2024, 3, 4), date(2024, 3, 4))
    assert examination.row_count == 864
    assert {v.rule for v in examination.broken} == {"site_id_exists", "device_id_exists"}
    with database.transaction(Role.APP, TENANT) as connection:
        stored = connection.execute(
            "SELECT check_name, failed_count FROM ops.quality_result WHERE NOT passed ORDER BY 1"
        ).fetchall()
    assert stored == [("device_id_exists", 864), ("site_id_exists", 864)]
    again = check_values(database, [gps], days=None, now=NOW)
    assert again == [examination]


def test_a_device_that_gives_one_number_twice_is_flagged_and_its_rows_are_kept(database, tenant):
    _store_positions(database, positions(MONDAY, 1))
    number = "UPDATE ops.gps_fix SET boot_id = device_id, seq = n FROM (SELECT fix_id AS id,"
    number += " row_number() OVER (PARTITION BY device_id ORDER BY fix_time) AS n FROM ops.gps_fix)"
    with database.transaction(Role.WORKER) as connection:
        connection.execute(f"{number} numbered WHERE fix_id = id")
    assert _repeats(database).passed
    with database.transaction(Role.WORKER) as connection:
        connection.execute("UPDATE ops.gps_fix SET seq = 1 WHERE seq = 2")
        devices = connection.execute("SELECT count(DISTINCT device_id) FROM ops.gps_fix").fetchone()
    assert _repeats(database).failed_count == devices[0]


def _repeats(database):
    (examination,) = check_values(database, [table("gps_fix")], days=None, now=NOW)
    return next(v for v in examination.verdicts if v.rule == "numbers_are_unique")


def test_a_feed_that_fell_silent_is_noticed(database, tenant):
    _store_positions(database, positions(MONDAY - timedelta(days=7), 7))
    days = (date(2024, 3, 4), date(2024, 3, 4))
    (examination,) = check_values(database, [table("gps_fix")], days=days, now=NOW)
    assert [v.rule for v in examination.broken] == ["volume_is_usual"]


def test_every_input_and_metric_table_can_be_examined(database, tenant):
    tables = [*input_tables(), *metric_tables()]
    found = check_values(database, tables, days=None, now=NOW)
    assert found == []
