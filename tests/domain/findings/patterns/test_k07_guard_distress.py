"""K07: calls for help, checks that nobody answers, stillness after something grave; and traps."""

from __future__ import annotations

from datetime import time

import pytest

from tests.domain.findings.patterns.ground import (
    beats,
    check,
    check_told,
    fence,
    fix,
    phone,
    stays,
)
from tests.domain.findings.patterns.made import (
    Made,
    assert_one_by_one_is_all_at_once,
    at,
    every,
    found,
    minutes,
)
from vigia.domain.errors import VigiaError
from vigia.domain.findings.evidence import EVIDENCE
from vigia.domain.findings.known import KNOWN
from vigia.domain.findings.patterns.k07_guard_distress import PATTERN, SUBTYPES

(DISTRESS,) = PATTERN.kinds
SECOND = 1 / 60


def guard(*, risk: int = 3, lone: bool = True) -> Made:
    """One guard on a duty from -120 to 600, with a phone, at a fenced site."""
    made = Made().site(risk_tier=risk).post(lone=lone).duty("guard", -120, 600)
    return fence(phone(made, "guard's phone", "guard"))


def call(made: Made, minute: float, name: str = "call", *, late_s: float = 0.0, **values) -> Made:
    usual = {"person_id": "guard", "panic_source": "button", "site_id": "site"}
    return made.add(
        "panic_event",
        minute,
        late_s=late_s,
        verb="triggered",
        source="phone/1",
        panic_id=name,
        state="open",
        triggered_at=at(minute),
        **usual | values,
    )


def closed(made: Made, minute: float, state: str = "closed_true", name: str = "call") -> Made:
    told = {"verb": "closed", "source": "alarm-desk", "site_id": "site", "state": state}
    return made.add("panic_event", minute, panic_id=name, **told)


def of(made: Made, last: float = 60, first: float = 0, step: float = 1):
    return found(made, every(first, last, step), PATTERN)


@pytest.mark.parametrize(
    ("how", "subtype"),
    [
        ("button", "panic"),
        ("fob", "panic"),
        ("shake", "panic"),
        ("call", "panic"),
        ("duress_pin", "duress"),
        ("man_down", "man_down"),
        ("fall", "fall"),
        (None, "panic"),
    ],
)
def test_every_call_for_help_is_critical(how, subtype):
    episodes = of(call(guard(), 3, panic_source=how))
    assert episodes["type"].to_list() == [DISTRESS]
    assert episodes["scope_id"].to_list() == ["guard"]
    assert episodes["site_id"].to_list() == ["site"]
    assert episodes["subtype"].to_list() == [subtype]
    assert episodes["severity"].to_list() == ["CRITICAL"]
    assert episodes["evidence_state"].to_list() == ["confirmed"]


def test_a_call_is_found_within_the_second_in_which_it_arrives():
    episodes = of(call(guard(), 2, late_s=20.4), 3, step=SECOND)
    assert minutes(episodes) == [pytest.approx(2 + 21 * SECOND)]


@pytest.mark.parametrize("state", ["closed_test", "closed_false", "closed_true"])
def test_tests_and_calls_that_were_called_off_are_findings_too_and_end_with_their_closing(state):
    episodes = of(closed(call(guard(), 3), 3.2, state), 10, step=0.1)
    assert minutes(episodes) == [3]
    assert minutes(episodes, "cleared_at") == [pytest.approx(3.2)]


def test_a_call_that_was_over_before_anybody_looked_is_still_open_until_a_human_closes_it():
    assert minutes(of(call(guard(), 3), 300), "cleared_at") == [None]


def test_calls_of_one_person_are_one_finding_until_they_are_closed():
    twice = call(call(guard(), 3), 5, "again")
    assert len(of(twice)) == 1
    closed(closed(twice, 8), 9, name="again")
    assert minutes(of(call(twice, 20, "third"))) == [3, 20]


