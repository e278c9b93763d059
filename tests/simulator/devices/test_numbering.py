"""Devices number what they send, so that it shows when something is missing."""

import numpy as np
import polars as pl
import pytest

from tests.simulator.devices.small import (
    HOUR_US,
    Circling,
    duties_of,
    shard_of,
    with_knobs,
    world_of,
)
from vigia.simulator.devices.numbering import _scrambled
from vigia.simulator.devices.simulate import simulate_devices
from vigia.simulator.effects import Effect

WORLD = with_knobs(world_of(10), missing_heartbeats=0.0)
START = duties_of(WORLD)["starts_us"][0]


def everything(sent):
    """All events of all tables: who, when, which boot and number."""
    names = ["ce_source", "ce_id", "boot_id", "seq", "ce_time", "_duty"]
    frames = [f.select(names).with_columns(table=pl.lit(t)) for t, (f,) in sent.items()]
    return pl.concat(frames).sort("ce_source", "ce_time", "seq")


@pytest.fixture(scope="module")
def numbered():
    return everything(simulate_devices(shard_of(WORLD), Circling()))


def test_every_boot_counts_everything_from_one_in_order_of_time(numbered):
    counted = numbered.group_by("boot_id", maintain_order=True).agg("seq", pl.len())
    for boot, seq, count in counted.iter_rows():
        assert seq == list(range(1, count + 1)), boot


def test_a_boot_belongs_to_one_duty_and_ids_are_made_of_boot_and_number(numbered):
    assert numbered.group_by("boot_id").agg(pl.col("_duty").n_unique())["_duty"].max() == 1
    assert numbered["ce_id"].n_unique() == numbered.height
    assert (
        numbered["ce_id"]
        == pl.select(pl.format("{}-{}", numbered["boot_id"], numbered["seq"])).to_series()
    ).all()
    assert numbered["ce_id"].str.len_bytes().max() <= 12


def test_a_reboot_starts_another_count_and_is_the_first_to_be_told(numbered):
    boots = numbered.group_by("boot_id", "_duty").agg(pl.len())
    again = boots.group_by("_duty").len().filter(pl.col("len") > 1)
    assert again.height > 0
    restarted = numbered.filter(
        pl.col("_duty").is_in(again["_duty"].to_list()) & (pl.col("seq") == 1)
    )
    second = restarted.sort("_duty", "ce_time").filter(pl.col("_duty").is_duplicated())
    later = second.filter(pl.col("_duty").shift(1) == pl.col("_duty"))
    assert (later["table"] == "phone_event").mean() > 0.6


def test_codes_of_boots_never_meet():
    numbers = np.arange(300_000)
    scrambled = _scrambled(numbers, 5)
    assert len(np.unique(scrambled)) == len(numbers)
    assert np.abs(np.corrcoef(numbers, scrambled)[0, 1]) < 0.02
    assert (_scrambled(numbers, 6) != scrambled).mean() > 0.99


def test_a_heartbeat_says_how_much_waits_on_the_device():
    outage = (Effect.NETWORK_DOWN, 0, START + HOUR_US, START + 2 * HOUR_US, 0.0, -1)
    late = (Effect.UPLOADS_LATE, 4, START + 3 * HOUR_US, START + 5 * HOUR_US, 0.0, 7)
    sent = simulate_devices(shard_of(WORLD, effects=[outage, late]), Circling())
    events = everything(sent)
    beats = sent["device_heartbeat"][0]
    for duty, start_us, end_us in ((0, *outage[2:4]), (1, *outage[2:4]), (4, *late[2:4])):
        mine = beats.filter(
            (pl.col("_duty") == duty)
            & pl.col("ce_time").to_physical().is_between(start_us, end_us, "left")
        )
        assert mine.height >= 11
        for at, waiting in mine.select("ce_time", "queue_depth").iter_rows():
            before = events.filter(
                (pl.col("_duty") == duty)
                & (pl.col("ce_time").to_physical() >= start_us)
                & (pl.col("ce_time") < at)
            )
            assert waiting == before.height
    down = beats.filter(
        (pl.col("_site") == 0) & pl.col("ce_time").to_physical().is_between(*outage[2:4], "left")
    )
    assert set(down["network"]) == {"none"}
    free = beats.filter(pl.col("_site") == 5)
    assert free["queue_depth"].max() <= 2
    assert (free["queue_depth"] == 0).mean() > 0.93
    assert "none" not in set(free["network"])
