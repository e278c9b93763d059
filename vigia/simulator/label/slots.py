"""Levels over time: how much of something there is at each site in each five minutes.

Belongs here: counting intervals on a grid of sites and slots, and finding stretches on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from vigia.simulator.config import WorldConfig
from vigia.simulator.draws import Bools, Ints

SLOT_US = 5 * 60_000_000
Grid = npt.NDArray[np.float64]
"""One row a site, one column a slot; a slot stands for its first instant."""


@dataclass(frozen=True, slots=True)
class Slots:
    """The grid of a world.

    Attributes:
        start_us: First instant.
        count: Number of slots.
        sites: Number of sites.
    """

    start_us: int
    count: int
    sites: int

    @classmethod
    def of(cls, config: WorldConfig) -> Slots:
        """The grid that covers a world."""
        return cls(config.start_us, (config.end_us - config.start_us) // SLOT_US, config.sites)

    def level(
        self, frame: pl.DataFrame, from_: pl.Expr, to: pl.Expr, weight: pl.Expr | float = 1.0
    ) -> Grid:
        """Sum of the weights of the rows whose interval covers the first instant of a slot.

        Args:
            frame: Rows with a `site`.
            from_: Start of each row's interval.
            to: Its end, excluded.
            weight: What each row counts for.
        """
        amount = weight if isinstance(weight, pl.Expr) else pl.lit(weight)
        table = frame.select("site", from_us=from_, to_us=to, amount=amount.cast(pl.Float64))
        table = table.filter((pl.col("from_us") < pl.col("to_us")) & (pl.col("site") >= 0))
        site = table["site"].to_numpy()
        change = np.zeros(self.sites * (self.count + 1))
        for column, sign in (("from_us", 1.0), ("to_us", -1.0)):
            place = site * (self.count + 1) + self._slot(table[column].to_numpy())
            change += sign * np.bincount(place, table["amount"].to_numpy(), len(change))
        level: Grid = np.cumsum(change.reshape(self.sites, self.count + 1), axis=1)[:, :-1]
        # Sums of sums: what should be nothing must not be a trace of it.
        return np.where(np.abs(level) < 1e-6, 0.0, level)

    def _slot(self, at_us: Ints) -> Ints:
        """The first slot that starts at an instant or after it."""
        slot: Ints = np.clip(-((self.start_us - at_us) // SLOT_US), 0, self.count)
        return slot

    def instant(self, slot: Ints) -> Ints:
        """First instant of slots."""
        at: Ints = self.start_us + slot * SLOT_US
        return at


def stretches(hit: Bools, bridge: int = 0) -> tuple[Ints, Ints, Ints]:
    """Stretches of slots in which something holds, by site and time.

    Args:
        hit: One row a site, one column a slot.
        bridge: Holes of at most so many slots do not end a stretch.

    Returns:
        Site, first slot and the slot after the last of each stretch.
    """
    site, slot = np.nonzero(hit)
    if not len(site):
        return site, slot, slot
    jump = np.diff(slot) > bridge + 1
    new = np.r_[True, jump | (np.diff(site) != 0)]
    last = np.r_[new[1:], True]
    return site[new], slot[new], slot[last] + 1


def surrounding(site: Ints, slot: Ints, stretch: tuple[Ints, Ints, Ints]) -> tuple[Ints, Ints]:
    """First slot, and the slot after the last, of the stretch that each slot of a site lies in."""
    owner, first, end = stretch
    width = int(end.max()) + 2 if len(end) else 1
    place = np.searchsorted(owner * width + first, site * width + slot, side="right") - 1
    return first[place], end[place]
