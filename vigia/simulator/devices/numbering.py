"""Numbers that devices give to their events, so that it shows when one is missing.

Every start of an app is a *boot* with a code of its own; within a boot a device counts everything
it has to send, positions, heartbeats and phone events alike, in the order in which they happen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from vigia.simulator.devices.crew import Crew
from vigia.simulator.devices.failing import Restarts
from vigia.simulator.draws import Bools, Ints, Stream

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_BITS = 30
_MASK = (1 << _BITS) - 1
_BOOTS = 16
"""Most boots of a duty that have codes of their own; the last is the tracker's."""


@dataclass(frozen=True, slots=True)
class Senders:
    """Who sends: the phones of a crew, then the trackers that some of them carry besides.

    Attributes:
        device: Number of each sender's device.
        source: What its events call it.
        starts: Every boot, packed as `Crew.packed` does with the sender as position; sorted.
        boots: Codes of the boots.
    """

    device: Ints
    source: pl.Series
    starts: Ints
    boots: pl.Series


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the events of a crew are called, one row each.

    Attributes:
        boot: Code of the boot.
        seq: Number within the boot, from 1.
        rank: Place among all events of the crew; within a sender, the order in which they happen.
    """

    boot: pl.Series
    seq: Ints
    rank: Ints

    @property
    def ids(self) -> pl.Series:
        """Ids of the events, unique per device."""
        tails = pl.Series([f"-{n}" for n in range(int(self.seq.max()) + 1 if len(self.seq) else 0)])
        return pl.select(pl.concat_str(self.boot, tails.gather(self.seq))).to_series()

    def where(self, chosen: Bools) -> Numbers:
        """Some of the rows."""
        return Numbers(self.boot.filter(pl.Series(chosen)), self.seq[chosen], self.rank[chosen])


def senders_of(crew: Crew, restarts: Restarts, carried: Ints, tracker: Ints) -> Senders:
    """The senders of a crew and their boots.

    Args:
        crew: The crew.
        restarts: Boots besides the first of each duty.
        carried: Positions in the crew of those who carry a tracker besides, sorted.
        tracker: Number of the tracker of each of them.
    """
    code = crew.world.devices["code"]
    device = np.concatenate([crew.device, np.full(len(crew), -1)])
    device[len(crew) + carried] = tracker
    every = np.arange(len(crew))
    sender = np.concatenate([every, restarts.pos, len(crew) + carried])
    at_us = np.concatenate([crew.from_us, restarts.at_us, crew.from_us[carried]])
    starts = crew.packed(sender, at_us)
    order = np.argsort(starts, kind="stable")
    trackers = np.maximum(device[len(crew) :], 0)
    return Senders(
        device,
        pl.concat([("phone/" + code).gather(crew.device), ("tracker/" + code).gather(trackers)]),
        starts[order],
        _codes(crew, sender[order]),
    )


def _codes(crew: Crew, sender: Ints) -> pl.Series:
    """Codes of boots, given the sender of each: six letters that tell nothing, never the same."""
    first = np.searchsorted(sender, sender)
    place = np.minimum(np.arange(len(sender)) - first, _BOOTS - 2)
    is_tracker = sender >= len(crew)
    duty = crew.duty[np.where(is_tracker, sender - len(crew), sender)]
    number = duty * _BOOTS + np.where(is_tracker, _BOOTS - 1, place)
    scrambled = _scrambled(number, crew.world.config.seed)
    shifts = range(_BITS - 5, -1, -5)
    return pl.Series(
        ["".join(_DIGITS[(value >> s) & 31] for s in shifts) for value in scrambled.tolist()],
        dtype=pl.String,
    )


def _scrambled(number: Ints, seed: int) -> Ints:
    """Another order of the numbers below 2^30: every step can be undone, so none meet."""
    key = int(Stream(seed, "devices.boot").bits(0)) & _MASK
    mixed = (number & _MASK) ^ key
    for factor in (0x2C1B3C6D, 0x297A2D39):
        mixed = (mixed * factor) & _MASK
        mixed ^= mixed >> 15
    return mixed


def numbered(senders: Senders, keys: list[Ints]) -> tuple[list[Numbers], Ints]:
    """Number the events of a crew.

    Args:
        senders: Who sends.
        keys: For each kind of event, sender and instant, packed.

    Returns:
        The numbers of each kind, and all keys in order.
    """
    together = np.concatenate(keys)
    order = np.argsort(together, kind="stable")
    in_order = together[order]
    first = np.searchsorted(in_order, senders.starts)
    lengths = np.diff(first, append=len(in_order))
    boot = np.empty(len(order), dtype=np.int64)
    rank = np.empty(len(order), dtype=np.int64)
    boot[order] = np.repeat(np.arange(len(first)), lengths)
    rank[order] = np.arange(len(order))
    found, start = [], 0
    for key in keys:
        mine = slice(start, start + len(key))
        seq = rank[mine] - first[boot[mine]] + 1
        found.append(Numbers(senders.boots.gather(boot[mine]), seq, rank[mine]))
        start += len(key)
    return found, in_order