def test_planned_work_mutes_no_distress():
    assert len(of(call(guard(), 3).window(-10, 60))) == 1


def test_a_call_without_a_name_is_of_who_holds_the_device():
    episodes = of(call(guard(), 3, person_id=None, device_id="guard's phone"))
    assert episodes["scope_id"].to_list() == ["guard"]


def test_a_call_of_nobody_is_told_of_its_site_and_lost_by_no_audit():
    made = closed(call(guard(), 3, person_id=None, device_id="unknown fob"), 20)
    episodes = assert_one_by_one_is_all_at_once(made, every(0, 30, 10), [PATTERN])
    assert episodes["scope_kind"].to_list() == ["site"]
    assert minutes(episodes) == [10]
    assert minutes(episodes, "cleared_at") == [20]


def test_somebody_off_duty_is_heard_as_well():
    made = Made().site().post()
    assert of(call(made, 3))["site_id"].to_list() == ["site"]


def checked(due: float = 0, name: str = "check") -> Made:
    return check(guard(), name, due, "guard", "guard -120")


def missed(made: Made, due: float = 0, name: str = "check") -> Made:
    """What the system that runs the checks says a few seconds after the window."""
    return check_told(made, name, due + 15.1, "closed", "missed")


def telling(made: Made) -> Made:
    """A system that calls checks missed: it did so for somebody who was not there."""
    return missed(check(made, "other", -300, "nobody", "none"), -300, "other")


def test_a_check_missed_beyond_its_window_is_critical_when_it_is_told():
    episodes = of(missed(telling(checked())), step=0.1)
    assert episodes["subtype"].to_list() == ["missed_check"]
    assert episodes["severity"].to_list() == ["CRITICAL"]
    assert minutes(episodes) == [pytest.approx(15.1)]


def test_a_check_that_is_answered_is_none():
    assert of(check_told(checked(), "check", 14, "answered", "ok")).is_empty()


def test_where_no_system_says_so_the_clock_does_and_a_late_answer_takes_it_back():
    silent = of(checked(), step=0.1)
    assert minutes(silent) == [15]
    late = check_told(checked(), "check", 10, "answered", "ok", late_s=1800)
    taken_back = of(late)
    assert minutes(taken_back) == [15]
    assert taken_back["evidence_state"].to_list() == ["retracted"]
    assert minutes(taken_back, "evidence_at") == [40]


def test_a_system_that_calls_checks_missed_is_believed_where_it_says_nothing():
    late = check_told(telling(checked()), "check", 10, "answered", "ok", late_s=1800)
    assert of(late).is_empty()


def test_a_check_that_is_called_off_is_none():
    assert of(check_told(checked(), "check", 5, "closed", "cancelled")).is_empty()


def test_an_answer_under_duress_is_told_at_once():
    episodes = of(check_told(checked(), "check", 2, "answered", "duress"))
    assert episodes["subtype"].to_list() == ["duress"]
    assert minutes(episodes) == [2]


def test_nobody_misses_a_check_who_was_not_there():
    gone = missed(checked()).punch("guard", -30, "clock_out")
    assert of(gone).is_empty()
    assert of(missed(check(Made().site().post(), "check", 0, "guard", "none"))).is_empty()


def test_who_clocked_in_for_the_duty_is_who_missed_its_check():
    made = Made().site().post()
    made.duty("planned", -120, 600).rows["attendance_event"].clear()
    made.punch("relief", -110, "clock_in", assignment="planned -120")
    missed(check(made, "check", 0, "planned", "planned -120"))
    assert of(made)["scope_id"].to_list() == ["relief"]


def test_who_is_heard_of_at_work_misses_a_check_though_the_clock_in_got_lost():
    made = checked()
    made.rows["attendance_event"].clear()
    assert of(missed(made)).is_empty()
    assert len(of(missed(fix(made, "guard", -20, 0, 0)))) == 1


