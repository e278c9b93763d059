"""Scores of detectors whose figures are known beforehand."""

from datetime import timedelta

import polars as pl
import pytest

from tests.evaluate import detectors
from vigia.evaluate.matching import match
from vigia.evaluate.score import alarms_per_site_day, blocks, score, trap_rates
from vigia.simulator.truth import TRAP

EPISODES = detectors.truth()


def _score(detections, name="K01", episodes=EPISODES):
    found = match(detections, episodes, TRAP.to_frame())
    return score(blocks("w", found), found.episodes, name)


@pytest.mark.parametrize("name", ["K01", "K02", "K03"])
def test_a_perfect_detector_is_perfect(name):
    found = _score(detectors.perfect(EPISODES), name)
    assert (found.precision, found.recall, found.f1) == (1.0, 1.0, 1.0)
    assert found.delay_detectable_s == (0.0, 0.0)
    assert found.delay_onset_s == (600.0, 600.0)
    assert found.intervals["recall"] == (1.0, 1.0)


def test_a_detector_that_says_nothing_has_no_precision_and_finds_nothing():
    found = _score(detectors.empty(EPISODES))
    assert found.precision is None
    assert found.recall == 0.0
    assert found.delay_onset_s is None
    assert "precision" not in found.as_dict()


def test_a_detector_that_is_hours_off_is_wrong():
    found = _score(detectors.shifted(EPISODES, timedelta(hours=6)))
    assert found.recall == 0.0
    assert found.precision == 0.0


def test_a_random_detector_is_almost_always_wrong():
    found = _score(detectors.random(300))
    assert found.precision < 0.05


def test_repeats_cost_precision_and_not_recall():
    once = detectors.perfect(EPISODES)
    again = once.with_columns(
        pl.format("{}-again", "detection").alias("detection"),
        pl.col("detected_at") + timedelta(minutes=5),
    )
    found = _score(pl.concat([once, again]))
    assert found.recall == 1.0
    assert found.precision == 0.5


def test_half_the_truth_has_half_the_recall_and_an_interval_around_it():
    half = detectors.perfect(EPISODES.filter(pl.int_range(pl.len()) % 2 == 0))
    found = _score(half)
    low, high = found.intervals["recall"]
    assert found.recall == pytest.approx(0.5, abs=0.15)
    assert low < found.recall < high
    assert found.precision == 1.0


def test_intervals_are_the_same_every_time():
    half = detectors.perfect(EPISODES.head(31))
    assert _score(half).intervals == _score(half).intervals


def test_a_world_more_narrows_the_interval():
    half = detectors.perfect(EPISODES.filter(pl.int_range(pl.len()) % 2 == 0))
    found = match(half, EPISODES, TRAP.to_frame())
    one = score(blocks("a", found), found.episodes, "K01")
    many = pl.concat([blocks(world, found) for world in "abcdefgh"])
    eight = score(many, pl.concat([found.episodes] * 8), "K01")
    assert eight.recall == one.recall
    width = [b - a for a, b in (eight.intervals["recall"], one.intervals["recall"])]
    assert width[0] < width[1]


def _trap(name, kind, hour, tempting="K01", site="S0001"):
    start = detectors.START + timedelta(hours=hour)
    return {
        "trap": name,
        "tenant": "t",
        "kind": kind,
        "scope_kind": "site",
        "scope": site,
        "site": site,
        "from": start,
        "to": start + timedelta(hours=1),
        "tempting_type": tempting,
    }


def test_a_trap_is_sprung_by_a_false_alarm_of_its_class_there_and_then():
    traps = pl.DataFrame(
        [
            _trap("a", "drill", 0),
            _trap("b", "drill", 5),
            _trap("c", "dst", 0, "K02"),
            _trap("d", "test_panic", 0, "K07"),
        ],
        TRAP,
        orient="row",
    )
    alarm = detectors.random(1).with_columns(
        pl.lit("K01").alias("class"),
        pl.lit("S0001").alias("scope"),
        pl.lit("S0001").alias("site"),
        pl.lit(detectors.START + timedelta(minutes=70))
        .cast(pl.Datetime("us", "UTC"))
        .alias("detected_at"),
    )
    found = match(alarm, EPISODES.clear(), traps)
    assert trap_rates(found, traps) == {"drill": 0.5, "dst": 0.0}


def test_false_alarms_are_counted_by_site_and_day_from_medium_on():
    alarms = detectors.random(280)
    low = alarms.with_columns(pl.lit("LOW").alias("severity"))
    span = timedelta(days=detectors.DAYS)
    nothing = EPISODES.clear()
    found = match(alarms, nothing, TRAP.to_frame())
    assert alarms_per_site_day(found, detectors.SITES, span) == pytest.approx(2.0)
    assert alarms_per_site_day(match(low, nothing, TRAP.to_frame()), detectors.SITES, span) == 0
