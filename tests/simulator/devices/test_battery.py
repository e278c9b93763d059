"""Batteries: drained by about five per cent an hour, charged by habit, empty now and then."""

import numpy as np
import polars as pl
import pytest

from tests.simulator.devices.small import HOUR_US, Circling, duties_of, shard_of, world_of
from vigia.simulator.devices.battery import power_of
from vigia.simulator.devices.befallen import befallen
from vigia.simulator.devices.crew import crew_of
from vigia.simulator.devices.failing import dark_phones
from vigia.simulator.devices.simulate import simulate_devices
from vigia.simulator.effects import Effect, Effects

WORLD = world_of(40)


@pytest.fixture(scope="module")
def beats():
    return simulate_devices(shard_of(WORLD), Circling())["device_heartbeat"][0]


def test_a_phone_loses_about_five_per_cent_an_hour(beats):
    hours = beats.with_columns(
        lost=-pl.col("battery_pct").diff(12).over("_duty"),
        alone=~pl.col("charging").rolling_max(13).over("_duty").fill_null(value=True),
    ).filter("alone")
    assert hours["lost"].mean() == pytest.approx(5.0, abs=0.4)
    assert hours["lost"].min() >= 2


def test_a_phone_that_runs_low_is_charged(beats):
    charged = beats.filter("charging")
    assert 0.02 < charged.height / beats.height < 0.2
    rise = charged.with_columns(
        rise=pl.col("battery_pct").diff().over("_duty"),
        wait=pl.col("ce_time").diff().over("_duty").dt.total_minutes(),
    ).filter(pl.col("wait") < 7)
    assert rise["rise"].median() == pytest.approx(35 / 12, abs=1)
    assert charged["battery_temp_c"].mean() > beats["battery_temp_c"].mean() + 3


def test_levels_are_whole_per_cents_within_bounds(beats):
    assert beats["battery_pct"].dtype == pl.Int64
    assert beats["battery_pct"].is_between(0, 100).all()
    assert beats.group_by("_duty").agg(pl.col("battery_pct").first())["battery_pct"].mean() > 75


def test_hardly_any_battery_dies_on_duty_and_those_at_nearly_nothing():
    world = world_of(800)
    shard = shard_of(world)
    crew = crew_of(shard)
    power = power_of(crew, befallen(shard.effects, crew))
    deaths = power.deaths
    assert 0.001 < len(deaths) / len(crew) < 0.012
    hours = (deaths.from_us - crew.from_us[deaths.pos]) / HOUR_US
    left = power.full_pct[deaths.pos] - power.drain_pct_h[deaths.pos] * hours
    assert left.min() > -0.01
    assert left.max() < 3.01
    dead = crew.duty[deaths.pos]
    sent = simulate_devices(shard_of(world, sites=crew.site[deaths.pos]), Circling())
    for (frame,) in sent.values():
        late = frame.filter(pl.col("_duty").is_in(dead.tolist()))
        last = late.group_by("_duty").agg(pl.col("ce_time").max().to_physical()).sort("_duty")
        assert (last["ce_time"].to_numpy() < deaths.from_us).all()
    dark = dark_phones(shard)
    assert dark.covers(crew.device[deaths.pos], deaths.from_us).all()


def test_before_it_goes_dark_a_drained_phone_is_nearly_empty():
    duty = duties_of(WORLD)[0]
    dark_us = duty["starts_us"].item() + 7 * HOUR_US
    light_us = dark_us + HOUR_US
    effects = [(Effect.DARK, 0, dark_us, light_us, 1.0, 3)]
    shard = shard_of(WORLD, effects=effects, sites=[0])
    (beats,) = simulate_devices(shard, Circling())["device_heartbeat"]
    mine = beats.filter(pl.col("_duty") == 0)
    at, level = mine["ce_time"].to_physical().to_numpy(), mine["battery_pct"].to_numpy()
    assert level[at < dark_us][-1] <= 2
    assert (np.diff(level[at < dark_us]) <= 0).all()
    assert not ((at >= dark_us) & (at < light_us)).any()
    back = mine.filter(pl.Series(at >= light_us))
    assert back["battery_pct"][0] < 10
    assert back["charging"][0]
    assert back["boot_id"][0] != mine["boot_id"][0]


def test_nothing_is_drawn_for_an_empty_crew():
    shard = shard_of(WORLD, duties=duties_of(WORLD).clear())
    crew = crew_of(shard)
    assert len(power_of(crew, befallen(Effects.of([]), crew)).deaths) == 0
    assert len(dark_phones(shard)) == 0
