"""What is planned can happen: where, when, and to whom."""

from __future__ import annotations

import pickle

import numpy as np
import polars as pl

from tests.simulator.plan.conftest import planned
from vigia.simulator.config import WorldConfig
from vigia.simulator.effects import Effect
from vigia.simulator.plan.build import plan_world
from vigia.simulator.plan.guards import OUTDOORS
from vigia.simulator.world.build import build_world
from vigia.simulator.world.conditions import weather
from vigia.simulator.world.roster import roster

MINUTE_US = 60_000_000


def _on_duty(standard, name):
    return standard.meant(name).join(standard.scene.planned.drop("site", "device"), on="duty")


def test_everything_that_is_planned_lies_in_the_test_span(standard):
    config, effects = standard.world.config, standard.plan.effects.table
    made = effects.filter(pl.col("episode") >= 0)
    # A device or an attendance is marked from an hour before its duty to an hour after.
    assert made["from_us"].min() >= config.test_us - 60 * MINUTE_US
    assert made["to_us"].max() <= config.end_us + 60 * MINUTE_US
    for table in (standard.plan.intents, standard.plan.traps):
        assert table["from_us"].min() >= config.test_us - 60 * MINUTE_US
        assert (table["from_us"] < table["to_us"]).all()


def test_every_effect_is_known_and_no_two_of_one_scope_overlap(standard):
    table = standard.plan.effects.table
    assert set(table["effect"]) <= {effect.value for effect in Effect}
    before = table.select(pl.col("to_us").shift(1).over("effect", "scope"), "from_us")
    assert (before["to_us"].fill_null(0) <= before["from_us"]).all()


def test_a_duty_is_used_for_one_thing_at_most(standard):
    used = pl.concat(
        [
            standard.plan.intents["duty"],
            standard.plan.traps.filter(pl.col("kind") != "clock_change")["duty"],
            standard.plan.frauds["duty"],
        ]
    )
    used = used.filter(used >= 0)
    assert used.is_unique().all()


def test_positions_fail_only_where_they_are_expected_and_only_on_duty(standard):
    for name in ("K05", "K06"):
        meant = _on_duty(standard, name)
        assert meant.height == standard.meant(name).height
        assert meant.select(OUTDOORS.all()).item()
        assert (meant["from_us"] >= meant["arrives_us"]).all()
        assert (meant["to_us"] <= meant["leaves_us"]).all()
        assert (meant["to_us"] - meant["from_us"]).min() > 60 * MINUTE_US


def test_tours_are_given_up_in_the_middle_and_outside_fence_and_buffer(standard):
    meant = _on_duty(standard, "K02")
    since_due = (meant["from_us"] - meant["starts_us"]) // MINUTE_US - 30
    assert (since_due % meant["interval_min"]).is_between(5, 45).all()
    left = meant.filter(pl.col("subtype") == "left_site")
    assert (left["value"] > left["fence_radius_m"] + left["buffer_m"] + 100).all()


def test_drift_along_the_fence_stays_within_the_buffer(standard):
    traps = standard.plan.traps.filter(pl.col("kind") == "fence_drift")
    effect = standard.effects("leaves_site").join(traps, left_on="episode", right_on="trap")
    sites = standard.world.sites.select("site", "fence_radius_m", "buffer_m")
    beyond = effect.join(sites, on="site")
    assert beyond.height == traps.height
    assert (beyond["value"] <= beyond["fence_radius_m"] + beyond["buffer_m"]).all()


def test_posts_are_left_uncovered_only_where_somebody_was_to_come(standard):
    meant = _on_duty(standard, "K09")
    assert meant.height == standard.meant("K09").height
    assert meant.select((pl.col("must_man") | pl.col("work_expected")).all()).item()


def test_nobody_is_rostered_at_a_closed_site_that_is_entered(standard):
    meant, scene = standard.meant("K12"), standard.scene
    site, start, end = (meant[n].to_numpy() for n in ("site", "from_us", "to_us"))
    assert not scene.rostered.touches(site, start, end).any()
    assert scene.closed(site, start, end).all()


