"""The release that changes what some phones send."""

import polars as pl

from tests.simulator.devices.small import duties_of, shard_of, world_of
from tests.simulator.observe.travel import telemetry
from vigia.simulator.config import DAY_US
from vigia.simulator.observe.drift import released_us
from vigia.simulator.observe.observe import observe

WORLD = world_of(40, days=4, test_days=3)


def beats(day):
    shard = shard_of(WORLD, day=day)
    seen, poison = observe(shard, telemetry(shard))
    return seen["device_heartbeat"][0], poison.filter(pl.col("kind") == "schema_drift")


def test_it_comes_within_the_test_span():
    config = WORLD.config
    assert config.test_us < released_us(config) < config.end_us
    assert (released_us(config) - config.start_us) % DAY_US == 0
    only = world_of(1, days=2, test_days=1).config
    assert released_us(only) == only.test_us


def test_before_it_nothing_is_new():
    frame, listed = beats(0)
    assert "thermal_state" not in frame.columns
    assert listed.is_empty()
    assert "nr" not in set(frame["network"])


def test_after_it_some_phones_send_a_new_field_and_a_new_word():
    frame, listed = beats(3)
    assert (duties_of(WORLD, 3)["starts_us"] > released_us(WORLD.config)).all()
    new = frame.filter(pl.col("thermal_state").is_not_null())
    assert 0.01 < new["_device"].n_unique() / frame["_device"].n_unique() < 0.1
    assert set(new["thermal_state"]) <= {"nominal", "fair", "serious"}
    renamed = frame.filter(pl.col("network") == "nr")
    assert renamed.height > 10
    assert renamed["thermal_state"].null_count() == 0
    assert "5g" not in set(new["network"])
    assert "5g" in set(frame["network"])
    assert listed.height == renamed.height
    assert set(listed["reason_code"]) == {"unknown_state"}
