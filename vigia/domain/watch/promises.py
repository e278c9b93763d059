"""How soon tickets were promised an answer, and when half of that time is over.

The promise of a priority is the shortest that any policy of the tenant makes. It counts all hours
or the open ones of the policy's calendar, as the policy says; without a policy the usual ones.
"""

from __future__ import annotations

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


@dataclass(frozen=True)
class Promises:
    """Promised answers.

    Attributes:
        facts: What arrived.
    """

    facts: Facts

    @cached_property
    def by_priority(self) -> pl.DataFrame:
        """What is promised: `priority`, `minutes`, `calendar_id` (null: every hour counts)."""
        targets = latest(self.facts["sla_target"], "target_id")
        policies = latest(self.facts["sla_policy"], "policy_id").select("policy_id", "calendar_id")
        told = (
            targets.filter(pl.col("category").is_null())
            .drop_nulls(["priority", "first_response_min"])
            .join(policies, on="policy_id", how="left", maintain_order="left")
            .with_columns(
                calendar_id=pl.when(~pl.col("round_the_clock").fill_null(value=False)).then(
                    "calendar_id"
                )
            )
            .sort("first_response_min", "policy_id")
            .unique("priority", keep="first", maintain_order=True)
            .select("priority", "calendar_id", minutes=pl.col("first_response_min").cast(pl.Int64))
        )
        usual = pl.DataFrame({"priority": list(USUAL_MIN), "minutes": list(USUAL_MIN.values())})
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
                counted = self._counted(calendar, opened_us[mine])
                need = np.full(int(mine.sum()), minutes * MINUTE_US // 2, np.int64)
                half[mine] = counted.add(opened_us[mine], need)
        return half

    def _counted(self, calendar_id: str | None, opened_us: Ints) -> CountedTime:
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
