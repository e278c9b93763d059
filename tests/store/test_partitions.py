"""Days of telemetry: whatever retention drops meanwhile, every row ends in its day's partition."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest

from tests.ingest.events import IMPORT, NOW, add_company, add_tenant, fix, quarantined, send, value
from vigia.domain.dictionary import TABLES
from vigia.store.connection import Database, Role
from vigia.store.ingest import Session
from vigia.store.migrate import migrate
from vigia.store.retention import drop_empty_partitions

DAY = NOW.date()
ONE_DAY = timedelta(days=1)
FIXES = TABLES["gps_fix"]
PARTITION = f"gps_fix_{DAY:%Y%m%d}"
DAYS = 12


def drop(database: Database, day: date = DAY) -> int:
    with database.transaction(Role.WORKER) as connection:
        return drop_empty_partitions(connection, FIXES, [day])


def make(database: Database, day: date) -> None:
    with database.transaction(Role.WORKER) as connection:
        connection.execute("SELECT ops.ensure_partitions('gps_fix', ARRAY[%s])", [day])


def held(database: Database, table: str) -> int:
    """Rows of one partition, whoever's they are."""
    with database.connect() as admin:
        return admin.execute(f"SELECT count(*) FROM ops.{table}").fetchone()[0]


@pytest.fixture
def astray(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A company with a position whose partition was dropped after ingest had looked for it."""
    add_company(database)
    store = Session.store

    def drop_then_store(session: Session, *arguments: object, **named: object) -> object:
        assert drop(database) == 1
        return store(session, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(Session, "store", drop_then_store)
        assert send(database, [fix("f1")]).accepted == 1
    assert held(database, "gps_fix_default") == 1
    return database


def test_rows_whose_partition_was_dropped_under_them_return_with_the_next_delivery(
    astray: Database,
) -> None:
    assert send(astray, [fix("f2", minutes=-9)]).accepted == 1
    assert quarantined(astray) == {}
    assert (held(astray, "gps_fix_default"), held(astray, PARTITION)) == (0, 2)


def test_rows_of_every_tenant_return(astray: Database) -> None:
    other = add_tenant(astray, "other")
    with astray.transaction(Role.WORKER) as connection:
        connection.execute(
            "INSERT INTO ops.gps_fix (tenant_id, fix_id, device_id, fix_time, lat, lon, received_at)"
            " VALUES (%s, gen_random_uuid(), gen_random_uuid(), %s, 1, 2, %s)",
            [other, NOW, NOW],
        )
    assert held(astray, "gps_fix_default") == 2
    send(astray, [fix("f2", minutes=-9)])
    assert (held(astray, "gps_fix_default"), held(astray, PARTITION)) == (0, 3)


def test_a_partition_of_rows_that_returned_is_like_any_other(astray: Database) -> None:
    send(astray, [fix("f2", minutes=-9), fix("f3", minutes=-2 * 24 * 60)])
    ordinary = f"gps_fix_{DAY - 2 * ONE_DAY:%Y%m%d}"
    assert _nature(astray, PARTITION) == _nature(astray, ordinary)
    forced = "SELECT bool_and(relrowsecurity AND relforcerowsecurity) FROM pg_class WHERE relname"
    assert value(astray, f"{forced} IN ('gps_fix_default', '{PARTITION}', '{ordinary}')")


def test_nothing_is_lost_or_refused_while_partitions_vanish_all_the_time(
    database: Database,
) -> None:
    """Two deliveries a day, while somebody else drops every partition that is empty just now."""
    add_company(database)
    days = [DAY - n * ONE_DAY for n in range(DAYS)]
    done = threading.Event()
    dropped = []

    def keep_dropping() -> None:
        with database.connect(Role.WORKER) as connection:
            while not done.is_set():
                dropped.append(drop_empty_partitions(connection, FIXES, days))

    dropper = threading.Thread(target=keep_dropping)
    dropper.start()
    try:
        reports = [
            send(database, [fix(f"{day} {n}", minutes=-n - (DAY - day).days * 1440)], batch=IMPORT)
            for day in days
            for n in (1, 2)
        ]
    finally:
        done.set()
        dropper.join(30)
    assert [r.accepted for r in reports] == [1] * 2 * DAYS
    assert sum(dropped) > 0
    for day in days:
        make(database, day)
        assert held(database, f"gps_fix_{day:%Y%m%d}") == 2
    assert held(database, "gps_fix_default") == 0


def test_a_full_database_of_the_first_schema_migrates_and_its_stray_rows_return(
    template_database: Database,
) -> None:
    old = template_database.with_database("test_first_schema")
    beside = template_database.with_database("postgres")
    with beside.connect() as admin:
        admin.execute(f"CREATE DATABASE {old.name} TEMPLATE template0 ENCODING 'UTF8'")
    try:
        migrate(old, revision="0001")
        add_company(old)
        send(old, [fix("f1")])
        with old.transaction(Role.WORKER) as connection:
            connection.execute("UPDATE ops.gps_fix SET fix_time = fix_time - interval '7 days'")
        assert held(old, "gps_fix_default") == 1
        migrate(old)
        assert value(old, "SELECT count(*) FROM ops.gps_fix") == 1
        make(old, DAY - 7 * ONE_DAY)
        assert held(old, "gps_fix_default") == 0
        assert value(old, "SELECT count(*) FROM ops.gps_fix") == 1
    finally:
        with beside.connect() as admin:
            admin.execute(f"DROP DATABASE {old.name} WITH (FORCE)")


def _nature(database: Database, partition: str) -> list[list[tuple[object, ...]]]:
    """Columns, constraints and indexes of a partition, its own name aside."""
    queries = (
        (
            "SELECT attname, atttypid, attnotnull FROM pg_attribute WHERE attnum > 0"
            " AND attrelid = to_regclass('ops.{0}') ORDER BY attnum"
        ),
        (
            "SELECT replace(conname, '{0}', ''), contype, pg_get_constraintdef(oid), conislocal,"
            " coninhcount FROM pg_constraint WHERE conrelid = to_regclass('ops.{0}') ORDER BY 1"
        ),
        "SELECT replace(indexdef, '{0}', '') FROM pg_indexes WHERE tablename = '{0}' ORDER BY 1",
    )
    with database.connect() as admin:
        return [admin.execute(query.format(partition)).fetchall() for query in queries]
