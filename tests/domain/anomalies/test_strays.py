"""How far ordinary days stray: rarity follows days, and each day is held against the others."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigia.domain.anomalies.baseline import profiles
from vigia.domain.anomalies.samples import DAYS
from vigia.domain.anomalies.strays import STRAYS, SUMS, WAYS, rarity, second_of_three, strays

LAST = date(2026, 3, 1)
KINDS = {"site": pl.Int64(), "metric": pl.Int64(), "kind": pl.String(), "floor": pl.Float64()}


def learned(days, kind="count"):
    frame = pl.DataFrame(
        [(1, 0, LAST - timedelta(days=back), day.tolist()) for back, day in enumerate(days)],
        DAYS,
        orient="row",
    )
    kinds = pl.DataFrame([(1, 0, kind, 2.0)], KINDS, orient="row")
    return strays(frame, profiles(frame, LAST), kinds, LAST)


def rare(found, direction, slots):
    return found.filter(direction=direction, over_slots=slots)["rare"].item()


def test_every_way_to_look_at_a_count_has_a_row_and_what_is_no_count_has_those_of_slots():
    rng = np.random.default_rng(1)
    counts = learned(rng.poisson(2.0, (30, 288)).astype(float))
    assert counts.schema == STRAYS
    assert counts.height == len(WAYS)
    assert counts["days"].unique().to_list() == [30]
    values = learned(80 + rng.normal(0, 3, (30, 288)), "gauge")
    assert values.select("direction", "over_slots").rows() == [("below", 1), ("above", 1)]


def test_counts_that_share_the_luck_of_their_hours_stray_further_than_others():
    rng = np.random.default_rng(2)
    alone = learned(rng.poisson(2.0, (30, 288)).astype(float))
    luck = np.exp(rng.normal(0, 0.6, (30, 24))).repeat(12, axis=1)
    bunched = learned(rng.poisson(2.0 * luck).astype(float))
    for slots in SUMS:
        for direction in ("below", "above"):
            assert rare(bunched, direction, slots) > 1.5 * rare(alone, direction, slots)


def test_a_day_is_held_against_the_others_not_against_itself():
    days = np.full((29, 288), 2.0)
    days[6, 96:108] = 30.0
    odd = learned(days).filter(direction="above", over_slots=12)
    assert odd["usual"].item() < 1
    # By the mean of all days, its own too, half of the excess would be expected.
    of_week = np.sqrt(12 * 30 + 0.375) - np.sqrt(12 * 2 + 0.375)
    frame = learned(np.where(days > 2, 3.0, days)).filter(direction="above", over_slots=12)
    assert odd["rare"].item() <= (2 * of_week) ** 2 * 0.5 / np.log(10)
    assert frame["usual"].item() == pytest.approx(odd["usual"].item(), abs=1.0)


def test_days_with_long_silences_make_a_silence_no_surprise():
    rng = np.random.default_rng(3)
    days = rng.poisson(2.0, (30, 288)).astype(float)
    steady = rare(learned(days), "absent", 0)
    for row in range(30):
        start = int(rng.integers(0, 240))
        days[row, start : start + 36] = 0
    assert rare(learned(days), "absent", 0) > 5 * steady


@given(
    st.integers(0, 288),
    st.floats(0, 60),
    st.floats(0, 20),
    st.floats(0, 20),
    st.integers(1, 60),
)
def test_the_more_surprising_the_rarer_and_never_less_than_nothing(slots, found, usual, more, days):
    arrays = [np.array([float(each)]) for each in (usual, usual + more, days)]
    one, other = (rarity(slots, np.array([x]), *arrays)[0] for x in (found, found + 1))
    assert 0 <= other <= one <= 1


def test_as_surprising_as_one_day_in_twenty_is_as_rare_as_that():
    usual, worst = np.array([2.0]), np.array([6.0])
    by_day = rarity(288, np.array([2.0, 6.0, 10.0]), usual, worst, np.array([1e6]))
    assert by_day == pytest.approx([1.0, 0.05, 0.005])
    by_hour = rarity(12, np.array([6.0]), usual, worst, np.array([1e6]))
    assert by_hour == pytest.approx([0.05 / 24])


def test_a_few_days_show_little_of_how_far_days_reach():
    few, many = (rarity(288, np.array([8.0]), np.array([1.0]), np.array([3.0]), n) for n in (np.array([2.0]), np.array([30.0])))  # fmt: skip
    assert few > 10 * many


def test_two_of_three_must_be_far_out():
    z = np.array([[0.0, 9.0, 0.0, 5.0, 0.0, 0.0, 7.0]])
    assert second_of_three(z).tolist() == [[0, 0, 0, 5, 0, 0, 0]]
