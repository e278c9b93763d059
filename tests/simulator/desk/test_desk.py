"""The desk over a small world: rates, promises, and every effect that it must show."""

from datetime import UTC, datetime
from urllib.parse import unquote
from uuid import uuid4

import numpy as np
import polars as pl
import pytest

from vigia.domain.dictionary import TABLES
from vigia.domain.telemetry.clock import ClockRule
from vigia.domain.telemetry.normalise import normalise
from vigia.simulator.config import DAY_US, Level, WorldConfig
from vigia.simulator.desk.agents import PREPARATION_US, serve
from vigia.simulator.desk.promises import business_time
from vigia.simulator.desk.reference import desk_reference_events
from vigia.simulator.desk.simulate import simulate_desk
from vigia.simulator.effects import Effect, Effects
from vigia.simulator.plan.model import MUTES
from vigia.simulator.world.build import build_world
from vigia.simulator.world.conditions import weather
from vigia.simulator.world.roster import roster

CONFIG = WorldConfig.at_level(Level.STANDARD, seed=11, sites=8, learn_days=7, test_days=7)
HOUR_US = 3_600_000_000
NOON = CONFIG.test_us + 12 * HOUR_US


@pytest.fixture(scope="module")
def world():
    return build_world(CONFIG)


@pytest.fixture(scope="module")
def skies(world):
    return weather(world)


@pytest.fixture(scope="module")
def duties(world, skies):
    return roster(world, skies)


@pytest.fixture(scope="module")
def desk(world, skies, duties):
    return simulate_desk(world, skies, duties, Effects.of([]))


def _with(world, skies, duties, *rows):
    return simulate_desk(world, skies, duties, Effects.of([(*row, 7) for row in rows]))


def _alerts(desk, site, start=NOON, hours=4):
    inside = pl.col("raised_us").is_between(start, start + hours * HOUR_US)
    return desk.facts["alert"].filter(inside, site=site)


def test_tickets_and_alerts_come_at_published_rates(desk):
    site_days = CONFIG.sites * CONFIG.days
    assert 0.25 < desk.facts["ticket"].height / site_days < 0.6
    assert 7 < desk.facts["alert"].height / site_days < 11
    shares = desk.facts["ticket"]["priority"].value_counts(normalize=True)
    assert dict(shares.iter_rows())["P3"] == pytest.approx(0.6, abs=0.15)


def test_mornings_are_busy_and_weekends_quiet_at_offices(world, skies, duties):
    offices = WorldConfig.at_level(Level.STANDARD, sites=30, learn_days=14, archetypes=("office",))
    place = build_world(offices)
    tickets = simulate_desk(place, weather(place), roster(place, weather(place)), Effects.of([]))
    opened = tickets.facts["ticket"].join(place.sites.select("site", "tz"), on="site")
    local = pl.concat(
        part.select(
            pl.from_epoch("opened_us", "us")
            .dt.replace_time_zone("UTC")
            .dt.convert_time_zone(tz)
            .dt.replace_time_zone(None)
            .alias("at")
        )
        for (tz,), part in opened.group_by("tz")
    )
    hours = local["at"].dt.hour().value_counts().sort("count", descending=True)
    assert hours["at"][0] in (9, 10, 11)
    weekend = (local["at"].dt.weekday() > 5).mean()
    assert weekend < 2 / 7 * 0.6


def test_what_the_desk_says_is_accepted_whole(world, desk):
    rule = ClockRule(datetime(2026, 11, 1, tzinfo=UTC))
    for events in (desk.events, desk_reference_events(world)):
        for table, frames in events.items():
            for frame in frames:
                shown = frame.select(n for n in frame.columns if not n.startswith("_"))
                shown = shown.with_columns(received_at=pl.col("ce_time"))
                judged = normalise(shown, TABLES[table], tenant_id=uuid4(), clock=rule)
                assert not judged.judgement.rejected().height, table


def test_changes_of_one_thing_follow_each_other(desk):
    for table, key in (("ticket", "ticket_id"), ("alert", "alert_id"), ("work_order", "wo_id")):
        for frame in desk.events[table]:
            gaps = frame.sort(key, "ce_time").select(pl.col("ce_time").diff().over(key)).to_series()
            assert gaps.drop_nulls().min().total_seconds() >= 0.001, table


def test_texts_come_in_the_languages_of_the_place_and_carry_their_mood(desk):
    tickets = desk.facts["ticket"]
    assert set(tickets["language"]) == {"en", "hi", "te", "es"}
    told = desk.events["ticket"][0].filter(pl.col("body_ref").is_not_null())
    bodies = [unquote(ref.split(",", 1)[1]) for ref in told["body_ref"]]
    assert any("furious" in body or "furioso" in body for body in bodies)
    assert len(set(bodies)) > 20


def test_a_forced_breach_is_resolved_too_late(world, skies, duties):
    desk = _with(world, skies, duties, (Effect.TICKET_SURGE, 3, NOON, NOON + HOUR_US, 0.0))
    (ticket,) = desk.facts["ticket"].filter(site=3, opened_us=NOON).to_dicts()
    assert ticket["resolved_us"] - ticket["paused_us"] > ticket["due_us"]
    assert ticket["would_breach"]


