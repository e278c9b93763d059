"""When sites are open, held against the calendar that reckons day by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import orjson
import pytest

from tests.domain.findings.patterns.made import Made
from vigia.domain.calendar import Calendar, CountedTime, DayKind, read_hours
from vigia.domain.watch.moments import Moments, micros

HOURS = {"0": [["08:00", "12:00"], ["13:00", "17:00"]], "5": [["22:00", "24:00"]],
         "6": [["00:00", "04:00"]]}  # fmt: skip
OFF = {date(2026, 3, 23): DayKind.HALF_DAY, date(2026, 3, 30): DayKind.CLIENT}


def made(tz: str) -> Made:
    it = Made().site(calendar_id="hours", tz=tz)
    it.add("calendar", calendar_id="hours", tz=tz, hours=orjson.dumps(HOURS).decode())
    for day, kind in OFF.items():
        it.add(
            "holiday",
            holiday_id=str(day),
            calendar_id="hours",
            holiday_on=day,
            kind=kind.value,
        )
    return it


@pytest.mark.parametrize("tz", ["UTC", "Asia/Kolkata", "Europe/Madrid", "America/Chicago"])
@pytest.mark.parametrize(
    "start", [datetime(2026, 3, 6, tzinfo=UTC), datetime(2026, 3, 21, tzinfo=UTC)]
)
def test_it_says_of_every_instant_what_the_calendar_says_change_of_clocks_included(tz, start):
    """Weeks in which America, and Europe, put their clocks forward in the open hours of a night."""
    moments = Moments.every(timedelta(minutes=17), start, start + timedelta(days=11))
    opening = made(tz).known(moments).opening
    nobody = np.zeros(len(moments), np.int64)
    calendar = Calendar(tz, read_hours(HOURS), OFF)
    laid_out = CountedTime.over(calendar, start, start + timedelta(days=12))
    open_ = laid_out.counted[laid_out.tile_of(moments.at_us)]
    assert opening.closed_at(nobody, moments.at_us).tolist() == (~open_).tolist()


def test_what_is_usual_knows_no_holidays():
    noon = datetime(2026, 3, 30, 14, tzinfo=UTC)
    opening = made("UTC").known(Moments.of(noon)).opening
    at = np.array([micros(noon)])
    assert opening.closed_at(np.array([0]), at).all()
    assert not opening.closed_at(np.array([0]), at, days_off=False).any()
    assert not opening.closed_at(np.array([-1]), at).any()
