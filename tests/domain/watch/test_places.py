"""Where people are: sides of fences in three values, movement, streaks, and meetings."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tests.domain.findings.patterns.ground import fence, fix, phone, point
from tests.domain.findings.patterns.made import Made, every
from vigia.domain.geo import relation
from vigia.domain.watch.moments import MINUTE_US
from vigia.domain.watch.places import INSIDE, NO_FENCE, OUTSIDE, UNCERTAIN, Places

TEN = 10 * MINUTE_US
SIDES = {"inside": INSIDE, "uncertain": UNCERTAIN, "outside": OUTSIDE}


def places(made: Made, first: float = 0, last: float = 30) -> Places:
    return made.known(every(first, last)).places


def site() -> Made:
    return phone(fence(Made().site()), "guard's phone", "guard")


@pytest.mark.parametrize("x_m", [0, 109, 111, 119, 121, 169, 171, 181, 400])
@pytest.mark.parametrize("accuracy_m", [1.0, 10.0, 60.0])
def test_a_position_is_on_the_side_that_its_accuracy_leaves_no_doubt_of(x_m, accuracy_m):
    (side,) = places(fix(site(), "guard", 0, x_m, 0, accuracy_m=accuracy_m)).positions["side"]
    assert side == SIDES[relation(x_m, accuracy_m, 120, 50)]


def test_unknown_accuracy_is_on_no_side_and_a_site_without_a_fence_has_none():
    assert places(fix(site(), "guard", 0, 0, 0, accuracy_m=None)).positions["side"][0] == UNCERTAIN
    bare = fix(Made().site(), "guard", 0, 0, 0)
    assert places(bare).positions["side"].to_list() == [NO_FENCE]


def test_positions_are_metres_from_the_middle_of_the_fence():
    (row,) = places(fix(site(), "guard", 0, 300, -400)).positions.iter_rows(named=True)
    assert (row["x_m"], row["y_m"]) == (pytest.approx(300, abs=0.5), pytest.approx(-400, abs=0.5))
    (spot,) = places(point(site(), "gate", 30, 40)).checkpoints.iter_rows(named=True)
    assert np.hypot(spot["x_m"], spot["y_m"]) == pytest.approx(50, abs=0.1)


def test_a_part_of_the_site_where_nobody_should_be_is_told():
    made = fence(site(), kind="exclusion", radius_m=20)
    made = fix(fix(made, "guard", 0, 0, 0), "guard", 1, 100, 0)
    assert places(made).positions["in_exclusion"].to_list() == [True, False]


def test_the_newest_position_is_the_newest_that_has_arrived():
    made = fix(fix(site(), "guard", 0, 10, 0), "guard", 5, 20, 0, late_s=600)
    fix(made, "guard", 6, 30, 0)
    found = places(made)
    x_m = found.known_at(found.newest("person"), "x_m")[0]
    assert x_m[[0, 1, 5, 7, 20]].round().tolist()[1:] == [10, 10, 30, 30]
    assert np.isnan(x_m[0])


def test_the_radius_of_gyration_is_that_of_the_positions_of_the_window():
    made = fix(fix(site(), "guard", 0, 0, 0), "guard", 1, 6, 8)
    radius = places(made).gyration_m("person", TEN)[0]
    assert radius[2] == pytest.approx(5, abs=0.05)
    assert radius[11] == pytest.approx(0, abs=0.01)
    assert np.isnan(radius[12])


def test_steps_and_positions_are_counted_by_window():
    made = fix(fix(site(), "guard", 0, 0, 0, steps_delta=7), "guard", 5, 0, 0, steps_delta=4)
    found = places(made)
    assert found.steps("person", TEN)[0][[6, 11, 16]].tolist() == [11, 4, 0]
    assert found.count("device", TEN).sum(axis=0)[[6, 11, 16]].tolist() == [2, 1, 0]


def test_who_is_farther_off_than_some_metres_has_moved_and_surely_so_beyond_accuracy():
    made = fix(fix(site(), "guard", 0, 0, 0), "guard", 5, 18, 0)
    found = places(made)
    assert found.displaced("person", TEN, 15)[0][[4, 6, 10, 11]].tolist() == [0, 1, 1, 0]
    assert not found.displaced("person", TEN, 19).any()
    assert not found.displaced("person", TEN, 15, surely=True).any()
    assert found.displaced("person", TEN, 5, surely=True).any()
    assert not found.displaced("person", 4 * MINUTE_US, 15).any()


def test_a_streak_is_broken_by_what_came_after_it_once_that_has_arrived():
    made = fix(fix(site(), "guard", 0, 400, 0), "guard", 2, 400, 0)
    fix(made, "guard", 4, 0, 0, late_s=600)
    found = places(made)
    out = (found.positions["side"] == OUTSIDE).to_numpy()
    count, aged = found.streak("person", out, ~out, 3 * MINUTE_US)
    assert count[0][[0, 1, 3, 13, 15]].tolist() == [0, 1, 2, 2, 0]
    assert aged[0][[2, 3, 15]].tolist() == [False, True, False]
    held, _ = found.streak("person", out, ~out, 0, 2 * MINUTE_US)
    assert held[0][[1, 3, 5]].tolist() == [0, 1, 2]


def test_two_people_meet_where_their_positions_are_near_in_time():
    made = fix(fix(site(), "guard", 0, 0, 0), "colleague", 0.5, 3, 4, accuracy_m=2.0)
    fix(made, "stranger", 5, 0, 0)
    found = places(made)
    guard = found.things.people(pl.Series(["guard"]))
    (row,) = found.meetings(guard, MINUTE_US).iter_rows(named=True)
    assert row["other"] == found.things.people(pl.Series(["colleague"]))[0]
    assert row["apart_m"] == pytest.approx(5, abs=0.05)
    assert row["unsure_m"] == 7


def test_without_positions_everything_is_empty():
    found = places(site())
    assert found.positions.is_empty()
    assert not found.displaced("device", TEN, 1).any()
    assert found.meetings(np.array([0]), TEN).is_empty()
    assert np.isnan(found.gyration_m("device", TEN)).all()
