"""Baselines (F03): all of them from kept samples, and one new batch, each against a reference.

All of them: the product's figures by site, metric and hour of the week, against one DuckDB query
for the same mean, variance, median and MAD over the same samples, each in the form in which it keeps
them: a day a row, and a sample a row. The product also computes three
quantiles and what stands in for young hours; what it learns of ordinary days (`strays`) has no
counterpart and is a figure of its own.

One batch, the newest slot of 1,000 sites and ten metrics: put among kept samples in arrays, with
count, mean and squares of its hour moved, against an UPDATE in Postgres that moves the same three
of as many rows. The product itself learns when days are over, from the samples and all at once, so
that no order of arrival changes a bit; `day_ratio` is what that costs against the 288 UPDATEs of a
day of the same pairs, which give neither median nor MAD.
"""

from __future__ import annotations

from datetime import date, timedelta
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from bench.database import scratch_database
from bench.engines import THREADS, peak_mb
from bench.run import SEED, Bench, exponent
from vigia.domain.anomalies.baseline import profiles
from vigia.domain.anomalies.samples import DAYS, SLOTS_A_DAY
from vigia.domain.anomalies.strays import strays

if TYPE_CHECKING:
    import psycopg

LAST = date(2026, 3, 1)
HISTORY = 28
ROUNDS = 3
BATCH_SITES, BATCH_METRICS = 1000, 10
_QUERY = """
    SELECT site, metric, (isodow(local_date) - 1) * 24 + slot // 12 AS hour, count(*) AS n,
        avg(value) AS mean, var_samp(value) AS var, median(value) AS p50, mad(value) AS mad
    FROM long GROUP BY ALL ORDER BY ALL
"""


