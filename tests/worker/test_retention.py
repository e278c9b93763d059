"""Nothing is deleted before it is proved to be safe elsewhere, and nothing by the wall clock (R-08)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest

from tests.databases import copied
from tests.store.raised import raised, rows
from tests.worker import recorded
from tests.worker.recorded import DAY, NOW, SITE, TENANT, at, count, set_clock
from vigia.domain.identity import reference_id
from vigia.store import telemetry
from vigia.store.connection import Database, Role
from vigia.store.finding_evidence import Evidence, store_evidence
from vigia.store.findings import store_findings
from vigia.store.lake import Lake
from vigia.store.retention import Decision
from vigia.worker.archive import archive_days
from vigia.worker.metrics import refresh_metrics
from vigia.worker.retention import enforce_retention

OLD = at("2008-12-01")
"""A data clock at which positions of the day are past their 30 days, and its hours are kept."""

ANCIENT = at("2009-02-01")
"""A data clock at which the hours of the day are past their time too."""

KEEP = {"gps_fix": 30, "signal_window": 30, "metric_5m": 7, "metric_1h": 90, "metric_1d": 730}


def sql(database: Database, statement: str, *values: object) -> None:
    with database.transaction(Role.WORKER) as connection:
        connection.execute(statement, values)


def keep(database: Database, **days: int) -> None:
    """Replace the tenant's policies."""
    sql(database, "DELETE FROM ops.retention_policy")
    for record_type, number in days.items():
        sql(
            database,
            "INSERT INTO ops.retention_policy VALUES (%s, %s, %s, 'test')",
            *(TENANT, record_type, number),
        )


def fill(database: Database, lake: Lake, *, tz: str = "UTC", days: int = 1) -> None:
    """Record days of fixes, measure them, archive them, and let them grow old."""
    recorded.add_tenant(database, at("2008-10-23") + timedelta(days=days), tz=tz)
    for number in range(days):
        day = DAY + timedelta(days=number)
        recorded.add_fixes(database, recorded.every(10, day, 144))
    sql(
        database,
        "INSERT INTO ops.dirty_slot (tenant_id, site_id, slot) SELECT DISTINCT tenant_id, site_id,"
        " date_bin('5 minutes', fix_time, '2000-01-01Z') FROM ops.gps_fix",
    )
    refresh_metrics(database, lake, TENANT, now=NOW)
    set_clock(database, OLD)
    archive_days(database, lake, TENANT, now=NOW)


@pytest.fixture(scope="module")
def ripe_template(
    template_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Database, Lake]]:
    """A database to copy, and the lake that belongs to it."""
    lake = Lake(tmp_path_factory.mktemp("ripe") / "lake")
    with copied(template_database) as template:
        fill(template, lake)
        keep(template, gps_fix=30)
        yield template, lake


@pytest.fixture
def ripe(ripe_template: tuple[Database, Lake], lake: Lake) -> Iterator[Database]:
    """A day of 2008 that is archived, measured and past its time."""
    template, filled = ripe_template
    shutil.copytree(filled.root, lake.root)
    with copied(template) as database:
        yield database


def run(database: Database, lake: Lake, now: datetime = NOW) -> dict[tuple[str, date], str]:
    return {
        (d.record_type, d.day): d.verdict
        for d in enforce_retention(database, lake, TENANT, now=now)
    }


def first(database: Database, lake: Lake, now: datetime = NOW) -> Decision:
    return enforce_retention(database, lake, TENANT, now=now)[0]


def test_a_proved_day_leaves_the_database_and_stays_readable(ripe: Database, lake: Lake) -> None:
    window = (at("2008-10-23"), at("2008-10-24"))
    before = telemetry.read(ripe, lake, TENANT, "gps_fix", *window).sort("fix_id")
    assert run(ripe, lake) == {("gps_fix", DAY): "deleted"}
    assert count(ripe, "gps_fix") == 0
    assert telemetry.read(ripe, lake, TENANT, "gps_fix", *window).sort("fix_id").equals(before)
    assert count(ripe, "retention_run", "verdict = 'deleted' AND deleted_count = 144") == 1


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (
            "INSERT INTO ops.dirty_slot VALUES (%s, %s, '2008-10-23 12:00Z')",
            "out of date",
        ),
        ("DELETE FROM ops.metric_1h WHERE tenant_id = %s AND site_id = %s", "metric_1h"),
        ("DELETE FROM ops.metric_1d WHERE tenant_id = %s AND site_id = %s", "metric_1d"),
        ("UPDATE ops.metric_1d SET n = n - 1 WHERE tenant_id = %s AND site_id = %s", "metric_1d"),
        (
            "UPDATE ops.lake_file SET verified_at = NULL WHERE tenant_id = %s AND %s IS NOT NULL",
            "144 rows are not in the lake",
        ),
    ],
)
def test_no_raw_row_is_deleted_without_a_verified_archive_and_rollup(
    ripe: Database, lake: Lake, spoil: str, says: str
) -> None:
    sql(ripe, spoil, TENANT, SITE)
    decision = first(ripe, lake)
    assert (decision.verdict, decision.deleted_count) == ("kept_unverified", 0)
    assert says in decision.reason
    assert count(ripe, "gps_fix") == 144


