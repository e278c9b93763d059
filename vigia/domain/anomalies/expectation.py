"""What a plain series usually is at this time, told from its past alone.

For series of which nothing is known but values and instants. A value is expected to be like the
recent level, like the same half hour of recent days, or like that of the same day in recent
weeks: whichever has come closest lately. What belongs to a site's metrics with their calendars
is in `baseline`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]

_PARTS = 48
_PART_US = 86_400_000_000 // _PARTS
_LEVEL_VALUES = 2000
_DAYS = range(1, 15)
_WEEKS = range(7, 43, 7)
_LEAST_DAYS = 2
_JUDGED_OVER = "7d"
_LEAST_KNOWN = 0.25


@dataclass(frozen=True, slots=True)
class Expectation:
    """What one idea of a series says: one row per value, NaN where it says nothing yet.

    Attributes:
        value: What it should be.
        low: What the series seldom falls below then.
        high: What it seldom exceeds then.
    """

    value: Floats
    low: Floats
    high: Floats

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Where it says something."""
        return np.isfinite(self.value) & np.isfinite(self.low) & np.isfinite(self.high)


def expectations(clock_us: npt.NDArray[np.int64], values: Floats) -> list[Expectation]:
    """Tell for each value what those before it let expect, by each idea of the series.

    Args:
        clock_us: Instant of each value in microseconds, never falling. Days and their parts are
            those of this clock: pass local times where people's days shape the series.
        values: The series.

    Returns:
        By the recent level, which is always known; by recent days; by recent weeks.
    """
    days = _Days.of(clock_us, values)
    least, most = _reach(days.least, np.fmin), _reach(days.most, np.fmax)
    level = _before(pl.Series(values).rolling_median(_LEVEL_VALUES, min_samples=1))
    return [
        Expectation(level, _edge(values, 0.05), _edge(values, 0.95)),
        *(
            Expectation(
                days.between(_usual(days.mean, back)),
                days.at(_usual(least, back)),
                days.at(_usual(most, back)),
            )
            for back in (_DAYS, _WEEKS)
        ),
    ]


def closest_lately(
    clock_us: npt.NDArray[np.int64], values: Floats, ideas: Sequence[Expectation]
) -> npt.NDArray[np.int64]:
    """Which idea of a series to go by at each value: that with the least mean error over a week.

    One that was not known for much of that week is not trusted yet. The first is always known.
    """
    errors = np.array([_recent_error(clock_us, np.abs(values - idea.value)) for idea in ideas])
    errors[0] = np.minimum(errors[0], np.finfo(np.float64).max)
    known = np.array([idea.known for idea in ideas])
    chosen: npt.NDArray[np.int64] = np.argmin(np.where(known, errors, np.inf), axis=0)
    return chosen


@dataclass(frozen=True, slots=True)
class _Days:
    """A series laid out by day (rows) and half hour of it (columns); NaN where it has no value."""

    place: Floats
    """Where each value lies, in parts since the first day began."""

    mean: Floats
    least: Floats
    most: Floats

    @classmethod
    def of(cls, clock_us: npt.NDArray[np.int64], values: Floats) -> _Days:
        first = clock_us[0] // (_PART_US * _PARTS)
        place = clock_us / _PART_US - first * _PARTS
        part = np.floor(place).astype(np.int64)
        shape = (int(part[-1]) // _PARTS + 1, _PARTS)
        size = shape[0] * shape[1]
        count = np.bincount(part, minlength=size)
        mean = np.full(size, np.nan)
        np.divide(np.bincount(part, values, size), count, out=mean, where=count > 0)
        least, most = np.full(size, np.nan), np.full(size, np.nan)
        np.fmin.at(least, part, values)
        np.fmax.at(most, part, values)
        return cls(place, mean.reshape(shape), least.reshape(shape), most.reshape(shape))

    def at(self, table: Floats) -> Floats:
        """The table's cell of each value."""
        cells: Floats = table.ravel()[np.floor(self.place).astype(np.int64)]
        return cells

    def between(self, table: Floats) -> Floats:
        """The table at each value's instant, between the middles of its half hours."""
        cells = table.ravel()
        place = np.maximum(self.place - 0.5, 0)
        left = np.floor(place).astype(np.int64)
        here, following = cells[left], cells[np.minimum(left + 1, cells.size - 1)]
        share = place - left
        known = np.isfinite(following)
        return np.where(known, here * (1 - share) + following * share, here)


def _reach(table: Floats, extreme: np.ufunc) -> Floats:
    """The extreme of each cell and its neighbours in time: a daily step may come a little off."""
    padded = np.concatenate([[np.nan], table.ravel(), [np.nan]])
    reached: Floats = extreme(extreme(padded[:-2], padded[1:-1]), padded[2:])
    return reached.reshape(table.shape)


def _usual(table: Floats, days_back: Sequence[int]) -> Floats:
    """For each cell, the median of the same cell of some earlier days; NaN where too few have it."""
    past = np.full((len(days_back), *table.shape), np.nan)
    for place, back in enumerate(days_back):
        past[place, back:] = table[: max(0, len(table) - back)]
    past.sort(axis=0)  # NaN goes last
    count = np.isfinite(past).sum(axis=0)
    lower, upper = (
        np.take_along_axis(past, np.maximum(middle, 0)[None], axis=0)[0]
        for middle in ((count - 1) // 2, count // 2)
    )
    return np.where(count >= _LEAST_DAYS, (lower + upper) / 2, np.nan)


def _recent_error(clock_us: npt.NDArray[np.int64], error: Floats) -> Floats:
    frame = pl.DataFrame(
        {"clock": clock_us, "error": error, "known": np.isfinite(error).astype(np.float64)}
    ).with_columns(pl.col("clock").cast(pl.Datetime("us")))
    recent = frame.select(
        pl.col("error").fill_nan(None).rolling_mean_by("clock", _JUDGED_OVER, closed="left"),
        pl.col("known").rolling_mean_by("clock", _JUDGED_OVER, closed="left"),
    )
    mean = recent["error"].fill_null(np.inf).to_numpy()
    return np.where(recent["known"].fill_null(0).to_numpy() >= _LEAST_KNOWN, mean, np.inf)


def _edge(values: Floats, quantile: float) -> Floats:
    edge = pl.Series(values).rolling_quantile(
        quantile, window_size=_LEVEL_VALUES, min_samples=1, interpolation="nearest"
    )
    return _before(edge)


def _before(rolled: pl.Series) -> Floats:
    """A rolling figure as it stood before each value; the first is its own."""
    figures = rolled.to_numpy()
    return np.concatenate([figures[:1], figures[:-1]])
