"""An ordinary day has the rates of the specification, and its rhythm."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tests.simulator.field import small
from vigia.simulator.field.simulate import simulate_field
from vigia.simulator.world.clock import LocalClock

HOUR_US, MINUTE_US = small.HOUR_US, small.MINUTE_US
SEEDS = (1, 2, 3)


@pytest.fixture(scope="module")
def facts():
    """Facts of two days in three worlds, for duties that somebody works."""
    days = [small.shard(day=day, seed=seed) for seed in SEEDS for day in (0, 1)]
    found = {}
    for number, at in enumerate(days):
        made = simulate_field(at)
        known = at.duties.select(
            "duty", "worker", "starts_us", "ends_us", "lone", "arrives_us", "leaves_us"
        )
        for name in ("tour_run", "task", "welfare", "attendance"):
            frame = made.facts[name].join(known, on="duty", how="inner")
            found.setdefault(name, []).append(frame.with_columns(world=pl.lit(number)))
    return {n: pl.concat(f).filter(pl.col("worker") >= 0) for n, f in found.items()}


@pytest.fixture(scope="module")
def scans():
    made = small.plain()[1]
    return small.events(made, "checkpoint_scan").sort("run_id", "ce_time")


def test_nineteen_tours_in_twenty_are_completed(facts):
    completed = (facts["tour_run"]["status"] == "completed").mean()
    assert 0.92 <= completed <= 0.97


def test_two_to_five_scans_in_a_hundred_are_missed(facts):
    runs = facts["tour_run"]
    assert 0.02 <= 1 - runs["scanned"].sum() / runs["planned"].sum() <= 0.05


def test_the_careless_miss_more_than_the_diligent():
    at, made = small.plain()
    worlds = [
        (at, made),
        *((s, simulate_field(s)) for s in (small.shard(seed=seed) for seed in (2, 3))),
    ]
    rows = []
    for shard, ground in worlds:
        traits = shard.world.people.select(worker="person", diligence="diligence")
        known = shard.duties.select("duty", "worker").join(traits, on="worker")
        rows.append(ground.facts["tour_run"].join(known, on="duty"))
    runs = pl.concat(rows)
    share = [
        1 - part["scanned"].sum() / part["planned"].sum()
        for part in (runs.filter(pl.col("diligence") < 0.6), runs.filter(pl.col("diligence") > 0.8))
    ]
    assert share[0] > 1.5 * share[1]


def test_tours_are_due_every_interval_from_half_an_hour_after_the_start():
    at, made = small.plain()
    tours = at.world.tours.select("tour", "interval_min", "planned_min")
    alone = at.duties.filter(pl.len().over("post", "starts_us") == 1)
    runs = made.facts["tour_run"].join(tours, on="tour").join(alone, on="duty")
    first = runs.group_by("duty").agg(pl.col("due_us").min(), pl.col("starts_us").first())
    assert (first["due_us"] - first["starts_us"] == 30 * MINUTE_US).all()
    gap = runs.select(pl.col("due_us").diff().over("duty") / MINUTE_US - pl.col("interval_min"))
    assert gap.to_series().drop_nulls().eq(0).all()
    assert (runs["due_us"] + runs["planned_min"] * MINUTE_US <= runs["ends_us"]).all()


def test_people_who_share_a_post_take_turns():
    runs = small.plain()[1].facts["tour_run"].select("tour", "due_us")
    assert runs.is_duplicated().sum() == 0


def test_most_tours_start_within_their_window(facts):
    started = facts["tour_run"].filter(pl.col("started_us") >= 0)
    delay = (started["started_us"] - started["due_us"]) / MINUTE_US
    assert delay.min() > -6
    assert 2 < delay.median() < 8
    assert (delay < 30).mean() > 0.95


def test_nobody_honest_is_faster_from_scan_to_scan_than_the_tour_allows(scans):
    tours = small.plain()[0].world.tours
    runs = small.plain()[1].facts["tour_run"].select(run_id="run_code", tour="tour")
    known = scans.join(runs, on="run_id").join(tours, on="tour").sort("run_id", "ce_time")
    leg = pl.col("ce_time").diff().over("run_id").dt.total_milliseconds() / 1000
    legs = known.with_columns(leg=leg).filter(pl.col("verdict") == "valid").drop_nulls("leg")
    assert legs.height > 1000
    assert (legs["leg"] < legs["min_leg_s"]).mean() < 0.002


def test_scans_of_ordered_tours_follow_the_order(scans):
    at, made = small.plain()
    tours = at.world.tours.select("tour", "kind", "checkpoints")
    runs = made.facts["tour_run"].select(run_id="run_code", tour="tour").join(tours, on="tour")
    codes = at.world.checkpoints["code"]
    known = scans.filter(pl.col("verdict") != "duplicate").join(runs, on="run_id")
    for kind, ordered in (("fixed_order", True), ("any_order", False)):
        same = []
        for row in (
            known.filter(kind=kind)
            .group_by("run_id")
            .agg("checkpoint_id", pl.col("checkpoints").first())
            .iter_rows(named=True)
        ):
            listed = [codes[c] for c in row["checkpoints"]]
            place = [listed.index(c) for c in row["checkpoint_id"]]
            same.append(place == sorted(place))
        assert np.mean(same) == 1.0 if ordered else np.mean(same) < 0.6


def test_a_skipped_checkpoint_of_an_ordered_tour_shows_in_the_verdict(scans):
    jumped = scans.filter(verdict="out_of_order")["run_id"].unique()
    runs = small.plain()[1].facts["tour_run"]
    incomplete = runs.filter(pl.col("run_code").is_in(jumped.implode()))
    assert (incomplete["scanned"] < incomplete["planned"]).all()


def test_a_run_says_as_many_scans_as_there_are():
    made = small.plain()[1]
    scans = small.events(made, "checkpoint_scan").filter(pl.col("verdict") != "duplicate")
    counted = scans.group_by("run_id").len("found")
    told = small.events(made, "tour_run").filter(pl.col("checkpoints_scanned").is_not_null())
    both = told.join(counted, on="run_id", how="left").with_columns(pl.col("found").fill_null(0))
    assert both.height == made.facts["tour_run"].height
    assert (both["checkpoints_scanned"] == both["found"]).all()


def test_the_last_word_on_every_run_is_its_end():
    made = small.plain()[1]
    last = small.events(made, "tour_run").group_by("run_id").agg(pl.col("status").last())
    facts = made.facts["tour_run"].join(last, left_on="run_code", right_on="run_id")
    assert facts.height == made.facts["tour_run"].height
    assert (facts["status"] == facts["status_right"]).all()


def test_the_dead_of_the_night_is_quieter(facts):
    tasks = facts["task"]
    clock = LocalClock(small.plain()[0].world)
    hour = clock.to_local_us(tasks["site"].to_numpy(), tasks["created_us"].to_numpy())
    hour = hour // HOUR_US % 24
    dip = ((hour >= 3) & (hour < 5)).sum() / 2
    around = (((hour >= 0) & (hour < 3)) | ((hour >= 5) & (hour < 6))).sum() / 4
    assert 0.4 < dip / around < 0.85


def test_tasks_are_mostly_done_and_some_late(facts):
    tasks = facts["task"]
    assert (tasks["done_us"] >= 0).mean() > 0.93
    late = (tasks["closed_us"] > tasks["due_us"] + MINUTE_US).mean()
    assert 0.01 < late < 0.12


def test_posts_where_no_work_is_expected_get_no_tasks():
    at, made = small.plain()
    quiet = at.world.posts.filter(~pl.col("work_expected"))["post"]
    idle = at.duties.filter(pl.col("post").is_in(quiet.implode()))["duty"]
    assert len(idle) > 0
    assert made.facts["task"].filter(pl.col("duty").is_in(idle.implode())).is_empty()


def test_checks_are_hourly_for_who_is_alone_and_two_hourly_for_others(facts):
    checks = (
        facts["welfare"]
        .with_columns(gap=pl.col("due_us").diff().over("world", "duty") / MINUTE_US)
        .drop_nulls("gap")
    )
    assert set(checks.filter(~pl.col("lone"))["gap"]) == {120.0}
    assert set(checks.filter("lone")["gap"]) <= {30.0, 60.0}
    assert checks.filter("lone").height > 0


def test_nearly_all_checks_are_answered_in_time(facts):
    checks = facts["welfare"]
    assert (checks["result"] == "ok").mean() > 0.99
    told = checks.filter(result="ok")
    off = (told["answered_us"] - told["due_us"]) / MINUTE_US
    assert off.min() >= -10
    assert off.max() < 15


def test_a_guard_shift_has_about_the_volume_of_the_specification():
    at, made = small.plain()
    patrols = small.duties(at, kind="patrol")["duty"]
    count = {
        t: small.events(made, t).filter(pl.col("_duty").is_in(patrols.implode())).height
        for t in ("tour_run", "checkpoint_scan", "task", "welfare_check")
    }
    assert 40 < (count["tour_run"] + count["checkpoint_scan"]) / len(patrols) < 90
    assert 10 < count["task"] / len(patrols) < 26
    assert 8 < count["welfare_check"] / len(patrols) < 30


def test_handovers_name_the_one_who_comes_where_both_are_of_the_day():
    told = small.events(small.plain()[1], "handover")
    assert told.height > 10
    assert told["to_person_id"].drop_nulls().len() > 0
    assert (told["from_person_id"] != told["to_person_id"]).all()


def test_closed_sites_have_no_visitors():
    at, made = small.plain()
    closing = at.world.sites.filter(~pl.col("round_the_clock"), pl.col("archetype") != "event")
    visits = small.events(made, "visitor_visit").drop_nulls("in_at")
    visits = visits.filter(pl.col("_site").is_in(closing["site"].implode()))
    clock = LocalClock(at.world)
    when = visits["ce_time"].to_physical().to_numpy()
    hour = clock.to_local_us(visits["_site"].to_numpy(), when) // HOUR_US % 24
    assert visits.height > 10
    assert hour.min() >= 6
    assert hour.max() < 22


def test_visitors_leave_after_they_came():
    visits = (
        small.events(small.plain()[1], "visitor_visit")
        .group_by("visit_id")
        .agg(pl.col("in_at").max(), pl.col("out_at").max(), pl.col("status").last())
    )
    gone = visits.drop_nulls("out_at")
    assert (gone["out_at"] > gone["in_at"]).all()
    assert set(visits["status"]) <= {"out", "denied"}
