"""What is recorded of tours: runs from their scheduling to their end, and the scans between."""

from __future__ import annotations

import numpy as np
import polars as pl

from vigia.simulator.draws import Bools, Ints
from vigia.simulator.effects import Effect
from vigia.simulator.field.codes import hashes
from vigia.simulator.field.crew import MINUTE_US, SECOND_US, one_of
from vigia.simulator.field.dice import quarters, times_us
from vigia.simulator.field.diversions import Outings
from vigia.simulator.field.frames import Column, Origin, instants, recorded, table_of
from vigia.simulator.field.names import Names, index, named, sparse
from vigia.simulator.field.positions import measured
from vigia.simulator.field.rounds import ONE_SPOT, SAME_PICTURE
from vigia.simulator.field.rows import new_run, rank_in_runs
from vigia.simulator.field.schedule import Schedule
from vigia.simulator.field.sway import Sway
from vigia.simulator.field.tours import ABANDONED, COMPLETED, EXCUSED_, PARTIAL, STATUSES, Rounds

SOURCE = "tours"
PUBLISHED_US = 9 * MINUTE_US
"""How long before the shift the tour system says what is due, at most."""
EXCUSES = pl.Series(
    ["Short staffed", "Post could not be left", "Weather", "Site closed early", None]
)
REASONS = pl.Series([None, "Incident"])
VERDICTS = pl.Series(["valid", "out_of_order", "duplicate"])
AGAIN = 0.004
"""Share of scans that are made a second time by mistake."""
CALLED_AWAY = 0.06
"""Share of tours left incomplete for which the guard names an incident that nobody planned."""
PICTURED = 0.12
"""Share of checkpoints without a QR code at which a photograph is asked for."""
ORDERED = ("fixed_order", "fire_watch")
STORED = (Effect.NETWORK_DOWN, Effect.UPLOADS_LATE)


def tour_events(
    names: Names, sway: Sway, plan: Schedule, rounds: Rounds
) -> tuple[list[pl.DataFrame], list[pl.DataFrame]]:
    """Events of runs, and scans."""
    codes = names.codes("R", plan.runs.row, plan.runs.number)
    runs = [
        _scheduled(names, plan, codes),
        _started(names, sway, plan, rounds, codes),
        *_ended_on_phone(names, sway, plan, rounds, codes),
        _closed(names, plan, rounds, codes),
    ]
    return [r for r in runs if r.height], [_scans(names, sway, plan, rounds, codes)]


def tour_facts(names: Names, plan: Schedule, rounds: Rounds, outings: Outings) -> pl.DataFrame:
    """The truth about every run."""
    crew, runs, visits = names.crew, plan.runs, plan.visits
    out_from, out_to = np.full((2, len(runs)), -1, dtype=np.int64)
    for row, start, end in zip(outings.row, outings.from_us, outings.to_us, strict=True):
        under_way = (runs.row == row) & (rounds.started_us >= 0)
        under_way &= (rounds.started_us < end) & (rounds.told_us > start)
        out_from[under_way], out_to[under_way] = start, end
    before = rounds.scanned & (visits.order < runs.pause_after[visits.run])
    after = rounds.scanned & ~before & (runs.pause_after >= 0)[visits.run]
    scan_before = np.full(len(runs), -1, dtype=np.int64)
    scan_before[visits.run[before]] = rounds.scan_us[before]
    return table_of(
        {
            "run_code": names.codes("R", runs.row, runs.number),
            "duty": crew.duty[runs.row],
            "site": crew.site[runs.row],
            "tour": runs.tour,
            "due_us": runs.due_us,
            "deadline_us": runs.deadline_us,
            "started_us": rounds.started_us,
            "ended_us": np.where(rounds.started_us >= 0, rounds.told_us, -1),
            "closed_us": rounds.told_us,
            "planned": runs.planned,
            "scanned": rounds.scans,
            "last_scan_us": rounds.last_scan_us,
            "scan_before_us": scan_before,
            "resumed": np.bincount(visits.run[after], minlength=len(runs)) > 0,
            "status": named(STATUSES, rounds.status),
            "out_from_us": out_from,
            "out_to_us": out_to,
            "fake": np.where(plan.walked, runs.fake, -1),
        },
        len(runs),
    )


