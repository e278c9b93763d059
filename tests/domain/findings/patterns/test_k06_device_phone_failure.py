"""K06: positions without a phone, and what only looks like it."""

from __future__ import annotations

import pytest

from tests.domain.findings.patterns.made import (
    Made,
    assert_one_by_one_is_all_at_once,
    every,
    found,
    minutes,
)
from tests.domain.findings.patterns.phones import beats, carried, fixes, guard
from vigia.domain.findings.evidence import EVIDENCE
from vigia.domain.findings.known import KNOWN
from vigia.domain.findings.patterns.k06_device_phone_failure import PATTERN


def placed(**values) -> Made:
    """A site with a post."""
    return Made().site().post(**values)


def mute(made: Made | None = None, **values) -> Made:
    """A phone that sends positions, and its last heartbeat at minute 30."""
    return fixes(beats(guard(made or placed(), **values), 0, 31), 0, 300)


def human(made: Made, *moments: float, device: str = "anna") -> Made:
    """Somebody touches a phone."""
    for minute in moments:
        made.add("phone_event", minute, device_id=device, site_id="site", human=True)
    return made


def of(made: Made, last: float = 200):
    return found(made, every(0, last), PATTERN)


def test_an_hour_of_positions_and_nothing_else_is_a_failure_of_the_phone():
    (episode,) = of(mute()).iter_rows(named=True)
    assert (episode["severity"], episode["scope_id"], episode["site_id"]) == (
        "HIGH",
        "anna",
        "site",
    )
    assert (episode["type"], episode["evidence_state"]) == (*PATTERN.kinds, "confirmed")
    assert minutes(of(mute())) == [90]


def test_any_phone_event_within_the_hour_is_enough_be_it_automatic_or_human():
    assert minutes(of(human(mute(), 40))) == [100]
    assert minutes(of(beats(mute(), 89, 90))) == [149]


@pytest.mark.parametrize(("step", "times"), [(12, [90]), (16, [])])
def test_fewer_than_five_positions_in_the_hour_show_no_life(step, times):
    made = beats(guard(placed()), 0, 31)
    assert minutes(of(fixes(made, 0, 300, step=step))) == times


def test_positions_must_go_on():
    made = fixes(beats(guard(placed()), 0, 31), 0, 75)
    assert minutes(of(made)) == []
    assert minutes(of(fixes(made, 75, 76))) == [90]


def test_positions_that_come_in_one_go_do_not_show_that_anything_lives():
    made = beats(guard(placed()), 0, 31)
    for number in range(20):
        fixes(made, 40 + 5 * number, 41 + 5 * number, late_s=60 * (100 - 5 * number))
    assert of(made).is_empty()


def test_work_of_whoever_carries_it_shows_another_channel_and_makes_it_less_grave():
    made = mute().add("checkpoint_scan", 80, device_id="anna", site_id="site")
    assert of(made, last=100)["severity"].to_list() == ["MEDIUM"]


def test_numbers_that_are_left_out_are_waited_for_and_then_told_as_provisional():
    made = beats(guard(placed()), 0, 31, boot_id="b", seq=None)
    for number, minute in enumerate(range(0, 300, 5)):
        fixes(made, minute, minute + 1, boot_id="b", seq=2 * number)
    (episode,) = of(made).iter_rows(named=True)
    assert (episode["evidence_state"], minutes(of(made))) == ("provisional", [100])


def test_numbers_without_a_gap_show_that_all_has_arrived():
    made = beats(guard(placed()), 0, 31)
    for number, minute in enumerate(range(0, 300, 5)):
        fixes(made, minute, minute + 1, boot_id="b", seq=number)
    (episode,) = of(made).iter_rows(named=True)
    assert (episode["evidence_state"], minutes(of(made))) == ("confirmed", [90])


def test_a_heartbeat_that_comes_late_retracts_it():
    made = mute().add("device_heartbeat", 60, late_s=50 * 60, device_id="anna", site_id="site")
    (episode,) = of(made, last=115).iter_rows(named=True)
    assert (episode["evidence_state"], minutes(of(made, last=115), "evidence_at")) == (
        "retracted",
        [110],
    )


def test_an_app_that_sends_no_heartbeats_is_only_quiet():
    made = human(fixes(beats(guard(placed()), 0, 6), 0, 300), 20, 30)
    assert of(made).is_empty()


def test_a_version_of_which_no_phone_sends_heartbeats_is_not_broken():
    made = placed(headcount=2)
    for person in ("anna", "ben"):
        fixes(beats(guard(made, person, version="5.0"), 0, 31, person), 0, 300, person)
    assert of(made).is_empty()


def test_a_version_of_which_another_phone_sends_them_can():
    made = mute(version="5.0")
    fixes(beats(guard(made, "ben", version="5.0"), 0, 300, "ben"), 0, 300, "ben")
    assert of(made)["scope_id"].to_list() == ["anna"]


def test_a_tracker_sends_positions_alone():
    made = guard(placed())
    carried(made, "tracker", "anna", kind="tracker")
    assert of(fixes(made, 0, 300, "tracker", person_id="anna")).is_empty()


def test_events_by_a_clock_that_is_behind_count_all_the_same():
    made = fixes(guard(placed()), 0, 300)
    for minute in range(0, 300, 5):
        beats(made, minute - 20, minute - 19, late_s=20 * 60)
    assert of(made).is_empty()


def test_it_clears_when_the_phone_is_heard_of_again_or_its_carrier_goes():
    assert minutes(of(human(mute(), 150)), "cleared_at") == [155]
    assert minutes(of(mute().punch("anna", 150, "clock_out")), "cleared_at") == [155]


def test_a_phone_of_nobody_on_duty_or_one_that_nobody_told_of_is_not_judged():
    assert of(fixes(beats(carried(placed(), "anna", "anna"), 0, 31), 0, 300)).is_empty()
    assert of(fixes(placed(), 0, 300, "unheard of")).is_empty()


def test_planned_work_mutes_it():
    assert of(mute().window(60, 200)).is_empty()


def test_looking_one_by_one_finds_the_same():
    made = beats(mute(), 110, 116)
    assert assert_one_by_one_is_all_at_once(made, every(80, 185, 5), [PATTERN]).height == 2


def test_its_declaration_names_what_exists():
    assert set(PATTERN.kinds) <= set(KNOWN)
    assert set(PATTERN.evidence) <= set(EVIDENCE)
    assert PATTERN.with_policy({"positions": 9}).policy.positions == 9
