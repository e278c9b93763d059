"""Closed days reach the lake once, whole and verified, wherever the archiver is killed (R-08)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from tests.worker import recorded
from tests.worker.recorded import DAY, NOW, SITE, TENANT, add_fixes, at, count, every
from vigia.store import telemetry
from vigia.store.connection import Database, Role
from vigia.store.lake import Lake, LakeError, part_path
from vigia.worker import archive
from vigia.worker.archive import archive_days

WINDOW = (at("2008-10-23"), at("2008-10-24"))


@pytest.fixture
def closed_day(database: Database) -> Database:
    """288 fixes of a day of 2008 that a clock five days on calls closed."""
    recorded.add_tenant(database, at("2008-10-28"))
    add_fixes(database, every(5, DAY, 288))
    return database


def fixes(database: Database, lake: Lake | None) -> pl.DataFrame:
    return telemetry.read(database, lake, TENANT, "gps_fix", *WINDOW).sort("fix_id")


def empty_hot_table(database: Database) -> None:
    with database.transaction(Role.WORKER) as connection:
        connection.execute("DELETE FROM ops.gps_fix")


def test_a_closed_day_becomes_one_verified_part(closed_day: Database, lake: Lake) -> None:
    [part] = archive_days(closed_day, lake, TENANT, now=NOW)
    assert (part.number, part.row_count, part.day) == (0, 288, DAY)
    assert part.path == f"tenant={TENANT}/table=gps_fix/day=2008-10-23/part-0.parquet"
    assert lake.holds(part)
    assert count(closed_day, "lake_file", "verified_at IS NOT NULL") == 1


def test_archiving_again_changes_nothing(closed_day: Database, lake: Lake) -> None:
    archive_days(closed_day, lake, TENANT, now=NOW)
    assert archive_days(closed_day, lake, TENANT, now=NOW) == []
    assert count(closed_day, "lake_file") == 1


@pytest.mark.parametrize(
    ("clock", "parts"), [("2008-10-26 23:59:59", 0), ("2008-10-27 00:00:00", 1)]
)
def test_a_day_stays_open_for_72_hours_of_the_data_clock(
    database: Database, lake: Lake, clock: str, parts: int
) -> None:
    recorded.add_tenant(database, at(clock))
    add_fixes(database, every(60, DAY, 24))
    assert len(archive_days(database, lake, TENANT, now=NOW)) == parts


def test_a_tenant_without_events_has_nothing_to_archive(database: Database, lake: Lake) -> None:
    recorded.add_tenant(database)
    assert archive_days(database, lake, TENANT, now=NOW) == []


def test_hot_rows_lake_rows_and_both_read_the_same(closed_day: Database, lake: Lake) -> None:
    hot = fixes(closed_day, None)
    archive_days(closed_day, lake, TENANT, now=NOW)
    both = fixes(closed_day, lake)
    empty_hot_table(closed_day)
    cold = fixes(closed_day, lake)
    assert hot.height == 288
    assert both.equals(hot)
    assert cold.equals(hot)


def test_rows_that_come_after_the_archive_go_to_a_supplement(
    closed_day: Database, lake: Lake
) -> None:
    archive_days(closed_day, lake, TENANT, now=NOW)
    add_fixes(closed_day, [at("2008-10-23 00:01"), at("2008-10-23 23:59")])
    [part] = archive_days(closed_day, lake, TENANT, now=NOW)
    assert (part.number, part.row_count) == (1, 2)
    assert fixes(closed_day, lake).height == 290
    empty_hot_table(closed_day)
    assert fixes(closed_day, lake).height == 290


def test_a_supplement_is_made_even_when_as_many_rows_were_deleted_as_arrived(
    closed_day: Database, lake: Lake
) -> None:
    archive_days(closed_day, lake, TENANT, now=NOW)
    empty_hot_table(closed_day)
    with closed_day.transaction(Role.WORKER) as connection:
        connection.execute(
            "INSERT INTO ops.retention_run VALUES (%s, gen_random_uuid(), 'gps_fix', %s, %s, 288,"
            " 'deleted', 'old')",
            [TENANT, DAY, NOW],
        )
    add_fixes(closed_day, [t + timedelta(minutes=1) for t in every(5, DAY, 288)])
    [part] = archive_days(closed_day, lake, TENANT, now=NOW)
    assert (part.number, part.row_count) == (1, 288)
    assert fixes(closed_day, lake).height == 576
    assert archive_days(closed_day, lake, TENANT, now=NOW) == []


class Killed(BaseException):
    """What a kill -9 looks like from inside: nothing after it runs."""


@pytest.mark.parametrize("step", ["record_part", "is_faithful", "mark_verified"])
def test_killed_after_any_step_the_next_run_completes_it(
    closed_day: Database, lake: Lake, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = fixes(closed_day, None)

    def die(*arguments: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(archive, step, die)
        with pytest.raises(Killed):
            archive_days(closed_day, lake, TENANT, now=NOW)
    assert fixes(closed_day, lake).equals(expected)
    archive_days(closed_day, lake, TENANT, now=NOW)
    empty_hot_table(closed_day)
    assert fixes(closed_day, lake).equals(expected)
    assert count(closed_day, "lake_file", "verified_at IS NOT NULL") == 1
    assert len([p for p in lake.root.rglob("*") if p.is_file()]) == 1


def test_a_torn_file_of_a_killed_archiver_is_written_again(
    closed_day: Database, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(archive, "mark_verified", lambda *_: None)
        archive_days(closed_day, lake, TENANT, now=NOW)
    file = lake.root / part_path(TENANT, "gps_fix", DAY, 0)
    file.write_bytes(file.read_bytes()[:100])
    archive_days(closed_day, lake, TENANT, now=NOW)
    empty_hot_table(closed_day)
    assert fixes(closed_day, lake).height == 288


def test_a_file_that_does_not_read_back_is_never_relied_on(
    closed_day: Database, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lake, "holds", lambda *_: False)
    with pytest.raises(LakeError, match="does not read back"):
        archive_days(closed_day, lake, TENANT, now=NOW)
    assert count(closed_day, "lake_file", "verified_at IS NOT NULL") == 0


def test_a_lake_that_cannot_be_written_says_what_to_do(closed_day: Database, lake: Lake) -> None:
    lake.root.parent.joinpath("lake").write_text("in the way")
    with pytest.raises(LakeError, match="Free space"):
        archive_days(closed_day, lake, TENANT, now=NOW)
    assert count(closed_day, "gps_fix") == 288


def test_parts_are_sorted_by_site_and_time(closed_day: Database, lake: Lake) -> None:
    add_fixes(closed_day, [t + timedelta(seconds=1) for t in every(5, DAY, 10)], site=None)
    [part] = archive_days(closed_day, lake, TENANT, now=NOW)
    stored = pl.read_parquet(lake.root / part.path)
    assert stored.equals(stored.sort("site_id", "fix_time", "fix_id", nulls_last=True))


def test_a_reader_takes_columns_sites_and_half_open_windows(
    closed_day: Database, lake: Lake
) -> None:
    add_fixes(closed_day, [at("2008-10-23 10:01")], site=None)
    archive_days(closed_day, lake, TENANT, now=NOW)
    empty_hot_table(closed_day)
    window = (at("2008-10-23 10:00"), at("2008-10-23 11:00"))
    rows = telemetry.read(closed_day, lake, TENANT, "gps_fix", *window, columns=["lat"])
    assert (rows.columns, rows.height) == (["lat"], 13)
    mine = telemetry.read(closed_day, lake, TENANT, "gps_fix", *window, site_ids=[SITE])
    assert mine.height == 12


def test_a_reader_sees_its_own_tenant_only(closed_day: Database, lake: Lake) -> None:
    other = recorded.add_tenant(closed_day, slug="other")
    archive_days(closed_day, lake, TENANT, now=NOW)
    assert telemetry.read(closed_day, lake, other, "gps_fix", *WINDOW).is_empty()


def test_a_live_tenant_counts_by_the_wall_clock(closed_day: Database, lake: Lake) -> None:
    recorded.set_clock(closed_day, at("2008-10-23 23:59"))
    assert archive_days(closed_day, lake, TENANT, now=NOW) == []
    with closed_day.transaction(Role.WORKER) as connection:
        connection.execute("UPDATE ops.tenant SET clock_mode = 'wall'")
    assert len(archive_days(closed_day, lake, TENANT, now=NOW)) == 1


@pytest.mark.parametrize("table", ["client", "gps_fix"])
def test_a_window_that_means_nothing_is_refused(database: Database, table: str) -> None:
    naive = datetime(2008, 10, 23)  # noqa: DTZ001 - the mistake under test
    with pytest.raises(ValueError, match=r"time column|zone"):
        telemetry.read(database, None, TENANT, table, naive, datetime(2008, 10, 24, tzinfo=UTC))
