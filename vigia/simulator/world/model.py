"""The frames that make up a world, and their columns.

Entities are numbered from 0 without gaps, over all tenants; a row's number is its position, so
columns are looked up by plain indexing. `code` is what events call the thing (at most 12
characters, so that Polars keeps it inline). Columns marked *hidden* never reach an event.
Positions are metres east (`x_m`) and north (`y_m`) of the site's centre. Instants are
microseconds since 1970, UTC; -1 stands for none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import polars as pl

from vigia.simulator.config import WorldConfig
from vigia.simulator.effects import Effects

EventFrames: TypeAlias = dict[str, list[pl.DataFrame]]
"""Table name to event frames, in the columns of `vigia.domain.telemetry.frames.ENVELOPE` and of
the dictionary, natively typed, things named by code. Besides these each frame has the hidden
columns `_site`, `_device` and `_duty` (Int64 numbers, -1 none); a name that starts with an
underscore is never written out. `ce_time` is the true time until `observe` has run, and
`received_at` is null until then unless the process knows it."""

_I, _F, _S, _B = pl.Int64(), pl.Float64(), pl.String(), pl.Boolean()

TENANTS = pl.Schema({"tenant": _I, "slug": _S, "name": _S, "country": _S, "default_tz": _S})

CLIENTS = pl.Schema({"client": _I, "code": _S, "tenant": _I, "name": _S, "tier": _S})

CALENDARS = pl.Schema({"calendar": _I, "code": _S, "tenant": _I, "tz": _S, "hours": _S})
"""`hours`: JSON, weekday number to list of [open, close] wall-clock times; {} is never open."""

HOLIDAYS = pl.Schema({"calendar": _I, "holiday_on": pl.Date(), "name": _S, "kind": _S})

SITES = pl.Schema(
    {
        "site": _I,
        "code": _S,
        "tenant": _I,
        "client": _I,
        "calendar": _I,
        "name": _S,
        "archetype": _S,
        "lat": _F,
        "lon": _F,
        "tz": _S,
        "region": _S,
        "network_operator": _S,
        "power_feeder": _S,
        "risk_tier": _I,
        "criticality": _I,
        "gps_expectation": _S,
        "environment": _S,
        "fence_radius_m": _F,
        "buffer_m": _F,
        "round_the_clock": _B,
        "has_kiosk": _B,
        "has_access_control": _B,
    }
)
"""`environment` (open, urban, canyon) decides position errors; hidden. `fence_radius_m` is the
true radius; the reference data may be wrong about it. A site that is not `round_the_clock` is
closed outside its calendar's hours, and nobody is rostered then."""

ZONES = pl.Schema({"zone": _I, "code": _S, "site": _I, "name": _S, "indoor": _B, "floor": _I})

POSTS = pl.Schema(
    {
        "post": _I,
        "code": _S,
        "site": _I,
        "zone": _I,
        "name": _S,
        "kind": _S,
        "must_man": _B,
        "armed": _B,
        "lone": _B,
        "gps_expected": _B,
        "work_expected": _B,
        "indoor": _B,
        "x_m": _F,
        "y_m": _F,
    }
)

REQUIREMENTS = pl.Schema(
    {"post": _I, "dow": _I, "start_min": _I, "end_min": _I, "headcount": _I, "code": _S}
)
"""Minutes of the site's wall clock; `end_min` not after `start_min` means the next day."""

PEOPLE = pl.Schema(
    {
        "person": _I,
        "code": _S,
        "tenant": _I,
        "initials": _S,
        "role": _S,
        "home_site": _I,
        "supervisor": _I,
        "region": _S,
        "hired_on": pl.Date(),
        "punctuality": _F,
        "diligence": _F,
        "honesty": _F,
        "phone_care": _F,
        "experience": _F,
    }
)
"""The last five are hidden traits between 0 (bad) and 1 (good)."""

