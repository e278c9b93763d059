"""Piles of tasks that effects pour on a site: a backlog, and a bulk import with wrong dates.

Belongs here: tasks of a site that are nobody's in particular. They belong to the day on which
their effect begins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from vigia.simulator.config import DAY_US
from vigia.simulator.draws import Floats, Ints
from vigia.simulator.effects import Effect
from vigia.simulator.field.codes import spelled
from vigia.simulator.field.crew import MINUTE_US, SECOND_US
from vigia.simulator.field.dice import quarters, times_us
from vigia.simulator.field.frames import Column, Origin, instants, recorded, table_of
from vigia.simulator.field.names import Names, named
from vigia.simulator.field.rhythm import day_heads
from vigia.simulator.field.sway import Sway
from vigia.simulator.field.task_records import SOURCE, closed_at_desk, overdue_us, task_codes
from vigia.simulator.field.tasks import (
    FIRST_TITLE,
    KINDS,
    PRIORITIES,
    TITLE_COUNT,
    TITLES,
    expected_min,
)

FIRST, MOST = 200, 800
"""Number of the first task of the piles of a site and day, and how many there are at most. They
are numbered like those of a duty whose number is that of site and day, after all it could have."""
DONE_AFTER_ALL = 0.6
"""Share of a pile that is done in the end; the rest is called off."""


@dataclass(frozen=True, slots=True)
class _Pile:
    """Tasks of one effect.

    Attributes:
        site: Number of the site.
        number: Number of each task within site and day.
        whole: The same in the secret order of all tasks.
        created_us: When each was asked for.
        due_us: When each should be done, as it was asked for.
        corrected_us: When each date was put right; -1 it was right.
        right_us: The right date; -1.
        closed_us: When each was done or called off.
    """

    site: int
    number: Ints
    whole: Ints
    created_us: Ints
    due_us: Ints
    corrected_us: Ints
    right_us: Ints
    closed_us: Ints


def pile_events(names: Names, sway: Sway) -> tuple[list[pl.DataFrame], list[pl.DataFrame]]:
    """Events, and facts, of the piles that begin on a shard's day."""
    frames: list[pl.DataFrame] = []
    facts: list[pl.DataFrame] = []
    counts: dict[int, int] = {}
    for effect in (Effect.TASK_BACKLOG, Effect.TASKS_MISDATED):
        for row in sway.beginning(effect):
            pile = _pile(names, effect, row, counts)
            if len(pile.number):
                made, fact = _recorded(names, pile)
                frames += made
                facts.append(fact)
    return frames, facts


def _pile(
    names: Names, effect: Effect, spell: tuple[int, int, int, float], counts: dict[int, int]
) -> _Pile:
    site, start, end, value = spell
    crew = names.crew
    hours = (end - start) / (60 * MINUTE_US)
    wanted = value * hours * crew.knobs.depth if effect is Effect.TASK_BACKLOG else value
    before = counts.get(site, 0)
    number = np.arange(before, min(before + max(round(wanted), 0), MOST))
    counts[site] = before + len(number)
    day = start // DAY_US
    when, slack, after, wait = quarters(crew.stream("pile"), site, day, number)
    whole = task_codes(crew, _head(names, site), FIRST + number)
    if effect is Effect.TASK_BACKLOG:
        created = start + times_us(when * (end - start), 1)
        due = created + times_us(8.0 + 27.0 * slack, MINUTE_US)
        closed = end + times_us(3.0 + 100.0 * after, MINUTE_US)
        never = np.full(len(number), -1, dtype=np.int64)
        return _Pile(site, number, whole, created, due, never, never, closed)
    created = start + np.cumsum(times_us(0.1 + 0.8 * when, SECOND_US))
    due = start - times_us(20.0 + 40.0 * slack, DAY_US)
    corrected = end + np.cumsum(times_us(0.1 + 0.6 * after, SECOND_US))
    right = end + times_us(1.0 + 4.0 * wait, DAY_US)
    closed = right - times_us(0.5 + 19.0 * when, 60 * MINUTE_US)
    return _Pile(site, number, whole, created, due, corrected, right, closed)


def _head(names: Names, site: int) -> Ints:
    return day_heads(names.crew, np.array([site]))


def _recorded(names: Names, pile: _Pile) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    key = _head(names, pile.site), pile.number
    what, which, how, fate = quarters(names.crew.stream("pile.task"), *key)
    effort, notice, _, _ = quarters(names.crew.stream("pile.effort"), *key)
    kind = (what * len(KINDS)).astype(np.int64)
    done = fate < DONE_AFTER_ALL
    codes = spelled("T", pile.whole)
    priority = named(PRIORITIES, 2 + (how < 0.3).astype(np.int64))
    created: dict[str, Column] = {
        "task_id": codes,
        "kind": named(KINDS, kind),
        "title": named(TITLES, FIRST_TITLE[kind] + (which * TITLE_COUNT[kind]).astype(np.int64)),
        "priority": priority,
        "due_at": instants(pile.due_us),
        "est_min": expected_min(kind, effort),
        "status": "pending",
    }
    every, right = np.arange(len(kind)), np.flatnonzero(pile.corrected_us >= 0)
    redated: dict[str, Column] = {
        "task_id": spelled("T", pile.whole[right]),
        "due_at": instants(pile.right_us[right]),
    }
    frames = [
        recorded("task", "created", _origin(names, "C", pile, pile.created_us, every), created),
        recorded("task", "updated", _origin(names, "U", pile, pile.corrected_us, right), redated),
        _closed(names, pile, _overdue(pile, notice), ("O", "overdue")),
        _closed(names, pile, np.where(done, pile.closed_us, -1), ("D", "completed")),
        _closed(names, pile, np.where(done, -1, pile.closed_us), ("X", "cancelled")),
    ]
    facts: dict[str, Column] = {
        "task_code": codes,
        "duty": np.full(len(kind), -1, dtype=np.int64),
        "site": np.full(len(kind), pile.site, dtype=np.int64),
        "kind": created["kind"],
        "priority": priority,
        "created_us": pile.created_us,
        "due_us": pile.due_us,
        "est_min": created["est_min"],
        "done_us": np.where(done, pile.closed_us, -1),
        "closed_us": pile.closed_us,
    }
    return [frame for frame in frames if frame.height], table_of(facts, len(kind))


def _overdue(pile: _Pile, notice: Floats) -> Ints:
    """When the system calls each overdue: what runs out while it is open, as ever; else -1."""
    noticed = overdue_us(pile.due_us, notice)
    runs_out = (pile.due_us >= pile.created_us) & (noticed < pile.closed_us - SECOND_US)
    return np.where(runs_out, noticed, -1)


def _closed(names: Names, pile: _Pile, at_us: Ints, what: tuple[str, str]) -> pl.DataFrame:
    letter, status = what
    mine = np.flatnonzero(at_us >= 0)
    origin = _origin(names, letter, pile, at_us, mine)
    return closed_at_desk(origin, spelled("T", pile.whole[mine]), status)


def _origin(names: Names, letter: str, pile: _Pile, at_us: Ints, mine: Ints) -> Origin:
    site = np.full(len(mine), pile.site, dtype=np.int64)
    return Origin.place(names, SOURCE, spelled(letter, pile.whole[mine]), site, at_us[mine])