def test_checks_missed_two_hours_apart_are_one_silence_and_three_hours_are_two():
    for gap, count in ((120, 1), (180, 2)):
        made = missed(check(missed(checked()), "next", gap, "guard", "guard -120"), gap, "next")
        assert len(of(made, 300, step=5)) == count


def test_a_late_answer_takes_back_no_call_for_help():
    made = check_told(checked(), "check", 10, "answered", "ok", late_s=1800)
    episodes = of(call(made, 14))
    assert episodes["evidence_state"].to_list() == ["confirmed"]


def fallen(*, risk: int = 3, lone: bool = True, last: int = 40, **values) -> Made:
    """A guard who runs, stops at minute 0, and does not move any more."""
    made = guard(risk=risk, lone=lone)
    fix(made, "guard", -0.5, 40, 0, motion="running", speed_mps=2.8, steps_delta=90)
    fix(made, "guard", 0, 50, 0, steps_delta=30)
    return stays(made, "guard", 1, last, 50, 0, **values)


def test_stillness_after_a_fall_is_high_after_ten_minutes_alone_and_five_in_danger():
    alone = of(fallen(), step=0.5)
    assert alone["severity"].to_list() == ["HIGH"]
    assert alone["subtype"].to_list() == ["after_fall"]
    # Proven by the position at minute 11, which arrives a second later.
    assert minutes(alone) == [11.5]
    assert minutes(of(fallen(risk=4, lone=False), step=0.5)) == [6.5]


def test_where_several_are_and_the_risk_is_low_stillness_is_no_distress():
    assert of(fallen(lone=False)).is_empty()


def test_whoever_moves_or_touches_anything_is_not_still():
    assert of(fallen(steps_delta=3)).is_empty()
    assert of(fallen(motion="vehicle")).is_empty()
    touched = fallen()
    for minute in range(2, 40, 6):
        touched.add(
            "phone_event",
            minute,
            site_id="site",
            device_id="guard's phone",
            person_id="guard",
            kind="interaction",
            human=True,
        )
    assert of(touched).is_empty()


def test_a_position_that_jumps_without_a_step_is_no_movement():
    jumped = fix(fallen(), "guard", 8, 300, 300)
    assert minutes(of(jumped, step=0.5)) == [11.5]


def test_without_steps_only_a_displacement_beyond_the_accuracy_is_movement():
    blurred = fix(fallen(steps_delta=None), "guard", 8, 80, 0, accuracy_m=25.0, steps_delta=None)
    assert len(of(blurred)) == 1
    moved = fix(fallen(steps_delta=None, last=12), "guard", 8, 150, 0, steps_delta=None)
    assert of(moved).is_empty()


def test_a_phone_on_a_charger_shows_nothing():
    made = fallen()
    made.add("device_heartbeat", -5, device_id="guard's phone", site_id="site", charging=True)
    assert of(made).is_empty()


def test_a_break_and_a_change_of_shifts_are_no_distress():
    assert of(fallen().punch("guard", -5, "break_start")).is_empty()
    made = fallen()
    for row in made.rows["post_requirement"]:
        row |= {"start_local": time(8, 10), "end_local": time(20)}
    # The shift changes at minute 10.
    assert minutes(of(made, step=0.5)) == [25.5]


def test_a_phone_that_is_not_heard_of_shows_no_rest():
    assert of(fallen(last=5)).is_empty()


def test_it_is_over_when_the_guard_moves_and_not_when_a_position_is_missing():
    made = fallen(last=20)
    fix(made, "guard", 35, 50, 0)
    fix(made, "guard", 45, 80, 0, steps_delta=60, motion="walking")
    episodes = of(made)
    assert minutes(episodes) == [12]
    assert minutes(episodes, "cleared_at") == [46]


