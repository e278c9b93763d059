"""Five-minute slots: what is known of many things at the end of each slot, by what had arrived.

Belongs here: counting, windows, levels and openings over a grid of things by slots. Does not
belong here: what any of it means (`naive`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from vigia.simulator.draws import Bools, Ints

SLOT_US = 5 * 60_000_000
Grid: TypeAlias = npt.NDArray[np.int32]
"""Numbers by thing (row) and slot (column)."""


@dataclass(frozen=True, slots=True)
class Span:
    """The slots of a world.

    Attributes:
        start_us: First instant of the first slot, microseconds since 1970.
        count: How many slots.
    """

    start_us: int
    count: int

    def of(self, instants: pl.Series) -> Ints:
        """The slot of each instant; below 0 or from `count` on for one outside of the span."""
        slots: Ints = (instants.to_physical().to_numpy() - self.start_us) // SLOT_US
        return slots

    def end_of(self, slots: Ints) -> Ints:
        """The last instant of each slot, which is when it is looked at."""
        return self.start_us + (slots + 1) * SLOT_US

    def counted(self, things: int, thing: Ints, slot: Ints) -> Grid:
        """How often each thing occurs in each slot; what is no thing (-1) or outside is left out."""
        inside = (thing >= 0) & (slot >= 0) & (slot < self.count)
        flat = thing[inside] * self.count + slot[inside]
        counts = np.bincount(flat, minlength=things * self.count)
        return counts.reshape(things, self.count).astype(np.int32)

    def level(self, things: int, thing: Ints, first: Ints, until: Ints) -> Grid:
        """How many intervals of each thing hold at the end of each slot.

        Args:
            things: How many there are.
            thing: Which one each interval is of; -1 for none.
            first: Slot in which it begins.
            until: Slot in which it is over.
        """
        known = (thing >= 0) & (until > first)
        steps = np.zeros((things, self.count + 1), dtype=np.int32)
        np.add.at(steps, (thing[known], np.clip(first[known], 0, self.count)), 1)
        np.add.at(steps, (thing[known], np.clip(until[known], 0, self.count)), -1)
        return np.cumsum(steps[:, :-1], axis=1, dtype=np.int32)


def in_last(grid: Grid, slots: int) -> Grid:
    """Sum over the last slots, this one included.

    >>> in_last(np.array([[1, 0, 0, 2]], dtype=np.int32), 2).tolist()
    [[1, 1, 0, 2]]
    """
    total = np.cumsum(grid, axis=1, dtype=np.int32)
    total[:, slots:] -= total[:, :-slots].copy()
    return total


def latest(values: Grid, none: int = -1) -> Grid:
    """The last value that was known at each slot; `none` before the first.

    >>> latest(np.array([[-1, 4, -1, 7]])).tolist()
    [[-1, 4, 4, 7]]
    """
    columns = np.arange(values.shape[1])
    known = np.maximum.accumulate(np.where(values != none, columns, -1), axis=1)
    found = np.take_along_axis(values, np.maximum(known, 0), axis=1)
    filled: Grid = np.where(known >= 0, found, none).astype(np.int32)
    return filled


def openings(true: Bools) -> tuple[Ints, Ints]:
    """Thing and slot of every change from false to true: one finding while it stays true.

    >>> [a.tolist() for a in openings(np.array([[True, True, False, True]]))]
    [[0, 0], [0, 3]]
    """
    before = np.zeros_like(true)
    before[:, 1:] = true[:, :-1]
    thing, slot = np.nonzero(true & ~before)
    return thing.astype(np.int64), slot.astype(np.int64)
