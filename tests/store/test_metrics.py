"""The registry in Postgres, and reading a metric through the resolution router."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.worker.recorded import SITE, TENANT, add_tenant
from vigia.domain.metrics.builtin import BUILT_IN
from vigia.store.connection import Database, Role
from vigia.store.metrics import complete_until, query, sync_registry

NOW = datetime(2026, 4, 20, 10, tzinfo=UTC)
YEARS = timedelta(days=730)


@pytest.fixture
def company(database: Database) -> Database:
    add_tenant(database, NOW, tz="Europe/Berlin")
    return database


def fill(database: Database, tier: str, days: float, step: str) -> None:
    """A row a step, back to so many days ago, whose sum says which tier it is from."""
    start = "local_date" if tier == "1d" else "slot"
    value = {"1d": 288, "1h": 12, "5m": 1}[tier]
    with database.transaction(Role.WORKER) as connection:
        connection.execute(
            f"INSERT INTO ops.metric_{tier} (tenant_id, site_id, metric, {start}, n, sum, sum_sq,"
            " min, max, last, input_hash) SELECT %s, %s, 'scans', at, 1, %s, 1, 1, 1, 1, 0"
            " FROM generate_series(date_trunc('hour', %s), %s, %s::interval) at",
            [TENANT, SITE, value, NOW - timedelta(days=days), NOW, step],
        )


def read(database: Database, from_: datetime, to: datetime = NOW):
    return query(database, TENANT, SITE, "scans", from_, to, NOW)


def test_two_years_come_from_three_tiers_without_seam(company: Database) -> None:
    fill(company, "1d", 740, "1 day")
    fill(company, "1h", 120, "1 hour")
    fill(company, "5m", 20, "5 min")
    series = read(company, NOW - YEARS)
    assert series["resolution"].unique(maintain_order=True).to_list() == ["1d", "1h", "5m"]
    assert series["slot"].is_sorted()
    assert series["slot"].n_unique() == series.height
    steps = series["slot"].diff().drop_nulls().dt.total_minutes().unique().sort().to_list()
    # Days are 23, 24 or 25 hours; the step over a seam is that of the tier before it.
    assert set(steps) == {5, 60, 23 * 60, 24 * 60, 25 * 60}


def test_the_row_that_holds_the_start_is_included_and_the_end_is_not(company: Database) -> None:
    fill(company, "5m", 2, "5 min")
    from_ = NOW - timedelta(hours=1, minutes=2)
    series = read(company, from_, NOW - timedelta(minutes=5))
    assert series["slot"][0] == NOW - timedelta(hours=1, minutes=5)
    assert series["slot"][-1] == NOW - timedelta(minutes=10)


def test_a_finer_tier_answers_where_the_meant_one_has_nothing(company: Database) -> None:
    fill(company, "5m", 400, "1 hour")
    series = read(company, NOW - timedelta(days=390), NOW - timedelta(days=380))
    assert series["resolution"].unique().to_list() == ["5m"]


def test_an_unknown_metric_is_an_empty_series(company: Database) -> None:
    series = query(company, TENANT, SITE, "nothing", NOW - YEARS, NOW, NOW)
    assert series.is_empty()
    assert series.columns[0] == "slot"


def test_another_tenant_reads_nothing(company: Database) -> None:
    fill(company, "5m", 1, "5 min")
    other = add_tenant(company, NOW, slug="other")
    assert query(company, other, SITE, "scans", NOW - YEARS, NOW, NOW).is_empty()


def test_the_registry_is_made_once_and_follows_its_definition(company: Database) -> None:
    with company.transaction(Role.WORKER) as connection:
        first = sync_registry(connection, TENANT)
        connection.execute("UPDATE ops.metric SET title = 'old' WHERE name = 'heartbeats'")
        again = sync_registry(connection, TENANT)
    assert first == again == sorted(BUILT_IN, key=lambda m: m.name)


def test_an_imported_series_becomes_a_row_and_keeps_its_edits(company: Database) -> None:
    with company.transaction(Role.WORKER) as connection:
        connection.execute(
            "INSERT INTO ops.metric_sample (tenant_id, sample_id, site_id, metric, value,"
            " event_time, received_at) VALUES (%s, gen_random_uuid(), %s, 'cpu', 1, %s, %s)",
            [TENANT, SITE, NOW, NOW],
        )
        sync_registry(connection, TENANT)
        connection.execute("UPDATE ops.metric SET unit = '%%' WHERE name = 'cpu'", [])
        (cpu,) = [m for m in sync_registry(connection, TENANT) if m.imported]
    assert (cpu.name, cpu.unit, dict(cpu.row_filter)) == ("cpu", "%", {"metric": ["cpu"]})


def test_a_site_is_complete_up_to_its_least_complete_device(company: Database) -> None:
    marks = {"00000000-0000-8000-8000-000000000001": 10, "00000000-0000-8000-8000-000000000002": 5}
    with company.transaction(Role.WORKER) as connection:
        assert complete_until(connection, TENANT, SITE, NOW - timedelta(days=1)) is None
        for device, minutes in marks.items():
            connection.execute(
                "INSERT INTO ops.device_watermark (tenant_id, device_id, boot_id, first_seq,"
                " last_seq, seen_count, complete_until_at) VALUES (%s, %s, gen_random_uuid(), 1, 1, 1, %s)",
                [TENANT, device, NOW - timedelta(minutes=minutes)],
            )
            connection.execute(
                "INSERT INTO ops.device_heartbeat (tenant_id, hb_id, site_id, device_id,"
                " event_time, received_at) VALUES (%s, gen_random_uuid(), %s, %s, %s, %s)",
                [TENANT, SITE, device, NOW, NOW],
            )
        known = complete_until(connection, TENANT, SITE, NOW - timedelta(days=1))
    assert known == NOW - timedelta(minutes=10)
