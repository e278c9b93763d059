"""The world as it stands still: numbered, coherent, and shaped as the specification says."""

from __future__ import annotations

import dataclasses
import json
from datetime import date

import numpy as np
import polars as pl
import pytest

from vigia.domain.calendar import Calendar, DayKind, read_hours
from vigia.domain.errors import VigiaError
from vigia.simulator.config import ARCHETYPES, Knobs, WorldConfig
from vigia.simulator.world import model, rotas
from vigia.simulator.world.archetypes import ARCHETYPE
from vigia.simulator.world.build import build_world
from vigia.simulator.world.holidays import easter, public_holidays

FRAMES = [f.name for f in dataclasses.fields(model.World) if f.name != "config"]
NUMBERS = {
    "client": "clients",
    "site": "sites",
    "zone": "zones",
    "post": "posts",
    "person": "people",
    "device": "devices",
    "calendar": "calendars",
    "checkpoint": "checkpoints",
    "tour": "tours",
    "tenant": "tenants",
}
MAY_BE_NONE = {
    ("people", "home_site"),
    ("devices", "person"),
    ("devices", "post"),
    ("devices", "site"),
}


@pytest.fixture(scope="module")
def large():
    return build_world(WorldConfig(sites=400, tenants=2, seed=11))


@pytest.mark.parametrize("name", FRAMES)
def test_frames_have_the_columns_that_were_agreed(world, name):
    assert getattr(world, name).schema == getattr(model, name.upper())
    assert getattr(world, name).height > 0


@pytest.mark.parametrize("name", FRAMES)
def test_the_same_configuration_makes_the_same_frames(world, name):
    again = build_world(world.config)
    assert getattr(again, name).equals(getattr(world, name))


def test_another_seed_makes_another_world(world):
    other = build_world(dataclasses.replace(world.config, seed=6))
    assert not other.sites.equals(world.sites)
    assert not other.people.equals(world.people)


@pytest.mark.parametrize(("key", "table"), NUMBERS.items())
def test_things_are_numbered_by_position_and_every_number_names_something(world, key, table):
    known = getattr(world, table)
    assert known[key].to_list() == list(range(known.height))
    for name in FRAMES:
        frame = getattr(world, name)
        if key in frame.columns and name != table:
            least = -1 if (name, key) in MAY_BE_NONE else 0
            assert frame[key].is_between(least, known.height - 1).all(), name


@pytest.mark.parametrize("table", sorted(set(NUMBERS.values()) - {"tenants"}))
def test_codes_are_short_and_unique(large, table):
    codes = getattr(large, table)["code"]
    assert codes.is_unique().all()
    assert codes.str.len_bytes().max() <= 12


def test_all_kinds_of_sites_occur_as_often_as_their_share(large):
    counts = dict(large.sites["archetype"].value_counts().iter_rows())
    assert set(counts) == set(ARCHETYPES)
    for kind, count in counts.items():
        assert count == pytest.approx(400 * ARCHETYPE[kind].share, abs=1.5)


def test_a_site_has_two_posts_in_the_middle_and_nine_at_the_95th_percentile(large):
    sizes = large.posts["site"].value_counts()["count"]
    assert sizes.median() == 2
    assert 8 <= sizes.quantile(0.95) <= 10


def test_only_the_kinds_asked_for_are_built():
    world = build_world(WorldConfig(sites=6, archetypes=("hospital", "bank_atm")))
    assert set(world.sites["archetype"]) == {"hospital", "bank_atm"}


@pytest.mark.parametrize("sites", [1, 2, 3])
def test_tiny_worlds_are_whole(sites):
    world = build_world(WorldConfig(sites=sites, learn_days=0, test_days=1))
    assert set(world.posts["site"]) == set(range(sites))
    assert set(world.people["role"]) >= {"guard", "supervisor", "area_officer", "controller"}


def test_unknown_kinds_are_refused_by_name():
    with pytest.raises(VigiaError, match="castle"):
        build_world(WorldConfig(archetypes=("castle",)))


def test_neighbours_share_feeder_and_most_an_operator(world):
    shared = world.sites.group_by("region", "network_operator").len()["len"]
    assert shared.max() >= 3
    feeders = world.sites.group_by("power_feeder").agg(
        pl.len(), pl.col("lat").max() - pl.col("lat").min()
    )
    assert feeders["len"].max() == 3
    assert feeders["lat"].max() < 0.1
    assert (
        world.sites.group_by("power_feeder").agg(pl.col("region").n_unique())["region"].max() == 1
    )


