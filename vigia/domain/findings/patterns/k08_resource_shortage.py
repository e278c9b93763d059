"""K08: for half an hour, more work is due than the people there can do, and it shows.

Work is what is due within two hours in minutes: tasks by their own estimate, tours by their plan,
tickets by their priority. Tickets that wait for somebody else are no work, planned ones can wait.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import polars as pl

from vigia.domain.findings.pattern import Leg, Pattern, Verdict, ranks, scopes
from vigia.domain.findings.types import ScopeKind, Severity
from vigia.domain.watch.known import Known
from vigia.domain.watch.moments import MINUTE_US, Floats, Grid, Ints, sum_by
from vigia.domain.watch.presence import HANDOVER_US
from vigia.domain.watch.promises import Promises
from vigia.domain.watch.slots import SLOT_US, Slots, known_at
from vigia.domain.watch.work import TICKET_WAITS

SAFETY_TASKS = ("escort", "patrol")
"""Kinds of tasks that keep people safe."""
_URGENT = pl.col("priority").is_in(["P1", "P2"])


@dataclass(frozen=True, slots=True)
class ResourceShortagePolicy:
    """Numbers of K08.

    Attributes:
        ahead_min: How far ahead work is looked at.
        lasts_min: How long there must be too much of it, in whole slots.
        calm_min: How long it must be over to be clear.
        load_pct: Work of that share of what the people there can do is too much.
        waiting_tickets: Tickets without an answer when half of the time for it is over.
        delayed_tasks: Tasks that are late.
        delayed_min: By so much.
        ticket_p1_min: What an open ticket takes of the people of the site; so for each priority.
        ticket_p2_min: The same.
        ticket_p3_min: The same.
        ticket_p4_min: The same; planned work can wait.
        most_task_min: An estimate above this is a slip of the pen.
    """

    ahead_min: float = 120
    lasts_min: float = 30
    calm_min: float = 30
    load_pct: float = 130
    waiting_tickets: float = 3
    delayed_tasks: float = 3
    delayed_min: float = 15
    ticket_p1_min: float = 60
    ticket_p2_min: float = 40
    ticket_p3_min: float = 20
    ticket_p4_min: float = 0
    most_task_min: float = 240


def judge(known: Known, policy: ResourceShortagePolicy) -> Iterator[Verdict]:
    """Sites that cannot do what is due."""
    lasts = round(policy.lasts_min * MINUTE_US) // SLOT_US
    slots = Slots(known.moments, lasts + 1)
    past = known_at(known, slots.starts)
    taken = _legs(past, policy)
    active = known.things.is_active[:, None]
    too_much = np.logical_and.reduce([leg.holds for leg in taken]) & active
    lasted = slots.lasted(too_much, lasts)
    ids = known.things.site_ids
    yield Verdict(
        "CORRELATION_RESOURCE_SHORTAGE",
        ScopeKind.SITE,
        scopes(ids, site_id=ids),
        lasted >= lasts,
        slots.spread(_severity(past)),
        timedelta(minutes=policy.lasts_min),
        cleared=~slots.spread(too_much),
        hold=timedelta(minutes=policy.calm_min),
        legs=(
            *(replace(leg, value=slots.spread(leg.value)) for leg in taken),
            Leg("minutes for which it has lasted", lasted * SLOT_US / MINUTE_US, policy.lasts_min),
        ),
    )


def _severity(past: Known) -> Ints:
    """How bad it is, by what is late: something urgent, and something for people's safety."""
    tasks = past.work.tasks
    urgent = _late(past, tasks.filter(_URGENT)) + _waiting(past, _URGENT)
    safety = _late(past, tasks.filter(pl.col("kind").is_in(SAFETY_TASKS)))
    return ranks(Severity.MEDIUM.rank, (1, urgent > 0), (1, safety > 0))


def _legs(past: Known, policy: ResourceShortagePolicy) -> tuple[Leg, ...]:
    """What must hold at once."""
    present, required = _present(past), past.presence.required_by_site
    # More than the share, and not just as much.
    too_much = np.nextafter(policy.load_pct, np.inf)
    return (
        Leg("work in % of what people can do", _load(past, present, policy), float(too_much)),
        Leg("waiting tickets or delayed tasks in % of too many", _lag(past, policy), 100),
        Leg("people present", present, 1),
        Leg("people beyond those required", present - required, 0, at_least=False),
    )