def baseline(size: int | None = None) -> Bench:
    """F03: baselines with median and MAD, all of them and one batch.

    Args:
        size: Samples of the largest of three sets.
    """
    a_pair = HISTORY * SLOTS_A_DAY
    most = max(5, (size or 4_000_000) // a_pair)
    pairs = [max(1, most // 5), max(2, most * 2 // 5), most]
    kept = [samples(count) for count in pairs]
    ours, theirs = ([], [])  # type: tuple[list[float], list[float]]
    for days in kept:
        long = as_rows(days)
        ours.append(min(timed(lambda d=days: full(d)) for _ in range(ROUNDS)))
        theirs.append(min(timed(lambda r=long: by_duckdb(r)) for _ in range(ROUNDS)))
    strayed = timed(lambda: strays(kept[-1], full(kept[-1]), _kinds(kept[-1]), LAST))
    in_memory, by_update = batch()
    batch_rows = BATCH_SITES * BATCH_METRICS
    rows = [count * a_pair for count in pairs]
    return Bench(
        "baseline",
        "duckdb; a Postgres UPDATE",
        theirs[-1] / ours[-1],
        exponent(rows, ours),
        peak_mb(),
        {
            "sizes": rows,
            "rows_per_s": [n / s for n, s in zip(rows, ours, strict=True)],
            "reference_rows_per_s": [n / s for n, s in zip(rows, theirs, strict=True)],
            "strays_rows_per_s": rows[-1] / max(strayed - ours[-1], 1e-9),
            "batch_rows": batch_rows,
            "batch_ms": in_memory * 1000,
            "update_ms": by_update * 1000,
            "incremental_ratio": by_update / in_memory,
            "day_ratio": SLOTS_A_DAY * by_update * pairs[-1] / batch_rows / ours[-1],
        },
    )


def samples(pairs: int) -> pl.DataFrame:
    """Samples as they are kept: counts with a rhythm, some of them unknown."""
    rng = np.random.default_rng(SEED)
    rhythm = 1.5 + np.sin(np.arange(SLOTS_A_DAY) / SLOTS_A_DAY * 2 * np.pi)
    values = rng.poisson(rhythm, (pairs * HISTORY, SLOTS_A_DAY)).astype(np.float64)
    values[rng.random(values.shape) < 0.02] = np.nan
    dates = [LAST - timedelta(days=back) for back in reversed(range(HISTORY))]
    return pl.DataFrame(
        {
            "site": np.arange(pairs).repeat(HISTORY) // 10,
            "metric": np.arange(pairs).repeat(HISTORY) % 10,
            "local_date": dates * pairs,
            "values": pl.Series(values, dtype=DAYS["values"]),
        },
        DAYS,
    )


def as_rows(days: pl.DataFrame) -> pl.DataFrame:
    """The same samples a row each, as a query wants them."""
    slots = pl.Series("slot", [list(range(SLOTS_A_DAY))] * days.height)
    long = days.with_columns(pl.col("values").arr.to_list(), slots).explode("values", "slot")
    return long.filter(pl.col("values").is_not_nan()).rename({"values": "value"})


def full(days: pl.DataFrame) -> pl.DataFrame:
    """All baselines by the product."""
    return profiles(days, LAST)


def by_duckdb(long: pl.DataFrame) -> pl.DataFrame:
    """The same figures by one query of DuckDB."""
    import duckdb

    with duckdb.connect(config={"threads": THREADS}) as connection:
        connection.register("long", long.to_arrow())
        return pl.DataFrame(pl.from_arrow(connection.sql(_QUERY).to_arrow_table()))


def batch() -> tuple[float, float]:
    """Seconds to take in the newest slot of many sites: in kept samples, and by an UPDATE."""
    rng = np.random.default_rng(SEED)
    fresh = rng.poisson(2.0, (BATCH_SITES, BATCH_METRICS)).astype(np.float64)
    kept = np.full((BATCH_SITES, BATCH_METRICS, SLOTS_A_DAY), np.nan)
    moments = np.zeros((3, BATCH_SITES, BATCH_METRICS))
    ours = min(timed(lambda: take_in(kept, moments, fresh)) for _ in range(9 * ROUNDS))
    with scratch_database() as database, database.connect() as connection:
        _fill(connection, fresh)
        return ours, min(timed(lambda: _update(connection)) for _ in range(ROUNDS))


def take_in(
    kept: npt.NDArray[np.float64], moments: npt.NDArray[np.float64], fresh: npt.NDArray[np.float64]
) -> None:
    """Put a slot among the samples of the day, and move count, mean and squares of its hour."""
    kept[:, :, 100] = fresh
    n, mean, squares = moments
    n += 1
    off = fresh - mean
    mean += off / n
    squares += off * (fresh - mean)


def timed(run: Any) -> float:
    """Seconds that something takes."""
    started = perf_counter()
    run()
    return perf_counter() - started


def _kinds(days: pl.DataFrame) -> pl.DataFrame:
    pairs = days.select("site", "metric").unique(maintain_order=True)
    return pairs.with_columns(kind=pl.lit("count"), floor=pl.lit(2.0))


def _fill(connection: psycopg.Connection, fresh: npt.NDArray[np.float64]) -> None:
    """Rows to move, and the batch beside them, with a key each."""
    connection.execute("CREATE TEMPORARY TABLE moments (site int, metric int, n double precision,"
                       " mean double precision, squares double precision, PRIMARY KEY (site, metric))")  # fmt: skip
    connection.execute(
        "CREATE TEMPORARY TABLE fresh (site int, metric int, value double precision)"
    )
    connection.execute(
        "INSERT INTO moments SELECT s, m, 1, 1, 1 FROM generate_series(0, %s) s, generate_series(0, %s) m",
        [BATCH_SITES - 1, BATCH_METRICS - 1],
    )
    with connection.cursor().copy("COPY fresh FROM STDIN") as copy:
        for (site, metric), value in np.ndenumerate(fresh):
            copy.write_row((site, metric, float(value)))
    connection.execute("ANALYZE moments")
    connection.execute("ANALYZE fresh")


def _update(connection: psycopg.Connection) -> None:
    connection.execute(
        "UPDATE moments m SET n = n + 1, mean = mean + (value - mean) / (n + 1),"
        " squares = squares + (value - mean) * (value - mean - (value - mean) / (n + 1))"
        " FROM fresh f WHERE f.site = m.site AND f.metric = m.metric"
    )
