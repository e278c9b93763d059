"""The detector of plain series: what it sees, what it leaves alone, and that it sees no future."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigia.domain.anomalies.series import SCORES, SERIES_POLICY, score_series
from vigia.domain.errors import VigiaError

START = datetime(2026, 3, 2, tzinfo=UTC)
DAY = 288


def series(values, step=timedelta(minutes=5)):
    return pl.DataFrame({"time": [START + i * step for i in range(len(values))], "value": values})


def daily(days, seed=1, noise=1.0):
    """High by day, low by night, in 5-minute values."""
    place = np.arange(days * DAY) % DAY
    rng = np.random.default_rng(seed)
    return np.where((place >= 96) & (place < 216), 80.0, 20.0) + rng.normal(0, noise, days * DAY)


def alarms(values):
    return np.flatnonzero(score_series(series(values))["alarm"].to_numpy())


def spike(values):
    values[9 * DAY + 20] += 40


def shift(values):
    values[9 * DAY + 20 :] += 15


def lost_peak(values):
    values[9 * DAY + 96 : 9 * DAY + 216] -= 35


def unsteady(values):
    values[9 * DAY + 20 : 9 * DAY + 70] += 12 * (-1) ** np.arange(50)


def stuck(values):
    values[9 * DAY + 96 :] = values[9 * DAY + 95]


@pytest.mark.parametrize(
    ("harm", "within"), [(spike, 1), (shift, 12), (lost_peak, 96), (unsteady, 12), (stuck, 96)]
)
def test_a_harm_to_an_otherwise_daily_series_is_told_in_time_and_not_for_ever(harm, within):
    values = daily(10)
    onset = 9 * DAY + (96 if harm in (lost_peak, stuck) else 20)
    before = alarms(values)
    assert not len(before[before >= 3 * DAY])
    harm(values)
    found = alarms(values)
    found = found[found >= onset]
    assert onset <= found[0] < onset + within
    assert len(found) <= 2


def test_steady_noise_alarms_less_than_once_in_a_thousand_values():
    rng = np.random.default_rng(3)
    found = [len(alarms(rng.normal(size=4000))), len(alarms(rng.poisson(3, 4000).astype(float)))]
    assert sum(found) <= 8


@settings(max_examples=5)
@given(st.integers(0, 1000), st.integers(1, 850))
def test_more_values_change_nothing_about_those_before(seed, cut):
    rng = np.random.default_rng(seed)
    values = daily(3, seed)
    values[rng.integers(0, len(values), 5)] += rng.normal(0, 50, 5)
    whole = score_series(series(values))
    assert score_series(series(values)[:cut]).equals(whole[:cut])


def test_a_week_of_hours_is_learned_as_well():
    hours = np.arange(24 * 7 * 8)
    values = np.where(hours // 24 % 7 < 5, 50.0, 10.0)
    values += np.random.default_rng(5).normal(0, 1, len(hours))
    holiday = 24 * 7 * 7 + 24  # a Tuesday
    values[holiday : holiday + 24] -= 40
    found = np.flatnonzero(score_series(series(values, timedelta(hours=1)))["alarm"].to_numpy())
    assert holiday in range(found[-1] - 12, found[-1] + 1)
    assert len(found[found >= 24 * 7 * 4]) == 1


def test_the_unit_of_the_values_changes_no_alarm():
    values = daily(6)
    spike_at = 5 * DAY
    values[spike_at] += 60
    assert (
        alarms(values).tolist() == alarms(values * 1e-6).tolist() == alarms(values * 1e6).tolist()
    )


def test_a_constant_series_never_alarms_until_it_changes():
    values = np.full(1000, 45.1)
    assert not len(alarms(values))
    values[900] = 46
    assert alarms(values).tolist() == [900]


def test_repeats_within_an_episode_score_nothing():
    values = daily(10)
    shift(values)
    found = score_series(series(values))[9 * DAY :]
    high = found.filter(pl.col("surprise") >= SERIES_POLICY.alarm_level)
    assert high.height > 10 * high["alarm"].sum()
    assert high.filter(pl.col("score") > 0).equals(high.filter("alarm"))


def test_a_clock_that_is_set_back_or_stands_still_is_survived():
    values = daily(4)
    rows = series(values)
    back = rows.with_columns(
        pl.when(pl.int_range(pl.len()) >= 2 * DAY)
        .then(pl.col("time") - timedelta(hours=1))
        .otherwise("time")
    )
    assert score_series(back).height == rows.height
    assert not score_series(back)["surprise"].is_nan().any()


def test_an_empty_series_has_no_scores():
    assert (
        score_series(series([]).cast({"value": pl.Float64, "time": pl.Datetime})).schema == SCORES
    )


@pytest.mark.parametrize("bad", [None, float("nan"), float("inf")])
def test_a_value_that_is_no_number_is_refused(bad):
    with pytest.raises(VigiaError, match="Leave these rows out"):
        score_series(series([1.0, bad, 2.0]))
