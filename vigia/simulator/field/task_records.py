"""What becomes of tasks, and what is recorded of it.

Belongs here: events and facts of tasks of duties. Piles that effects pour on a site are in
`piles`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from vigia.simulator.config import DAY_US
from vigia.simulator.draws import Bools, Floats, Ints
from vigia.simulator.field.codes import shuffled, spelled
from vigia.simulator.field.crew import MINUTE_US, SECOND_US, Crew
from vigia.simulator.field.dice import quarters, times_us
from vigia.simulator.field.frames import Column, Origin, instants, recorded, table_of
from vigia.simulator.field.names import Index, Names, index, named
from vigia.simulator.field.sway import UNRECORDED, Sway
from vigia.simulator.field.tasks import FIRST_TITLE, KINDS, PRIORITIES, TITLES, Tasks

SOURCE = "tasks"
SAYS_STARTED = 0.35
"""Share of tasks whose beginning is told to the phone."""
NOBODYS = 0.04
"""Share of tasks that are given to nobody at first."""
ON_PAPER = 0.6
"""Share of those done of them that the desk enters as done, and no phone."""
CALLED_OFF = 0.12
"""Share of what nobody does that is called off instead of skipped; so is all that is nobody's."""
REDATED = 0.035
"""Share of tasks that are first given a wrong date: half of them one long past, half too early."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of tasks.

    Attributes:
        begun_us: When work at the place began, if the phone was told; else -1.
        done_us: When it was done, if it was and that was recorded; else -1.
        overdue_us: When the system called it overdue; else -1.
        dropped_us: When it was struck off; else -1.
        nobodys: Given to nobody at first.
        entered_us: When the desk entered that it was done, where no phone told it; else -1.
        called_off: Struck off because it was called off, not skipped.
        first_due_us: The date it was given at first.
        redated_us: When that was put right; -1 where it was right.
    """

    begun_us: Ints
    done_us: Ints
    overdue_us: Ints
    dropped_us: Ints
    nobodys: Bools
    entered_us: Ints
    called_off: Bools
    first_due_us: Ints
    redated_us: Ints

    @property
    def by_phone_us(self) -> Ints:
        """When a phone told that it was done; -1 where none did."""
        return np.where(self.entered_us >= 0, -1, self.done_us)


def fate(crew: Crew, sway: Sway, tasks: Tasks, starts_us: Ints, taken: Bools) -> Fate:
    """What becomes of tasks that somebody sets out for at some time, or never.

    What is not done when the shift ends is struck off by the next one.
    """
    row = tasks.row
    begun = starts_us + tasks.way_us
    done = begun + tasks.work_us
    says, late, end, _ = quarters(crew.stream("task.fate"), crew.duty[row], tasks.number)
    recorded_done = taken & ~sway.any_of(UNRECORDED, row, done)
    tells = recorded_done & (says < SAYS_STARTED) & ~sway.any_of(UNRECORDED, row, begun)
    noticed = overdue_us(tasks.due_us, late)
    shift_end = np.where(crew.here, np.maximum(crew.leaves_us, crew.ends_us), crew.until_us)[row]
    dropped = shift_end + times_us(1.0 + 12.0 * end, MINUTE_US)
    key = crew.duty[row], tasks.number
    nobody, paper, off, wait = quarters(crew.stream("task.paper"), *key)
    nobodys = nobody < NOBODYS
    on_paper = recorded_done & nobodys & (paper < ON_PAPER)
    entered = done + times_us(2.0 + 20.0 * wait, MINUTE_US)
    over = np.where(recorded_done, np.where(on_paper, entered, done), dropped)
    first_due, redated = _dates(crew, tasks, np.where(recorded_done, done, dropped))
    return Fate(
        begun_us=np.where(tells & ~on_paper, begun, -1),
        done_us=np.where(recorded_done, done, -1),
        overdue_us=np.where(noticed < over - SECOND_US, noticed, -1),
        dropped_us=np.where(recorded_done, -1, dropped),
        nobodys=nobodys,
        entered_us=np.where(on_paper, entered, -1),
        called_off=nobodys | (off < CALLED_OFF),
        first_due_us=first_due,
        redated_us=redated,
    )


def overdue_us(due_us: Ints, luck: Floats) -> Ints:
    """When the system would call tasks overdue."""
    return due_us + times_us(20.0 + 60.0 * luck, SECOND_US)


def _dates(crew: Crew, tasks: Tasks, over_us: Ints) -> tuple[Ints, Ints]:
    """The date that each task is given at first, and when it is put right (-1 it was right).

    A wrong one is a slip of weeks, or simply too early; it is put right while the task is open.
    """
    key = crew.duty[tasks.row], tasks.number
    wrong, far, near, wait = quarters(crew.stream("task.date"), *key)
    slipped = wrong < REDATED / 2
    early = tasks.due_us - np.where(
        slipped, times_us(1.0 + 40.0 * far, DAY_US), times_us(10.0 + 40.0 * near, MINUTE_US)
    )
    redated = tasks.created_us + times_us(1.0 + 25.0 * wait**2, MINUTE_US)
    last = np.where(slipped, over_us, np.minimum(over_us, early))
    right = (wrong >= REDATED) | (redated >= last - SECOND_US)
    return np.where(right, tasks.due_us, early), np.where(right, -1, redated)


