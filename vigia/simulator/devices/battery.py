"""Batteries: how full a phone is during a duty, when it hangs on a charger, and when it dies.

A phone drains at its own rate (about 5 % an hour, more with age), and its owner charges it when it
falls below a level of habit. Few let it die; careless people do so more often. The level is a
closed formula of time, so it needs no memory from one heartbeat to the next.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vigia.simulator.devices.befallen import Befallen
from vigia.simulator.devices.crew import HOUR_US, Crew, Moments, Spans
from vigia.simulator.draws import Bools, Floats, Ints, Stream, quantised
from vigia.simulator.effects import Effect

CHARGE_PCT_H = 35.0
DRAINED = 1.0
"""Value of `DARK` that says that the battery ran down before."""
NEGLECT = 0.05
"""Share of duties in which an entirely careless person does not charge a phone that needs it."""
_NEVER = -1e9


@dataclass(frozen=True, slots=True)
class Power:
    """What decides the battery of each duty's phone.

    Attributes:
        crew: Whose.
        full_pct: Level when the app starts.
        drain_pct_h: What it loses in an hour.
        low_pct: Level at which it is put on a charger; far below zero where it is not.
        high_pct: Level at which it is taken off.
        dies_us: When it is empty; past every instant where it does not die.
    """

    crew: Crew
    full_pct: Floats
    drain_pct_h: Floats
    low_pct: Floats
    high_pct: Floats
    dies_us: Ints

    @property
    def deaths(self) -> Spans:
        """From the death of a battery until the end of the duty."""
        dead = self.dies_us < self.crew.to_us
        pos = np.flatnonzero(dead)
        return Spans.of(self.crew, pos, self.dies_us[dead], self.crew.to_us[dead])


def power_of(crew: Crew, befallen: Befallen) -> Power:
    """How full each phone is when its duty starts, and what its owner does about it."""
    stream = Stream(crew.world.config.seed, "devices.battery")
    care = crew.world.people["phone_care"].to_numpy()[crew.person]
    full = 100.0 - (8.0 + 47.0 * (1.0 - care)) * stream.uniform(crew.duty, 0) ** 2
    drain = crew.device_numbers("drain_pct_h") * stream.lognormal(1.0, 0.12, crew.duty, 1)
    neglected = stream.chance(NEGLECT * (1.0 - care), crew.duty, 2)
    low = stream.uniform(crew.duty, 3, low=15.0, high=45.0)
    low = np.where(neglected, _NEVER, np.minimum(low, full))
    high = stream.uniform(crew.duty, 4, low=75.0, high=100.0)
    empty = stream.integers(4, crew.duty, 5)
    lasts_us = (quantised((full - empty) / drain) * HOUR_US).astype(np.int64)
    dies = neglected & ~_is_settled(crew, befallen)
    dies_us = np.where(dies, crew.from_us + lasts_us, np.iinfo(np.int64).max)
    return Power(crew, full, drain, low, high, dies_us)


def _is_settled(crew: Crew, befallen: Befallen) -> Bools:
    """Duties whose battery something else decides."""
    settled = np.zeros(len(crew), dtype=np.bool_)
    for effect in (Effect.ON_CHARGER, Effect.DARK, Effect.FAILING):
        settled[befallen.spans(effect).pos] = True
    return settled


def levels(power: Power, befallen: Befallen, moments: Moments) -> tuple[Floats, Bools]:
    """Charge left (0 to 100) and whether the phone hangs on a charger, at some moments."""
    level, charging = _by_habit(power, moments.pos, moments.at_us)
    _drain_before_dark(power, befallen, moments, level, charging)
    _charge_on_desk(power, befallen, moments, level, charging)
    failing = befallen.spans(Effect.FAILING)
    rows, which = failing.inside(moments)
    gone = failing.progress(moments.at_us[rows], which)
    worn = gone * np.sqrt(gone) * failing.depth[which]
    level[rows] -= np.maximum(level[rows] - 2.0, 0.0) * worn
    return np.clip(level, 0.0, 100.0), charging


def _by_habit(power: Power, pos: Ints, at_us: Ints) -> tuple[Floats, Bools]:
    """Down from full to low, then up and down between low and high."""
    hours = (at_us - power.crew.from_us[pos]) / HOUR_US
    drain, low, high = power.drain_pct_h[pos], power.low_pct[pos], power.high_pct[pos]
    falling = power.full_pct[pos] - drain * hours
    since_low = hours - (power.full_pct[pos] - low) / drain
    charge_h = (high - low) / CHARGE_PCT_H
    cycle = np.maximum(since_low, 0.0) % (charge_h + (high - low) / drain)
    charging = (since_low > 0.0) & (cycle < charge_h)
    rising = low + CHARGE_PCT_H * cycle
    again = high - drain * (cycle - charge_h)
    level = np.where(since_low > 0.0, np.where(charging, rising, again), falling)
    return level, charging


def _drain_before_dark(
    power: Power, befallen: Befallen, moments: Moments, level: Floats, charging: Bools
) -> None:
    """Let the battery run down to where it goes dark, and charge from nothing afterwards."""
    spans = befallen.spans(Effect.DARK)
    drained = spans.where(spans.value == DRAINED)
    for pos, dark_us, light_us in zip(drained.pos, drained.from_us, drained.to_us, strict=True):
        crew = power.crew
        first, after = np.searchsorted(moments.pos, [pos, pos + 1])
        at_us, mine = moments.at_us[first:after], slice(first, after)
        share = (at_us - crew.from_us[pos]) / max(int(dark_us - crew.from_us[pos]), 1)
        drained_level = power.full_pct[pos] + (1.5 - power.full_pct[pos]) * share
        charged = 1.5 + CHARGE_PCT_H * (at_us - light_us) / HOUR_US
        back = at_us >= light_us
        level[mine] = np.where(back, charged, np.where(at_us < dark_us, drained_level, 1.5))
        charging[mine] = back & (charged < 100.0)


def _charge_on_desk(
    power: Power, befallen: Befallen, moments: Moments, level: Floats, charging: Bools
) -> None:
    """Charge while the phone lies on the desk; what it gained stays for the rest of the duty."""
    spans = befallen.spans(Effect.ON_CHARGER)
    for pos, from_us, to_us in zip(spans.pos, spans.from_us, spans.to_us, strict=True):
        first, after = np.searchsorted(moments.pos, [pos, pos + 1])
        start, end = np.searchsorted(moments.at_us[first:after], [from_us, to_us]) + first
        edges = np.clip([from_us, to_us], power.crew.from_us[pos], power.crew.to_us[pos])
        base, _ = _by_habit(power, np.array([pos, pos]), edges)
        hours = (moments.at_us[start:end] - edges[0]) / HOUR_US
        level[start:end] = np.minimum(base[0] + CHARGE_PCT_H * hours, 100.0)
        charging[start:end] = True
        reached = min(base[0] + CHARGE_PCT_H * (edges[1] - edges[0]) / HOUR_US, 100.0)
        level[end:after] += max(reached - base[1], 0.0)
