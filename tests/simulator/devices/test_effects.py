"""What befalls devices, one by one, as it shows in what they send."""

import numpy as np
import polars as pl
import pytest

from tests.simulator.devices.small import (
    HOUR_US,
    MINUTE_US,
    Circling,
    duties_of,
    shard_of,
    with_knobs,
    world_of,
)
from vigia.simulator.devices.positions import MOCK_SHARE
from vigia.simulator.devices.simulate import simulate_devices
from vigia.simulator.draws import Stream
from vigia.simulator.effects import Effect

WORLD = world_of(6)
START = duties_of(WORLD)["starts_us"][0]
FROM, TO = START + 3 * HOUR_US, START + 6 * HOUR_US
DUTY = DEVICE = 4
SITE = 1


def befallen(*effects, world=WORLD, movement=None):
    """The events of a shard to which something happens."""
    return simulate_devices(shard_of(world, effects=effects), movement or Circling())


def during(frame, from_us=FROM, to_us=TO, duty=DUTY):
    """A duty's events of a stretch of time."""
    at = pl.col("ce_time").to_physical()
    return frame.filter((pl.col("_duty") == duty) & (at >= from_us) & (at < to_us))


def counts(sent, **stretch):
    return {table: during(frame, **stretch).height for table, (frame,) in sent.items()}


USUAL = befallen()


def test_only_the_one_it_befalls_is_different():
    sent = befallen((Effect.DARK, DEVICE, FROM, TO, 0.0, 1))
    for table, (frame,) in sent.items():
        others = pl.col("_duty") != DUTY
        assert frame.filter(others).equals(USUAL[table][0].filter(others)), table


def test_a_dark_phone_sends_nothing_and_starts_anew_afterwards():
    sent = befallen((Effect.DARK, DEVICE, FROM, TO, 0.0, 1))
    assert counts(sent) == {"gps_fix": 0, "device_heartbeat": 0, "phone_event": 0}
    assert min(counts(USUAL).values()) > 0
    after = during(sent["phone_event"][0], TO, TO + MINUTE_US)
    assert after["kind"].to_list()[:1] == ["reboot"]
    before = during(sent["device_heartbeat"][0], START, FROM)["boot_id"].unique()
    later = during(sent["device_heartbeat"][0], TO, TO + 4 * HOUR_US)["boot_id"].unique()
    assert not set(before) & set(later)


def test_a_phone_without_positions_goes_on_with_everything_else():
    reasons = set()
    for device in range(24):
        sent = befallen((Effect.GPS_LOST, device, FROM, FROM + 2 * HOUR_US, 0.0, 1))
        found = counts(sent, to_us=FROM + 2 * HOUR_US, duty=device)
        if device % 4 > 1:
            assert found == counts(USUAL, to_us=FROM + 2 * HOUR_US, duty=device)
            continue
        assert found["gps_fix"] == 0
        assert found["device_heartbeat"] + found["phone_event"] >= 20
        beats = during(sent["device_heartbeat"][0], to_us=FROM + 2 * HOUR_US, duty=device)
        state = beats.select("location_permission", "gps_enabled").unique().rows()
        assert len(state) == 1
        reasons.update(("denied" if p == "denied" else "allowed", g) for p, g in state)
        events = during(sent["phone_event"][0], to_us=FROM + 2 * HOUR_US, duty=device)
        assert ("permission_change" in set(events["kind"])) == (state[0][0] == "denied")
    assert reasons == {("denied", True), ("allowed", False), ("allowed", True)}


def test_invalid_and_coarse_positions_say_so():
    for value, condition in ((1.0, ~pl.col("valid")), (2.0, pl.col("accuracy_m") > 100)):
        fixes = during(befallen((Effect.GPS_LOST, DEVICE, FROM, TO, value, 1))["gps_fix"][0])
        assert fixes.height > 50
        assert fixes.select(condition.all()).item()
        assert (fixes["satellites"] == 0).all()


