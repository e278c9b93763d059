"""The five-minute slots behind instants, for rules about levels that have to last.

What must hold for half an hour cannot be judged from the instants alone that somebody asks about:
one of them has no past. So levels are taken at the slots in which metrics are kept, as far back
as the rule looks, and each instant is told the newest slot before it. An audit, a replay at any
step and the pages of metrics then tell the same story.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from vigia.domain.watch.moments import MINUTE_US, Bools, Ints, Moments

SLOT_US = 5 * MINUTE_US
Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True)
class Slots:
    """Slots behind some instants.

    Attributes:
        moments: The instants.
        back: How many slots before the first one's own.
        width_us: How long a slot is.
    """

    moments: Moments
    back: int = 0
    width_us: int = SLOT_US

    @cached_property
    def starts(self) -> Moments:
        """Every slot from the first to the one of the last instant."""
        first, last = (us // self.width_us for us in (self.moments.first_us, self.moments.last_us))
        return Moments(np.arange(first - self.back, last + 1, dtype=np.int64) * self.width_us)

    @cached_property
    def of_moment(self) -> Ints:
        """The column of the slot in which each instant lies."""
        columns: Ints = (self.moments.at_us - self.starts.first_us) // self.width_us
        return columns

    def spread(self, rows: npt.NDArray[Number]) -> npt.NDArray[Number]:
        """Rows by slot as rows by instant."""
        return rows[:, self.of_moment]

    def lasting(self, rows: Bools, count: int) -> Bools:
        """Where something holds by instant: in its slot and in so many before it.

        One slot between two that hold is none: people overlap for some minutes when shifts
        change, and counts flicker. It takes one slot more than `count` behind the instants.
        """
        between = np.zeros_like(rows)
        between[:, 1:-1] = rows[:, :-2] & rows[:, 2:]
        held = np.cumsum(rows | between, axis=1, dtype=np.int32)
        before = np.zeros_like(held)
        before[:, count + 1 :] = held[:, : -count - 1]
        full: Bools = (held - before == count + 1) & rows
        return self.spread(full)
