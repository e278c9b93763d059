"""When a site is closed, by the calendar it was given and by its wall clock.

Belongs here: opening hours and days off as a grid of sites by slots. Rosters and stand-downs are
not known here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from vigia.evaluate.slots import SLOT_US, Span
from vigia.evaluate.stream import Reference
from vigia.simulator.draws import Bools

_DAY_MIN = 24 * 60
_SHUT_KINDS = ("public", "client", "closed")
"""Kinds of days off; on half days a site is taken to be open."""


def closed(reference: Reference, sites: pl.Series, span: Span) -> Bools:
    """Whether each site is closed at the end of each slot.

    Args:
        reference: Sites, calendars and holidays.
        sites: Codes of the sites; the rows of the answer.
        span: The slots; the columns of the answer.
    """
    calendars = {row["calendar_id"]: row for row in reference.rows["calendar"]}
    of_site = {row["code"]: row for row in reference.rows["site"]}
    found = np.zeros((len(sites), span.count), dtype=bool)
    known: dict[str, Bools] = {}
    for number, code in enumerate(sites):
        name = str(of_site[code].get("calendar_id"))
        if name not in calendars:
            continue
        if name not in known:
            days = _days_off(reference, name)
            known[name] = _shut(calendars[name], days, span, of_site[code]["tz"])
        found[number] = known[name]
    return found


def _days_off(reference: Reference, calendar: str) -> set[str]:
    return {
        row["holiday_on"]
        for row in reference.rows["holiday"]
        if row["calendar_id"] == calendar and row["kind"] in _SHUT_KINDS
    }


def _shut(calendar: dict[str, Any], days_off: set[str], span: Span, zone: str) -> Bools:
    open_minutes = _open_minutes(calendar["hours"])
    local = [_local(span, slot, ZoneInfo(calendar.get("tz") or zone)) for slot in range(span.count)]
    shut = [
        not open_minutes[at.weekday(), at.hour * 60 + at.minute] or f"{at:%F}" in days_off
        for at in local
    ]
    return np.array(shut, dtype=bool)


def _local(span: Span, slot: int, zone: ZoneInfo) -> datetime:
    instant = datetime.fromtimestamp(0, UTC) + timedelta(
        microseconds=span.start_us + (slot + 1) * SLOT_US - 1
    )
    return instant.astimezone(zone)


def _open_minutes(hours: dict[str, list[list[str]]]) -> Bools:
    """Every minute of a week, by weekday from Monday on; `hours` may end at 24:00."""
    minutes = np.zeros((7, _DAY_MIN), dtype=bool)
    for weekday, spans in hours.items():
        if weekday.isdigit():
            for start, end in spans:
                minutes[int(weekday), _minute(start) : _minute(end) or _DAY_MIN] = True
    return minutes


def _minute(text: str) -> int:
    hour, minute = text.split(":")[:2]
    return int(hour) * 60 + int(minute)
