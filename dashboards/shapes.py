"""Frames reshaped for figures: paths in metres, stretches between gaps. No Streamlit, no reads."""

from __future__ import annotations

from math import cos, radians
from zoneinfo import ZoneInfo

import polars as pl

_METRES_PER_DEGREE = 111_195.0
_GAP_S = 3600
_STEP_S = {"5m": 300, "1h": 3600, "1d": 86400}


def path_in_metres(fixes: pl.DataFrame, zone: ZoneInfo, points: int) -> pl.DataFrame:
    """A day's positions on a local plane.

    Args:
        fixes: `fix_time`, `lat`, `lon`, oldest first; not empty.
        zone: Wall clock for the hours.
        points: Most positions to keep; every nth stays.

    Returns:
        `east_m`, `north_m` from the middle of the day's extent, `leg` (stretches without a wait
        of over an hour), `hour` (local, with its fraction), `at` (text), `order`, `lat`, `lon`.
    """
    mid_lat = (_number(fixes["lat"].min()) + _number(fixes["lat"].max())) / 2
    mid_lon = (_number(fixes["lon"].min()) + _number(fixes["lon"].max())) / 2
    local = pl.col("fix_time").dt.convert_time_zone(zone.key)
    wait_s = pl.col("fix_time").diff().dt.total_seconds()
    shaped = fixes.select(
        "lat",
        "lon",
        east_m=(pl.col("lon") - mid_lon) * _METRES_PER_DEGREE * cos(radians(mid_lat)),
        north_m=(pl.col("lat") - mid_lat) * _METRES_PER_DEGREE,
        leg=(wait_s > _GAP_S).fill_null(value=False).cum_sum(),
        hour=local.dt.hour() + local.dt.minute() / 60,
        at=local.dt.strftime("%H:%M:%S"),
        order=pl.int_range(pl.len()),
    )
    return shaped.gather_every(-(-shaped.height // points))


def stretches(series: pl.DataFrame, *, is_count: bool) -> pl.DataFrame:
    """A series with the number to show and the consecutive stretch each value belongs to.

    Args:
        series: `slot`, `n`, `sum`, `min`, `max`, `resolution`, oldest first.
        is_count: Counts show their sum, everything else its mean.
    """
    step_s = pl.col("resolution").replace_strict(_STEP_S, default=86400)
    wait_s = pl.col("slot").diff().dt.total_seconds()
    value = pl.col("sum") if is_count else pl.col("sum") / pl.col("n")
    return series.with_columns(
        pl.col("sum", "min", "max").cast(pl.Float64),
    ).with_columns(
        value=value,
        run=(wait_s > 1.5 * step_s).fill_null(value=False).cum_sum(),
    )


def _number(value: object) -> float:
    return float(value)  # type: ignore[arg-type]