def test_a_frozen_receiver_repeats_itself_without_saying_so():
    fixes = during(befallen((Effect.GPS_LOST, DEVICE, FROM, TO, 3.0, 1))["gps_fix"][0])
    assert fixes.height > 50
    assert fixes.select("lat", "lon", "accuracy_m", "satellites").unique().height == 1
    assert fixes["valid"].all()
    assert fixes["outdated"].is_null().all()


def test_a_dead_app_leaves_positions_only():
    found = counts(befallen((Effect.APP_DEAD, DEVICE, FROM, TO, 0.0, 1)))
    assert found["device_heartbeat"] == found["phone_event"] == 0
    assert found["gps_fix"] == counts(USUAL)["gps_fix"]


def test_an_outdated_app_sends_no_heartbeats_but_the_rest():
    found = counts(befallen((Effect.APP_OUTDATED, DEVICE, FROM, TO, 0.0, 1)))
    assert found == counts(USUAL) | {"device_heartbeat": 0}


def test_a_silent_site_has_nobody_who_sends_anything():
    sent = befallen((Effect.SILENCE, SITE, FROM, TO, 0.0, 1))
    for duty in (4, 5):
        assert not any(counts(sent, duty=duty).values())
    assert all(counts(sent, duty=0).values())


@pytest.mark.parametrize("effect", [Effect.PARKED, Effect.CARRIED, Effect.STILL])
def test_nobody_touches_a_phone_that_lies_about(effect):
    sent = befallen((effect, DUTY, FROM, TO, 0.0, 1))
    events = during(sent["phone_event"][0])
    assert not events["human"].any()
    usual = during(USUAL["phone_event"][0])
    assert events.equals(
        usual.filter(~pl.col("human")).with_columns(events["seq"], events["ce_id"])
    )
    assert counts(sent)["device_heartbeat"] == counts(USUAL)["device_heartbeat"]


class Running(Circling):
    """Everybody runs in the 40 seconds before `FROM`."""

    def at(self, duty, t_us):
        place = super().at(duty, t_us)
        runs = (t_us >= FROM - 40_000_000) & (t_us < FROM)
        return place._replace(
            mode=np.where(runs, 1, place.mode), speed_mps=np.where(runs, 2.6, place.speed_mps)
        )


def test_the_last_position_before_a_fall_shows_the_run():
    effects = [(Effect.STILL, duty, FROM, TO, 1.0, 1) for duty in range(0, 24, 4)]
    (fixes,) = befallen(*effects, movement=Running())["gps_fix"]
    told = fixes.filter(pl.col("ce_time").to_physical() == FROM - 15_000_000)
    assert set(told["_duty"]) <= set(range(0, 24, 4))
    assert told.height >= 5  # one in a hundred finds no satellites
    assert set(told["motion"]) == {"running"}


def test_a_phone_on_a_charger_charges_and_takes_no_step():
    sent = befallen((Effect.ON_CHARGER, DEVICE, FROM, TO, 0.0, 1))
    beats = during(sent["device_heartbeat"][0])
    assert beats["charging"].all()
    level = beats["battery_pct"].to_numpy()
    assert (np.diff(level) >= 0).all()
    assert level[-1] == 100
    fixes = during(sent["gps_fix"][0])
    assert set(fixes["motion"]) == {"still"}
    assert fixes["steps_delta"].sum() == 0
    assert fixes.height == pytest.approx(36, abs=4)
    assert fixes["lat"].std() < 1.4e-4  # the error alone; circling would add as much again
    after = during(sent["gps_fix"][0], TO, TO + HOUR_US)
    assert after["steps_delta"].max() < 1.2 * 320 / 0.75
    later = during(sent["device_heartbeat"][0], TO, TO + 6 * HOUR_US)["battery_pct"].to_numpy()
    assert later[0] >= 98
    assert later[-1] > during(USUAL["device_heartbeat"][0], TO, TO + 6 * HOUR_US)["battery_pct"][-1]


