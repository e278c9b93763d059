"""What holds events back: networks that are down, uploads that stop, phones that fail.

A device stores what it cannot send; when it can, everything goes out within a minute and a half,
in no order.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from vigia.simulator.devices.befallen import is_cut_off
from vigia.simulator.devices.crew import MINUTE_US, SECOND_US
from vigia.simulator.draws import Bools, Floats, Ints
from vigia.simulator.effects import Effect, Effects, Intervals
from vigia.simulator.observe.delay import SIZE, SPREAD
from vigia.simulator.observe.passing import CARRIED, CENTRAL, Passing

FLUSH_US = 90 * SECOND_US
FAILING_HOLD_US = 20 * MINUTE_US
LONGEST_US = (71 * 60 + 30) * MINUTE_US
_TOUCHING = 2
"""Outages in a row that an event may have to wait for."""


def arrivals_us(passing: Passing, effects: Effects, delay_us: Ints) -> Ints:
    """When each event arrives, whole milliseconds.

    Args:
        passing: The events.
        effects: What holds them back.
        delay_us: How long each is under way by itself.
    """
    at_us = passing.at_us
    during = _during(effects, at_us)
    arrives = at_us + delay_us
    free_us = _free_us(passing, during)
    held = np.flatnonzero(free_us > at_us)
    spread = (passing.chance.uniform(SPREAD)[held] * FLUSH_US).astype(np.int64)
    arrives[held] = np.maximum(arrives[held], free_us[held] + spread)
    arrives = np.maximum(arrives, at_us + _failing_us(passing, during))
    arrives = np.minimum(arrives, at_us + LONGEST_US) // 1_000 * 1_000
    return np.where(passing.known_us >= 0, passing.known_us, arrives)


def _during(effects: Effects, at_us: Ints) -> Effects:
    """The effects that some event may meet."""
    if not len(at_us):
        return Effects(effects.table.clear())
    first, last = int(at_us.min()), int(at_us.max())
    table = effects.table
    # An event that waits for one outage may run into the next.
    met = (table["to_us"] > first) & (table["from_us"] <= last + LONGEST_US)
    return Effects(table.filter(met))


def _free_us(passing: Passing, effects: Effects) -> Ints:
    """When each event can be sent; its own time where nothing holds it back."""
    free = passing.at_us.copy()
    late = effects.intervals(Effect.UPLOADS_LATE)
    waits = np.flatnonzero(_met(passing.device, late) & (passing.way == CARRIED))
    found = late.covering(passing.device[waits], free[waits])
    free[waits] = np.where(found >= 0, late.to_us[found], free[waits])
    down, depth = _outages(passing, effects)
    waits = np.flatnonzero(_met(passing.site, down) & (passing.way != CENTRAL))
    for _ in range(_TOUCHING):
        found = down.covering(passing.site[waits], free[waits])
        cut = _cut_off(passing, waits, down.from_us[found], depth[found])
        free[waits] = np.where((found >= 0) & cut, down.to_us[found], free[waits])
        waits = waits[found >= 0]
    return free


def _outages(passing: Passing, effects: Effects) -> tuple[Intervals, Floats]:
    """When networks of sites are down, and how deep each outage goes."""
    chosen = effects.table.filter(pl.col("effect") == Effect.NETWORK_DOWN.value)
    rows = chosen.sort("scope", "from_us")
    names = ("scope", "from_us", "to_us", "value")
    natural = rows["episode"].to_numpy() < 0
    depth = np.where(natural, 1.0, passing.world.config.knobs.depth)
    return Intervals(*(rows[name].to_numpy() for name in names)), depth


def _cut_off(passing: Passing, rows: Ints, from_us: Ints, depth: Floats) -> Bools:
    """Whether the senders of some events have no other network."""
    device = passing.device[rows]
    sender = np.where(device >= 0, device, -2 - passing.site[rows])
    return is_cut_off(passing.world.config.seed, sender, from_us, depth)


def _met(scope: Ints, intervals: Intervals) -> Bools:
    """Events whose scope has an interval at all."""
    if not len(intervals):
        return np.zeros(len(scope), dtype=np.bool_)
    largest = max(int(scope.max(initial=0)), int(intervals.scope.max()))
    known = np.zeros(largest + 2, dtype=np.bool_)
    known[intervals.scope] = True
    # Number -1 reads the last place, which no scope has.
    met: Bools = known[scope]
    return met


def _failing_us(passing: Passing, effects: Effects) -> Ints:
    """How long phones that fail keep what they should send: longer and longer."""
    hold = np.zeros(len(passing), dtype=np.int64)
    failing = effects.intervals(Effect.FAILING)
    rows = np.flatnonzero(_met(passing.device, failing) & (passing.way == CARRIED))
    found = failing.covering(passing.device[rows], passing.at_us[rows])
    rows, found = rows[found >= 0], found[found >= 0]
    length = np.maximum(failing.to_us - failing.from_us, 1)[found]
    worn = (passing.at_us[rows] - failing.from_us[found]) / length
    worn *= passing.world.config.knobs.depth
    stays = passing.chance.uniform(SPREAD)[rows] < 0.5 * worn
    share = worn * passing.chance.uniform(SIZE)[rows]
    hold[rows] = np.where(stays, share * FAILING_HOLD_US, 0.0).astype(np.int64)
    return hold