def _arrival(names: Names, sway: Sway, row: Ints, at_us: Ints) -> tuple[Ints | None, Bools]:
    """When events stored on a phone arrive, where that is known; and which are stored."""
    known = sway.intervals(Effect.SCANS_OFFLINE)
    stored = sway.any_of(STORED, row, at_us)
    if not len(known):
        return None, stored
    found = sway.covering(Effect.SCANS_OFFLINE, row, at_us)
    wait = names.crew.stream("upload").uniform(names.crew.duty[row], at_us, low=1.0, high=25.0)
    arrives = np.where(found >= 0, known.to_us[found] + times_us(wait, SECOND_US), -1)
    return arrives, stored | (found >= 0)


def _of_phone(
    names: Names, sway: Sway, letter: str, things: tuple[Ints, Ints], at_us: Ints
) -> Origin:
    row, number = things
    origin = Origin.phone(names, (letter, row, number), at_us)
    origin.received_us, _ = _arrival(names, sway, row, at_us)
    return origin


def _scheduled(names: Names, plan: Schedule, codes: pl.Series) -> pl.DataFrame:
    crew, runs = names.crew, plan.runs
    row = runs.row
    before = crew.stream("run.published").uniform(crew.duty[row], runs.number, low=0.1, high=1.0)
    at = crew.starts_us[row] - times_us(before, PUBLISHED_US)
    rows = index(row)
    columns: dict[str, Column] = {
        "run_id": codes,
        "tour_id": named(names.tours, runs.tour),
        "person_id": names.planned_of[rows],
        "assignment_id": names.assignment_of[rows],
        "due_at": instants(runs.due_us),
        "window_end_at": instants(runs.window_end_us),
        "checkpoints_planned": runs.planned,
        "status": "scheduled",
    }
    origin = Origin.system(names, SOURCE, ("R", row, runs.number), at, rows)
    return recorded("tour_run", "scheduled", origin, columns)


def _started(
    names: Names, sway: Sway, plan: Schedule, rounds: Rounds, codes: pl.Series
) -> pl.DataFrame:
    run = np.flatnonzero(rounds.started_us >= 0)
    row, at = plan.runs.row[run], rounds.started_us[run]
    columns: dict[str, Column] = {
        "run_id": codes[index(run)],
        "person_id": names.worker_of[index(row)],
        "started_at": instants(at),
        "status": "in_progress",
    }
    origin = _of_phone(names, sway, "S", (row, plan.runs.number[run]), at)
    return recorded("tour_run", "started", origin, columns)


def _ended_on_phone(
    names: Names, sway: Sway, plan: Schedule, rounds: Rounds, codes: pl.Series
) -> list[pl.DataFrame]:
    frames = []
    for verb, status in (("completed", COMPLETED), ("updated", PARTIAL)):
        run = np.flatnonzero(rounds.by_phone & (rounds.status == status))
        row, at = plan.runs.row[run], rounds.told_us[run]
        columns: dict[str, Column] = {
            "run_id": codes[index(run)],
            "ended_at": instants(at),
            "checkpoints_scanned": rounds.scans[run],
            "status": STATUSES[status],
        }
        if status == PARTIAL:
            columns["exception_reason"] = _reasons(names, plan, run)
        origin = _of_phone(names, sway, "E", (row, plan.runs.number[run]), at)
        frames.append(recorded("tour_run", verb, origin, columns))
    return frames


def _reasons(names: Names, plan: Schedule, run: Ints) -> pl.Series:
    """Why a tour is incomplete, where an incident is the reason or is said to be."""
    crew, runs = names.crew, plan.runs
    key = crew.duty[runs.row[run]], runs.number[run]
    said = crew.stream("run.incident").chance(CALLED_AWAY, *key)
    return named(REASONS, (runs.called[run] | said).astype(np.int64))


def _closed(names: Names, plan: Schedule, rounds: Rounds, codes: pl.Series) -> pl.DataFrame:
    """Runs that the system closes: never begun, or never ended."""
    crew, runs = names.crew, plan.runs
    run = np.flatnonzero(~rounds.by_phone)
    row, status = runs.row[run], rounds.status[run]
    excuse = crew.stream("run.excuse").integers(len(EXCUSES) - 1, crew.duty[row], runs.number[run])
    ended = np.where(status == ABANDONED, rounds.told_us[run], -1)
    columns: dict[str, Column] = {
        "run_id": codes[index(run)],
        "ended_at": instants(ended),
        "checkpoints_scanned": rounds.scans[run],
        "status": named(STATUSES, status),
        "exception_reason": named(EXCUSES, np.where(status == EXCUSED_, excuse, -1)),
    }
    origin = Origin.system(names, SOURCE, ("M", row, runs.number[run]), rounds.told_us[run])
    return recorded("tour_run", "updated", origin, columns)


