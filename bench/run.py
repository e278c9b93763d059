"""The benchmarks by name: sizes, repetitions, ratios and exponents.

A ratio above 1 means faster than the reference. The exponent is that of cost over size,
fitted over three sizes. Times are the least of some rounds; each round measures every size, so
that a busy minute of the machine does not fall on one size alone.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from bench.engines import THREADS
from bench.telemetry import write_snapshots, write_values

SEED = 20260301
ROUNDS = 4
_WORTH_REPEATING = 100_000


@dataclass(frozen=True, slots=True)
class Bench:
    """What a benchmark found; the fields are those of `vigia bench NAME --json`.

    The exponent is None where there is one size alone.
    """

    name: str
    reference: str
    ratio: float
    exponent: float | None
    peak_mb: float
    figures: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For JSON, rounded to what a measurement can mean."""
        rounded: dict[str, Any] = _rounded(asdict(self))
        return rounded


def snapshots(size: int | None = None) -> Bench:
    """F01: raw values to 5-minute snapshots, from Parquet.

    With a size of 50,000,000 the peaks show whether memory is bounded by a file, a day of it.
    """
    return _engines("snapshots", write_values, size or 5_000_000)


def rollups(size: int | None = None) -> Bench:
    """F02: 5-minute snapshots to hours and days, and one new batch of 1,000 sites."""
    bench = _engines("rollups", write_snapshots, size or 4_000_000)
    bench.figures["batch_1000_sites_ms"] = _one_batch() * 1000
    return bench


def _engines(work: str, write: Callable[[Path, int, int], list[Path]], size: int) -> Bench:
    sizes = [max(1, size // 5), max(1, size * 2 // 5), size]
    with tempfile.TemporaryDirectory(prefix="vigia-bench-") as folder:
        files = [write(Path(folder) / str(rows), rows, SEED) for rows in sizes]
        runs = _rounds(work, files, ROUNDS if size >= _WORTH_REPEATING else 1)
    ours, theirs = ([_best(each) for each in runs[engine]] for engine in ("vigia", "duckdb"))
    peaks = [run["peak_mb"] for run in ours]
    figures = {
        "sizes": sizes,
        "rows_per_s": [rows / run["seconds"] for rows, run in zip(sizes, ours, strict=True)],
        "reference_rows_per_s": [
            rows / run["seconds"] for rows, run in zip(sizes, theirs, strict=True)
        ],
        "cpu_ratio": theirs[-1]["cpu_s"] / ours[-1]["cpu_s"],
        "cpu_exponent": exponent(sizes, [run["cpu_s"] for run in ours]),
        "peak_mb": peaks,
        # Of the largest size over two fifths of it.
        "peak_growth": peaks[-1] / peaks[1],
        "reference_peak_mb": theirs[-1]["peak_mb"],
    }
    return Bench(
        work,
        "duckdb",
        theirs[-1]["seconds"] / ours[-1]["seconds"],
        exponent(sizes, [run["seconds"] for run in ours]),
        ours[-1]["peak_mb"],
        figures,
    )


def _rounds(
    work: str, files: Sequence[Sequence[Path]], rounds: int
) -> dict[str, list[list[dict[str, float]]]]:
    """Every engine's runs, by size."""
    runs: dict[str, list[list[dict[str, float]]]] = {
        engine: [[] for _ in files] for engine in ("vigia", "duckdb")
    }
    for _ in range(rounds):
        for place, paths in enumerate(files):
            for engine, by_size in runs.items():
                by_size[place].append(run_engine(work, engine, paths))
    return runs


def _best(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    """The least time of some runs; of memory, the most that any of them took."""
    least = {key: min(run[key] for run in runs) for key in ("seconds", "cpu_s")}
    return {**least, "peak_mb": max(run["peak_mb"] for run in runs)}


def run_engine(
    work: str, engine: str, files: Sequence[Path], result: Path | None = None
) -> dict[str, float]:
    """One run in a process of its own."""
    command = [sys.executable, "-m", "bench.engines", work, engine, str(result or "-")]
    done = subprocess.run(
        [*command, *map(str, files)],
        check=True,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "POLARS_MAX_THREADS": str(THREADS)},  # noqa: TID251 - passed on
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _one_batch() -> float:
    """Seconds to aggregate the newest slot of 1,000 sites and merge it into hour and day."""
    import polars as pl

    from bench.telemetry import START
    from vigia.domain.metrics.rollup import roll_up_days, roll_up_hours
    from vigia.domain.metrics.snapshot import snapshot

    rng = np.random.default_rng(SEED)
    rows = 1000 * 5 * 4

    def values(slots: int) -> pl.DataFrame:
        count = rows * slots
        seconds = rng.random(count) * 300 * slots
        return pl.DataFrame(
            {
                "site": rng.integers(0, 1000, count),
                "metric": rng.integers(0, 5, count),
                "time": pl.Series((seconds * 1e6).astype(np.int64)).cast(pl.Duration("us")) + START,
                "value": rng.random(count),
            }
        )

    hour, newest = snapshot(values(12)), values(1)
    times = []
    for _ in range(9):
        started = perf_counter()
        fresh = pl.concat([hour, snapshot(newest)])
        roll_up_hours(fresh, "UTC")
        roll_up_days(fresh, "UTC")
        times.append(perf_counter() - started)
    return float(np.median(times))


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Slope of log cost over log size.

    >>> round(exponent([1, 2, 4], [3.0, 6.0, 12.0]), 3)
    1.0
    """
    if len(set(sizes)) < 2:
        return math.nan
    slope, _ = np.polyfit(np.log(sizes), np.log(seconds), 1)
    return float(slope)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3) if abs(value) < 1000 else round(value)
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return value
