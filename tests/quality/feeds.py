"""Small feeds that look like the real ones: a week that is usual and a day to judge."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from vigia.domain.dictionary import table
from vigia.quality.usual import profile
from vigia.store.frames import polars_schema

MONDAY = datetime(2024, 3, 4, tzinfo=UTC)
USUAL_DAYS = 7


def _frame(name, rows):
    """Rows of a table with every column of the dictionary; what is not given is null."""
    columns = table(name).all_columns
    given = {c.name: rows.get(c.name) for c in columns}
    height = len(next(v for v in given.values() if v is not None))
    full = {n: v if v is not None else [None] * height for n, v in given.items()}
    return pl.DataFrame(full, schema=polars_schema(columns), strict=False)


def positions(first=MONDAY, days=1, seed=1):
    """Three guards who walk about their sites, one position in five minutes."""
    rng = np.random.default_rng(seed)
    times = [first + timedelta(minutes=5 * i) for i in range(288 * days)]
    count = len(times) * 3
    at = times * 3
    return _frame(
        "gps_fix",
        {
            "tenant_id": ["t"] * count,
            "fix_id": [f"f{first:%m%d}-{i}" for i in range(count)],
            "site_id": [f"s{i // len(times)}" for i in range(count)],
            "device_id": [f"d{i // len(times)}" for i in range(count)],
            "person_id": [f"p{i // len(times)}" for i in range(count)],
            "seq": list(range(count)),
            "fix_time": at,
            "lat": 40.0 + rng.normal(0, 0.001, count),
            "lon": -3.7 + rng.normal(0, 0.001, count),
            "speed_mps": rng.gamma(2, 0.6, count),
            "accuracy_m": rng.gamma(4, 2, count),
            "provider": ["gps"] * count,
            "valid": [True] * count,
            "received_at": [t + timedelta(seconds=20) for t in at],
        },
    )


def heartbeats(first=MONDAY, days=1, seed=2):
    """Two phones that report every five minutes."""
    rng = np.random.default_rng(seed)
    times = [first + timedelta(minutes=5 * i) for i in range(288 * days)] * 2
    count = len(times)
    return _frame(
        "device_heartbeat",
        {
            "tenant_id": ["t"] * count,
            "hb_id": [f"h{first:%m%d}-{i}" for i in range(count)],
            "device_id": [f"d{i * 2 // count}" for i in range(count)],
            "event_time": times,
            "battery_pct": rng.uniform(20, 100, count),
            "network": ["4g"] * count,
            "rssi_dbm": rng.integers(-110, -60, count),
            "app_state": ["foreground"] * count,
            "free_storage_mb": rng.integers(8_000, 9_000, count),
            "received_at": [t + timedelta(seconds=5) for t in times],
        },
    )


def messages(first=MONDAY, days=1, seed=3):
    """The words of a help desk, forty a day."""
    rng = np.random.default_rng(seed)
    times = [first + timedelta(minutes=36 * i) for i in range(40 * days)]
    count = len(times)
    return _frame(
        "ticket",
        {
            "tenant_id": ["t"] * count,
            "ticket_id": [f"t{first:%m%d}-{i}" for i in range(count)],
            "number": [f"INC{first:%m%d}{i:05}" for i in range(count)],
            "channel": ["phone"] * count,
            "priority": [f"P{n}" for n in rng.integers(1, 5, count)],
            "subject": [f"Door {n} does not close" for n in rng.integers(1, 500, count)],
            "opened_at": times,
            "resolved_at": [
                t + timedelta(hours=int(h))
                for t, h in zip(times, rng.integers(1, 90, count), strict=True)
            ],
            "state_time": times,
            "created_at": times,
            "updated_at": times,
            "row_version": [1] * count,
        },
    )


def snapshots(first=MONDAY, days=1, seed=4):
    """Five-minute rows of one gauge at two sites."""
    rng = np.random.default_rng(seed)
    slots = [first + timedelta(minutes=5 * i) for i in range(288 * days)] * 2
    count = len(slots)
    values = np.round(rng.normal(50, 10, (count, 3)), 3)
    return _frame(
        "metric_5m",
        {
            "tenant_id": ["t"] * count,
            "site_id": [f"s{i * 2 // count}" for i in range(count)],
            "metric": ["temperature"] * count,
            "slot": slots,
            "n": [3] * count,
            "sum": values.sum(axis=1).round(6).tolist(),
            "sum_sq": (values**2).sum(axis=1),
            "min": values.min(axis=1).tolist(),
            "max": values.max(axis=1).tolist(),
            "last": values[:, 2].tolist(),
            "input_hash": rng.integers(0, 2**60, count),
        },
    )


def hours(first=MONDAY, seed=5):
    """The hours of `snapshots`, with what the finer rows add up to beside them."""
    fine = snapshots(first, seed=seed)
    sums = [pl.col("n").sum(), pl.col("sum").sum(), pl.col("sum_sq").sum()]
    ends = [pl.col("min").min(), pl.col("max").max(), pl.col("last", "input_hash").last()]
    rows = fine.group_by("tenant_id", "site_id", "metric", pl.col("slot").dt.truncate("1h"))
    coarse = rows.agg(*sums, *ends).sort("site_id", "slot")
    finer = [pl.col(name).alias(f"finer__{name}") for name in ("n", "sum", "min", "max")]
    return coarse.with_columns(finer)


FEEDS = {
    "gps_fix": positions,
    "device_heartbeat": heartbeats,
    "ticket": messages,
    "metric_5m": snapshots,
}


def usual(name):
    """What a week of the feed looks like, as the suites learn it."""
    week = FEEDS[name](MONDAY - timedelta(days=USUAL_DAYS), USUAL_DAYS, seed=9)
    return profile(table(name), week, day_count=USUAL_DAYS, total=week.height)
