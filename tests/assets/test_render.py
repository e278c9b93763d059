"""Pictures and tables for a run's page."""

from __future__ import annotations

from assets import render


def test_a_sparkline_rises_with_its_values_and_stays_short():
    assert render.sparkline([0, 1, 2, 4]) == "▁▃▅█"
    assert render.sparkline([]) == ""
    assert len(render.sparkline(range(1000))) <= render.MAX_POINTS


def test_a_table_keeps_pipes_and_lines_in_their_cells():
    text = render.table([{"rule": "a|b", "of": 12345, "example": "x\ny"}]).value
    assert text == "| rule | of | example |\n|---|---|---|\n| a\\|b | 12,345 | x y |"


def test_an_empty_table_says_so():
    assert render.table([]).value == "*nothing*"
    assert render.series({}).value == "*nothing*"
