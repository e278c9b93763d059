"""Tasks: what falls to a guard besides tours.

Belongs here: which tasks there are, where and how long. What becomes of them is in
`task_records`. Shares and shapes are assumptions, so that a guard shift has about sixteen task
events (`domain.md` 6.8).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from vigia.simulator.draws import Bools, Floats, Ints
from vigia.simulator.effects import Effect
from vigia.simulator.field.agenda import Wishes
from vigia.simulator.field.crew import DIP_ACTIVITY, MINUTE_US, SECOND_US, Crew, looked_up
from vigia.simulator.field.dice import quarters, times_us
from vigia.simulator.field.rounds import PACE_MPS
from vigia.simulator.field.rows import new_run, rank_in_runs, spread, stretches
from vigia.simulator.field.sway import Sway

A_SHIFT = 10.0
"""Tasks in twelve hours of a post where work is expected."""
OF_POST = {
    "static": 0.85,
    "gate": 1.0,
    "patrol": 0.95,
    "reception": 1.2,
    "control_room": 0.9,
    "mobile": 1.0,
}
KINDS = pl.Series(
    ["patrol", "inspection", "housekeeping", "escort", "report", "compliance", "client_request"]
)
WEIGHTS = {
    "office": (2, 3, 2, 3, 3, 1, 4),
    "warehouse": (4, 5, 2, 1, 3, 2, 2),
    "hospital": (3, 3, 2, 5, 3, 2, 4),
    "mall": (4, 3, 2, 2, 3, 1, 4),
    "construction": (4, 5, 2, 1, 2, 4, 1),
    "residential": (3, 2, 2, 2, 2, 1, 6),
    "bank_atm": (2, 5, 1, 3, 3, 4, 2),
    "data_centre": (2, 4, 1, 5, 3, 5, 2),
    "factory": (4, 5, 2, 1, 3, 4, 1),
    "campus": (5, 3, 2, 3, 2, 1, 3),
    "event": (4, 3, 1, 3, 2, 2, 3),
}
MINUTES = (12, 10, 8, 10, 9, 14, 11)
"""Usual effort of each kind."""
_TITLES = (
    ("Extra walk along the fence", "Check the car park", "Walk the delivery yard"),
    ("Check doors and windows", "Check extinguishers", "Read the boiler gauge", "Test the barrier"),
    ("Clear the entrance", "Put up wet floor signs", "Empty the guardroom bin"),
    ("Escort a contractor", "Escort a visitor", "Accompany the cash collection"),
    ("Write the hourly log", "Photograph the notice board", "Report meter readings"),
    ("Check permits to work", "Check the visitor book", "Inspect first aid kits"),
    ("Open a meeting room", "Help with a delivery", "Look for lost property", "Move a parked car"),
)
TITLES = pl.Series([title for titles in _TITLES for title in titles])
TITLE_COUNT = np.array([len(titles) for titles in _TITLES])
FIRST_TITLE = np.cumsum(TITLE_COUNT) - TITLE_COUNT
"""Where the titles of each kind begin."""
PRIORITIES = pl.Series(["P1", "P2", "P3", "P4"])
PRIORITY_MIX = (0.02, 0.10, 0.63, 0.25)
SLACK_MIN = (30.0, 75.0, 180.0, 330.0)
WAIT_MIN = (5.0, 14.0, 32.0, 50.0)
FORGETS, FORGETS_IF_CARELESS = 0.005, 0.08


@dataclass(frozen=True, slots=True)
class Tasks:
    """Tasks of duties, one row per task, by row of the crew and time.

    Attributes:
        row: Row of the crew.
        number: Number within the duty.
        kind: Position in `KINDS`.
        priority: Position in `PRIORITIES`.
        title: Position in the titles of the kind.
        created_us: When it was asked for.
        due_us: When it should be done.
        est_min: Expected effort.
        willing: Somebody would do it.
        want_us: When it would be begun.
        way_us: Way to the place, and back.
        work_us: Time at the place.
        x_m: Where, metres east of the site's centre.
        y_m: Where, metres north.
        indoor: Under a roof.
    """

    row: Ints
    number: Ints
    kind: Ints
    priority: Ints
    title: Ints
    created_us: Ints
    due_us: Ints
    est_min: Ints
    willing: Bools
    want_us: Ints
    way_us: Ints
    work_us: Ints
    x_m: Floats
    y_m: Floats
    indoor: Bools

    def __len__(self) -> int:
        """How many tasks there are."""
        return len(self.row)

    def wishes(self, crew: Crew) -> Wishes:
        """The tasks as things to do."""
        length = 2 * self.way_us + self.work_us
        return Wishes(
            self.row, self.want_us, length, crew.leaves_us[self.row] - length - 3 * MINUTE_US
        )


def plan_tasks(crew: Crew, sway: Sway) -> Tasks:
    """The tasks of a crew before they meet anything else."""
    row, created = _asked_for(crew, sway)
    number = rank_in_runs(new_run(row))[0]
    key = crew.duty[row], number
    kind, est = _kind(crew, row, number)
    draw = crew.stream("task")
    priority = draw.choice(PRIORITY_MIX, *key, 1)
    slack, title, luck, _ = quarters(draw, *key, 2)
    slack_us = times_us(np.array(SLACK_MIN)[priority] * (0.7 + 0.6 * slack), MINUTE_US)
    due = np.minimum(created + slack_us, crew.until_us[row] - 5 * MINUTE_US)
    careless = (1.0 - crew.trait("diligence")[row]) ** 2
    wait = np.array(WAIT_MIN)[priority] * (0.6 + 1.6 * careless)
    wait_us = times_us(draw.lognormal(wait, 1.0 * np.sqrt(crew.knobs.noise), *key, 3), MINUTE_US)
    work = est * np.exp(0.35 * draw.normal(*key, 4))
    want = np.maximum(created + wait_us, crew.arrives_us[row] + 6 * MINUTE_US)
    x, y, indoor, way = _place(crew, row, number, sway.on(Effect.ON_CHARGER, row, want))
    return Tasks(
        row=row,
        number=number,
        kind=kind,
        priority=priority,
        title=(title * TITLE_COUNT[kind]).astype(np.int64),
        created_us=created,
        due_us=np.maximum(due, created + 10 * MINUTE_US),
        est_min=est,
        willing=crew.here[row] & (luck >= FORGETS + FORGETS_IF_CARELESS * careless),
        want_us=want,
        way_us=way,
        work_us=times_us(work, MINUTE_US),
        x_m=x,
        y_m=y,
        indoor=indoor,
    )


def _asked_for(crew: Crew, sway: Sway) -> tuple[Ints, Ints]:
    """Row and instant of every task of a crew, in that order."""
    kinds = crew.shard.world.posts["kind"][crew.post]
    factor = looked_up(kinds, OF_POST) * crew.post_is("work_expected")
    begin, end = crew.starts_us + 10 * MINUTE_US, crew.until_us - 80 * MINUTE_US
    hours = np.maximum(end - begin, 0) / (60 * MINUTE_US)
    draw = crew.stream("task.asked")
    row, nth = spread(draw.poisson(A_SHIFT / 12.0 * hours * factor, crew.duty, -1))
    when, thin, more, after = quarters(draw, crew.duty[row], nth)
    at = begin[row] + times_us(when * (end - begin)[row], 1)
    activity = sway.activity(crew.site[row], at)
    dip = crew.dips(row, at)
    activity = activity * np.where(dip, DIP_ACTIVITY, 1.0)
    copies = np.where(activity > 1.0, np.floor(activity + more), thin < activity).astype(np.int64)
    copies[sway.on(Effect.SILENCE, row, at)] = 0
    which, again = spread(copies)
    row, at = row[which], at[which] + again * times_us(3.0 + 30.0 * after[which], MINUTE_US)
    at = np.minimum(at, np.maximum(end[row], begin[row]))
    order = np.lexsort((at, row))
    return row[order], at[order]


def _kind(crew: Crew, row: Ints, number: Ints) -> tuple[Ints, Ints]:
    """Kind and expected minutes."""
    archetypes = list(WEIGHTS)
    edges = np.cumsum(np.array(list(WEIGHTS.values()), dtype=np.float64), axis=1)
    edges /= edges[:, -1:]
    archetype = crew.shard.world.sites["archetype"][crew.site]
    which = looked_up(archetype, {a: float(n) for n, a in enumerate(archetypes)}).astype(np.int64)
    drawn, effort, _, _ = quarters(crew.stream("task.kind"), crew.duty[row], number)
    mine = edges[which[row]]
    kind = (drawn[:, None] > mine).sum(axis=1)
    return kind, expected_min(kind, effort)


def expected_min(kind: Ints, luck: Floats) -> Ints:
    """Minutes that tasks of a kind are expected to take."""
    minutes: Ints = np.rint(np.array(MINUTES)[kind] * (0.6 + 0.8 * luck)).astype(np.int64)
    return minutes


def _place(
    crew: Crew, row: Ints, number: Ints, at_desk: Bools
) -> tuple[Floats, Floats, Bools, Ints]:
    """Where a task is done: at the post or near a checkpoint of the site; and the way there."""
    world = crew.shard.world
    site, x, y = (world.checkpoints[n].to_numpy() for n in ("site", "x_m", "y_m"))
    # Outlying checkpoints are for wheels.
    walked = np.flatnonzero(np.hypot(x, y) <= world.sites["fence_radius_m"].to_numpy()[site])
    first, end = stretches(site[walked], crew.site[row])
    near, which, angle, away = quarters(crew.stream("task.place"), crew.duty[row], number)
    here = (near < 0.45) | (first == end) | at_desk
    drawn = first + (which * (end - first)).astype(np.int64)
    post_x, post_y = (at[row] for at in crew.post_at)
    there_x, there_y, indoor = post_x.copy(), post_y.copy(), crew.post_is("indoor")[row]
    point = walked[drawn[~here]]
    there_x[~here], there_y[~here] = x[point], y[point]
    indoor[~here] = world.checkpoints["indoor"].to_numpy()[point]
    there_x += 6.0 * away * np.cos(2 * np.pi * angle)
    there_y += 6.0 * away * np.sin(2 * np.pi * angle)
    way = times_us(np.hypot(there_x - post_x, there_y - post_y) / PACE_MPS, SECOND_US)
    return there_x, there_y, indoor, way
