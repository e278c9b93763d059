"""A tour whose time to begin is over and that nobody walks, or that never comes to an end.

That the tour system calls it missed does not end it: it ends when it is walked or excused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from vigia.domain.findings.checks.lasting import lasting
from vigia.domain.findings.pattern import Pattern, Verdict
from vigia.domain.findings.types import ScopeKind
from vigia.domain.watch.known import Known
from vigia.domain.watch.moments import MINUTE_US, NEVER_US
from vigia.domain.watch.things import latest
from vigia.domain.watch.work import FORGOTTEN_US, UNTOLD_MIN, first_known, known_us

KIND = "TOUR_OVERDUE"
_DONE = ("completed", "partial", "abandoned", "excused", "cancelled")


@dataclass(frozen=True, slots=True)
class TourOverduePolicy:
    """Numbers of the check.

    Attributes:
        grace_min: So long after its window a tour may still begin.
        planned_times: A tour that goes on for so many times its planned length has got stuck.
        stuck_min: But no tour that goes on for less than this.
    """

    grace_min: float = 0
    planned_times: float = 2
    stuck_min: float = 120


def judge(known: Known, policy: TourOverduePolicy) -> Iterator[Verdict]:
    """Tours that nobody began in time, and those that got stuck."""
    runs = _runs(known)
    grace_us = round(policy.grace_min * MINUTE_US)
    forgotten = pl.col("due_us") + FORGOTTEN_US
    waiting = runs.with_columns(
        from_us=pl.max_horizontal(pl.col("window_end_us") + grace_us, "told_us"),
        until_us=pl.min_horizontal("begun_us", "over_us", forgotten),
    )
    length = pl.max_horizontal(
        pl.col("planned_min") * policy.planned_times, pl.lit(policy.stuck_min)
    )
    stuck_us = pl.col("begun_us") + (length * MINUTE_US).cast(pl.Int64)
    stuck = runs.filter(pl.col("begun_us") < NEVER_US).with_columns(
        due_us=stuck_us, from_us=stuck_us, until_us=pl.min_horizontal("over_us", forgotten)
    )
    rows = pl.concat([waiting, stuck]).rename({"run_id": "scope_id"})
    yield lasting(known, KIND, ScopeKind.TOUR_RUN, rows, policy.grace_min)


def _runs(known: Known) -> pl.DataFrame:
    """Planned tours with when each was known to begin and to be over; `NEVER_US` for never."""
    rows = known.facts["tour_run"]
    told = rows.drop_nulls("due_at").unique("run_id", keep="first", maintain_order=True)
    begun = rows.filter((pl.col("verb") == "started") | (pl.col("status") == "in_progress"))
    over = rows.filter(pl.col("status").is_in(_DONE))
    planned = latest(known.facts["tour_template"], "tour_id").select("tour_id", "planned_min")
    runs = told.select(
        "run_id",
        "site_id",
        "person_id",
        "tour_id",
        due_us=pl.col("due_at").to_physical(),
        window_end_us=pl.coalesce("window_end_at", "due_at").to_physical(),
        told_us=known_us(),
    ).join(planned, on="tour_id", how="left", maintain_order="left")
    for frame, name in ((begun, "begun_us"), (over, "over_us")):
        when = first_known(frame, "run_id", name)
        runs = runs.join(when, on="run_id", how="left", maintain_order="left")
    return runs.drop("tour_id").with_columns(
        pl.col("begun_us", "over_us").fill_null(NEVER_US),
        pl.col("planned_min").fill_null(UNTOLD_MIN),
    )


CHECK = Pattern(
    code=KIND,
    name="Tour overdue",
    kinds=(KIND,),
    signals=("tours",),
    look_back=timedelta(hours=24),
    precondition="the site is active, and the tour is planned",
    evidence=("tour_schedule", "tour_run", "device_state", "last_fix"),
    severity="HIGH; CRITICAL two hours after it was due",
    clears="the tour is walked, or excused",
    traps=("tours walked offline and told later", "tours that are excused"),
    policy=TourOverduePolicy(),
    judge=judge,
)
