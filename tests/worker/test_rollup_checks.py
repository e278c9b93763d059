"""Hours and days are compared with the rows below them, in every zone, on days of change too."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import LiteralString

import polars as pl
import pytest

from vigia.domain.dictionary import table
from vigia.domain.identity import name_uuid, tenant_id
from vigia.domain.metrics.rollup import roll_up_days, roll_up_hours
from vigia.domain.metrics.snapshot import snapshot
from vigia.domain.windows import INSTANT, SLOT
from vigia.store import quality as store
from vigia.store import tiers
from vigia.store.connection import Database, Role
from vigia.worker.quality import check_values, metric_tables

TENANT, SITE = tenant_id("acme"), name_uuid("S1")
NOW = datetime(2026, 12, 1, tzinfo=UTC)
# The second date of each is the day on which the zone's clocks change.
CHANGES = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("America/Santiago", date(2026, 9, 6)),
    ("Asia/Kathmandu", date(2026, 6, 1)),
    ("Pacific/Kiritimati", date(2026, 6, 1)),
    (None, date(2026, 6, 1)),
]


def fill(database: Database, zone: str | None, day: date) -> tuple[date, date]:
    """Write all tiers of a metric around a day; returns the UTC days that hold them."""
    first = datetime.combine(day - timedelta(days=2), datetime.min.time(), UTC)
    slots = pl.datetime_range(first, first + timedelta(days=5), SLOT, closed="left", eager=True)
    values = pl.DataFrame({"time": slots}, schema={"time": INSTANT}).with_columns(
        site=pl.lit(0, pl.Int64), metric=pl.lit(0, pl.Int64), value=pl.int_range(pl.len()) * 0.1
    )
    fine = snapshot(values.select("site", "metric", "time", "value"))
    local = zone or "UTC"
    site = {"site_id": pl.lit(SITE.bytes), "metric": pl.lit("load")}
    with database.transaction(Role.WORKER, TENANT) as connection:
        connection.execute(
            "INSERT INTO ops.tenant (tenant_id, name, slug, default_tz, locale, status,"
            " retention_profile, clock_mode)"
            " VALUES (%s, 'Acme', 'acme', 'UTC', 'en', 'active', 'keep_all', 'data')",
            [TENANT],
        )
        connection.execute(
            "INSERT INTO ops.site (tenant_id, site_id, code, tz, state_time)"
            " VALUES (%s, %s, 'S1', %s, '2026-01-01Z')",
            [TENANT, SITE, zone],
        )
        for tier, rows, at in (
            ("metric_5m", fine, "slot"),
            ("metric_1h", roll_up_hours(fine, local), "slot"),
            ("metric_1d", roll_up_days(fine, local), "local_date"),
        ):
            step = timedelta(days=1) if at == "local_date" else SLOT
            span = rows.select(pl.col(at).min().alias("from"), pl.col(at).max().alias("to") + step)
            spans = span.with_columns(site["site_id"].alias("site_id"))
            tiers.replace_tier(connection, TENANT, tier, rows.with_columns(**site), spans, ["load"])
    return (first - timedelta(days=1)).date(), (first + timedelta(days=6)).date()


def broken(database: Database, days: tuple[date, date]) -> dict[str, set[str]]:
    found = check_values(database, metric_tables(), days=days, now=NOW)
    return {e.table: {v.rule for v in e.broken} for e in found if e.broken}


def change(database: Database, statement: LiteralString) -> None:
    with database.transaction(Role.WORKER, TENANT) as connection:
        connection.execute(statement)


@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_tiers_that_add_up_pass_and_every_row_is_compared(
    database: Database, zone: str | None, day: date
) -> None:
    days = fill(database, zone, day)
    assert broken(database, days) == {}
    with database.transaction(Role.WORKER, TENANT) as connection:
        for name in ("metric_1h", "metric_1d"):
            rows = store.sample_rows(connection, TENANT, table(name), days, 1)
            assert rows.height > 0
            assert rows["finer__n"].equals(rows["n"].rename("finer__n")), name


def test_an_hour_that_lost_a_slot_and_a_day_that_says_more_are_caught(database: Database) -> None:
    days = fill(database, "Europe/Berlin", date(2026, 10, 25))
    change(database, "UPDATE ops.metric_1d SET n = n + 1 WHERE local_date = '2026-10-25'")
    assert broken(database, days) == {"metric_1d": {"n_equals_the_finer_rows"}}
    change(database, "UPDATE ops.metric_1d SET n = n - 1 WHERE local_date = '2026-10-25'")
    change(database, "DELETE FROM ops.metric_5m WHERE slot = '2026-10-25 00:35Z'")
    assert broken(database, days) == {
        "metric_1h": {"n_equals_the_finer_rows", "sum_equals_the_finer_rows"}
    }


def test_rows_whose_finer_ones_are_gone_are_not_compared(database: Database) -> None:
    days = fill(database, "Europe/Berlin", date(2026, 10, 25))
    change(database, "DELETE FROM ops.metric_5m")
    assert broken(database, days) == {}
