"""How far each metric strays from its baseline on an ordinary day, and so how rare straying is.

Counts share their luck with those before them: rounds are walked in bunches, devices stop and
start as a whole, one late hour follows another. No formula knows how much. So of every day that
teaches it is kept how surprising its most surprising moment was, by each way to look (`WAYS`).
A moment is as rare as days that have one like it, and beyond all that were seen it grows rarer
as chance alone would have it.

Each day is held against what the others teach, as days to come are. Judging is in `views`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from vigia.domain.anomalies.baseline import (
    HOURS_A_WEEK,
    SLOTS_AN_HOUR,
    in_groups,
    quantile,
    timelines,
)
from vigia.domain.anomalies.policy import ANOMALY_POLICY, AnomalyPolicy
from vigia.domain.anomalies.samples import DAYS, SLOTS_A_DAY, Floats, remember

Bools = npt.NDArray[np.bool_]

DIRECTIONS = ("below", "above", "absent")
BELOW, ABOVE, ABSENT = range(len(DIRECTIONS))
SILENCE = 0
"""Stands for a silence of any length where slots are named."""
SUMS = (SLOTS_AN_HOUR, 3 * SLOTS_AN_HOUR, 12 * SLOTS_AN_HOUR, 24 * SLOTS_AN_HOUR)
"""Over how many slots counts are summed."""
WAYS = (
    *((direction, slots) for slots in (1, *SUMS) for direction in (BELOW, ABOVE)),
    (ABSENT, SILENCE),
)
"""Every way to look, by direction and slots; only the first two see what is no count."""

STRAYS = pl.Schema(
    {
        "site": pl.Int64(),
        "metric": pl.Int64(),
        "direction": pl.String(),
        "over_slots": pl.Int32(),
        "days": pl.Int32(),
        "usual": pl.Float64(),
        "rare": pl.Float64(),
        "version": pl.String(),
    }
)
"""Median and 95 % quantile over `days` of the surprise of each day's most surprising moment."""

FIGURES = ("support", "mean", "var", "p05", "p50", "p95", "mad")
"""What is looked at of a baseline."""

_DECADE = 0.5 / np.log(10)
_LEAST_SPREAD = 1.13
"""Powers of ten between median and 95 % quantile of the greatest of many independent chances."""
_TEN_OF = 1.0
"""Powers of ten between one half and one in twenty."""
_FEW = 4.0
_NORMAL_5_PCT = 1.645
_MAD_TO_DEVIATION = 1.4826
_TINY = 1e-12


def surprise(z: Floats) -> Floats:
    """How improbable values so many deviations out are, in powers of ten.

    >>> surprise(np.array([-1.0, 0.0, 3.0])).round(2).tolist()
    [0.0, 0.0, 1.95]
    """
    found: Floats = np.maximum(z, 0.0) ** 2 * _DECADE
    return found


def rarity(slots: int, found: Floats, usual: Floats, rare: Floats, days: Floats) -> Floats:
    """The share of moments that are as surprising as this, by the share of days with one.

    Args:
        slots: How many a moment looks at: a day has so many the fewer moments that differ.
        found: `surprise` of a moment.
        usual: Median over days of the most surprising moment.
        rare: Its 95 % quantile.
        days: How many taught. A few do not show how far days reach.
    """
    spread = np.maximum(rare - usual, _LEAST_SPREAD) * (1 + _FEW / np.maximum(days, 1) ** 1.5)
    beyond = (found - usual) / spread
    share = np.ones_like(beyond)
    is_beyond = beyond > 0
    share[is_beyond] = 0.5 * np.power(10.0, -_TEN_OF * beyond[is_beyond])
    share *= max(slots or SLOTS_AN_HOUR, 3) / SLOTS_A_DAY
    return share


def surprise_of_silence(missing: Floats) -> Floats:
    """How improbable it is that nothing came where so much was due, in powers of ten."""
    found: Floats = missing / np.log(10)
    return found


