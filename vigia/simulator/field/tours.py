"""What comes of tours: which visits become scans, and how a run ends.

A run is told by two voices: the phone says what its guard does, the tour system what it misses.
The events of both are in `tour_records`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from vigia.simulator.draws import Bools, Ints
from vigia.simulator.effects import Effect
from vigia.simulator.field.crew import MINUTE_US, SECOND_US, Crew
from vigia.simulator.field.dice import quarters, times_us
from vigia.simulator.field.interruptions import PULLS
from vigia.simulator.field.rounds import HONEST
from vigia.simulator.field.schedule import Schedule
from vigia.simulator.field.sway import UNRECORDED, Sway

AWAY = (*PULLS, Effect.STILL, Effect.ON_CHARGER)
"""Effects during which nobody is at a checkpoint."""
EXCUSED = 0.08
"""Share of tours not walked that somebody excuses."""
COMPLETED, PARTIAL, ABANDONED, EXCUSED_, MISSED = range(5)
STATUSES = pl.Series(["completed", "partial", "abandoned", "excused", "missed"])


@dataclass(frozen=True, slots=True)
class Rounds:
    """What came of runs.

    Attributes:
        scanned: Visits that were scanned.
        scan_us: When each visit was, or would have been, scanned.
        scans: Scans of each run.
        last_scan_us: Last scan of each run; -1 without.
        started_us: When it was started on the phone; -1 never.
        status: How it ended, a position in `STATUSES`.
        by_phone: The phone says so, not the system.
        told_us: When the end is told.
    """

    scanned: Bools
    scan_us: Ints
    scans: Ints
    last_scan_us: Ints
    started_us: Ints
    status: Ints
    by_phone: Bools
    told_us: Ints


def walk(crew: Crew, sway: Sway, plan: Schedule) -> Rounds:
    """Find out what came of the runs of a crew."""
    runs, visits = plan.runs, plan.visits
    row = runs.row[visits.run]
    key = crew.duty[row], runs.number[visits.run], visits.order
    press = crew.stream("scan").uniform(*key, low=1.0, high=5.0)
    # Who scans at a desk has the tag in hand.
    press = np.where(runs.fake[visits.run] == HONEST, press, 0.2 * press)
    scan_us = plan.visit_us + times_us(press, SECOND_US)
    scanned = visits.kept & plan.walked[visits.run] & (scan_us < crew.leaves_us[row])
    scanned &= ~sway.any_of((*UNRECORDED, *AWAY), row, scan_us)
    scans = np.bincount(visits.run[scanned], minlength=len(runs))
    first, last = _first_and_last(visits.run, scan_us, scanned, len(runs))
    pressed = ~sway.any_of(UNRECORDED, runs.row, plan.run_starts_us)
    # A start that could not be recorded is made up for by the first scan.
    made_up = np.where(first >= 0, first - SECOND_US, -1)
    started = np.where(plan.walked, np.where(pressed, plan.run_starts_us, made_up), -1)
    status, by_phone, told = _ends(crew, sway, plan, (scans, last, started))
    return Rounds(scanned, scan_us, scans, last, started, status, by_phone, told)


def _first_and_last(run: Ints, at_us: Ints, chosen: Bools, count: int) -> tuple[Ints, Ints]:
    """First and last chosen instant of each run; -1 without. Instants of a run ascend."""
    run, at_us = run[chosen], at_us[chosen]
    first, last = np.full((2, count), -1, dtype=np.int64)
    last[run] = at_us
    first[run[::-1]] = at_us[::-1]
    return first, last


def _ends(
    crew: Crew, sway: Sway, plan: Schedule, so_far: tuple[Ints, Ints, Ints]
) -> tuple[Ints, Bools, Ints]:
    """How each run ends: by its guard, or by the system that waited long enough."""
    scans, last, started = so_far
    runs, row = plan.runs, plan.runs.row
    key = crew.duty[row], runs.number
    press, lag, excuse, _ = quarters(crew.stream("run.end"), *key)
    whole = scans == runs.planned
    # The guard ends a tour at the last checkpoint; one that lacks something, back at the post.
    over = np.where(whole, last, plan.run_starts_us + runs.length_us)
    presses = over + times_us(4.0 + 26.0 * press, SECOND_US)
    ends = (started >= 0) & (scans > 0) & runs.ends & (presses < crew.leaves_us[row] + MINUTE_US)
    ends &= ~sway.any_of((*UNRECORDED, *PULLS), row, presses)
    begun = started >= 0
    patience = np.where(begun, started + 2 * runs.length_us + 20 * MINUTE_US, runs.deadline_us)
    closed = np.minimum(patience, crew.latest_us[row] - 2 * MINUTE_US)
    closed = np.maximum(closed, np.maximum(last, started)) + times_us(5.0 + 50.0 * lag, SECOND_US)
    excused = (excuse < EXCUSED) & crew.here[row]
    outcomes = [ends & whole, ends, begun, excused]
    status = np.select(outcomes, [COMPLETED, PARTIAL, ABANDONED, EXCUSED_], MISSED)
    return status, ends, np.where(ends, presses, closed)
