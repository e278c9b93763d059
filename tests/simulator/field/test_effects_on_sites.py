"""What is made to happen to a site shows there, and only there."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tests.simulator.field import small
from vigia.simulator.effects import Effect
from vigia.simulator.field.simulate import simulate_field

HOUR_US, MINUTE_US = small.HOUR_US, small.MINUTE_US
SYSTEMS = ("tours", "tasks", "welfare", "incident-desk")


def day_start():
    return small.plain()[0].world.config.start_us + small.DAY * 24 * HOUR_US


def busiest():
    """The site with most scans, and four hours of its day."""
    scans = small.events(small.plain()[1], "checkpoint_scan")
    site = scans["_site"].value_counts(sort=True)["_site"][0]
    middle = scans.filter(_site=site)["ce_time"].median().timestamp() * 1e6
    return site, (int(middle) - 2 * HOUR_US, int(middle) + 2 * HOUR_US)


def at(made, table, site, span):
    inside = small.micros("ce_time").is_between(*span, closed="left")
    return small.events(made, table).filter(inside, _site=site)


def test_a_silent_site_records_nothing_but_what_systems_miss():
    site, span = busiest()
    made = small.ground([(Effect.SILENCE, site, *span, 0.0)])[1]
    for table in made.events:
        told = at(made, table, site, span)
        people = told.filter(~pl.col("ce_source").is_in(SYSTEMS))
        if table == "attendance_event":
            people = people.filter(~pl.col("kind").is_in(["clock_in", "clock_out", "correction"]))
        assert people.is_empty(), table
    assert at(made, "task", site, span).filter(status="assigned").is_empty()
    here = small.duties(small.plain()[0], site=site)
    here = here.filter(pl.col("arrives_us") < span[1] - HOUR_US, pl.col("leaves_us") > span[0])
    assert here.height
    for duty in here.iter_rows(named=True):
        begin = max(span[0], duty["arrives_us"] + MINUTE_US)
        inside = np.arange(begin, min(span[1], duty["leaves_us"]), MINUTE_US)
        found = made.movement.at(np.full(len(inside), duty["duty"]), inside)
        assert not (found.mode > 0)[2:].any()


def test_other_sites_do_not_notice():
    site, span = busiest()
    made = small.ground([(Effect.SILENCE, site, *span, 0.0)])[1]
    for table, frames in small.plain()[1].events.items():
        before = pl.concat(frames, how="diagonal_relaxed").filter(pl.col("_site") != site)
        after = pl.concat(made.events[table], how="diagonal_relaxed")
        after = after.filter(pl.col("_site") != site).select(before.columns)
        assert after.equals(before), table


def test_a_backlog_falls_due_and_stays_undone_until_its_end():
    site, span = busiest()
    span = max(span[0], day_start()), span[1]
    made = small.ground([(Effect.TASK_BACKLOG, site, *span, 5.0)])[1]
    pile = made.facts["task"].filter(duty=-1)
    assert pile.height == round(5.0 * (span[1] - span[0]) / HOUR_US)
    assert pile["created_us"].is_between(*span).all()
    assert (pile["closed_us"] > span[1]).all()
    overdue = pile.filter((pl.col("due_us") < span[1]) & (pl.col("closed_us") > span[1]))
    assert overdue.height > 0.7 * pile.height
    told = small.events(made, "task").filter(pl.col("_duty") == -1)
    assert set(told["status"]) == {"pending", "overdue", "completed", "cancelled"}


def test_half_the_depth_is_half_the_backlog():
    site, span = busiest()
    rows = [(Effect.TASK_BACKLOG, site, max(span[0], day_start()), span[1], 10.0)]
    whole, half = (
        small.ground(rows, depth=depth)[1].facts["task"].filter(duty=-1).height
        for depth in (1.0, 0.5)
    )
    assert half == pytest.approx(whole / 2, abs=1)


def test_misdated_tasks_come_at_once_and_are_put_right():
    start = day_start() + 5 * HOUR_US
    made = small.ground([(Effect.TASKS_MISDATED, 2, start, start + 3 * HOUR_US, 60.0)])[1]
    pile = small.events(made, "task").filter(_duty=-1)
    created = pile.filter(status="pending")
    assert created.height == 60
    assert (created["ce_time"].max() - created["ce_time"].min()).total_seconds() < 90
    assert ((created["ce_time"] - created["due_at"]).dt.total_days() >= 19).all()
    last = (
        pile.filter(pl.col("due_at").is_not_null()).group_by("task_id").agg(pl.col("due_at").last())
    )
    assert (last["due_at"].to_physical() > start + 3 * HOUR_US).all()


def test_two_piles_of_a_day_do_not_share_names():
    start = day_start() + 5 * HOUR_US
    rows = [
        (Effect.TASKS_MISDATED, 2, start, start + HOUR_US, 30.0),
        (Effect.TASK_BACKLOG, 2, start + HOUR_US, start + 3 * HOUR_US, 10.0),
    ]
    facts = small.ground(rows)[1].facts["task"].filter(duty=-1)
    assert facts.height == 50
    assert facts["task_code"].n_unique() == 50


def test_delayed_tours_start_late_or_never():
    site, _ = busiest()
    span = day_start(), day_start() + 36 * HOUR_US
    made = small.ground([(Effect.TOURS_DELAYED, site, *span, 0.0)])[1]
    runs = made.facts["tour_run"].filter(site=site)
    started = runs.filter(pl.col("started_us") >= 0)
    assert 0.2 < started.height / runs.height < 0.7
    assert ((started["started_us"] - started["due_us"]) >= 16 * MINUTE_US).mean() > 0.95
    others = made.facts["tour_run"].filter(pl.col("site") != site)
    usual = small.plain()[1].facts["tour_run"].filter(pl.col("site") != site)
    assert others.equals(usual)


def test_tours_that_are_held_up_a_little_begin_within_what_is_allowed():
    site, _ = busiest()
    span = day_start(), day_start() + 36 * HOUR_US
    runs = small.ground([(Effect.TOURS_DELAYED, site, *span, 1.0)])[1].facts["tour_run"]
    usual = small.plain()[1].facts["tour_run"].filter(site=site)
    mine = runs.filter(site=site)
    assert (mine["started_us"] >= 0).sum() >= 0.9 * (usual["started_us"] >= 0).sum()
    begun = mine.filter(pl.col("started_us") >= 0)
    late_min = (begun["started_us"] - begun["due_us"]) / MINUTE_US
    assert (late_min >= 6).mean() > 0.95
    # Some have to wait for what else there is to do.
    assert (late_min < 15).mean() > 0.65


@pytest.mark.parametrize(("count", "within_s"), [(2.0, 700), (30.0, 40)])
def test_tasks_that_are_asked_for_wait_rightly_dated_and_a_list_comes_within_seconds(
    count, within_s
):
    start = day_start() + 5 * HOUR_US
    made = small.ground([(Effect.TASKS_ASKED, 2, start, start + 2 * HOUR_US, count)])[1]
    asked = made.facts["task"].filter(duty=-1)
    assert asked.height == count
    assert (asked["created_us"].max() - asked["created_us"].min()) / 1e6 < within_s
    assert (asked["due_us"] > start + 5 * HOUR_US).all()
    assert asked["closed_us"].is_between(start + 2 * HOUR_US, asked["due_us"]).all()
    told = small.events(made, "task").filter(_duty=-1)
    assert told.filter(status="pending")["assignee_id"].is_null().all()


def test_piles_are_as_urgent_as_other_tasks_and_partly_entered_in_batches():
    site, span = busiest()
    span = max(span[0], day_start()), span[1]
    made = small.ground([(Effect.TASK_BACKLOG, site, *span, 60.0)])[1]
    tasks = made.facts["task"]
    pile = tasks.filter(duty=-1).sort("created_us")
    urgent = pl.col("priority").is_in(["P1", "P2"])
    shares = [f.select(urgent.mean()).item() for f in (pile, tasks.filter(pl.col("duty") >= 0))]
    assert shares[0] == pytest.approx(shares[1], abs=0.07)
    together = (pile["created_us"].diff().drop_nulls() < 15_000_000).mean()
    assert 0.3 < together < 0.7


@pytest.mark.parametrize("doors", [True, False])
def test_an_intruder_uses_a_door_or_clocks_in(doors):
    quiet = small.plain()[0]
    site = quiet.world.sites.filter(has_access_control=doors)["site"][0]
    start = day_start() + 3 * HOUR_US
    made = small.ground([(Effect.INTRUSION, site, start, start + 40 * MINUTE_US, 0.0)])[1]
    fact = made.facts["intrusion"].row(0, named=True)
    assert (fact["site"], made.facts["intrusion"].height) == (site, 1)
    assert start <= fact["from_us"] < start + 6 * MINUTE_US
    table = "access_event" if doors else "attendance_event"
    shown = at(made, table, site, (start, start + 40 * MINUTE_US)).filter(pl.col("_duty") == -1)
    usual = at(small.plain()[1], table, site, (start, start + 40 * MINUTE_US))
    usual = usual.filter(pl.col("_duty") == -1)
    assert shown.height >= usual.height + 2


def test_an_intrusion_belongs_to_one_day():
    start = day_start() + 23 * HOUR_US
    rows = [(Effect.INTRUSION, 0, start, start + 3 * HOUR_US, 0.0)]
    days = [
        simulate_field(small.shard(rows, day=day)).facts["intrusion"].height for day in (0, 1, 2)
    ]
    assert days == [0, 1, 0]


def test_punches_lost_at_a_kiosk_are_entered_by_hand():
    quiet, _ = small.plain()
    site = quiet.duties.filter(method="kiosk")["site"].value_counts(sort=True)["site"][0]
    span = day_start() - 2 * HOUR_US, day_start() + 40 * HOUR_US
    made = small.ground([(Effect.KIOSK_DOWN, site, *span, 0.0)])[1]
    told = small.events(made, "attendance_event").filter(_site=site)
    assert told.filter(method="kiosk").is_empty()
    entered = told.filter(kind="correction")
    assert entered.height > 1
    assert (entered["method"] == "supervisor").all()
    assert entered["corrected_by"].null_count() == 0
    assert "Kiosk out of order" in entered["reason"].to_list()
    assert (entered["received_at"] > entered["ce_time"]).all()


def test_a_drill_is_made_of_tests():
    site, span = busiest()
    made = small.ground([(Effect.DRILL, site, *span, 0.0)])[1]
    calls = small.events(made, "panic_event").filter(_site=site)
    assert calls.height >= 3
    assert set(calls.filter(pl.col("_device") == -1)["state"]) == {"acknowledged", "closed_test"}
    assert set(made.facts["panic"]["value"]) == {1}


def counts(made, site):
    """Tasks asked for, tours set out on, visitors."""
    facts = {n: made.facts[n].filter(site=site) for n in ("task", "tour_run")}
    visitors = small.events(made, "visitor_visit").filter(_site=site).height
    started = facts["tour_run"].filter(pl.col("started_us") >= 0).height
    return np.array([facts["task"].height, started, visitors])


def test_activity_rises_and_falls_with_the_metric():
    site, _ = busiest()
    span = day_start() - 24 * HOUR_US, day_start() + 48 * HOUR_US
    usual = counts(small.plain()[1], site)
    low, high = (
        counts(small.ground([(Effect.METRIC_SHIFT, site, *span, value)])[1], site)
        for value in (0.4, 2.5)
    )
    assert (low < 0.75 * usual).all()
    assert high[0] > 1.8 * usual[0]
    assert high[2] > 1.5 * usual[2]


def test_a_changed_population_asks_for_more_or_less_and_walks_as_many_tours():
    usual, moved = (simulate_field(small.shard(shift=shift)).facts for shift in (0.0, 0.6))
    asked = [
        f["task"].group_by("site").len().sort("site")["len"].to_numpy() for f in (usual, moved)
    ]
    assert len(asked[0]) == len(asked[1])
    ratio = asked[1] / asked[0]
    assert ratio.min() < 0.85
    assert ratio.max() > 1.15
    walked = [(f["tour_run"]["started_us"] >= 0).sum() for f in (usual, moved)]
    assert walked[0] == pytest.approx(walked[1], rel=0.02)


def test_a_drift_grows_towards_its_end():
    site, _ = busiest()
    span = day_start(), day_start() + 24 * HOUR_US
    made = small.ground([(Effect.METRIC_DRIFT, site, *span, 0.0)])[1]
    usual = small.plain()[1]
    share = []
    for part in ((span[0], span[0] + 8 * HOUR_US), (span[1] - 8 * HOUR_US, span[1])):
        asked = [
            m.facts["task"].filter(pl.col("created_us").is_between(*part), site=site).height
            for m in (made, usual)
        ]
        share.append(asked[0] / asked[1])
    assert share[0] > 2 * share[1]


def test_phones_without_a_network_keep_their_scans():
    site, span = busiest()
    made = small.ground([(Effect.NETWORK_DOWN, site, *span, 0.0)])[1]
    scans = at(made, "checkpoint_scan", site, span)
    assert scans.height > 3
    assert scans["offline"].all()
    assert scans["received_at"].null_count() == scans.height
