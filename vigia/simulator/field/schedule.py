"""What every guard of a shard really does, one thing at a time.

Belongs here: bringing tours, tasks, breaks and incidents together. Positions that follow from
it are in `path`, records in the module of each thing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vigia.simulator.draws import Bools, Ints
from vigia.simulator.effects import Intervals
from vigia.simulator.field.agenda import Wishes, settle
from vigia.simulator.field.crew import Crew
from vigia.simulator.field.errands import Errands, plan_breaks, plan_incidents
from vigia.simulator.field.interruptions import interrupt, postponed, way_back_us
from vigia.simulator.field.rounds import Runs, Visits, plan_rounds
from vigia.simulator.field.sway import Spells, Sway
from vigia.simulator.field.tasks import Tasks, plan_tasks


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is done, and when.

    Attributes:
        runs: Tours that are due.
        run_starts_us: When each is begun, where it is.
        walked: Tours that somebody sets out on.
        visits: Planned checkpoints of all runs.
        visit_us: When each is reached, if its run is walked and it is kept.
        tasks: Tasks of the crew.
        task_starts_us: When somebody sets out for each, where anybody does.
        taken: Tasks that somebody sets out for.
        breaks: Breaks that are taken, with their real starts.
        incidents: Incidents that happened by themselves, those that interrupt a tour included.
        busy: All of this by row of the crew, as intervals.
    """

    runs: Runs
    run_starts_us: Ints
    walked: Bools
    visits: Visits
    visit_us: Ints
    tasks: Tasks
    task_starts_us: Ints
    taken: Bools
    breaks: Errands
    incidents: Spells
    busy: Intervals


def schedule(crew: Crew, sway: Sway) -> Schedule:
    """Settle what the guards of a shard do."""
    runs, visits, holds = interrupt(crew, sway, *plan_rounds(crew, sway))
    tasks, breaks, incidents = plan_tasks(crew, sway), plan_breaks(crew), plan_incidents(crew)
    of_runs = Wishes(runs.row, runs.want_us, runs.length_us, runs.latest_us)
    wishes = Wishes.together(of_runs, tasks.wishes(crew), breaks.wishes, incidents.wishes)
    parts = np.cumsum([len(runs), len(tasks), len(breaks.number)])
    of_tasks = slice(parts[0], parts[1])
    desk_work, willing = np.zeros(len(wishes.row), dtype=bool), np.ones(len(wishes.row), dtype=bool)
    desk_work[of_tasks] = True
    willing[: parts[0]], willing[of_tasks] = runs.willing, tasks.willing
    wishes = postponed(crew, wishes, holds, desk_work)
    starts, kept = settle(wishes, willing)
    run_starts, task_starts, break_starts, incident_starts = np.split(starts, parts)
    walked, taken, rested, happened = np.split(kept, parts)
    visit_us = run_starts[visits.run] + visits.after_us
    return Schedule(
        runs=runs,
        run_starts_us=run_starts,
        walked=walked,
        visits=visits,
        visit_us=visit_us,
        tasks=tasks,
        task_starts_us=task_starts,
        taken=taken,
        breaks=_started(breaks, break_starts, rested),
        incidents=_incidents(
            (runs, visits, run_starts, walked),
            _started(incidents, incident_starts, happened).wishes,
            way_back_us(crew),
        ),
        busy=_busy(wishes, starts, kept),
    )


def _started(errands: Errands, starts_us: Ints, kept: Bools) -> Errands:
    wishes = errands.wishes
    settled = Wishes(
        wishes.row[kept], starts_us[kept], wishes.length_us[kept], wishes.latest_us[kept]
    )
    return Errands(settled, errands.number[kept])


def _incidents(tours: tuple[Runs, Visits, Ints, Bools], others: Wishes, back_us: Ints) -> Spells:
    """Incidents outside tours, and those that interrupt one without being made to."""
    runs, visits, starts, walked = tours
    run = np.flatnonzero(walked & (runs.pause_after >= 0) & ~runs.pulled)
    last = runs.first_visit[run] + runs.pause_after[run] - 1
    begin = starts[run] + (visits.after_us + visits.dwell_us)[last]
    row = np.concatenate([runs.row[run], others.row])
    from_us = np.concatenate([begin, others.want_us])
    stay = runs.pause_us[run] - back_us[runs.row[run]]
    to_us = from_us + np.concatenate([stay, others.length_us])
    order = np.lexsort((from_us, row))
    return Spells(row[order], from_us[order], to_us[order], np.zeros(len(row)))


def _busy(wishes: Wishes, starts_us: Ints, kept: Bools) -> Intervals:
    order = np.lexsort((starts_us[kept], wishes.row[kept]))
    row, start = wishes.row[kept][order], starts_us[kept][order]
    end = start + wishes.length_us[kept][order]
    return Intervals(row, start, end, np.zeros(len(row)))
