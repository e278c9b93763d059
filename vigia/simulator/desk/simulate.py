"""Help desk, control room and facility over the whole span of a world."""

from __future__ import annotations

import polars as pl

from vigia.simulator.desk.alerts import raised_alerts
from vigia.simulator.desk.arrivals import ticket_arrivals
from vigia.simulator.desk.control_room import run_control_room
from vigia.simulator.desk.facility import run_facility
from vigia.simulator.desk.model import Desk, Log
from vigia.simulator.desk.tickets import ticket_life
from vigia.simulator.effects import Effects
from vigia.simulator.plan.model import MUTES
from vigia.simulator.world.model import World


def simulate_desk(
    world: World,
    weather: pl.DataFrame,
    duties: pl.DataFrame,
    effects: Effects,
    mutes: pl.DataFrame | None = None,
) -> Desk:
    """Let tickets, alerts, escalations and work orders happen.

    Args:
        world: What exists.
        weather: `WEATHER`.
        duties: `DUTIES`; who was where when somebody had to be called.
        effects: What befalls sites, devices and duties.
        mutes: What is announced (`plan.model.MUTES`); nothing when left out.
    """
    log = Log()
    arrivals = ticket_arrivals(world, weather, effects)
    owner = world.sites["tenant"].gather(arrivals["site"])
    facts = [
        ticket_life(world, tenant, arrivals.filter(owner == tenant), log)
        for tenant in world.tenants["tenant"]
    ]
    raised = raised_alerts(world, duties, effects)
    announced = MUTES.to_frame() if mutes is None else mutes
    room = run_control_room(world, duties, raised, effects, announced, log)
    readings = run_facility(world, effects, log)
    events = log.frames(world.sites["code"])
    if readings.height:
        events["asset_reading"] = [readings]
    return Desk(events, {"ticket": pl.concat(facts), **room})
