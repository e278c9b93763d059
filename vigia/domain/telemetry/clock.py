"""The three clocks of an event: which time is trusted, and which cannot be.

`event_time` is the device's word, `received_at` the server's; a heartbeat brings the device's
offset from the server, and its time is repaired by it before it is judged and stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATE = timedelta(hours=72)
AHEAD = timedelta(minutes=2)
ABSURDLY_AHEAD = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class ClockRule:
    """How far an event's time may lie from its arrival.

    Attributes:
        now: The wall clock. Nothing can have happened after it, not even in a history.
        accept_late: A person has decided that events more than 72 h late are right.
    """

    now: datetime
    accept_late: bool = False


def repaired(event_time: pl.Series, offset_ms: pl.Series) -> pl.Series:
    """Event times by the server's clock: the device's minus its offset, where that is known."""
    return event_time - offset_ms.fill_null(0).cast(pl.Duration("ms")).cast(pl.Duration("us"))


def absurd(event_time: pl.Series, received_at: pl.Series, rule: ClockRule) -> pl.Series:
    """True where the clock was not set: before 1990, or more than a year ahead."""
    ahead = event_time - ABSURDLY_AHEAD
    return (event_time < EARLIEST) | (ahead > received_at) | (ahead > rule.now)


def early(event_time: pl.Series, received_at: pl.Series, rule: ClockRule) -> pl.Series:
    """True where an event claims to have happened more than two minutes after it arrived."""
    behind = event_time - AHEAD
    return (behind > received_at) | (behind > rule.now)


def late(event_time: pl.Series, received_at: pl.Series, rule: ClockRule) -> pl.Series:
    """True where an event arrived more than 72 h after it happened."""
    if rule.accept_late:
        return pl.repeat(False, len(event_time), eager=True)
    return event_time + LATE < received_at