def test_a_call_that_is_not_answered_makes_it_critical():
    made = fallen().add(
        "contact_log",
        20,
        site_id="site",
        person_id="guard",
        channel="call",
        direction="out",
        outcome="no_answer",
    )
    assert of(made, 20)["severity"].to_list() == ["HIGH"]
    assert of(made, 22)["severity"].to_list() == ["CRITICAL"]


def resting(first: int = 0, last: int = 60) -> Made:
    """A lone guard who walks until `first` and rests then."""
    made = guard()
    for minute in range(first - 30, first, 5):
        fix(made, "guard", minute, minute, 0, steps_delta=50, motion="walking")
    fix(made, "guard", first, 0, 0, steps_delta=5)
    return stays(made, "guard", first + 5, last, 0, 0)


def test_rest_alone_is_no_distress():
    assert of(resting()).is_empty()


def test_a_call_of_the_last_day_makes_fifteen_minutes_of_rest_grave():
    made = closed(call(resting(), -60), -59, "closed_false")
    episodes = of(made, step=0.5)
    assert episodes["subtype"].to_list() == ["panic_history"]
    assert minutes(episodes) == [15.5]


def test_a_test_of_the_button_makes_nothing_grave():
    assert of(closed(call(resting(), -60), -59, "closed_test")).is_empty()


def test_rest_no_longer_than_one_that_ended_by_itself_is_usual():
    made = closed(call(resting(), -100), -99, "closed_false")
    stays(made, "guard", -75, -44, 0, 0)
    fix(made, "guard", -80, 0, 0, steps_delta=10)
    episodes = of(made, step=0.5)
    # Thirty-five minutes of rest before: only the position after that shows more.
    assert minutes(episodes) == [40.5]


def test_rest_where_nobody_should_be_is_grave():
    made = fence(resting(), kind="exclusion", radius_m=60)
    assert of(made)["subtype"].to_list() == ["exclusion_zone"]


def test_rest_near_a_grave_incident_is_grave():
    for severity, count in (("high", 1), ("low", 0)):
        made = resting().add(
            "incident_report",
            -5,
            verb="reported",
            source="phone/2",
            ir_id="incident",
            site_id="site",
            type="assault",
            severity=severity,
            occurred_at=at(-6),
        )
        assert len(of(made)) == count


def test_a_low_battery_and_a_sudden_silence_after_rest_are_grave():
    for battery, count in ((3.0, 1), (50.0, 0)):
        made = resting(last=20)
        made.add(
            "device_heartbeat", 16, device_id="guard's phone", site_id="site", battery_pct=battery
        )
        episodes = of(made)
        assert len(episodes) == count
        if count:
            assert episodes["subtype"].to_list() == ["sudden_silence"]
            assert minutes(episodes) == [26]


def test_one_guard_with_two_phones_is_one_person_who_moves_with_either():
    made = phone(fallen(), "second", "guard")
    for minute in range(1, 40, 4):
        fix(made, "guard", minute, 50, 0, device="second", steps_delta=20, motion="walking")
    assert of(made).is_empty()


def test_a_world_without_anything_has_no_distress():
    assert of(Made()).is_empty()
    assert of(Made().site()).is_empty()
    assert of(beats(Made().site(), "somebody", 0, 30)).is_empty()


def test_instants_one_by_one_give_what_all_at_once_give():
    made = closed(call(missed(check(fallen(), "check", 5, "guard", "guard -120"), 5), 50), 55)
    episodes = assert_one_by_one_is_all_at_once(made, every(0, 120, 15), [PATTERN])
    assert minutes(episodes) == [15]
    assert episodes["severity"].to_list() == ["CRITICAL"]


def test_the_pattern_is_declared_with_known_words():
    assert set(PATTERN.evidence) <= set(EVIDENCE)
    assert set(PATTERN.kinds) <= set(KNOWN)
    assert not PATTERN.is_muted
    assert len(set(SUBTYPES)) == len(SUBTYPES)
    with pytest.raises(VigiaError, match="K07 has no sleep_min"):
        PATTERN.with_policy({"sleep_min": 3})
