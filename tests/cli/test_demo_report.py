"""What `vigia demo` prints when it is done."""

from __future__ import annotations

from rich.console import Console

from vigia.cli.demo import _remarks, _steps
from vigia.services.demo import DemoReport

REPORT = DemoReport(
    seconds={
        "database": 1.0,
        "history 2016-02 to 2017-02": 8.0,
        "history 2016-02 to 2017-02: metrics": 5.0,
        "hourly": 2.0,
        "hourly: metrics": 1.5,
    },
    peak_mb=2048.0,
    broken={
        "marts/fct_tour_run:tests": "tours_are_judged: 2 rows",
        "marts/mart_site_day:tests": "tours_are_judged: 2 rows",
        "ops/gps_fix:values": "one of ['a', 'b']: 3 of 9 rows",
        "ops/task:contract": "",
    },
)


def lines(shown: object) -> list[str]:
    """What a table prints, without its frame."""
    console = Console(width=120)
    with console.capture() as captured:
        console.print(shown)
    rows = [line.strip("│┃ ") for line in captured.get().splitlines()]
    return [" ".join(row.split()) for row in rows if row]


def test_parts_of_a_step_stand_under_it_and_count_once() -> None:
    shown = lines(_steps(REPORT))
    assert "(11 s, 2,048 MB at" in shown[0]
    found = [line for line in shown if "metrics" in line or "hourly" in line]
    assert found == ["metrics │ 5.0", "hourly │ 2.0", "metrics │ 1.5"]


def test_a_remark_is_told_once_with_every_table_that_stands_on_it() -> None:
    shown = lines(_remarks(REPORT))
    assert "marts/fct_tour_run, marts/mart_site_day │ tours_are_judged: 2 rows" in shown
    assert "ops/gps_fix │ one of ['a', 'b']: 3 of 9 rows" in shown
    assert "ops/task │ contract" in shown
