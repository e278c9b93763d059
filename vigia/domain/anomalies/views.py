"""Ways to look at every slot of every metric: what was seen, what was due, how improbable that is.

Single slots, of which two of the last three must be far out; the sums of an hour and of three,
which see shifts that no slot shows; and a silence up to now. All views end in the slot and see
nothing after it. What follows from a view for its metric, and from all tests of a run together,
belongs to `detect`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from vigia.domain.anomalies import tails
from vigia.domain.anomalies.baseline import HOURS_A_WEEK, PARENTS
from vigia.domain.anomalies.policy import AnomalyPolicy
from vigia.domain.anomalies.samples import Floats, slot_values
from vigia.domain.windows import SLOT, hour_of_week

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Figures = Mapping[str, Floats]

DIRECTIONS = ("below", "above", "absent")
BELOW, ABOVE, ABSENT = range(len(DIRECTIONS))

LOOK_BACK_SLOTS = 40
LOOK_BACK: timedelta = LOOK_BACK_SLOTS * SLOT
"""How much before a slot its views may reach."""

_SUMS = {12: "dispersion_1h", 36: "dispersion_3h"}
"""Slots that are summed, and what of the baseline says how such sums stray."""

_OF_THREE = 1.5
_NORMAL_5_PCT = 1.645
_MAD_TO_DEVIATION = 1.4826
_LEAST_STRAY = 0.25
_TINY = 1e-12
_FIGURES = (
    *("support", "mean", "var", "p05", "p50", "p95", "mad"),
    *("dispersion_1h", "dispersion_3h", "silence_p50", "silence_p95"),
)


@dataclass(frozen=True, slots=True)
class Grid:
    """Values and what the baseline says of them: pairs (rows) by slots (columns).

    Attributes:
        values: NaN where unknown.
        hour: Hour of the week.
        baseline: Figures by name.
        parent: Place in `baseline.PARENTS`.
        usable: Whether there is something stable to go by.
        counted: Whether it is a count; the same for all slots, as are the floors.
        floor: Least absolute deviation that matters.
        relative_floor: The same as a share of what is expected.
    """

    values: Floats
    hour: Ints
    baseline: Figures
    parent: Ints
    usable: Bools
    counted: Bools
    floor: Floats
    relative_floor: Floats


@dataclass(frozen=True, slots=True)
class View:
    """One way to look at all slots.

    Attributes:
        direction: Place in `DIRECTIONS`.
        over_slots: How many slots it looks at.
        p: Probability under the baseline; 1 where nothing is to be seen.
        observed: What was seen.
        expected: What was due.
        z: The difference in deviations.
        of_counts: Whether only counts can be looked at like this.
    """

    direction: int
    over_slots: Ints
    p: Floats
    observed: Floats
    expected: Floats
    z: Floats
    of_counts: bool = True


def lay_out(
    snapshots: pl.DataFrame,
    pairs: pl.DataFrame,
    profiles: pl.DataFrame,
    slots: pl.Series,
    policy: AnomalyPolicy,
) -> Grid:
    """Put values and baselines side by side; see `detect.judge` for what is passed."""
    zones = pairs["zone"].to_list()
    by_zone = {
        zone: pl.select(hour_of_week(pl.lit(slots), zone)).to_series() for zone in set(zones)
    }
    hour = np.array([by_zone[zone].to_numpy() for zone in zones], np.int64)
    figures, parent, usable = _by_hour(profiles, pairs)
    at = (np.arange(pairs.height)[:, None], hour)
    counted = np.broadcast_to((pairs["kind"] == "count").to_numpy()[:, None], hour.shape)
    factor = np.array([policy.readiness_of(each).floor_factor for each in pairs["sensitivity"]])
    relative = np.where(counted, policy.relative_floor_counts, policy.relative_floor_values)
    return Grid(
        slot_values(snapshots, pairs, slots),
        hour,
        {name: table[at] for name, table in figures.items()},
        parent[at],
        usable[at],
        counted,
        (factor * pairs["floor"].to_numpy())[:, None],
        factor[:, None] * relative,
    )


def _by_hour(profiles: pl.DataFrame, pairs: pl.DataFrame) -> tuple[Figures, Ints, Bools]:
    """Baselines by pair and hour of the week: figures, parent, whether there is enough behind."""
    shape = (pairs.height, HOURS_A_WEEK)
    numbered = pairs.select("site", "metric").with_row_index("pair")
    rows = profiles.join(numbered, on=["site", "metric"])
    at = (rows["pair"].to_numpy(), rows["hour_of_week"].to_numpy())
    figures = {}
    for name in _FIGURES:
        figures[name] = np.full(shape, np.nan)
        figures[name][at] = rows[name].cast(pl.Float64).to_numpy()
    parent = np.zeros(shape, np.int64)
    parent[at] = rows["pooled_parent"].replace_strict(PARENTS, range(len(PARENTS))).to_numpy()
    usable = np.zeros(shape, np.bool_)
    usable[at] = rows["is_stable"].to_numpy() | (parent[at] > 0)
    return figures, parent, usable


def views(grid: Grid) -> Iterator[View]:
    """All views, always the same ones in the same order."""
    yield from _of_slots(grid)
    for slots, stray in _SUMS.items():
        yield from _of_sums(grid, slots, grid.baseline[stray])
    yield _of_silence(grid)


def _of_slots(grid: Grid) -> Iterator[View]:
    b, counted = grid.baseline, grid.counted
    expected = np.where(counted, b["mean"], b["p50"])
    off = grid.values - expected
    floor = np.maximum(grid.floor, grid.relative_floor * np.abs(expected))
    doubt = 0.5 / np.maximum(b["support"], 1)
    spread = np.maximum(b["var"], b["mean"]) * (1 + 1 / np.maximum(b["support"], 1))
    deviation = np.where(counted, np.sqrt(np.maximum(spread, doubt)), _robust(b, off, floor))
    z = off / deviation
    once = np.ones(off.shape, np.int64)
    for direction in (BELOW, ABOVE):
        far = grid.usable & _is_far(direction, off, floor)
        p = _tail_of_counts(direction, far & counted, grid.values, (b["mean"], spread, doubt))
        others = far & ~counted
        p[others] = tails.beyond(np.abs(z[others]))
        yield View(direction, once, _two_of_three(p), grid.values, expected, z, of_counts=False)


def _robust(b: Figures, off: Floats, floor: Floats) -> Floats:
    """How far values that are no counts stray: robustly, and to each side apart."""
    least = np.maximum(np.maximum(_MAD_TO_DEVIATION * b["mad"], floor / 2), _TINY)
    side = np.where(off < 0, b["p50"] - b["p05"], b["p95"] - b["p50"])
    robust: Floats = np.maximum(side / _NORMAL_5_PCT, least)
    return robust


def _of_sums(grid: Grid, slots: int, stray: Floats) -> Iterator[View]:
    """Sums of counts over the newest slots of which something is known.

    A single slot is never enough: what the highest of them has too much does not count.
    """
    b = grid.baseline
    known = grid.counted & grid.usable & np.isfinite(grid.values)
    observed = _over_newest(np.add, np.where(known, grid.values, 0.0), slots)
    expected = _over_newest(np.add, np.where(known, b["mean"], 0.0), slots)
    excess = np.where(known, np.maximum(grid.values - b["mean"], 0.0), 0.0)
    spared = observed - _over_newest(np.maximum, excess, slots)
    floor = np.maximum(grid.floor, grid.relative_floor * expected)
    # Slots of one hour are held against the same mean, so what that may be off by adds up.
    doubt = slots * 0.5 / np.maximum(b["support"], 1)
    spread = np.fmax(stray, 1.0) * expected
    z = (observed - expected) / np.sqrt(np.maximum(spread, doubt))
    over = np.full(z.shape, slots)
    for direction, counts in ((BELOW, observed), (ABOVE, spared)):
        far = known & _is_far(direction, counts - expected, floor)
        p = _tail_of_counts(direction, far, counts, (expected, spread, doubt))
        yield View(direction, over, _two_of_three(p), observed, expected, z)


def _over_newest(merge: np.ufunc, values: Floats, slots: int) -> Floats:
    """Slot by slot backwards, so that a sum does not depend on where the window began."""
    total = np.zeros_like(values)
    for back in range(min(slots, values.shape[1])):
        merge(total[:, back:], values[:, : values.shape[1] - back], out=total[:, back:])
    return total


def _of_silence(grid: Grid) -> View:
    """Slots in a row up to each in which nothing came, though something was due.

    How improbable it is by the counts, or by what earlier silences missed: the greater of both,
    for devices stop and start again as a whole.
    """
    b, columns = grid.baseline, grid.values.shape[1]
    places = np.arange(1, columns + 1)
    # Where nothing is known, nothing is known of a silence either.
    heard = np.where(grid.values == 0, 0, places)
    silent = np.minimum(places - np.maximum.accumulate(heard, axis=1), LOOK_BACK_SLOTS)
    due = np.where(grid.usable, np.nan_to_num(b["mean"]), 0.0)
    missing = np.zeros_like(due)
    for back in range(min(LOOK_BACK_SLOTS, columns)):
        is_part = silent[:, back:] > back
        missing[:, back:] += np.where(is_part, due[:, : columns - back], 0.0)
    usual = b["silence_p50"]
    stray = np.fmax(b["silence_p95"] - usual, np.fmax(_LEAST_STRAY * usual, 1.0)) / _NORMAL_5_PCT
    told = grid.counted & grid.usable & (silent > 1) & (missing >= np.maximum(grid.floor, 1.0))
    spread = np.maximum(b["var"], b["mean"])
    p = np.ones_like(due)
    p[told] = np.maximum(
        tails.nothing_at_all(b["mean"][told], spread[told], missing[told]),
        tails.beyond((missing - usual)[told] / stray[told]),
    )
    return View(ABSENT, silent, p, np.zeros_like(due), missing, (usual - missing) / stray)


def _is_far(direction: int, off: Floats, floor: Floats) -> Bools:
    return off <= -floor if direction == BELOW else off >= floor


def _tail_of_counts(
    direction: int, cells: Bools, counts: Floats, expected: tuple[Floats, Floats, Floats]
) -> Floats:
    """Probabilities of counts in some cells; 1 in the others.

    Args:
        direction: `BELOW` or `ABOVE`.
        cells: Which.
        counts: What was counted.
        expected: Mean and variance, and what the mean may be off by: what was never seen in so
            many samples may still happen once in twice as many.
    """
    mean, variance, doubt = (each[cells] for each in expected)
    p = np.ones(counts.shape)
    if direction == BELOW:
        mean = np.maximum(mean - doubt, _TINY)
        p[cells] = tails.at_most(counts[cells], mean, np.maximum(variance, mean))
    else:
        mean = mean + doubt
        p[cells] = tails.at_least(counts[cells], mean, np.maximum(variance, mean))
    return p


def _two_of_three(p: Floats) -> Floats:
    """The probability that two of three slots in a row are as far out as the second of them.

    However they hang together, it is at most half of three times the second's own.
    """
    padded = np.pad(p, ((0, 0), (2, 0)), constant_values=1.0)
    three = np.stack([padded[:, :-2], padded[:, 1:-1], padded[:, 2:]])
    second: Floats = np.minimum(_OF_THREE * np.sort(three, axis=0)[1], 1.0)
    return second
