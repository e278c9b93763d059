"""Baselines and anomalies in the database: what is kept, in any order, and who judges whom."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import polars as pl
import pytest

from tests.worker.recorded import SITE, TENANT, add_tenant, set_clock
from vigia.domain.anomalies.policy import Sensitivity
from vigia.domain.findings.audit import Cadence
from vigia.domain.identity import reference_id
from vigia.domain.metrics.rollup import roll_up_days
from vigia.domain.metrics.snapshot import snapshot
from vigia.domain.windows import SLOT
from vigia.store import anomalies, baselines, tiers
from vigia.store.connection import Database, Role
from vigia.worker.audit import run_audits
from vigia.worker.baselines import judge_anomalies, refresh_baselines
from vigia.worker.runbooks import seed

FIRST = date(2026, 2, 2)
DAYS = 36
NOW = datetime(2026, 3, 9, 12, 30, tzinfo=UTC)
OTHER = reference_id(TENANT, "site", "S2")
TABLES = ("baseline_day", "baseline_profile", "baseline_stray")


def at(day: int, hour: float = 0) -> datetime:
    """An instant of a day of the company, by number."""
    return datetime.combine(FIRST, time(), UTC) + timedelta(days=day, hours=hour)


def counts(seed: int = 1) -> np.ndarray:
    """Phone events by site and slot of all days, busier at noon."""
    hours = np.arange(DAYS * 288) // 12 % 24
    mean = 1.5 + np.where((hours > 8) & (hours < 18), 1.5, 0.0)
    return np.random.default_rng(seed).poisson(mean, (2, DAYS * 288))


def store(database: Database, counted: np.ndarray, days: range) -> None:
    """Put the counts of some days into the metric tables."""
    slots = np.arange(days.start * 288, days.stop * 288)
    parts = [
        pl.DataFrame({"site": site, "time": np.repeat(slots, counted[site, slots])})
        for site in range(len(counted))
    ]
    times = pl.lit(at(0)).cast(pl.Datetime("us", "UTC")) + pl.col("time") * pl.duration(minutes=5)
    samples = pl.concat(parts).with_columns(
        pl.col("site").cast(pl.Int64), metric=pl.lit(0, pl.Int64), time=times, value=pl.lit(1.0)
    )
    rows = snapshot(samples)
    ids = pl.Series([SITE.bytes, OTHER.bytes], dtype=pl.Binary)
    named = {"site_id": pl.lit(ids).gather(pl.col("site")), "metric": pl.lit("phone_events")}
    for tier, found in (("metric_5m", rows), ("metric_1d", roll_up_days(rows, "UTC"))):
        window = (at(days.start), at(days.stop))
        spans = pl.DataFrame({"site_id": ids, "from": window[0], "to": window[1]})
        if tier == "metric_1d":
            spans = spans.with_columns(pl.col("from", "to").dt.date())
        with database.transaction(Role.WORKER) as connection:
            tiers.replace_tier(
                connection, TENANT, tier, found.with_columns(**named), spans, ["phone_events"]
            )


@pytest.fixture
def company(database: Database) -> Database:
    """Two sites without a row."""
    add_tenant(database, NOW)
    with database.transaction(Role.WORKER) as connection:
        connection.execute(
            "INSERT INTO ops.site (tenant_id, site_id, code, tz, state_time)"
            " VALUES (%s, %s, 'S2', 'UTC', now())",
            [TENANT, OTHER],
        )
    return database


def rows(database: Database, table: str) -> list[tuple]:
    with database.transaction(Role.WORKER) as connection:
        return connection.execute(f"SELECT * FROM ops.{table} ORDER BY 2, 3, 4, 5").fetchall()


def found(database: Database) -> pl.DataFrame:
    with database.transaction(Role.WORKER) as connection:
        return anomalies.read_anomalies(connection, TENANT, (at(0), at(DAYS)))


def test_days_that_came_one_by_one_in_any_order_give_the_rows_of_all_at_once(
    company: Database,
) -> None:
    """U06: bit for bit."""
    counted = counts()
    store(company, counted, range(DAYS))
    summary = refresh_baselines(company, TENANT, now=NOW)
    assert (summary.created, summary.updated, summary.errors) == (2, 0, {})
    assert summary.window_to == NOW.date() - timedelta(days=1)
    assert summary.buckets == summary.stable == 2 * 168
    whole = {table: rows(company, table) for table in TABLES}
    with company.transaction(Role.WORKER) as connection:
        for table in (*TABLES, "metric_5m", "metric_1d"):
            connection.execute(f"DELETE FROM ops.{table}")
    order = np.random.default_rng(2).permutation(DAYS // 9)
    store(company, counted, range(1))
    for part in order:
        store(company, counted, range(9 * part, 9 * part + 9))
        refresh_baselines(company, TENANT, now=NOW, days=(FIRST, NOW.date()))
    assert {table: rows(company, table) for table in TABLES} == whole


def test_the_next_day_changes_what_it_must_and_lays_out_only_what_may_have_changed(
    company: Database,
) -> None:
    counted = counts()
    store(company, counted, range(DAYS))
    set_clock(company, NOW - timedelta(days=1))
    first = refresh_baselines(company, TENANT, now=NOW)
    set_clock(company, NOW)
    second = refresh_baselines(company, TENANT, now=NOW)
    assert first.days == 30
    assert second.days == 4
    assert (second.created, second.updated) == (0, 2)
    stepwise = {table: rows(company, table) for table in TABLES[1:]}
    with company.transaction(Role.WORKER) as connection:
        connection.execute("DELETE FROM ops.baseline_day")
    refresh_baselines(company, TENANT, now=NOW)
    assert {table: rows(company, table) for table in TABLES[1:]} == stepwise


def test_a_silence_is_an_anomaly_with_all_that_explains_it(company: Database) -> None:
    counted = counts()
    counted[0, 35 * 288 + 9 * 12 : 35 * 288 + 12 * 12] = 0
    store(company, counted, range(DAYS))
    refresh_baselines(company, TENANT, now=NOW)
    summary = judge_anomalies(company, TENANT, now=NOW)
    assert summary.to == NOW - SLOT
    assert summary.raising == summary.anomalies == found(company).height > 20
    row = found(company).filter(pl.col("slot") == at(35, 11)).row(0, named=True)
    assert row["site_id"] == str(SITE)
    assert (row["metric"], row["observed"], row["raises"]) == ("phone_events", 0, True)
    assert row["expected"] > 40
    assert row["score"] < -4
    assert row["window_to"] == NOW.date() - timedelta(days=1)
    assert (row["baseline_version"], row["policy_version"], row["sensitivity"]) == ("1", "1", "medium")  # fmt: skip
    again = found(company)
    judge_anomalies(company, TENANT, now=NOW)
    assert found(company).equals(again)


def test_what_late_events_explain_is_no_anomaly_any_more(company: Database) -> None:
    counted = counts()
    silent = counted.copy()
    silent[0, 35 * 288 + 9 * 12 : 35 * 288 + 12 * 12] = 0
    store(company, silent, range(DAYS))
    refresh_baselines(company, TENANT, now=NOW)
    assert judge_anomalies(company, TENANT, now=NOW).anomalies > 0
    store(company, counted, range(35, DAYS))
    assert judge_anomalies(company, TENANT, now=NOW).anomalies == 0
    assert found(company).is_empty()


def test_a_day_is_never_judged_by_a_baseline_that_it_taught(company: Database) -> None:
    counted = counts()
    counted[0, 34 * 288 : 35 * 288] = 0
    store(company, counted, range(DAYS))
    refresh_baselines(company, TENANT, now=NOW)
    day = at(34).date()
    summary = judge_anomalies(company, TENANT, now=NOW, days=(day, day))
    assert (summary.from_, summary.to) == (at(34), at(35))
    assert found(company)["window_to"].unique().to_list() == [day - timedelta(days=1)]
    set_clock(company, at(35, 1))
    newest = judge_anomalies(company, TENANT, now=NOW)
    assert newest.from_ == at(35)


def test_planned_work_and_what_was_found_teach_nothing(company: Database) -> None:
    store(company, counts(), range(DAYS))
    with company.transaction(Role.WORKER) as connection:
        connection.execute(
            "INSERT INTO ops.maintenance_window (tenant_id, mw_id, matcher, starts_at, ends_at,"
            ' state, state_time) VALUES (%s, gen_random_uuid(), \'{"site_id": ["S1"]}\','
            " %s, %s, 'planned', now())",
            [TENANT, at(30, 8), at(30, 10)],
        )
    refresh_baselines(company, TENANT, now=NOW)
    with company.transaction(Role.WORKER) as connection:
        kept = baselines.kept_days(connection, TENANT, at(30).date(), at(30).date())
    unknown = {
        row["site_id"]: np.flatnonzero(np.isnan(row["values"])).tolist()
        for row in kept.iter_rows(named=True)
    }
    assert unknown == {str(SITE): list(range(96, 120)), str(OTHER): []}


def test_a_site_whose_zone_does_not_exist_is_an_error_of_its_own(company: Database) -> None:
    store(company, counts(), range(DAYS))
    with company.transaction(Role.WORKER) as connection:
        connection.execute("UPDATE ops.site SET tz = 'Mars/Olympus' WHERE code = 'S2'")
    summary = refresh_baselines(company, TENANT, now=NOW)
    assert summary.errors == {str(OTHER): "no time zone is called Mars/Olympus"}
    assert summary.created == 1


def test_a_company_without_data_has_no_baseline_and_no_anomaly(company: Database) -> None:
    assert refresh_baselines(company, TENANT, now=NOW).buckets == 0
    assert judge_anomalies(company, TENANT, now=NOW).tests == 0


def test_a_site_is_judged_by_the_sensitivity_that_somebody_gave_it(company: Database) -> None:
    """U08: what a lower one finds a higher one finds too."""
    counted = counts()
    counted[:, 35 * 288 + 6 * 12 :] = np.random.default_rng(5).poisson(0.9, (2, 288 - 72))
    store(company, counted, range(DAYS))
    refresh_baselines(company, TENANT, now=NOW)
    seen = []
    for hours, level in enumerate(Sensitivity):
        with company.transaction(Role.WORKER) as connection:
            for site in (SITE, OTHER):
                at_ = NOW - timedelta(hours=9 - hours)
                baselines.set_sensitivity(
                    connection, TENANT, site, level, actor="p1", reason="noisy", at=at_
                )
        judge_anomalies(company, TENANT, now=NOW)
        rows_ = found(company)
        assert rows_["sensitivity"].unique().to_list() in ([], [str(level)])
        seen.append(set(rows_.select("site_id", "slot").rows()))
    assert seen[0] <= seen[1] <= seen[2]
    assert len(seen[0]) < len(seen[2])
    with company.transaction(Role.WORKER) as connection:
        kept = connection.execute(
            "SELECT count(*), min(old_value), max(new_value) FROM ops.threshold_history"
        ).fetchone()
    assert kept == (6, 0, 2)


def test_a_comprehensive_audit_tells_anomalies_as_findings_with_their_figures(
    company: Database,
) -> None:
    """U09: from 5-minute rows to a finding that explains itself."""
    counted = counts()
    counted[0, 35 * 288 + 9 * 12 : 35 * 288 + 12 * 12] = 0
    store(company, counted, range(DAYS))
    refresh_baselines(company, TENANT, now=NOW)
    judge_anomalies(company, TENANT, now=NOW)
    hear_of_site(company)
    seed(company, TENANT, now=NOW)
    run_audits(company, TENANT, Cadence.COMPREHENSIVE, now=NOW)
    with company.transaction(Role.WORKER) as connection:
        told = connection.execute(
            "SELECT type, scope_id, severity, category, message, figures FROM ops.finding"
            " WHERE type LIKE 'ANOMALY%'"
        ).fetchall()
        raised = connection.execute(
            "SELECT sum(finding_count) FROM ops.audit_run WHERE cadence = 'comprehensive'"
        ).fetchone()
    ((kind, scope, severity, category, message, figures),) = told
    assert kind in ("ANOMALY_PHONE_EVENTS_ABSENT", "ANOMALY_PHONE_EVENTS_BELOW")
    assert (scope, severity, category) == (str(SITE), "HIGH", "OPERATIONAL")
    since = NOW - SLOT - figures["over_slots"] * SLOT
    assert f"at site S1 since {since:%Y-%m-%d %H:%M} UTC; usual:" in message
    assert figures["observed"] < figures["expected"] / 4
    assert figures["score"] < -6
    assert raised == (1,)


def hear_of_site(database: Database) -> None:
    """Let the site be known as rules know it: by its events."""
    with database.transaction(Role.WORKER) as connection:
        connection.execute(
            "INSERT INTO ops.ingest_event (tenant_id, event_id, source, type, table_name,"
            " entity_id, site_id, event_time, received_at, batch_id, payload)"
            " VALUES (%s, gen_random_uuid(), 'registry', 'vigia.site.upserted.v1', 'site', %s, %s,"
            " %s, %s, gen_random_uuid(), jsonb_build_object('site_id', %s::text))",
            [TENANT, SITE, SITE, at(0), at(0), str(SITE)],
        )
