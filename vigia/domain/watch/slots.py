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

from vigia.domain.watch.known import Known
from vigia.domain.watch.moments import MINUTE_US, Bools, Ints, Moments

SLOT_US = 5 * MINUTE_US
Number = TypeVar("Number", bound=np.generic)


_TIMELESS = {
    "presence": ("duties", "stays"),
    "work": ("tasks", "tours", "tickets", "alerts"),
}
"""By part of what is known, histories that are the same whatever the instants."""


def known_at(known: Known, moments: Moments) -> Known:
    """What is known at other instants, without reading the same histories again."""
    other = Known(known.facts, moments)
    # A cached property is what stands under its name.
    vars(other)["things"] = known.things
    for part, names in _TIMELESS.items():
        mine, others = getattr(known, part), getattr(other, part)
        vars(others).update({name: getattr(mine, name) for name in names})
    return other


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

    def lasted(self, rows: Bools, most: int) -> Ints:
        """For how many slots before its own something has held by instant, `most` at most.

        One slot between two that hold is none: people overlap for some minutes when shifts
        change, and counts flicker. It takes one slot more than `most` behind the instants; -1
        where it does not hold.
        """
        between = np.zeros_like(rows)
        between[:, 1:-1] = rows[:, :-2] & rows[:, 2:]
        place = np.arange(rows.shape[1], dtype=np.int64)
        last_break = np.maximum.accumulate(np.where(rows | between, -1, place), axis=1)
        since: Ints = np.where(rows, np.minimum(place - last_break - 1, most), -1)
        return self.spread(since)
