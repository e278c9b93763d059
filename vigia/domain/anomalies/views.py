"""Ways to look at every slot of every metric: what was seen, what was due, how improbable that is.

Single slots, of which two of the last three must be far out; the sums of an hour to a day, which see shifts that no slot shows; and a silence up to now. All views end in the slot and
see nothing after it. A count must be improbable as a count (a negative binomial), and every
moment rare among those of ordinary days (`strays`): the greater probability of both holds. What
follows from a view for its metric, and from all tests of a run together, belongs to `detect`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from vigia.domain.anomalies import strays, tails
from vigia.domain.anomalies.baseline import HOURS_A_WEEK, PARENTS
from vigia.domain.anomalies.policy import AnomalyPolicy
from vigia.domain.anomalies.samples import Floats, leave_out, slot_values
from vigia.domain.anomalies.strays import ABOVE, ABSENT, BELOW, DIRECTIONS, SILENCE, SUMS
from vigia.domain.metrics.aggregate import MICRO
from vigia.domain.windows import SLOT, hour_of_week

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Figures = Mapping[str, Floats]

LOOK_BACK_SLOTS = SUMS[-1] + 2
LOOK_BACK: timedelta = LOOK_BACK_SLOTS * SLOT
"""How much before a slot its views may reach."""

_WORTH_A_LOOK = 0.01
"""What is not as rare as this is no anomaly, whatever its count may be."""
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Grid:
    """Values and what the baseline says of them: pairs (rows) by slots (columns).

    Attributes:
        values: NaN where unknown.
        hour: Hour of the week.
        baseline: Figures by name.
        strays: `usual`, `rare` and `days` by way to look, a row per pair.
        parent: Place in `baseline.PARENTS`.
        usable: Whether there is something stable to go by.
        counted: Whether it is a count; the same for all slots, as are the floors.
        floor: Least absolute deviation that matters.
        least: Of what is no count, the least that a deviation is measured by.
        relative_floor: The floor as a share of what is expected.
    """

    values: Floats
    hour: Ints
    baseline: Figures
    strays: Mapping[tuple[int, int], tuple[Floats, Floats, Floats]]
    parent: Ints
    usable: Bools
    counted: Bools
    floor: Floats
    least: Floats
    relative_floor: Floats


@dataclass(frozen=True, slots=True)
class View:
    """One way to look at all slots.

    Attributes:
        direction: Place in `strays.DIRECTIONS`.
        over_slots: How many slots it looks at.
        p: Probability under the baseline; 1 where nothing is to be seen.
        observed: What was seen.
        expected: What was due.
        of_counts: Whether only counts can be looked at like this.
    """

    direction: int
    over_slots: Ints
    p: Floats
    observed: Floats
    expected: Floats
    of_counts: bool = True


def lay_out(
    snapshots: pl.DataFrame,
    pairs: pl.DataFrame,
    learned: tuple[pl.DataFrame, pl.DataFrame],
    slots: pl.Series,
    excluded: pl.DataFrame,
    policy: AnomalyPolicy,
) -> Grid:
    """Put values and baselines side by side; see `detect.judge` for what is passed."""
    profiles, strayed = learned
    values = slot_values(snapshots, pairs, slots)
    leave_out(values, pairs, slots, excluded)
    zones = pairs["zone"].to_list()
    by_zone = {
        zone: pl.select(hour_of_week(pl.lit(slots), zone)).to_series() for zone in set(zones)
    }
    hour = np.array([by_zone[zone].to_numpy() for zone in zones], np.int64)
    parent, usable = _standing(profiles, pairs)
    at = (np.arange(pairs.height)[:, None], hour)
    counted = np.broadcast_to((pairs["kind"] == "count").to_numpy()[:, None], hour.shape)
    factor = np.array([policy.readiness_of(each).floor_factor for each in pairs["sensitivity"]])
    relative = np.where(counted, policy.relative_floor_counts, policy.relative_floor_values)
    floor = pairs["floor"].to_numpy()[:, None]
    return Grid(
        values,
        hour,
        {name: table[at] for name, table in strays.by_hour(profiles, pairs).items()},
        _by_way(strayed, pairs),
        parent[at],
        usable[at],
        counted,
        factor[:, None] * floor,
        floor,
        factor[:, None] * relative,
    )


def _standing(profiles: pl.DataFrame, pairs: pl.DataFrame) -> tuple[Ints, Bools]:
    """Of baselines by pair and hour of the week: their parent, and whether they may be used."""
    shape = (pairs.height, HOURS_A_WEEK)
    numbered = pairs.select("site", "metric").with_row_index("pair")
    rows = profiles.join(numbered, on=["site", "metric"])
    at = (rows["pair"].to_numpy(), rows["hour_of_week"].to_numpy())
    parent = np.zeros(shape, np.int64)
    parent[at] = rows["pooled_parent"].replace_strict(PARENTS, range(len(PARENTS))).to_numpy()
    usable = np.zeros(shape, np.bool_)
    usable[at] = rows["is_stable"].to_numpy() | (parent[at] > 0)
    return parent, usable


def _by_way(
    strayed: pl.DataFrame, pairs: pl.DataFrame
) -> dict[tuple[int, int], tuple[Floats, Floats, Floats]]:
    """Usual and rare surprise and days, a column of pairs each, by way."""
    numbered = pairs.select("site", "metric").with_row_index("pair")
    found = {}
    for direction, slots in strays.WAYS:
        way = (pl.col("direction") == DIRECTIONS[direction]) & (pl.col("over_slots") == slots)
        rows = numbered.join(strayed.filter(way), on=["site", "metric"], how="left")
        rows = rows.sort("pair").select(pl.col("usual", "rare").fill_null(0.0), "days")
        usual, rare, days = (column.cast(pl.Float64).fill_null(0).to_numpy() for column in rows)
        found[direction, slots] = (usual[:, None], rare[:, None], days[:, None])
    return found


def views(grid: Grid) -> Iterator[View]:
    """All views, always the same ones in the same order."""
    known = grid.usable & np.isfinite(grid.values)
    yield from _of_slots(grid, known)
    yield from _of_sums(grid, known & grid.counted)
    yield _of_silence(grid)


def _of_slots(grid: Grid, known: Bools) -> Iterator[View]:
    b, counted = grid.baseline, grid.counted
    expected = np.where(counted, b["mean"], b["p50"])
    values, due = np.where(known, grid.values, 0.0), np.where(known, expected, 0.0)
    off = values - due
    floor = np.maximum(grid.floor, grid.relative_floor * np.abs(due))
    z = np.where(
        counted,
        strays.off_counts(np.where(counted, values, 0.0), np.where(counted, due, 0.0)),
        strays.off_values(
            values, {name: b[name] for name in ("p05", "p50", "p95", "mad")}, grid.least
        ),
    )
    doubt = 0.5 / np.maximum(b["support"], 1)
    spread = np.maximum(b["var"], b["mean"]) * (1 + 1 / np.maximum(b["support"], 1))
    once = np.ones(off.shape, np.int64)
    for direction, deviation in ((BELOW, -z), (ABOVE, z)):
        far = known & _is_far(direction, off, floor)
        rare = _rarity(grid, (direction, 1), strays.second_of_three(np.where(far, deviation, 0.0)))
        near = _and_two_before(rare < _WORTH_A_LOOK)
        chance = _tail_of_counts(direction, far & counted & near, values, (due, spread, doubt))
        chance = np.where(counted, _two_of_three(chance), 0.0)
        p = np.maximum(rare, chance)
        yield View(direction, once, p, grid.values, expected, of_counts=False)


def _of_sums(grid: Grid, known: Bools) -> Iterator[View]:
    """Sums of counts over the newest slots of which something is known."""
    b = grid.baseline
    summed = (
        _sums(np.where(known, each, 0.0))
        for each in (
            grid.values,
            strays.capped(grid.values, b["p95"]),
            b["mean"],
            np.maximum(b["var"], b["mean"]),
        )
    )
    for slots, observed, most, expected, spread in zip(SUMS, *summed, strict=True):
        floor = np.maximum(grid.floor, grid.relative_floor * expected)
        # Slots of one hour are held against the same mean, so what that may be off by adds up.
        doubt = slots * 0.5 / np.maximum(b["support"], 1)
        over = np.full(expected.shape, slots)
        for direction, counts, sign in ((BELOW, observed, -1), (ABOVE, most, 1)):
            far = known & _is_far(direction, counts - expected, floor)
            z = np.where(far, sign * strays.off_counts(counts, expected), 0.0)
            p = _rarity(grid, (direction, slots), strays.second_of_three(z))
            worth = far & (p < _WORTH_A_LOOK)
            chance = _tail_of_counts(direction, worth, counts, (expected, spread, doubt))
            yield View(direction, over, np.maximum(p, chance), observed, expected)


def _sums(values: Floats) -> list[Floats]:
    """Sums over the newest slots, for each of `SUMS`."""
    running = _running(values)
    columns = np.arange(values.shape[1])
    return [
        (running[:, 1:] - running[:, np.maximum(columns + 1 - slots, 0)]) / MICRO for slots in SUMS
    ]


def _running(values: Floats) -> Ints:
    """Sums up to before each slot and the end, in whole millionths.

    Whole numbers, so that a difference of two does not depend on where the window began.
    """
    running = np.zeros((len(values), values.shape[1] + 1), np.int64)
    np.cumsum(np.rint(values * MICRO).astype(np.int64), axis=1, out=running[:, 1:])
    return running


def _of_silence(grid: Grid) -> View:
    """Slots in a row up to each in which nothing came, though something was due."""
    b, columns = grid.baseline, grid.values.shape[1]
    places = np.arange(1, columns + 1)
    # Where nothing is known, nothing is known of a silence either.
    heard = np.where(grid.values == 0, 0, places)
    silent = np.minimum(places - np.maximum.accumulate(heard, axis=1), LOOK_BACK_SLOTS)
    due = _running(np.where(grid.usable, np.nan_to_num(b["mean"]), 0.0))
    missing = (due[:, 1:] - np.take_along_axis(due, places - silent, axis=1)) / MICRO
    told = grid.counted & grid.usable & (silent > 1) & (missing >= np.maximum(grid.floor, 1.0))
    p = np.ones_like(missing)
    rare = _rarity_of(grid, (ABSENT, SILENCE), strays.surprise_of_silence(missing))
    spread = np.maximum(b["var"], b["mean"])
    chance = tails.nothing_at_all(b["mean"][told], spread[told], missing[told])
    p[told] = np.maximum(rare[told], chance)
    return View(ABSENT, silent, p, np.zeros_like(missing), missing)


def _is_far(direction: int, off: Floats, floor: Floats) -> Bools:
    return off <= -floor if direction == BELOW else off >= floor


def _rarity(grid: Grid, way: tuple[int, int], z: Floats) -> Floats:
    return _rarity_of(grid, way, strays.surprise(z))


def _rarity_of(grid: Grid, way: tuple[int, int], found: Floats) -> Floats:
    return strays.rarity(way[1], found, *grid.strays[way])


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


def _and_two_before(cells: Bools) -> Bools:
    """Cells, and the two before each."""
    near = cells.copy()
    for back in (1, 2):
        near[:, :-back] |= cells[:, back:]
    return near


def _two_of_three(p: Floats) -> Floats:
    """The probability that two of three slots in a row are as far out as the second of them.

    However they hang together, it is at most half of three times the second's own.
    """
    padded = np.pad(p, ((0, 0), (2, 0)), constant_values=1.0)
    one, two, three = padded[:, :-2], padded[:, 1:-1], padded[:, 2:]
    low, high = np.minimum(one, two), np.maximum(one, two)
    second: Floats = np.minimum(1.5 * np.maximum(low, np.minimum(high, three)), 1.0)
    return second
