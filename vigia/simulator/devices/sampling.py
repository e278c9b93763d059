"""When a phone measures its position: every minute on the move, every five minutes at rest.

It is at rest when it has not been moved for ten minutes.

The grid of each phone is fixed in time, so that neither the start of a duty nor the size of a
piece of work changes what is measured. Belongs here: which measurements happen, and the chance
that is in them. What they say is in `positions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vigia.simulator.devices.befallen import Befallen
from vigia.simulator.devices.crew import (
    HOUR_US,
    MINUTE_US,
    SECOND_US,
    Crew,
    Moments,
    Spans,
    ticks,
    whole_ms,
)
from vigia.simulator.devices.lanes import Lane, Lanes
from vigia.simulator.draws import Bools, Floats, Ints, Stream, quantised
from vigia.simulator.effects import Effect
from vigia.simulator.world.clock import LocalClock

if TYPE_CHECKING:
    from vigia.simulator.field.movement import Movement, Position

STILL_EVERY = 5
"""At rest only every fifth point of the grid is used: 300 s."""
STILL_WITHIN_M = 15.0
STILL_AFTER = 10
"""A phone is at rest once it has stayed within `STILL_WITHIN_M` for so many minutes."""
MISSING_OUTDOORS = 0.01
MISSING_INDOORS = 0.4, 0.9
MISSING_WITHOUT_SKY = 0.97
CORRELATION_S = 120.0
"""Time in which an error of position forgets itself (e-fold)."""
NOTHING, INVALID, COARSE, FROZEN = 0.0, 1.0, 2.0, 3.0
"""Values of `GPS_LOST`."""
FALL = 1.0
"""Value of `STILL` that says that the person fell."""
JOLT_US = 15 * SECOND_US
DOZE_SHARE = 0.35
"""Share of night hours in which a phone that dozes does so."""
_DOUBLINGS = 3
_TAPS = 2**_DOUBLINGS
_EAST, _NORTH, _QUALITY, _MISSING = range(4)
_JITTER_BITS = 0xFFF


@dataclass(frozen=True, slots=True)
class Sampled:
    """The measurements of a crew, one row each, sorted.

    Attributes:
        moments: Whose, and when.
        number: Number of the grid's point; with the phone the key of further draws.
        x_m: True position, metres east of the site's centre.
        y_m: The same to the north.
        mode: How the person moves, as `Position` has it; 0 at rest.
        indoor: Under a roof.
        speed_mps: True speed.
        east: Error to the east in units of its deviation.
        north: The same to the north.
        quality: A 16-bit draw for the accuracy that is reported.
    """

    moments: Moments
    number: Ints
    x_m: Floats
    y_m: Floats
    mode: Ints
    indoor: Bools
    speed_mps: Floats
    east: Floats
    north: Floats
    quality: Lane


def sampled(crew: Crew, befallen: Befallen, gone: Spans, movement: Movement) -> Sampled:
    """Take the measurements of a crew.

    Args:
        crew: Whose.
        befallen: What befalls it.
        gone: When their devices measure nothing: dark, or spared by a second tracker.
        movement: Where everybody truly is.
    """
    stream = Stream(crew.world.config.seed, "devices.fix")
    phase = whole_ms(stream.uniform(crew.device) * MINUTE_US)
    pos, number = ticks(crew, MINUTE_US, phase, before=_TAPS)
    lanes = Lanes(stream, crew.device[pos], number)
    # Jitter in whole milliseconds, from bits that hardly move the accuracy they are part of.
    jitter_us = (lanes.lane(_QUALITY) & _JITTER_BITS).astype(np.int64) * 1_000
    at_us = number * MINUTE_US + phase[pos] + jitter_us
    inside = np.flatnonzero((at_us - jitter_us >= crew.from_us[pos]) & (at_us < crew.to_us[pos]))
    moments = Moments.of(crew, pos[inside], at_us[inside])
    moments = _with_falls(moments, befallen.spans(Effect.STILL))
    place, mode = _seen(befallen, moments, movement)
    rests = ~_moved_lately(moments, place, mode)
    due = ~rests | ((number[inside] + crew.device[moments.pos]) % STILL_EVERY == 0)
    share = _missing_share(crew, moments.pos, place.indoor)
    taken = due & (lanes.uniform(_MISSING)[inside] >= share)
    lost = _without_receiver(befallen, gone, moments, rests)
    lost |= befallen.spans(Effect.SILENCE).cover(moments)
    taken = np.flatnonzero(taken & ~lost)
    kept = inside[taken]
    return Sampled(
        moments.where(taken),
        number[kept],
        x_m=place.x_m[taken],
        y_m=place.y_m[taken],
        mode=mode[taken],
        indoor=place.indoor[taken],
        speed_mps=place.speed_mps[taken],
        east=correlated(lanes.normal(_EAST))[kept],
        north=correlated(lanes.normal(_NORTH))[kept],
        quality=lanes.lane(_QUALITY)[kept],
    )


def correlated(white: Floats) -> Floats:
    """Independent normals a minute apart, made to forget each other with `CORRELATION_S`.

    A sum over the last `_TAPS` minutes with exponential weights: an AR(1) process that is cut
    where less than two per cent of it are left. Its variance is one; the first values of a row of
    minutes have less.
    """
    decay = float(quantised(np.exp(-np.array([60.0]) / CORRELATION_S))[0])
    total, weight = white.copy(), decay
    for step in (2**n for n in range(_DOUBLINGS)):
        later = total[:-step] * weight
        total[step:] += later
        weight *= weight
    total *= np.sqrt((1.0 - decay**2) / (1.0 - decay ** (2 * _TAPS)))
    return total


def _with_falls(moments: Moments, still: Spans) -> Moments:
    """Let the last measurement before a fall be right before it: the phone notices the jolt."""
    falls = still.where(still.value == FALL)
    crew, at_us = moments.crew, moments.at_us.copy()
    last = np.searchsorted(moments.key, crew.packed(falls.pos, falls.from_us)) - 1
    near = (last >= 0) & (moments.pos[last] == falls.pos)
    near &= at_us[last] >= falls.from_us - MINUTE_US
    at_us[last[near]] = whole_ms(falls.from_us[near] - JOLT_US)
    return Moments.of(crew, moments.pos, at_us)


def _seen(befallen: Befallen, moments: Moments, movement: Movement) -> tuple[Position, Ints]:
    """Where the phone is, and how it moves; on a charger it lies where it was put."""
    at_us, rests = moments.at_us, befallen.spans(Effect.ON_CHARGER)
    rows, which = rests.inside(moments)
    if len(rows):
        at_us = at_us.copy()
        at_us[rows] = np.maximum(rests.from_us, moments.crew.from_us[rests.pos])[which]
    place = movement.at(moments.crew.duty[moments.pos], at_us)
    mode = place.mode.astype(np.int64)
    mode[rows] = 0
    return place, mode


def _missing_share(crew: Crew, pos: Ints, indoor: Bools) -> Floats:
    """The chance that a measurement finds no satellites: of the building, while inside it."""
    stream = Stream(crew.world.config.seed, "devices.building")
    low, high = MISSING_INDOORS
    inside = stream.uniform(crew.post, 0, low=low, high=high)
    sky = crew.world.sites["gps_expectation"].to_numpy()[crew.site] != "none"
    inside = np.where(sky, inside, MISSING_WITHOUT_SKY)
    return np.where(indoor, inside[pos], MISSING_OUTDOORS)


def _moved_lately(moments: Moments, place: Position, mode: Ints) -> Bools:
    """Whether each phone was moved in the last ten minutes: walking, or found elsewhere."""
    rows = np.arange(len(moments))
    same = np.diff(moments.pos, prepend=-1) == 0
    way = np.abs(np.diff(place.x_m, prepend=0.0)) + np.abs(np.diff(place.y_m, prepend=0.0))
    # Who has just arrived was on the move before.
    moved = (mode != 0) | ~same | (same & (way > STILL_WITHIN_M))
    last = np.maximum.accumulate(np.where(moved, rows, 0))
    lately: Bools = rows - last < STILL_AFTER
    return lately


def _without_receiver(befallen: Befallen, off: Spans, moments: Moments, rests: Bools) -> Bools:
    """When a phone measures nothing although it is due."""
    lost = befallen.spans(Effect.GPS_LOST)
    gone = off.cover(moments) | lost.where(lost.value == NOTHING).cover(moments)
    dozes = _doze(moments.crew)
    if len(dozes):
        gone |= dozes.cover(moments) & rests
    failing = befallen.spans(Effect.FAILING)
    rows, which = failing.inside(moments)
    if len(rows):
        stream = Stream(moments.crew.world.config.seed, "devices.fix.failing")
        worn = failing.progress(moments.at_us[rows], which) * failing.depth[which]
        duty = moments.crew.duty[moments.pos[rows]]
        gone[rows] |= stream.chance(0.6 * worn**2, duty, moments.at_us[rows])
    return gone


def _doze(crew: Crew) -> Spans:
    """Stretches of 5 to 40 minutes at night in which some phones measure nothing at rest."""
    stream = Stream(crew.world.config.seed, "devices.doze")
    pos, hour = ticks(crew, HOUR_US, np.zeros(len(crew), dtype=np.int64), before=1)
    sleeps = crew.world.devices["dozes"].to_numpy()[crew.device[pos]]
    duty = crew.duty[pos]
    sleeps &= stream.chance(DOZE_SHARE, duty, hour, 0)
    pos, duty, start = pos[sleeps], duty[sleeps], hour[sleeps] * HOUR_US
    start += (stream.uniform(duty, hour[sleeps], 1) * HOUR_US).astype(np.int64)
    minutes = stream.uniform(duty, hour[sleeps], 2, low=5.0, high=40.0)
    local = LocalClock(crew.world).to_local_us(crew.site[pos], start) // HOUR_US % 24
    night = (local >= 22) | (local < 6)
    end = start + (minutes * MINUTE_US).astype(np.int64)
    return Spans.of(crew, pos[night], start[night], end[night])
