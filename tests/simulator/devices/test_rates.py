"""How often devices send, and that they are silent when nobody is on duty."""

import numpy as np
import polars as pl
import pytest

from tests.simulator.devices.small import (
    HOUR_US,
    MINUTE_US,
    Circling,
    indoor_duties,
    shard_of,
    with_knobs,
    world_of,
)
from vigia.simulator.devices.simulate import simulate_devices
from vigia.simulator.world.clock import LocalClock

WORLD = world_of(12)


@pytest.fixture(scope="module")
def sent():
    return simulate_devices(shard_of(WORLD), Circling())


def _at(frame):
    return frame["ce_time"].to_physical()


def test_a_phone_measures_every_minute_on_the_move_and_every_five_at_rest(sent):
    (fixes,) = sent["gps_fix"]
    walking = fixes.filter(pl.col("motion") == "walking").height
    still = fixes.filter(pl.col("motion") == "still").height
    hours = 48 * (12 + 17 / 60)
    assert walking / hours == pytest.approx(20 * 0.99, rel=0.03)
    # Ten minutes more before it counts as rest; then every fifth, where the phone does not doze.
    assert still / hours == pytest.approx((10 + 6) * 0.99, rel=0.04)
    wait = fixes.select(pl.col("ce_time").diff().over("_duty")).to_series().dt.total_seconds()
    assert wait.min() > 50
    assert np.mean(wait.drop_nulls().to_numpy() < 400) > 0.97


def test_a_heartbeat_comes_every_five_minutes(sent):
    (beats,) = sent["device_heartbeat"]
    assert beats.height / 48 == pytest.approx(147.4 * 0.99, rel=0.02)
    wait = beats.select(pl.col("ce_time").diff().over("_duty")).to_series().dt.total_seconds()
    assert wait.median() == pytest.approx(300, abs=2)


def test_a_shift_has_about_forty_phone_events_most_of_them_a_persons(sent):
    (events,) = sent["phone_event"]
    assert events.height / 48 == pytest.approx(40, rel=0.1)
    assert 0.7 < events["human"].mean() < 0.9
    assert set(events.filter("human")["kind"]) >= {"login", "logout", "interaction", "push_ack"}
    assert not set(events.filter(~pl.col("human"))["kind"]) & {"interaction", "call_in", "sms"}


def test_people_touch_their_phones_less_in_the_dead_of_the_night():
    world = world_of(100)
    (events,) = simulate_devices(shard_of(world), Circling())["phone_event"]
    touched = events.filter(pl.col("kind").is_in(["interaction", "push_ack", "call_in", "sms"]))
    local = LocalClock(world).to_local_us(touched["_site"].to_numpy(), _at(touched).to_numpy())
    by_hour = np.bincount(local // HOUR_US % 24, minlength=24) / 200
    assert by_hour[3:5].mean() / by_hour[[1, 2, 5, 6]].mean() == pytest.approx(0.6, abs=0.12)


@pytest.mark.parametrize("table", ["gps_fix", "device_heartbeat", "phone_event"])
def test_nothing_is_sent_off_duty(sent, table):
    shard = shard_of(WORLD)
    (frame,) = sent[table]
    duties = shard.duties.select(pl.col("duty").alias("_duty"), "arrives_us", "leaves_us")
    known = frame.join(duties, on="_duty")
    assert known.height == frame.height
    at = _at(known)
    assert (at >= known["arrives_us"] - 5 * MINUTE_US).all()
    assert (at < known["leaves_us"] + 5 * MINUTE_US).all()
    assert (at % 1_000 == 0).all()


def test_nobody_sends_for_a_duty_that_nobody_works():
    duties = shard_of(WORLD).duties.with_columns(
        worker=pl.when(pl.col("duty") == 5).then(-1).otherwise("worker"),
        arrives_us=pl.when(pl.col("duty") == 6).then(-1).otherwise("arrives_us"),
    )
    sent = simulate_devices(shard_of(WORLD, duties=duties), Circling())
    for (frame,) in sent.values():
        assert set(shard_of(WORLD).duties["duty"]) - set(frame["_duty"]) == {5, 6}
    nobody = shard_of(WORLD, duties=duties.with_columns(worker=pl.lit(-1, pl.Int64)))
    assert simulate_devices(nobody, Circling()) == {}


def test_under_a_roof_most_measurements_fail_as_the_building_says():
    roofed = simulate_devices(shard_of(WORLD), Circling(indoor_duties(WORLD)))["gps_fix"][0]
    open_air = simulate_devices(shard_of(WORLD), Circling())["gps_fix"][0]
    counts = [f.group_by("_duty").len().sort("_duty") for f in (roofed, open_air)]
    both = counts[1].join(counts[0], on="_duty", suffix="_roofed").filter(pl.col("_duty") % 2 == 1)
    missing = 1 - (both["len_roofed"] / both["len"]).to_numpy()
    assert missing.min() > 0.36
    assert missing.max() < 0.94
    assert np.ptp(missing) > 0.2
    # Both duties of a post are in the same building.
    by_post = missing.reshape(-1, 2)
    assert np.corrcoef(by_post[:, 0], by_post[:, 1])[0, 1] > 0.9


def test_phones_that_doze_measure_nothing_for_a_while_at_night(sent):
    (fixes,) = sent["gps_fix"]
    gaps = fixes.with_columns(wait=pl.col("ce_time").diff().over("_duty").dt.total_minutes())
    long = gaps.filter(pl.col("wait") >= 12)
    dozing = WORLD.devices.filter("dozes")["device"].to_list()
    assert long.height > 5
    # Two measurements in a row that found no satellites are the only other reason.
    assert long["_device"].is_in(dozing).mean() > 0.7
    night = long.filter(pl.col("_device").is_in(dozing))["ce_time"].dt.convert_time_zone(
        "Europe/Madrid"
    )
    assert (night.dt.hour().is_in([22, 23, 0, 1, 2, 3, 4, 5, 6])).mean() > 0.9


def test_heartbeats_that_get_lost_leave_a_gap_in_the_numbers():
    world = with_knobs(WORLD, missing_heartbeats=0.15)
    lossy = simulate_devices(shard_of(world), Circling())
    full = simulate_devices(shard_of(with_knobs(WORLD, missing_heartbeats=0.0)), Circling())
    share = 1 - lossy["device_heartbeat"][0].height / full["device_heartbeat"][0].height
    assert share == pytest.approx(0.15, abs=0.015)
    numbers = pl.concat([f.select("boot_id", "seq") for (f,) in lossy.values()])
    seen = numbers.group_by("boot_id").agg(pl.col("seq").max(), pl.len())
    assert (seen["seq"] - seen["len"]).sum() == pytest.approx(
        full["device_heartbeat"][0].height - lossy["device_heartbeat"][0].height, abs=10
    )


def test_a_level_shift_between_learning_and_test_changes_activity_by_site():
    world = with_knobs(world_of(40), shift=0.3)
    learn = simulate_devices(shard_of(world, day=0), Circling())["phone_event"][0]
    test = simulate_devices(shard_of(world, day=1), Circling())["phone_event"][0]
    ratio = (
        test.group_by("_site").len().sort("_site")["len"]
        / learn.group_by("_site").len().sort("_site")["len"]
    )
    assert (ratio > 1).sum() > 8
    assert (ratio < 1).sum() > 8
    assert np.abs(ratio.to_numpy() - 1).mean() == pytest.approx(0.3, abs=0.08)
