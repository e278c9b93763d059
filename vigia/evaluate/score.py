"""From matches to figures: precision, recall, delay, false alarms on traps, with intervals.

Intervals are percentile bootstraps (B. Efron, The Annals of Statistics 7, 1979) over blocks of one
world and one site, because what happens at a site in one world is not independent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl

from vigia.evaluate.matching import GRACE, NEUTRAL_TRAPS, Matches
from vigia.simulator.draws import Floats, Ints, Stream

RESAMPLES = 1000
CONFIDENCE = 0.95
MEDIUM_OR_WORSE = ("MEDIUM", "HIGH", "CRITICAL")
_FALSE = ("false", "repeat")
_COUNTS = ("episodes", "covered", "found", "false")

BLOCKS = pl.Schema(
    {
        "world": pl.String(),
        "site": pl.String(),
        "class": pl.String(),
        "episodes": pl.Int64(),
        "covered": pl.Int64(),
        "found": pl.Int64(),
        "false": pl.Int64(),
    }
)
"""One row per world, site and class: counts that add up to any score."""


@dataclass(frozen=True, slots=True)
class Score:
    """Figures of one class; a figure that does not exist is None, never zero.

    Attributes:
        episodes: True episodes, covered ones included.
        covered: Children whose parent was found, and that were not found themselves.
        found: Episodes found.
        false_alarms: Detections that matched nothing, repeats included.
        precision: Found over found and false alarms.
        recall: Found over episodes that were not covered.
        f1: Harmonic mean of both.
        intervals: Of precision, recall and f1: low and high at 95 %.
        delay_onset_s: Median and 95th percentile from the onset.
        delay_detectable_s: The same from when a perfect observer could have known.
    """

    episodes: int
    covered: int
    found: int
    false_alarms: int
    precision: float | None
    recall: float | None
    f1: float | None
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    delay_onset_s: tuple[float, float] | None = None
    delay_detectable_s: tuple[float, float] | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON; figures that do not exist are left out."""
        figures = {
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "delay_p95_s": self.delay_detectable_s and self.delay_detectable_s[1],
            "delay_from_onset_p95_s": self.delay_onset_s and self.delay_onset_s[1],
        }
        known = {name: round(value, 4) for name, value in figures.items() if value is not None}
        counts = {"episodes": self.episodes, "found": self.found, "covered": self.covered}
        bounds = {f"{n}_95": [round(v, 4) for v in pair] for n, pair in self.intervals.items()}
        return {**known, **counts, "false_alarms": self.false_alarms, **bounds}


def blocks(world: str, matches: Matches) -> pl.DataFrame:
    """What happened at each site in each class (`BLOCKS`)."""
    verdict = pl.col("verdict")
    truths = matches.episodes.group_by("site", "class").agg(
        pl.len().cast(pl.Int64).alias("episodes"),
        (verdict == "covered").sum().cast(pl.Int64).alias("covered"),
        (verdict == "found").sum().cast(pl.Int64).alias("found"),
    )
    alarms = matches.detections.group_by("site", "class").agg(
        verdict.is_in(_FALSE).sum().cast(pl.Int64).alias("false")
    )
    keys = ["site", "class"]
    both = truths.join(alarms, on=keys, how="full", coalesce=True, nulls_equal=True)
    return (
        both.with_columns(pl.col(_COUNTS).fill_null(0))
        .with_columns(pl.lit(world).alias("world"))
        .select(BLOCKS.names())
        .sort("class", "site")
    )


def score(counted: pl.DataFrame, truths: pl.DataFrame, name: str) -> Score:
    """The figures of one class over any number of worlds.

    Args:
        counted: `BLOCKS` of all worlds.
        truths: `Matches.episodes` of all worlds, for delays.
        name: The class.
    """
    mine = counted.filter(pl.col("class") == name)
    episodes, covered, hits, false = (int(mine[n].sum()) for n in _COUNTS)
    rates = _rates(np.array([[episodes, covered, hits, false]]))
    precision, recall, f1 = (_or_none(value) for value in rates[0])
    found = truths.filter((pl.col("class") == name) & (pl.col("verdict") == "found"))
    return Score(
        episodes,
        covered,
        hits,
        false,
        precision,
        recall,
        f1,
        _intervals(mine, name),
        _quantiles(found["delay_onset_s"]),
        _quantiles(found["delay_detectable_s"]),
    )


def _rates(counts: Ints) -> Floats:
    """Precision, recall and F1 of rows of (episodes, covered, found, false); NaN where none."""
    episodes, covered, found, false = counts.T.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = found / (found + false)
        recall = found / (episodes - covered)
        f1 = 2 * found / (2 * found + false + (episodes - covered - found))
    return np.stack([precision, recall, f1], axis=1)


def _intervals(mine: pl.DataFrame, name: str) -> dict[str, tuple[float, float]]:
    """Percentile intervals from blocks drawn again with replacement."""
    by_site = mine.group_by("world", "site", maintain_order=True).agg(pl.col(_COUNTS).sum())
    counts = by_site.select(_COUNTS).to_numpy()
    size = len(counts)
    if size < 2:
        return {}
    draws = Stream(0, f"bootstrap.{name}").integers(
        size, np.arange(RESAMPLES)[:, None], np.arange(size)[None, :]
    )
    rates = _rates(counts[draws].sum(axis=1))
    tails = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    found = {}
    for column, label in enumerate(("precision", "recall", "f1")):
        known = rates[:, column][~np.isnan(rates[:, column])]
        if len(known):
            low, high = np.quantile(known, tails)
            found[label] = (float(low), float(high))
    return found


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _quantiles(delays: pl.Series) -> tuple[float, float] | None:
    if delays.is_empty():
        return None
    values = delays.to_numpy()
    return float(np.quantile(values, 0.5)), float(np.quantile(values, 0.95))


def trap_rates(matches: Matches, traps: pl.DataFrame) -> dict[str, float]:
    """Share of the traps of each kind in which something tempted a false alarm of its class."""
    told = traps_sprung(matches, traps)
    return dict(told.select("kind", pl.col("sprung") / pl.col("traps")).iter_rows())


def traps_sprung(matches: Matches, traps: pl.DataFrame) -> pl.DataFrame:
    """How many traps of each `kind` there were (`traps`), and how many were `sprung`.

    A trap is sprung by an unmatched detection of the tempting class at its site, while it lasts or
    in the grace after it. Neutral kinds are no traps in this sense.
    """
    alarms = matches.detections.filter(pl.col("verdict").is_in(_FALSE))
    real = traps.filter(~pl.col("kind").is_in(NEUTRAL_TRAPS))
    sprung = (
        real.join(
            alarms.select("tenant", "site", "detected_at", pl.col("class").alias("tempting_type")),
            on=["tenant", "site", "tempting_type"],
        )
        .filter(pl.col("detected_at").is_between(pl.col("from"), pl.col("to") + GRACE))
        .select("tenant", "trap")
        .unique()
        .with_columns(sprung=pl.lit(value=True))
    )
    told = real.join(sprung, on=["tenant", "trap"], how="left")
    return (
        told.group_by("kind")
        .agg(pl.len().cast(pl.Int64).alias("traps"), pl.col("sprung").count().cast(pl.Int64))
        .sort("kind")
    )


def alarms_per_site_day(matches: Matches, sites: int, span: timedelta) -> float:
    """False alarms of MEDIUM or worse per site and day."""
    alarms = matches.detections.filter(
        pl.col("verdict").is_in(_FALSE) & pl.col("severity").is_in(MEDIUM_OR_WORSE)
    )
    return alarms.height / (sites * (span / timedelta(days=1)))