def _scans(
    names: Names, sway: Sway, plan: Schedule, rounds: Rounds, codes: pl.Series
) -> pl.DataFrame:
    """Every scan, those made twice by mistake included, by duty and time."""
    crew, runs, visits = names.crew, plan.runs, plan.visits
    made = np.flatnonzero(rounds.scanned)
    key = crew.duty[runs.row[visits.run[made]]], runs.number[visits.run[made]], visits.order[made]
    twice, later, _, _ = quarters(crew.stream("scan.again"), *key)
    copies = 1 + (twice < AGAIN).astype(np.int64)
    place = np.repeat(np.arange(len(made)), copies)
    again = np.zeros(len(place), dtype=bool)
    again[1:] = place[1:] == place[:-1]
    visit = made[place]
    run = visits.run[visit]
    row = runs.row[run]
    at = rounds.scan_us[visit] + np.where(again, times_us(2.0 + 6.0 * later[place], SECOND_US), 0)
    rows = index(row)
    origin = Origin.phone(names, ("P", row, rank_in_runs(new_run(row))[0]), at, rows)
    received, stored = _arrival(names, sway, row, at)
    origin.received_us = received
    columns: dict[str, Column] = {
        "run_id": codes[index(run)],
        "checkpoint_id": named(names.checkpoints, visits.checkpoint[visit]),
        "person_id": names.worker_of[rows],
        "device_id": names.phone_of[rows],
        **_where(names, plan, visit, again),
        "photo_hash": _photographs(names, plan, visit, again),
        "offline": stored,
        "verdict": _verdicts(names, plan, rounds, visit, again),
    }
    return recorded("checkpoint_scan", "recorded", origin, columns)


def _where(names: Names, plan: Schedule, visit: Ints, again: Bools) -> dict[str, Column]:
    """Positions of scans: at the checkpoint, or at the desk where a tour is made up."""
    crew, runs, visits = names.crew, plan.runs, plan.visits
    run = visits.run[visit]
    row = runs.row[run]
    desk = ((runs.fake == ONE_SPOT) | (runs.fake == SAME_PICTURE))[run]
    post_x, post_y = (at[row] for at in crew.post_at)
    points = crew.shard.world.checkpoints["indoor"].to_numpy()
    indoor = np.where(desk, crew.post_is("indoor")[row], points[visits.checkpoint[visit]])
    x = np.where(desk, post_x, visits.x_m[visit])
    y = np.where(desk, post_y, visits.y_m[visit])
    key = crew.duty[row], runs.number[run], visits.order[visit] + 1000 * again
    at = x, y, indoor.astype(bool)
    found = measured(crew.shard.world, crew.stream("scan.place"), key, crew.site[row], at)
    return dict(found.columns())


def _photographs(names: Names, plan: Schedule, visit: Ints, again: Bools) -> pl.Series:
    """Hashes of photographs, where one is asked for; the same one where a tour is made up so."""
    crew, runs, visits = names.crew, plan.runs, plan.visits
    point = visits.checkpoint[visit]
    coded = one_of(crew.shard.world.checkpoints["tech"], ("qr",))
    asked = coded | crew.stream("checkpoint.picture").chance(PICTURED, np.arange(len(coded)))
    shot = np.flatnonzero(asked[point])
    run = visits.run[visit[shot]]
    reused = runs.fake[run] == SAME_PICTURE
    number = np.where(reused, -1, runs.number[run])
    order = np.where(reused, -1, visits.order[visit[shot]] + 1000 * again[shot])
    pictures = hashes(crew.stream("picture"), crew.duty[runs.row[run]], number, order)
    return sparse(len(visit), shot, pictures)


def _verdicts(names: Names, plan: Schedule, rounds: Rounds, visit: Ints, again: Bools) -> pl.Series:
    """What the app says: that something was skipped on an ordered tour, or scanned already."""
    runs, visits = plan.runs, plan.visits
    kinds = names.crew.shard.world.tours["kind"]
    ordered = one_of(kinds, ORDERED)[runs.tour][visits.run[visit]]
    skipped = np.zeros(len(rounds.scanned), dtype=bool)
    skipped[1:] = ~rounds.scanned[:-1]
    jumped = ordered & skipped[visit] & (visits.order[visit] > 0)
    which = np.select([again, jumped], [2, 1], 0)
    return named(VERDICTS, which)
