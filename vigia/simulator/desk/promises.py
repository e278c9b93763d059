"""What the company promises: service levels by priority, and when a promise is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from vigia.domain.calendar import Calendar, CountedTime, read_hours
from vigia.simulator.draws import Ints
from vigia.simulator.world.model import World

MINUTE_US = 60_000_000
PRIORITIES = ("P1", "P2", "P3", "P4")
FIRST_RESPONSE_MIN = {"P1": 5, "P2": 15, "P3": 240, "P4": 480}
UPDATE_MIN = {"P1": 30, "P2": 120, "P3": 1440, "P4": 4320}
RESOLVE_MIN = {"P1": 240, "P2": 480, "P3": 1440, "P4": 2400}
"""P3 and P4 count business minutes: 24 hours, and five days of eight hours."""
ROUND_THE_CLOCK = {"P1": True, "P2": True, "P3": False, "P4": False}
AT_RISK_PCT = 80
DESK_HOURS = {day: [["08:00", "18:00"]] for day in range(5)}
"""The help desk's own business hours, by the wall clock of the tenant's seat."""


def due_instants(world: World, tenant: int, opened_us: Ints, priority: pl.Series) -> Ints:
    """When the solution of each ticket is due, pauses aside.

    Args:
        world: Its span bounds the calendar.
        tenant: Whose promises.
        opened_us: When the tickets were opened.
        priority: P1 to P4.
    """
    minutes = priority.replace_strict(RESOLVE_MIN, return_dtype=pl.Int64).to_numpy()
    by_calendar = ~priority.replace_strict(ROUND_THE_CLOCK, return_dtype=pl.Boolean).to_numpy()
    due: Ints = opened_us + minutes * MINUTE_US
    if by_calendar.any():
        counted = business_time(world, tenant)
        due[by_calendar] = counted.add(opened_us[by_calendar], minutes[by_calendar] * MINUTE_US)
    return due


def business_time(world: World, tenant: int) -> CountedTime:
    """The help desk's business hours over the world's span."""
    start = datetime.fromtimestamp(world.config.start_us / 1e6, UTC) - timedelta(days=2)
    end = start + timedelta(days=world.config.days + 30)
    zone = str(world.tenants["default_tz"][tenant])
    return CountedTime.over(Calendar(zone, read_hours(DESK_HOURS)), start, end)
