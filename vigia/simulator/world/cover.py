"""Finding somebody to work instead of somebody else.

Belongs here: who is free and rested. Why somebody is needed is in `leave` and `attendance`.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator

import numpy as np
import polars as pl

from vigia.simulator.config import DAY_US
from vigia.simulator.draws import Stream
from vigia.simulator.world.clock import HOUR_US
from vigia.simulator.world.model import World

REST_US = 8 * HOUR_US
AROUND_US = 7 * DAY_US
MOST_AROUND_US = 108 * HOUR_US
"""Hours of the fortnight around a shift after which nobody takes one more."""

Stretch = tuple[int, int]


class Diary:
    """Who is planned when, and who can take one more shift."""

    def __init__(self, world: World, planned: pl.DataFrame) -> None:
        """Enter a plan with `person`, `starts_us` and `ends_us`, sorted by start."""
        self._work: dict[int, list[Stretch]] = {}
        self._away: dict[int, list[Stretch]] = {}
        for person, start, end in planned.select("person", "starts_us", "ends_us").iter_rows():
            self._work.setdefault(person, []).append((start, end))
        guards = world.people.filter(pl.col("role") == "guard")
        self._region = world.sites["region"].to_list()
        self._tenant = world.sites["tenant"].to_list()
        own = guards.group_by("home_site").agg("person").sort("home_site")
        self._own: dict[int, list[int]] = {s: sorted(p) for s, p in own.iter_rows()}
        crews = set(planned["person"].unique())
        self._relief = {p for staff in self._own.values() for p in staff if p not in crews}
        self._pool = self._relief_by_region()
        self._draw = Stream(world.config.seed, "cover.order")

    def _relief_by_region(self) -> dict[tuple[int, str], list[tuple[int, int]]]:
        """Site and number of people without a crew, by company and region."""
        pool: dict[tuple[int, str], list[tuple[int, int]]] = {}
        for site, staff in self._own.items():
            near = pool.setdefault((self._tenant[site], self._region[site]), [])
            near += [(site, person) for person in staff if person in self._relief]
        return pool

    def send_away(self, person: int, start: int, end: int) -> None:
        """Note that somebody is on leave."""
        insort(self._away.setdefault(person, []), (start, end))

    def book(self, person: int, start: int, end: int) -> None:
        """Note that somebody works."""
        insort(self._work.setdefault(person, []), (start, end))

    def release(self, person: int, start: int, end: int) -> None:
        """Note that somebody does not work after all."""
        self._work[person].remove((start, end))

    def find(self, site: int, start: int, end: int, *, but: Iterable[int] = ()) -> int:
        """Somebody who can work then: relief first, then colleagues, then relief from near by.

        Returns:
            The person's number, or -1.
        """
        excluded = set(but)
        for person in self._candidates(site, start):
            if person not in excluded and self._can(person, start, end):
                return person
        return -1

    def _candidates(self, site: int, start: int) -> Iterator[int]:
        own = self._own.get(site, [])
        # Whose turn it is to be asked is drawn, so that not the same one is asked every time.
        turn = self._draw.uniform(np.array(own, dtype=np.int64), start).tolist() if own else []
        asked = [person for _, person in sorted(zip(turn, own, strict=True))]
        yield from (p for p in asked if p in self._relief)
        yield from (p for p in asked if p not in self._relief)
        near = self._pool.get((self._tenant[site], self._region[site]), [])
        yield from (p for home, p in near if home != site)

    def _can(self, person: int, start: int, end: int) -> bool:
        if any(f < end and t > start for f, t in self._away.get(person, ())):
            return False
        work = self._work.get(person, [])
        place = bisect_left(work, (start, end))
        rested = place == 0 or work[place - 1][1] + REST_US <= start
        rests = place == len(work) or end + REST_US <= work[place][0]
        if not (rested and rests):
            return False
        around = [t - f for f, t in work if start - AROUND_US < f < start + AROUND_US]
        return sum(around) + end - start <= MOST_AROUND_US
