"""What the roster system tells, when, and what it cannot know."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from vigia.simulator.effects import Effect, Effects
from vigia.simulator.world.clock import HOUR_US
from vigia.simulator.world.roster import with_effects
from vigia.simulator.world.roster_events import FIRST_LOAD_US, roster_events

ORDER = {
    "assigned": 1, "confirmed": 2, "declined": 3, "cancelled": 3, "swapped": 3, "no_show": 3,
    "completed": 5,
}  # fmt: skip


@pytest.fixture(scope="module")
def told(world, duties):
    return {table: frames[0] for table, frames in roster_events(world, duties).items()}


@pytest.fixture(scope="module")
def changes(told, duties):
    """Changes of assignments beside the duties they are about."""
    return (
        told["shift_assignment"]
        .join(duties, left_on="_duty", right_on="duty")
        .with_columns(at=pl.col("ce_time").to_physical())
    )


def last_status(frame, key):
    return frame.sort("ce_time").group_by(key).agg(pl.col("status").last())


def test_every_shift_is_published_before_anybody_is_put_on_it(told):
    published = told["shift"].filter(pl.col("ce_type") == "vigia.shift.published.v1")
    assert published["shift_id"].is_unique().all()
    first = told["shift_assignment"].group_by("shift_id").agg(pl.col("ce_time").min())
    joined = first.join(published, on="shift_id", suffix="_shift", how="left")
    assert joined["ce_time_shift"].null_count() == 0
    assert (joined["ce_time_shift"] < joined["ce_time"]).all()


def test_rosters_from_before_the_world_are_loaded_half_an_hour_before_it(world, told):
    start = world.config.start_us
    for frame in told.values():
        assert frame["ce_time"].to_physical().min() >= start - FIRST_LOAD_US
    early = told["shift"].filter(pl.col("ce_time").to_physical() < start)
    assert early.height > 100
    assert (early["published_at"].to_physical() < start - HOUR_US).any()


def test_headcounts_are_those_of_the_contract(world, told):
    asked = world.requirements.group_by("post").agg(pl.col("headcount").max())
    codes = world.posts.select("post", post_id="code")
    published = told["shift"].filter(pl.col("ce_type") == "vigia.shift.published.v1")
    joined = published.join(codes, on="post_id").join(asked, on="post", suffix="_asked")
    assert (joined["headcount"] <= joined["headcount_asked"]).all()
    assert set(joined["headcount"]) == {1, 2}


def test_changes_of_an_assignment_come_in_order_and_never_at_once(told):
    rows = told["shift_assignment"].sort("assignment_id", "ce_time")
    gap_us = rows["ce_time"].to_physical().diff()
    same = rows["assignment_id"] == rows["assignment_id"].shift(1)
    assert gap_us.filter(same).min() >= 1_000
    rank = rows["status"].replace_strict(ORDER, return_dtype=pl.Int64())
    assert rank.diff().filter(same).min() >= 0


@pytest.mark.parametrize(
    ("outcome", "statuses"),
    [
        ("worked", {"completed"}),
        ("swapped", {"completed"}),
        ("absent", {"declined", "cancelled"}),
        ("no_show", {"no_show"}),
        ("cancelled", {"cancelled"}),
        ("stood_down", {"cancelled", "assigned", "confirmed"}),
    ],
)
def test_an_assignment_ends_as_its_duty_did(changes, outcome, statuses):
    ends = last_status(changes.filter(pl.col("outcome") == outcome), "assignment_id")
    assert set(ends["status"]) == statuses


def test_the_roster_learns_of_absence_before_the_shift_and_of_no_shows_after_it(changes):
    told_at = changes["at"] - changes["starts_us"]
    sick = changes.with_columns(told_at).filter(
        pl.col("outcome") == "absent", pl.col("status").is_in(("declined", "cancelled"))
    )
    first = sick.group_by("assignment_id").agg(pl.col("at").min())["at"]
    assert first.max() < 0
    assert first.min() > -15 * HOUR_US
    declined = sick.filter(pl.col("status") == "declined")
    assert declined["at"].min() < -8 * HOUR_US + 60_000_000
    missed = changes.with_columns(told_at).filter(pl.col("status") == "no_show")
    assert missed["at"].min() > HOUR_US // 2


def test_the_roster_closes_a_shift_hours_after_its_end(changes):
    closed = changes.filter(pl.col("status") == "completed")
    after = (closed["at"] - closed["ends_us"]) / HOUR_US
    assert after.min() >= 1
    punched = closed["clock_in_us"] >= 0
    assert after.filter(punched).max() <= 3.001
    assert after.filter(~punched).min() >= 7


def test_swaps_and_reliefs_name_who_took_over(world, changes):
    named = changes.filter(pl.col("relieved_by").is_not_null())
    assert set(named["status"]) == {"swapped", "declined", "cancelled", "no_show"}
    code = world.people["code"].gather(named["relieved_by_right"])
    assert (named["relieved_by"] == code).all()
    swaps = named.filter(pl.col("status") == "swapped")
    assert (swaps["at"] < swaps["starts_us"]).all()
    later = swaps.filter(pl.col("starts_us") > world.config.start_us + 24 * HOUR_US)
    assert (later["at"] < later["starts_us"] - 2 * HOUR_US).all()


def test_a_post_that_was_stood_down_is_told_before_and_often_stays_on_the_roster(duties, told):
    stood = told["post_stand_down"]
    assert stood.height == duties.filter(pl.col("outcome") == "stood_down")["shift_code"].n_unique()
    assert (stood["from_at"] - stood["ce_time"]).min() > timedelta(minutes=25)
    ends = last_status(told["shift"], "shift_id")
    codes = duties.filter(pl.col("outcome") == "stood_down").select(shift_id="shift_code").unique()
    share = (codes.join(ends, on="shift_id")["status"] == "cancelled").mean()
    assert 0.5 < share < 0.9


def test_a_shift_of_two_goes_on_with_one_when_one_is_called_off(world, duties):
    pairs = (
        duties.group_by("shift_code")
        .agg("duty", pl.col("outcome").unique())
        .filter(pl.col("duty").list.len() == 2, pl.col("outcome").list.len() == 1)
    )
    code, (one, _), _ = pairs.filter(pl.col("outcome").list.first() == "worked").row(0)
    row = duties.row(one, named=True)
    effects = Effects.of([(Effect.ABSENT, one, row["starts_us"], row["ends_us"], 2.0, 0)])
    events = roster_events(world, with_effects(world, duties, effects))["shift"][0]
    mine = events.filter(pl.col("shift_id") == code).sort("ce_time")
    kept = mine.height == 2
    assert mine["status"].to_list() == (
        ["assigned", "completed"] if kept else ["assigned", "assigned", "completed"]
    )
    assert mine["headcount"].to_list() == ([2, 2] if kept else [2, 1, 1])


def test_the_roster_never_learns_of_a_swap_that_nobody_recorded(world, duties):
    usual = duties.filter(pl.col("outcome") == "worked", pl.col("clock_in_us") >= 0)
    row = usual.row(usual.height // 3, named=True)
    other = (row["person"] + 1) % 20
    effects = Effects.of(
        [(Effect.SWAP_UNRECORDED, row["duty"], row["starts_us"], row["ends_us"], other, 0)]
    )
    before = roster_events(world, duties)
    after = roster_events(world, with_effects(world, duties, effects))
    for table in before:
        assert before[table][0].equals(after[table][0])


def test_leave_is_asked_for_and_decided(told):
    by_id = told["leave_request"].sort("ce_time").group_by("leave_id").agg("status")
    pairs = {tuple(s) for s in by_id["status"].to_list()}
    assert pairs == {("requested", "approved"), ("requested", "rejected")}
    assert np.mean([s[1] == "rejected" for s in by_id["status"].to_list()]) < 0.3
