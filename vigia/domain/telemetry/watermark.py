"""The completeness watermark: until when a device is known to have sent everything.

Silence is ambiguous: nothing happened, or nothing has arrived yet. Devices number their events,
so a gap shows; and their heartbeats say how much is still waiting on the device.
"""

from __future__ import annotations

import polars as pl

NO_BOOT = bytes(16)
"""Stands for the start of devices that do not tell their starts apart."""

SEEN = pl.Schema(
    {
        "device_id": pl.Binary(),
        "boot_id": pl.Binary(),
        "first_seq": pl.Int64(),
        "last_seq": pl.Int64(),
        "seen_count": pl.Int64(),
        "last_event_at": pl.Datetime("us", "UTC"),
        "heartbeat_at": pl.Datetime("us", "UTC"),
        "queue_depth": pl.Int32(),
        "drained_at": pl.Datetime("us", "UTC"),
    }
)
"""One row per device and start of it: what a set of its events says.

`heartbeat_at` is the newest heartbeat and `queue_depth` what it said; `drained_at` the newest
heartbeat that had nothing left to send. Everything is a maximum, a minimum or a count, so the
order of arrival does not matter.
"""


def seen(events: pl.DataFrame) -> pl.DataFrame:
    """Summarise the events of devices as `SEEN`, sorted by device and start.

    Args:
        events: One row per event that was not known before: `device_id`, `event_time`, and
            where the table has them `boot_id`, `seq`, `queue_depth`.
    """
    missing = [
        pl.lit(None, dtype=kind).alias(name)
        for name, kind in (("boot_id", pl.Binary), ("seq", pl.Int64), ("queue_depth", pl.Int32))
        if name not in events.columns
    ]
    beat = pl.col("queue_depth").is_not_null()
    drained = pl.col("queue_depth") == 0
    at = pl.col("event_time")
    return (
        events.with_columns(missing)
        .filter(pl.col("device_id").is_not_null() & (pl.col("seq").is_not_null() | beat))
        .with_columns(pl.col("boot_id").fill_null(NO_BOOT))
        .group_by("device_id", "boot_id")
        .agg(
            pl.col("seq").min().alias("first_seq"),
            pl.col("seq").max().alias("last_seq"),
            pl.col("seq").drop_nulls().n_unique().cast(pl.Int64).alias("seen_count"),
            at.max().alias("last_event_at"),
            at.filter(beat).max().alias("heartbeat_at"),
            pl.col("queue_depth").filter(beat).sort_by(at.filter(beat)).last(),
            at.filter(drained).max().alias("drained_at"),
        )
        .select(SEEN.names())
        .sort("device_id", "boot_id")
    )
