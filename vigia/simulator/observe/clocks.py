"""Times as phones tell them, and which of them no receiver can believe.

A phone stamps everything with its own clock, but for the time of a position, which comes from the
satellites. The receiver repairs a heartbeat by the offset that it brings; what it makes of the
result is the product's own rule (`vigia.domain.telemetry.clock`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from vigia.domain.dictionary import TABLES
from vigia.domain.telemetry import clock as rules
from vigia.domain.telemetry.clock import ClockRule
from vigia.domain.telemetry.frames import INSTANT
from vigia.domain.telemetry.reasons import Reason
from vigia.simulator.devices.clocks import clock_errors_us
from vigia.simulator.draws import Ints
from vigia.simulator.effects import Effects
from vigia.simulator.observe.passing import Passing

STAMPED = (
    "answered_at",
    "completed_at",
    "ended_at",
    "event_time",
    "occurred_at",
    "reported_at",
    "started_at",
    "triggered_at",
)
"""Columns with instants that a phone stamps, besides the time of the event."""
_NEVER = datetime(9999, 1, 1, tzinfo=UTC) - timedelta(days=400)


def errors_us(passing: Passing, effects: Effects) -> Ints:
    """How far the clock that stamped each event is ahead; 0 but for phones."""
    error = np.zeros(len(passing), dtype=np.int64)
    phone = np.flatnonzero(passing.phone)
    if len(phone):
        error[phone] = clock_errors_us(
            passing.world,
            effects,
            passing.device[phone],
            passing.duty[phone],
            passing.at_us[phone],
        )
    return error


@dataclass(frozen=True, slots=True)
class Stamps:
    """The times of all events, as columns for their frames.

    Attributes:
        true_us: True time as a number.
        true: True time.
        shown: What the sender's clock showed.
        arrives: When it arrives.
        late: How far that clock is ahead.
    """

    true_us: pl.Series
    true: pl.Series
    shown: pl.Series
    arrives: pl.Series
    late: pl.Series

    @classmethod
    def of(cls, at_us: Ints, error_us: Ints, arrives_us: Ints) -> Stamps:
        """Columns of the times in microseconds since 1970."""
        return cls(
            pl.Series(at_us),
            instants(at_us),
            instants(at_us + error_us),
            instants(arrives_us),
            pl.Series(error_us).cast(pl.Duration("us")),
        )

    def slice(self, rows: slice) -> Stamps:
        """The times of some events in a row."""
        first, count = rows.start, rows.stop - rows.start
        columns = self.true_us, self.true, self.shown, self.arrives, self.late
        return Stamps(*(column.slice(first, count) for column in columns))


def stamped(table: str, frame: pl.DataFrame, stamps: Stamps) -> pl.DataFrame:
    """The events of a table with the times that senders and receiver tell.

    A position keeps the satellites' time as its own; `device_time` is what the phone showed.
    """
    arrival = {"_true_us": stamps.true_us, "received_at": stamps.arrives}
    if table == "gps_fix":
        return frame.with_columns(ce_time=stamps.true, device_time=stamps.shown, **arrival)
    own = [name for name in STAMPED if name in frame.columns and frame[name].dtype == INSTANT]
    moved = {name: frame[name] + stamps.late for name in own}
    return frame.with_columns(ce_time=stamps.shown, **arrival, **moved)


def instants(us: Ints) -> pl.Series:
    """Microseconds since 1970 as instants."""
    return pl.Series(us).cast(INSTANT)


def judged_us(passing: Passing, error_us: Ints) -> Ints:
    """The time by which the receiver judges each event."""
    shown = passing.at_us + error_us
    for table, frame, rows in passing.slices():
        own = TABLES[table].time
        if table == "gps_fix":
            shown[rows] = passing.at_us[rows]
        elif own is not None and own in frame.columns:
            given = frame[own].to_physical()
            mine = given.is_not_null().to_numpy()
            told = given.fill_null(0).to_numpy() // 1_000 * 1_000 + error_us[rows]
            shown[rows] = np.where(mine, told, shown[rows])
        if table == "device_heartbeat":
            offset = frame["clock_offset_ms"].fill_null(0).to_numpy()
            shown[rows] -= offset * 1_000
    return shown


REASONS = (None, Reason.ABSURD_TIME, Reason.FROM_THE_FUTURE, Reason.LATE_OVER_72H)


def unbelievable(event_us: Ints, received_us: Ints) -> Ints:
    """Why a receiver puts each event aside for its time: a place in `REASONS`, 0 for no reason."""
    event, received = instants(event_us), instants(received_us)
    # A world lies in the past of whoever loads it, so the wall clock says nothing more.
    rule = ClockRule(now=_NEVER)
    why = np.zeros(len(event_us), dtype=np.int64)
    for place, judge in ((3, rules.late), (2, rules.early), (1, rules.absurd)):
        why[judge(event, received, rule).to_numpy()] = place
    return why