def task_codes(crew: Crew, head: Ints, number: Ints) -> Ints:
    """Numbers of tasks in their secret order; of duties, or of a site and day from 200 on."""
    return shuffled(crew.stream("task.code"), head, number)


def task_events(names: Names, tasks: Tasks, fate: Fate) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """Events and facts of the tasks of a crew."""
    crew, row = names.crew, tasks.row
    book = _Book(names, tasks, task_codes(crew, crew.duty[row], tasks.number))
    skipped = np.where(fate.called_off, -1, fate.dropped_us)
    frames = [
        book.created(fate),
        book.by_phone("B", fate.begun_us, "in_progress"),
        book.redated(fate),
        book.by_desk("O", fate.overdue_us, "overdue"),
        book.by_desk("X", skipped, "skipped"),
        book.by_desk("X", np.where(fate.called_off, fate.dropped_us, -1), "cancelled"),
        book.by_desk("D", fate.entered_us, "completed"),
        book.by_phone("D", fate.by_phone_us, "completed"),
    ]
    facts = table_of(
        {
            "task_code": spelled("T", book.whole),
            "duty": crew.duty[row],
            "site": crew.site[row],
            "kind": named(KINDS, tasks.kind),
            "priority": named(PRIORITIES, tasks.priority),
            "created_us": tasks.created_us,
            "due_us": tasks.due_us,
            "est_min": tasks.est_min,
            "done_us": fate.done_us,
            "closed_us": np.maximum(fate.done_us, fate.dropped_us),
        },
        len(row),
    )
    return [frame for frame in frames if frame.height], facts


@dataclass(frozen=True, slots=True)
class _Book:
    """Writes down what becomes of tasks.

    Attributes:
        names: How things are called.
        tasks: The tasks.
        whole: Number of each in the secret order.
    """

    names: Names
    tasks: Tasks
    whole: Ints

    def created(self, fate: Fate) -> pl.DataFrame:
        tasks, names = self.tasks, self.names
        rows = index(tasks.row)
        nobodys = pl.Series(fate.nobodys)
        assigned = pl.Series(["assigned"]).new_from_index(0, len(nobodys))
        columns: dict[str, Column] = {
            "task_id": spelled("T", self.whole),
            "kind": named(KINDS, tasks.kind),
            "title": named(TITLES, FIRST_TITLE[tasks.kind] + tasks.title),
            "priority": named(PRIORITIES, tasks.priority),
            "due_at": instants(fate.first_due_us),
            "est_min": tasks.est_min,
            "assignee_id": names.planned_of[rows].set(nobodys, None),
            "status": assigned.set(nobodys, "pending"),
        }
        origin = self._at_desk("C", np.arange(len(tasks)), tasks.created_us, rows)
        return recorded("task", "created", origin, columns)

    def redated(self, fate: Fate) -> pl.DataFrame:
        mine = np.flatnonzero(fate.redated_us >= 0)
        columns: dict[str, Column] = {
            "task_id": spelled("T", self.whole[mine]),
            "due_at": instants(self.tasks.due_us[mine]),
        }
        rows = index(self.tasks.row[mine])
        origin = self._at_desk("U", mine, fate.redated_us[mine], rows)
        return recorded("task", "updated", origin, columns)

    def by_desk(self, letter: str, at_us: Ints, status: str) -> pl.DataFrame:
        """What the desk or its system says of the tasks to which it happens."""
        mine = np.flatnonzero(at_us >= 0)
        rows = index(self.tasks.row[mine])
        origin = self._at_desk(letter, mine, at_us[mine], rows)
        return closed_at_desk(origin, spelled("T", self.whole[mine]), status)

    def by_phone(self, letter: str, at_us: Ints, status: str) -> pl.DataFrame:
        """What phones say of the tasks to which it happens."""
        mine = np.flatnonzero(at_us >= 0)
        rows, names = index(self.tasks.row[mine]), self.names
        columns: dict[str, Column] = {
            "task_id": spelled("T", self.whole[mine]),
            "status": status,
            "assignee_id": names.worker_of[rows],
        }
        site, device, duty = (numbers[rows] for numbers in names.numbers_of)
        code, subject = spelled(letter, self.whole[mine]), names.site_of[rows]
        origin = Origin(names.source_of[rows], code, subject, site, device, duty, at_us[mine])
        if status == "completed":
            columns["completed_at"] = instants(at_us[mine])
        verb = "completed" if status == "completed" else "updated"
        return recorded("task", verb, origin, columns)

    def _at_desk(self, letter: str, mine: Ints, at_us: Ints, rows: Index) -> Origin:
        site, _, duty = (numbers[rows] for numbers in self.names.numbers_of)
        code, subject = spelled(letter, self.whole[mine]), self.names.site_of[rows]
        return Origin(SOURCE, code, subject, site, -1, duty, at_us)


def closed_at_desk(origin: Origin, codes: pl.Series, status: str) -> pl.DataFrame:
    """What the desk or its system says of tasks: overdue, done, skipped or called off."""
    columns: dict[str, Column] = {"task_id": codes, "status": status}
    if status == "completed":
        columns["completed_at"] = instants(origin.at_us)
    verb = "completed" if status == "completed" else "updated"
    return recorded("task", verb, origin, columns)
