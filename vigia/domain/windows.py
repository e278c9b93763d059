"""Windows of time: 5-minute slots, UTC hours, hours of the week and local days of a site.

Everything that turns an instant into a bucket, once for single instants and once for columns.
Business calendars belong to `vigia.domain.calendar`; what is counted in a bucket belongs to
`vigia.domain.metrics`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl

SLOT = timedelta(minutes=5)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SLOT_US = 300_000_000
HOUR_US = 12 * SLOT_US
INSTANT = pl.Datetime("us", "UTC")
_US = pl.Duration("us")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def floor_to(instant: datetime, step: timedelta) -> datetime:
    """The start of the step-long window of the UTC grid that holds the instant.

    >>> floor_to(datetime(2026, 3, 1, 10, 7, 30, tzinfo=UTC), SLOT).isoformat()
    '2026-03-01T10:05:00+00:00'
    """
    return _EPOCH + (instant.astimezone(UTC) - _EPOCH) // step * step


def slot_start(instant: pl.Expr) -> pl.Expr:
    """The 5-minute slot of each UTC instant of a column."""
    return instant.dt.truncate("5m")


def hour_start(instant: pl.Expr, zone: str = "UTC") -> pl.Expr:
    """The start of the hour of the site's wall clock that holds each UTC instant of a column.

    In zones half an hour off, hours of UTC would lie across local days and hours of the week.
    Where a change of less than an hour cuts an hour in two, the second part starts at the cut.
    """
    start = instant - (_offset_us(instant, zone) + instant.to_physical()).mod(HOUR_US).cast(_US)
    cut = _offset_us(start, zone) != _offset_us(instant, zone)
    return pl.when(cut).then(instant.dt.truncate("30m")).otherwise(start)


def hour_start_of(instant: datetime, zone: str) -> datetime:
    """`hour_start` of one instant."""
    start: datetime = pl.select(hour_start(pl.lit(instant, INSTANT), zone)).item()
    return start


def hour_end(start: pl.Expr, zone: str = "UTC") -> pl.Expr:
    """The end of each hour, given its start; see `hour_start`."""
    whole = hour_start(start + HOUR - SLOT, zone) == start
    return start + pl.when(whole).then(HOUR_US).otherwise(HOUR_US // 2).cast(_US)


def _offset_us(instant: pl.Expr, zone: str) -> pl.Expr:
    local = instant.dt.convert_time_zone(zone)
    return (local.dt.base_utc_offset() + local.dt.dst_offset()).dt.total_microseconds()


def local_date_of(instant: datetime, zone: str) -> date:
    """The site's local day at an instant."""
    return instant.astimezone(ZoneInfo(zone)).date()


def local_date(instant: pl.Expr, zone: str) -> pl.Expr:
    """The local day of each UTC instant of a column, in one IANA zone."""
    return instant.dt.convert_time_zone(zone).dt.date()


def hour_of_week_of(instant: datetime, zone: str) -> int:
    """Hours of the site's wall clock since Monday 00:00, from 0 to 167.

    In the autumn fold two hours share a number; in the spring gap one number has none.

    >>> hour_of_week_of(datetime(2026, 3, 2, 8, 59, tzinfo=UTC), "Europe/Berlin")
    9
    """
    local = instant.astimezone(ZoneInfo(zone))
    return local.weekday() * 24 + local.hour


def hour_of_week(instant: pl.Expr, zone: str) -> pl.Expr:
    """The hour of the week of each UTC instant of a column, in one IANA zone."""
    local = instant.dt.convert_time_zone(zone)
    return (local.dt.weekday().cast(pl.Int16) - 1) * 24 + local.dt.hour()


def day_start(day: date, zone: str) -> datetime:
    """The first instant of a local day, as a UTC instant.

    It is not always midnight: some zones skip it in spring, and one zone once skipped a whole
    day, whose start is then also its end.
    """
    midnight = datetime.combine(day, time(), ZoneInfo(zone))
    instant = midnight.astimezone(UTC)
    if instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == datetime.combine(day, time()):
        return instant
    return _first_instant(day, zone, instant)


def day_starts(days: pl.Series, zone: str) -> pl.Series:
    """`day_start` of each local day of a column."""
    midnights = days.cast(pl.Datetime("us")).dt.replace_time_zone(
        zone, ambiguous="earliest", non_existent="null"
    )
    starts = midnights.dt.convert_time_zone("UTC")
    skipped = starts.is_null() & days.is_not_null()
    if not skipped.any():
        return starts
    return starts.scatter(
        skipped.arg_true(), [day_start(day, zone) for day in days.filter(skipped)]
    )


def day_bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    """First instant of a local day and of the next: 23, 24 or 25 hours apart, or odd ones.

    >>> start, end = day_bounds(date(2026, 3, 29), "Europe/Berlin")
    >>> (end - start) / HOUR
    23.0
    """
    return day_start(day, zone), day_start(day + DAY, zone)


def _first_instant(day: date, zone: str, near: datetime) -> datetime:
    """The first second whose local date is not before `day`, found by halving two days."""
    before, after = near - DAY - HOUR, near + DAY + HOUR
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        if local_date_of(middle, zone) < day:
            before = middle
        else:
            after = middle
    return after
