"""Check calls: when they are due, and who answers.

Hourly for who is alone (every half hour at sites of high risk), two-hourly for others; an answer
counts from 10 minutes before until 15 minutes after the due time (`domain.md` 1.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from vigia.simulator.draws import Bools, Ints
from vigia.simulator.effects import Effect
from vigia.simulator.field.crew import MINUTE_US, SECOND_US, Crew
from vigia.simulator.field.dice import quarters, times_us
from vigia.simulator.field.frames import Column, Origin, instants, recorded, table_of
from vigia.simulator.field.names import Names, index, named
from vigia.simulator.field.rows import spread
from vigia.simulator.field.sway import UNRECORDED, Sway

SOURCE, CALLS = "welfare", "call-log"
LONE_MIN, RISKY_MIN, PAIR_MIN = 60, 30, 120
HIGH_RISK = 4
OPENS_US, CLOSES_US = 10 * MINUTE_US, 15 * MINUTE_US
PUBLISHED_US = 8 * MINUTE_US
LATE, MISSED = 0.003, 0.0012
"""Shares of checks that an average guard answers too late, or never."""
BY_VOICE = 0.025
"""Share of checks answered by telephone although the app would do."""
CALLS_BACK = 0.9
"""Share of missed checks after which the control room calls."""
OK, TOO_LATE, NEVER = range(3)
RESULTS = pl.Series(["ok", "late", "missed"])
METHODS = pl.Series(["app", "call"])
OUTCOMES = pl.Series(["no_answer", "reached"])
SILENT = (*UNRECORDED, Effect.MISSES_WELFARE)
CUT_OFF = (Effect.NETWORK_DOWN, Effect.UPLOADS_LATE)
"""While one of these holds, nobody gets through by telephone either, unless it is planned."""
UNREACHABLE = (Effect.STILL, Effect.DARK, Effect.SILENCE)


@dataclass(frozen=True, slots=True)
class Checks:
    """Check calls of duties, one row per check, by row of the crew and time.

    Attributes:
        row: Row of the crew.
        number: Number within the duty.
        due_us: When it is due.
        result: `OK`, `TOO_LATE` or `NEVER`.
        answered_us: When it was answered; -1 never.
        by_voice: Answered by telephone instead of the app.
    """

    row: Ints
    number: Ints
    due_us: Ints
    result: Ints
    answered_us: Ints
    by_voice: Bools

    @property
    def closes_us(self) -> Ints:
        """Until when an answer counts."""
        return self.due_us + CLOSES_US


def check_calls(crew: Crew, sway: Sway) -> Checks:
    """The check calls of a crew and their answers."""
    row, number, due = _due(crew)
    key = crew.duty[row], number
    luck, early, late, lag = quarters(crew.stream("welfare"), *key)
    careless = (1.4 - crew.trait("diligence")[row]) ** 2 / 0.45
    careless = careless * np.where(crew.dips(row, due), 1.8, 1.0)
    usual = times_us(-4.0 + 5.5 * early + 6.0 * late**3, MINUTE_US)
    behind = CLOSES_US + times_us(0.5 + 9.0 * lag**2, MINUTE_US)
    answered = due + np.where(luck < LATE * careless, behind, usual)
    by_voice = sway.on(Effect.ANSWERS_BY_VOICE, row, due)
    present = (crew.arrives_us[row] <= answered) & (answered < crew.leaves_us[row])
    answers = crew.here[row] & present & (luck < 1.0 - MISSED * careless)
    answers &= by_voice | ~sway.on(Effect.MISSES_WELFARE, row, due)
    answers &= by_voice | ~sway.any_of(SILENT, row, answered)
    answers &= answered < crew.latest_us[row] - MINUTE_US
    in_time = answered < due + CLOSES_US
    result = np.select([answers & in_time, answers], [OK, TOO_LATE], NEVER)
    likes = crew.stream("welfare.voice").chance(BY_VOICE, *key)
    by_voice |= likes & ~sway.any_of(CUT_OFF, row, answered)
    return Checks(row, number, due, result, np.where(answers, answered, -1), by_voice & answers)


def _due(crew: Crew) -> tuple[Ints, Ints, Ints]:
    risky = crew.of_site("risk_tier") >= HIGH_RISK
    alone = np.where(risky, RISKY_MIN, LONE_MIN)
    every = np.where(crew.lone, alone, PAIR_MIN) * MINUTE_US
    room = np.maximum(crew.until_us - crew.starts_us - OPENS_US, 0)
    row, number = spread(room // every)
    return row, number, crew.starts_us[row] + (number + 1) * every[row]


def welfare_events(names: Names, checks: Checks) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """Events and facts of check calls."""
    crew, row = names.crew, checks.row
    codes = names.codes("W", row, checks.number)
    frames = [_scheduled(names, checks, codes), _closed(names, checks, codes)]
    for by_voice in (False, True):
        answered = (checks.answered_us >= 0) & (checks.by_voice == by_voice)
        if answered.any():
            which = np.flatnonzero(answered)
            frames.append(_answered(names, checks, codes, which, by_voice=by_voice))
    facts: dict[str, Column] = {
        "check_code": codes,
        "duty": crew.duty[row],
        "site": crew.site[row],
        "due_us": checks.due_us,
        "closes_us": checks.closes_us,
        "answered_us": checks.answered_us,
        "result": named(RESULTS, checks.result),
        "method": named(METHODS, checks.by_voice.astype(np.int64)),
    }
    return [frame for frame in frames if frame.height], table_of(facts, len(row))


def _scheduled(names: Names, checks: Checks, codes: pl.Series) -> pl.DataFrame:
    crew, row = names.crew, checks.row
    before = crew.stream("welfare.published").uniform(crew.duty[row], checks.number, low=0.1)
    at = crew.starts_us[row] - times_us(before, PUBLISHED_US)
    rows = index(row)
    columns: dict[str, Column] = {
        "check_id": codes,
        "person_id": names.planned_of[rows],
        "assignment_id": names.assignment_of[rows],
        "due_at": instants(checks.due_us),
        "opens_at": instants(checks.due_us - OPENS_US),
        "closes_at": instants(checks.closes_us),
        "method": "app",
        "result": "pending",
    }
    origin = Origin.system(names, SOURCE, ("W", row, checks.number), at, rows)
    return recorded("welfare_check", "scheduled", origin, columns)


def _closed(names: Names, checks: Checks, codes: pl.Series) -> pl.DataFrame:
    """What the system closes as missed; an answer that comes later is told after it."""
    crew = names.crew
    late = np.flatnonzero(checks.result != OK)
    row, number = checks.row[late], checks.number[late]
    wait = crew.stream("welfare.closed").uniform(crew.duty[row], number, low=1.0, high=15.0)
    at = checks.closes_us[late] + times_us(wait, SECOND_US)
    columns: dict[str, Column] = {
        "check_id": codes[index(late)],
        "attempts": 3,
        "result": "missed",
    }
    origin = Origin.system(names, SOURCE, ("M", row, number), at)
    return recorded("welfare_check", "closed", origin, columns)


def _answered(
    names: Names, checks: Checks, codes: pl.Series, which: Ints, *, by_voice: bool
) -> pl.DataFrame:
    row, number, at = checks.row[which], checks.number[which], checks.answered_us[which]
    late = checks.result[which] == TOO_LATE
    rows = index(row)
    columns: dict[str, Column] = {
        "check_id": codes[index(which)],
        "person_id": names.worker_of[rows],
        "answered_at": instants(at),
        "attempts": np.where(late, 3, 1),
        "method": "call" if by_voice else "app",
        "result": named(RESULTS, checks.result[which]),
    }
    origin = (
        Origin.system(names, SOURCE, ("V", row, number), at, rows)
        if by_voice
        else Origin.phone(names, ("W", row, number), at, rows)
    )
    return recorded("welfare_check", "answered", origin, columns)


def call_log(names: Names, sway: Sway, checks: Checks) -> list[pl.DataFrame]:
    """Calls about checks: those that answer one, and those of a control room that missed one."""
    crew = names.crew
    voice = np.flatnonzero(checks.by_voice)
    before = crew.stream("call.voice").uniform(crew.duty[checks.row[voice]], checks.number[voice])
    at = checks.answered_us[voice] - times_us(5.0 + 50.0 * before, SECOND_US)
    late = np.flatnonzero(checks.result != OK)
    asks, wait, takes, _ = quarters(
        crew.stream("call.missed"), crew.duty[checks.row[late]], checks.number[late]
    )
    late_at = checks.closes_us[late] + times_us(40.0 + 200.0 * wait, SECOND_US)
    row = checks.row[late]
    there = (crew.arrives_us[row] <= late_at) & (late_at < crew.leaves_us[row])
    reached = (
        crew.here[row] & there & ~sway.any_of(UNREACHABLE, row, late_at) & (takes < CALLS_BACK)
    )
    calls = (asks < CALLS_BACK) & (late_at < crew.latest_us[row])
    # A control room that gets no answer where nothing moves at all writes nothing down.
    calls &= ~sway.on(Effect.SILENCE, row, late_at)
    late, late_at, reached = late[calls], late_at[calls], reached[calls]
    which, when = np.concatenate([voice, late]), np.concatenate([at, late_at])
    row, number = checks.row[which], checks.number[which]
    answered = np.concatenate([np.ones(len(voice), dtype=np.int64), reached.astype(np.int64)])
    columns: dict[str, Column] = {
        "person_id": named(
            names.people, np.where(crew.here[row], crew.worker[row], crew.person[row])
        ),
        "subject_ref": names.codes("W", row, number),
        "channel": "call",
        "direction": "out",
        "outcome": named(OUTCOMES, answered),
        "contacted_by": "control room",
    }
    origin = Origin.system(names, CALLS, ("L", row, number), when)
    frame = recorded("contact_log", "recorded", origin, columns)
    return [frame] if frame.height else []
