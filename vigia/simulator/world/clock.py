"""Wall clocks of sites: from instants to local time and back, for whole columns at once.

Local time is given as microseconds since 1970 as a clock on the wall would count them. Belongs
here: conversion. What hours mean to a site is in its calendar and requirements.
"""

from __future__ import annotations

import numpy as np

from vigia.domain.calendar import DAY_US, MINUTE_US, offsets
from vigia.simulator.draws import Ints
from vigia.simulator.world.model import World

HOUR_US = 60 * MINUTE_US
_PADDING_US = 30 * DAY_US
# 1970-01-01 was a Thursday; weeks start on Monday.
_EPOCH_WEEKDAY = 3


class LocalClock:
    """The wall clocks of a world's sites, exact over every change of the clocks.

    In the hour that occurs twice a wall-clock time means its first pass; a time that is skipped
    means as much after the gap as it lies in it (PEP 495, fold 0).
    """

    def __init__(self, world: World) -> None:
        """Lay out the offsets of every zone of the world's sites."""
        span = world.config.start_us - _PADDING_US, world.config.end_us + _PADDING_US
        names, zones = np.unique(world.sites["tz"].to_numpy(), return_inverse=True)
        self._zones: Ints = zones.astype(np.int64)
        pieces = [
            (number, start, end, offset)
            for number, name in enumerate(names)
            for start, end, offset in offsets(str(name), *span)
        ]
        table = np.array(pieces, dtype=np.int64).reshape(-1, 4)
        self._offset: Ints = table[:, 3]
        self._start, self._span = span[0] - DAY_US, span[1] - span[0] + 2 * DAY_US
        self._by_instant = self._packed(table[:, 0], table[:, 1])
        self._by_wall = self._packed(table[:, 0], _wall_thresholds(table))

    def _packed(self, zone: Ints, at_us: Ints) -> Ints:
        """Zone and time in one number, so that one sorted search answers for every zone."""
        inside: Ints = np.clip(at_us - self._start, 0, self._span - 1)
        return zone * self._span + inside

    def _offset_at(self, starts: Ints, site: Ints, at_us: Ints) -> Ints:
        wanted = self._packed(self._zones[site], np.maximum(at_us, self._start + DAY_US))
        found: Ints = self._offset[np.searchsorted(starts, wanted, side="right") - 1]
        return found

    def to_local_us(self, site: Ints, us: Ints) -> Ints:
        """Wall-clock time at each site at each instant."""
        return us + self._offset_at(self._by_instant, site, us)

    def to_utc_us(self, site: Ints, local_us: Ints) -> Ints:
        """Instant at which each site's wall clock shows each time."""
        return local_us - self._offset_at(self._by_wall, site, local_us)

    def local_day(self, site: Ints, us: Ints) -> Ints:
        """Local day at each site at each instant, days since 1970."""
        return self.to_local_us(site, us) // DAY_US

    def minute_of_week(self, site: Ints, us: Ints) -> Ints:
        """Minutes of the local week at each instant; 0 is Monday 00:00."""
        local = self.to_local_us(site, us)
        return weekday(local // DAY_US) * 1440 + local % DAY_US // MINUTE_US


def weekday(day: Ints) -> Ints:
    """Weekday of days since 1970; 0 is Monday.

    >>> int(weekday(np.array([20_507])[0]))  # 2026-02-23
    0
    """
    return (day + _EPOCH_WEEKDAY) % 7


def _wall_thresholds(table: Ints) -> Ints:
    """Wall-clock time from which each piece (zone, start, end, offset) applies.

    That is the later of what old and new offset show at the change: in a gap the old offset
    holds until its end, in a repeated hour until the first pass is over.
    """
    offset = table[:, 3]
    before = np.roll(offset, 1)
    first = np.r_[True, table[1:, 0] != table[:-1, 0]]
    before[first] = offset[first]
    thresholds: Ints = table[:, 1] + np.maximum(before, offset)
    # Every time before the first change belongs to the zone's first piece.
    thresholds[first] = table[first, 1] - DAY_US
    return thresholds
