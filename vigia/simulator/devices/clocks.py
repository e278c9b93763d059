"""What a phone's clock shows: most are right to a second or two, a few are not set at all.

Shares are those of the specification: 90 % within 2 s, 9 % within a minute, 1 % up to 15 minutes
off (these belong to the phone), and now and then a phone starts in a wrong time zone (0.1 %) or
with a date that nobody set (0.02 %), until it is switched off.
"""

from __future__ import annotations

import numpy as np

from vigia.simulator.config import DAY_US
from vigia.simulator.devices.crew import HOUR_US, MINUTE_US, SECOND_US
from vigia.simulator.draws import Floats, Ints, Stream, quantised
from vigia.simulator.effects import Effect, Effects
from vigia.simulator.world.model import World

WRONG_ZONE_HOURS = np.array([-8.0, -5.5, -5.0, -2.0, -1.0, 1.0, 2.0, 3.0, 5.5, 8.0])
_GPS_ROLLOVER_US = 1_024 * 7 * DAY_US
_YEARS_2000_US = 946_684_800 * SECOND_US
_FACTORY, _MILLENNIUM, _ROLLOVER, _DECADE = range(4)


def clock_errors_us(world: World, effects: Effects, device: Ints, duty: Ints, at_us: Ints) -> Ints:
    """How far each phone's clock is ahead, in whole milliseconds given as microseconds.

    Args:
        world: Whose phones.
        effects: `CLOCK_OFF` replaces what the clock is off otherwise.
        device: Numbers of the phones.
        duty: Duty in which each is used, -1 unknown.
        at_us: True time.
    """
    error = _usual_us(world, device)
    odd, shown_us = _odd_us(world, duty, at_us)
    error = np.where(odd, shown_us, error)
    off = effects.intervals(Effect.CLOCK_OFF)
    if len(off) and np.isin(device, off.scope).any():
        found = off.covering(device, at_us)
        set_off = (off.value[found] * SECOND_US).astype(np.int64)
        error = np.where(found >= 0, set_off, error)
    return error // 1_000 * 1_000


def _usual_us(world: World, device: Ints) -> Ints:
    """The error that belongs to the phone."""
    every = np.arange(world.devices.height)
    stream = Stream(world.config.seed, "devices.clock")
    scale = world.config.knobs.clock_error
    drawn, size = stream.uniform(every, 0), stream.uniform(every, 1)
    sign = np.where(stream.uniform(every, 2) < 0.5, -1.0, 1.0)
    small = np.clip(0.7 * np.abs(stream.normal(every, 3)), 0.0, 2.0)
    medium = 2.0 + 58.0 * size
    large = 60.0 * 15.0**size
    far = drawn < 0.01 * scale
    seconds = np.where(far, large, np.where(drawn < 0.10 * scale, medium, small))
    found: Ints = (quantised(sign * seconds) * SECOND_US).astype(np.int64)[device]
    return found


def _odd_us(world: World, duty: Ints, at_us: Ints) -> tuple[np.ndarray, Ints]:
    """Whether the phone of a duty started with a wrong clock, and how far that is ahead."""
    stream = Stream(world.config.seed, "devices.clock.odd")
    scale = world.config.knobs.clock_error
    first = int(duty.min()) if len(duty) else 0
    every = np.arange(first, int(duty.max()) + 1 if len(duty) else 0)
    drawn = stream.uniform(every, 0)
    absurd = (drawn < 0.0002 * scale) & (every >= 0)
    zone = (drawn < 0.0012 * scale) & (every >= 0) & ~absurd
    hours: Floats = WRONG_ZONE_HOURS[stream.integers(len(WRONG_ZONE_HOURS), every, 1)]
    shown = np.where(zone, hours * HOUR_US, 0.0).astype(np.int64)
    place = duty - first
    odd = (absurd | zone)[place]
    if not absurd.any():
        return odd, shown[place]
    return odd, np.where(absurd[place], _absurd_us(stream, duty, at_us), shown[place])


def _absurd_us(stream: Stream, duty: Ints, at_us: Ints) -> Ints:
    """How far a clock that nobody set is ahead."""
    kind = stream.integers(4, duty, 2)
    day = at_us % DAY_US
    by_kind = (
        MINUTE_US + day - at_us,
        _YEARS_2000_US + day - at_us,
        np.full_like(at_us, -_GPS_ROLLOVER_US),
        np.full_like(at_us, 10 * 365 * DAY_US),
    )
    error: Ints = np.choose(kind, by_kind)
    return error