DEVICES = pl.Schema(
    {
        "device": _I,
        "code": _S,
        "tenant": _I,
        "kind": _S,
        "person": _I,
        "post": _I,
        "site": _I,
        "platform": _S,
        "model": _S,
        "os_version": _S,
        "app_version": _S,
        "cohort": _I,
        "age_days": _I,
        "battery_health_pct": _F,
        "drain_pct_h": _F,
        "dozes": _B,
    }
)
"""A phone belongs to a person, a kiosk, tracker or fob to a post or site. `cohort` numbers equal
platform, system and app version. `dozes`: its system delays positions at night; hidden."""

CHECKPOINTS = pl.Schema(
    {
        "checkpoint": _I,
        "code": _S,
        "site": _I,
        "zone": _I,
        "name": _S,
        "tech": _S,
        "x_m": _F,
        "y_m": _F,
        "radius_m": _F,
        "indoor": _B,
        "order_no": _I,
        "required": _B,
        "dwell_s": _I,
    }
)

TOURS = pl.Schema(
    {
        "tour": _I,
        "code": _S,
        "site": _I,
        "post": _I,
        "name": _S,
        "kind": _S,
        "planned_min": _I,
        "min_leg_s": _I,
        "mandatory": _B,
        "interval_min": _I,
        "window_min": _I,
        "grace_min": _I,
        "checkpoints": pl.List(_I),
    }
)
"""`checkpoints` in the order of the route; a tour is due every `interval_min` of a duty of its
post, first half an hour after the duty starts."""

DUTIES = pl.Schema(
    {
        "duty": _I,
        "shift_code": _S,
        "assignment_code": _S,
        "site": _I,
        "post": _I,
        "person": _I,
        "device": _I,
        "starts_us": _I,
        "ends_us": _I,
        "local_date": pl.Date(),
        "pattern": _S,
        "published_us": _I,
        "confirmed_us": _I,
        "outcome": _S,
        "worker": _I,
        "arrives_us": _I,
        "leaves_us": _I,
        "clock_in_us": _I,
        "clock_out_us": _I,
        "method": _S,
        "relieved_by": _I,
        "lone": _B,
    }
)
"""One row per person planned on a shift, sorted by (starts_us, site, post, person); `duty` is the
row's number. `outcome`: worked, no_show, absent (told beforehand), swapped (told to the roster),
stood_down, cancelled. `worker`: who really worked, -1 nobody; `device`: the worker's phone.
`arrives_us`, `leaves_us`: true presence at the site; -1 without. `clock_in_us`, `clock_out_us`:
punches as made, -1 when never recorded. `lone`: nobody else on duty at the site."""


@dataclass(frozen=True, slots=True)
class World:
    """What exists, in the schemas of this module."""

    config: WorldConfig
    tenants: pl.DataFrame
    clients: pl.DataFrame
    calendars: pl.DataFrame
    holidays: pl.DataFrame
    sites: pl.DataFrame
    zones: pl.DataFrame
    posts: pl.DataFrame
    requirements: pl.DataFrame
    people: pl.DataFrame
    devices: pl.DataFrame
    checkpoints: pl.DataFrame
    tours: pl.DataFrame


WEATHER = pl.Schema({"region": _S, "day": _I, "rain": _F, "temp_c": _F, "sick": _F})
"""One row per region and UTC day of the world: rain 0 to 1, temperature, and a factor on absence."""


@dataclass(frozen=True, slots=True)
class Shard:
    """The part of a world that one piece of work makes: some sites, the duties of one UTC day.

    Attributes:
        world: All of it; only the shard's sites matter.
        sites: Numbers of the sites, sorted.
        day: Day of the world, from 0.
        duties: The duties (`DUTIES`, all columns, `duty` keeps its number) of these sites that
            are planned to start on this day.
        effects: Everything that was made to happen, over the whole world.
    """

    world: World
    sites: pl.Series
    day: int
    duties: pl.DataFrame
    effects: Effects
