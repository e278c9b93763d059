"""What is made to happen to duties does happen to them, and to no others."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from vigia.simulator.effects import Effect, Effects
from vigia.simulator.world.befallen import befallen
from vigia.simulator.world.clock import HOUR_US
from vigia.simulator.world.model import DUTIES
from vigia.simulator.world.roster import phones, with_effects

MINUTE_US = HOUR_US // 60
CHANGING = ("worker", "device", "arrives_us", "leaves_us", "clock_in_us", "clock_out_us")


@pytest.fixture
def victim(duties):
    """A duty like most: worked, clocked, long enough."""
    usual = duties.filter(
        pl.col("outcome") == "worked",
        pl.col("clock_in_us") >= 0,
        pl.col("clock_out_us") >= 0,
        pl.col("worker") == pl.col("person"),
        pl.col("ends_us") - pl.col("starts_us") >= 8 * HOUR_US,
    )
    return usual.row(usual.height // 2, named=True)


def after(world, duties, duty, effect, value=0.0):
    """The duty after one effect; every other duty is as it was."""
    row = duties.row(duty, named=True)
    effects = Effects.of([(effect, duty, row["starts_us"], row["ends_us"], value, 0)])
    changed = with_effects(world, duties, effects)
    assert changed.schema == DUTIES
    others = pl.col("duty") != duty
    assert changed.filter(others).drop("lone").equals(duties.filter(others).drop("lone"))
    return changed.row(duty, named=True)


def test_nothing_happens_without_effects(world, duties):
    assert with_effects(world, duties, Effects.of([])).equals(duties)


@pytest.mark.parametrize(("value", "outcome"), [(0, "absent"), (1, "no_show"), (2, "stood_down")])
def test_who_stays_away_is_nowhere(world, duties, victim, value, outcome):
    row = after(world, duties, victim["duty"], Effect.ABSENT, value)
    assert row["outcome"] == outcome
    assert [row[name] for name in CHANGING] == [-1] * len(CHANGING)


def test_the_colleague_of_somebody_absent_is_alone(world, duties):
    pairs = duties.filter(pl.col("worker") >= 0, ~pl.col("lone")).group_by(
        "site", "starts_us", "ends_us"
    )
    two = pairs.agg("duty").filter(pl.col("duty").list.len() == 2)
    for one, other in two["duty"].to_list():
        row = duties.row(one, named=True)
        alone_together = (
            duties.filter(
                pl.col("site") == row["site"],
                pl.col("worker") >= 0,
                pl.col("starts_us") < row["ends_us"],
                pl.col("ends_us") > row["starts_us"],
            ).height
            == 2
        )
        if alone_together:
            effects = Effects.of([(Effect.ABSENT, one, row["starts_us"], row["ends_us"], 1.0, 0)])
            assert with_effects(world, duties, effects)["lone"][other]
            return
    pytest.fail("no two duties of the same hours in this world")


def test_an_unclocked_guard_is_there_all_the_same(world, duties, victim):
    row = after(world, duties, victim["duty"], Effect.UNCLOCKED)
    assert row["clock_in_us"] == -1
    assert {n: row[n] for n in CHANGING if n != "clock_in_us"} == {
        n: victim[n] for n in CHANGING if n != "clock_in_us"
    }


def test_in_an_unrecorded_swap_somebody_else_works_and_the_roster_knows_nothing(
    world, duties, victim
):
    other = (victim["person"] + 1) % 30
    row = after(world, duties, victim["duty"], Effect.SWAP_UNRECORDED, other)
    assert row["worker"] == other
    assert row["device"] == phones(world)[other]
    assert row["person"] == victim["person"]
    assert (row["outcome"], row["relieved_by"]) == ("worked", -1)


def test_lateness_moves_arrival_and_punch_together(world, duties, victim):
    row = after(world, duties, victim["duty"], Effect.LATE_BY, 47.0)
    assert row["arrives_us"] == victim["starts_us"] + 47 * MINUTE_US
    walked = victim["clock_in_us"] - victim["arrives_us"]
    assert row["clock_in_us"] - row["arrives_us"] == walked
    assert row["leaves_us"] == victim["leaves_us"]


def test_lateness_beyond_the_shift_still_leaves_a_short_presence(world, duties, victim):
    row = after(world, duties, victim["duty"], Effect.LATE_BY, 5_000.0)
    assert row["arrives_us"] == victim["leaves_us"] - 10 * MINUTE_US


def test_leaving_early_moves_departure_and_punch_together(world, duties, victim):
    row = after(world, duties, victim["duty"], Effect.LEAVES_EARLY, 90.0)
    assert row["leaves_us"] == victim["ends_us"] - 90 * MINUTE_US
    assert row["leaves_us"] - row["clock_out_us"] == victim["leaves_us"] - victim["clock_out_us"]


def test_stolen_time_is_clocked_as_worked(world, duties, victim):
    row = after(world, duties, victim["duty"], Effect.TIME_STOLEN, 90.0)
    assert row["leaves_us"] == victim["ends_us"] - 90 * MINUTE_US
    assert row["clock_out_us"] == victim["clock_out_us"]


def test_a_ghost_is_entered_as_planned_and_never_there(world, duties, victim):
    row = after(world, duties, victim["duty"], Effect.GHOST, 7.0)
    assert (row["worker"], row["device"], row["arrives_us"], row["leaves_us"]) == (-1, -1, -1, -1)
    assert (row["clock_in_us"], row["clock_out_us"]) == (victim["starts_us"], victim["ends_us"])
    assert (row["method"], row["outcome"]) == ("supervisor", "worked")


def test_careful_supervisors_and_buddies_clock_like_honest_people(world, duties):
    usual = duties.filter(pl.col("outcome") == "worked", pl.col("clock_in_us") >= 0).head(60)
    duty, start, clocked = (usual[n] for n in ("duty", "starts_us", "clock_in_us"))
    ends, phone = usual["ends_us"], phones(world)
    for effect, value in ((Effect.GHOST, 7.0), (Effect.BUDDY_PUNCHED, float(duty[0]))):
        rows = [(effect, d, s, e, value, 0) for d, s, e in zip(duty, start, ends, strict=True)][1:]
        made = [
            befallen(duties, Effects.of(rows), phone, 5, careful).filter(
                pl.col("duty").is_in(duty[1:].to_list())
            )["clock_in_us"]
            for careful in (0.0, 1.0)
        ]
        rule = start[1:] if effect is Effect.GHOST else clocked[0]
        exact, near = ((told - rule).abs() / MINUTE_US for told in made)
        assert exact.max() <= 1.5
        assert near.mean() > max(1.5, 3 * exact.mean())
        assert near.max() < 19


def test_a_corrected_guard_comes_half_an_hour_to_two_hours_late(world, duties, victim):
    row = after(world, duties, victim["duty"], Effect.CORRECTED, 7.0)
    late = (row["arrives_us"] - row["starts_us"]) / MINUTE_US
    assert 30 <= late <= 120
    assert row["clock_in_us"] > row["arrives_us"]


def test_a_buddy_clocks_two_within_minutes(world, duties, victim):
    clocked = duties.filter(
        pl.col("duty") != victim["duty"], pl.col("clock_in_us") >= 0, pl.col("clock_out_us") >= 0
    )
    partner = clocked.row(10, named=True)
    row = after(world, duties, victim["duty"], Effect.BUDDY_PUNCHED, partner["duty"])
    for name in ("clock_in_us", "clock_out_us"):
        assert 0 < row[name] - partner[name] < 2 * MINUTE_US
    assert (row["worker"], row["arrives_us"], row["method"]) == (-1, -1, "app")


def test_a_spoofer_clocks_in_before_coming(world, duties, victim):
    start, end = victim["starts_us"], victim["ends_us"]
    effects = Effects.of(
        [
            (Effect.SPOOFED, victim["device"], start - HOUR_US, start + HOUR_US, 0.0, 0),
            (Effect.LATE_BY, victim["duty"], start, end, 60.0, 0),
        ]
    )
    row = with_effects(world, duties, effects).row(victim["duty"], named=True)
    assert row["arrives_us"] == start + HOUR_US
    assert row["clock_in_us"] == victim["clock_in_us"]


def test_a_broken_kiosk_records_nothing_and_other_methods_go_on(world, duties):
    site = int(world.sites.filter("has_kiosk")["site"][0])
    start = world.config.start_us + 3 * 24 * HOUR_US
    down = (Effect.KIOSK_DOWN, site, start, start + 24 * HOUR_US, 0.0, 0)
    changed = with_effects(world, duties, Effects.of([down]))
    for name in ("clock_in_us", "clock_out_us"):
        before, now = duties[name].to_numpy(), changed[name].to_numpy()
        during = (before >= start) & (before < start + 24 * HOUR_US)
        kiosk = ((duties["site"] == site) & (duties["method"] == "kiosk")).to_numpy()
        assert (during & kiosk).any()
        assert np.array_equal(now, np.where(during & kiosk, -1, before))
    assert changed["arrives_us"].equals(duties["arrives_us"])
