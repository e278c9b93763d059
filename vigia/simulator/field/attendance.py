"""Clocking in and out, breaks, and what is entered afterwards: how punches come about.

Belongs here: by whom, on what and for whom each punch is made, honest or not. When it is made is
in the roster's duties; what a punch records is in `punch_records`. How fraud looks and what
looks like it follows `domain.md` 7.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from vigia.simulator.draws import Bools, Ints
from vigia.simulator.effects import Effect
from vigia.simulator.field.crew import MINUTE_US, SECOND_US, Crew, looked_up
from vigia.simulator.field.dice import quarters, times_us
from vigia.simulator.field.schedule import Schedule
from vigia.simulator.field.sway import UNRECORDED, Sway

IN, OUT, BREAK_START, BREAK_END, CORRECTION = range(5)
KINDS = pl.Series(["clock_in", "clock_out", "break_start", "break_end", "correction"])
METHODS = pl.Series(["app", "kiosk", "nfc", "face", "supervisor"])
APP, KIOSK, NFC, FACE, SUPERVISOR = range(5)
FRAUDS = pl.Series(["", "buddy", "spoof", "time_theft", "ghost", "correction"])
HONEST, BUDDY, SPOOF, TIME_THEFT, GHOST, CORRECTED = range(6)
WRITTEN_AS_MADE = 0.4
"""Share of punches entered afterwards that are written as if they had been made, not as a
correction."""
NOTICED = 0.75
"""Share of punches that are missing which a supervisor enters afterwards."""
CLOCKS_LATE, CLOCKS_LATE_MIN = 0.005, (20.0, 110.0)
"""Share of duties that are clocked so many minutes after the person came: the app did not open, or
nobody thought of it."""
ADJUSTED, ADJUSTED_MIN = 0.004, 14.0
"""Share of punches that a supervisor moves by so many minutes at most, either way."""
BREAKS_CLOCKED = 0.5
"""Share of sites at which breaks are clocked."""
DISHONEST = (
    Effect.GHOST,
    Effect.SPOOFED,
    Effect.BUDDY_PUNCHED,
    Effect.CORRECTED,
    Effect.TIME_STOLEN,
    Effect.UNCLOCKED,
    Effect.KIOSK_DOWN,
)
"""Duties whose punches are what they are for a reason are not clocked late besides."""
OWN_US = 12 * MINUTE_US
"""A punch so near to somebody's presence is that person's own."""


@dataclass(frozen=True, slots=True)
class Punches:
    """Punches of duties, in no order.

    Attributes:
        row: Row of the crew.
        kind: Position in `KINDS`.
        at_us: The time that is clocked.
        method: Position in `METHODS`.
        by: Row of the duty on whose phone it is made; -1 on none of the crew's.
        written_by: Person who entered it; -1 nobody: it was clocked.
        entered_us: When it was entered; -1 it was clocked at its time.
        fraud: Position in `FRAUDS`.
    """

    row: Ints
    kind: Ints
    at_us: Ints
    method: Ints
    by: Ints
    written_by: Ints
    entered_us: Ints
    fraud: Ints

    @classmethod
    def together(cls, *parts: Punches) -> Punches:
        """Punches of several kinds, by row and time."""
        names = cls.__dataclass_fields__
        every = cls(*(np.concatenate([getattr(p, n) for p in parts]) for n in names))
        order = np.lexsort((every.kind, every.at_us, every.row))
        return cls(*(getattr(every, n)[order] for n in names))

    def __len__(self) -> int:
        """How many punches there are."""
        return len(self.row)


def punches(crew: Crew, sway: Sway, plan: Schedule) -> Punches:
    """Everything that is clocked, or entered afterwards, for a crew."""
    return Punches.together(
        _clocked(crew, sway, IN, "clock_in_us"),
        _clocked(crew, sway, OUT, "clock_out_us"),
        _breaks(crew, sway, plan),
        _forgotten(crew, IN, "clock_in_us"),
        _forgotten(crew, OUT, "clock_out_us"),
        _in_favour(crew, sway),
        _put_right(crew, sway),
    )


def _clocked(crew: Crew, sway: Sway, kind: int, column: str) -> Punches:
    """Punches of one kind as they were made, by their person or for it."""
    clocked = crew.shard.duties[column].to_numpy()
    row = np.flatnonzero(clocked >= 0)
    at = clocked[row]
    own = crew.here[row] & (at >= crew.arrives_us[row] - OWN_US)
    own &= at <= crew.leaves_us[row] + OWN_US
    ghost = sway.on(Effect.GHOST, row, at)
    spoof = ~ghost & sway.on(Effect.SPOOFED, row, at) & (kind == IN)
    own &= ~spoof
    if kind == IN:
        at = np.where(own, at + _clocks_late(crew, sway)[row], at)
    helped = ~ghost & ~spoof & ~own
    by = np.where(helped, _helper(crew, sway, row, at), row)
    numbers = {name: float(number) for number, name in enumerate(METHODS)}
    method = looked_up(crew.shard.duties["method"], numbers, APP)[row].astype(np.int64)
    method = np.where(helped & ((by >= 0) | (method == SUPERVISOR)), APP, method)
    alone = helped & (by < 0)
    kiosk = crew.shard.world.sites["has_kiosk"].to_numpy()[crew.site[row]]
    # Where nobody helps and no kiosk stands, the own phone does, or else the leader writes it.
    phoned = alone & ~kiosk & (crew.device[row] >= 0)
    by = np.where(phoned, row, by)
    method = np.where(alone, np.select([kiosk, phoned], [KIOSK, APP], SUPERVISOR), method)
    written = ghost | (alone & (method == SUPERVISOR))
    method = np.where(ghost, SUPERVISOR, np.where(spoof & (method == KIOSK), APP, method))
    fraud = np.select(
        [own, ghost, spoof], [HONEST, GHOST, SPOOF], TIME_THEFT if kind == OUT else BUDDY
    )
    bought = sway.on(Effect.BUDDY_PUNCHED, row, at) & ~own
    fraud = np.where(bought, BUDDY, fraud)
    wait = crew.stream("ghost.entry").uniform(crew.duty[row], kind, low=4.0, high=70.0)
    entered = np.where(written, at + times_us(wait, MINUTE_US), -1)
    writer = np.where(written, _writer(crew, sway, Effect.GHOST, row, at), -1)
    kinds = np.full(len(row), kind, dtype=np.int64)
    return Punches(row, kinds, at, method, np.where(written, -1, by), writer, entered, fraud)


def _helper(crew: Crew, sway: Sway, row: Ints, at_us: Ints) -> Ints:
    """Row of the colleague whose phone a punch is made on: the one of the plan, or anybody there.

    Without a colleague among the crew it is -1.
    """
    by = np.full(len(row), -1, dtype=np.int64)
    known = sway.intervals(Effect.BUDDY_PUNCHED)
    found = sway.covering(Effect.BUDDY_PUNCHED, row, at_us)
    away = ~crew.here[row] | (at_us > crew.leaves_us[row]) | (at_us < crew.arrives_us[row])
    for place in np.flatnonzero(away):
        if found[place] >= 0:
            by[place] = _row_of(crew, int(known.value[found[place]]))
            continue
        site, at = crew.site[row[place]], at_us[place]
        there = crew.here & (crew.site == site) & (crew.device >= 0)
        there &= (crew.arrives_us <= at) & (at <= crew.leaves_us)
        there[row[place]] = False
        near = np.flatnonzero(there)
        if len(near):
            drawn = crew.stream("helper").uniform(crew.duty[near], int(crew.duty[row[place]]))
            by[place] = near[np.argmin(drawn)]
    return by


def _row_of(crew: Crew, duty: int) -> int:
    place = int(np.searchsorted(crew.duty, duty))
    known = place < len(crew) and crew.duty[place] == duty and crew.device[place] >= 0
    return place if known else -1


def _writer(crew: Crew, sway: Sway, effect: Effect, row: Ints, at_us: Ints) -> Ints:
    """Who enters a punch: the person that the effect names, else the leader of who was planned."""
    leader = crew.shard.world.people["supervisor"].to_numpy()[crew.person[row]]
    known = sway.intervals(effect)
    if not len(known):
        return leader
    found = sway.covering(effect, row, at_us)
    named = np.where(found >= 0, known.value[found], -1).astype(np.int64)
    return np.where(named >= 0, named, leader)


def _breaks(crew: Crew, sway: Sway, plan: Schedule) -> Punches:
    """Breaks that are clocked, where the site does so."""
    wishes = plan.breaks.wishes
    site = crew.site[wishes.row]
    clocked = (
        crew.stream("break.clocked").chance(BREAKS_CLOCKED, site) & (crew.device >= 0)[wishes.row]
    )
    start, end = wishes.want_us, wishes.want_us + wishes.length_us
    clocked &= ~sway.any_of(UNRECORDED, wishes.row, start) & ~sway.any_of(
        UNRECORDED, wishes.row, end
    )
    row = wishes.row[clocked]
    none = np.full(2 * len(row), -1, dtype=np.int64)
    return Punches(
        row=np.tile(row, 2),
        kind=np.repeat([BREAK_START, BREAK_END], len(row)),
        at_us=np.concatenate([start[clocked], end[clocked]]),
        method=np.full(2 * len(row), APP),
        by=np.tile(row, 2),
        written_by=none,
        entered_us=none,
        fraud=np.full(2 * len(row), HONEST),
    )


def _forgotten(crew: Crew, kind: int, column: str) -> Punches:
    """Punches that are missing of people who were there, entered by their supervisors."""
    clocked = crew.shard.duties[column].to_numpy()
    row = np.flatnonzero(crew.here & (clocked < 0))
    sees, when, off, _ = quarters(crew.stream("forgotten"), crew.duty[row], kind)
    leader = crew.shard.world.people["supervisor"].to_numpy()[crew.worker[row]]
    seen = (sees < NOTICED) & (leader >= 0)
    row, when, off, leader = row[seen], when[seen], off[seen], leader[seen]
    at = crew.arrives_us[row] if kind == IN else crew.leaves_us[row]
    at = at + times_us(4.0 * off - 2.0, MINUTE_US)
    # Late in the shift or at its end, when the hours are added up.
    from_us = np.maximum(at, crew.leaves_us[row] - times_us(300.0 * when**2, MINUTE_US))
    entered = from_us + times_us(2.0 + 11.0 * when, MINUTE_US)
    as_made = crew.stream("forgotten.kind").chance(WRITTEN_AS_MADE, crew.duty[row], kind)
    return _entered(row, np.where(as_made, kind, CORRECTION), at, leader, entered, HONEST)


def _in_favour(crew: Crew, sway: Sway) -> Punches:
    """Late arrivals that a supervisor turns into punctual ones."""
    spells = sway.of_rows(Effect.CORRECTED)
    row = spells.row[crew.here[spells.row]]
    early, when, _, _ = quarters(crew.stream("favour"), crew.duty[row])
    at = crew.starts_us[row] - times_us(5.0 * early, MINUTE_US)
    stay = crew.leaves_us[row] - crew.arrives_us[row]
    entered = crew.arrives_us[row] + times_us((0.2 + 0.75 * when) * stay, 1)
    writer = _writer(crew, sway, Effect.CORRECTED, row, crew.starts_us[row])
    kinds = np.full(len(row), CORRECTION)
    return _entered(row, kinds, at, writer, entered, CORRECTED)


def _clocks_late(crew: Crew, sway: Sway) -> Ints:
    """By how much each duty is clocked after the person came; 0 for nearly all."""
    late, how, _, _ = quarters(crew.stream("clocks_late"), crew.duty)
    low, high = CLOCKS_LATE_MIN
    by = np.where(
        late < CLOCKS_LATE, times_us(np.rint(60.0 * (low + (high - low) * how)), SECOND_US), 0
    )
    stays = crew.leaves_us - crew.arrives_us > int(2 * high) * MINUTE_US
    honest = ~sway.any_of(DISHONEST, np.arange(len(crew)), crew.starts_us)
    return np.where(crew.here & stays & honest, by, 0)


def _put_right(crew: Crew, sway: Sway) -> Punches:
    """Punches that were made, and that a supervisor moves to when the person really came or near."""
    clocked = crew.shard.duties["clock_in_us"].to_numpy()
    late = _clocks_late(crew, sway)
    moves, by, when, sees = quarters(crew.stream("adjusted"), crew.duty)
    chosen = np.where(late > 0, sees < NOTICED, moves < ADJUSTED)
    chosen &= ~sway.any_of(DISHONEST, np.arange(len(crew)), crew.starts_us)
    leader = crew.shard.world.people["supervisor"].to_numpy()[crew.worker]
    row = np.flatnonzero(chosen & crew.here & (clocked >= 0) & (leader >= 0))
    at = clocked[row] + times_us((2 * by - 1)[row] * ADJUSTED_MIN, MINUTE_US)
    came = crew.arrives_us[row] + times_us(3.0 * by[row], MINUTE_US)
    at = np.where(late[row] > 0, came, at)
    first = np.maximum(at, clocked[row] + late[row])
    entered = first + ((0.1 + 0.8 * when[row]) * (crew.leaves_us[row] - first)).astype(np.int64)
    kinds = np.full(len(row), CORRECTION)
    return _entered(row, kinds, at, leader[row], entered, HONEST)


def _entered(
    row: Ints, kind: Ints, at_us: Ints, writer: Ints, entered_us: Ints, fraud: int
) -> Punches:
    none = np.full(len(row), -1, dtype=np.int64)
    return Punches(
        row=row,
        kind=kind,
        at_us=at_us,
        method=none + 1 + SUPERVISOR,
        by=none,
        written_by=writer,
        entered_us=entered_us,
        fraud=none + 1 + fraud,
    )


def present_here(crew: Crew, punches: Punches) -> Bools:
    """Whether the person of each punch is at the site when it is clocked."""
    row, at = punches.row, punches.at_us
    there: Bools = crew.here[row] & (crew.arrives_us[row] - OWN_US <= at)
    return there & (at <= crew.leaves_us[row] + OWN_US)
