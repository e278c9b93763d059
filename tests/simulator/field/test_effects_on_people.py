"""What is made to happen to a duty shows in its work and its ways, and nowhere else."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tests.simulator.field import small
from vigia.simulator.effects import Effect
from vigia.simulator.field.movement import RIDING

HOUR_US, MINUTE_US = small.HOUR_US, small.MINUTE_US
FIRST_US = 30 * MINUTE_US


@pytest.fixture(scope="module")
def duty():
    """A patrol with tours."""
    return small.toured(small.plain()[0])


@pytest.fixture(scope="module")
def span(duty):
    """Three hours from the middle of the second tour on."""
    start = duty["starts_us"] + FIRST_US + duty["interval_min"] * MINUTE_US + 9 * MINUTE_US
    return start, start + 3 * HOUR_US


def with_effect(effect, duty, span, value=0.0, **more):
    return small.ground([(effect, duty["duty"], *span, value)], **more)[1]


def during(frame, span, column="ce_time"):
    return frame.filter(small.micros(column).is_between(*span, closed="left"))


def place(made, duty, span, every_s=20):
    """Positions of a duty during a span."""
    when = np.arange(span[0], span[1], every_s * 1_000_000)
    return made.movement.at(np.full(len(when), duty["duty"]), when)


def recorded_work(made, duty, span):
    """Scans, finished tasks and answered checks of a duty during a span."""
    number = duty["duty"]
    scans = during(small.of_duty(made, "checkpoint_scan", number), span).height
    tasks = small.of_duty(made, "task", number).filter(pl.col("status") == "completed")
    answers = small.of_duty(made, "welfare_check", number).filter(
        pl.col("answered_at").is_not_null()
    )
    return scans + during(tasks, span).height + during(answers, span).height


def pulled_run(made, duty, span):
    """The fact of the run that is in progress when a span begins."""
    runs = made.facts["tour_run"].filter(pl.col("duty") == duty["duty"])
    return runs.filter(
        (pl.col("started_us") >= 0)
        & (pl.col("started_us") < span[0])
        & (pl.col("closed_us") > span[0])
    ).row(0, named=True)


def test_an_ordinary_guard_works_in_that_time(duty, span):
    assert recorded_work(small.plain()[1], duty, span) > 8


@pytest.mark.parametrize("effect", [Effect.NO_WORK, Effect.PARKED, Effect.STILL])
def test_whoever_does_no_work_records_none(effect, duty, span):
    made = with_effect(effect, duty, span)
    assert recorded_work(made, duty, span) == 0
    work = made.facts["work"].filter(pl.col("duty") == duty["duty"])
    assert work.filter(pl.col("slot_us").is_between(span[0], span[1] - 5 * MINUTE_US)).is_empty()


def test_other_people_are_left_alone(duty, span):
    effects = (Effect.NO_WORK, Effect.STILL, Effect.LEAVES_SITE, Effect.FAKE_TOUR, Effect.PANIC)
    for effect in effects:
        made = with_effect(effect, duty, span, 300.0 if effect is Effect.LEAVES_SITE else 0.0)
        for table in ("checkpoint_scan", "task", "welfare_check", "attendance_event"):
            others = pl.col("_duty") != duty["duty"]
            before = small.events(small.plain()[1], table).filter(others)
            after = small.events(made, table).filter(others).select(before.columns)
            assert after.equals(before), (effect, table)


def test_whoever_does_no_work_moves_as_usual(duty, span):
    usual, found = (
        place(m, duty, span) for m in (small.plain()[1], with_effect(Effect.NO_WORK, duty, span))
    )
    assert np.hypot(usual.x_m - found.x_m, usual.y_m - found.y_m).max() < 1.0
    assert (found.mode > 0).any()


@pytest.mark.parametrize("effect", [Effect.PARKED, Effect.STILL])
def test_a_phone_that_lies_still_does_not_move(effect, duty, span):
    found = place(with_effect(effect, duty, span), duty, span)
    assert np.ptp(found.x_m) == 0
    assert np.ptp(found.y_m) == 0
    assert not (found.mode > 0).any()


def test_a_fall_ends_a_run(duty, span):
    made = with_effect(Effect.STILL, duty, span, 1.0)
    before = place(made, duty, (span[0] - 40_000_000, span[0]), every_s=10)
    assert before.speed_mps.min() > 2.4
    assert place(made, duty, span).speed_mps.max() == 0


def test_a_carried_phone_stays_near_the_one_who_carries_it(duty, span):
    at_site = small.plain()[0]
    mates = small.duties(at_site, site=duty["site"], starts_us=duty["starts_us"])
    pair = [d for d in mates.iter_rows(named=True) if d["duty"] != duty["duty"]]
    assert pair, "the small world has no two guards who start together"
    partner = pair[0]
    made = with_effect(Effect.CARRIED, duty, span, float(partner["duty"]))
    later = span[0] + 6 * MINUTE_US, span[1]
    mine, other = (place(made, d, later) for d in (duty, partner))
    assert np.hypot(mine.x_m - other.x_m, mine.y_m - other.y_m).max() <= 10.0
    assert recorded_work(made, duty, span) == 0
    assert recorded_work(made, partner, span) > 0


def test_whoever_leaves_the_site_is_outside_in_the_middle_of_a_tour(duty, span):
    made = with_effect(Effect.LEAVES_SITE, duty, span, 600.0)
    run = pulled_run(made, duty, span)
    limit = duty["fence_radius_m"] + duty["buffer_m"]
    assert 0 < run["scan_before_us"] < span[0]
    out = place(made, duty, (run["out_from_us"] + MINUTE_US, run["out_to_us"] - MINUTE_US))
    assert np.hypot(out.x_m, out.y_m).min() > limit
    assert np.abs(np.hypot(out.x_m, out.y_m) - 600).min() < 15
    assert span[0] < run["out_from_us"] < run["out_to_us"] < span[1]
    assert during(small.of_duty(made, "checkpoint_scan", duty["duty"]), span).is_empty()
    home = place(made, duty, (span[1], span[1] + MINUTE_US))
    assert np.hypot(home.x_m, home.y_m).max() < limit


def test_the_run_of_whoever_left_stays_open_until_the_guard_is_back(duty, span):
    for seed_of_fate in range(3):
        later = tuple(t + seed_of_fate * 61_000_000 for t in span)
        run = pulled_run(with_effect(Effect.LEAVES_SITE, duty, later, 600.0), duty, later)
        assert run["closed_us"] > later[1] - 20 * MINUTE_US
        if run["resumed"]:
            assert run["last_scan_us"] >= later[1]
        else:
            assert run["status"] == "abandoned"


def test_a_walk_along_the_fence_is_no_departure(duty, span):
    reach = duty["fence_radius_m"] + 0.5 * duty["buffer_m"]
    made = with_effect(Effect.LEAVES_SITE, duty, span, reach)
    assert made.facts["tour_run"]["out_from_us"].max() == -1
    assert pulled_run(made, duty, span)["resumed"]


def test_whoever_stalls_stops_inside_away_from_every_open_checkpoint(duty, span):
    at_site, made = small.ground([(Effect.STALLED, duty["duty"], *span, 0.0)])
    run = pulled_run(made, duty, span)
    points = at_site.world.checkpoints
    listed = at_site.world.tours["checkpoints"][duty["tour"]].to_list()
    scans = small.of_duty(made, "checkpoint_scan", duty["duty"])
    done = set(
        scans.filter(small.micros("ce_time") < span[0], run_id=run["run_code"])["checkpoint_id"]
    )
    open_ = [c for c in listed if points["code"][c] not in done]
    assert open_
    assert len(open_) < len(listed)
    stays = place(made, duty, (span[0] + 8 * MINUTE_US, span[1]))
    assert np.hypot(stays.x_m, stays.y_m).max() < duty["fence_radius_m"]
    for c in open_:
        away = np.hypot(stays.x_m - points["x_m"][c], stays.y_m - points["y_m"][c])
        assert away.min() > 50.0
    assert during(scans, span).is_empty()


def test_an_incident_takes_a_guard_off_the_round_and_is_reported(duty, span):
    brief = span[0], span[0] + 45 * MINUTE_US
    made = with_effect(Effect.ON_INCIDENT, duty, brief)
    reports = small.of_duty(made, "incident_report", duty["duty"])
    report = reports.filter(pl.col("occurred_at").is_not_null())
    assert brief[0] in report["occurred_at"].to_physical().to_list()
    assert during(small.of_duty(made, "checkpoint_scan", duty["duty"]), brief).is_empty()
    assert pulled_run(made, duty, brief)["scan_before_us"] > 0


def test_a_tour_that_an_incident_ended_says_so():
    """One guard in four does not come back to the round; ten tours leave few without such a case."""
    tours = small.duties(small.plain()[0], kind="patrol").drop_nulls("tour")
    step = pl.col("interval_min") * MINUTE_US
    begin = pl.col("starts_us") + FIRST_US + step + 9 * MINUTE_US
    rows = [
        (Effect.ON_INCIDENT, duty, start, start + 40 * MINUTE_US, 0.0)
        for duty, start in tours.select("duty", begin.alias("from_us")).iter_rows()
    ]
    made = small.ground(rows)[1]
    called = made.facts["tour_run"].filter(pl.col("scan_before_us") >= 0)
    left = called.filter(~pl.col("resumed"))
    assert called.height > 10
    assert 0 < left.height < 0.6 * called.height
    told = small.events(made, "tour_run").filter(status="partial", exception_reason="Incident")
    assert set(left.filter(status="partial")["run_code"]) <= set(told["run_id"])
    assert (left["status"] == "partial").mean() > 0.8


def faked(duty, kind):
    """A duty on which every tour is faked: its valid scans with the time since the one before."""
    span = duty["starts_us"], duty["ends_us"]
    made = with_effect(Effect.FAKE_TOUR, duty, span, float(kind))
    runs = made.facts["tour_run"].filter(pl.col("scanned") > 0, duty=duty["duty"])
    assert runs.height > 2
    assert (runs["fake"] == kind).all()
    scans = small.of_duty(made, "checkpoint_scan", duty["duty"]).filter(verdict="valid")
    leg = pl.col("ce_time").diff().over("run_id").dt.total_milliseconds() / 1000
    return made, scans.with_columns(leg_s=leg)


def off_post(made, duty, scans):
    """How far from the post each scan is made."""
    found = made.movement.at(scans["_duty"].to_numpy(), scans["ce_time"].to_physical().to_numpy())
    post = small.plain()[0].world.posts.row(duty["post"], named=True)
    return np.hypot(found.x_m - post["x_m"], found.y_m - post["y_m"])


def test_a_fast_fake_is_faster_than_anybody_walks(duty):
    made, scans = faked(duty, 0)
    least = small.plain()[0].world.tours["min_leg_s"][duty["tour"]]
    assert scans["leg_s"].median() < least
    assert np.median(off_post(made, duty, scans)) > 20


def test_a_fake_at_one_spot_has_a_beat_and_does_not_leave_the_post(duty):
    made, scans = faked(duty, 1)
    assert scans.group_by("run_id").agg(pl.col("leg_s").std())["leg_s"].max() < 1.2
    assert np.median(off_post(made, duty, scans)) < 15


def test_a_fake_with_one_picture_shows_it_again_and_again(duty):
    made, scans = faked(duty, 2)
    pictures = scans["photo_hash"].drop_nulls()
    assert len(pictures) > 3
    assert pictures.n_unique() == 1
    assert np.median(off_post(made, duty, scans)) < 15


def test_careful_fakers_keep_to_the_least_time():
    busy = small.toured(small.plain()[0])
    rows = [(Effect.FAKE_TOUR, busy["duty"], busy["starts_us"], busy["ends_us"], 0.0)]
    at_site, made = small.ground(rows, adversarial_fraud=1.0)
    scans = small.of_duty(made, "checkpoint_scan", busy["duty"]).filter(verdict="valid")
    legs = scans.select(pl.col("ce_time").diff().over("run_id").dt.total_seconds()).to_series()
    assert legs.min() >= at_site.world.tours["min_leg_s"][busy["tour"]]


def test_honest_pictures_are_all_different():
    pictures = small.events(small.plain()[1], "checkpoint_scan")["photo_hash"].drop_nulls()
    assert len(pictures) > 50
    assert pictures.is_duplicated().sum() == 0


def test_fast_fakes_are_ridden(duty):
    span = duty["starts_us"], duty["ends_us"]
    made = with_effect(Effect.FAKE_TOUR, duty, span, 0.0)
    run = made.facts["tour_run"].filter(duty=duty["duty"], fake=0).row(0, named=True)
    assert (place(made, duty, (run["started_us"], run["ended_us"]), 1).mode == RIDING).any()


def test_scans_stored_on_the_phone_arrive_when_it_is_online_again(duty, span):
    made = with_effect(Effect.SCANS_OFFLINE, duty, span)
    scans = during(small.of_duty(made, "checkpoint_scan", duty["duty"]), span)
    assert scans.height > 5
    assert scans["offline"].all()
    arrives = scans["received_at"].to_physical() - span[1]
    assert arrives.min() > 0
    assert arrives.max() < 30_000_000
    others = small.of_duty(made, "checkpoint_scan", duty["duty"]).join(
        scans.select("ce_id"), on="ce_id", how="anti"
    )
    assert not others["offline"].any()
    assert others["received_at"].null_count() == others.height


def test_whoever_misses_checks_answers_none_of_them(duty, span):
    made = with_effect(Effect.MISSES_WELFARE, duty, span)
    checks = made.facts["welfare"].filter(duty=duty["duty"])
    due = checks.filter(pl.col("due_us").is_between(*span, closed="left"))
    assert due.height >= 1
    assert (due["result"] == "missed").all()
    closed = small.of_duty(made, "welfare_check", duty["duty"]).filter(result="missed")
    assert set(due["check_code"]) <= set(closed["check_id"])


def test_who_answers_by_voice_is_in_the_call_log(duty, span):
    made = with_effect(Effect.ANSWERS_BY_VOICE, duty, span)
    checks = made.facts["welfare"].filter(duty=duty["duty"], method="call")
    assert checks.height >= 1
    assert (checks["result"] != "missed").all()
    calls = small.of_duty(made, "contact_log", duty["duty"]).filter(outcome="reached")
    assert set(checks["check_code"]) <= set(calls["subject_ref"])
    answered = small.of_duty(made, "welfare_check", duty["duty"]).filter(
        pl.col("check_id").is_in(checks["check_code"].implode()),
        pl.col("answered_at").is_not_null(),
    )
    assert (answered["_device"] == -1).all()


@pytest.mark.parametrize(
    ("value", "end", "sources"),
    [
        (0, "closed_true", {"button", "shake", "man_down", "fall"}),
        (1, "closed_test", {"button", "shake"}),
        (2, "closed_false", {"button", "shake"}),
        (3, "closed_true", {"duress_pin"}),
    ],
)
def test_a_call_for_help_is_raised_taken_and_closed(value, end, sources, duty, span):
    made = with_effect(Effect.PANIC, duty, (span[0], span[0] + MINUTE_US), float(value))
    calls = small.of_duty(made, "panic_event", duty["duty"])
    states = calls["state"].to_list()
    assert states == (["open", end] if value == 2 else ["open", "acknowledged", end])
    assert calls["ce_time"].to_physical()[0] == span[0]
    assert set(calls["panic_source"].drop_nulls()) <= sources
    took = calls["ce_time"].to_physical().diff().drop_nulls()
    assert took[0] < (15_000_000 if value == 2 else 91_000_000)
    assert made.facts["panic"]["value"].to_list() == [value]


def test_a_dark_phone_records_nothing(duty, span):
    made = small.ground([(Effect.DARK, duty["device"], *span, 0.0)])[1]
    assert recorded_work(made, duty, span) == 0
    usual = place(small.plain()[1], duty, span)
    assert np.array_equal(place(made, duty, span).x_m, usual.x_m)
    for table in made.events:
        if table != "attendance_event":
            sent = small.events(made, table).filter(pl.col("_device") == duty["device"])
            assert during(sent, span).is_empty(), table


def test_whoever_charges_the_phone_works_beside_it(duty, span):
    quiet = small.plain()[0].world.posts.row(duty["post"], named=True)
    made = small.ground([(Effect.ON_CHARGER, duty["device"], *span, 0.0)])[1]
    later = span[0] + 4 * MINUTE_US, span[1]
    stays = place(made, duty, later)
    assert np.hypot(stays.x_m - quiet["x_m"], stays.y_m - quiet["y_m"]).max() < 8
    assert during(small.of_duty(made, "checkpoint_scan", duty["duty"]), span).is_empty()
    assert recorded_work(made, duty, span) > 0


def test_nobody_does_the_work_of_somebody_who_stays_away(duty):
    around = duty["starts_us"] - HOUR_US, duty["ends_us"]
    made = with_effect(Effect.ABSENT, duty, around, 1.0)
    facts = {n: made.facts[n].filter(duty=duty["duty"]) for n in ("tour_run", "task", "welfare")}
    assert all(f.height > 1 for f in facts.values())
    assert set(facts["tour_run"]["status"]) == {"missed"}
    assert set(facts["welfare"]["result"]) == {"missed"}
    assert facts["task"]["done_us"].max() == -1
    assert small.of_duty(made, "attendance_event", duty["duty"]).is_empty()
    assert small.of_duty(made, "checkpoint_scan", duty["duty"]).is_empty()


def test_nothing_is_due_on_a_shift_that_was_called_off(duty):
    around = duty["starts_us"] - HOUR_US, duty["ends_us"]
    made = with_effect(Effect.ABSENT, duty, around, 2.0)
    for name in ("tour_run", "task", "welfare"):
        assert made.facts[name].filter(duty=duty["duty"]).is_empty()
