"""Steps that a phone counts between two positions, and what it believes its owner to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from vigia.simulator.devices.befallen import Befallen
from vigia.simulator.devices.crew import Moments
from vigia.simulator.devices.sampling import Sampled
from vigia.simulator.draws import Floats, Ints
from vigia.simulator.effects import Effect

if TYPE_CHECKING:
    from vigia.simulator.field.movement import Movement

STEP_M = 0.75
MOTIONS = ("still", "walking", "running", "vehicle")
RUNNING_MPS = 2.2
FIDGET_SHARE = 0.6
"""Share of positions at rest since which somebody took a few steps all the same."""
MISREAD = 64
"""One of so many positions of walkers whose sensors take a hurried step or two for running."""
_VEHICLE = 2
"""Way of moving in `Position.mode`."""


def steps_delta(taken: Sampled, befallen: Befallen, movement: Movement) -> Ints:
    """Steps since the position before, or since the arrival."""
    moments = taken.moments
    walked = _carried_m(befallen, moments, movement)
    first = np.diff(moments.pos, prepend=-1) != 0
    way = np.diff(walked, prepend=0.0)
    way[first] = walked[first]
    steps = np.maximum(way / STEP_M, 0.0).astype(np.int64)
    fidgets = (taken.quality < FIDGET_SHARE * 65_536) & (taken.mode == 0)
    for effect in (Effect.PARKED, Effect.STILL, Effect.ON_CHARGER):
        fidgets &= ~befallen.spans(effect).cover(moments)
    return steps + np.where(fidgets, 1 + taken.quality % 12, 0)


def _carried_m(befallen: Befallen, moments: Moments, movement: Movement) -> Floats:
    """Metres that the phone was carried on foot; not while it lay on a charger."""
    crew, duty = moments.crew, moments.crew.duty
    walked: Floats = movement.walked_m(duty[moments.pos], moments.at_us).astype(np.float64)
    rests = befallen.spans(Effect.ON_CHARGER)
    for pos, from_us, to_us in zip(rests.pos, rests.from_us, rests.to_us, strict=True):
        edges = np.clip([from_us, to_us], crew.from_us[pos], crew.to_us[pos])
        before, after = movement.walked_m(duty[[pos, pos]], edges)
        end = np.searchsorted(moments.pos, pos + 1)
        lies, goes = np.searchsorted(moments.key, crew.packed(np.array([pos, pos]), edges))
        walked[lies:goes] = before
        walked[goes:end] -= after - before
    return walked


def motions(taken: Sampled) -> pl.Series:
    """How the person moves, as the phone's own sensors tell."""
    hurried = (taken.speed_mps > RUNNING_MPS) | (taken.quality % MISREAD == 0)
    running = (taken.mode == 1) & hurried
    motion = np.where(taken.mode == _VEHICLE, 3, np.where(running, 2, taken.mode))
    return pl.Series(MOTIONS).gather(motion)
