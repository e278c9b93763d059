"""How soon tickets were promised an answer, and when half of that time is over.

The promise of a priority is the shortest that any policy of the tenant makes. It counts all hours
or the open ones of the policy's calendar, as the policy says; without a policy the usual ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
import orjson
import polars as pl

from vigia.domain.calendar import (
    ROUND_THE_CLOCK,
    Calendar,
    CalendarError,
    CountedTime,
    DayKind,
    read_hours,
)
from vigia.domain.watch.facts import Facts
from vigia.domain.watch.moments import LONG_AGO_US, MINUTE_US, NEVER_US, Ints
from vigia.domain.watch.things import latest

USUAL_MIN = {"P1": 5, "P2": 15, "P3": 240, "P4": 480}
"""Minutes to the first answer where nothing is promised."""
USUAL_RESOLVE_MIN = {"P1": 240, "P2": 480, "P3": 1440, "P4": 2400}
"""Minutes to the solution where nothing is promised."""


@dataclass(frozen=True)
class Promises:
    """Promised answers.

    Attributes:
        facts: What arrived.
    """

    facts: Facts

    @cached_property
    def by_priority(self) -> pl.DataFrame:
        """Promised answers: `priority`, `minutes`, `calendar_id` (null: every hour counts)."""
        return self._told("first_response_min", USUAL_MIN)

    @cached_property
    def resolved(self) -> pl.DataFrame:
        """Promised solutions, in the form of `by_priority`."""
        return self._told("resolve_min", USUAL_RESOLVE_MIN)

    def _told(self, column: str, usual_min: Mapping[str, int]) -> pl.DataFrame:
        targets = latest(self.facts["sla_target"], "target_id")
        policies = latest(self.facts["sla_policy"], "policy_id").select("policy_id", "calendar_id")
        told = (
            targets.filter(pl.col("category").is_null())
            .drop_nulls(["priority", column])
            .join(policies, on="policy_id", how="left", maintain_order="left")
            .with_columns(
                calendar_id=pl.when(~pl.col("round_the_clock").fill_null(value=False)).then(
                    "calendar_id"
                )
            )
            .sort(column, "policy_id")
            .unique("priority", keep="first", maintain_order=True)
            .select("priority", "calendar_id", minutes=pl.col(column).cast(pl.Int64))
        )
        usual = pl.DataFrame(
            {"priority": list(usual_min), "minutes": list(usual_min.values())},
            schema={"priority": pl.String, "minutes": pl.Int64},
        )
        rest = usual.join(told, on="priority", how="anti")
        return pl.concat([told, rest], how="diagonal").sort("priority")

    def half_us(self, priority: pl.Series, opened_us: Ints) -> Ints:
        """When half of the time for an answer is over; never without a priority.

        Args:
            priority: P1 to P4 of each ticket.
            opened_us: When each was opened.
        """
        half = np.full(len(opened_us), NEVER_US, np.int64)
        for name, minutes, calendar in self.by_priority.select(
            "priority", "minutes", "calendar_id"
        ).iter_rows():
            mine = (priority == name).fill_null(value=False).to_numpy() & (opened_us > LONG_AGO_US)
            if mine.any():
                counted = self.counted(calendar, opened_us[mine])
                need = np.full(int(mine.sum()), minutes * MINUTE_US // 2, np.int64)
                half[mine] = counted.add(opened_us[mine], need)
        return half

    def counted(self, calendar_id: str | None, opened_us: Ints) -> CountedTime:
        """The hours that count for tickets opened at some times."""
        first, last = (
            datetime.fromtimestamp(int(us) // 1_000_000, UTC)
            for us in (opened_us.min(), opened_us.max())
        )
        return CountedTime.over(self._calendar(calendar_id), first, last)

    def _calendar(self, calendar_id: str | None) -> Calendar:
        """A calendar by its id; every hour counts where it is unknown or cannot be read."""
        told = latest(self.facts["calendar"], "calendar_id")
        found = told.filter(pl.col("calendar_id").eq_missing(pl.lit(calendar_id, pl.String)))
        if found.is_empty():
            return ROUND_THE_CLOCK
        zone, hours = found.select("tz", "hours").row(0)
        days = latest(self.facts["holiday"], "holiday_id").filter(
            pl.col("calendar_id") == calendar_id
        )
        shut = dict(
            days.drop_nulls(["holiday_on", "kind"]).select("holiday_on", "kind").iter_rows()
        )
        kinds = {day: DayKind(kind) for day, kind in shut.items()}
        try:
            return Calendar(zone or "UTC", read_hours(orjson.loads(hours or "{}")), kinds)
        except (CalendarError, orjson.JSONDecodeError):
            return ROUND_THE_CLOCK