def test_a_surge_and_a_bulk_import_bring_tickets(world, skies, duties, desk):
    made = _with(
        world,
        skies,
        duties,
        (Effect.TICKET_SURGE, 3, NOON, NOON + 2 * HOUR_US, 8.0),
        (Effect.TICKETS_IMPORTED, 4, NOON, NOON + HOUR_US, 40.0),
    )
    assert made.facts["ticket"].height == desk.facts["ticket"].height + 16 + 40
    bulk = made.facts["ticket"].filter(
        pl.col("opened_us") < NOON + HOUR_US, pl.col("opened_us") >= NOON, site=4
    )
    assert (bulk["priority"] == "P4").sum() >= 40


@pytest.mark.parametrize(
    ("value", "fault"), [(1.0, "no_time"), (2.0, "not_delivered"), (3.0, "no_target")]
)
def test_a_faulty_chain_shows_its_fault(world, skies, duties, value, fault):
    end = NOON + 3 * HOUR_US
    desk = _with(world, skies, duties, (Effect.ESCALATION_FAULT, 2, NOON, end, value))
    (run,) = desk.facts["escalation"].filter(fault=fault).head(1).to_dicts()
    assert run["acked_us"] >= end
    (sent,) = [f.filter(run_id=run["run_code"]) for f in desk.events["escalation_event"]]
    (told,) = [f.filter(run_id=run["run_code"]) for f in desk.events["escalation_run"]]
    if fault == "no_time":
        assert told["next_step_at"].null_count() == told.height
    elif fault == "not_delivered":
        assert set(sent["result"]) == {"sent"}
        assert sent["delivered_at"].null_count() == sent.height
    else:
        assert set(sent["result"]) == {"no_target"}


def test_when_nobody_acts_there_is_no_chain_at_all(world, skies, duties):
    end = NOON + 2 * HOUR_US
    desk = _with(world, skies, duties, (Effect.ESCALATION_FAULT, 2, NOON, end, 0.0))
    grave = _alerts(desk, 2, hours=1).filter(pl.col("severity") == "HIGH")
    assert grave.height >= 1
    assert (grave["acked_us"] >= end).all()
    assert (
        not desk.facts["escalation"]
        .filter(pl.col("alert_code").is_in(grave["alert_code"].to_list()))
        .height
    )


def test_alerts_of_a_surge_share_their_root_and_a_flapping_one_its_device(world, skies, duties):
    desk = _with(
        world,
        skies,
        duties,
        (Effect.ALERT_SURGE, 5, NOON, NOON + HOUR_US, 14.0),
        (Effect.ALERT_FLAPPING, 6, NOON, NOON + HOUR_US, 20.0),
    )
    surge = _alerts(desk, 5).filter(episode=7)
    assert surge.height == 14
    assert surge["root"].n_unique() == 1
    assert surge["type"].n_unique() > 2
    flapping = _alerts(desk, 6).filter(episode=7)
    assert flapping.height == 20
    assert flapping["type"].n_unique() == 1


def test_a_press_raises_an_alert_unless_it_is_cancelled_at_once(world, skies, duties):
    chosen = duties.filter(pl.col("starts_us") > NOON, pl.col("worker") >= 0).head(2)
    first, second = chosen["duty"]
    at = int(chosen["starts_us"][0]) + HOUR_US
    desk = _with(
        world,
        skies,
        duties,
        (Effect.PANIC, first, at, at + 60_000_000, 0.0),
        (Effect.PANIC, second, at, at + 60_000_000, 2.0),
    )
    (alert,) = desk.facts["alert"].filter(type="panic").to_dicts()
    assert alert["severity"] == "CRITICAL"
    assert 0 < alert["raised_us"] - at < 5_000_000


def test_an_alert_answered_by_telephone_is_in_the_contact_log_and_not_acknowledged(
    world, skies, duties
):
    duty = duties.filter(pl.col("starts_us") > CONFIG.test_us, pl.col("worker") >= 0).row(
        0, named=True
    )
    start, end = duty["starts_us"], duty["ends_us"]
    desk = _with(
        world,
        skies,
        duties,
        (Effect.ANSWERS_BY_VOICE, duty["duty"], start, end, 0.0),
        (Effect.ALERT_SURGE, duty["site"], start, end, 3.0),
    )
    inside = pl.col("raised_us").is_between(start, end - 1)
    grave = desk.facts["alert"].filter(inside, pl.col("severity") == "HIGH", site=duty["site"])
    assert grave.height >= 1
    calls = desk.events["contact_log"][0].filter(
        pl.col("subject_ref").is_in(grave["alert_code"].to_list())
    )
    assert calls.height == grave.height
    assert set(calls["outcome"]) == {"reached"}
    acked = desk.events["alert"][0].filter(
        pl.col("alert_id").is_in(grave["alert_code"].to_list()),
        ce_type="vigia.alert.acknowledged.v1",
    )
    assert not acked.height


