"""The ground of a shard: what its people do on one day, and what is recorded of it."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from vigia.simulator.field.attendance import punches
from vigia.simulator.field.crew import Crew
from vigia.simulator.field.diversions import diverted
from vigia.simulator.field.doors import door_events
from vigia.simulator.field.intruders import intrusion_events
from vigia.simulator.field.movement import Movement
from vigia.simulator.field.names import Names
from vigia.simulator.field.panic import calls_for_help, panic_events
from vigia.simulator.field.path import everyday_path
from vigia.simulator.field.piles import pile_events
from vigia.simulator.field.punch_records import attendance_events
from vigia.simulator.field.reports import (
    fence_events,
    handovers,
    incident_events,
    key_events,
    work_done,
)
from vigia.simulator.field.rhythm import Rhythm
from vigia.simulator.field.schedule import schedule
from vigia.simulator.field.sway import Sway
from vigia.simulator.field.task_records import fate, task_events
from vigia.simulator.field.tour_records import tour_events, tour_facts
from vigia.simulator.field.tours import walk
from vigia.simulator.field.visitors import visitor_events
from vigia.simulator.field.welfare import call_log, check_calls, welfare_events
from vigia.simulator.world.model import EventFrames, Shard


@dataclass(frozen=True, slots=True)
class Ground:
    """What happens on the ground of a shard.

    Attributes:
        events: Event frames by table, at true times.
        movement: Where everybody is.
        facts: True facts for labelling, one frame a name: `tour_run`, `task`, `welfare`,
            `panic`, `intrusion`, `attendance` and `work`.
    """

    events: EventFrames
    movement: Movement
    facts: dict[str, pl.DataFrame]


def simulate_field(shard: Shard) -> Ground:
    """Simulate what the people of a shard do; equal shards give equal rows in equal order."""
    crew = Crew.of(shard)
    sway, names = Sway(crew), Names(crew)
    rhythm = Rhythm(crew, sway)
    plan = schedule(crew, sway)
    stops, outings = diverted(crew, sway, plan, everyday_path(crew, plan))
    movement = Movement.of(crew.duty, stops)
    rounds = walk(crew, sway, plan)
    fates = fate(crew, sway, plan.tasks, plan.task_starts_us, plan.taken)
    checks = check_calls(crew, sway)
    runs, scans = tour_events(names, sway, plan, rounds)
    tasks, task_facts = task_events(names, plan.tasks, fates)
    piles, pile_facts = pile_events(names, sway)
    welfare, welfare_facts = welfare_events(names, checks)
    clocked, punch_facts = attendance_events(names, sway, movement, punches(crew, sway, plan))
    panic, panic_facts = panic_events(names, movement, calls_for_help(crew, sway))
    incidents, reported = incident_events(names, sway, plan)
    intrusions, intrusion_facts = intrusion_events(names, sway)
    events: EventFrames = {
        "tour_run": runs,
        "checkpoint_scan": scans,
        "task": tasks + piles,
        "welfare_check": welfare,
        "attendance_event": clocked + intrusions.get("attendance_event", []),
        "panic_event": panic,
        "incident_report": incidents,
        "handover": handovers(names, sway),
        "key_log": key_events(names, sway),
        "contact_log": call_log(names, sway, checks),
        "geofence_event": fence_events(names, sway, outings),
        "visitor_visit": visitor_events(names, sway, rhythm),
        "access_event": door_events(names, sway, rhythm) + intrusions.get("access_event", []),
    }
    visits = plan.visits.run[rounds.scanned]
    done = fates.by_phone_us >= 0
    work = [
        (crew.duty[plan.runs.row[visits]], rounds.scan_us[rounds.scanned]),
        (crew.duty[plan.tasks.row[done]], fates.done_us[done]),
        (reported["duty"].to_numpy(), reported["reported_us"].to_numpy()),
    ]
    facts = {
        "tour_run": tour_facts(names, plan, rounds, outings),
        "task": pl.concat([task_facts, *pile_facts]),
        "welfare": welfare_facts,
        "panic": panic_facts,
        "intrusion": intrusion_facts,
        "attendance": punch_facts,
        "work": work_done(work),
    }
    return Ground({table: some for table, some in events.items() if some}, movement, facts)