def test_a_silent_site_is_manned_all_the_time_and_by_dead_phones_only_where_nothing_else_talks(
    standard,
):
    meant = _on_duty(standard, "K01")
    assert (meant["from_us"] > meant["arrives_us"]).all()
    assert (meant["to_us"] < meant["leaves_us"]).all()
    dark = meant.filter(pl.col("subtype") == "dark")
    assert dark.height > 0
    assert not dark["has_access_control"].any()


def test_an_outage_takes_three_sites_of_one_operator_or_feeder_within_ten_minutes(standard):
    for group in standard.meant("K11").partition_by("episode"):
        sites = standard.world.sites.filter(pl.col("site").is_in(group["site"].implode()))
        assert group.height >= 3
        shared = sites["network_operator"].n_unique(), sites["power_feeder"].n_unique()
        assert 1 in shared
        assert group["from_us"].max() - group["from_us"].min() < 10 * MINUTE_US


def test_who_carries_two_phones_walks_a_round_on_a_duty_of_the_same_day(standard):
    carried = standard.effects("carried")
    scene = standard.scene.planned
    mine = scene.filter(pl.col("duty").is_in(carried["scope"].implode()))
    partner = scene.filter(pl.col("duty").is_in(carried["value"].cast(pl.Int64).implode()))
    assert carried.height > 0
    assert partner["tour"].is_not_null().all()
    assert set(partner["starts_us"]) == set(mine["starts_us"])


def test_who_swaps_in_unseen_is_free_at_the_time(standard):
    swaps = standard.effects("swap_unrecorded").rename({"scope": "duty"})
    swaps = swaps.join(standard.duties.select("duty", "starts_us", "ends_us"), on="duty")
    who = swaps["value"].cast(pl.Int64).to_numpy()
    starts, ends = swaps["starts_us"].to_numpy(), swaps["ends_us"].to_numpy()
    assert swaps.height >= 20
    assert not standard.scene.working.touches(who, starts, ends).any()


def test_a_planned_outage_takes_the_place_of_a_natural_one(standard):
    down = standard.effects("network_down")
    assert (down["episode"] == -1).any()
    assert (down["episode"] >= 0).any()


def test_the_same_configuration_gives_the_same_plan_and_another_seed_another():
    one, same, other = (
        planned(sites=12, learn_days=1, test_days=4, seed=seed) for seed in (5, 5, 6)
    )
    assert one.plan.effects.table.equals(same.plan.effects.table)
    assert one.plan.traps.equals(same.plan.traps)
    assert not one.plan.effects.table.equals(other.plan.effects.table)
    assert pickle.loads(pickle.dumps(one.plan)).intents.equals(one.plan.intents)


def test_the_smallest_worlds_can_be_planned():
    for sites, test_days in ((1, 1), (2, 2), (3, 1)):
        world = build_world(WorldConfig(sites=sites, learn_days=0, test_days=test_days))
        duties = roster(world, weather(world))
        assert plan_world(world, duties, []).traps.height > 0


def test_a_harder_world_has_more_traps_and_smaller_frauds():
    hard = planned(sites=20, learn_days=0, test_days=7, knobs={"adversarial_fraud": 1.0})
    soft = planned(sites=20, learn_days=0, test_days=7, knobs={"adversarial_fraud": 0.0})
    minutes = [
        w.plan.frauds.filter(pl.col("type") == "time_theft")["minutes"].mean() for w in (hard, soft)
    ]
    assert minutes[0] < 0.5 * minutes[1]
    assert hard.plan.frauds["adversarial"].all()


def test_overlapping_things_at_a_site_never_include_one_that_silences_it(standard):
    loud = standard.plan.intents.filter(~pl.col("class").is_in(["K01", "K11", "K12", "ANOMALY"]))
    silent = standard.plan.intents.filter(pl.col("class").is_in(["K01", "K11", "K12"]))
    both = loud.join(silent, on="site", suffix="_silent")
    clash = both.filter(
        (pl.col("from_us") < pl.col("to_us_silent")) & (pl.col("to_us") > pl.col("from_us_silent"))
    )
    assert clash.is_empty()
    assert np.all(silent["duty"].to_numpy() >= -1)
