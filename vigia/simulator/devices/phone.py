"""What a phone reports besides positions and heartbeats: touches, calls, and what happens to it.

A person causes about thirty events in a shift of 12 hours, fewer in the dead of the night; the
phone causes some ten more by itself. `human` tells them apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from vigia.simulator.devices.befallen import Befallen
from vigia.simulator.devices.crew import (
    HOUR_US,
    MARGIN_US,
    MINUTE_US,
    SECOND_US,
    Crew,
    Moments,
    Spans,
    ticks,
    whole_ms,
)
from vigia.simulator.devices.failing import CRASHED, Restarts
from vigia.simulator.draws import Bools, Floats, Ints, Stream
from vigia.simulator.effects import Effect
from vigia.simulator.world.clock import LocalClock

KINDS = (
    "interaction",
    "call_in",
    "call_out",
    "sms",
    "push_ack",
    "login",
    "logout",
    "network_change",
    "permission_change",
    "reboot",
    "crash",
)
_LOGIN, _LOGOUT, _NETWORK, _PERMISSION, _REBOOT, _CRASH = range(5, 11)
FIRST_AUTOMATIC = _NETWORK
"""Kinds before this one are a person's doing."""
HUMAN_PER_H = 2.6
AUTOMATIC_PER_H = 0.65
DIP_HOURS = 3, 5
"""From the first of these hours until the second, by the wall clock, people are tired."""
DIP_ACTIVITY = 0.6
DENIED, SWITCHED_OFF, BROKEN = range(3)
"""Why a phone has no position at all."""
_HUMAN_WEIGHTS = (62.0, 7.0, 8.0, 6.0, 17.0)
_SLOT_US = 5 * MINUTE_US

_Part: TypeAlias = tuple[Ints, Ints, Ints]
"""Position, instant and kind of some events."""


@dataclass(frozen=True, slots=True)
class Touches:
    """Phone events, one row each, sorted; `kind` is a place in `KINDS`."""

    moments: Moments
    kind: Ints

    @property
    def human(self) -> Bools:
        """Whether a person caused it."""
        by_person: Bools = self.kind < FIRST_AUTOMATIC
        return by_person


def touches(crew: Crew, befallen: Befallen, dark: Spans, restarts: Restarts) -> Touches:
    """Everything that the phones of a crew report of themselves and their owners."""
    parts = [
        *_everyday(crew, befallen),
        *_first_and_last(crew),
        *_networks(befallen),
        *_permissions(befallen),
        _starts(restarts),
    ]
    pos, at_us, kind = (np.concatenate(column) for column in zip(*parts, strict=True))
    at_us = whole_ms(at_us)
    inside = (at_us >= crew.from_us[pos]) & (at_us < crew.to_us[pos])
    moments, order = Moments.sorted(crew, pos[inside], at_us[inside])
    kind = kind[inside][order]
    kept = ~_absent(befallen, dark, moments, kind)
    return Touches(moments.where(kept), kind[kept])


def why_lost(lost: Spans) -> Ints:
    """Why each phone without any position has none: `DENIED`, `SWITCHED_OFF` or `BROKEN`."""
    stream = Stream(lost.crew.world.config.seed, "devices.gps_lost")
    return stream.integers(3, lost.crew.device[lost.pos], lost.from_us)


def _everyday(crew: Crew, befallen: Befallen) -> list[_Part]:
    """Poisson counts in slots of five minutes, more or fewer as the site's activity is."""
    pos, number = ticks(crew, _SLOT_US, np.zeros(len(crew), dtype=np.int64), before=1)
    slots = Moments.of(crew, pos, number * _SLOT_US)
    activity = _activity(befallen, slots)
    hour = LocalClock(crew.world).to_local_us(crew.site[pos], slots.at_us) // HOUR_US % 24
    tired = (hour >= DIP_HOURS[0]) & (hour < DIP_HOURS[1])
    by_person = activity * np.where(tired, DIP_ACTIVITY, 1.0)
    slots_per_h = HOUR_US / _SLOT_US
    human = _scattered(slots, "devices.touch", by_person * (HUMAN_PER_H / slots_per_h))
    by_itself = _scattered(slots, "devices.network", activity * (AUTOMATIC_PER_H / slots_per_h))
    stream = Stream(crew.world.config.seed, "devices.touch.kind")
    kind = stream.choice(_HUMAN_WEIGHTS, crew.duty[human[0]], human[1])
    return [(*human, kind), (*by_itself, np.full(len(by_itself[0]), _NETWORK))]


