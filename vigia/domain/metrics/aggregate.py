"""Merging aggregates: the one engine under snapshots and rollups.

An aggregate is (n, sum, sum of squares, min, max, last, input hash) of some values. Two of
them merge exactly, in any order, because values are whole millionths and hashes are added.
Where the cells (site x metric x window) are well filled they are one array each, indexed by
one packed integer; where they are sparse, or sums could outgrow 64 bits, a group-by on the
same key with 128-bit sums gives the same numbers. What a window is belongs to `snapshot` and
`rollup`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

MICRO = 1_000_000
LIMIT = 9.0e12
"""Greatest value that whole millionths hold in 64 bits; greater ones are not aggregated."""
AGGREGATES = pl.Schema(
    {
        "n": pl.Int64(),
        "sum": pl.Int128(),
        "sum_sq": pl.Float64(),
        "min": pl.Int64(),
        "max": pl.Int64(),
        "last": pl.Int64(),
        "input_hash": pl.Int64(),
    }
)
_DENSE_CELLS = 8_000_000
_CELLS_PER_ROW = 8
_INT64 = np.iinfo(np.int64)
_Array = npt.NDArray[Any]


def quantised(value: pl.Expr) -> pl.Expr:
    """Values as whole millionths, halves to even.

    >>> pl.select(quantised(pl.lit(0.1 + 0.2))).item()
    300000
    """
    return (value * MICRO).round(mode="half_to_even").cast(pl.Int64)


def squared(micro: _Array) -> _Array:
    """Squares of values given in millionths, as whole millionths in a float."""
    value = micro.astype(np.float64)
    return np.rint(value * value / MICRO)


def row_hash(at_us: _Array, micro: _Array) -> _Array:
    """A 64-bit hash of each (instant, value); sums of it do not depend on order."""
    with np.errstate(over="ignore"):
        x = at_us.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        x ^= micro.astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
        x ^= x >> np.uint64(29)
        x *= np.uint64(0xBF58476D1CE4E5B9)
        x ^= x >> np.uint64(32)
    return x.view(np.int64)


def merge(parts: pl.DataFrame, *, cells: int) -> pl.DataFrame:
    """Merge aggregates that share a key.

    Args:
        parts: `key` (whole numbers from 0 to below `cells`), `at` (when, so that the newest
            value is known; of several at one instant the greatest counts), and the columns of
            `AGGREGATES`, with `sum_sq` as whole millionths in a float. `n` may be missing: then
            each row is one value, `sum`, which is also its `min`, `max` and `last`.
        cells: How many keys there could be.

    Returns:
        One row per key that occurs, ordered by key: `key` and `AGGREGATES`, `sum_sq` in units.
    """
    if parts.is_empty():
        return pl.DataFrame(schema={"key": pl.Int64(), **AGGREGATES})
    dense = cells <= min(_DENSE_CELLS, max(_CELLS_PER_ROW * parts.height, 65_536))
    merged = _cube(parts, cells) if dense else None
    return _grouped(parts) if merged is None else merged


def _cube(parts: pl.DataFrame, cells: int) -> pl.DataFrame | None:
    """`merge` by arrays of cells; None when a sum might not fit into 64 bits."""
    if parts.schema["sum"] != pl.Int64:
        return None
    column = {name: parts[name].to_numpy() for name in parts.columns}
    key, total = column["key"], column["sum"]
    rows = np.bincount(key, minlength=cells)
    largest = max(_largest(total), _largest(column["sum_sq"]))
    if largest * int(rows.max()) >= _INT64.max:
        return None
    here = np.flatnonzero(rows)
    n = _added(key, column["n"], cells) if "n" in column else rows
    newest = np.full(cells, _INT64.min)
    np.maximum.at(newest, key, column["at"])
    is_newest = newest[key] == column["at"]
    last = column.get("last", total)
    out = {
        "key": here,
        "n": n[here],
        "sum": _added(key, total, cells)[here],
        "sum_sq": _added(key, column["sum_sq"].astype(np.int64), cells)[here] / MICRO,
        "min": _extreme(np.minimum, key, column.get("min", total), cells)[here],
        "max": _extreme(np.maximum, key, column.get("max", total), cells)[here],
        "last": _extreme(np.maximum, key[is_newest], last[is_newest], cells)[here],
        "input_hash": _added(key, column["input_hash"], cells)[here],
    }
    return pl.DataFrame(out).cast({"sum": pl.Int128()})


def _grouped(parts: pl.DataFrame) -> pl.DataFrame:
    """`merge` by a group-by on the key, with sums of 128 bits."""
    if "n" not in parts.columns:
        value = pl.col("sum")
        parts = parts.with_columns(n=pl.lit(1, pl.Int64), min=value, max=value, last=value)
    # Instant and value in one number, whose greatest holds the newest value.
    stamp = pl.col("at").cast(pl.Int128) * 2**64 + (pl.col("last").cast(pl.Int128) + 2**63)
    merged = (
        parts.lazy()
        .with_columns(pl.col("sum", "sum_sq").cast(pl.Int128), stamp=stamp)
        .group_by("key")
        .agg(
            pl.col("n", "sum", "sum_sq").sum(),
            pl.col("min").min(),
            pl.col("max").max(),
            pl.col("stamp").max().alias("last"),
            pl.col("input_hash").sum(),
        )
        .with_columns(
            pl.col("sum_sq").cast(pl.Float64),
            (pl.col("last") % 2**64 - 2**63).cast(pl.Int64),
        )
        .sort("key")
        .collect(engine="streaming")
    )
    # Divided here: Polars multiplies by the reciprocal, which is not the nearest number.
    return merged.with_columns(sum_sq=merged["sum_sq"].to_numpy() / MICRO)


def _added(key: _Array, values: _Array, cells: int) -> _Array:
    out = np.zeros(cells, np.int64)
    with np.errstate(over="ignore"):  # hashes wrap round
        np.add.at(out, key, values)
    return out


def _extreme(ufunc: np.ufunc, key: _Array, values: _Array, cells: int) -> _Array:
    out = np.full(cells, _INT64.max if ufunc is np.minimum else _INT64.min)
    ufunc.at(out, key, values)
    return out


def _largest(values: _Array) -> float:
    return max(float(values.max()), -float(values.min()))
