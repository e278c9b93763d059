"""Frames reach the figures in metres, in stretches, on the wall clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from dashboards.shapes import path_in_metres, stretches

START = datetime(2008, 10, 23, 6, tzinfo=UTC)
BEIJING = ZoneInfo("Asia/Shanghai")


def fixes(*points: tuple[int, float, float]) -> pl.DataFrame:
    """Positions at minutes after the start."""
    return pl.DataFrame(
        {
            "fix_time": [START + timedelta(minutes=m) for m, _, _ in points],
            "lat": [lat for _, lat, _ in points],
            "lon": [lon for _, _, lon in points],
        }
    )


def test_a_hundredth_of_a_degree_north_is_eleven_hundred_metres() -> None:
    path = path_in_metres(fixes((0, 39.99, 116.3), (1, 40.0, 116.3)), BEIJING, 100)
    assert path["north_m"][1] - path["north_m"][0] == pytest.approx(1112, abs=1)


def test_east_shrinks_with_the_latitude() -> None:
    path = path_in_metres(fixes((0, 60.0, 10.0), (1, 60.0, 10.01)), BEIJING, 100)
    assert path["east_m"][1] - path["east_m"][0] == pytest.approx(556, abs=1)


def test_a_wait_of_over_an_hour_breaks_the_line() -> None:
    path = path_in_metres(fixes((0, 40, 116), (60, 40, 116), (121, 40, 116)), BEIJING, 100)
    assert path["leg"].to_list() == [0, 0, 1]


def test_hours_are_those_of_the_wall() -> None:
    path = path_in_metres(fixes((30, 40, 116)), BEIJING, 100)
    assert path["hour"].to_list() == [14.5]
    assert path["at"].to_list() == ["14:30:00"]


def test_a_long_day_is_thinned_to_what_a_screen_can_show() -> None:
    many = fixes(*((m, 40.0, 116.0) for m in range(1000)))
    assert path_in_metres(many, BEIJING, 100).height == 100


def series(*minutes: int, resolution: str = "5m") -> pl.DataFrame:
    """A count of 3 with mean 1.5 at minutes after the start."""
    return pl.DataFrame(
        {
            "slot": [START + timedelta(minutes=m) for m in minutes],
            "n": [2] * len(minutes),
            "sum": [3.0] * len(minutes),
            "min": [1.0] * len(minutes),
            "max": [2.0] * len(minutes),
            "resolution": [resolution] * len(minutes),
        }
    )


def test_counts_show_sums_and_gauges_show_means() -> None:
    assert stretches(series(0), is_count=True)["value"].to_list() == [3.0]
    assert stretches(series(0), is_count=False)["value"].to_list() == [1.5]


def test_a_missing_slot_is_a_gap_and_not_a_line() -> None:
    assert stretches(series(0, 5, 15), is_count=False)["run"].to_list() == [0, 0, 1]


def test_days_that_follow_each_other_are_one_stretch() -> None:
    daily = series(0, 1440, 2880, resolution="1d")
    assert stretches(daily, is_count=False)["run"].to_list() == [0, 0, 0]
