"""Heartbeats: every five minutes an app tells how its phone is, and what it has not sent yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from vigia.simulator.devices.battery import Power, levels
from vigia.simulator.devices.befallen import Befallen
from vigia.simulator.devices.clocks import clock_errors_us
from vigia.simulator.devices.crew import MINUTE_US, Crew, Moments, Spans, ticks, whole_ms
from vigia.simulator.devices.lanes import Lanes
from vigia.simulator.devices.numbering import Numbers
from vigia.simulator.devices.phone import DENIED, SWITCHED_OFF, why_lost
from vigia.simulator.draws import Bools, Ints, Stream
from vigia.simulator.effects import Effect, Effects

EVERY_US = 5 * MINUTE_US
NETWORKS = ("none", "3g", "4g", "5g", "wifi")
_NETWORK_WEIGHTS = (6.0, 50.0, 20.0, 24.0)
NETWORK_US = 30 * MINUTE_US
"""A phone stays in a network for so long."""
IN_USE_SHARE = 0.06
"""Share of phones whose app may locate only while it is in use."""
SAVING_BELOW_PCT = 20.0
WAITING_SHARE = 0.04
"""Share of heartbeats that overtake an event or two."""
LARGEST_MS = 2**31 - 1
_JITTER, _HEAT, _RADIO, _CHANCE = range(4)


@dataclass(frozen=True, slots=True)
class Beats:
    """Heartbeats, one row each, sorted; `number` is that of the grid's point."""

    moments: Moments
    number: Ints
    lanes: Lanes
    rows: Ints

    def lane(self, number: int) -> Ints:
        """A draw of each heartbeat, 0 to 65,535."""
        drawn: Ints = self.lanes.lane(number)[self.rows].astype(np.int64)
        return drawn


def beats(crew: Crew, befallen: Befallen, dark: Spans) -> Beats:
    """When the apps of a crew send heartbeats."""
    stream = Stream(crew.world.config.seed, "devices.heartbeat")
    phase = whole_ms(stream.uniform(crew.device) * EVERY_US)
    pos, number = ticks(crew, EVERY_US, phase)
    lanes = Lanes(stream, crew.device[pos], number)
    jitter_us = (lanes.lane(_JITTER).astype(np.int64) >> 3) * 1_000
    at_us = number * EVERY_US + phase[pos] + jitter_us
    moments = Moments.of(crew, pos, at_us)
    gone = dark.cover(moments) | (at_us >= crew.to_us[pos])
    for effect in (Effect.SILENCE, Effect.APP_DEAD, Effect.APP_OUTDATED):
        gone |= befallen.spans(effect).cover(moments)
    rows = np.flatnonzero(~gone)
    return Beats(moments.where(rows), number[rows], lanes, rows)


def never_sent(beating: Beats) -> Bools:
    """Heartbeats that were counted and then lost."""
    crew = beating.moments.crew
    stream = Stream(crew.world.config.seed, "devices.heartbeat.lost")
    share = crew.world.config.knobs.missing_heartbeats
    return stream.chance(share, crew.device[beating.moments.pos], beating.number)


def health(
    beating: Beats, power: Power, befallen: Befallen, effects: Effects
) -> dict[str, pl.Series]:
    """How each phone is at each heartbeat, in the columns of the dictionary."""
    moments, crew = beating.moments, beating.moments.crew
    device = crew.device[moments.pos]
    level, charging = levels(power, befallen, moments)
    failing = befallen.spans(Effect.FAILING)
    rows, which = failing.inside(moments)
    worn = np.zeros(len(moments))
    worn[rows] = failing.progress(moments.at_us[rows], which) * failing.depth[which]
    heat = 24.0 + 5.0 * charging + 10.0 * worn + 2.5 * beating.lanes.normal(_HEAT)[beating.rows]
    saves = Stream(crew.world.config.seed, "devices.power_save").chance(0.6, device)
    error_us = clock_errors_us(crew.world, effects, device, crew.duty[moments.pos], moments.at_us)
    return {
        "battery_pct": pl.Series(np.floor(level).astype(np.int64)),
        "charging": pl.Series(charging),
        "battery_temp_c": pl.Series(np.rint(heat * 10.0) / 10.0),
        **_radio(beating, befallen),
        **_permission(moments, befallen),
        "power_save": pl.Series((level < SAVING_BELOW_PCT) & saves & ~charging),
        "app_state": pl.Series(["background", "foreground"]).gather(
            (beating.lane(_CHANCE) < 0.2 * 65_536).astype(np.int64)
        ),
        "free_storage_mb": pl.Series(_free_mb(crew, device, beating.number)),
        "clock_offset_ms": _offset_ms(error_us, beating),
    }


