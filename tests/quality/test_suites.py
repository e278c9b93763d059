"""The suites pass good days and catch seeded defects before anything is computed from them."""

from __future__ import annotations

import polars as pl
import pytest

from tests.quality.defects import DEFECTS
from tests.quality.feeds import FEEDS, hours, usual
from vigia.domain.dictionary import TABLES, table
from vigia.quality.rules import rules_of
from vigia.quality.suites import examine


@pytest.fixture(scope="module")
def profiles():
    return {name: usual(name) for name in FEEDS}


def _broken(name, frame, profiles):
    return [v for v in examine(table(name), frame, usual=profiles[name]) if not v.passed]


@pytest.mark.parametrize("name", FEEDS)
def test_a_good_day_breaks_no_rule(name, profiles):
    assert _broken(name, FEEDS[name](), profiles) == []


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_seeded_defect_is_caught(defect, profiles):
    name, spoil = DEFECTS[defect]
    assert _broken(name, spoil(FEEDS[name]()), profiles)


def test_rollups_that_differ_from_their_snapshots_are_caught():
    good = hours()
    assert [v for v in examine(table("metric_1h"), good) if not v.passed] == []
    off = good.with_columns(sum=pl.col("sum") + pl.lit("0.000001").cast(pl.Decimal(24, 6)))
    broken = [v.rule for v in examine(table("metric_1h"), off) if not v.passed]
    assert broken == ["sum_equals_the_finer_rows"]


def test_a_verdict_counts_and_shows_what_breaks_the_rule():
    frame = FEEDS["gps_fix"]().with_columns(
        lat=pl.when(pl.int_range(pl.len()) < 7).then(99.5).otherwise("lat")
    )
    verdict = next(v for v in examine(table("gps_fix"), frame) if v.rule == "lat_is_in_range")
    assert (verdict.passed, verdict.failed_count, verdict.examined_count) == (False, 7, 864)
    assert set(verdict.sample) == {"99.5"}


def test_every_table_of_the_dictionary_has_a_suite():
    assert all(rules_of(t) for t in TABLES.values())


def test_a_call_for_help_may_seem_acknowledged_early_by_what_its_phone_is_wrong():
    at = pl.datetime(2026, 3, 2, 8, time_zone="UTC")
    calls = pl.DataFrame({"panic_id": ["a", "b"], "state_time": [None, None], "late": [-12, -1200]})
    calls = calls.with_columns(triggered_at=at, acked_at=at + pl.duration(seconds="late"))
    columns = [c.name for c in table("panic_event").columns]
    frame = calls.select(
        *(c if c in calls.columns else pl.lit(None).alias(c) for c in columns), "state_time"
    )
    found = {v.rule: v for v in examine(table("panic_event"), frame)}
    assert found["acked_at_follows_triggered_at"].sample == ("-1200.0",)