def _present(past: Known) -> Grid:
    """People at each site who are there to work.

    Whoever is past the end of their duty without having clocked out holds the post where it lacks
    people. Where it does not, the clock-out was forgotten.
    """
    things, moments, stays = past.things, past.moments, past.presence.stays
    post = things.posts(stays["post_id"])
    first, until = stays["from_us"].to_numpy(), stays["until_us"].to_numpy()
    over = np.minimum(stays["ends_us"].to_numpy() + HANDOVER_US, until)
    on_time = moments.level(len(things.post_ids), post, first, over)
    longer = moments.level(len(things.post_ids), post, np.maximum(over, first), until)
    lacking = np.maximum(past.presence.required_by_post - on_time, 0)
    at_posts = on_time + np.minimum(longer, lacking)
    # Of people at no known post nobody knows when they should go.
    nowhere = np.where(post < 0, things.sites(stays["site_id"]), -1)
    elsewhere = moments.level(len(things.site_ids), nowhere, first, until)
    return sum_by(len(things.site_ids), things.site_of_post, at_posts) + elsewhere


def _load(past: Known, present: Grid, policy: ResourceShortagePolicy) -> Floats:
    """Work of the next hours as a share of what the people there can do, in percent."""
    minutes = _task_minutes(past, policy) + _tour_minutes(past, policy)
    for priority in ("P1", "P2", "P3", "P4"):
        each = getattr(policy, f"ticket_{priority.lower()}_min")
        minutes = minutes + each * _tickets(past, pl.col("priority") == priority)
    people = np.maximum(present, 1)
    share: Floats = 100 * minutes / (people * policy.ahead_min)
    return share


def _task_minutes(past: Known, policy: ResourceShortagePolicy) -> Grid:
    ahead_us = round(policy.ahead_min * MINUTE_US)
    first = pl.max_horizontal("from_us", pl.col("due_us") - ahead_us)
    minutes = pl.col("minutes").clip(0, round(policy.most_task_min))
    return past.work.at_sites(past.work.tasks, first, pl.col("until_us"), minutes)


def _tour_minutes(past: Known, policy: ResourceShortagePolicy) -> Grid:
    """Minutes of tours that are due, or late and still to be walked."""
    ahead_us = round(policy.ahead_min * MINUTE_US)
    first = pl.max_horizontal("from_us", pl.col("due_us") - ahead_us)
    until = pl.min_horizontal("until_us", "begun_us", "missed_us")
    return past.work.at_sites(past.work.tours, first, until, pl.col("minutes"))


def _tickets(past: Known, which: pl.Expr) -> Grid:
    """Open tickets that wait for nobody else."""
    open_ = past.work.tickets.filter(which, ~pl.col("status").is_in(TICKET_WAITS))
    return past.work.at_sites(open_, pl.col("from_us"), pl.col("until_us"))


def _waiting(past: Known, which: pl.Expr) -> Grid:
    """Tickets without an answer when half of the time for it is over."""
    tickets = past.work.tickets.filter(which)
    half = Promises(past.facts).half_us(tickets["priority"], tickets["opened_us"].to_numpy())
    late = tickets.with_columns(half_us=pl.Series(half, dtype=pl.Int64))
    first = pl.max_horizontal("from_us", "half_us")
    return past.work.at_sites(late, first, pl.min_horizontal("until_us", "answered_us"))


def _late(past: Known, tasks: pl.DataFrame, by_us: int = 0) -> Grid:
    """Tasks that are late by more than some time."""
    first = pl.max_horizontal("from_us", pl.col("due_us") + by_us)
    return past.work.at_sites(tasks, first, pl.col("until_us"))


def _lag(past: Known, policy: ResourceShortagePolicy) -> Floats:
    """What shows that the work is not done, in percent of too much; the worse of the two counts."""
    waiting = _waiting(past, pl.lit(value=True)) / policy.waiting_tickets
    delayed_us = round(policy.delayed_min * MINUTE_US)
    delayed = _late(past, past.work.tasks, delayed_us) / policy.delayed_tasks
    worse: Floats = 100 * np.maximum(waiting, delayed)
    return worse


PATTERN = Pattern(
    code="K08",
    name="Resource shortage",
    kinds=("CORRELATION_RESOURCE_SHORTAGE",),
    signals=("tasks", "tours", "tickets", "attendance", "roster"),
    look_back=timedelta(hours=72),
    precondition="somebody is there, and no more people than the roster asks for",
    evidence=("workload", "staffing", "roster", "relief_options"),
    severity="MEDIUM; one more with P1 or P2 work late, one more with a safety task late",
    clears="for 30 minutes the work can be done again, or nothing waits any more",
    traps=(
        "planned tickets taken in in bulk",
        "wrong estimates and dates",
        "a planned surge with extra people",
        "tickets that wait for somebody else",
    ),
    policy=ResourceShortagePolicy(),
    judge=judge,
)
