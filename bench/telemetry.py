"""Synthetic guard telemetry as Parquet: one file a day, sorted by site and time, from a seed.

Only shape and density matter here, no story: the world with known truth is the simulator's.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from vigia.domain.metrics.snapshot import snapshot

SITES, METRICS, ROWS_A_DAY = 250, 5, 1_000_000
START = datetime(2026, 3, 2, tzinfo=UTC)
_ROW_GROUP = 131_072


def write_values(folder: Path, rows: int, seed: int) -> list[Path]:
    """Write raw values: `site`, `metric` (codes), `time` (UTC), `value`; a file a day.

    Returns:
        The files, oldest first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, done in enumerate(range(0, rows, ROWS_A_DAY)):
        count = min(ROWS_A_DAY, rows - done)
        day = START + timedelta(days=number)
        path = folder / f"{day:%Y-%m-%d}.parquet"
        _day(day, count, np.random.default_rng([seed, number])).write_parquet(
            path, compression="zstd", row_group_size=_ROW_GROUP
        )
        paths.append(path)
    return paths


def write_snapshots(folder: Path, rows: int, seed: int) -> list[Path]:
    """Write about that many 5-minute snapshots, with sums in 64 bits; a file a day."""
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    done = 0
    while done < rows:
        day = START + timedelta(days=len(paths))
        values = _day(day, ROWS_A_DAY, np.random.default_rng([seed, len(paths)]))
        made = snapshot(values).head(rows - done).cast({"sum": pl.Int64})
        path = folder / f"{day:%Y-%m-%d}.parquet"
        made.write_parquet(path, compression="zstd", row_group_size=_ROW_GROUP)
        paths.append(path)
        done += made.height
    return paths


def _day(day: datetime, rows: int, rng: np.random.Generator) -> pl.DataFrame:
    """Values of one day: some sites and hours are busier than others."""
    site = (rng.random(rows) ** 1.5 * SITES).astype(np.uint16)
    hour = rng.choice(24, rows, p=_HOURS)
    second = hour * 3600 + rng.random(rows) * 3600
    return (
        pl.DataFrame(
            {
                "site": site,
                "metric": rng.integers(0, METRICS, rows).astype(np.uint8),
                "time": np.datetime64(day.replace(tzinfo=None), "us")
                + (second * 1e6).astype("timedelta64[us]"),
                "value": np.round(rng.gamma(2.0, 20.0, rows), 3),
            }
        )
        .with_columns(pl.col("time").dt.replace_time_zone("UTC"))
        .sort("site", "time")
    )


_WEIGHTS = 1 + np.sin(np.arange(24) / 24 * 2 * np.pi) / 2
_HOURS = _WEIGHTS / _WEIGHTS.sum()
