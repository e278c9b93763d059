"""Which days run together, decided from values."""

from __future__ import annotations

from datetime import date

import pytest

from orchestration.partitions import DayRange, history_ranges, live_range
from vigia.store.arrivals import DirtyDay

TODAY = date(2024, 3, 10)


def _dirty(*days):
    return [DirtyDay(date.fromisoformat(day), 100 + i, 12) for i, day in enumerate(days)]


def test_the_live_range_is_today_and_the_days_that_events_may_still_arrive_for():
    assert live_range(TODAY) == DayRange(date(2024, 3, 7), TODAY)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        pytest.param([], [], id="nothing arrived"),
        pytest.param(["2024-03-07", "2024-03-10"], [], id="the live cadence looks after these"),
        pytest.param(["2024-03-11"], [], id="a day that has not come waits for its cadence"),
        pytest.param(
            ["2016-02-29", "2016-03-01"], [("2016-02-29", "2016-03-01", 101)], id="days in a row"
        ),
        pytest.param(
            ["2016-02-29", "2016-03-07"], [("2016-02-29", "2016-03-07", 101)], id="a quiet week"
        ),
        pytest.param(
            ["2008-10-23", "2016-02-29"],
            [("2008-10-23", "2008-10-23", 100), ("2016-02-29", "2016-02-29", 101)],
            id="two histories",
        ),
        pytest.param(
            ["2024-03-06", "2024-03-07"], [("2024-03-06", "2024-03-06", 100)], id="the edge"
        ),
        pytest.param(
            ["2016-03-01", "2016-02-29"], [("2016-02-29", "2016-03-01", 101)], id="any order"
        ),
    ],
)
def test_days_that_changed_become_few_ranges(days, expected):
    ranges = history_ranges(_dirty(*days), today=TODAY)
    assert [(str(r.first), str(r.last), r.generation) for r in ranges] == expected


def test_the_same_days_with_new_marks_are_another_run():
    before = DayRange(date(2016, 2, 29), date(2016, 3, 1), 7)
    after = DayRange(date(2016, 2, 29), date(2016, 3, 1), 8)
    assert before.run_key != after.run_key
    assert before.tags == after.tags
