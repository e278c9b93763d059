"""When sites are open, by their calendars and the wall clocks of these.

Belongs here: opening hours and days off. Does not belong here: days on which a site is shut and
nobody is needed (`presence`), or who is there all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import orjson
import polars as pl

from vigia.domain.calendar import (
    DAY_US,
    Calendar,
    CalendarError,
    CountedTime,
    DayKind,
    instant,
    read_hours,
)
from vigia.domain.watch.facts import Facts
from vigia.domain.watch.moments import Bools, Ints, Moments
from vigia.domain.watch.things import Things, latest

MARGIN_US = 2 * DAY_US
"""Calendars are laid out so far around the instants."""


@dataclass(frozen=True)
class Opening:
    """When sites are open.

    Attributes:
        facts: What arrived.
        things: What exists.
        moments: When it is looked at.
    """

    facts: Facts
    things: Things
    moments: Moments

    @cached_property
    def is_closed(self) -> Bools:
        """Sites whose calendar says that they are closed; never one without a calendar."""
        rows = np.repeat(np.arange(len(self.things.site_ids)), len(self.moments))
        at_us = np.tile(self.moments.at_us, len(self.things.site_ids))
        return self.closed_at(rows, at_us).reshape(-1, len(self.moments))

    def closed_at(self, site: Ints, at_us: Ints, *, days_off: bool = True) -> Bools:
        """Whether each site is closed at an instant of its own.

        Args:
            site: Rows of sites; -1 is never closed.
            at_us: Instants, within two days of the moments; others are taken to be open.
            days_off: Holidays count; without them, what is usual for the weekday.
        """
        closed = np.zeros(len(site), bool)
        low, high = self.moments.first_us - MARGIN_US, self.moments.last_us + MARGIN_US
        inside = (at_us > low) & (at_us < high)
        for calendar, sites in self._laid_out(low, high, days_off=days_off):
            mine = inside & np.isin(site, sites)
            closed[mine] = ~calendar.counted[calendar.tile_of(at_us[mine])]
        return closed

    def _laid_out(self, low: int, high: int, *, days_off: bool) -> list[tuple[CountedTime, Ints]]:
        """Each calendar over a span, with the rows of its sites; those that say nothing left out."""
        told = latest(self.facts["calendar"], "calendar_id")
        days = latest(self.facts["holiday"], "holiday_id").drop_nulls(["calendar_id", "holiday_on"])
        off = days.partition_by("calendar_id", as_dict=True) if days_off else {}
        sites = self.things.site.with_row_index("row").partition_by("calendar_id", as_dict=True)
        found = []
        for row in told.iter_rows(named=True):
            key = (row["calendar_id"],)
            calendar = _calendar(row, off.get(key))
            if calendar is not None and key in sites:
                laid_out = CountedTime.over(calendar, instant(low), instant(high))
                found.append((laid_out, sites[key]["row"].to_numpy()))
        return found


def _calendar(row: dict[str, Any], off: pl.DataFrame | None) -> Calendar | None:
    """A calendar as it was told; None where it cannot be read or counts round the clock."""
    try:
        hours = read_hours(orjson.loads(row["hours"] or "{}"))
        holidays = {} if off is None else _holidays(off)
        return Calendar(row["tz"] or "UTC", hours, holidays) if hours else None
    except (CalendarError, orjson.JSONDecodeError):
        return None


def _holidays(off: pl.DataFrame) -> dict[date, DayKind]:
    known = off.filter(pl.col("kind").is_in([kind.value for kind in DayKind]))
    return {day: DayKind(kind) for day, kind in known.select("holiday_on", "kind").iter_rows()}
