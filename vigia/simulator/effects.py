"""What is made to happen in a world: the vocabulary between the plan and the processes.

The plan (`plan/`) decides that something befalls a scope during an interval; each process knows
the effects that concern it and asks, for many instants at once, whether one covers them. Neither
knows the other. Traps use the same effects as episodes: what tells them apart is only the truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import polars as pl

from vigia.simulator.draws import Bools, Floats, Ints


class Effect(StrEnum):
    """What can befall a scope. `value` is a number whose meaning the effect states."""

    # The roster (scope: duty).
    ABSENT = "absent"
    """Nobody comes: no presence, no clocking, no device in use. value 1: without a word."""
    UNCLOCKED = "unclocked"
    """The person works, but the clock-in is never recorded (kiosk down, forgotten)."""
    SWAP_UNRECORDED = "swap_unrecorded"
    """Person number `value` works and clocks in; the roster is never told."""
    LATE_BY = "late_by"
    """Comes `value` minutes late."""
    LEAVES_EARLY = "leaves_early"
    """Leaves `value` minutes early (the phone leaves too)."""

    BUDDY_PUNCHED = "buddy_punched"
    """The person is clocked in on the device of duty `value`, before coming."""
    TIME_STOLEN = "time_stolen"
    """Away for `value` minutes that are clocked as worked."""
    GHOST = "ghost"
    """Nobody works, yet clockings exist, made or corrected by person number `value`."""
    CORRECTED = "corrected"
    """Person number `value` corrects the clocking by hand, in the worker's favour."""

    # The ground (scope: duty).
    LEAVES_SITE = "leaves_site"
    """Walks out of the site, `value` metres from its centre, and back at the end."""
    STALLED = "stalled"
    """Stops in the middle of a tour, inside the site, away from every open checkpoint."""
    NO_WORK = "no_work"
    """Moves as usual, but scans nothing, finishes no task and answers no welfare check."""
    PARKED = "parked"
    """The phone lies still in one place; no work is done."""
    CARRIED = "carried"
    """The device is carried by the person of duty `value`, within 10 metres; no work of its own."""
    STILL = "still"
    """No step, no movement, no touch of the phone; automatic events go on. value 1: after a fall."""
    FAKE_TOUR = "fake_tour"
    """Scans come faster than anyone can walk. value 0 fast, 1 all at one spot, 2 same picture."""
    SCANS_OFFLINE = "scans_offline"
    """Scans of the interval are stored on the device and arrive at its end."""
    MISSES_WELFARE = "misses_welfare"
    """Welfare checks due in the interval are not answered."""
    ANSWERS_BY_VOICE = "answers_by_voice"
    """Welfare checks and alerts are answered by telephone: the contact log shows it."""
    ON_INCIDENT = "on_incident"
    """Busy with an incident away from the route, which is reported."""
    PANIC = "panic"
    """Calls for help at the start. value: 0 true, 1 test, 2 pocket press cancelled in 15 s, 3 duress PIN."""

    # Devices (scope: device).
    DARK = "dark"
    """Sends nothing and stores nothing (dead, off, broken). value 1: battery drained before."""
    GPS_LOST = "gps_lost"
    """No usable position. value 0: none at all, 1: invalid, 2: over 100 m, 3: frozen."""
    APP_DEAD = "app_dead"
    """No heartbeat and no phone event; positions go on (the tracker service lives)."""
    UPLOADS_LATE = "uploads_late"
    """Everything is stored on the device and arrives at the end of the interval."""
    CLOCK_OFF = "clock_off"
    """The device's clock is `value` seconds ahead."""
    FAILING = "failing"
    """Degrades towards its death at the end: battery, queue, accuracy and restarts show it."""
    ON_CHARGER = "on_charger"
    """Lies on a charger on the desk while its person works near it."""
    SPOOFED = "spoofed"
    """Positions are made up: mock flag in 65 %, constant accuracy, no satellites."""
    SECOND_TRACKER = "second_tracker"
    """A separate tracker supplies the positions; the phone sends none."""
    APP_OUTDATED = "app_outdated"
    """The app's version sends no heartbeats (they are switched off in it)."""

    # Sites and what is shared (scope: site).
    NETWORK_DOWN = "network_down"
    """Devices of the site cannot send; they store, and send when it ends."""
    SILENCE = "silence"
    """Nothing happens that anybody records: no phone, no step, no door, no task."""
    TASK_BACKLOG = "task_backlog"
    """Extra tasks fall due and stay undone; `value` tasks an hour."""
    TASKS_MISDATED = "tasks_misdated"
    """A bulk import of `value` tasks whose due date is long past, corrected at the end."""
    TASKS_ASKED = "tasks_asked"
    """`value` tasks are asked for at the start, rightly dated for some hours later; many of them
    within seconds, when somebody imports a list."""
    TOURS_DELAYED = "tours_delayed"
    """Tours start late. value 0: very late or not at all, 1: within what is allowed."""
    ALERT_SURGE = "alert_surge"
    """`value` alerts an hour of several types and one cause."""
    ALERT_RAISED = "alert_raised"
    """One grave alert, a minute or two after the start."""
    ALERT_FLAPPING = "alert_flapping"
    """One device raises and clears the same alert; `value` times an hour."""
    TICKET_SURGE = "ticket_surge"
    """`value` extra tickets an hour that people suffer from."""
    TICKETS_IMPORTED = "tickets_imported"
    """A bulk import of `value` P4 tickets at the start."""
    ESCALATION_FAULT = "escalation_fault"
    """Alerts of HIGH or worse are not acknowledged, and the chain fails. value 0: nobody acts,
    1: step without a time, 2: message not delivered, 3: nobody on call."""
    INTRUSION = "intrusion"
    """Doors, movement or a clock-in at a closed site."""
    KIOSK_DOWN = "kiosk_down"
    """Nobody can clock in or out at the site's kiosk."""
    DRILL = "drill"
    """A drill: alerts and calls that everybody was told about."""
    METRIC_SHIFT = "metric_shift"
    """Activity is multiplied by `value` (level shift; below 1 is a loss)."""
    METRIC_DRIFT = "metric_drift"
    """Activity drifts to `value` times the usual by the end (drift, slow fade)."""


