"""Metrics are data: every definition is legal, and one engine turns rows into values."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from vigia.domain.dictionary import ColumnType, table
from vigia.domain.metrics.builtin import BUILT_IN
from vigia.domain.metrics.registry import (
    VALID_FIX,
    Metric,
    Until,
    imported_series,
    matches,
    samples,
)

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def rows(**columns) -> pl.DataFrame:
    return pl.DataFrame(columns).with_columns(site=pl.lit(0), event_time=pl.lit(AT))


@pytest.mark.parametrize("metric", BUILT_IN, ids=lambda m: m.name)
def test_a_built_in_metric_names_columns_that_exist(metric: Metric) -> None:
    spec = table(metric.source_table)
    assert spec.column("site_id")
    for name in metric.columns:
        assert spec.column(name), name
    assert spec.column(metric.time_column).type is ColumnType.TIMESTAMP
    registry = table("metric")
    assert metric.kind in registry.column("kind").states
    assert metric.concern in registry.column("concern").states
    for key, values in metric.row_filter.items():
        states = spec.column(key.strip("!<=?")).states
        if states:
            assert set(values) <= set(states), key


def test_a_share_counts_rows_that_say_anything_at_all() -> None:
    metric = Metric("healthy", "", "device_heartbeat", row_filter={"queue_depth?": [0, 1]})
    got = samples(rows(queue_depth=[0, 7, None, 1]), [metric], {"healthy": 0})
    assert got["value"].to_list() == [100.0, 0.0, 100.0]


def test_what_is_taken_off_a_level_is_a_level_itself() -> None:
    by_name = {m.name: m for m in BUILT_IN}
    lowered = [m for m in BUILT_IN if m.until and m.until.less]
    assert [m.name for m in lowered] == ["missing"]
    for metric in lowered:
        other = by_name[metric.until.less]
        assert other.is_level
        assert other.until.less is None


def test_names_are_unique() -> None:
    assert len({m.name for m in BUILT_IN}) == len(BUILT_IN)


def test_a_fix_is_valid_unless_something_speaks_against_it() -> None:
    fixes = pl.DataFrame(
        {
            "valid": [True, None, False, True, True, True],
            "outdated": [False, None, False, True, None, None],
            "accuracy_m": [5.0, None, 5.0, 5.0, 100.0, 100.5],
        }
    )
    kept = fixes.select(matches(VALID_FIX)).to_series().to_list()
    assert kept == [True, True, False, False, True, False]


def test_a_filter_by_value_needs_the_value_and_an_exclusion_forgives_a_missing_one() -> None:
    kinds = pl.DataFrame({"kind": ["a", "b", None]})
    assert kinds.select(matches({"kind": ["a"]})).to_series().to_list() == [True, False, False]
    assert kinds.select(matches({"kind!": ["a"]})).to_series().to_list() == [False, True, True]


def test_imported_series_are_rows_and_need_no_code() -> None:
    metrics = imported_series(["cpu", "temperature"])
    got = samples(
        rows(metric=["cpu", "temperature", "other", "cpu"], value=[1.0, 20.0, 3.0, 2.0]),
        metrics,
        {"cpu": 0, "temperature": 1},
    )
    assert sorted(got.select("metric", "value").rows()) == [(0, 1.0), (0, 2.0), (1, 20.0)]


def test_one_row_can_be_a_value_of_several_metrics() -> None:
    metrics = [
        Metric("all", "All", "access_event"),
        Metric("denied", "Denied", "access_event", row_filter={"kind": ["denied"]}),
        Metric("bad", "Bad", "access_event", row_filter={"kind": ["denied", "forced"]}),
    ]
    got = samples(
        rows(kind=["granted", "denied", "forced"]), metrics, {"all": 0, "denied": 1, "bad": 2}
    )
    assert dict(got["metric"].value_counts().iter_rows()) == {0: 3, 1: 1, 2: 2}


def test_what_ends_an_interval_survives_storage() -> None:
    for until in (
        Until(("resolved_at", "closed_at")),
        Until(next="device_id", delay_s=1, cap_s=2),
        Until(next="person_id", cap_s=2, known_s=9),
        Until(("ends_at",), less="present"),
    ):
        assert Until.from_json(until.as_json()) == until
