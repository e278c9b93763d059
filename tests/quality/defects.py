"""Thirty ways in which a feed breaks, each a function from a good day to a broken one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _some(expression, name, every=20):
    """Change one row in `every`."""
    chosen = pl.int_range(pl.len()) % every == 0
    return pl.when(chosen).then(expression).otherwise(pl.col(name)).alias(name)


def _set(name, value, every=20):
    return lambda rows: rows.with_columns(
        _some(pl.lit(value, dtype=rows.schema[name]), name, every)
    )


def _all(name, expression):
    return lambda rows: rows.with_columns(expression.cast(rows.schema[name]).alias(name))


def _shift(name, by, every=20):
    return lambda rows: rows.with_columns(_some(pl.col(name) + by, name, every))


DEFECTS = {
    # The shape of the feed.
    "a column is gone": ("gps_fix", lambda rows: rows.drop("accuracy_m")),
    "most rows never came": ("gps_fix", lambda rows: rows.head(rows.height // 10)),
    "nothing came": ("device_heartbeat", lambda rows: rows.clear()),
    "every row came five times": (
        "device_heartbeat",
        lambda rows: pl.concat(
            [rows.with_columns(hb_id=pl.col("hb_id") + f"-{i}") for i in range(5)]
        ),
    ),
    "rows came twice under one id": ("gps_fix", lambda rows: pl.concat([rows, rows.head(9)])),
    "snapshots came twice": ("metric_5m", lambda rows: pl.concat([rows, rows.head(3)])),
    # What must be there is not.
    "a required reference is missing": ("gps_fix", _set("device_id", None)),
    "a required position is missing": ("gps_fix", _set("lat", None)),
    "an optional column went empty": ("device_heartbeat", _all("battery_pct", pl.lit(None))),
    "half of a column went empty": ("gps_fix", _set("person_id", None, every=2)),
    # Values outside what is legal.
    "latitude out of range": ("gps_fix", _set("lat", 140.2)),
    "battery above a hundred": ("device_heartbeat", _set("battery_pct", 255.0)),
    "an unknown state": ("device_heartbeat", _set("network", "LTE-A")),
    "states in another spelling": (
        "ticket",
        _all("priority", pl.col("priority").str.to_lowercase()),
    ),
    # Values that are legal and wrong.
    "null island": ("gps_fix", lambda rows: _set("lon", 0.0)(_set("lat", 0.0)(rows))),
    "latitude and longitude swapped": (
        "gps_fix",
        lambda rows: rows.with_columns(lat=pl.col("lon"), lon=pl.col("lat")),
    ),
    "a device that jumps across the world": ("gps_fix", _shift("lon", 90.0, every=15)),
    "a sensor that repeats itself": ("device_heartbeat", _all("battery_pct", pl.lit(71.0))),
    "positions cut to whole degrees": ("gps_fix", _all("lat", pl.col("lat").floor())),
    "metres that became feet": ("gps_fix", _all("accuracy_m", pl.col("accuracy_m") * 32.8)),
    "megabytes that became bytes": (
        "device_heartbeat",
        _all("free_storage_mb", pl.col("free_storage_mb") * 1024),
    ),
    "all devices became one": (
        "gps_fix",
        lambda rows: rows.with_columns(
            device_id=pl.lit("d0"), lat=pl.col("lat") + pl.int_range(pl.len()) % 3 * 20
        ),
    ),
    # Times.
    "a clock at the epoch": ("gps_fix", _set("fix_time", EPOCH)),
    "a clock hours ahead": ("device_heartbeat", _shift("event_time", timedelta(hours=5))),
    "resolved before it was opened": ("ticket", _shift("resolved_at", -timedelta(days=9))),
    # Texts.
    "text in the wrong encoding": ("ticket", _set("subject", "Puerta del almacÃ©n")),
    "text with lost characters": ("ticket", _set("subject", "Puerta del almac\ufffdn")),
    "stand-ins for nothing": ("ticket", _set("subject", "NULL")),
    # Aggregates.
    "a mean outside its extremes": ("metric_5m", _all("sum", pl.col("sum").cast(pl.Float64) * 3)),
    "slots off the grid": ("metric_5m", _shift("slot", timedelta(seconds=90))),
    "snapshots of nothing": ("metric_5m", _set("n", 0)),
    "squares too small for the sum": ("metric_5m", _all("sum_sq", pl.col("sum_sq") / 2)),
}
