"""The Numenta Anomaly Benchmark by its own protocol, for the product's detector of plain series.

Scoring, windows, profiles, threshold search and normalisation are those of the benchmark
(A. Lavin, S. Ahmad: Evaluating Real-time Anomaly Detection Algorithms, 2015, and its published
scorer). The detector sees each series from its start to the value it judges, without labels,
with one configuration for all series.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from bench.engines import peak_mb
from bench.run import Bench
from vigia.config.settings import Settings
from vigia.domain.anomalies.series import SERIES_POLICY, score_series, starts
from vigia.domain.errors import VigiaError

Floats = npt.NDArray[np.float64]

PROFILES = {
    "standard": "standard",
    "low_fp": "reward_low_FP_rate",
    "low_fn": "reward_low_FN_rate",
}
"""Our names of the profiles, and the benchmark's."""

MISSING = (
    "The Numenta Anomaly Benchmark is no part of the source tree: point VIGIA_DATA to the folder "
    "that holds `nab` with its data, labels, config and results."
)

_WINDOWS = Path("labels", "combined_windows.json")
_PROBATION_SHARE = 0.15
_PROBATION_ROWS = 5000
_FAR_BEHIND = 3.0
_LEVELS = np.arange(4.0, 12.01, 0.2)
_EVEN, _ODD = slice(0, None, 2), slice(1, None, 2)
_HALVES = ((_EVEN, _ODD), (_ODD, _EVEN))
"""Both ways of choosing on one half of the sorted files and scoring the other."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a profile gives for a window found in time, and takes for a miss and a false alarm."""

    found: float
    missed: float
    false_alarm: float


@dataclass(frozen=True)
class Labelled:
    """One file of the corpus: a series and the windows in which something was wrong.

    Attributes:
        name: Path below the data folder.
        series: `time` and `value`.
        windows: First and last row of each window.
    """

    name: str
    series: pl.DataFrame
    windows: tuple[tuple[int, int], ...]

    @property
    def probation(self) -> int:
        """Rows at the start that nothing is scored in."""
        rows = self.series.height
        return math.ceil(
            min(math.floor(_PROBATION_SHARE * rows), _PROBATION_SHARE * _PROBATION_ROWS)
        )

    @cached_property
    def worth(self) -> Floats:
        """What an alarm at each row is worth before costs: 1 at a window's start, then falling.

        It is 0 at a window's end, and falls on to -1, which it is before the first window too.
        """
        worth = np.full(self.series.height, -1.0)
        for (first, last), (following, _) in pairwise([*self.windows, (self.series.height, 0)]):
            width = last - first + 1
            inside = np.arange(first, last + 1)
            worth[inside] = scaled_sigmoid(-(last - inside + 1) / width) / scaled_sigmoid(-1.0)
            after = np.arange(last + 1, following)
            worth[after] = scaled_sigmoid((after - last) / (width - 1))
        return worth

    @cached_property
    def window(self) -> npt.NDArray[np.int64]:
        """The number of the window that each row lies in, or -1."""
        window = np.full(self.series.height, -1)
        for number, (first, last) in enumerate(self.windows):
            window[first : last + 1] = number
        return window


def scaled_sigmoid(position: float | Floats) -> Floats:
    """The benchmark's scoring function of a position relative to a window.

    >>> [round(float(scaled_sigmoid(p)), 5) for p in (-1.0, -0.5, 0.0, 1.0, 4.0)]
    [0.98661, 0.84828, 0.0, -0.98661, -1.0]
    """
    place = np.asarray(position, np.float64)
    value = 2 / (1 + np.exp(5 * np.minimum(place, _FAR_BEHIND))) - 1
    return np.where(place > _FAR_BEHIND, -1.0, value)


@dataclass(frozen=True, slots=True)
class Curve:
    """The raw score of some files at every threshold that makes a difference.

    Attributes:
        thresholds: Falling, from infinity: no alarm at all.
        raw: Score when every row scored at or above the threshold is an alarm.
        windows: How many windows the files have.
        cost: What was counted.
    """

    thresholds: Floats
    raw: Floats
    windows: int
    cost: Cost

    def best(self) -> float:
        """The threshold with the greatest score; of equals the highest."""
        return float(self.thresholds[self.raw.argmax()])

    def at(self, threshold: float) -> float:
        """The score at a threshold: 0 as the detector that never alarms, 100 as the perfect one."""
        (reached,) = np.nonzero(self.thresholds >= threshold)
        return normalised(float(self.raw[reached[-1]]), self.windows, self.cost)


def normalised(raw: float, windows: int, cost: Cost) -> float:
    """A raw score between those of the detector that never alarms (0) and of the perfect one."""
    null = -cost.missed * windows
    return 100 * (raw - null) / (cost.found * windows - null)


def curve(files: Sequence[Labelled], scores: Sequence[Floats], cost: Cost) -> Curve:
    """Score some files at every threshold.

    Args:
        files: Files of the corpus.
        scores: The detector's scores of each file's rows; only their order matters.
        cost: The profile's.
    """
    gained = [_gains(file, score, cost) for file, score in zip(files, scores, strict=True)]
    score, gain = (np.concatenate(part) for part in zip(*gained, strict=True))
    order = np.argsort(-score, kind="stable")
    score, total = score[order], np.cumsum(gain[order])
    last_of_equals = np.append(score[1:] != score[:-1], True)
    null = sum(_all_missed(file, cost) for file in files)
    return Curve(
        np.append(np.inf, score[last_of_equals]),
        np.append(null, null + total[last_of_equals]),
        sum(len(file.windows) for file in files),
        cost,
    )