def off_counts(observed: Floats, expected: Floats) -> Floats:
    """How far counts are out, in deviations whose size does not depend on that of the count."""
    z: Floats = 2 * (np.sqrt(observed + 0.375) - np.sqrt(expected + 0.375))
    return z


def off_values(values: Floats, figures: Mapping[str, Floats], floor: Floats) -> Floats:
    """How far values that are no counts are out: robustly, and to each side apart."""
    middle = figures["p50"]
    least = np.maximum(np.maximum(_MAD_TO_DEVIATION * figures["mad"], floor / 2), _TINY)
    side = np.where(values < middle, middle - figures["p05"], figures["p95"] - middle)
    z: Floats = (values - middle) / np.maximum(side / _NORMAL_5_PCT, least)
    return z


def capped(counts: Floats, p95: Floats) -> Floats:
    """Counts of which no single one makes an hour a high one."""
    least: Floats = np.minimum(counts, p95 + 1)
    return least


def second_of_three(values: Floats) -> Floats:
    """The second greatest of each value along the last axis and the two before it; 0 before all."""
    one, two = (np.zeros_like(values) for _ in range(2))
    one[..., 1:], two[..., 2:] = values[..., :-1], values[..., :-2]
    second: Floats = np.maximum(np.minimum(values, one), np.minimum(np.maximum(values, one), two))
    return second


def strays(
    days: pl.DataFrame,
    profiles: pl.DataFrame,
    kinds: pl.DataFrame,
    last: date,
    policy: AnomalyPolicy = ANOMALY_POLICY,
) -> pl.DataFrame:
    """How far every site and metric strays on ordinary days.

    Args:
        days: `samples.DAYS`.
        profiles: `baseline.PROFILES` of the same days.
        kinds: `site`, `metric`, `kind`, and `floor`, the least deviation that matters.
        last: Last local day that may teach.
        policy: How many days.

    Returns:
        `STRAYS` of what `kinds` names, by site, metric and way; values that are no counts are
        looked at slot by slot only.
    """
    told = days.join(kinds, on=["site", "metric"], how="semi")
    known = remember(pl.DataFrame(schema=DAYS), told, last, policy)
    parts = []
    for part in in_groups(known):
        pairs = part.select("site", "metric").unique(maintain_order=True)
        kind = pairs.join(kinds, on=["site", "metric"], maintain_order="left")
        figures = by_hour(profiles, pairs)
        timeline = timelines(part, last, policy)
        for counted in (True, False):
            some = ((kind["kind"] == "count") == counted).to_numpy()
            if some.any():
                own = {name: table[some] for name, table in figures.items()}
                floor = kind["floor"].to_numpy()[some, None, None]
                found = _ways(timeline[some], own, last, floor if not counted else None)
                parts.append(_rows(pairs.filter(some), found, policy))
    return pl.concat([pl.DataFrame(schema=STRAYS), *parts]).sort(
        "site", "metric", maintain_order=True
    )


def by_hour(profiles: pl.DataFrame, pairs: pl.DataFrame) -> dict[str, Floats]:
    """Figures of baselines by pair (row) and hour of the week; NaN where there is none."""
    numbered = pairs.select("site", "metric").with_row_index("pair")
    rows = profiles.join(numbered, on=["site", "metric"])
    at = (rows["pair"].to_numpy(), rows["hour_of_week"].to_numpy())
    figures = {}
    for name in FIGURES:
        figures[name] = np.full((pairs.height, HOURS_A_WEEK), np.nan)
        figures[name][at] = rows[name].cast(pl.Float64).to_numpy()
    return figures