def test_made_up_positions_stay_put_with_one_accuracy_and_no_satellites():
    flags = []
    for device in range(0, 24, 4):
        fixes = during(
            befallen((Effect.SPOOFED, device, FROM, TO, 0.0, 1))["gps_fix"][0], duty=device
        )
        assert fixes.height > 40
        assert fixes.select("lat", "lon", "accuracy_m").unique().height == 1
        assert (fixes["satellites"] == 0).all()
        assert fixes["mock"].n_unique() == 1
        # The ground asks the same question about the punch.
        told = Stream(7, "spoof.mock").chance(MOCK_SHARE, device, FROM)
        assert fixes["mock"][0] == bool(told)
        flags.append(fixes["mock"][0])
    assert not USUAL["gps_fix"][0]["mock"].any()
    assert 1 <= sum(flags) <= 6


def test_a_better_app_makes_positions_up_that_sway_and_says_nothing_of_it():
    world = with_knobs(WORLD, adversarial_fraud=1.0)
    sent = befallen((Effect.SPOOFED, DEVICE, FROM, TO, 0.0, 1), world=world)
    fixes = during(sent["gps_fix"][0])
    assert fixes.height > 40
    assert not fixes["mock"].any()
    assert fixes.select("lat", "lon").unique().height > 0.9 * fixes.height
    assert fixes["accuracy_m"].n_unique() > 10
    spread_m = fixes["lat"].std() * 111_320
    assert 2 < spread_m < 7
    assert (fixes["lat"] * 1e6 - (fixes["lat"] * 1e6).round()).abs().max() < 1e-3


def test_who_clocks_in_from_elsewhere_has_the_app_running_and_makes_positions_up():
    late_us = START + 2 * HOUR_US
    duties = duties_of(WORLD).with_columns(
        arrives_us=pl.when(pl.col("duty") == DUTY).then(late_us).otherwise("arrives_us")
    )
    effects = [(Effect.SPOOFED, DEVICE, START - HOUR_US, late_us, 0.0, 1)]
    sent = simulate_devices(shard_of(WORLD, effects=effects, duties=duties), Circling())
    fixes = during(sent["gps_fix"][0], START - HOUR_US, late_us)
    assert fixes["ce_time"].to_physical()[0] < START
    assert fixes.height > 40
    assert fixes.select("lat", "lon").unique().height == 1
    assert during(sent["gps_fix"][0], late_us, TO).select("lat", "lon").unique().height > 40


def test_a_tracker_always_measures_beside_the_phone_of_its_carrier():
    world = world_of(6, trackers=True)
    phones, trackers = befallen(world=world)["gps_fix"]
    theirs = during(trackers)
    assert during(phones).height == counts(USUAL)["gps_fix"]
    assert 0.8 < theirs.height / during(phones).height < 1.25
    assert theirs["ce_source"].str.starts_with("tracker/").all()
    assert theirs["device_id"].n_unique() == 1
    tracker = world.devices.filter(pl.col("code") == theirs["device_id"][0])
    assert tracker.select("kind", "post").row(0) == ("tracker", 2)
    assert theirs["person_id"].unique().to_list() == ["G00005"]
    every = trackers.filter(pl.col("_duty") == DUTY)
    assert every["seq"].to_list() == list(range(1, every.height + 1))


def test_a_second_tracker_spares_the_phone_and_tells_nothing_else():
    world = world_of(6, trackers=True)
    usual = befallen(world=world)
    spared = befallen((Effect.SECOND_TRACKER, DEVICE, FROM, TO, 0.0, 1), world=world)
    assert during(spared["gps_fix"][0]).is_empty()
    assert spared["gps_fix"][1].equals(usual["gps_fix"][1])
    assert during(spared["device_heartbeat"][0])["ce_source"].unique().to_list() == ["phone/D00005"]
    dark = befallen((Effect.DARK, DEVICE, FROM, TO, 0.0, 2), world=world)
    assert dark["gps_fix"][1].equals(usual["gps_fix"][1])
    assert befallen((Effect.SECOND_TRACKER, DEVICE, FROM, TO, 0.0, 1))["gps_fix"][0].equals(
        USUAL["gps_fix"][0]
    )


