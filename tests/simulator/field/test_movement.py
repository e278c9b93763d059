"""Where people are: continuous ways at human speed, at the places where they say they are."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tests.simulator.field import small
from vigia.simulator.field.movement import RIDING, STILL, WALKING, Movement
from vigia.simulator.field.path import Stops

SECOND_US = 1_000_000


def movement(rows, duty=(7, 9)):
    """A movement from rows of (row, second, leg in seconds, x, y)."""
    row, at, leg, x, y = (np.array(c) for c in zip(*rows, strict=True))
    no = np.zeros(len(row), dtype=bool)
    stops = Stops(row, at * SECOND_US, leg * SECOND_US, x.astype(float), y.astype(float), no, no)
    return Movement.of(np.array(duty), stops)


def at(moved, duty, second):
    found = moved.at(np.array([duty]), np.array([round(second * SECOND_US)]))
    return tuple(float(v[0]) for v in (found.x_m, found.y_m, found.mode, found.speed_mps))


def test_a_person_stays_at_a_stop_until_the_way_to_the_next_one_begins():
    moved = movement([(0, 100, 0, 0, 0), (0, 200, 10, 20, 0)])
    assert at(moved, 7, 150) == (0, 0, STILL, 0)
    assert at(moved, 7, 195) == (10, 0, WALKING, 2)
    assert at(moved, 7, 200) == (20, 0, STILL, 0)


def test_before_the_first_stop_and_after_the_last_the_person_is_there():
    moved = movement([(0, 100, 0, 3, 4), (0, 200, 10, 20, 0)])
    assert at(moved, 7, 0)[:2] == (3, 4)
    assert at(moved, 7, 10**9)[:2] == (20, 0)


def test_a_duty_that_nobody_works_has_no_position():
    moved = movement([(0, 100, 0, 3, 4)])
    assert np.isnan(at(moved, 9, 100)[0])
    assert np.isnan(at(moved, 8, 100)[0])
    assert moved.walked_m(np.array([9]), np.array([5])).tolist() == [0.0]


def test_a_shard_in_which_nobody_works_answers_too():
    none = np.zeros(0, dtype=np.int64)
    empty = Movement.of(np.array([7]), Stops(none, none, none, none, none, none == 1, none == 1))
    assert np.isnan(at(empty, 7, 100)[0])


def test_people_do_not_run_into_each_others_ways():
    moved = movement([(0, 100, 0, 1, 1), (1, 50, 0, 2, 2)])
    assert at(moved, 7, 60)[:2] == (1, 1)
    assert at(moved, 9, 10**6)[:2] == (2, 2)


def test_ways_on_foot_add_up():
    moved = movement([(0, 0, 0, 0, 0), (0, 100, 10, 30, 40), (0, 200, 20, 30, 0)])
    walked = moved.walked_m(np.array([7] * 4), np.array([0, 95, 100, 300]) * SECOND_US)
    assert walked.tolist() == [0, 25, 50, 90]


@pytest.fixture(scope="module")
def day():
    """Every minute of everybody's presence: duty, instant and position."""
    at_site, made = small.plain()
    here = at_site.duties.filter(pl.col("arrives_us") >= 0)
    minutes = ((here["leaves_us"] - here["arrives_us"]) // small.MINUTE_US).to_numpy()
    row = np.repeat(np.arange(len(minutes)), minutes)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(minutes) - minutes, minutes)
    when = here["arrives_us"].to_numpy()[row] + nth * small.MINUTE_US
    return here[row], when, made.movement.at(here["duty"].to_numpy()[row], when)


def test_nobody_walks_faster_than_people_do(day):
    walking = day[2].mode == WALKING
    assert day[2].speed_mps[walking].max() < 2.6
    assert 1.0 < np.median(day[2].speed_mps[walking]) < 1.5


def test_only_mobile_posts_and_commuters_ride(day):
    rows, when, found = day
    kinds = small.plain()[0].world.posts["kind"].to_numpy()[rows["post"]]
    riding = (found.mode == RIDING) & (when > rows["arrives_us"].to_numpy() + small.HOUR_US)
    riding &= when < rows["leaves_us"].to_numpy() - small.HOUR_US
    assert set(kinds[riding]) <= {"mobile"}


def test_people_on_duty_are_inside_the_fence_but_for_outlying_checkpoints(day):
    rows, _, found = day
    world = small.plain()[0].world
    radius = world.sites["fence_radius_m"].to_numpy()[rows["site"]]
    outside = np.hypot(found.x_m, found.y_m) > radius
    kinds = world.posts["kind"].to_numpy()[rows["post"]]
    assert outside[kinds != "mobile"].mean() < 0.001


def test_whoever_patrols_moves_more_than_whoever_sits(day):
    rows, _, found = day
    kinds = small.plain()[0].world.posts["kind"].to_numpy()[rows["post"]]
    patrols, sits = (np.isin(kinds, k) for k in (["patrol"], ["static", "control_room"]))
    assert (found.mode > 0)[patrols].mean() > 2 * (found.mode > 0)[sits].mean()


def test_whoever_scans_a_checkpoint_stands_at_it():
    at_site, made = small.plain()
    scans = small.events(made, "checkpoint_scan")
    points = at_site.world.checkpoints.select("code", "x_m", "y_m")
    scans = scans.join(points, left_on="checkpoint_id", right_on="code", maintain_order="left")
    found = made.movement.at(scans["_duty"].to_numpy(), scans["ce_time"].to_physical().to_numpy())
    off = np.hypot(found.x_m - scans["x_m"], found.y_m - scans["y_m"])
    assert np.quantile(off, 0.99) < 5.0
    assert off.max() < 40.0


def test_people_come_from_outside_and_go_there():
    at_site, made = small.plain()
    here = at_site.duties.filter(pl.col("arrives_us") >= 0)
    radius = at_site.world.sites["fence_radius_m"].to_numpy()[here["site"]]
    for column, minutes in (("arrives_us", -9.9), ("leaves_us", 9.9)):
        when = here[column].to_numpy() + round(minutes * small.MINUTE_US)
        found = made.movement.at(here["duty"].to_numpy(), when)
        assert (np.hypot(found.x_m, found.y_m) > radius).mean() > 0.95