def _ways(
    timeline: Floats, figures: Mapping[str, Floats], last: date, floor: Floats | None
) -> dict[tuple[int, int], Floats]:
    """Surprise of the most surprising moment of each day, by way, pair and day; NaN for no day.

    Args:
        timeline: Samples by pair, day and slot.
        figures: By pair and hour of the week.
        last: The last day.
        floor: Of what is no count; None for counts.
    """
    days = timeline.shape[1]
    weekdays = [(last - timedelta(days=back)).weekday() for back in reversed(range(days))]
    hours = np.array(weekdays)[:, None] * 24 + np.arange(24)
    known = np.isfinite(timeline)
    if floor is None:
        found = _of_counts(timeline, known, {n: t[:, hours] for n, t in figures.items()})
    else:
        slots = hours.repeat(SLOTS_AN_HOUR, axis=1)
        z = off_values(timeline, {n: t[:, slots] for n, t in figures.items()}, floor)
        z = np.where(known & np.isfinite(z), z, 0.0).reshape(len(timeline), -1)
        found = {(side, 1): second_of_three(z * sign) for side, sign in ((BELOW, -1), (ABOVE, 1))}
    taught = known.any(axis=-1)
    return {
        way: np.where(taught, surprise(z.reshape(timeline.shape).max(axis=-1)), np.nan)
        if way[0] != ABSENT
        else np.where(taught, z.reshape(timeline.shape).max(axis=-1), np.nan)
        for way, z in found.items()
    }


def _of_counts(
    timeline: Floats, known: Bools, figures: Mapping[str, Floats]
) -> dict[tuple[int, int], Floats]:
    """How far out counts are at each moment, by way, pair and slot of all days."""
    pairs = len(timeline)
    counts = np.where(known, timeline, 0.0)
    due = np.where(known, _due(counts, known, figures).repeat(SLOTS_AN_HOUR, axis=2), 0.0)
    most = np.where(known, capped(counts, figures["p95"].repeat(SLOTS_AN_HOUR, axis=2)), 0.0)
    counts, due, most = (each.reshape(pairs, -1) for each in (counts, due, most))
    found = {}
    for slots in (1, *SUMS):
        expected = _summed(due, slots)
        found[BELOW, slots] = second_of_three(-off_counts(_summed(counts, slots), expected))
        high = _summed(most if slots > 1 else counts, slots)
        found[ABOVE, slots] = second_of_three(off_counts(high, expected))
    so_far = due.cumsum(axis=1)
    silent = known.reshape(pairs, -1) & (counts == 0)
    heard = np.maximum.accumulate(np.where(silent, 0.0, so_far), axis=1)
    found[ABSENT, SILENCE] = surprise_of_silence(so_far - heard)
    return found


def _due(counts: Floats, known: Bools, figures: Mapping[str, Floats]) -> Floats:
    """What each hour of each day should hold a slot, by what other days say."""
    shape = (*counts.shape[:2], 24, SLOTS_AN_HOUR)
    own, n = counts.reshape(shape).sum(axis=-1), known.reshape(shape).sum(axis=-1)
    support, mean = figures["support"], np.nan_to_num(figures["mean"])
    others = support - n
    rest = np.maximum(support * mean - own, 0.0)
    due: Floats = np.divide(rest, others, out=mean.copy(), where=others >= SLOTS_AN_HOUR)
    return due


def _summed(values: Floats, slots: int) -> Floats:
    """Sums over the slots up to each; less where there are not so many."""
    if slots == 1:
        return values
    total: Floats = values.cumsum(axis=1)
    total[:, slots:] -= total[:, :-slots].copy()
    return np.maximum(total, 0.0, out=total)


def _rows(
    pairs: pl.DataFrame, found: Mapping[tuple[int, int], Floats], policy: AnomalyPolicy
) -> pl.DataFrame:
    frames = []
    for (direction, slots), days in found.items():
        ordered = np.sort(days, axis=-1)  # NaN goes last
        n = np.isfinite(ordered).sum(axis=-1)
        usual, rare = (quantile(ordered, n, share) for share in (0.5, 0.95))
        frames.append(
            pairs.with_columns(
                direction=pl.lit(DIRECTIONS[direction]),
                over_slots=pl.lit(slots),
                days=pl.Series(n),
                usual=pl.Series(usual, nan_to_null=True),
                rare=pl.Series(rare, nan_to_null=True),
                version=pl.lit(policy.version),
            )
        )
    return pl.concat(frames).select(*STRAYS).cast(STRAYS)
