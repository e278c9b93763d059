"""Times as phones tell them."""

import numpy as np
import polars as pl
import pytest

from tests.simulator.devices.small import HOUR_US, duties_of, shard_of, with_knobs, world_of
from tests.simulator.observe.travel import beside, scans, telemetry
from vigia.simulator.devices.clocks import WRONG_ZONE_HOURS, clock_errors_us
from vigia.simulator.effects import Effect, Effects
from vigia.simulator.observe.observe import observe

MANY = world_of(1_000)
NO_EFFECTS = Effects.of([])


def errors(world, duties=30_000):
    duty = np.arange(duties)
    at = np.full(duties, world.config.start_us)
    return clock_errors_us(world, NO_EFFECTS, duty % world.devices.height, duty, at) / 1e6


def test_clocks_are_wrong_as_often_and_as_far_as_is_usual():
    off = np.abs(errors(MANY))
    assert (off <= 2).mean() == pytest.approx(0.90, abs=0.015)
    assert ((off > 2) & (off <= 60)).mean() == pytest.approx(0.09, abs=0.015)
    assert ((off > 60) & (off <= 900)).mean() == pytest.approx(0.01, abs=0.005)
    zones = np.isin(errors(MANY) / 3600, WRONG_ZONE_HOURS)
    assert zones.mean() == pytest.approx(0.001, abs=0.0006)
    assert 0 < (off > 86_400 * 300).mean() < 0.001


def test_the_level_scales_how_many_clocks_are_off():
    assert (np.abs(errors(with_knobs(MANY, clock_error=4.0))) > 2).mean() > 0.35
    right = errors(with_knobs(MANY, clock_error=0.0))
    assert np.abs(right).max() <= 2


def test_a_phone_keeps_its_error_from_duty_to_duty():
    device, duty = np.repeat(np.arange(50), 2), np.arange(100)
    usual = clock_errors_us(MANY, NO_EFFECTS, device, duty, duty * HOUR_US).reshape(-1, 2)
    assert (usual[:, 0] == usual[:, 1]).mean() > 0.95


def test_a_phone_stamps_everything_but_the_time_of_a_position():
    world = with_knobs(world_of(2), clock_error=0.0)
    start = duties_of(world)["starts_us"][0]
    off = (Effect.CLOCK_OFF, 1, start, start + 6 * HOUR_US, 90.0, 5)
    shard = shard_of(world, effects=[off])
    ended = {"ended_at": pl.col("ce_time") - pl.duration(seconds=1)}
    runs = beside(shard, "tour_run", "phone", verb="completed", **ended)
    seen, _ = observe(shard, telemetry(shard) | scans(shard) | runs)
    for table, (frame,) in seen.items():
        if table == "_raw":
            continue
        mine = frame.filter(
            (pl.col("_device") == 1) & pl.col("_true_us").is_between(*off[2:4], closed="left")
        )
        true = mine["_true_us"]
        told = "device_time" if table == "gps_fix" else "ce_time"
        assert mine.height > 10
        assert ((mine[told].to_physical() - true) == 90_000_000).all(), table
        if table == "gps_fix":
            assert (mine["ce_time"].to_physical() == true).all()
        if table == "tour_run":
            assert (mine["ended_at"].to_physical() - true == 89_000_000).all()
        others = frame.filter(pl.col("_device") != 1)
        assert ((others[told].to_physical() - others["_true_us"]).abs() <= 2_000_000).all()


def test_what_stands_at_a_site_has_the_right_time():
    shard = shard_of(with_knobs(world_of(3), clock_error=4.0))
    doors = beside(shard, "access_event", "access", kind=pl.lit("granted"))
    (frame,) = observe(shard, doors)[0]["access_event"]
    assert (frame["ce_time"].to_physical() == frame["_true_us"]).all()
