"""What takes people off their everyday work, and excuses that it waits.

Belongs here: incidents on hand and escorts under way, as they were told. Does not belong here:
breaks (`presence`), or planned work on the site (`muting`).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import polars as pl

from vigia.domain.watch.moments import MINUTE_US, NEVER_US, Bools
from vigia.domain.watch.part import Part
from vigia.domain.watch.things import latest
from vigia.domain.watch.work import TASK_OVER, first_known, known_us

ON_HAND_US = 60 * MINUTE_US
"""An incident keeps whoever reports it busy for so long after the report."""
LONGEST_US = 180 * MINUTE_US
"""An escort that nobody ends is over by then."""


class Errands(Part):
    """Who is called away."""

    @cached_property
    def incidents(self) -> pl.DataFrame:
        """Incidents that people reported: `person`, `occurred_us`, `known_us`."""
        rows = self.facts["incident_report"].drop_nulls("person_id")
        return rows.select(
            person=pl.Series(self.things.people(rows["person_id"])),
            occurred_us=pl.coalesce("occurred_at", "at").to_physical(),
            known_us=known_us(),
        )

    @cached_property
    def on_incident(self) -> Bools:
        """People who are known to have an incident on hand."""
        rows = self.incidents
        known = rows["known_us"].to_numpy()
        people = len(self.things.person_ids)
        held = self.moments.level(people, rows["person"].to_numpy(), known, known + ON_HAND_US)
        return held > 0

    @cached_property
    def escorting(self) -> Bools:
        """People who are known to have begun to escort somebody, and not to be done."""
        rows = self.facts["task"]
        escorts = latest(rows, "task_id").filter(pl.col("kind") == "escort").select("task_id")
        mine = rows.join(escorts, on="task_id", how="semi")
        begun = mine.filter(pl.col("status") == "in_progress").unique("task_id", keep="first")
        over = first_known(mine.filter(pl.col("status").is_in(TASK_OVER)), "task_id", "over_us")
        spans = begun.with_columns(begun_us=known_us()).join(over, on="task_id", how="left")
        first = spans["begun_us"].to_numpy()
        until = np.minimum(spans["over_us"].fill_null(NEVER_US).to_numpy(), first + LONGEST_US)
        people = self.things.people(spans["assignee_id"])
        return self.moments.level(len(self.things.person_ids), people, first, until) > 0