def queue_depths(beating: Beats, befallen: Befallen, numbers: Numbers, in_order: Ints) -> pl.Series:
    """Events that wait on each phone: all since its network or its uploads stopped.

    Args:
        beating: The heartbeats.
        befallen: What befalls their crew.
        numbers: Their numbers.
        in_order: Keys of all events of the crew, sorted.
    """
    moments = beating.moments
    chance = beating.lane(_CHANCE)
    # Other bits of the draw than those that decide the app's state.
    waiting = np.where(chance % 256 < WAITING_SHARE * 256, 1 + chance % 2, 0)
    held = befallen.cut_off().and_also(befallen.spans(Effect.UPLOADS_LATE))
    rows, which = held.inside(moments)
    since = np.searchsorted(in_order, moments.crew.packed(held.pos, held.from_us))
    waiting[rows] = numbers.rank[rows] - since[which]
    failing = befallen.spans(Effect.FAILING)
    rows, which = failing.inside(moments)
    worn = failing.progress(moments.at_us[rows], which) * failing.depth[which]
    waiting[rows] += (25.0 * worn**2 * (0.5 + chance[rows] / 65_536.0)).astype(np.int64)
    return pl.Series("queue_depth", waiting)


def _radio(beating: Beats, befallen: Befallen) -> dict[str, pl.Series]:
    """The network in use and how strong it is."""
    moments = beating.moments
    device = moments.crew.device[moments.pos]
    stream = Stream(moments.crew.world.config.seed, "devices.radio")
    network = 1 + stream.choice(_NETWORK_WEIGHTS, device, moments.at_us // NETWORK_US)
    network[befallen.cut_off().cover(moments)] = 0
    usual = np.array([-120.0, -101.0, -95.0, -88.0, -58.0])[network]
    swing = 6.0 * beating.lanes.normal(_RADIO)[beating.rows] * (network > 0)
    return {
        "network": pl.Series(NETWORKS).gather(network),
        "rssi_dbm": pl.Series(np.rint(usual + swing).astype(np.int64)),
    }


def _permission(moments: Moments, befallen: Befallen) -> dict[str, pl.Series]:
    """Whether the app may and can locate."""
    crew = moments.crew
    in_use = Stream(crew.world.config.seed, "devices.permission").chance(IN_USE_SHARE, crew.device)
    allowed = in_use.astype(np.int64)[moments.pos]
    enabled = np.ones(len(moments), dtype=np.bool_)
    lost = befallen.spans(Effect.GPS_LOST)
    lost = lost.where(lost.value == 0.0)
    rows, which = lost.inside(moments)
    why = why_lost(lost)[which]
    allowed[rows[why == DENIED]] = 2
    enabled[rows[why == SWITCHED_OFF]] = False
    return {
        "location_permission": pl.Series(["always", "in_use", "denied"]).gather(allowed),
        "gps_enabled": pl.Series(enabled),
    }


def _free_mb(crew: Crew, device: Ints, number: Ints) -> Ints:
    """Free storage: of the phone, a little less from day to day until somebody tidies up."""
    stream = Stream(crew.world.config.seed, "devices.storage")
    whole = stream.integers(38_000, device) + 2_000
    left: Ints = whole - (number * 3 + device * 101) % 1_500
    return left


def _offset_ms(error_us: Ints, beating: Beats) -> pl.Series:
    """What the app believes its clock to be off, by asking the server; nothing when far off."""
    noise = 35.0 * beating.lanes.normal(_JITTER)[beating.rows]
    offset = error_us // 1_000 + np.rint(noise).astype(np.int64)
    known = np.abs(offset) <= LARGEST_MS
    values = pl.Series(np.where(known, offset, 0))
    return values if known.all() else values.set(pl.Series(~known), None)
