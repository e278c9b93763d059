"""Trackers of posts: what they measure beside the phones of those who carry them.

A tracker goes out with its carrier, from the planned start on or whenever that one comes later,
until the planned end. Where it sends, the position of its carrier is known whatever the phone
does; an effect only silences the phone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vigia.simulator.devices.befallen import Befallen, befallen
from vigia.simulator.devices.crew import Crew
from vigia.simulator.devices.sampling import Sampled, sampled
from vigia.simulator.draws import Ints
from vigia.simulator.effects import Effect
from vigia.simulator.world.carriers import carried_trackers
from vigia.simulator.world.model import Shard

if TYPE_CHECKING:
    from vigia.simulator.field.movement import Movement


@dataclass(frozen=True, slots=True)
class Tracked:
    """What trackers measure.

    Attributes:
        carrier: Position of each carrier in the crew of the phones.
        crew: The carriers, with their trackers in place of their phones.
        befallen: What befalls these.
        taken: The measurements.
    """

    carrier: Ints
    crew: Crew
    befallen: Befallen
    taken: Sampled


def tracked(shard: Shard, crew: Crew, movement: Movement) -> Tracked | None:
    """What the trackers of a shard measure; nothing where nobody carries one."""
    duties = shard.duties.sort("duty")
    tracker = carried_trackers(shard.world, duties)
    found = np.searchsorted(duties["duty"].to_numpy(), crew.duty)
    tracker, duties = tracker[found], duties[found]
    from_us = np.maximum(duties["arrives_us"].to_numpy(), duties["starts_us"].to_numpy())
    to_us = np.minimum(duties["leaves_us"].to_numpy(), duties["ends_us"].to_numpy())
    carrier = np.flatnonzero((tracker >= 0) & (from_us < to_us))
    if not len(carrier):
        return None
    ours = Crew(
        crew.world,
        duty=crew.duty[carrier],
        site=crew.site[carrier],
        post=crew.post[carrier],
        person=crew.person[carrier],
        device=tracker[carrier],
        from_us=from_us[carrier],
        to_us=to_us[carrier],
    )
    happens = befallen(shard.effects, ours)
    taken = sampled(ours, happens, happens.spans(Effect.DARK), movement)
    return Tracked(carrier, ours, happens, taken)
