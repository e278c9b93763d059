"""The resolution router: which tier answers which part of a window.

Reading the tiers belongs to `vigia.store.metrics`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from vigia.domain.windows import (
    DAY,
    HOUR,
    SLOT,
    day_start,
    floor_to,
    hour_start_of,
    local_date_of,
)


class Resolution(StrEnum):
    """A tier of metrics."""

    FIVE_MINUTES = "5m"
    HOUR = "1h"
    DAY = "1d"

    @property
    def table(self) -> str:
        """Name of its table."""
        return f"metric_{self.value}"

    @property
    def step(self) -> timedelta:
        """Length of a row's window; of days, the usual one."""
        return _STEPS[self]


_STEPS = {Resolution.FIVE_MINUTES: SLOT, Resolution.HOUR: HOUR, Resolution.DAY: DAY}
FIVE_MINUTES_FOR = timedelta(days=7)
HOURS_FOR = timedelta(days=90)
DAYS_FOR = timedelta(days=731)
_KEPT_FOR = {
    Resolution.FIVE_MINUTES: FIVE_MINUTES_FOR,
    Resolution.HOUR: HOURS_FOR,
    Resolution.DAY: DAYS_FOR,
}


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a window and the tier that answers it.

    Rows whose window starts in [`from_`, `to`) belong to it.
    """

    resolution: Resolution
    from_: datetime
    to: datetime

    def finer(self) -> Segment | None:
        """The same part from the next finer tier; None from the finest."""
        tiers = list(Resolution)
        place = tiers.index(self.resolution)
        return replace(self, resolution=tiers[place - 1]) if place else None


def kept_since(resolution: Resolution, now: datetime, zone: str) -> datetime:
    """From when on a tier is kept: the start of the local day in which its time runs out."""
    return day_start(local_date_of(now - _KEPT_FOR[resolution], zone), zone)


def route(from_: datetime, to: datetime, now: datetime, zone: str) -> list[Segment]:
    """Cut a window into segments, oldest first: days, then hours, then 5 minutes.

    Seams lie on starts of local days, so that no row reaches over one and none is missing.

    Args:
        from_: Start of the window; the row that holds it is included whole.
        to: End of the window, exclusive.
        now: The tenant's now; see `domain.md`, time.
        zone: IANA zone of the site.
    """
    hours_from = first_whole_day(now - HOURS_FOR, zone)
    slots_from = first_whole_day(now - FIVE_MINUTES_FOR, zone)
    pieces = (
        (Resolution.DAY, from_, hours_from),
        (Resolution.HOUR, hours_from, slots_from),
        (Resolution.FIVE_MINUTES, slots_from, to),
    )
    segments = []
    for resolution, start, end in pieces:
        first, last = max(start, from_), min(end, to)
        if first < last:
            # Seams are starts of rows already.
            row_start = _row_start(first, resolution, zone) if first == from_ else first
            segments.append(Segment(resolution, row_start, last))
    return segments


def first_whole_day(instant: datetime, zone: str) -> datetime:
    """Start of the first local day that begins after an instant."""
    return day_start(local_date_of(instant, zone) + DAY, zone)


def _row_start(instant: datetime, resolution: Resolution, zone: str) -> datetime:
    if resolution is Resolution.DAY:
        return day_start(local_date_of(instant, zone), zone)
    if resolution is Resolution.HOUR:
        return hour_start_of(instant, zone)
    return floor_to(instant, SLOT)
