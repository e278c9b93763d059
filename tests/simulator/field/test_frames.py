"""Events of the ground: accepted by the product as they are, named once, the same in any shard."""

from __future__ import annotations

import polars as pl
import pytest

from tests.simulator.field import small
from vigia.domain.dictionary import TABLES, Kind
from vigia.domain.telemetry.normalise import normalise
from vigia.simulator.effects import Effect
from vigia.simulator.field.simulate import simulate_field

ALL = (
    "tour_run",
    "checkpoint_scan",
    "task",
    "welfare_check",
    "attendance_event",
    "incident_report",
    "handover",
    "key_log",
    "geofence_event",
    "visitor_visit",
    "access_event",
)


def written(frame):
    """A frame without what is never written out."""
    return frame.select(n for n in frame.columns if not n.startswith("_"))


@pytest.fixture(scope="module")
def busy():
    """A day with every kind of event."""
    start = small.plain()[0].world.config.start_us + small.DAY * 24 * small.HOUR_US
    duty = small.toured(small.plain()[0])
    at = duty["starts_us"] + 4 * small.HOUR_US
    rows = [
        (Effect.PANIC, duty["duty"], at, at + small.MINUTE_US, 0.0),
        (Effect.ANSWERS_BY_VOICE, duty["duty"], at, at + 6 * small.HOUR_US, 0.0),
        (Effect.ON_INCIDENT, duty["duty"], at, at + small.HOUR_US, 0.0),
        (Effect.TASK_BACKLOG, duty["site"], start, start + 6 * small.HOUR_US, 6.0),
        (Effect.TASKS_MISDATED, duty["site"], start, start + 3 * small.HOUR_US, 40.0),
        (Effect.DRILL, duty["site"], at, at + small.HOUR_US, 0.0),
        (Effect.INTRUSION, 0, start + small.HOUR_US, start + 2 * small.HOUR_US, 0.0),
    ]
    return small.ground(rows)[1]


def test_every_kind_of_event_happens_on_an_ordinary_day():
    assert set(ALL) <= set(small.plain()[1].events)


def test_the_product_accepts_every_event(busy):
    for made in (small.plain()[1], busy):
        for table, frames in made.events.items():
            for frame in frames:
                judged = normalise(
                    written(frame), TABLES[table], tenant_id=small.TENANT, clock=small.CLOCK
                )
                assert judged.judgement.rejected().is_empty(), table
                assert "extra" not in judged.accepted.columns, table


def test_an_event_has_a_name_of_its_own(busy):
    for made in (small.plain()[1], busy):
        frames = [f.select("ce_source", "ce_id") for fs in made.events.values() for f in fs]
        names = pl.concat(frames)
        assert names.is_duplicated().sum() == 0
        assert names["ce_id"].str.len_bytes().max() <= 12


def test_frames_have_the_hidden_columns_and_no_null_where_none_may_be(busy):
    for table, frames in busy.events.items():
        for frame in frames:
            assert frame.height > 0, table
            assert {"_site", "_device", "_duty"} <= set(frame.columns)
            assert frame.schema["received_at"] == frame.schema["ce_time"]
            for name in ("ce_source", "ce_id", "ce_type", "ce_subject", "ce_time", "_site"):
                assert frame[name].null_count() == 0, (table, name)


def test_a_site_day_is_the_same_in_any_shard():
    whole = small.plain()[1]
    for sites in ((0, 5), (5, 6), (6, 16)):
        part = simulate_field(small.shard(sites=sites))
        wanted = pl.col("_site").is_between(sites[0], sites[1] - 1)
        for table, frames in whole.events.items():
            expected = pl.concat([f.filter(wanted) for f in frames], how="diagonal_relaxed")
            got = part.events.get(table, [])
            if expected.height:
                found = pl.concat(got, how="diagonal_relaxed")
                assert found.equals(expected.select(found.columns)), (table, sites)
        for name, facts in part.facts.items():
            if "site" in facts.columns:
                same = whole.facts[name].filter(pl.col("site").is_between(sites[0], sites[1] - 1))
                assert facts.equals(same), name


def test_it_is_the_same_every_time():
    again = simulate_field(small.shard())
    for table, frames in small.plain()[1].events.items():
        assert all(a.equals(b) for a, b in zip(frames, again.events[table], strict=True)), table


def test_another_seed_gives_another_day():
    other = small.events(simulate_field(small.shard(seed=2)), "checkpoint_scan")
    assert not other.equals(small.events(small.plain()[1], "checkpoint_scan"))


def test_changes_of_a_thing_follow_each_other_by_a_millisecond_at_least(busy):
    for made in (small.plain()[1], busy):
        for table in made.events:
            if TABLES[table].kind is not Kind.STATE:
                continue
            key = TABLES[table].key[0]
            changes = small.events(made, table).sort(key, "ce_time")
            gap = changes.select(pl.col("ce_time").diff().over(key)).to_series().drop_nulls()
            assert gap.dt.total_microseconds().min() >= 1_000, table


def test_everything_of_a_duty_happens_around_its_time(busy):
    quiet, made = small.plain()
    begin = pl.min_horizontal("starts_us", pl.when(pl.col("arrives_us") >= 0).then("arrives_us"))
    known = quiet.duties.select(
        "duty",
        from_us=begin - 10 * small.MINUTE_US,
        to_us=pl.max_horizontal("ends_us", "leaves_us") + 15 * small.MINUTE_US,
    )
    for table in made.events:
        mine = small.events(made, table).filter(pl.col("_duty") >= 0)
        mine = mine.join(known, left_on="_duty", right_on="duty")
        inside = small.micros("ce_time").is_between("from_us", "to_us")
        assert mine.filter(~inside).is_empty(), table


def test_codes_name_things_that_exist():
    at_site, made = small.plain()
    world = at_site.world
    for table, column, frame in (
        ("checkpoint_scan", "checkpoint_id", world.checkpoints),
        ("tour_run", "tour_id", world.tours),
        ("attendance_event", "person_id", world.people),
        ("attendance_event", "device_id", world.devices),
        ("handover", "post_id", world.posts),
        ("access_event", "zone_id", world.zones),
    ):
        told = set(small.events(made, table)[column].drop_nulls())
        assert told, (table, column)
        assert told <= set(frame["code"]), (table, column)