def test_posts_and_checkpoints_lie_inside_the_fence_but_for_those_on_wheels(large):
    radius = large.sites["fence_radius_m"]
    posts = large.posts.select(away=(pl.col("x_m") ** 2 + pl.col("y_m") ** 2).sqrt())["away"]
    assert (posts < radius.gather(large.posts["site"])).all()
    points = large.checkpoints.with_columns(
        away=(pl.col("x_m") ** 2 + pl.col("y_m") ** 2).sqrt(),
        radius=radius.gather(large.checkpoints["site"]),
    )
    outside = points.filter(pl.col("away") >= pl.col("radius"))
    on_wheels = large.tours.filter(pl.col("kind") == "mobile")["checkpoints"].explode()
    on_foot = large.tours.filter(pl.col("kind") != "mobile")["checkpoints"].explode()
    assert outside.height > 0
    assert set(outside["checkpoint"]) <= set(on_wheels)
    assert not set(outside["checkpoint"]) & set(on_foot)
    assert outside["indoor"].sum() == 0


def test_sites_have_six_to_twelve_checkpoints_inside(large):
    count = large.checkpoints.filter(pl.col("radius_m") < 40)["site"].value_counts()["count"]
    assert count.min() == 6
    assert count.max() == 12
    assert count.mean() == pytest.approx(9, abs=0.3)


def test_a_shift_of_twelve_hours_has_four_to_eight_tours(large):
    each = (12 * 60 - 30) / large.tours["interval_min"]
    assert each.ceil().is_between(4, 8).all()
    assert large.tours.filter(pl.col("interval_min") == 120).height > large.tours.height / 2


def test_no_tour_can_be_walked_in_the_least_honest_time(large):
    xy = large.checkpoints.select("x_m", "y_m").to_numpy()
    for points, least_s, planned in (
        large.tours.filter(pl.col("kind") != "mobile")
        .select("checkpoints", "min_leg_s", "planned_min")
        .iter_rows()
    ):
        legs = np.hypot(*np.diff(xy[points], axis=0).T)
        assert least_s * 2.5 <= legs.min() + 7.5
        assert legs.sum() / 1.2 < planned * 60


def test_requirements_cover_every_hour_of_a_site_that_never_closes(large):
    always = large.sites.filter("round_the_clock")["site"]
    needed = large.requirements.join(large.posts.select("post", "site"), on="post")
    minutes = (pl.col("end_min") - pl.col("start_min") - 1) % 1440 + 1
    first = large.posts.group_by("site").agg(pl.col("post").min())
    covered = (
        needed.join(first, on=["site", "post"]).group_by("site").agg(minutes.sum().alias("min"))
    )
    whole = covered.filter(pl.col("site").is_in(always.implode()))
    assert (whole["min"] == 7 * 1440).all()


def test_requirements_stay_within_the_hours_of_a_site_that_closes(large):
    shut = large.sites.filter(~pl.col("round_the_clock"))
    assert 0.2 < shut.height / large.sites.height < 0.4
    needed = large.requirements.join(large.posts.select("post", "site"), on="post")
    needed = needed.join(shut.select("site", "archetype"), on="site")
    for kind, start, end in needed.select("archetype", "start_min", "end_min").unique().iter_rows():
        about = ARCHETYPE[kind]
        assert start >= about.opens * 60
        assert (end or 1440) <= about.closes * 60


