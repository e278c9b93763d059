"""Piles of tasks that are poured on a site: a backlog, and imports with right and wrong dates.

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
    PRIORITY_MIX,
    TITLE_COUNT,
    TITLES,
    expected_min,
)

FIRST, MOST = 200, 800
"""Number of the first task of the piles of a site and day, and how many there are at most. They
are numbered like those of a duty whose number is that of site and day, after all it could have."""
DONE_AFTER_ALL = 0.6
"""Share of a pile that is done in the end; the rest is called off."""
IN_BATCHES, BATCHES = 0.5, 5
"""Share of a backlog that somebody enters in a few goes, each within seconds."""
A_LIST = 5
"""So many tasks asked for at once are a list that somebody imports."""


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
    for effect in (Effect.TASK_BACKLOG, Effect.TASKS_MISDATED, Effect.TASKS_ASKED):
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
    luck = when, slack, after, wait
    times = _TIMES[effect](start, end, luck)
    return _Pile(site, number, whole, *times)


Luck = tuple[Floats, Floats, Floats, Floats]
Times = tuple[Ints, Ints, Ints, Ints, Ints]
"""Asked for, due, corrected, rightly due, closed; -1 where nothing is corrected."""


def _backlog(start: int, end: int, luck: Luck) -> Times:
    """Tasks that are asked for all the time, some in batches, and stay undone until the end."""
    when, slack, after, wait = luck
    batch = (np.floor(when * BATCHES) + 0.5) / BATCHES
    when = np.where(wait < IN_BATCHES, batch, when)
    seconds = np.where(wait < IN_BATCHES, 20.0 * wait, 0.0)
    created = start + times_us(when * (end - start), 1) + times_us(seconds, SECOND_US)
    due = created + times_us(8.0 + 27.0 * slack, MINUTE_US)
    never = np.full(len(when), -1, dtype=np.int64)
    return created, due, never, never, end + times_us(3.0 + 100.0 * after, MINUTE_US)


def _misdated(start: int, end: int, luck: Luck) -> Times:
    """Tasks that come within seconds with dates long past, corrected in one go at the end."""
    when, slack, after, wait = luck
    due = start - times_us(20.0 + 40.0 * slack, DAY_US)
    corrected = end + np.cumsum(times_us(0.1 + 0.6 * after, SECOND_US))
    right = end + times_us(1.0 + 4.0 * wait, DAY_US)
    return _imported(start, when), due, corrected, right, right - _some_hours(when, 19.0)


def _asked(start: int, end: int, luck: Luck) -> Times:
    """Tasks that wait for whoever comes: rightly dated, and done in good time."""
    when, slack, after, _ = luck
    created = start + np.cumsum(times_us(20.0 + 300.0 * when, SECOND_US))
    if len(when) >= A_LIST:
        created = _imported(start, when)
    due = np.maximum(end, created[-1:]) + times_us(3.0 + 17.0 * slack, 60 * MINUTE_US)
    never = np.full(len(when), -1, dtype=np.int64)
    return created, due, never, never, due - _some_hours(after, 2.0)


def _imported(start: int, luck: Floats) -> Ints:
    """Instants of tasks that a system writes one after the other."""
    written: Ints = start + np.cumsum(times_us(0.1 + 0.8 * luck, SECOND_US))
    return written


def _some_hours(luck: Floats, hours: float) -> Ints:
    return times_us(0.5 + hours * luck, 60 * MINUTE_US)


_TIMES = {
    Effect.TASK_BACKLOG: _backlog,
    Effect.TASKS_MISDATED: _misdated,
    Effect.TASKS_ASKED: _asked,
}


def _head(names: Names, site: int) -> Ints:
    return day_heads(names.crew, np.array([site]))


def _recorded(names: Names, pile: _Pile) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    key = _head(names, pile.site), pile.number
    what, which, how, fate = quarters(names.crew.stream("pile.task"), *key)
    effort, notice, _, _ = quarters(names.crew.stream("pile.effort"), *key)
    kind = (what * len(KINDS)).astype(np.int64)
    done = fate < DONE_AFTER_ALL
    codes = spelled("T", pile.whole)
    rank = np.searchsorted(np.cumsum(PRIORITY_MIX)[:-1], how, side="right")
    priority = named(PRIORITIES, rank)
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