def test_a_rollup_that_failed_keeps_every_raw_row_until_it_succeeds(
    ripe: Database, lake: Lake
) -> None:
    keep(ripe, **KEEP)
    for tier in ("metric_5m", "metric_1h", "metric_1d", "signal_window"):
        sql(ripe, f"DELETE FROM ops.{tier}")
    assert run(ripe, lake) == {("gps_fix", DAY): "kept_unverified"}
    assert count(ripe, "gps_fix") == 144
    refresh_metrics(ripe, lake, TENANT, now=NOW, days=(DAY, DAY + timedelta(days=1)), full=True)
    assert run(ripe, lake)["gps_fix", DAY] == "deleted"


def test_a_file_that_was_lost_or_damaged_keeps_the_rows(ripe: Database, lake: Lake) -> None:
    [file] = lake.root.rglob("*.parquet")
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + b"x")
    assert "damaged" in first(ripe, lake).reason
    file.unlink()
    assert "missing" in first(ripe, lake).reason
    file.write_bytes(whole)
    assert first(ripe, lake).verdict == "deleted"


@pytest.mark.parametrize("record_type", ["gps_fix", None])
def test_a_legal_hold_stops_deletion_until_it_is_released(
    ripe: Database, lake: Lake, record_type: str | None
) -> None:
    sql(
        ripe,
        "INSERT INTO ops.legal_hold (tenant_id, hold_id, record_type, from_at, reason)"
        " VALUES (%s, %s, %s, '2008-10-23 23:00Z', 'court order')",
        *(TENANT, TENANT, record_type),
    )
    decision = first(ripe, lake)
    assert (decision.verdict, decision.reason) == ("kept_on_hold", "legal hold: court order")
    sql(ripe, "UPDATE ops.legal_hold SET released_at = %s", NOW)
    assert first(ripe, lake).verdict == "deleted"


def test_a_hold_on_other_days_or_records_does_not_matter(ripe: Database, lake: Lake) -> None:
    for number, (record_type, from_) in enumerate(
        [("gps_fix", "2008-10-24"), ("phone_event", "2008-10-01")]
    ):
        sql(
            ripe,
            "INSERT INTO ops.legal_hold (tenant_id, hold_id, record_type, from_at, reason)"
            " VALUES (%s, %s, %s, %s, 'another case')",
            *(TENANT, reference_id(TENANT, "legal_hold", str(number)), record_type, at(from_)),
        )
    assert first(ripe, lake).verdict == "deleted"


def test_what_evidence_names_stays_until_the_finding_is_closed(ripe: Database, lake: Lake) -> None:
    found = raised()
    with ripe.transaction(Role.WORKER) as connection:
        store_findings(connection, TENANT, rows(found), at=NOW)
        (cited,) = connection.execute("SELECT fix_id FROM ops.gps_fix LIMIT 1").fetchone() or ()
        refs = {"gps_fix": [str(cited)]}
        shown = Evidence(UUID(found["finding_id"]), "fixes", {"count": 1}, refs, NOW)
        store_evidence(connection, TENANT, [shown])
    assert first(ripe, lake).deleted_count == 143
    assert count(ripe, "gps_fix", f"fix_id = '{cited}'") == count(ripe, "gps_fix") == 1
    for hours in (1, 2):
        decision = first(ripe, lake, NOW + timedelta(hours=hours))
        assert (decision.verdict, "evidence" in decision.reason) == ("kept_on_hold", True)
    assert count(ripe, "retention_run", "verdict = 'kept_on_hold'") == 1
    sql(ripe, "UPDATE ops.finding SET state = 'resolved'")
    assert first(ripe, lake, NOW + timedelta(hours=3)).deleted_count == 1


def test_data_of_2008_is_alive_while_the_data_clock_says_2008(ripe: Database, lake: Lake) -> None:
    set_clock(ripe, at("2008-11-23 23:59"))
    assert run(ripe, lake) == {}
    assert count(ripe, "gps_fix") == 144


def test_a_tenant_that_keeps_all_loses_nothing(ripe: Database, lake: Lake) -> None:
    sql(ripe, "UPDATE ops.tenant SET retention_profile = 'keep_all'")
    assert run(ripe, lake) == {}
    assert count(ripe, "gps_fix") == 144