def test_lone_posts_are_those_of_guards_who_are_alone_at_some_hour(world):
    hours = np.zeros((world.sites.height, 168), dtype=int)
    spans = {}
    needed = world.requirements.join(world.posts.select("post", "site"), on="post")
    for post, site, dow, start, end, count in needed.select(
        "post", "site", "dow", "start_min", "end_min", "headcount"
    ).iter_rows():
        length = ((end - start - 1) % 1440 + 1) // 60
        span = (dow * 24 + start // 60 + np.arange(length)) % 168
        hours[site, span] += count
        spans.setdefault(post, []).append((site, span))
    lone = [any((hours[s, span] == 1).any() for s, span in spans[p]) for p in world.posts["post"]]
    assert world.posts["lone"].to_list() == lone
    assert 0 < sum(lone) < len(lone)


def test_a_supervisor_leads_at_most_fifteen_guards_of_the_own_company(large):
    guards = large.people.filter(pl.col("role") == "guard")
    led = guards.group_by("supervisor").agg(
        pl.len(), pl.col("tenant").unique(), pl.col("region").unique()
    )
    assert led["len"].max() <= 15
    for supervisor, _, tenants, regions in led.iter_rows():
        leader = large.people.row(supervisor, named=True)
        assert leader["role"] == "supervisor"
        assert [leader["tenant"]] == tenants
        assert [leader["region"]] == regions


def test_the_chain_of_command_ends_at_the_top(large):
    role = large.people["role"].to_list()
    above = {
        "supervisor": "area_officer",
        "area_officer": "ops_manager",
        "ops_manager": "senior_manager",
    }
    for person, superior in large.people.select("person", "supervisor").iter_rows():
        if role[person] in above:
            assert role[superior] == above[role[person]]
    top = large.people.filter(pl.col("role") == "senior_manager")
    assert (top["supervisor"] == -1).all()


def test_five_people_are_hired_for_a_post_that_is_manned_round_the_clock(large):
    line = rotas.lines(11, 400, large.posts, large.requirements)
    names = np.array(rotas.PATTERNS)[line.pattern]
    minutes = np.bincount(line.slot_line, line.slot_minutes)
    relief = np.array([rotas.RELIEF.get(n, rotas.OTHER_RELIEF) for n in names])
    around = minutes == 1440
    assert around.any()
    assert (line.crews + relief)[around].tolist() == [5.0] * around.sum()
    guards = large.people.filter(pl.col("role") == "guard")["home_site"].value_counts()
    assert sorted(guards["count"]) == sorted(line.staff.tolist())


def test_a_few_people_are_crooked_and_most_are_not(large):
    honesty = large.people["honesty"]
    assert (honesty < 0.4).mean() == pytest.approx(0.03, abs=0.012)
    assert honesty.median() > 0.8


def test_whoever_walks_has_a_phone_and_old_batteries_drain_faster(large):
    phones = large.devices.filter(pl.col("kind") == "phone")
    roles = large.people["role"].gather(phones["person"])
    assert set(roles) == {"guard", "supervisor", "area_officer"}
    assert phones["person"].is_unique().all()
    assert phones["drain_pct_h"].mean() == pytest.approx(5.0, abs=0.6)
    assert phones.select(pl.corr("age_days", "battery_health_pct")).item() < -0.5
    cohorts = phones.group_by("cohort").agg(
        pl.struct("platform", "os_version", "app_version").n_unique()
    )
    assert (cohorts["platform"] == 1).all()
    assert cohorts.height > 8


def test_kiosks_trackers_and_fobs_are_where_they_belong(large):
    kinds = large.devices.partition_by("kind", as_dict=True)
    kiosks = kinds[("kiosk",)]
    assert set(kiosks["site"]) == set(large.sites.filter("has_kiosk")["site"])
    mobile = set(large.posts.filter(pl.col("kind") == "mobile")["post"])
    assert mobile <= set(kinds[("tracker",)]["post"])
    assert large.posts["lone"].gather(kinds[("panic_fob",)]["post"]).all()


def test_calendars_read_as_the_product_reads_them(large):
    kinds = set(DayKind)
    for tz, hours in large.calendars.select("tz", "hours").unique().iter_rows():
        Calendar(tz, read_hours(json.loads(hours)))
    assert set(large.holidays["kind"]) <= {k.value for k in kinds}
    assert {"public", "client", "closed", "half_day"} == set(large.holidays["kind"])
    assert not large.holidays.select("calendar", "holiday_on").is_duplicated().any()


def test_the_indoor_knob_puts_more_posts_under_a_roof():
    plain = build_world(WorldConfig(sites=60, seed=2))
    roofed = build_world(WorldConfig(sites=60, seed=2, knobs=Knobs(indoor=0.3)))
    assert roofed.posts["indoor"].mean() > plain.posts["indoor"].mean() + 0.1


def test_holidays_follow_moon_and_weekday():
    spain = public_holidays("ES", date(2026, 3, 1), date(2026, 5, 2))
    assert [day for day, _ in spain] == [date(2026, 4, 3), date(2026, 5, 1)]
    assert (date(2026, 3, 20), "Eid al-Fitr") in public_holidays(
        "AE", date(2026, 3, 1), date(2026, 4, 1)
    )
    labor = public_holidays("US", date(2026, 9, 1), date(2026, 9, 30))
    assert labor == [(date(2026, 9, 7), "Labor Day")]
    assert easter(2024) == date(2024, 3, 31)