def test_equipment_is_silent_where_everything_is(world, skies, duties):
    site = int(desk_site(world))
    desk = _with(world, skies, duties, (Effect.SILENCE, site, NOON, NOON + 6 * HOUR_US, 0.0))
    read = desk.events["asset_reading"][0].filter(_site=site)["ce_time"].to_physical()
    assert read.len() > 100
    assert not read.is_between(NOON, NOON + 6 * HOUR_US - 1).any()


def desk_site(world):
    instrumented = world.sites.filter(
        pl.col("archetype").is_in(["data_centre", "factory", "hospital"])
    )
    return instrumented["site"][0]


def test_the_queue_serves_by_priority_and_nobody_twice_at_once(world):
    hours = business_time(world, 0)
    rng = np.random.default_rng(3)
    opened = np.sort(CONFIG.start_us + rng.integers(0, 5 * DAY_US, 200))
    rank = rng.integers(1, 5, 200)
    work = rng.uniform(5, 90, 200) * 60_000_000
    served = serve(opened, rank, work, 3, hours)
    assert (served.started_us >= opened + PREPARATION_US).all()
    for agent in range(3):
        mine = np.argsort(served.started_us[served.agent == agent])
        start = served.started_us[served.agent == agent][mine]
        busy = work[served.agent == agent][mine].astype(np.int64)
        assert (start[1:] >= (start + busy)[:-1]).all()
    wait = served.started_us - opened
    assert np.median(wait[rank == 1]) < np.median(wait[rank == 4])


def _window(site, start, end):
    row = {"trap": -1, "kind": "maintenance", "site": site, "post": -1}
    return pl.DataFrame([row | {"from_us": start, "to_us": end}], schema=MUTES)


def _told(desk, code):
    return desk.events["alert"][0].filter(alert_id=code).sort("ce_time")["state"].to_list()


def test_most_grave_alerts_of_announced_work_are_let_be_and_end_with_it(world, skies, duties):
    raised = Effect.ALERT_RAISED
    starts = [NOON + n * HOUR_US for n in range(40)]
    effects = Effects.of([(raised, 2, at, at + HOUR_US // 2, 0.0, 7) for at in starts])
    window = _window(2, NOON - HOUR_US, NOON + 41 * HOUR_US)
    made = simulate_desk(world, skies, duties, effects, window)
    mine = made.facts["alert"].filter(pl.col("episode") == 7)
    assert mine.height == len(starts)
    assert 0.6 < (mine["acked_us"] < 0).mean() < 1
    assert (mine.filter(pl.col("acked_us") < 0)["resolved_us"] <= window["to_us"][0]).all()
    let_be = mine.filter(pl.col("acked_us") < 0)["alert_code"]
    assert _told(made, let_be[0]) == ["firing", "resolved"]
    runs = pl.concat(made.events["escalation_run"]) if "escalation_run" in made.events else None
    assert runs is None or not set(runs["subject_ref"]) & set(let_be)


def test_what_comes_again_while_the_first_is_seen_to_ends_with_it(desk):
    again = desk.facts["alert"].filter("repeat")
    assert 0 < again.height < 0.03 * desk.facts["alert"].height
    assert set(again["severity"]) == {"HIGH"}
    assert (again["acked_us"] < 0).all()
    first = desk.facts["alert"].filter(~pl.col("repeat")).select("root", first_us="resolved_us")
    both = again.join(first.unique("root"), on="root")
    same = (both["resolved_us"] == both["first_us"]) | (
        both["resolved_us"] == both["raised_us"] + HOUR_US // 60
    )
    assert same.mean() > 0.9


def test_what_was_answered_by_voice_stays_open_until_it_is_written_up(world, skies, duties):
    duty = duties.filter(pl.col("arrives_us") >= 0, pl.col("starts_us") > NOON).row(0, named=True)
    start = duty["arrives_us"]
    rows = [
        (Effect.ANSWERS_BY_VOICE, duty["duty"], start, start + 2 * HOUR_US, 0.0),
        (Effect.ALERT_RAISED, duty["site"], start + HOUR_US, start + 2 * HOUR_US, 0.0),
    ]
    made = _with(world, skies, duties, *rows)
    alert = made.facts["alert"].filter(episode=7).row(0, named=True)
    assert alert["resolved_us"] - alert["raised_us"] > 18 * HOUR_US // 60
    assert _told(made, alert["alert_code"])[:1] == ["firing"]
    assert "acknowledged" not in _told(made, alert["alert_code"])
    calls = pl.concat(made.events["contact_log"])
    assert alert["alert_code"] in calls["subject_ref"].to_list()


def test_a_drill_raises_more_alerts_than_ten_in_an_hour_of_many_types(world, skies, duties):
    made = _with(world, skies, duties, (Effect.DRILL, 3, NOON, NOON + 3 * HOUR_US // 2, 0.0))
    mine = made.facts["alert"].filter(episode=7)
    assert 22 <= mine.height < 34
    assert mine["type"].n_unique() > 4
    assert mine["type"].to_list().count("fire_detector") == 1
    assert mine["raised_us"].is_between(NOON, NOON + 3 * HOUR_US // 2).all()