def test_a_refusal_is_entered_once_until_its_reason_changes(ripe: Database, lake: Lake) -> None:
    sql(ripe, "DELETE FROM ops.metric_1d")
    for hours in range(3):
        run(ripe, lake, NOW + timedelta(hours=hours))
    assert count(ripe, "retention_run") == 1
    sql(ripe, "DELETE FROM ops.metric_1h")
    run(ripe, lake, NOW + timedelta(hours=4))
    assert count(ripe, "retention_run") == 2


def test_rows_that_arrive_after_the_deletion_go_once_they_are_archived_too(
    ripe: Database, lake: Lake
) -> None:
    run(ripe, lake)
    recorded.add_fixes(ripe, [at("2008-10-23 12:01")])
    assert "1 rows are not in the lake" in first(ripe, lake).reason
    archive_days(ripe, lake, TENANT, now=NOW)
    assert "account" in first(ripe, lake).reason
    refresh_metrics(ripe, lake, TENANT, now=NOW, days=(DAY, DAY + timedelta(days=1)), full=True)
    assert first(ripe, lake).verdict == "deleted"


def test_a_partition_goes_when_it_is_empty_for_every_tenant(ripe: Database, lake: Lake) -> None:
    other = recorded.add_tenant(ripe, OLD, slug="other")
    recorded.add_fixes(ripe, [at("2008-10-23 12:00")], tenant=other, site=None)
    exists = "to_regclass('ops.gps_fix_20081023') IS NOT NULL"
    run(ripe, lake)
    assert count(ripe, "tenant", exists) == 2
    assert count(ripe, "gps_fix") == 1
    sql(ripe, "DELETE FROM ops.gps_fix")
    with ripe.transaction(Role.WORKER) as connection:
        connection.execute("SELECT ops.drop_empty_partitions('gps_fix', ARRAY[%s])", [DAY])
    assert count(ripe, "tenant", exists) == 0


@pytest.mark.parametrize("tz", ["UTC", "Asia/Kolkata", "America/New_York", "Pacific/Chatham"])
def test_every_tier_goes_in_its_time_in_any_zone(database: Database, lake: Lake, tz: str) -> None:
    fill(database, lake, tz=tz, days=3)
    keep(database, **KEEP)
    set_clock(database, ANCIENT)
    verdicts = run(database, lake)
    assert set(verdicts.values()) == {"deleted"}
    assert {kind for kind, _ in verdicts} == {"gps_fix", "metric_5m", "metric_1h"}
    assert count(database, "metric_5m") == count(database, "metric_1h") == 0
    days = count(database, "metric_1d")
    assert days > 0
    set_clock(database, at("2011-01-01"))
    assert set(run(database, lake).values()) == {"deleted"}
    assert count(database, "metric_1d") == 0


@pytest.mark.parametrize(
    ("coarser", "finer"),
    [("metric_1h", "metric_5m"), ("metric_1d", "metric_5m"), ("metric_1d", "metric_1h")],
)
def test_a_tier_stays_until_the_coarser_one_holds_the_same(
    ripe: Database, lake: Lake, coarser: str, finer: str
) -> None:
    keep(ripe, **{finer: KEEP[finer]})
    set_clock(ripe, ANCIENT if finer == "metric_1h" else OLD)
    rows = count(ripe, finer)
    sql(ripe, f"UPDATE ops.{coarser} SET sum = sum + 0.000001")
    decision = first(ripe, lake)
    assert (decision.verdict, count(ripe, finer)) == ("kept_unverified", rows)
    assert coarser in decision.reason
    sql(ripe, f"UPDATE ops.{coarser} SET sum = sum - 0.000001")
    assert first(ripe, lake).verdict == "deleted"
    assert count(ripe, finer) == 0


def test_the_last_tier_stays_while_it_differs_from_the_raw_rows(ripe: Database, lake: Lake) -> None:
    keep(ripe, metric_1d=730)
    set_clock(ripe, at("2011-01-01"))
    sql(ripe, "UPDATE ops.metric_1d SET n = n + 1")
    assert "metric_1d" in first(ripe, lake).reason
    sql(ripe, "UPDATE ops.metric_1d SET n = n - 1")
    assert first(ripe, lake).verdict == "deleted"


def test_records_of_communication_stay_a_year_whatever_the_policy_says(
    database: Database, lake: Lake
) -> None:
    recorded.add_tenant(database, at("2009-10-01"))
    keep(database, contact_log=1)
    sql(
        database,
        "INSERT INTO ops.contact_log (tenant_id, contact_id, channel, event_time, received_at)"
        " VALUES (%s, %s, 'call', '2008-10-23Z', now())",
        *(TENANT, TENANT),
    )
    archive_days(database, lake, TENANT, now=NOW)
    assert run(database, lake) == {}
    set_clock(database, at("2009-11-01"))
    assert run(database, lake) == {("contact_log", DAY): "deleted"}
