"""Baselines: what a sample is, whose days teach, and that order and batches change no bit."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from statistics import fmean, median, variance
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigia.domain.anomalies.baseline import PROFILES, profiles
from vigia.domain.anomalies.policy import AnomalyPolicy
from vigia.domain.anomalies.samples import DAYS, EXCLUDED, MEASURED, remember, slot_days
from vigia.domain.windows import INSTANT, SLOT, day_start, hour_of_week_of

BERLIN = "Europe/Berlin"
LORD_HOWE = "Australia/Lord_Howe"
LAST = date(2026, 3, 1)  # a Sunday
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SNAPSHOTS = {"site": pl.Int64(), "metric": pl.Int64(), "slot": INSTANT, "n": pl.Int64(), "sum": pl.Int128()}  # fmt: skip


def measured(*pairs, zone=BERLIN, since=LONG_AGO, until=None):
    rows = [(site, metric, kind, zone, since, until) for site, metric, kind in pairs]
    return pl.DataFrame(rows, MEASURED, orient="row")


def snapshots(*rows):
    """Rows of (site, metric, slot, n, sum in units)."""
    micro = [(*key, n, round(total * 1e6)) for *key, n, total in rows]
    return pl.DataFrame(micro, SNAPSHOTS, orient="row")


def local(day, hour, minute=0, zone=BERLIN, fold=0):
    at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(zone), fold=fold)
    return at.astimezone(UTC)


def values(days, at=0):
    return days["values"][at].to_numpy()


def bucket(found, hour_of_week, metric=0):
    row = (pl.col("hour_of_week") == hour_of_week) & (pl.col("metric") == metric)
    return found.row(by_predicate=row, named=True)


def random_month(seed, pairs=3, days=35, zone=BERLIN):
    """Snapshots of a few counts and gauges with gaps, and what is measured."""
    rng = np.random.default_rng(seed)
    start = day_start(LAST - timedelta(days=days - 1), zone)
    rows = []
    for pair in range(pairs):
        slots = np.flatnonzero(rng.random(days * 288) < 0.8)
        rows += [(7, pair, start + int(s) * SLOT, 3, rng.poisson(4) * 1.1) for s in slots]
    kinds = [(7, pair, "count" if pair % 2 else "gauge") for pair in range(pairs)]
    return snapshots(*rows), measured(*kinds, zone=zone)


def test_a_count_is_0_where_nothing_happened_and_a_gauge_is_unknown():
    rows = snapshots(
        (1, 0, local(LAST, 8), 4, 4), (1, 1, local(LAST, 8), 4, 10), (1, 1, local(LAST, 9), 2, -3)
    )
    days = slot_days(rows, measured((1, 0, "count"), (1, 1, "gauge")), LAST, LAST)
    count, gauge = values(days, 0), values(days, 1)
    assert count[96] == 4
    assert np.delete(count, 96).tolist() == [0] * 287
    assert gauge[[96, 108]].tolist() == [2.5, -1.5]
    assert np.isnan(np.delete(gauge, [96, 108])).all()


def test_nothing_is_known_before_a_metric_was_measured_or_after_it_ended():
    known = measured((1, 0, "count"), since=local(LAST, 6, 2), until=local(LAST, 20))
    (count,) = (values(slot_days(snapshots(), known, LAST, LAST)),)
    assert np.isnan(count[:72]).all()
    assert (count[72:240] == 0).all()
    assert np.isnan(count[240:]).all()


def test_an_hour_that_the_clock_shows_twice_is_counted_by_its_exposure():
    fold = date(2026, 10, 25)
    slots = [local(fold, 2, 10, fold=each) for each in (0, 1)]
    rows = snapshots((1, 0, slots[0], 1, 5), (1, 0, slots[1], 1, 2), (1, 1, slots[1], 2, 9))
    days = slot_days(rows, measured((1, 0, "count"), (1, 1, "gauge")), fold, fold)
    assert values(days, 0)[26] == 3.5
    assert values(days, 1)[26] == 4.5
    found = profiles(days, fold, AnomalyPolicy(stable_samples=12))
    assert bucket(found, 6 * 24 + 2)["n"] == 12
    assert bucket(found, 6 * 24 + 2)["mean"] == pytest.approx(3.5 / 12)


def test_an_hour_that_the_clock_skips_has_no_sample():
    gap = date(2026, 3, 29)
    days = slot_days(snapshots(), measured((1, 0, "count")), gap, gap)
    assert np.flatnonzero(np.isnan(values(days))).tolist() == list(range(24, 36))
    assert bucket(profiles(days, gap), 6 * 24 + 2)["n"] == 0


def test_half_an_hour_that_the_clock_shows_twice_is_half_a_bucket():
    fold = date(2026, 4, 5)
    slots = [datetime(2026, 4, 4, 14, 35, tzinfo=UTC), datetime(2026, 4, 4, 15, 5, tzinfo=UTC)]
    assert {hour_of_week_of(slot, LORD_HOWE) for slot in slots} == {6 * 24 + 1}
    rows = snapshots(*((1, 0, slot, 1, 8) for slot in slots[:1]))
    days = slot_days(rows, measured((1, 0, "count"), zone=LORD_HOWE), fold, fold)
    assert values(days)[12 + 7] == 4
    assert values(days).sum() == 4


@pytest.mark.parametrize("metric", [0, None])
def test_what_an_excluded_window_touches_teaches_nothing(metric):
    window = [(1, metric, local(LAST, 8, 7), local(LAST, 8, 21))]
    excluded = pl.DataFrame(window, EXCLUDED, orient="row")
    known = measured((1, 0, "count"), (1, 1, "count"), (2, 0, "count"))
    days = slot_days(snapshots(), known, LAST, LAST, excluded)
    gone = [np.flatnonzero(np.isnan(values(days, at))).tolist() for at in range(3)]
    assert gone == [[97, 98, 99, 100], [] if metric == 0 else [97, 98, 99, 100], []]


def test_figures_of_a_bucket_are_those_of_its_samples_alone():
    rows, known = random_month(1)
    days = slot_days(rows, known, LAST - timedelta(days=34), LAST)
    found = profiles(days, LAST)
    assert found.schema == PROFILES
    assert found.height == 3 * 168
    for metric, hour in ((0, 30), (1, 30), (1, 167), (2, 0)):
        expected = by_hand(rows, known, metric, hour)
        row = bucket(found, hour, metric)
        assert row["n"] == row["support"] == len(expected) >= 30
        assert row["mean"] == pytest.approx(fmean(expected))
        assert row["var"] == pytest.approx(variance(expected))
        assert row["p50"] == pytest.approx(median(expected))
        assert row["mad"] == pytest.approx(median(abs(x - row["p50"]) for x in expected))
        assert row["p05"] == pytest.approx(float(np.quantile(expected, 0.05)))
        assert row["p95"] == pytest.approx(float(np.quantile(expected, 0.95)))
        assert row["dispersion"] == pytest.approx(row["var"] / row["mean"])


def by_hand(rows, known, metric, hour):
    """The samples of one bucket, slot by slot of the last 30 days."""
    kind = known.filter(pl.col("metric") == metric)["kind"].item()
    stored = {r["slot"]: r for r in rows.filter(pl.col("metric") == metric).iter_rows(named=True)}
    slot, end = (
        day_start(LAST - timedelta(days=29), BERLIN),
        day_start(LAST + timedelta(days=1), BERLIN),
    )
    samples = []
    while slot < end:
        if hour_of_week_of(slot, BERLIN) == hour:
            row = stored.get(slot)
            if kind == "count":
                samples.append(row["sum"] / 1e6 if row else 0.0)
            elif row:
                samples.append(row["sum"] / 1e6 / row["n"])
        slot += SLOT
    return samples


@settings(max_examples=6)
@given(st.data())
def test_any_order_and_any_batches_of_days_give_the_same_rows_to_the_last_bit(data):
    seed = data.draw(st.integers(0, 3))
    rows, known = random_month(seed)
    first = LAST - timedelta(days=34)
    whole = profiles(slot_days(rows, known, first, LAST), LAST)
    order = data.draw(st.permutations(range(35)))
    cuts = sorted(data.draw(st.sets(st.integers(1, 34), max_size=6)))
    kept = pl.DataFrame(schema=DAYS)
    for start, end in zip([0, *cuts], [*cuts, 35], strict=True):
        batch = [
            slot_days(rows, known, first + timedelta(days=day), first + timedelta(days=day))
            for day in order[start:end]
        ]
        kept = remember(kept, pl.concat(batch), LAST)
    assert profiles(kept, LAST).equals(whole)
    shuffled = rows.sample(fraction=1, shuffle=True, seed=seed)
    assert profiles(slot_days(shuffled, known, first, LAST), LAST).equals(whole)


def test_a_day_that_changed_takes_the_place_of_what_was_kept_of_it():
    rows, known = random_month(5, pairs=1)
    kept = slot_days(rows, known, LAST - timedelta(days=5), LAST)
    late = pl.concat([rows, snapshots((7, 0, local(LAST, 12), 1, 99))]).unique(
        ["slot"], keep="last"
    )
    again = remember(kept, slot_days(late, known, LAST, LAST), LAST)
    assert again.equals(slot_days(late, known, LAST - timedelta(days=5), LAST))
    assert not again.equals(kept)


def test_days_after_the_last_that_may_teach_or_30_before_it_teach_nothing():
    rows, known = random_month(6, pairs=1)
    every = slot_days(rows, known, LAST - timedelta(days=34), LAST)
    before = LAST - timedelta(days=3)
    taught = profiles(every, before)
    inside = every.filter(pl.col("local_date").is_between(before - timedelta(days=29), before))
    assert taught.equals(profiles(inside, before))
    assert taught["window_to"].unique().to_list() == [before]
    assert not taught.equals(profiles(every, LAST))


def days_of(count, value=lambda day, place: 1.0, kind="count", site=1):
    dates = [LAST - timedelta(days=back) for back in range(count)]
    rows = [(site, 0, day, [value(day, place) for place in range(288)]) for day in dates]
    return pl.DataFrame(rows, DAYS, orient="row").sort("local_date")


def test_a_bucket_is_stable_from_30_samples_on():
    sunday_noon = 6 * 24 + 12
    for count, n, stable in ((14, 24, False), (21, 36, True)):
        row = bucket(profiles(days_of(count), LAST), sunday_noon)
        assert (row["n"], row["is_stable"]) == (n, stable)
    gone = days_of(21).with_columns(
        pl.when(pl.col("local_date") == LAST)
        .then(pl.col("values").arr.eval(pl.element() * float("nan")))
        .otherwise("values")
    )
    assert bucket(profiles(gone, LAST), sunday_noon)["n"] == 24


def test_while_young_a_bucket_goes_by_its_kind_of_day_then_by_the_site():
    def value(day, place):
        return (100.0 if day.weekday() > 4 else 10.0) + place // 12

    two_weeks = profiles(days_of(14, value), LAST)
    tuesday, sunday = bucket(two_weeks, 24 + 9), bucket(two_weeks, 6 * 24 + 9)
    assert (tuesday["n"], tuesday["support"], tuesday["pooled_parent"]) == (24, 120, "daytype_hour")
    assert (tuesday["mean"], sunday["mean"], sunday["support"]) == (19, 109, 48)
    one_day = bucket(profiles(days_of(1, value), LAST), 24 + 9)
    assert (one_day["n"], one_day["support"], one_day["pooled_parent"]) == (0, 288, "site")
    assert one_day["mean"] == pytest.approx(100 + 11.5)
    month = profiles(days_of(30, value), LAST)
    assert month["pooled_parent"].unique().to_list() == ["none"]
    assert month["is_stable"].all()


def test_where_not_even_the_site_has_samples_enough_nothing_stands_in():
    few = days_of(1, lambda day, place: 5.0 if place < 20 else float("nan"))
    found = profiles(few, LAST)
    assert not found["is_stable"].any()
    assert found["pooled_parent"].unique().to_list() == ["none"]
    assert found["support"].max() == 12
    assert bucket(found, 5)["mean"] is None


def test_many_pairs_are_computed_some_at_a_time_with_the_same_result(monkeypatch):
    rows, known = random_month(8, pairs=4)
    days = slot_days(rows, known, LAST - timedelta(days=20), LAST)
    whole = profiles(days, LAST)
    monkeypatch.setattr("vigia.domain.anomalies.baseline._PAIRS_AT_ONCE", 3)
    assert profiles(days, LAST).equals(whole)


def test_without_days_or_sites_there_is_no_baseline():
    assert profiles(pl.DataFrame(schema=DAYS), LAST).schema == PROFILES
    assert slot_days(snapshots(), measured(), LAST, LAST).schema == DAYS
