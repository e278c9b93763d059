"""How long events are under way."""

import numpy as np
import polars as pl
import pytest

from tests.simulator.devices.small import shard_of, with_knobs, world_of
from tests.simulator.observe.travel import arrived, beside, scans, telemetry, together
from vigia.simulator.observe.observe import observe

WORLD = with_knobs(world_of(100), clock_error=0.0)


def first_arrivals(found):
    return found.sort("received_at").unique(["ce_source", "ce_id"], keep="first")


def shares(world):
    delay = first_arrivals(arrived(shard_of(world))[0])["delay_s"].to_numpy()
    edges = [0, 5.001, 120, 6 * 3600, 72 * 3600]
    assert delay.min() > 0
    return np.histogram(delay, edges)[0] / len(delay)


def test_nineteen_of_twenty_come_at_once_and_the_rest_within_three_days():
    found = shares(WORLD)
    assert found.sum() == pytest.approx(1.0)
    assert found[0] == pytest.approx(0.95, abs=0.002)
    assert found[1] == pytest.approx(0.04, abs=0.002)
    assert found[2] == pytest.approx(0.009, abs=0.001)
    assert found[3] == pytest.approx(0.001, abs=0.0003)


def test_the_level_scales_what_is_late():
    assert 1 - shares(with_knobs(WORLD, late=3.0))[0] == pytest.approx(0.15, abs=0.005)
    assert 1 - shares(with_knobs(WORLD, late=0.5))[0] == pytest.approx(0.025, abs=0.002)


def test_about_two_events_in_a_hundred_are_overtaken():
    found = first_arrivals(arrived(shard_of(WORLD))[0]).sort("_device", "_true_us", "ce_id")
    arrival = pl.col("received_at").to_physical()
    overtaken = found.select((arrival > arrival.shift(-1)).over("_device")).to_series()
    assert 0.01 < overtaken.mean() < 0.035


def test_nothing_arrives_before_it_happens_or_more_than_three_days_after():
    found, _ = arrived(shard_of(with_knobs(WORLD, late=3.0)))
    assert found["delay_s"].min() > 0
    assert found["delay_s"].max() < 72 * 3600


def test_central_systems_keep_the_order_of_what_they_send():
    shard = shard_of(world_of(5))
    events = beside(shard, "ticket", "help-desk", every_min=1, verb="updated")
    found = together(observe(shard, events)[0])
    first = first_arrivals(found).sort("_true_us", "ce_id")
    assert (first["received_at"].diff().drop_nulls().dt.total_microseconds() >= 0).all()
    assert first["delay_s"].is_between(0.1, 4.1).all()
    assert first["delay_s"].n_unique() > 100


def test_an_arrival_that_is_known_is_kept():
    shard = shard_of(world_of(2))
    (frame,) = scans(shard)["checkpoint_scan"]
    known = frame.with_columns(
        received_at=pl.when(pl.col("ce_id").str.ends_with("0")).then(
            pl.col("ce_time") + pl.duration(hours=2)
        )
    )
    found = first_arrivals(together(observe(shard, {"checkpoint_scan": [known]})[0]))
    mine = found.filter(pl.col("ce_id").str.ends_with("0"))
    assert (mine["delay_s"] == 7200).all()
    assert (found.filter(~pl.col("ce_id").str.ends_with("0"))["delay_s"] < 7200).mean() > 0.95


def test_the_true_time_and_whole_milliseconds_stay():
    shard = shard_of(world_of(3))
    true = telemetry(shard)
    seen, _ = observe(shard, true)
    for table, (frame,) in seen.items():
        assert (frame["received_at"].to_physical() % 1_000 == 0).all()
        if table != "_raw":
            assert (frame["ce_time"].to_physical() % 1_000 == 0).all()
            ids = true[table][0]["ce_time"].to_physical().to_list()
            assert frame["_true_us"].head(len(ids)).to_list() == ids
