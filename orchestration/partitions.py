"""Which ranges of days to run, decided from values alone. What a partition is: `assets.partitions`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from assets.partitions import CHANGED, RANGE_END, RANGE_START, RECOMPUTE
from vigia.store.arrivals import DirtyDay

LIVE_DAYS = 4
"""Today and the three days behind it that events may still arrive for in time."""
NEAR_DAYS = 7
"""Days this near each other are one run: a quiet day costs less than another run."""


@dataclass(frozen=True, slots=True)
class DayRange:
    """Days that one run is for, both ends included.

    Attributes:
        generation: Newest mark among them: the same days with new marks are another run.
    """

    first: date
    last: date
    generation: int = 0

    @property
    def run_key(self) -> str:
        """What makes a run for these days the same run."""
        return f"{self.first}:{self.last}:{self.generation}"

    @property
    def tags(self) -> dict[str, str]:
        """Run tags that make it one run for the whole range, for what changed in it."""
        return {
            RANGE_START: self.first.isoformat(),
            RANGE_END: self.last.isoformat(),
            RECOMPUTE: CHANGED,
        }


def live_range(today: date) -> DayRange:
    """The days that the five-minute cadence looks after."""
    return DayRange(today - timedelta(days=LIVE_DAYS - 1), today)


def history_ranges(days: Iterable[DirtyDay], *, today: date) -> list[DayRange]:
    """The ranges of days that changed and that no cadence looks after.

    Args:
        days: Days that are out of date, in any order.
        today: The UTC day it is. Days of the live range and after it are left out.

    Returns:
        Ranges in order; days at most `NEAR_DAYS` apart share one.
    """
    old = sorted((d for d in days if d.day < live_range(today).first), key=lambda d: d.day)
    ranges: list[DayRange] = []
    for dirty in old:
        if ranges and (dirty.day - ranges[-1].last).days <= NEAR_DAYS:
            before = ranges.pop()
            newest = max(before.generation, dirty.generation)
            ranges.append(DayRange(before.first, dirty.day, newest))
        else:
            ranges.append(DayRange(dirty.day, dirty.day, dirty.generation))
    return ranges
