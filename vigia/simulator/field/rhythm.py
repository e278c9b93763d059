"""The rhythm of a site's public life: opening hours, and curves of the day by kind of site.

Belongs here: how many strangers and staff to expect at which hour. Who they are is in `visitors`
and `doors`. Curves are assumptions (`domain.md` 6.2); a site that is closed has nobody.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from vigia.simulator.config import DAY_US
from vigia.simulator.draws import Bools, Floats, Ints
from vigia.simulator.effects import Effect
from vigia.simulator.field.crew import HOUR_US, MINUTE_US, Crew, looked_up
from vigia.simulator.field.dice import times_us
from vigia.simulator.field.rows import new_run, rank_in_runs, spread
from vigia.simulator.field.sway import Sway
from vigia.simulator.world.clock import weekday

OFFICE = (0, 0, 0, 0, 0, 0, 1, 4, 9, 13, 14, 12, 7, 8, 10, 8, 6, 4, 2, 1, 1, 0, 0, 0)
FLAT = (2, 2, 1, 1, 1, 2, 3, 5, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 5, 4, 3, 3, 2)
EARLY = (0, 0, 0, 0, 1, 4, 9, 12, 12, 11, 10, 8, 6, 7, 7, 5, 4, 2, 1, 1, 0, 0, 0, 0)
EVENING = (1, 0, 0, 0, 0, 0, 1, 2, 2, 3, 4, 5, 5, 5, 6, 7, 8, 10, 12, 12, 9, 6, 3, 2)
CURVES = {
    "office": OFFICE, "warehouse": EARLY, "hospital": FLAT, "mall": EVENING,
    "construction": EARLY, "residential": EVENING, "bank_atm": OFFICE, "data_centre": OFFICE,
    "factory": EARLY, "campus": OFFICE, "event": EVENING,
}  # fmt: skip
WEEKEND = {"hospital": 0.9, "mall": 1.4, "residential": 1.3, "event": 1.5}
QUIET_WEEKEND = 0.25
AFTER_HOURS = 0.3
"""What is left of the curve outside opening hours where a site never closes."""
_DAYS = 3
"""Local days that a UTC day can touch, its own in the middle."""
_NOON_MIN = 720


@dataclass(frozen=True, slots=True)
class Comings:
    """Things that happen at sites, by site and time.

    Attributes:
        site: Number of the site.
        number: Number within site and day.
        at_us: When.
    """

    site: Ints
    number: Ints
    at_us: Ints


@dataclass(frozen=True)
class Rhythm:
    """Hour by hour, how busy the sites of a shard are on its day.

    Attributes:
        crew: The crew of the shard.
        sway: The effects on it.
    """

    crew: Crew
    sway: Sway

    @cached_property
    def _hours(self) -> tuple[Ints, Ints]:
        """Site and start of every hour of the day, hour by hour for each site."""
        shard = self.crew.shard
        start = shard.world.config.start_us + shard.day * DAY_US
        sites = shard.sites.to_numpy()
        return np.repeat(sites, 24), np.tile(start + np.arange(24) * HOUR_US, len(sites))

    @cached_property
    def _share(self) -> Floats:
        """Share of a working day's life that falls into each hour, by site and hour."""
        site, begin = self._hours
        middle = begin + HOUR_US // 2
        world = self.crew.shard.world
        kinds = world.sites["archetype"][self.crew.shard.sites]
        curve = np.array([CURVES[kind] for kind in kinds.to_list()], dtype=np.float64)
        curve = curve.reshape(-1, 24) / curve.reshape(-1, 24).sum(axis=1, keepdims=True)
        local = self.crew.clock.to_local_us(site, middle)
        place = np.arange(len(site)) // 24
        share = curve[place, local % DAY_US // HOUR_US] * self.sway.activity(site, middle)
        rest = looked_up(kinds, WEEKEND, QUIET_WEEKEND)[place]
        share = np.where(weekday(local // DAY_US) >= 5, rest, 1.0) * share
        rest_of_day: Floats = share * np.where(self.is_open(site, middle), 1.0, AFTER_HOURS)
        return rest_of_day

    @cached_property
    def _open_hours(self) -> tuple[Ints, Ints]:
        """Opening and closing minute by site of the shard and local day, from the day before."""
        shard = self.crew.shard
        world = shard.world
        sites = shard.sites.to_numpy()
        calendar = world.sites["calendar"].to_numpy()[sites]
        hours = [_hours(text) for text in world.calendars["hours"][calendar].to_list()]
        day = self._first_day + np.arange(_DAYS)
        table = np.array(hours, dtype=np.int64).reshape(-1, 7, 2)[:, weekday(day)]
        opens, closes = table[..., 0].copy(), table[..., 1].copy()
        off = world.holidays["holiday_on"].to_physical().to_numpy() - self._first_day
        for place in np.flatnonzero((off >= 0) & (off < _DAYS)):
            mine = calendar == world.holidays["calendar"][int(place)]
            half = world.holidays["kind"][int(place)] == "half_day"
            closes[mine, off[place]] = np.minimum(
                closes[mine, off[place]], _NOON_MIN if half else 0
            )
        return opens, closes

    @property
    def _first_day(self) -> int:
        shard = self.crew.shard
        return shard.world.config.start_us // DAY_US + shard.day - 1

    def is_open(self, site: Ints, at_us: Ints) -> Bools:
        """Whether sites of the shard are open at instants of its day, by calendar and holidays."""
        opens, closes = self._open_hours
        local = self.crew.clock.to_local_us(site, at_us)
        place = np.searchsorted(self.crew.shard.sites.to_numpy(), site)
        day, minute = local // DAY_US - self._first_day, local % DAY_US // MINUTE_US
        is_open: Bools = (minute >= opens[place, day]) & (minute < closes[place, day])
        return is_open

    def comings(self, name: str, a_day: dict[str, float], sites: Bools | None = None) -> Comings:
        """Draw what happens at sites on the day, by their curves and opening hours.

        Args:
            name: Of the draws.
            a_day: How many on a working day, by kind of site.
            sites: Which sites of the shard take part; all when left out.
        """
        site, begin = self._hours
        shard = self.crew.shard
        usual = looked_up(shard.world.sites["archetype"][shard.sites], a_day)
        if sites is not None:
            usual = usual * sites
        draw = self.crew.stream(name)
        which, nth = spread(draw.poisson(np.repeat(usual, 24) * self._share, site, begin))
        at = begin[which] + times_us(draw.uniform(site[which], begin[which], 1 + nth), HOUR_US)
        site = site[which]
        kept = shard.world.sites["round_the_clock"].to_numpy()[site] | self.is_open(site, at)
        kept &= ~self.sway.intervals(Effect.SILENCE).covers(site, at)
        order = np.lexsort((at[kept], site[kept]))
        site, at = site[kept][order], at[kept][order]
        return Comings(site, rank_in_runs(new_run(site))[0], at)


def day_heads(crew: Crew, site: Ints) -> Ints:
    """Numbers that name a site and the shard's day in codes: seven digits."""
    return site * 1000 + crew.shard.day % 1000


@lru_cache(maxsize=64)
def _hours(text: str) -> tuple[tuple[int, int], ...]:
    """First opening and last closing minute of each weekday; both 0 when it is closed."""
    known = json.loads(text)
    days = [known.get(str(day), []) for day in range(7)]
    return tuple((_minute(d[0][0]), _minute(d[-1][1]) or 1440) if d else (0, 0) for d in days)


def _minute(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)
