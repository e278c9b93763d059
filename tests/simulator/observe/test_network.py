"""What holds events back, and how they come afterwards."""

import polars as pl
import pytest

from tests.simulator.devices.small import HOUR_US, duties_of, shard_of, with_knobs, world_of
from tests.simulator.observe.travel import arrived, beside, scans, telemetry
from vigia.simulator.effects import Effect

WORLD = with_knobs(world_of(4), clock_error=0.0, late=0.0)
START = duties_of(WORLD)["starts_us"][0]
FROM, TO = START + 3 * HOUR_US, START + 5 * HOUR_US
SITE, DEVICE = 1, 4


def found(*effects, world=WORLD, more=lambda _shard: {}):
    shard = shard_of(world, effects=effects)
    events, _ = arrived(shard, telemetry(shard) | more(shard))
    return events.sort("received_at").unique(["ce_source", "ce_id"], keep="first")


def during(events, from_us=FROM, to_us=TO):
    return events.filter(pl.col("_true_us").is_between(from_us, to_us, closed="left"))


def arrival(events):
    return events["received_at"].to_physical()


def test_what_happens_during_an_outage_comes_within_two_minutes_of_its_end():
    outage = (Effect.NETWORK_DOWN, SITE, FROM, TO, 0.0, -1)
    events = found(
        outage,
        more=lambda shard: (
            scans(shard)
            | beside(shard, "access_event", "access", kind=pl.lit("granted"))
            | beside(shard, "ticket", "help-desk", verb="updated")
        ),
    )
    here = during(events).filter((pl.col("_site") == SITE) & (pl.col("table") != "ticket"))
    assert set(here["table"]) == {
        "gps_fix",
        "device_heartbeat",
        "phone_event",
        "checkpoint_scan",
        "access_event",
    }
    assert arrival(here).is_between(TO, TO + 95_000_000).all()
    elsewhere = during(events).filter((pl.col("_site") != SITE) | (pl.col("table") == "ticket"))
    assert elsewhere["delay_s"].max() < 6
    assert events.filter(~pl.col("_true_us").is_between(FROM, TO))["delay_s"].max() < 6


def test_what_was_stored_comes_out_of_order():
    outage = (Effect.NETWORK_DOWN, SITE, FROM, TO, 0.0, -1)
    mine = during(found(outage)).filter(pl.col("_device") == DEVICE).sort("_true_us")
    later = arrival(mine).diff().drop_nulls()
    assert 0.35 < (later < 0).mean() < 0.65


def test_an_upload_waits_for_the_next_outage_too():
    effects = (
        (Effect.UPLOADS_LATE, DEVICE, FROM, TO, 0.0, 3),
        (Effect.NETWORK_DOWN, SITE, TO - HOUR_US, TO + HOUR_US, 0.0, -1),
        (Effect.NETWORK_DOWN, SITE, TO + HOUR_US, TO + 2 * HOUR_US, 0.0, -1),
    )
    mine = during(found(*effects)).filter(pl.col("_device") == DEVICE)
    assert mine.height > 50
    assert (arrival(mine) >= TO + 2 * HOUR_US).all()


def test_late_uploads_are_those_of_one_device():
    events = during(found((Effect.UPLOADS_LATE, DEVICE, FROM, TO, 0.0, 3)))
    late = events.filter(pl.col("delay_s") > 6)
    assert set(late["_device"]) == {DEVICE}
    assert (arrival(late) >= TO).all()
    assert late.height == events.filter(pl.col("_device") == DEVICE).height


def test_a_failing_phone_keeps_more_and_more_back():
    end = START + 11 * HOUR_US
    events = found((Effect.FAILING, DEVICE, START, end, 0.0, 3))
    mine = events.filter(pl.col("_device") == DEVICE)
    thirds = [
        during(mine, START + n * (end - START) // 3, START + (n + 1) * (end - START) // 3)
        for n in range(3)
    ]
    held = [(third["delay_s"] > 30).mean() for third in thirds]
    assert held[0] < held[1] < held[2]
    assert held[2] > 0.25
    assert events.filter(pl.col("_device") != DEVICE)["delay_s"].max() < 6


def test_phones_on_another_network_are_those_that_say_so():
    world = with_knobs(WORLD, depth=0.5)
    effects = [(Effect.NETWORK_DOWN, site, FROM, TO, 0.0, 4) for site in range(4)]
    shard = shard_of(world, effects=effects)
    sent = telemetry(shard)
    events = during(arrived(shard, sent)[0])
    beats = sent["device_heartbeat"][0]
    at = beats["ce_time"].to_physical()
    silent = set(beats.filter(at.is_between(FROM, TO) & (beats["network"] == "none"))["_device"])
    by_device = (
        events.unique(["ce_source", "ce_id"]).group_by("_device").agg(pl.col("delay_s").median())
    )
    held = set(by_device.filter(pl.col("delay_s") > 60)["_device"])
    assert held == silent
    assert 0 < len(held) < by_device.height


@pytest.mark.parametrize("end", ["dark", "lit"])
def test_what_is_done_with_a_dark_phone_leaves_no_trace(end):
    dark = (Effect.DARK, DEVICE, FROM, TO, 0.0, 1)
    events = found(dark, more=scans).filter(pl.col("_device") == DEVICE)
    if end == "dark":
        assert during(events).height == 0
    else:
        assert during(events, TO, TO + HOUR_US).filter(pl.col("table") == "checkpoint_scan").height
    others = found(dark, more=scans).filter(pl.col("_device") != DEVICE)
    assert during(others).filter(pl.col("table") == "checkpoint_scan").height