SCHEMA = pl.Schema(
    {
        "effect": pl.String(),
        "scope": pl.Int64(),
        "from_us": pl.Int64(),
        "to_us": pl.Int64(),
        "value": pl.Float64(),
        "episode": pl.Int64(),
    }
)
"""One row per thing that befalls a scope: what, which (the number of the duty, device or site),
from when until when (microseconds since 1970, UTC, the end excluded), how much, and the number of
the episode or trap it belongs to (-1: natural)."""


@dataclass(frozen=True, slots=True)
class Intervals:
    """Intervals of one effect, ready to be asked about many scopes and instants at once.

    Intervals of one scope may touch but do not overlap; the plan sees to that.

    Attributes:
        scope: Scope numbers, sorted, then by start.
        from_us: Starts.
        to_us: Ends, excluded.
        value: How much.
    """

    scope: Ints
    from_us: Ints
    to_us: Ints
    value: Floats

    def __len__(self) -> int:
        """How many intervals there are."""
        return len(self.scope)

    def covering(self, scope: Ints, at_us: Ints) -> Ints:
        """Position of the interval that covers each instant of each scope; -1 where none does."""
        if not len(self.scope):
            return np.full(np.shape(scope), -1, dtype=np.int64)
        known, ranks = np.unique(self.scope, return_inverse=True)
        # Rank and instant in one number, so that one sorted search answers for every scope.
        start = self.from_us.min()
        span = self.to_us.max() - start + 2
        packed = ranks * span + (self.from_us - start)
        rank = np.minimum(np.searchsorted(known, scope), len(known) - 1)
        wanted = rank * span + np.clip(at_us - start, -1, span - 1)
        found = np.maximum(np.searchsorted(packed, wanted, side="right") - 1, 0)
        inside = (self.scope[found] == scope) & (self.from_us[found] <= at_us)
        return np.where(inside & (at_us < self.to_us[found]), found, -1).astype(np.int64)

    def covers(self, scope: Ints, at_us: Ints) -> Bools:
        """Whether an interval covers each instant of each scope."""
        covered: Bools = self.covering(scope, at_us) >= 0
        return covered


@dataclass(frozen=True, slots=True)
class Effects:
    """Everything that was made to happen, by effect.

    Attributes:
        table: All rows (`SCHEMA`), sorted.
    """

    table: pl.DataFrame

    @classmethod
    def of(cls, rows: list[tuple[Effect, int, int, int, float, int]]) -> Effects:
        """Make effects from rows in the order of `SCHEMA`."""
        frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
        return cls(frame.sort("effect", "scope", "from_us"))

    def intervals(self, effect: Effect) -> Intervals:
        """The intervals of one effect."""
        rows = self.table.filter(pl.col("effect") == effect.value).sort("scope", "from_us")
        return Intervals(*(rows[n].to_numpy() for n in ("scope", "from_us", "to_us", "value")))
