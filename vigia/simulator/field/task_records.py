"""What becomes of tasks, and what is recorded of it.

Belongs here: events and facts of tasks of duties. Piles that effects pour on a site are in
`piles`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from vigia.simulator.draws import Bools, Ints
from vigia.simulator.field.crew import MINUTE_US, SECOND_US, Crew
from vigia.simulator.field.dice import quarters, times_us
from vigia.simulator.field.frames import Column, Origin, instants, recorded, table_of
from vigia.simulator.field.names import Names, index, named
from vigia.simulator.field.sway import UNRECORDED, Sway
from vigia.simulator.field.tasks import FIRST_TITLE, KINDS, PRIORITIES, TITLES, Tasks

SOURCE = "tasks"
SAYS_STARTED = 0.35
"""Share of tasks whose beginning is told to the phone."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of tasks.

    Attributes:
        begun_us: When work at the place began, if the phone was told; else -1.
        done_us: When it was done, if it was and that was recorded; else -1.
        overdue_us: When the system called it overdue; else -1.
        dropped_us: When it was struck off; else -1.
    """

    begun_us: Ints
    done_us: Ints
    overdue_us: Ints
    dropped_us: Ints


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
    noticed = tasks.due_us + times_us(20.0 + 60.0 * late, SECOND_US)
    shift_end = np.where(crew.here, np.maximum(crew.leaves_us, crew.ends_us), crew.until_us)[row]
    dropped = shift_end + times_us(1.0 + 12.0 * end, MINUTE_US)
    over = np.where(recorded_done, done, dropped)
    return Fate(
        begun_us=np.where(tells, begun, -1),
        done_us=np.where(recorded_done, done, -1),
        overdue_us=np.where(noticed < over - SECOND_US, noticed, -1),
        dropped_us=np.where(recorded_done, -1, dropped),
    )


def task_events(names: Names, tasks: Tasks, fate: Fate) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """Events and facts of the tasks of a crew."""
    crew, row = names.crew, tasks.row
    codes = names.codes("T", row, tasks.number)
    frames = [
        _created(names, tasks, codes),
        _change(names, tasks, codes, fate.begun_us, ("B", "in_progress")),
        _change(names, tasks, codes, fate.overdue_us, ("O", "overdue")),
        _change(names, tasks, codes, fate.dropped_us, ("X", "skipped")),
        _change(names, tasks, codes, fate.done_us, ("D", "completed")),
    ]
    facts = table_of(
        {
            "task_code": codes,
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


def _created(names: Names, tasks: Tasks, codes: pl.Series) -> pl.DataFrame:
    row = tasks.row
    rows = index(row)
    columns: dict[str, Column] = {
        "task_id": codes,
        "kind": named(KINDS, tasks.kind),
        "title": named(TITLES, FIRST_TITLE[tasks.kind] + tasks.title),
        "priority": named(PRIORITIES, tasks.priority),
        "due_at": instants(tasks.due_us),
        "est_min": tasks.est_min,
        "assignee_id": names.planned_of[rows],
        "status": "assigned",
    }
    origin = Origin.system(names, SOURCE, ("C", row, tasks.number), tasks.created_us, rows)
    return recorded("task", "created", origin, columns)


def _change(
    names: Names, tasks: Tasks, codes: pl.Series, at_us: Ints, what: tuple[str, str]
) -> pl.DataFrame:
    """The events of one change of state, for the tasks to which it happens."""
    letter, status = what
    mine = np.flatnonzero(at_us >= 0)
    at, ids = at_us[mine], (letter, tasks.row[mine], tasks.number[mine])
    rows = index(tasks.row[mine])
    columns: dict[str, Column] = {"task_id": codes[index(mine)], "status": status}
    if status in ("overdue", "skipped"):
        origin = Origin.system(names, SOURCE, ids, at, rows)
        return recorded("task", "updated", origin, columns)
    origin = Origin.phone(names, ids, at, rows)
    columns["assignee_id"] = names.worker_of[rows]
    if status == "completed":
        columns["completed_at"] = instants(at)
        return recorded("task", "completed", origin, columns)
    return recorded("task", "updated", origin, columns)
