"""One engine over one set of files, in a process of its own so that its peak memory is its own.

`python -m bench.engines WORK ENGINE RESULT FILE…` prints one JSON object. Both engines work
file by file, which bounds their memory, and compute the same columns; ours a hash besides.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time

import polars as pl

THREADS = 2
_COLUMNS = ("n", "sum", "sum_sq", "min", "max", "last")
_SNAPSHOTS = """
    SELECT site, metric, time_bucket(INTERVAL 5 minutes, time) AS slot, count(*) AS n,
        sum(q)::BIGINT AS sum, sum(round_even(q::DOUBLE * q / 1e6, 0))::BIGINT / 1e6 AS sum_sq,
        min(q) AS min, max(q) AS max, arg_max(q, time) AS last
    FROM (SELECT site, metric, time, round_even(value * 1000000, 0)::BIGINT AS q
        FROM read_parquet($path)) GROUP BY ALL
"""
_HOURS = """
    SELECT site, metric, time_bucket(INTERVAL 1 hour, slot) AS slot, sum(n)::BIGINT AS n,
        sum(sum)::BIGINT AS sum, sum(round_even(sum_sq * 1e6, 0)::BIGINT)::BIGINT / 1e6 AS sum_sq,
        min(min) AS min, max(max) AS max, arg_max(last, slot) AS last
    FROM {source} GROUP BY ALL
"""


def ours_snapshots(path: Path) -> list[pl.DataFrame]:
    """5-minute snapshots by the product's engine."""
    from vigia.domain.metrics.snapshot import snapshot

    return [snapshot(pl.scan_parquet(path))]


def ours_rollups(path: Path) -> list[pl.DataFrame]:
    """Hours and days by the product's engine."""
    from vigia.domain.metrics.rollup import roll_up_days, roll_up_hours

    snapshots = pl.read_parquet(path)
    return [roll_up_hours(snapshots, "UTC"), roll_up_days(snapshots, "UTC")]


def duckdb_snapshots(path: Path) -> list[pl.DataFrame]:
    """5-minute snapshots by DuckDB."""
    return [_duckdb(_SNAPSHOTS, path)]


def duckdb_rollups(path: Path) -> list[pl.DataFrame]:
    """Hours and days by DuckDB, the days from the hours."""
    hours = _HOURS.format(source="read_parquet($path)")
    table = _duckdb(hours, path)
    days = _HOURS.format(source="hours").replace("1 hour", "1 day")
    return [table, _duckdb(days, None, hours=table).rename({"slot": "local_date"})]


def _duckdb(query: str, path: Path | None, **tables: pl.DataFrame) -> pl.DataFrame:
    import duckdb

    with duckdb.connect(config={"threads": THREADS}) as connection:
        connection.execute("SET timezone = 'UTC'")
        for name, table in tables.items():
            connection.register(name, table.to_arrow())
        asked = connection.sql(query, params={"path": str(path)} if path else None)
        return pl.DataFrame(pl.from_arrow(asked.to_arrow_table()))


ENGINES: dict[tuple[str, str], Callable[[Path], list[pl.DataFrame]]] = {
    ("snapshots", "vigia"): ours_snapshots,
    ("snapshots", "duckdb"): duckdb_snapshots,
    ("rollups", "vigia"): ours_rollups,
    ("rollups", "duckdb"): duckdb_rollups,
}


def comparable(frame: pl.DataFrame) -> pl.DataFrame:
    """A result in one form, whichever engine made it."""
    window = next(c for c in ("local_date", "slot") if c in frame.columns)
    return (
        frame.select(
            pl.col("site", "metric").cast(pl.Int64),
            pl.col(window).cast(pl.Datetime("us")).alias("window"),
            *(pl.col(c).cast(pl.Float64 if c == "sum_sq" else pl.Int64) for c in _COLUMNS),
        )
        .sort("site", "metric", "window")
        .with_columns(pl.col("sum_sq").round(3))
    )


def peak_mb() -> float:
    """Most memory that this process held."""
    status = Path("/proc/self/status")
    if status.exists():
        # The kernel's other figure counts what the process was before it became this program.
        (line,) = [t for t in status.read_text().splitlines() if t.startswith("VmHWM")]
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(work: str, engine: str, result: str, *files: str) -> None:
    """Run an engine over files; keep its results as Parquet when `result` names a folder."""
    run = ENGINES[work, engine]
    run(Path(files[0]))  # imports and caches are not what is measured
    started, cpu = perf_counter(), process_time()
    rows = 0
    for number, file in enumerate(files):
        for part, frame in enumerate(run(Path(file))):
            rows += frame.height
            if result != "-":
                comparable(frame).write_parquet(Path(result) / f"{engine}-{number}-{part}.parquet")
    figures = {
        "seconds": perf_counter() - started,
        "cpu_s": process_time() - cpu,
        "peak_mb": peak_mb(),
        "rows": rows,
    }
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
