"""A company of four sites, and cases of what happened there, made by hand.

Site 0 and 1 and 2 share an operator; site 1 is dangerous and its post must be manned; site 2 closes
at night; the post of site 3 is under a roof, and its tour is driven. Minutes count from the start
of the world.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from vigia.simulator.config import WorldConfig
from vigia.simulator.effects import SCHEMA, Effects
from vigia.simulator.emit.gaps import GAP
from vigia.simulator.label.case import FACTS, Case
from vigia.simulator.label.coverage import deficits, shift_gaps
from vigia.simulator.label.episodes import all_episodes, settled
from vigia.simulator.label.failures import device_deaths
from vigia.simulator.plan.model import FRAUDS, INTENTS, MUTES, TRAPS, Plan
from vigia.simulator.world import model
from vigia.simulator.world.model import World

CONFIG = WorldConfig(sites=4, learn_days=0, test_days=3)
MINUTE_US = 60_000_000
HOURS = '{"0":[["06:00","18:00"]],"1":[["06:00","18:00"]],"2":[["06:00","18:00"]]}'


def us(minute):
    """Instant of a minute of the world; -1 stays none."""
    return -1 if minute == -1 else CONFIG.start_us + int(minute * MINUTE_US)


def minute(instant):
    """Minute of the world of an instant."""
    return (instant - CONFIG.start_us) / MINUTE_US


def _frame(schema, rows, **common):
    """Rows of a schema; what is not given is empty, false or none."""
    blank = {pl.String: "", pl.Boolean: False, pl.Float64: 0.0, pl.Int64: -1}
    full = [
        {
            name: row.get(name, common.get(name, blank.get(type(dtype))))
            for name, dtype in schema.items()
        }
        for row in rows
    ]
    return pl.DataFrame(full, schema=schema, orient="row")


def _world():
    number = range(4)
    sites = [
        {
            "site": n,
            "code": f"S{n + 1:04}",
            "calendar": n,
            "risk_tier": (3, 4, 2, 3)[n],
            "network_operator": "Net" if n < 3 else "Other",
            "power_feeder": f"F{n}",
            "round_the_clock": n != 2,
            "fence_radius_m": 120.0,
            "buffer_m": 50.0,
        }
        for n in number
    ]
    posts = [
        {
            "post": n,
            "code": f"S{n + 1:04}-P1",
            "site": n,
            "must_man": n == 1,
            "indoor": n == 3,
        }
        for n in number
    ]
    people = [{"person": n, "code": f"G{n + 1:05}", "home_site": n % 4} for n in range(8)]
    tours = [
        {"tour": 0, "post": 0, "site": 0, "kind": "fixed_order", "checkpoints": [0] * 8},
        {"tour": 1, "post": 3, "site": 3, "kind": "mobile", "checkpoints": [0] * 8},
    ]
    return World(
        config=CONFIG,
        tenants=_frame(model.TENANTS, [{"tenant": 0, "slug": "sentinel", "default_tz": "UTC"}]),
        clients=model.CLIENTS.to_frame(),
        calendars=_frame(
            model.CALENDARS,
            [{"calendar": n, "tenant": 0, "tz": "UTC", "hours": HOURS} for n in number],
        ),
        holidays=model.HOLIDAYS.to_frame(),
        sites=_frame(
            model.SITES, sites, tenant=0, region="IN-MUM", tz="UTC", gps_expectation="good"
        ),
        zones=model.ZONES.to_frame(),
        posts=_frame(model.POSTS, posts, gps_expected=True, work_expected=True, kind="patrol"),
        requirements=model.REQUIREMENTS.to_frame(),
        people=_frame(model.PEOPLE, people, tenant=0, role="guard"),
        devices=_frame(
            model.DEVICES,
            [{"device": n, "code": f"D{n + 1:05}", "person": n} for n in range(8)],
            tenant=0,
            kind="phone",
        ),
        checkpoints=model.CHECKPOINTS.to_frame(),
        tours=_frame(
            model.TOURS, tours, planned_min=24, interval_min=120, window_min=30, grace_min=15
        ),
    )


WORLD = _world()


def duty(site=0, start=0, end=720, *, person=None, **changes):
    """A duty that was worked and clocked to the minute; changes are minutes where they are times."""
    person = site if person is None else person
    row = {
        "site": site,
        "post": site,
        "person": person,
        "worker": person,
        "starts_us": start,
        "ends_us": end,
        "arrives_us": start,
        "leaves_us": end,
        "clock_in_us": start,
        "clock_out_us": end,
        "outcome": "worked",
        "relieved_by": -1,
        "lone": True,
        "shift_code": f"H{site}-{start}",
        "local_date": date(2026, 2, 23),
    } | changes
    row["device"] = row["worker"]
    return {k: us(v) if k.endswith("_us") else v for k, v in row.items()}


ABSENT = {
    "worker": -1,
    "arrives_us": -1,
    "leaves_us": -1,
    "clock_in_us": -1,
    "clock_out_us": -1,
    "outcome": "no_show",
}


def effect(name, scope, start, end, value=0.0, episode=-1):
    return (name, scope, us(start), us(end), value, episode)


def case(*duties, effects=(), gaps=(), mutes=(), intents=(), traps=(), **facts):
    """What happened: facts are lists of rows, times in minutes."""
    frame = _frame(model.DUTIES, [{"duty": n, **row} for n, row in enumerate(duties)])
    table = pl.DataFrame(list(effects), schema=SCHEMA, orient="row")
    plan = Plan(
        Effects(table.sort("effect", "scope", "from_us")),
        _frame(INTENTS, [_timed(row) for row in intents]),
        _frame(TRAPS, [_timed(row) for row in traps]),
        FRAUDS.to_frame(),
        _frame(MUTES, [_timed(row) for row in mutes]),
    )
    silences = [(kind, number, us(start), us(end)) for kind, number, start, end in gaps]
    known = {name: _frame(FACTS[name], [_timed(r) for r in rows]) for name, rows in facts.items()}
    return Case(WORLD, frame, plan, known, pl.DataFrame(silences, schema=GAP, orient="row"))


def _timed(row):
    """A row whose minutes are instants; `paused_us` is a duration."""
    timed = {k: us(v) if k.endswith("_us") else v for k, v in row.items()}
    return timed | ({"paused_us": row["paused_us"] * MINUTE_US} if "paused_us" in row else {})


def episodes(happened, finders=None):
    """Every episode of a case, or those that some finders find, and outages."""
    if finders is not None:
        return settled(happened, [find(happened) for find in finders]).table
    lack = deficits(happened)
    shifts, deaths = shift_gaps(happened, lack), device_deaths(happened)
    return all_episodes(happened, lack, shifts, deaths).table


def only(table, name):
    """The one episode of a class."""
    rows = table.filter(pl.col("class") == name)
    assert rows.height == 1, rows
    return rows.row(0, named=True)


def times(row):
    """Onset, detectable and end of an episode, in minutes."""
    return tuple(minute(row[name]) for name in ("onset_us", "detectable_us", "end_us"))


def classes(table):
    return sorted(table["class"])
