"""Checks of shares: checkpoints, tours, phone events and positions of a site, against bounds."""

from __future__ import annotations

import orjson
import pytest

from tests.domain.findings.patterns.ground import beats, fix, phone
from tests.domain.findings.patterns.made import (
    Made,
    assert_one_by_one_is_all_at_once,
    every,
    found,
    minutes,
)
from vigia.domain.findings.checks import (
    checkpoint_coverage,
    location_updates,
    phone_events,
    tour_completion,
)
from vigia.domain.findings.messages import message
from vigia.domain.findings.rows import Names, context

HOUR = 60


def walked(made: Made, scans: list[int], planned: int = 10, status: str = "completed") -> Made:
    """Tours that end every ten minutes, with so many of their checkpoints scanned."""
    for number, scanned in enumerate(scans):
        run, minute = f"{status} {number}", 10 * number
        made.tour(run, minute - 30, checkpoints_planned=planned)
        made.tour_told(run, minute, status, checkpoints_scanned=scanned)
    return made


def coverage(made: Made, last: float = 100):
    return found(made, every(0, last, 5), checkpoint_coverage.CHECK)


def test_too_few_scanned_checkpoints_of_a_shift_are_medium():
    # 15 + 8 of 30 after the third tour: 77 percent.
    episodes = coverage(walked(Made().site(), [10, 5, 8]))
    assert episodes["type"].to_list() == ["CHECKPOINT_COVERAGE_LOW"]
    assert episodes["severity"].to_list() == ["MEDIUM"]
    assert minutes(episodes) == [10]
    said = message(episodes["type"][0], context(episodes.row(0, named=True), Names({"site": "S1"})))
    assert said == "5 of 20 checkpoints were not scanned at site S1."


def test_the_share_that_is_always_left_out_is_no_finding():
    assert coverage(walked(Made().site(), [9, 8, 9])).is_empty()
    # Exactly the bound.
    assert coverage(walked(Made().site(), [17, 17], planned=20)).is_empty()


def test_few_checkpoints_say_nothing():
    assert coverage(walked(Made().site(), [5], planned=19)).is_empty()
    assert len(coverage(walked(Made().site(), [5], planned=20))) == 1


def test_tours_that_nobody_walked_and_excused_ones_leave_no_checkpoint_out():
    made = walked(walked(Made().site(), [10, 10]), [0, 0, 0], status="missed")
    assert coverage(made).is_empty()
    assert coverage(walked(made, [1, 1], status="excused")).is_empty()


def test_coverage_is_clear_when_the_share_is_reached_again():
    episodes = coverage(walked(Made().site(), [10, 5, 10, 10]))
    assert minutes(episodes, "cleared_at") == [30]


def completion(made: Made, last: float = 100):
    return found(made, every(0, last, 5), tour_completion.CHECK)


def test_too_few_completed_tours_are_high():
    made = walked(walked(Made().site(), [10, 10]), [0, 0], status="missed")
    episodes = completion(made)
    assert episodes["type"].to_list() == ["CRITICAL_SIGNAL_TOUR_COMPLETION_LOW"]
    assert episodes["severity"].to_list() == ["HIGH"]
    assert minutes(episodes) == [10]


def test_three_tours_and_excused_ones_say_nothing_of_completion():
    made = walked(Made().site(), [0, 0, 0], status="missed")
    assert completion(made).is_empty()
    assert completion(walked(made, [0, 0], status="excused")).is_empty()
    assert len(completion(walked(made, [5], status="partial"))) == 1


def manned(people: int = 1, **post) -> Made:
    made = Made().site(gps_expectation="good").post(headcount=people, **post)
    for number in range(people):
        phone(made.duty(f"guard {number}", -120, 600), f"guard {number}'s phone", f"guard {number}")
    return made


def phones(made: Made, last: float = 90):
    return found(made, every(0, last, 5), phone_events.CHECK)


def test_a_quarter_of_the_heartbeats_of_an_hour_is_the_least_that_a_site_must_send():
    # Two people should send 24 in an hour.
    made = manned(2)
    beats(made, "guard 0", -120, 20)
    episodes = phones(made)
    assert episodes["type"].to_list() == ["CRITICAL_SIGNAL_PHONE_EVENTS_LOW"]
    assert episodes["severity"].to_list() == ["HIGH"]
    # Of the last hour at minute 50, those at -10 to 15 are six: a quarter; at 55 they are five.
    assert minutes(episodes) == [55]
    figures = orjson.loads(episodes["figures"][0])
    assert (figures["observed"], figures["expected"]) == (5, 6)


def test_a_site_that_sends_enough_or_is_not_manned_lacks_no_phone_event():
    made = manned(2)
    beats(made, "guard 0", -120, 120)
    assert phones(made).is_empty()
    assert phones(Made().site().post()).is_empty()


def test_somebody_who_has_just_come_owes_no_whole_hour():
    made = Made().site().post().duty("guard", 0, 600)
    assert minutes(phones(made)) == [60]


def positions(made: Made, last: float = 90):
    return found(made, every(0, last, 5), location_updates.CHECK)


def test_a_fifth_of_the_positions_of_an_hour_is_the_least_that_a_site_must_send():
    made = manned()
    for minute in range(-120, 15, 5):
        fix(made, "guard 0", minute, minute, 0)
    episodes = positions(made)
    assert episodes["type"].to_list() == ["CRITICAL_SIGNAL_LOCATION_UPDATES_LOW"]
    # Twelve should come; at 60 there are those at 0, 5 and 10, and at 65 two.
    assert minutes(episodes) == [65]


@pytest.mark.parametrize("lacks", ["expectation", "roof", "reception"])
def test_where_no_positions_are_expected_none_are_missing(lacks):
    made = manned(gps_expected=lacks != "expectation")
    if lacks == "roof":
        made.rows["post"][0]["zone_id"] = "zone"
        made.add("zone", zone_id="zone", site_id="site", indoor=True)
    if lacks == "reception":
        made.rows["site"][0]["gps_expectation"] = "none"
    assert positions(made).is_empty()


def test_planned_work_mutes_what_it_stops():
    assert len(phones(manned())) == 1
    assert phones(manned().window(-120, 600)).is_empty()


def test_instants_one_by_one_give_what_all_at_once_give():
    made = walked(walked(manned(), [10, 5, 8]), [0, 0, 0], status="missed")
    checks = (
        checkpoint_coverage.CHECK,
        tour_completion.CHECK,
        phone_events.CHECK,
        location_updates.CHECK,
    )
    episodes = assert_one_by_one_is_all_at_once(made, every(0, 60, 15), checks)
    assert episodes["type"].n_unique() == 4
