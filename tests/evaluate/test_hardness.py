"""What makes a level hard, measured on streams whose figures are known."""

from __future__ import annotations

import polars as pl
import pytest

from tests.evaluate.streams import at, beat, company, every, fix, text
from vigia.evaluate.hardness import Hardness
from vigia.evaluate.stream import events, parts
from vigia.evaluate.truth import Truth
from vigia.evaluate.watch import FIELDS
from vigia.simulator.truth import TABLES

NOTHING = Truth({name: schema.to_frame() for name, schema in TABLES.items()})


@pytest.fixture
def measured(tmp_path):
    """The figures of some events."""

    def measure(lines, truth=NOTHING):
        hardness = Hardness()
        for part in parts(company(tmp_path, lines)):
            hardness.add(events(part, FIELDS))
        return hardness.figures(truth)

    return measure


def test_a_position_that_takes_more_than_five_seconds_is_late(measured):
    late = [{**fix(1 + n / 10), "receivedtime": text(at(1.2 + n / 10))} for n in range(2)]
    assert measured([*late, *every(10, 2.0, 3.0, fix)])["late_share"] == 0.25


def test_no_heartbeat_is_missing_when_they_come_every_five_minutes(measured):
    assert measured(every(5, 1.0, 3.0, beat))["missing_heartbeats"] == 0.0


def test_heartbeats_that_never_came_between_others_are_missing(measured):
    beats = every(5, 1.0, 3.0, beat)
    left = [one for n, one in enumerate(beats) if n not in (4, 8, 12)]
    assert measured(left)["missing_heartbeats"] == pytest.approx(3 / 23, abs=1e-4)


def test_a_phone_that_is_off_for_hours_misses_no_heartbeat(measured):
    beats = [*every(5, 1.0, 2.0, beat), *every(5, 8.0, 9.0, beat)]
    assert measured([*beats, beats[3]])["missing_heartbeats"] == 0.0


def test_the_error_of_positions_is_how_far_they_are_apart_while_nobody_moves(measured):
    still = [fix(1 + n / 12, steps=0, north_m=12.0 * (n % 2)) for n in range(12)]
    walked = [fix(3 + n / 12, steps=50, north_m=400.0 * (n % 2)) for n in range(12)]
    error_m = measured([*still, *walked])["position_error_m"]
    assert error_m == pytest.approx(12.0, rel=0.01)


def test_traps_are_counted_against_what_was_planned(measured):
    episodes = pl.DataFrame({"cause": ["injected", "injected", "natural"]})
    traps = pl.DataFrame({"trap": ["a", "b", "c"]})
    truth = Truth({"gt_episode": episodes, "gt_trap": traps})
    assert measured([], truth)["traps_per_episode"] == 1.5


def test_what_cannot_be_told_is_left_out(measured):
    assert measured([beat(1.0)]) == {}
