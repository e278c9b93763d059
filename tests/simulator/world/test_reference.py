"""What exists, as events: accepted by the product's own rules, resolvable, and true unless asked."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from vigia.domain.dictionary import TABLES
from vigia.domain.geo import distance_mm
from vigia.domain.identity import tenant_id
from vigia.domain.telemetry.clock import ClockRule
from vigia.domain.telemetry.normalise import checked_references, normalise
from vigia.simulator.config import Knobs
from vigia.simulator.world.reference import (
    exclusions,
    position,
    reference_events,
    wrong_fences,
    wrong_requirements,
)
from vigia.simulator.world.roster_events import roster_events

LATER = ClockRule(datetime(2027, 1, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def reference(world):
    return reference_events(world)


@pytest.fixture(scope="module")
def told(world, duties):
    return roster_events(world, duties)


@pytest.fixture(scope="module")
def misled(world):
    config = dataclasses.replace(world.config, knobs=Knobs(wrong_reference=0.3))
    return dataclasses.replace(world, config=config)


def judged(frame, table, slug="sentinel"):
    return normalise(frame, TABLES[table], tenant_id=tenant_id(slug), clock=LATER)


@pytest.mark.parametrize("kind", ["reference", "told"])
def test_the_product_accepts_every_event(kind, request):
    for table, frames in request.getfixturevalue(kind).items():
        for frame in frames:
            result = judged(frame, table)
            assert result.judgement.rejected().to_dicts() == [], table
            assert result.accepted.height == frame.height > 0
            assert "extra" not in result.accepted.columns


def test_every_reference_names_something_of_the_same_company(world, reference, told):
    everything = {**reference, **told}
    for tenant, slug in world.tenants.select("tenant", "slug").iter_rows():
        mine = {
            table: pl.concat([f.filter(pl.col("_tenant") == tenant) for f in frames])
            for table, frames in everything.items()
        }
        results = {table: judged(frame, table, slug) for table, frame in mine.items()}
        known = {t: set(r.accepted["entity_id"]) for t, r in results.items()}
        for table, result in results.items():
            for column in checked_references(TABLES[table]):
                if column.name in result.references.columns and column.references in known:
                    named = set(result.references[column.name].drop_nulls())
                    assert named <= known[column.references], (table, column.name)


def test_the_site_of_an_event_is_its_subject(world, reference, told):
    codes = world.sites["code"]
    for frames in [*reference.values(), *told.values()]:
        for frame in frames:
            about = frame.filter(pl.col("_site") >= 0)
            assert (about["ce_subject"] == codes.gather(about["_site"])).all()
            assert (
                frame.filter(pl.col("_site") < 0)["ce_subject"].null_count()
                == (frame["_site"] < 0).sum()
            )


def test_events_have_identities_of_their_own(reference, told):
    for frames in [*reference.values(), *told.values()]:
        named = pl.concat([f.select("ce_source", "ce_id", "_tenant") for f in frames])
        assert not named.is_duplicated().any()
        assert named["ce_id"].str.len_bytes().max() <= 40


def test_reference_data_come_an_hour_before_the_first_day(world, reference):
    hour_before = datetime.fromtimestamp(world.config.start_us / 1e6, UTC) - timedelta(hours=1)
    for frames in reference.values():
        assert set(frames[0]["ce_time"]) == {hour_before}


def test_nothing_hidden_is_told(reference, told):
    hidden = {"punctuality", "diligence", "honesty", "phone_care", "experience", "environment",
              "drain_pct_h", "dozes", "cohort", "wrong", "outcome", "worker"}  # fmt: skip
    for table, frames in {**reference, **told}.items():
        own = {c.name for c in TABLES[table].all_columns}
        for frame in frames:
            told_columns = {n for n in frame.columns if not n.startswith(("_", "ce_"))}
            assert told_columns - {"received_at"} <= own
            assert not told_columns & hidden


def test_fences_are_drawn_as_they_are(world, reference):
    fences = reference["geofence"][0].filter(pl.col("kind") == "site")
    assert fences["site_id"].to_list() == world.sites["code"].to_list()
    for name, true in (("lat", "lat"), ("lon", "lon"), ("radius_m", "fence_radius_m")):
        assert (fences[name] == world.sites[true]).all()


def test_positions_on_the_ground_are_as_far_apart_as_their_metres(world):
    site = np.array([0, 1, 2])
    lat, lon = position(world, site, np.array([30.0, 0.0, -120.0]), np.array([40.0, 200.0, 50.0]))
    centre = world.sites.select("lat", "lon").rows()
    away = [distance_mm(*centre[s], a, o) / 1000 for s, a, o in zip(site, lat, lon, strict=True)]
    assert away == pytest.approx([50.0, 200.0, 130.0], abs=0.3)


def test_no_checkpoint_or_post_lies_in_a_forbidden_spot(world):
    spots = exclusions(world)
    assert 0.08 < spots.height / world.sites.height < 0.4
    places = pl.concat([f.select("site", "x_m", "y_m") for f in (world.posts, world.checkpoints)])
    near = spots.join(places, on="site", suffix="_p").select(
        away=(
            (pl.col("x_m") - pl.col("x_m_p")) ** 2 + (pl.col("y_m") - pl.col("y_m_p")) ** 2
        ).sqrt()
        - pl.col("radius_m")
    )
    assert near["away"].min() > 5


def test_wrong_reference_data_are_as_many_as_asked_for_and_leave_the_world_alone(world, misled):
    fences = wrong_fences(misled)
    assert fences["wrong"].mean() == pytest.approx(0.3, abs=0.2)
    moved = fences.filter((pl.col("x_m") ** 2 + pl.col("y_m") ** 2).sqrt() > 1)
    radius = world.sites["fence_radius_m"].gather(fences["site"])
    small = fences.filter(pl.col("radius_m") < radius)
    assert moved.height + small.height == fences["wrong"].sum()
    assert min(moved.height, small.height) > 0
    late = wrong_requirements(misled)
    assert set(late.tolist()) == {-60, 0, 60}
    assert (late != 0).mean() == pytest.approx(0.3, abs=0.15)
    assert not wrong_fences(world)["wrong"].any()


def test_wrong_requirements_are_told_an_hour_off(world, misled):
    true, wrong = (reference_events(w)["post_requirement"][0] for w in (world, misled))
    assert true["req_id"].equals(wrong["req_id"])
    off = true.filter(true["start_local"] != wrong["start_local"])["post_id"].unique()
    named = world.posts["code"].gather(np.flatnonzero(wrong_requirements(misled)))
    assert set(off) == set(named)


def test_licences_follow_the_training_rules(reference):
    held = reference["qualification"][0]
    licences = held.filter(pl.col("type") == "guard_licence")
    pairs = set(licences.select("class_hours", "field_hours").unique().iter_rows())
    assert pairs == {(100, 60), (40, 16)}
    assert (licences["class_hours"] == 40).mean() == pytest.approx(0.15, abs=0.06)
    valid = held.filter(pl.col("status") == "valid")
    assert valid.height > 0.95 * held.height
    assert (held["issued_on"] < held["expires_on"]).all()


def test_guards_at_armed_posts_may_carry_arms(world, reference):
    armed = set(world.posts.filter("armed")["site"])
    holders = set(reference["qualification"][0].filter(pl.col("type") == "armed")["person_id"])
    guards = world.people.filter(pl.col("role") == "guard", pl.col("home_site").is_in(list(armed)))
    assert armed
    assert holders >= set(guards["code"])


def test_devices_are_assigned_to_their_person_or_post(world, reference):
    given = reference["device_assignment"][0]
    to_person = given["person_id"].is_not_null()
    assert (to_person ^ given["post_id"].is_not_null()).all()
    phones = world.devices.filter(pl.col("kind") == "phone")
    assert set(given.filter(to_person)["device_id"]) == set(phones["code"])
