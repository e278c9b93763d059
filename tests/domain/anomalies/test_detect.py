"""Anomalies of metrics with a baseline: what is one, what is none, and what a score explains."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigia.domain.anomalies.baseline import profiles
from vigia.domain.anomalies.detect import SCORES, adjusted, judge, judged
from vigia.domain.anomalies.policy import AnomalyPolicy, Readiness, Sensitivity
from vigia.domain.anomalies.samples import DAYS, EXCLUDED, MEASURED
from vigia.domain.anomalies.strays import strays
from vigia.domain.metrics.registry import Metric
from vigia.domain.windows import INSTANT, SLOT

LAST = date(2026, 3, 1)
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
NOON = MIDNIGHT + timedelta(hours=12)
SNAPSHOTS = {"site": pl.Int64(), "metric": pl.Int64(), "slot": INSTANT, "n": pl.Int64(), "sum": pl.Int128()}  # fmt: skip
METRICS = {
    0: Metric("phone_events", "Phone events", "phone_event", concern="low"),
    1: Metric("access_denied", "Doors refused", "access_event", concern="high"),
    2: Metric("battery_pct", "Battery", "device_heartbeat", "%", "gauge", concern="both"),
    3: Metric("geofence_events", "Crossings", "geofence_event", concern="none"),
}


def usual(metric, rng, size):
    """What a metric is like when nothing is wrong."""
    if METRICS[metric].kind == "gauge":
        return np.round(80 + rng.normal(0, 3, size), 6)
    return rng.negative_binomial(8, 8 / (8 + (12.0, 0.3, 0, 5.0)[metric]), size).astype(float)


def world(sites=1, days=30, seed=1, policy=None):
    """What is measured, and the baselines of 30 ordinary days."""
    rng = np.random.default_rng(seed)
    pairs = [(site, metric) for site in range(sites) for metric in METRICS]
    rows = [
        (*pair, METRICS[pair[1]].kind, "UTC", datetime(2020, 1, 1, tzinfo=UTC), None)
        for pair in pairs
    ]
    dates = [LAST - timedelta(days=back) for back in range(days)]
    learned = [(*pair, day, usual(pair[1], rng, 288).tolist()) for pair in pairs for day in dates]
    measured = pl.DataFrame(rows, MEASURED, orient="row")
    return measured, taught(pl.DataFrame(learned, DAYS, orient="row"), measured, METRICS, policy)


def taught(days, measured, metrics, policy=None):
    """The baselines of some days."""
    policy = policy or AnomalyPolicy()
    found = profiles(days, LAST, policy)
    return found, strays(days, found, judged(measured, metrics, policy=policy), LAST, policy)


def day(pairs, seed=2, change=None):
    """Snapshots of the day to be judged, changed by hand where asked, and of that before."""
    rng = np.random.default_rng(seed)
    rows = []
    for site, metric in pairs.select("site", "metric").iter_rows():
        values = usual(metric, rng, 2 * 288)
        if change:
            change(site, metric, values[288:])
        for place in np.flatnonzero(np.isfinite(values)):
            if values[place] or METRICS[metric].kind == "gauge":
                micro = round(values[place] * 1e6)
                rows.append((site, metric, MIDNIGHT + int(place - 288) * SLOT, 1, micro))
    return pl.DataFrame(rows, SNAPSHOTS, orient="row")


def run(change=None, *, first=NOON, last=None, sites=1, sensitivity=None, policy=None, **rest):
    policy = policy or AnomalyPolicy()
    measured, learned = world(sites, policy=policy, **rest)
    pairs = judged(measured, METRICS, sensitivity, policy)
    last = last or first + timedelta(hours=1)
    return judge(day(measured, change=change), pairs, learned, (first, last), policy=policy)


def anomalies(scores):
    return scores.filter("is_anomaly")


def at(metric, places, value):
    def change(site, which, values):
        if which == metric and site == 0:
            values[places] = value

    return change


QUIET = slice(144, 156)  # the hour from noon on


@pytest.mark.parametrize(
    ("metric", "value", "direction", "within"),
    [
        (0, 0, "absent", 3),
        (0, 1, "below", 9),
        (1, 9, "above", 2),
        (2, 20, "below", 2),
        (2, 99.9, "above", 2),
    ],
)
def test_what_leaves_its_baseline_is_told_within_slots(metric, value, direction, within):
    found = anomalies(run(at(metric, QUIET, value)))
    assert found["metric"].unique().to_list() == [metric]
    assert direction in found["direction"].to_list()
    assert found["slot"].min() < NOON + within * SLOT


def test_one_slot_alone_is_no_anomaly_and_two_of_three_are():
    assert anomalies(run(at(1, [150], 60))).is_empty()
    assert anomalies(run(at(1, [150, 152], 60)))["slot"].min() == NOON + 8 * SLOT


@pytest.mark.parametrize(("factor", "direction"), [(0.45, "below"), (1.9, "above")])
def test_a_shift_that_no_slot_shows_is_seen_over_hours(factor, direction):
    rng = np.random.default_rng(4)
    counts = [*rng.poisson(2, 288 + 130), *rng.poisson(2 * factor, 158)]
    slots = [(0, 0, MIDNIGHT + (n - 288) * SLOT, 1, int(x) * 10**6) for n, x in enumerate(counts)]
    rows = pl.DataFrame(slots, SNAPSHOTS, orient="row")
    measured, _ = world()
    usual_days = [
        (0, 0, LAST - timedelta(days=back), np.random.default_rng(back).poisson(2, 288).tolist())
        for back in range(30)
    ]
    metric = replace(METRICS[0], concern="both")
    pairs = judged(measured.filter(metric=0), {0: metric})
    days = pl.DataFrame(usual_days, DAYS, orient="row").cast(DAYS)
    learned = taught(days, measured, {**METRICS, 0: metric})
    found = anomalies(judge(rows, pairs, learned, (NOON, NOON + 48 * SLOT)))
    assert found["direction"].unique().to_list() == [direction]
    assert found["over_slots"].min() > 1


def test_one_high_slot_is_no_anomaly_of_the_hours_around_it_either():
    def change(site, metric, values):
        values[140:190] = {1: 0.0}.get(metric, values[140:190])
        if metric == 1:
            values[150] = 500

    last = NOON + 40 * SLOT
    assert anomalies(run(change, last=last)).filter(metric=1).is_empty()


def test_an_ordinary_hour_has_no_anomaly_but_scores_that_say_so():
    scores = run()
    assert anomalies(scores).is_empty()
    assert scores.schema == SCORES
    assert scores.height == 13 * 3
    assert scores["metric"].unique().sort().to_list() == [0, 1, 2]


@pytest.mark.parametrize(("metric", "value"), [(0, 60), (1, 0)])
def test_the_direction_that_worries_nobody_is_no_anomaly(metric, value):
    assert anomalies(run(at(metric, QUIET, value))).is_empty()


def test_a_deviation_too_small_to_matter_is_none_however_improbable():
    measured, _ = world()
    calm = pl.DataFrame(
        [(0, 2, LAST - timedelta(days=back), [80.0] * 288) for back in range(30)],
        DAYS,
        orient="row",
    )
    only = judged(measured.filter(metric=2), METRICS)
    for value, count in ((76.0, 0), (20.0, 11)):
        rows = day(measured, change=at(2, QUIET, value))
        found = judge(rows, only, taught(calm, only, METRICS), (NOON, NOON + 11 * SLOT))
        assert anomalies(found).height == count


def test_a_score_carries_all_that_explains_it():
    scores = run(at(0, QUIET, 0))
    row = anomalies(scores).row(by_predicate=pl.col("slot") == NOON + 4 * SLOT, named=True)
    assert (row["observed"], row["direction"], row["sensitivity"]) == (0, "absent", "medium")
    assert row["over_slots"] == 5
    assert row["expected"] == pytest.approx(60, rel=0.2)
    assert 0 < row["low"] < 12 < row["high"] < 40
    assert 0 < row["tail_p"] <= row["q"] <= 0.01
    assert row["z"] < -2
    assert (row["tested"], row["hour_of_week"], row["pooled_parent"]) == (1, 12, "none")
    assert row["support"] == 48
    assert (row["window_from"], row["window_to"]) == (date(2026, 1, 31), LAST)
    assert (row["baseline_version"], row["policy_version"]) == ("1", "1")


def test_a_longer_silence_is_less_probable():
    scores = run(at(0, QUIET, 0)).filter(metric=0)
    silent = scores.filter(direction="absent")["tail_p"].to_list()
    assert len(silent) >= 3
    assert silent == sorted(silent, reverse=True)


def test_an_unstable_bucket_raises_nothing_but_by_its_parent():
    def shortly(days):
        return run(at(0, QUIET, 0), days=days, policy=AnomalyPolicy(stable_samples=300))

    assert shortly(1).is_empty()
    by_site = shortly(3)
    assert by_site["pooled_parent"].unique().to_list() == ["site"]
    assert not anomalies(by_site).is_empty()


def test_where_a_gauge_has_no_value_nothing_is_tested():
    scores = run(at(2, slice(144, 150), np.nan))
    assert scores.filter(metric=2)["slot"].min() == NOON + 6 * SLOT


def test_a_slot_is_judged_the_same_alone_as_within_a_day():
    change = at(0, slice(150, 180), 0)
    whole = run(change, first=MIDNIGHT, last=MIDNIGHT + timedelta(hours=23), sites=3)
    for place in (144, 152, 170, 200):
        slot = MIDNIGHT + place * SLOT
        alone = run(change, first=slot, last=slot, sites=3)
        assert alone.equals(whole.filter(slot=slot)), place


@settings(max_examples=8)
@given(st.integers(0, 50), st.floats(0, 12), st.floats(0, 6))
def test_what_a_lower_sensitivity_finds_a_higher_one_finds_too(seed, events, denied):
    def change(site, metric, values):
        values[140:150] = {0: round(events), 1: round(denied)}.get(metric, values[140:150])

    measured, learned = world(sites=4, seed=3)
    rows = day(measured, seed, change)
    before = set()
    for level in Sensitivity:
        own = {0: level, 1: level, 2: Sensitivity.LOW}
        pairs = judged(measured, METRICS, own)
        scores = judge(rows, pairs, learned, (NOON - 4 * SLOT, NOON + 8 * SLOT))
        found = set(anomalies(scores).select("site", "metric", "slot").iter_rows())
        assert found >= before
        before = found


def test_a_policy_under_which_that_could_not_hold_is_refused():
    backwards = dict(
        zip(Sensitivity, [Readiness(0.05, 1), Readiness(0.01, 1), Readiness(0.1, 1)], strict=True)
    )
    with pytest.raises(ValueError, match="higher sensitivity"):
        AnomalyPolicy(readiness=backwards)


@given(st.lists(st.floats(1e-9, 1), min_size=1, max_size=20), st.integers(0, 3))
def test_the_correction_for_many_tests_rejects_what_benjamini_and_hochberg_would(p, gaps):
    column = np.array(p + [np.nan] * gaps)[:, None]
    rejected = adjusted(column)[:, 0] <= 0.05
    ordered = sorted(p)
    passing = [value for rank, value in enumerate(ordered, 1) if value <= 0.05 * rank / len(p)]
    expected = [value <= max(passing, default=-1) for value in p] + [False] * gaps
    assert rejected.tolist() == expected


def test_the_more_is_tested_the_more_improbable_an_anomaly_must_be():
    few, many = (run(at(0, QUIET, 1), sites=sites).filter(site=0, metric=0) for sites in (1, 30))
    assert (many["q"] >= few["q"]).all()
    assert many["tail_p"].equals(few["tail_p"])
    assert many["tested"][0] == 30


def test_a_quiet_day_of_many_sites_raises_next_to_nothing():
    sites = 40
    scores = run(first=MIDNIGHT, last=MIDNIGHT + timedelta(hours=23), sites=sites, seed=9)
    found = anomalies(scores)
    assert scores.height == sites * 3 * (23 * 12 + 1)
    assert found.select("site", "metric").unique().height <= 0.05 * sites


def test_what_only_pages_show_is_a_family_of_its_own():
    scores = run(sites=3).filter(slot=NOON)
    assert scores.filter("raises")["metric"].unique().to_list() == [0]
    assert scores.filter("raises")["tested"].unique().to_list() == [3]
    assert scores.filter(~pl.col("raises"))["tested"].unique().to_list() == [6]


def test_what_is_known_to_be_out_of_the_ordinary_is_not_judged_nor_held_against_what_follows():
    measured, learned = world(sites=2)
    rows = day(measured, change=lambda site, metric, values: values.__setitem__(QUIET, 0))
    window = [(0, None, NOON, NOON + 12 * SLOT)]
    excluded = pl.DataFrame(window, EXCLUDED, orient="row")
    pairs = judged(measured.filter(metric=0), METRICS)
    scores = judge(rows, pairs, learned, (NOON, NOON + 24 * SLOT), excluded)
    assert anomalies(scores)["site"].unique().to_list() == [1]
    assert scores.filter(site=0)["slot"].min() == NOON + 12 * SLOT


def test_nothing_measured_is_nothing_judged():
    measured, learned = world()
    none = judged(measured.clear(), METRICS)
    assert judge(day(measured), none, learned, (NOON, NOON)).schema == SCORES
    unknown = (learned[0].clear(), learned[1].clear())
    assert judge(day(measured), judged(measured, METRICS), unknown, (NOON, NOON)).is_empty()
