"""Every figure carries units on its axes and survives a single row."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import altair as alt
import polars as pl
import pytest

from dashboards import charts
from dashboards.shapes import path_in_metres, stretches

AT = datetime(2016, 5, 2, 10, tzinfo=UTC)
SITES = pl.DataFrame(
    {
        "site_code": ["S1"],
        "site_name": ["One"],
        "lat": [40.0],
        "lon": [116.0],
        "state": ["at risk"],
        "open_tickets": [3],
        "breached": [0],
        "at_risk": [1],
        "events_7d": [12],
    }
)
HOURS = pl.DataFrame(
    {
        "hour": [0, 1],
        "today": [1.0, 2.0],
        "low": [0.0, 0.0],
        "normal": [1.0, 1.0],
        "high": [2.0, 3.0],
    }
)
SERIES = stretches(
    pl.DataFrame(
        {"slot": [AT], "n": [1], "sum": [2.0], "min": [2.0], "max": [2.0], "resolution": ["5m"]}
    ),
    is_count=False,
)
TRACK = path_in_metres(
    pl.DataFrame({"fix_time": [AT], "lat": [40.0], "lon": [116.0]}), ZoneInfo("UTC"), 10
)

FIGURES = {
    "site_map": (lambda: charts.site_map(SITES), ["longitude (°)", "latitude (°)"]),
    "site_wall": (lambda: charts.site_wall(SITES, 25), []),
    "today": (
        lambda: charts.today_against_normal(HOURS, "tickets (count/h)"),
        ["tickets (count/h)"],
    ),
    "gauge": (
        lambda: charts.metric_line(SERIES, "battery (%)", is_count=False),
        ["battery (%)", "UTC"],
    ),
    "count": (
        lambda: charts.metric_line(SERIES, "fixes (count)", is_count=True),
        ["fixes (count)"],
    ),
    "track": (lambda: charts.track(TRACK), ["metres east of the middle"]),
    "slots": (
        lambda: charts.slots(
            pl.DataFrame({"slot": [datetime(2016, 5, 2, 10)], "fixes": [5], "distance_m": [1.5]})  # noqa: DTZ001 - local wall clock
        ),
        ["positions in 5 min", "local time"],
    ),
    "ages": (
        lambda: charts.ages(
            pl.DataFrame({"age": ["1 · under 4 h"], "priority": ["P1"], "tickets": [2]})
        ),
        ["open tickets"],
    ),
    "arrivals": (
        lambda: charts.arrivals(
            pl.DataFrame({"week": [date(2016, 5, 2)], "opened": [3], "resolved": [1]})
        ),
        ["tickets a week"],
    ),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_of_one_row_is_a_valid_specification_with_its_axis_titles(name: str) -> None:
    make, titles = FIGURES[name]
    figure = make()
    text = figure.to_json()
    assert isinstance(figure, alt.Chart | alt.LayerChart)
    for title in titles:
        assert title in text.encode().decode("unicode_escape") or title in text
