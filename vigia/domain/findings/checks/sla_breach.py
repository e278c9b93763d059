"""A ticket that is not solved in the time that was promised for its priority.

The clock runs as `domain.response.sla` says: only the hours that count by the policy's calendar,
paused while the ticket waits for its requester, a vendor or parts and while it is resolved, never
for P1, and measured against the priority that the ticket has at the time. The promised first answer
is kept by those clocks too; it is no finding of its own, because a late answer that came can be
mended no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from vigia.domain.findings.checks.lasting import lasting
from vigia.domain.findings.checks.tickets import open_tickets
from vigia.domain.findings.pattern import Pattern, Verdict
from vigia.domain.findings.types import ScopeKind
from vigia.domain.watch.known import Known
from vigia.domain.watch.moments import MINUTE_US, NEVER_US
from vigia.domain.watch.promises import Promises
from vigia.domain.watch.work import TICKET_WAITS

KIND = "SLA_BREACH"
NEVER_PAUSES = "P1"


@dataclass(frozen=True, slots=True)
class SlaBreachPolicy:
    """Numbers of the check.

    Attributes:
        grace_min: So long after the promise nobody is told.
    """

    grace_min: float = 0


def judge(known: Known, policy: SlaBreachPolicy) -> Iterator[Verdict]:
    """Tickets whose promise is broken."""
    rows = _broken(known)
    rows = rows.with_columns(
        from_us=pl.max_horizontal("from_us", pl.col("due_us") + round(policy.grace_min * MINUTE_US))
    )
    yield lasting(known, KIND, ScopeKind.TICKET, rows, policy.grace_min)


def _broken(known: Known) -> pl.DataFrame:
    """Stretches of tickets in which the promise of their priority is broken, from `due_us` on."""
    tickets = open_tickets(known).drop_nulls("priority")
    promised = Promises(known.facts).resolved
    found = [_none()]
    for priority, minutes, calendar_id in promised.select(
        "priority", "minutes", "calendar_id"
    ).iter_rows():
        ever = tickets.filter(pl.col("priority") == priority)["scope_id"].unique()
        mine = tickets.filter(pl.col("scope_id").is_in(ever.to_list()))
        if not mine.is_empty():
            found.append(_at_priority(known, mine, priority, minutes, calendar_id))
    broken = pl.concat(found)
    # Broken stays broken until the ticket is over or has another priority.
    return broken.filter(pl.col("due_us") < pl.col("until_us")).sort("scope_id", "from_us")


def _at_priority(
    known: Known, tickets: pl.DataFrame, priority: str, minutes: int, calendar_id: str | None
) -> pl.DataFrame:
    """Stretches at one priority with when its promise was broken (`due_us`; `NEVER_US`)."""
    is_first = pl.col("from_us") == pl.col("from_us").min().over("scope_id")
    waits = pl.col("status").is_in(TICKET_WAITS) & (pl.lit(priority) != NEVER_PAUSES)
    mine = tickets.with_columns(
        start_us=pl.when(is_first).then("opened_us").otherwise("from_us"), waits=waits
    )
    start, waiting = mine["start_us"].to_numpy(), mine["waits"].to_numpy()
    until = np.maximum(np.minimum(mine["until_us"].to_numpy(), known.moments.last_us), start)
    time = Promises(known.facts).counted(calendar_id, np.concatenate([start, until]))
    counted = np.where(waiting, 0, time.elapsed(start, until))
    mine = mine.with_columns(counted=pl.Series(counted, dtype=pl.Int64))
    before = pl.col("counted").cum_sum().over("scope_id") - pl.col("counted")
    left = mine.select(left=minutes * MINUTE_US - before)["left"].to_numpy()
    ahead = time.add(start, np.maximum(left, 0))
    due = np.where(waiting & (left > 0), NEVER_US, np.where(left <= 0, start, ahead))
    shown = mine.with_columns(due_us=pl.Series(due, dtype=pl.Int64))
    # What would be due after a stretch is for the next one to say; what was broken stays broken.
    within = pl.when(pl.col("due_us") < pl.col("until_us")).then("due_us").otherwise(NEVER_US)
    shown = shown.with_columns(due_us=within.cum_min().over("scope_id"))
    return shown.filter(pl.col("priority") == priority).select(_none().columns)


def _none() -> pl.DataFrame:
    text = dict.fromkeys(("scope_id", "site_id", "person_id"), pl.String)
    return pl.DataFrame(schema=text | dict.fromkeys(("due_us", "from_us", "until_us"), pl.Int64))


CHECK = Pattern(
    code=KIND,
    name="Promise broken",
    kinds=(KIND,),
    signals=("tickets", "promises"),
    look_back=timedelta(days=14),
    precondition="the ticket has a priority and is not over",
    evidence=("sla_segments", "ticket_history", "workload"),
    severity="HIGH; CRITICAL from a day on",
    clears="the ticket is solved or called off, or has another priority",
    traps=("clock that pauses", "hours that do not count", "priority that was changed"),
    policy=SlaBreachPolicy(),
    judge=judge,
)
