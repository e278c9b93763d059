"""Instants of evaluation, and matrices of things (rows) by instants (columns).

Belongs here: counting intervals, last known values, windows over events. Does not belong here:
what any of it means.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from vigia.domain.windows import INSTANT

Ints: TypeAlias = npt.NDArray[np.int64]
Grid: TypeAlias = npt.NDArray[np.int32]
Bools: TypeAlias = npt.NDArray[np.bool_]
Floats: TypeAlias = npt.NDArray[np.float64]

MINUTE_US = 60_000_000
LONG_AGO_US = -(1 << 60)
"""Stands for never so far."""
NEVER_US = 1 << 60
"""Stands for not in sight."""


def micros(instant: datetime) -> int:
    """Microseconds since 1970."""
    return round(instant.timestamp() * 1_000_000)


def instants(us: Ints) -> pl.Series:
    """Microseconds since 1970 as instants."""
    return pl.Series(us).cast(INSTANT)


def to_us(times: pl.Series, missing: int) -> Ints:
    """Instants as microseconds since 1970; `missing` where there is none."""
    found: Ints = times.to_physical().cast(pl.Int64).fill_null(missing).to_numpy()
    return found


@dataclass(frozen=True, slots=True)
class Moments:
    """Instants at which everything is looked at.

    Attributes:
        at_us: Microseconds since 1970, ascending.
    """

    at_us: Ints

    @classmethod
    def every(cls, step: timedelta, after: datetime, until: datetime) -> Moments:
        """Every step from the first one after an instant to the last one not after another.

        >>> from datetime import UTC
        >>> start = datetime(2026, 3, 1, tzinfo=UTC)
        >>> len(Moments.every(timedelta(minutes=5), start, start + timedelta(hours=1)))
        12
        """
        step_us = step // timedelta(microseconds=1)
        first = micros(after) // step_us + 1
        return cls(np.arange(first, micros(until) // step_us + 1, dtype=np.int64) * step_us)

    @classmethod
    def of(cls, *instant: datetime) -> Moments:
        """Just these, in order."""
        return cls(np.array([micros(each) for each in instant], np.int64))

    def __len__(self) -> int:
        return len(self.at_us)

    @property
    def first_us(self) -> int:
        """The first one."""
        return int(self.at_us[0])

    @property
    def last_us(self) -> int:
        """The last one."""
        return int(self.at_us[-1])

    @property
    def times(self) -> pl.Series:
        """As instants."""
        return instants(self.at_us)

    def place(self, us: Ints) -> Ints:
        """The first instant not before each time; as many as there are where it is after all."""
        places: Ints = np.searchsorted(self.at_us, us, side="left").astype(np.int64)
        return places

    def level(
        self, things: int, thing: Ints, first_us: Ints, until_us: Ints, weight: Ints | None = None
    ) -> Grid:
        """How many intervals of each thing hold at each instant, from `first` to before `until`.

        Args:
            things: How many there are.
            thing: Which one each interval is of; a negative one is left out.
            first_us: From when it holds.
            until_us: From when it holds no more.
            weight: What each adds; 1 without.
        """
        first, until = self.place(first_us), self.place(until_us)
        kept = (thing >= 0) & (until > first)
        width = len(self) + 1
        steps = np.zeros(things * width, dtype=np.int32)
        amount = 1 if weight is None else weight[kept].astype(np.int32)
        row = thing[kept] * width
        np.add.at(steps, row + first[kept], amount)
        np.subtract.at(steps, row + until[kept], amount)
        levels: Grid = np.cumsum(steps.reshape(things, width)[:, :-1], axis=1, dtype=np.int32)
        return levels

    def count(
        self, things: int, thing: Ints, at_us: Ints, received_us: Ints, window_us: int
    ) -> Grid:
        """Events of each thing with T - window <= time < T that had arrived at T.

        Args:
            things: How many there are.
            thing: Which one each event is of; a negative one is left out.
            at_us: When each happened, by trusted time.
            received_us: When it arrived.
            window_us: How far back.
        """
        first = np.maximum(at_us + 1, received_us)
        return self.level(things, thing, first, at_us + window_us + 1)

    def newest(self, things: int, thing: Ints, at_us: Ints, received_us: Ints) -> Ints:
        """Time of the newest event of each thing that had arrived; `LONG_AGO_US` for none."""
        first = self.place(np.maximum(at_us, received_us))
        kept = (thing >= 0) & (first < len(self))
        table = np.full((things, len(self)), LONG_AGO_US, np.int64)
        np.maximum.at(table, (thing[kept], first[kept]), at_us[kept])
        return np.maximum.accumulate(table, axis=1)

    def known(
        self, things: int, thing: Ints, at_us: Ints, received_us: Ints, value: Ints, none: int = -1
    ) -> Ints:
        """The value of each thing by its newest event that had happened and arrived.

        Of events of the same time the later row counts. A straggler that is older than what is
        known already changes nothing.
        """
        order = np.lexsort((np.arange(len(at_us)), at_us))
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        first = self.place(np.maximum(at_us, received_us))
        kept = (thing >= 0) & (first < len(self))
        table = np.full((things, len(self)), -1, np.int64)
        np.maximum.at(table, (thing[kept], first[kept]), rank[kept])
        newest = np.maximum.accumulate(table, axis=1)
        values = np.append(value[order], none)
        found: Ints = values[newest]
        return found

    def minutes_since(self, us: Ints) -> Floats:
        """Minutes from times (things by instants) to each instant; infinite from never."""
        minutes: Floats = (self.at_us - us) / MINUTE_US
        return np.where(us <= LONG_AGO_US, np.inf, minutes)


def sum_by(groups: int, group: Ints, rows: Grid) -> Grid:
    """Add up rows by group; a negative group is left out."""
    total = np.zeros((groups, rows.shape[1]), rows.dtype)
    kept = group >= 0
    np.add.at(total, group[kept], rows[kept])
    return total