def _all_missed(file: Labelled, cost: Cost) -> float:
    """What is taken when nothing alarms.

    A window that lies in the probation cannot be missed, only be lost to the perfect score.
    """
    return -cost.missed * len(set(file.window[file.probation :].tolist()) - {-1})


def _gains(file: Labelled, scores: Floats, cost: Cost) -> tuple[Floats, Floats]:
    """Score of each row after the probation, and what the total gains when it becomes an alarm."""
    scored = slice(file.probation, None)
    score, worth, window = scores[scored], file.worth[scored], file.window[scored]
    gain = np.where(window < 0, worth * cost.false_alarm, 0.0)
    for number in range(len(file.windows)):
        (rows,) = np.nonzero(window == number)
        rows = rows[np.argsort(-score[rows], kind="stable")]
        # Only the best alarm in a window counts, whatever its score.
        best = np.maximum.accumulate(np.append(-cost.missed, worth[rows] * cost.found))
        gain[rows] = np.diff(best)
    return score, gain


def read_corpus(folder: Path) -> list[Labelled]:
    """Read all series and their windows.

    Args:
        folder: With `data`, `labels`, `config` and `results`, as the benchmark publishes them.

    Raises:
        VigiaError: It is not there.
    """
    labels = folder / _WINDOWS
    if not labels.is_file():
        raise VigiaError(f"{folder} is not the benchmark. {MISSING}")
    windows = json.loads(labels.read_text())
    return [_labelled(folder / "data", name, windows[name]) for name in sorted(windows)]


def _labelled(folder: Path, name: str, windows: Sequence[Sequence[str]]) -> Labelled:
    rows = pl.read_csv(folder / name, schema={"timestamp": pl.String(), "value": pl.Float64()})
    place = {stamp: row for row, stamp in reversed(list(enumerate(rows["timestamp"])))}
    series = rows.select(time=pl.col("timestamp").str.to_datetime(time_unit="us"), value="value")
    found = tuple((place[first[:19]], place[last[:19]]) for first, last in windows)
    return Labelled(name, series, found)


def read_costs(folder: Path) -> dict[str, Cost]:
    """The costs of each profile, by our names of them."""
    profiles = json.loads((folder / "config" / "profiles.json").read_text())
    matrices = {ours: profiles[theirs]["CostMatrix"] for ours, theirs in PROFILES.items()}
    return {
        name: Cost(matrix["tpWeight"], matrix["fnWeight"], matrix["fpWeight"])
        for name, matrix in matrices.items()
    }


def read_published(folder: Path) -> dict[str, list[float]]:
    """Each published detector's score in each profile, the best first."""
    results = json.loads((folder / "results" / "final_results.json").read_text())
    rows = {
        name: [found[theirs] for theirs in PROFILES.values()] for name, found in results.items()
    }
    return dict(sorted(rows.items(), key=lambda row: -row[1][0]))


def nab(size: int | None = None, folder: Path | None = None) -> Bench:
    """Score the default detector of plain series, beside the published table.

    Args:
        size: Ignored: the corpus has one size.
        folder: Of the benchmark; by default `nab` in the folder of real data.
    """
    del size
    folder = folder or _default_folder()
    files, costs, published = read_corpus(folder), read_costs(folder), read_published(folder)
    judged = [score_series(file.series) for file in files]
    scores = [each["score"].to_numpy() for each in judged]
    surprise = [each["surprise"].to_numpy() for each in judged]
    curves = {name: curve(files, scores, cost) for name, cost in costs.items()}
    found = {name: each.at(each.best()) for name, each in curves.items()}
    best, table = next(iter(published.items()))
    return Bench(
        "nab",
        f"best published standard score ({best})",
        found["standard"] / table[0],
        None,
        peak_mb(),
        {
            **found,
            "profiles": list(PROFILES),
            "thresholds": [each.best() for each in curves.values()],
            "split_half": [split_half(files, scores, cost) for cost in costs.values()],
            "split_half_level": [split_half_level(files, surprise, c) for c in costs.values()],
            "files": len(files),
            "windows": curves["standard"].windows,
            "published": published,
        },
    )


def is_there() -> bool:
    """Whether this installation has the benchmark."""
    return (_default_folder() / _WINDOWS).is_file()


def _default_folder() -> Path:
    return (Settings().data or Path()) / "nab"


def split_half(files: Sequence[Labelled], scores: Sequence[Floats], cost: Cost) -> float:
    """The score of each half of the files at the threshold best for the other half; their mean."""

    def on(half: slice) -> Curve:
        return curve(files[half], scores[half], cost)

    return sum(on(held).at(on(fit).best()) for fit, held in _HALVES) / 2


def split_half_level(files: Sequence[Labelled], surprise: Sequence[Floats], cost: Cost) -> float:
    """The same where the detector's own alarm level is what is chosen on the other half."""
    raw = np.array(
        [
            [_at_level(f, s, level, cost) for f, s in zip(files, surprise, strict=True)]
            for level in _LEVELS
        ]
    )
    return (
        sum(
            normalised(
                raw[raw[:, fit].sum(axis=1).argmax(), held].sum(),
                sum(len(file.windows) for file in files[held]),
                cost,
            )
            for fit, held in _HALVES
        )
        / 2
    )


def _at_level(file: Labelled, surprise: Floats, level: float, cost: Cost) -> float:
    """The raw score of a file when every start of an episode at that level is an alarm."""
    alarm = starts(surprise, level, SERIES_POLICY.quiet_values)
    score, gain = _gains(file, alarm.astype(np.float64), cost)
    return _all_missed(file, cost) + float(gain[score > 0].sum())
