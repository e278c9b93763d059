"""Somebody at a closed site: doors that are tried and forced, or a clock-in that nobody planned.

An intrusion belongs to the day on which its effect begins.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from vigia.simulator.config import DAY_US
from vigia.simulator.draws import Ints
from vigia.simulator.effects import Effect
from vigia.simulator.field.codes import hashes
from vigia.simulator.field.crew import MINUTE_US, Crew
from vigia.simulator.field.dice import times_us
from vigia.simulator.field.doors import (
    DOORS,
    KINDS,
    STAFF,
    STRANGERS,
    access_columns,
    access_source,
    door_codes,
    without_a_card,
)
from vigia.simulator.field.frames import Column, Origin, recorded
from vigia.simulator.field.names import Names, named
from vigia.simulator.field.positions import measured
from vigia.simulator.field.punch_records import punch_codes
from vigia.simulator.field.rhythm import day_heads
from vigia.simulator.field.sway import Sway

WEIGHTS = (30, 34, 16, 20)
"""Granted, denied, held open, forced."""
EVERY_MIN = 5.0
MOST = 200
LAST = 999
"""Signs are numbered downwards from here, where the everyday ones of a site and day never come."""
FACTS = pl.Schema({"site": pl.Int64(), "from_us": pl.Int64(), "to_us": pl.Int64()})


def intrusion_events(
    names: Names, sway: Sway
) -> tuple[dict[str, list[pl.DataFrame]], pl.DataFrame]:
    """Events by table, and facts: site, first and last sign."""
    has_doors = names.crew.shard.world.sites["has_access_control"]
    events: dict[str, list[pl.DataFrame]] = {}
    facts: list[tuple[int, int, int]] = []
    used: dict[int, int] = {}
    for site, start, end, _ in sway.beginning(Effect.INTRUSION):
        at = _signs(names.crew, site, start, end)
        table = "access_event"
        if has_doors[site]:
            frame = _doors(names, site, at, LAST - used.get(site, 0))
        elif (person := _somebody(names.crew, site, start)) >= 0:
            table, at = "attendance_event", at[[0, -1]]
            frame = _clockings(names, person, at, (site, LAST - used.get(site, 0)))
        else:
            continue
        used[site] = used.get(site, 0) + frame.height
        events.setdefault(table, []).append(frame)
        facts.append((site, int(at[0]), int(at[-1])))
    return events, pl.DataFrame(facts, schema=FACTS, orient="row")


def _signs(crew: Crew, site: int, start: int, end: int) -> Ints:
    """Instants at which somebody shows, the first within a minute."""
    nth = np.arange(MOST)
    draw = crew.stream("intruder")
    gap = draw.exponential(EVERY_MIN, site, start // DAY_US, nth)
    gap[0] = float(draw.uniform(site, start, -1))
    at = start + np.cumsum(times_us(gap, MINUTE_US))
    inside = at[at < end]
    if len(inside) >= 2:
        return inside
    return np.array([start + (end - start) // 8, end - (end - start) // 8])


def _doors(names: Names, site: int, at_us: Ints, last: int) -> pl.DataFrame:
    crew = names.crew
    sites = np.full(len(at_us), site, dtype=np.int64)
    draw = crew.stream("intruder.door")
    kind = draw.choice(WEIGHTS, site, at_us, 0)
    which = draw.integers(DOORS, site, at_us, 1)
    who = STAFF + draw.integers(STRANGERS, site, at_us[0])
    badge = hashes(crew.stream("badge.hash"), site, np.full(len(at_us), who))
    bare = without_a_card(kind, draw.uniform(site, at_us, 2))
    columns: dict[str, Column] = {
        **access_columns(names, sites, which),
        "credential_hash": badge.set(pl.Series(bare), None),
        "kind": named(KINDS, kind),
    }
    ids = door_codes(crew, sites, last - np.arange(len(at_us)))
    origin = Origin.place(names, access_source(names, sites), ids, sites, at_us)
    return recorded("access_event", "recorded", origin, columns)


def _somebody(crew: Crew, site: int, at_us: int) -> int:
    """A guard of the site with a phone; -1 where it has none."""
    world = crew.shard.world
    staff = world.people.filter((pl.col("home_site") == site) & (pl.col("role") == "guard"))
    if staff.is_empty():
        return -1
    drawn = int(crew.stream("intruder.person").integers(staff.height, site, at_us))
    return int(staff["person"][drawn])


def _clockings(names: Names, person: int, at_us: Ints, where: tuple[int, int]) -> pl.DataFrame:
    """A clock-in at a closed site, and the clock-out; site and number of the last are given."""
    crew, (site, last) = names.crew, where
    world = crew.shard.world
    phones = world.devices.filter((pl.col("kind") == "phone") & (pl.col("person") == person))
    device = np.full(2, phones["device"][0] if phones.height else -1, dtype=np.int64)
    sites = np.full(2, site, dtype=np.int64)
    draw = crew.stream("intruder.place")
    x, y = (20.0 * draw.normal(site, at_us, axis) for axis in (5, 6))
    found = measured(world, draw, (site, at_us), sites, (x, y, np.zeros(2, dtype=bool)))
    ids = punch_codes(crew, day_heads(crew, sites), last - np.arange(2))
    code = names.devices[int(device[0])]
    origin = Origin.place(names, f"phone/{code}", ids, sites, at_us)
    origin.device = device
    columns: dict[str, Column] = {
        "person_id": named(names.people, np.full(2, person)),
        "device_id": named(names.devices, device),
        "kind": pl.Series(["clock_in", "clock_out"]),
        "method": "app",
        **found.columns(),
        "mock": False,
        "geo": "inside",
    }
    return recorded("attendance_event", "recorded", origin, columns)
