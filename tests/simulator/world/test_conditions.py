"""Weather and networks: stationary, as frequent as they should be, and never overlapping."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest

from vigia.simulator.config import Knobs, WorldConfig
from vigia.simulator.effects import Effect, Effects
from vigia.simulator.world.build import build_world
from vigia.simulator.world.clock import HOUR_US
from vigia.simulator.world.conditions import (
    OPERATOR_OUTAGE,
    _site_outages,
    natural_outages,
    operator_outages,
    weather,
)
from vigia.simulator.world.model import WEATHER
from vigia.simulator.world.regions import region_of


@pytest.fixture(scope="module")
def year():
    """Sixty sites over a year, so that rates can be told."""
    return build_world(WorldConfig(sites=60, learn_days=300, test_days=65, seed=4))


@pytest.fixture(scope="module")
def outages(year):
    return Effects.of(natural_outages(year)).intervals(Effect.NETWORK_DOWN)


def test_there_is_a_day_of_weather_for_every_region_and_day(world):
    skies = weather(world)
    assert skies.schema == WEATHER
    assert skies.height == world.sites["region"].n_unique() * world.config.days
    assert not skies.select("region", "day").is_duplicated().any()
    assert skies["rain"].is_between(0, 1).all()


def test_it_rains_as_often_as_the_region_is_wet_and_winters_are_cold(year):
    skies = weather(year)
    for code in skies["region"].unique():
        mine = skies.filter(pl.col("region") == code)
        region = region_of(code)
        assert (mine["rain"] > 0).mean() == pytest.approx(region.wet, abs=0.08)
        assert mine["temp_c"].mean() == pytest.approx(region.temp_c[0], abs=1.5)
    chicago = skies.filter(pl.col("region") == "US-CHI").sort("day")
    # The world starts in late February: day 140 is in July.
    assert chicago["temp_c"][130:150].mean() > chicago["temp_c"][320:340].mean() + 15


def test_yesterdays_weather_tells_of_todays(year):
    rain = weather(year).filter(pl.col("region") == "US-CHI").sort("day")["temp_c"].to_numpy()
    around = rain - np.convolve(rain, np.ones(31) / 31, "same")
    assert np.corrcoef(around[20:-21], around[21:-20])[0, 1] > 0.3


def test_the_wave_triples_absence_for_ten_days_and_only_when_asked_for(world):
    calm = weather(world)
    config = dataclasses.replace(world.config, knobs=Knobs(wave=True))
    waves = weather(dataclasses.replace(world, config=config))
    ratio = (waves["sick"] / calm["sick"]).alias("ratio")
    by_day = waves.select("day", ratio).group_by("day").agg(pl.col("ratio").mean()).sort("day")
    hit = by_day.filter(pl.col("ratio") > 2)
    assert hit["ratio"].to_list() == pytest.approx([3.0] * 10, abs=0.01)
    assert hit["day"].to_list() == list(range(hit["day"][0], hit["day"][0] + 10))
    assert by_day.filter(pl.col("ratio") <= 2)["ratio"].to_list() == [1.0] * (by_day.height - 10)


def test_sites_are_up_for_forty_hours_and_down_for_twenty_minutes(year, outages):
    own = outages.value < OPERATOR_OUTAGE
    down_min = (outages.to_us - outages.from_us)[own] / 60e6
    # Means of 12,000 exponential times: four standard errors.
    assert down_min.mean() == pytest.approx(20, rel=0.04)
    assert np.median(down_min) == pytest.approx(20 * np.log(2), rel=0.05)
    expected = year.config.days * 24 * 60 / (40 + 1 / 3)
    assert own.sum() == pytest.approx(expected, rel=0.04)


def test_outages_of_a_site_never_overlap(outages):
    same = outages.scope[1:] == outages.scope[:-1]
    assert (outages.from_us[1:][same] > outages.to_us[:-1][same]).all()
    assert (outages.to_us > outages.from_us).all()


def test_an_operator_fails_about_once_a_month_and_takes_all_its_sites_along(year, outages):
    failures = operator_outages(year)
    regions = year.sites["region"].n_unique()
    expected = regions * year.config.days / 30
    assert failures.height == pytest.approx(expected, abs=4 * np.sqrt(expected))
    minutes = (failures["to_us"] - failures["from_us"]) / 60e6
    assert minutes.is_between(30, 240).all()
    for region, operator, start, end in failures.iter_rows():
        served = year.sites.filter(
            (pl.col("region") == region) & (pl.col("network_operator") == operator)
        )["site"].to_numpy()
        middle = np.full(len(served), (start + end) // 2)
        assert outages.covers(served, middle).all()


def test_outages_start_in_the_span_and_are_the_same_every_time(world):
    rows = natural_outages(world)
    assert all(row[0] is Effect.NETWORK_DOWN and row[5] == -1 for row in rows)
    start, end = world.config.start_us, world.config.end_us
    assert all(start <= row[2] < end for row in rows)
    assert max(row[3] - row[2] for row in rows) < 12 * HOUR_US
    assert rows == natural_outages(build_world(world.config))


def test_a_sites_own_outages_do_not_depend_on_other_sites_or_on_the_length_of_the_world(year):
    few = dataclasses.replace(year.config, sites=20, learn_days=30, test_days=5)
    short, whole = (_site_outages(config) for config in (few, year.config))
    cut = whole.filter(pl.col("site") < 20, pl.col("from_us") < few.end_us)
    assert short.height > 300
    assert short.equals(cut)
