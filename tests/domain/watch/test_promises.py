"""When half of the promised time for an answer is over, by priority and by the desk's hours."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tests.domain.findings.patterns.made import START, Made, at
from vigia.domain.watch.moments import MINUTE_US, NEVER_US
from vigia.domain.watch.promises import USUAL_MIN, Promises

MONDAYS = '{"0": [["08:00", "10:00"]], "1": [["08:00", "10:00"]]}'


def half(made: Made, priority: str | None, opened: float = 0) -> float | None:
    """Minutes from the opening until half of the time is over; None for never."""
    us = round(at(opened).timestamp() * 1_000_000)
    found = Promises(made.facts()).half_us(
        pl.Series([priority], dtype=pl.String), np.array([us], np.int64)
    )
    return None if found[0] == NEVER_US else (int(found[0]) - us) / MINUTE_US


def promised(minutes: int = 120, *, round_the_clock: bool = False, hours: str = MONDAYS) -> Made:
    made = Made().add("calendar", calendar_id="c", tz="UTC", hours=hours)
    made.add("sla_policy", policy_id="p", code="p", calendar_id="c")
    return made.add(
        "sla_target",
        target_id=f"t {minutes}",
        policy_id="p",
        priority="P3",
        first_response_min=minutes,
        round_the_clock=round_the_clock,
    )


@pytest.mark.parametrize(("priority", "minutes"), list(USUAL_MIN.items()))
def test_without_a_promise_the_usual_times_hold(priority, minutes):
    assert half(Made(), priority) == minutes / 2


def test_a_ticket_without_a_priority_was_promised_nothing():
    assert half(Made(), None) is None


def test_the_hours_of_the_promise_count():
    assert half(promised(round_the_clock=True), "P3") == 60
    assert half(promised(), "P3", 60) == 60
    # 09:30, and the desk closes at 10:00: half an hour more on the next morning.
    assert half(promised(), "P3", 90) == 24 * 60 - 90 + 30


def test_a_holiday_of_the_calendar_does_not_count():
    made = promised().add(
        "holiday", holiday_id="h", calendar_id="c", holiday_on=START.date(), kind="closed"
    )
    assert half(made, "P3") == 24 * 60 + 60


def test_the_shortest_promise_counts_and_one_for_a_category_is_not_for_all():
    made = promised(60, round_the_clock=True)
    made.add("sla_target", target_id="long", policy_id="p", priority="P3", first_response_min=600)
    made.add(
        "sla_target",
        target_id="own",
        policy_id="p",
        priority="P3",
        category="hr",
        first_response_min=2,
    )
    assert half(made, "P3") == 30


@pytest.mark.parametrize("hours", ["{", '{"9": []}', None])
def test_a_calendar_that_cannot_be_read_counts_every_hour(hours):
    assert half(promised(hours=hours), "P3", 90) == 60
