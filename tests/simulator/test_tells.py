"""Nothing in the stream exists only because something was planned: no letter, source or value."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import polars as pl
import pytest

from vigia.domain.dictionary import TABLES
from vigia.simulator.config import LEVELS, Level, WorldConfig
from vigia.simulator.devices.simulate import simulate_devices
from vigia.simulator.effects import Effect
from vigia.simulator.field.simulate import simulate_field
from vigia.simulator.prepare import merged, prepare
from vigia.simulator.world.model import Shard

SEED, SITES = 5, 12
WORDS = {"title", "subject", "body_ref", "policy_snapshot"}
"""Texts without end; their makers draw them alike for all."""
COUNTED = {"gps_fix", "device_heartbeat", "phone_event"}
"""Tables whose ids are a boot's code and a number."""

REASONS = {
    "panic_event": "calls for help are planned, true and false ones alike",
    "escalation_run": "a chain that breaks is the episode itself, and one that runs is too rare",
    "escalation_event": "as runs",
    "alert type panic": "as panic_event",
    "gps_fix mock true": "a phone says so of made-up positions alone; that is its evidence",
    "attendance_event mock true": "as positions",
    "attendance_event attendance": "too rare here; made in one place for natural and planned "
    "entries alike (test_attendance)",
    "tour_run exception_reason": "drawn among all reasons for excused tours, which are rare",
    "attendance_event geo outside": "who clocks out on the own phone when gone says so by it",
    "incident_report severity": "drawn among all severities; the grave ones are rare",
    "incident_report type": "drawn among all types, some of them rare",
    "ticket category": "drawn among all categories; crises are rare",
    "ticket original_language": "of people of the region, and some are rarely spoken",
    "ticket_message language": "as tickets",
    "post_stand_down reason": "drawn among all reasons; stand-downs are rare",
}
"""What may exist with planned things only, and why: a table, or a table, column and value."""


def stream(level, days, **knobs):
    """All events of a small world, by table, and its facts."""
    config = WorldConfig.at_level(
        level, seed=SEED, sites=SITES, tenants=2, learn_days=0, test_days=days
    )
    made = prepare(replace(config, knobs=replace(LEVELS[level], **knobs)))
    sites, events, tasks = made.world.sites["site"], made.system, []
    for day in range(days):
        shard = Shard(made.world, sites, day, made.duties_of(sites, day), made.effects)
        ground = simulate_field(shard)
        events = merged(events, ground.events, simulate_devices(shard, ground.movement))
        tasks.append(ground.facts["task"])
    together = {t: pl.concat(f, how="diagonal_relaxed") for t, f in events.items() if f}
    return made, together, pl.concat(tasks)


@pytest.fixture(scope="module")
def eventful():
    return stream(Level.STANDARD, 5, episodes=3.0, traps=3.0)


@pytest.fixture(scope="module")
def plain():
    return stream(Level.QUIET, 12, traps=0.0)


def shape(texts):
    """Texts without their numbers."""
    return texts.str.replace_all(r"\d+", "9")


def tells(table, frame):
    """Everything about the events of a table that could give them away."""
    columns = sorted(n for n in frame.columns if not n.startswith(("_", "ce_", "received")))
    known = pl.DataFrame(
        {
            "source": shape(frame["ce_source"]),
            "verb": frame["ce_type"].str.split(".").list.get(2),
            "id": "" if table in COUNTED else shape(frame["ce_id"]),
        }
    )
    found = {(table, *row) for row in known.unique().iter_rows()}
    there = frame.select(pl.col(n).is_not_null() for n in columns)
    for source, verb, _, *flags in known.hstack(there).unique().iter_rows():
        pairs = combinations(zip(columns, flags, strict=True), 2)
        found |= {(table, source, verb, *one, *two) for one, two in pairs}
    for name in set(columns) - WORDS:
        values = frame[name]
        if "hash" not in name and name != "boot_id" and values.dtype in (pl.String, pl.Boolean):
            said = shape(values) if values.dtype == pl.String else values.cast(pl.String)
            rows = known.select("source", "verb", said=said).unique()
            found |= {(table, source, verb, name, said) for source, verb, said in rows.iter_rows()}
    return found


def excused(tell):
    """Whether there is a reason for something that planned things alone have."""
    table, source, *_ = tell
    last = tell[-1] if isinstance(tell[-1], str) else ""
    column = tell[3] if len(tell) == 5 else ""
    known = (table, f"{table} {source}", f"{table} {column}", f"{table} {column} {last}")
    return any(name in REASONS for name in known)


def test_what_planned_things_send_exists_without_them_too(eventful, plain):
    assert set(eventful[0].effects.table["effect"]) >= {
        effect.value
        for effect in (
            Effect.INTRUSION,
            Effect.TASK_BACKLOG,
            Effect.TASKS_MISDATED,
            Effect.SECOND_TRACKER,
            Effect.GPS_LOST,
            Effect.ANSWERS_BY_VOICE,
            Effect.ON_INCIDENT,
        )
    }
    usual = set().union(*(tells(table, frame) for table, frame in plain[1].items()))
    assert len(usual) > 1_000
    made = set().union(*(tells(table, frame) for table, frame in eventful[1].items()))
    assert not {tell for tell in made - usual if not excused(tell)}


def test_every_event_has_an_id_of_its_own_and_every_task_too(eventful):
    for table, frame in eventful[1].items():
        assert set(frame.columns) - {"received_at"} <= {
            *(column.name for column in TABLES[table].all_columns),
            *(n for n in frame.columns if n.startswith(("_", "ce_"))),
        }
    ids = pl.concat([frame.select("ce_source", "ce_id") for frame in eventful[1].values()])
    assert ids.is_duplicated().sum() == 0
    tasks = eventful[1]["task"].filter(pl.col("ce_type").str.contains("created"))
    assert tasks["task_id"].is_unique().all()


def test_numbers_of_planned_tasks_and_doors_lie_among_the_others(eventful):
    _, events, tasks = eventful
    number = pl.col("task_code").str.slice(1).str.replace("-", "").cast(pl.Int64)
    coded = tasks.select(number.alias("n"), "duty")
    natural, planned = coded.filter(pl.col("duty") >= 0)["n"], coded.filter(duty=-1)["n"]
    assert min(len(natural), len(planned)) > 100
    for digits in (natural // 1000, natural % 1000), (planned // 1000, planned % 1000):
        for values, below in zip(digits, (10_000_000, 1_000), strict=True):
            assert abs(values.mean() / below - 0.5) < 0.09
    doors = events["access_event"].filter(pl.col("ce_id").str.starts_with("D"))
    tail = doors["ce_id"].str.slice(9).cast(pl.Int64)
    known = doors["person_hash"].is_not_null()
    assert abs(tail.filter(known).mean() - tail.filter(~known).mean()) < 120