def test_a_failing_phone_shows_it_more_and_more():
    end = START + 11 * HOUR_US
    sent = befallen((Effect.FAILING, DEVICE, START, end, 0.0, 1))
    beats = during(sent["device_heartbeat"][0], START, end)
    assert beats["battery_pct"][-1] < 12
    early, late = beats.head(24), beats.tail(24)
    assert late["battery_temp_c"].mean() > early["battery_temp_c"].mean() + 5
    assert late["queue_depth"].mean() > early["queue_depth"].mean() + 8
    assert beats["boot_id"].n_unique() > 2
    fixes = during(sent["gps_fix"][0], START, end)
    usual = during(USUAL["gps_fix"][0], START, end)
    assert fixes.tail(30)["accuracy_m"].mean() > 2 * usual.tail(30)["accuracy_m"].mean()
    assert fixes.height < 0.95 * usual.height


@pytest.mark.parametrize(("value", "depth"), [(0.3, 1.0), (3.0, 1.0), (3.0, 0.5)])
def test_a_level_shift_takes_events_away_or_adds_some(value, depth):
    world = with_knobs(world_of(60), depth=depth)
    effects = [(Effect.METRIC_SHIFT, site, FROM, TO, value, site) for site in range(60)]
    sent, usual = (befallen(*some, world=world)["phone_event"][0] for some in (effects, ()))
    at = pl.col("ce_time").to_physical()
    inside = (at >= FROM) & (at < TO)
    ratio = sent.filter(inside).height / usual.filter(inside).height
    assert ratio == pytest.approx(1 + (value - 1) * depth, rel=0.12)
    assert sent.filter(~inside).height == pytest.approx(usual.filter(~inside).height, rel=0.01)


def test_a_drift_reaches_its_height_at_the_end():
    world = world_of(80)
    effects = [(Effect.METRIC_DRIFT, site, FROM, TO, 0.0, site) for site in range(80)]
    (events,) = befallen(*effects, world=world)["phone_event"]
    at = events["ce_time"].to_physical().to_numpy()
    first = ((at >= FROM) & (at < FROM + HOUR_US)).sum()
    last = ((at >= TO - HOUR_US) & (at < TO)).sum()
    assert last / first == pytest.approx((1 / 6) / (5 / 6), abs=0.12)


def test_a_phone_notices_that_its_network_goes_and_comes_back():
    sent = befallen((Effect.NETWORK_DOWN, SITE, FROM, TO, 0.0, -1))
    events = sent["phone_event"][0].filter(pl.col("kind") == "network_change")
    for edge in (FROM, TO):
        assert during(events, edge, edge + MINUTE_US).height >= 1
    assert counts(sent)["gps_fix"] == counts(USUAL)["gps_fix"]


def test_some_phones_are_on_another_network_where_an_outage_is_not_deep():
    world = with_knobs(world_of(60), depth=0.7)
    planned = [(Effect.NETWORK_DOWN, site, FROM, TO, 0.0, 1) for site in range(60)]
    natural = [(*row[:5], -1) for row in planned]
    at = pl.col("ce_time").to_physical()
    shares = []
    for effects in (planned, natural):
        (beats,) = befallen(*effects, world=world)["device_heartbeat"]
        inside = beats.filter((at >= FROM) & (at < TO))
        by_phone = inside.group_by("_device").agg((pl.col("network") == "none").mean())
        assert set(by_phone["network"]) <= {0.0, 1.0}
        shares.append(by_phone["network"].mean())
    assert shares[0] == pytest.approx(0.7, abs=0.1)
    assert shares[1] == 1.0


def test_the_app_tells_how_far_its_clock_is_off():
    sent = befallen((Effect.CLOCK_OFF, DEVICE, FROM, TO, -420.0, 1))
    offsets = during(sent["device_heartbeat"][0])["clock_offset_ms"]
    assert offsets.mean() == pytest.approx(-420_000, abs=40)
    assert 0 < offsets.std() < 80
    assert (
        abs(during(sent["device_heartbeat"][0], TO, TO + HOUR_US)["clock_offset_ms"].mean())
        < 61_000
    )
