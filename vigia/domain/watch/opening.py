"""When sites are open, by their calendars and the wall clocks of these.

Belongs here: opening hours and days off. Does not belong here: days on which a site is shut and
nobody is needed (`presence`), or who is there all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import cached_property

import numpy as np
import orjson
import polars as pl

from vigia.domain.calendar import CalendarError, DayKind, read_hours
from vigia.domain.watch.moments import Bools, Ints, instants
from vigia.domain.watch.part import Part
from vigia.domain.watch.presence import wall_us
from vigia.domain.watch.things import latest
from vigia.domain.windows import DAY

NOON_MIN, DAY_MIN = 12 * 60, 24 * 60
_OFF = (DayKind.PUBLIC, DayKind.CLIENT, DayKind.CLOSED)
_HOURS = {"calendar_id": pl.String(), "tz": pl.String(), "dow": pl.Int8(), "opens_min": pl.Int64()}


class Opening(Part):
    """When sites are open."""

    @cached_property
    def hours(self) -> pl.DataFrame:
        """Usual hours: `calendar_id`, `tz`, `dow` (0 Monday), `opens_min`, `closes_min`.

        A calendar that counts round the clock, or that nobody can read, has none.
        """
        told = latest(self.facts["calendar"], "calendar_id")
        rows = [
            (row["calendar_id"], row["tz"] or "UTC", *stretch)
            for row in told.iter_rows(named=True)
            for stretch in _stretches(row["hours"])
        ]
        return pl.DataFrame(rows, {**_HOURS, "closes_min": pl.Int64()}, orient="row")

    @cached_property
    def stretches(self) -> pl.DataFrame:
        """When sites are usually open, a day before the moments to a day after them.

        `site`, `from_us`, `until_us`, and `shuts_us`, which is sooner on a day off.
        """
        first, last = (instants(np.array([us], np.int64))[0] for us in self.moments.at_us[[0, -1]])
        days = pl.date_range(first.date() - DAY, last.date() + DAY, eager=True).alias("day")
        each = self.hours.join(
            days.to_frame().with_columns(dow=days.dt.weekday() - 1), on="dow"
        ).join(self._days_off, on=["calendar_id", "day"], how="left")
        noon = pl.min_horizontal("closes_min", pl.lit(NOON_MIN))
        shuts = (
            pl.when(pl.col("off").is_in([kind.value for kind in _OFF]))
            .then("opens_min")
            .when(pl.col("off") == DayKind.HALF_DAY.value)
            .then(pl.max_horizontal("opens_min", noon))
            .otherwise("closes_min")
        )
        each = each.with_columns(shuts_min=shuts)
        sites = self.things.site.select("calendar_id", site=pl.int_range(pl.len()))
        parts = [
            part.select(
                "calendar_id",
                from_us=_at(pl.col("opens_min"), zone),
                until_us=_at(pl.col("closes_min"), zone),
                shuts_us=_at(pl.col("shuts_min"), zone),
            )
            for (zone,), part in each.partition_by("tz", as_dict=True).items()
        ]
        empty = pl.DataFrame(
            schema={"calendar_id": pl.String}
            | dict.fromkeys(("from_us", "until_us", "shuts_us"), pl.Int64)
        )
        return pl.concat([empty, *parts]).join(sites, on="calendar_id").drop("calendar_id")

    @cached_property
    def _days_off(self) -> pl.DataFrame:
        """Days that differ from their weekday: `calendar_id`, `day`, `off` (its kind)."""
        told = latest(self.facts["holiday"], "holiday_id").drop_nulls(["calendar_id", "holiday_on"])
        named = told.select("calendar_id", pl.col("holiday_on").alias("day"), off="kind")
        # Of two kinds on one day the one that closes longer counts.
        longest = named.sort(pl.col("off") == DayKind.HALF_DAY.value)
        return longest.unique(["calendar_id", "day"], keep="first", maintain_order=True)

    @cached_property
    def has_hours(self) -> Bools:
        """Sites of which it is known when they are open."""
        known: Bools = (
            self.things.site["calendar_id"]
            .is_in(self.hours["calendar_id"].unique().to_list())
            .fill_null(value=False)
            .to_numpy()
        )
        return known

    def closed_at(self, site: Ints, at_us: Ints, *, days_off: bool = True) -> Bools:
        """Whether each site is closed at an instant of its own.

        Args:
            site: Rows of sites; one without hours is never closed, nor is -1.
            at_us: Instants within a day of the moments.
            days_off: Days off count; without them, what is usual for the weekday.
        """
        until = pl.col("shuts_us" if days_off else "until_us")
        asked = pl.DataFrame({"site": site, "at_us": at_us}).with_row_index("row")
        open_ = asked.join(self.stretches, on="site").filter(
            pl.col("from_us") <= pl.col("at_us"), pl.col("at_us") < until
        )
        closed = np.append(self.has_hours, np.False_)[site]
        closed[open_["row"].to_numpy()] = False
        return closed


def _stretches(hours: str | None) -> Iterator[tuple[int, int, int]]:
    """Weekday, opening and closing minute of each stretch."""
    try:
        read = read_hours(orjson.loads(hours or "{}"))
    except (CalendarError, orjson.JSONDecodeError):
        return
    for weekday, spans in read.items():
        for opens, closes in spans:
            begins = opens.hour * 60 + opens.minute
            ends = (closes.hour * 60 + closes.minute) or DAY_MIN
            if weekday in range(7) and begins < ends:
                yield weekday, begins, ends


def _at(minute: pl.Expr, zone: str) -> pl.Expr:
    """An instant by day and minute of the wall clock."""
    over = minute >= DAY_MIN
    day = pl.when(over).then(pl.col("day") + timedelta(days=1)).otherwise(pl.col("day"))
    clock = pl.time(minute % DAY_MIN // 60, minute % 60)
    return wall_us(day, clock, zone)
