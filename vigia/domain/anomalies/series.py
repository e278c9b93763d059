"""A detector over any plain metric series, one frozen configuration for all of them.

Each value is held against what the series usually is at that time, by the idea of it that has
been closest lately (`expectation`), in five views: how far outside the usual it is now and
lately, how far off it has been for a short and for a long while, and how unsteady it is. Each
view is ranked among its own past (`surprise`), so that a jumpy series must jump higher than a
calm one. An alarm is the start of an episode in which the views together are surprising; repeats
within it stay silent.

Only the past is seen: the result for a value does not change when more values come.
Metrics of sites, which have baselines by hour of the week, belong to `detect`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from vigia.domain.anomalies.expectation import (
    Expectation,
    Floats,
    closest_lately,
    expectations,
)
from vigia.domain.anomalies.surprise import surprises
from vigia.domain.errors import VigiaError

SCORES = pl.Schema(
    {
        "time": pl.Datetime("us"),
        "value": pl.Float64(),
        "expected": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "surprise": pl.Float64(),
        "alarm": pl.Boolean(),
        "score": pl.Float64(),
    }
)
_NEGLIGIBLE = 1e-9


@dataclass(frozen=True, slots=True)
class SeriesPolicy:
    """How a plain series is judged.

    Attributes:
        alarm_level: Sum of the views' surprises at which an episode starts.
        quiet_values: Values below the level that end an episode.
        memory_values: Newest values among which each view is ranked.
        most: No view counts for more; below the level, so that one view alone is no alarm.
        short_values: What a short while is.
        long_values: What a long while is.
        spread_values: Values over which unsteadiness is measured.
    """

    alarm_level: float = 8.4
    quiet_values: int = 60
    memory_values: int = 5000
    most: float = 6.0
    short_values: int = 20
    long_values: int = 100
    spread_values: int = 40


SERIES_POLICY = SeriesPolicy()


def score_series(series: pl.DataFrame, policy: SeriesPolicy = SERIES_POLICY) -> pl.DataFrame:
    """Judge every value of a series by those before it.

    Args:
        series: `time` and `value`, in the order in which they became known. A clock that was
            set back stands still until it has caught up.
        policy: The default is the one that is measured, see `vigia bench nab`.

    Returns:
        `SCORES`, a row per row: `surprise` is the evidence; `score` is the same but 0 for the
        repeats within an episode, so that values at or above any level of it are alarms.

    Raises:
        VigiaError: A time is missing, or a value is missing or infinite.
    """
    _check(series)
    if series.is_empty():
        return pl.DataFrame(schema=SCORES)
    time = series["time"].dt.replace_time_zone(None).cast(pl.Datetime("us"))
    values = series["value"].cast(pl.Float64).to_numpy()
    clock = np.maximum.accumulate(time.to_physical().to_numpy())
    ideas = expectations(clock, values)
    chosen = closest_lately(clock, values, ideas)
    surprise = np.choose(chosen, [_surprise(values, idea, policy) for idea in ideas])
    alarm = starts(surprise, policy.alarm_level, policy.quiet_values)
    return pl.DataFrame(
        {
            "time": time,
            "value": values,
            "expected": np.choose(chosen, [idea.value for idea in ideas]),
            "low": np.choose(chosen, [idea.low for idea in ideas]),
            "high": np.choose(chosen, [idea.high for idea in ideas]),
            "surprise": surprise,
            "alarm": alarm,
            "score": np.where((surprise >= policy.alarm_level) & ~alarm, 0.0, surprise),
        },
        schema=SCORES,
    )


def starts(surprise: Floats, level: float, quiet: int) -> npt.NDArray[np.bool_]:
    """Which values start an episode: at the level, after `quiet` values or more below it.

    >>> starts(np.array([0, 9, 9, 0, 0, 9.0]), level=8, quiet=3).astype(int).tolist()
    [0, 1, 0, 0, 0, 1]
    """
    reached = np.flatnonzero(surprise >= level)
    first = np.diff(reached, prepend=-quiet) >= quiet
    found = np.zeros(len(surprise), np.bool_)
    found[reached[first]] = True
    return found


def _surprise(values: Floats, idea: Expectation, policy: SeriesPolicy) -> Floats:
    """The surprise of all views together, by one idea of the series; 0 where it says nothing.

    Each idea has memories of its own: what a poor one was off by says nothing about a better.
    """
    known = idea.known
    # What rounding alone can make is nothing.
    negligible = _NEGLIGIBLE * np.maximum.accumulate(np.abs(values))
    total = np.zeros(len(values))
    for view in _views(values, idea, policy):
        told = np.where(view > negligible, view, 0.0)[known]
        total[known] += surprises(told, policy.memory_values, policy.most)
    return total


def _views(values: Floats, idea: Expectation, policy: SeriesPolicy) -> list[Floats]:
    off = values - idea.value
    outside = np.maximum(0, np.maximum(values - idea.high, idea.low - values))
    spread = pl.Series(off, nan_to_null=True).rolling_std(policy.spread_values, min_samples=2)
    return [
        outside,
        _mean_of(outside, policy.short_values),
        np.abs(_mean_of(off, policy.short_values)),
        np.abs(_mean_of(off, policy.long_values)),
        spread.fill_null(0).to_numpy(),
    ]


def _mean_of(values: Floats, newest: int) -> Floats:
    """The mean of the newest known values at each."""
    known = pl.Series(values, nan_to_null=True)
    return known.rolling_mean(newest, min_samples=1).fill_null(0).to_numpy()


def _check(series: pl.DataFrame) -> None:
    if (
        series["time"].has_nulls()
        or not series["value"].cast(pl.Float64).is_finite().fill_null(value=False).all()
    ):
        raise VigiaError(
            "The series has values that are missing or no finite numbers, or that have no time. "
            "Leave these rows out: a gap between the others is fine."
        )
