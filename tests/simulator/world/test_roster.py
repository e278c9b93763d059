"""The roster as it was lived: legal, at the rates of the specification, and independent of order."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest

from vigia.simulator.config import DAY_US, Knobs, Level, WorldConfig
from vigia.simulator.world import leave
from vigia.simulator.world.build import build_world
from vigia.simulator.world.clock import HOUR_US, LocalClock
from vigia.simulator.world.conditions import weather
from vigia.simulator.world.cover import Diary
from vigia.simulator.world.model import DUTIES
from vigia.simulator.world.planned import planned
from vigia.simulator.world.roster import alone, roster

CALLED_OFF = ("stood_down", "cancelled")
MINUTE_US = HOUR_US // 60


@pytest.fixture(scope="module")
def present(duties):
    return duties.filter(pl.col("worker") >= 0)


@pytest.fixture(scope="module")
def large_world():
    """A hundred sites over six weeks, for rates."""
    return build_world(WorldConfig.at_level(Level.STANDARD, sites=100, tenants=2, test_days=14))


@pytest.fixture(scope="module")
def large(large_world):
    return roster(large_world, weather(large_world))


def overlapping(frame, person):
    """Pairs of neighbouring duties of one person that overlap."""
    own = frame.sort(person, "starts_us")
    early = pl.col("starts_us") < pl.col("ends_us").shift(1).over(person)
    return own.filter(early)


def test_duties_have_the_agreed_columns_order_and_numbers(world, duties):
    assert duties.schema == DUTIES
    assert duties["duty"].to_list() == list(range(duties.height))
    assert duties.equals(duties.sort("starts_us", "site", "post", "person"))
    assert duties["assignment_code"].is_unique().all()
    assert duties["assignment_code"].str.len_bytes().max() <= 12
    start, end = world.config.start_us, world.config.end_us
    assert duties["starts_us"].is_between(start, end, "left").all()


def test_the_same_world_has_the_same_roster(world, duties):
    assert roster(world, weather(world)).equals(duties)


def test_nobody_works_two_shifts_at_once_and_everybody_rests(present):
    assert overlapping(present, "worker").is_empty()
    rests = present.sort("worker", "starts_us").select(
        rest=pl.col("starts_us") - pl.col("ends_us").shift(1).over("worker")
    )["rest"]
    assert rests.min() >= 7 * HOUR_US


def test_nobody_is_planned_on_two_shifts_at_once(duties):
    plan = duties.filter(pl.col("outcome") != "swapped")
    assert overlapping(plan, "person").is_empty()


def test_nobody_works_more_than_84_hours_in_a_week(present):
    hours = present.sort("worker", "starts_us").select(
        "worker", pl.col("starts_us"), hours=(pl.col("ends_us") - pl.col("starts_us")) / HOUR_US
    )
    week = (
        hours.with_columns(at=pl.from_epoch("starts_us", time_unit="us"))
        .rolling("at", period="7d", group_by="worker")
        .agg(pl.col("hours").sum())
    )
    assert week["hours"].max() <= 84
    assert week["hours"].median() > 20


def test_workers_belong_to_the_company_of_the_site(world, present):
    tenant = world.sites["tenant"].gather(present["site"])
    assert (world.people["tenant"].gather(present["worker"]) == tenant).all()
    assert (world.people["role"].gather(present["worker"]) == "guard").all()


def test_every_requirement_is_planned_and_nothing_else(world, duties):
    clock = LocalClock(world)
    base = duties.filter(~relief(duties))
    site = base["site"].to_numpy()
    local = clock.to_local_us(site, base["starts_us"].to_numpy())
    assert (base["local_date"].to_physical().cast(pl.Int64) == pl.Series(local // DAY_US)).all()
    found = (
        base.with_columns(
            dow=pl.Series((local // DAY_US + 3) % 7),
            start_min=pl.Series(local % DAY_US // MINUTE_US),
        )
        .group_by("post", "dow", "start_min", "local_date")
        .len()
    )
    # Days off at sites that close are missing; what is there is what the contract asks for.
    asked = world.requirements.select("post", "dow", "start_min", "headcount")
    joined = found.join(asked, on=["post", "dow", "start_min"], how="left")
    assert joined["headcount"].null_count() == 0
    assert (joined["len"] == joined["headcount"]).all()
    always = world.sites.filter("round_the_clock")["site"]
    posts = world.posts.filter(pl.col("site").is_in(always.implode()))["post"]
    whole = joined.filter(pl.col("post").is_in(posts.implode()))
    weeks = world.config.days / 7
    needed = asked.filter(pl.col("post").is_in(posts.implode()))["headcount"].sum() * weeks
    assert whole["len"].sum() == pytest.approx(needed, rel=0.003)


def relief(duties):
    came = duties.filter(
        pl.col("outcome").is_in(("absent", "no_show")) & (pl.col("relieved_by") >= 0)
    )
    keys = came.select("shift_code", person="relieved_by", stepped_in=pl.lit(value=True))
    joined = duties.join(keys, on=["shift_code", "person"], how="left", maintain_order="left")
    return joined["stepped_in"].fill_null(value=False)


def test_nobody_is_rostered_where_a_site_is_closed(world, duties):
    shut = world.sites.filter(~pl.col("round_the_clock"))["site"]
    closed = world.holidays.filter(pl.col("kind") != "half_day").select(
        pl.col("calendar").alias("site"), pl.col("holiday_on").alias("local_date")
    )
    mine = duties.filter(pl.col("site").is_in(shut.implode()))
    assert mine.height > 500
    assert mine.join(closed, on=["site", "local_date"]).is_empty()
    clock = LocalClock(world)
    half = world.holidays.filter(pl.col("kind") == "half_day").select(
        pl.col("calendar").alias("site"), pl.col("holiday_on").alias("local_date")
    )
    short = mine.join(half, on=["site", "local_date"])
    assert short.height > 0
    ends = clock.to_local_us(short["site"].to_numpy(), short["ends_us"].to_numpy())
    assert (ends % DAY_US <= 12 * HOUR_US).all()


def test_a_night_shift_lasts_eleven_hours_when_the_clocks_go_forward(world, duties):
    madrid = world.sites.filter(pl.col("tz") == "Europe/Madrid")["site"]
    night = duties.filter(
        pl.col("site").is_in(madrid.implode()),
        pl.col("local_date").cast(pl.String) == "2026-03-28",
        pl.col("pattern") == "12h 4on4off",
    )
    hours = set((night["ends_us"] - night["starts_us"]) // HOUR_US)
    assert hours == {11, 12}


def test_rates_of_absence_are_those_of_the_specification(large):
    share = dict(large["outcome"].value_counts(normalize=True).iter_rows())
    assert share["no_show"] == pytest.approx(0.004, abs=0.0008)
    assert share["absent"] == pytest.approx(0.03, abs=0.003)
    assert share["swapped"] == pytest.approx(0.019, abs=0.004)
    assert share["stood_down"] == pytest.approx(0.006, abs=0.003)
    assert share["worked"] > 0.93


def test_small_worlds_keep_the_rate_of_no_shows():
    for seed in range(3):
        world = build_world(WorldConfig.at_level(Level.STANDARD, sites=20, seed=seed))
        duties = roster(world, weather(world))
        assert 0.003 < (duties["outcome"] == "no_show").mean() < 0.006


def test_six_in_a_hundred_come_more_than_ten_minutes_late(large):
    came = large.filter(pl.col("arrives_us") >= 0)
    late_min = (came["arrives_us"] - came["starts_us"]) / MINUTE_US
    assert (late_min > 10).mean() == pytest.approx(0.06, abs=0.008)
    assert late_min.median() < 0
    assert late_min.min() > -20


def test_habit_decides_who_is_late_and_absent(large_world, large):
    habit = large_world.people["punctuality"].gather(large["person"])
    rows = large.with_columns(habit=habit, careless=habit < 0.55)
    absent = rows.group_by("careless").agg(pl.col("outcome").is_in(("absent", "no_show")).mean())
    rates = dict(absent.iter_rows())
    assert rates[True] > 1.3 * rates[False]
    late = (
        rows.filter(pl.col("arrives_us") >= 0)
        .group_by("careless")
        .agg((pl.col("arrives_us") - pl.col("starts_us") > 10 * MINUTE_US).mean())
    )
    rates = dict(late.iter_rows())
    assert rates[True] > 1.5 * rates[False]


def test_the_wave_makes_three_times_as_many_sick():
    config = WorldConfig(sites=60, learn_days=14, test_days=14, knobs=Knobs(wave=True), seed=3)
    world = build_world(config)
    skies = weather(world)
    calm = weather(dataclasses.replace(world, config=dataclasses.replace(config, knobs=Knobs())))
    sick = set(skies.filter(skies["sick"] > 2 * calm["sick"])["day"])
    duties = roster(world, skies)
    day = (duties["starts_us"] - config.start_us) // DAY_US
    during = (
        duties.with_columns(wave=day.is_in(list(sick)))
        .group_by("wave")
        .agg((pl.col("outcome") == "absent").mean())
    )
    rates = dict(during.iter_rows())
    assert rates[True] / rates[False] == pytest.approx(3, abs=0.6)


def test_most_absences_are_relieved_but_not_all(large):
    gone = large.filter(pl.col("outcome").is_in(("absent", "no_show")))
    assert 0.8 < (gone["relieved_by"] >= 0).mean() < 0.95
    stepped_in = large.filter(relief(large))
    assert stepped_in.height == (gone["relieved_by"] >= 0).sum()
    assert (stepped_in["worker"] == stepped_in["person"]).all()
    late = (
        stepped_in["starts_us"]
        - stepped_in.join(
            gone.select("shift_code", "relieved_by", planned="starts_us"),
            left_on=["shift_code", "person"],
            right_on=["shift_code", "relieved_by"],
            maintain_order="left",
        )["planned"]
    )
    assert late.min() == 0
    # Who is missed without a word is replaced an hour or two after the start.
    assert 0.05 < (late > 0).mean() < 0.5


def test_in_a_swap_a_colleague_works_and_the_roster_knows(duties):
    swaps = duties.filter(pl.col("outcome") == "swapped")
    assert swaps.height > 20
    assert (swaps["worker"] == swaps["relieved_by"]).all()
    assert (swaps["worker"] != swaps["person"]).all()


def test_only_who_works_is_there_with_a_phone_and_is_clocked(duties):
    gone = duties.filter(pl.col("worker") < 0)
    assert set(gone["outcome"]) == {"absent", "no_show", "stood_down", "cancelled"}
    for name in ("arrives_us", "leaves_us", "clock_in_us", "clock_out_us", "device"):
        assert (gone[name] == -1).all()
    there = duties.filter(pl.col("worker") >= 0)
    assert (there["arrives_us"] < there["leaves_us"]).all()
    assert (there["device"] >= 0).all()
    punched = there.filter(pl.col("clock_in_us") >= 0, pl.col("clock_out_us") >= 0)
    assert 0.97 < punched.height / there.height < 0.995
    assert (punched["clock_in_us"] > punched["arrives_us"]).all()
    assert (punched["clock_out_us"] < punched["leaves_us"]).all()


def test_kiosks_are_used_only_where_there_is_one(world, duties):
    kiosk = world.sites["has_kiosk"].gather(duties["site"])
    used = (
        duties.with_columns(kiosk=kiosk).group_by("kiosk").agg((pl.col("method") == "kiosk").mean())
    )
    assert dict(used.iter_rows()) == {True: pytest.approx(0.7, abs=0.05), False: 0.0}


def test_the_outgoing_guard_mostly_waits_for_the_next_one(large):
    came = large.filter(pl.col("arrives_us") >= 0)
    posts = came.select("post", next_start="starts_us", comes="arrives_us")
    late = posts.filter(pl.col("comes") > pl.col("next_start") + 12 * MINUTE_US)
    # Posts with one person, so that there is no doubt who relieves whom.
    single = came.group_by("post", "starts_us").len().filter(pl.col("len") == 1)
    outgoing = came.join(single, on=["post", "starts_us"]).join(
        late, left_on=["post", "ends_us"], right_on=["post", "next_start"]
    )
    waited = (outgoing["leaves_us"] >= outgoing["comes"]).mean()
    assert outgoing.height > 200
    assert 0.75 < waited < 0.95


def test_lone_duties_are_those_without_anybody_else_at_the_site(duties):
    for row in duties.sample(300, seed=1).iter_rows(named=True):
        others = duties.filter(
            pl.col("site") == row["site"],
            pl.col("worker") >= 0,
            pl.col("duty") != row["duty"],
            pl.col("starts_us") < row["ends_us"],
            pl.col("ends_us") > row["starts_us"],
        )
        assert row["lone"] == others.is_empty()
    assert 0.05 < duties["lone"].mean() < 0.4


def test_one_alone_and_two_who_only_meet_at_the_change_are_lone():
    rows = pl.DataFrame(
        {
            "site": [0, 0, 1, 1, 1],
            "worker": [1, 2, 3, 4, -1],
            "starts_us": [0, 12, 0, 6, 30],
            "ends_us": [12, 24, 12, 18, 40],
        }
    )
    assert alone(rows).to_list() == [True, True, False, False, True]


def test_weeks_are_published_on_the_thursday_before(world, duties):
    base = duties.filter(~relief(duties))
    clock = LocalClock(world)
    site = base["site"].to_numpy()
    told = clock.to_local_us(site, base["published_us"].to_numpy())
    assert set((told // DAY_US + 3) % 7) == {3}
    ahead = base["local_date"].to_physical().to_numpy() - told // DAY_US
    assert ahead.min() == 4
    assert ahead.max() == 10
    assert (
        base.group_by("site", (pl.Series("week", told) // DAY_US))
        .agg(pl.col("published_us").n_unique())["published_us"]
        .max()
        == 1
    )


def test_most_people_confirm_and_those_who_stay_away_confirm_less(large):
    silent = large.group_by("outcome").agg((pl.col("confirmed_us") < 0).mean())
    rates = dict(silent.iter_rows())
    assert 0.04 < rates["worked"] < 0.12
    assert rates["absent"] > 2 * rates["worked"]
    assert rates["no_show"] > rates["absent"]
    told = large.filter(pl.col("confirmed_us") >= 0)
    assert (told["confirmed_us"] > told["published_us"]).all()
    assert (told["confirmed_us"] <= told["starts_us"]).all()


def test_nobody_on_leave_is_on_the_roster(world, duties):
    asked = leave.requests(world, LocalClock(world))
    granted = leave.granted(asked, duties)
    assert 0.75 < granted.mean() < 0.98
    working = duties.filter(pl.col("worker") >= 0).select("worker", "starts_us", "ends_us")
    clash = (
        asked.filter(granted)
        .join(working, left_on="person", right_on="worker")
        .filter((pl.col("starts_us") < pl.col("to_us")) & (pl.col("ends_us") > pl.col("from_us")))
    )
    assert clash.is_empty()


def test_leave_moves_shifts_to_rested_colleagues(world):
    clock = LocalClock(world)
    plan = planned(world, clock)
    lived = leave.with_leave(plan, leave.requests(world, clock), Diary(world, plan))
    moved = (lived["person"] != plan["person"]).mean()
    assert moved == pytest.approx(leave.SHARE_OF_TIME, abs=0.02)
    assert overlapping(lived, "person").is_empty()


def test_short_spans_and_single_sites_have_rosters():
    for sites, days in ((1, 1), (3, 2)):
        world = build_world(WorldConfig(sites=sites, learn_days=0, test_days=days))
        duties = roster(world, weather(world))
        assert duties.schema == DUTIES
        assert np.isin(duties["site"], np.arange(sites)).all()
