"""Phones that fall silent: dark, dead, restarting, on their way to failure.

Belongs here: when a phone sends nothing at all, and when its app starts anew. How a failing
phone's battery, positions and heartbeats look is told where these are made.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vigia.simulator.devices.battery import Power, power_of
from vigia.simulator.devices.befallen import Befallen, befallen
from vigia.simulator.devices.crew import MINUTE_US, Crew, Spans, crew_of
from vigia.simulator.draws import Ints, Stream
from vigia.simulator.effects import Effect, Intervals
from vigia.simulator.world.model import Shard

REBOOT_SHARE = 0.02
CRASH_SHARE = 0.02
"""Share of duties in which a healthy phone is started anew, or its app crashes."""
SWITCHED_ON, REBOOTED, CRASHED = range(3)
"""Why an app starts."""
_MOST_RESTARTS = 6


def dark_of(power: Power, befallen: Befallen) -> Spans:
    """When phones are off, broken or empty: they send nothing and store nothing."""
    return befallen.spans(Effect.DARK).and_also(power.deaths)


def dark_phones(shard: Shard) -> Intervals:
    """The same for a whole shard, by device: what is done with such a phone leaves no trace."""
    crew = crew_of(shard)
    happens = befallen(shard.effects, crew)
    dark = dark_of(power_of(crew, happens), happens)
    device = crew.device[dark.pos]
    order = np.lexsort((dark.from_us, device))
    return Intervals(device[order], dark.from_us[order], dark.to_us[order], dark.value[order])


@dataclass(frozen=True, slots=True)
class Restarts:
    """Starts of apps within a duty, besides the first, sorted.

    Attributes:
        pos: Position in the crew.
        at_us: When the app starts anew.
        cause: `SWITCHED_ON` after it was dark, `REBOOTED` or `CRASHED`.
    """

    pos: Ints
    at_us: Ints
    cause: Ints


def restarts_of(crew: Crew, befallen: Befallen, dark: Spans) -> Restarts:
    """When the apps of a crew start anew."""
    stream = Stream(crew.world.config.seed, "devices.restart")
    parts: list[tuple[Ints, Ints, Ints]] = [(dark.pos, dark.to_us, np.full(len(dark), SWITCHED_ON))]
    every = np.arange(len(crew))
    for why, share in ((REBOOTED, REBOOT_SHARE), (CRASHED, CRASH_SHARE)):
        hit = stream.chance(share, crew.duty, why)
        length = crew.to_us - crew.from_us
        at_us = crew.from_us + (stream.uniform(crew.duty, why, 1) * length).astype(np.int64)
        parts.append((every[hit], at_us[hit], np.full(int(hit.sum()), why)))
    parts.append(_while_failing(stream, befallen.spans(Effect.FAILING)))
    pos, when_us, cause = (np.concatenate(column) for column in zip(*parts, strict=True))
    inside = (when_us > crew.from_us[pos] + MINUTE_US) & (when_us < crew.to_us[pos])
    order = np.flatnonzero(inside)[np.argsort(crew.packed(pos, when_us)[inside], kind="stable")]
    return Restarts(pos[order], when_us[order], cause[order])


def _while_failing(stream: Stream, failing: Spans) -> tuple[Ints, Ints, Ints]:
    """Restarts that come faster and faster towards the end."""
    which = np.repeat(np.arange(len(failing)), _MOST_RESTARTS)
    number = np.tile(np.arange(_MOST_RESTARTS), len(failing))
    duty, start = failing.crew.duty[failing.pos[which]], failing.from_us[which]
    happens = stream.chance(0.6 * failing.depth[which], duty, start, number)
    share = np.sqrt(stream.uniform(duty, start, number, 1))
    at_us = start + (share * (failing.to_us - failing.from_us)[which]).astype(np.int64)
    cause = np.where(stream.chance(0.5, duty, start, number, 2), REBOOTED, CRASHED)
    return failing.pos[which][happens], at_us[happens], cause[happens]