def _activity(befallen: Befallen, slots: Moments) -> Floats:
    """The factor on what happens in each slot."""
    world, site = slots.crew.world, slots.crew.site[slots.pos]
    sign = Stream(world.config.seed, "devices.shift").uniform(site) < 0.5
    shift = world.config.knobs.shift * np.where(sign, -1.0, 1.0)
    factor = np.where(slots.at_us >= world.config.test_us, 1.0 + shift, 1.0)
    for effect in (Effect.METRIC_SHIFT, Effect.METRIC_DRIFT):
        spans = befallen.spans(effect)
        rows, which = spans.inside(slots)
        change = (spans.value - 1.0)[which] * spans.depth[which]
        if effect is Effect.METRIC_DRIFT:
            change *= spans.progress(slots.at_us[rows], which)
        factor[rows] *= 1.0 + change
    return factor


def _scattered(slots: Moments, name: str, mean: Floats) -> tuple[Ints, Ints]:
    """Position and instant of events whose number in each slot is Poisson."""
    stream = Stream(slots.crew.world.config.seed, name)
    duty = slots.crew.duty[slots.pos]
    count = stream.poisson(mean, duty, slots.at_us)
    slot = np.repeat(np.arange(len(slots)), count)
    place = np.arange(len(slot)) - (np.cumsum(count) - count)[slot]
    within = stream.uniform(duty[slot], slots.at_us[slot], 1 + place)
    return slots.pos[slot], slots.at_us[slot] + (within * _SLOT_US).astype(np.int64)


def _first_and_last(crew: Crew) -> list[_Part]:
    """Logging in on arrival and out before leaving."""
    stream = Stream(crew.world.config.seed, "devices.login")
    every = np.arange(len(crew))
    after = MARGIN_US + (stream.uniform(crew.duty, 0) * 4 * MINUTE_US).astype(np.int64)
    before = MARGIN_US + (stream.uniform(crew.duty, 1) * 2 * MINUTE_US).astype(np.int64)
    return [
        (every, crew.from_us + after, np.full(len(crew), _LOGIN)),
        (every, crew.to_us - before, np.full(len(crew), _LOGOUT)),
    ]


def _networks(befallen: Befallen) -> list[_Part]:
    """A phone notices when its network goes and when it comes back."""
    down = befallen.cut_off()
    stream = Stream(befallen.crew.world.config.seed, "devices.network.edge")
    kind = np.full(len(down), _NETWORK)
    key = befallen.crew.duty[down.pos], down.from_us
    wait = [(stream.uniform(*key, n) * 40 * SECOND_US).astype(np.int64) for n in (0, 1)]
    return [(down.pos, down.from_us + wait[0], kind), (down.pos, down.to_us + wait[1], kind)]


def _permissions(befallen: Befallen) -> list[_Part]:
    """A person takes the permission to locate away, and gives it back."""
    lost = befallen.spans(Effect.GPS_LOST)
    lost = lost.where((lost.value == 0.0) & (why_lost(lost) == DENIED))
    kind = np.full(len(lost), _PERMISSION)
    return [(lost.pos, lost.from_us, kind), (lost.pos, lost.to_us, kind)]


def _starts(restarts: Restarts) -> _Part:
    kind = np.where(restarts.cause == CRASHED, _CRASH, _REBOOT)
    return restarts.pos, restarts.at_us + 2 * SECOND_US, kind


def _absent(befallen: Befallen, dark: Spans, moments: Moments, kind: Ints) -> Bools:
    """Events that nobody and nothing causes after all."""
    gone = dark.cover(moments)
    for effect in (Effect.SILENCE, Effect.APP_DEAD):
        gone |= befallen.spans(effect).cover(moments)
    untouched = np.zeros(len(moments), dtype=np.bool_)
    for effect in (Effect.PARKED, Effect.CARRIED, Effect.STILL):
        untouched |= befallen.spans(effect).cover(moments)
    gone |= untouched & (kind < FIRST_AUTOMATIC)
    return gone
