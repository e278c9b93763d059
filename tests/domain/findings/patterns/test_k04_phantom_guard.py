"""K04: guards whose phone is there, while nothing that is due is done or answered."""

from __future__ import annotations

import pytest

from tests.domain.findings.patterns.ground import (
    beats,
    check,
    check_told,
    fence,
    fix,
    phone,
    scan,
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
from vigia.domain.findings.evidence import EVIDENCE
from vigia.domain.findings.known import KNOWN
from vigia.domain.findings.patterns.k04_phantom_guard import PATTERN

DUTY = -60
LAST = 200
MISSED = 75
"""The check of minute 60 closes then."""


def guard(made: Made | None = None, name: str = "guard", **post) -> Made:
    """Somebody on duty whose phone is there and who scanned at minute 0 and missed one check."""
    made = made or fence(Made().site()).post(kind="gate", **post)
    made.duty(name, DUTY, DUTY + 600)
    phone(made, f"{name}'s phone", name)
    scan(made, f"{name}'s tour", "gate", 0, name)
    check(made, f"{name}'s check", 60, name, f"{name} {DUTY}")
    check_told(made, f"{name}'s check", MISSED, "closed", "missed")
    return beats(made, name, DUTY, LAST)


def strolls(made: Made, name: str = "guard", first: int = -60, last: int = LAST) -> Made:
    """Walks about: a position every five minutes, now here, now there."""
    for minute in range(first, last, 5):
        fix(made, name, minute, 60.0 * (minute // 5 % 2), 0, steps_delta=50, motion="walking")
    return made


def idle(**post) -> Made:
    return strolls(guard(**post))


def raised(made: Made, last: float = 180, first: float = 100):
    return found(made, every(first, last), PATTERN)


def test_two_hours_without_work_or_answer_and_a_missed_check_are_a_phantom():
    (row,) = raised(idle()).iter_rows(named=True)
    assert (row["type"], row["subtype"]) == ("CORRELATION_PHANTOM_GUARD", "off_task")
    assert (row["scope_kind"], row["scope_id"]) == ("person", "guard")
    assert (row["site_id"], row["severity"]) == ("site", "MEDIUM")
    assert minutes(raised(idle())) == [120]


def test_a_minute_less_is_none():
    assert raised(scan(idle(), "guard's tour", "gate", 1, "guard"), 120).is_empty()


def test_an_answered_check_shows_who_is_there_and_so_does_a_late_answer():
    answered = check_told(
        check(idle(), "next", 110, "guard", f"guard {DUTY}"),
        "next",
        112,
        "answered",
        "ok",
        person_id="guard",
    )
    assert raised(answered).is_empty()
    late = check_told(idle(), "guard's check", 90, "answered", "late", person_id="guard")
    assert raised(late).is_empty()


def test_where_no_check_was_missed_nothing_was_refused():
    made = strolls(guard())
    del made.rows["welfare_check"][1:]
    # Until a day has passed without a verdict, the clock says what was missed.
    made.rows["welfare_check"][0]["closes_at"] = at(400)
    assert raised(made).is_empty()


def test_a_check_that_was_missed_before_the_last_work_counts_no_more():
    made = scan(idle(), "guard's tour", "gate", 80, "guard")
    assert raised(made, 205, 190).is_empty()


def test_it_counts_from_the_clock_in_where_nothing_was_done_since():
    made = idle()
    made.rows["checkpoint_scan"].clear()
    assert minutes(raised(made, 100, 50)) == [MISSED]


def test_at_a_post_without_work_nothing_is_expected():
    assert raised(idle(work_expected=False)).is_empty()
    assert raised(idle(gps_expected=False)).is_empty()


def test_a_phone_that_went_dark_hides_nobody():
    assert raised(strolls(guard(), last=20)).is_empty()
    assert raised(strolls(guard(), last=40)).height == 1


def test_a_phone_that_came_back_has_not_been_seen_idle_for_the_whole_time():
    assert raised(strolls(guard(), first=70), 150).is_empty()


def test_a_tracker_shows_nobody_who_could_have_worked():
    made = phone(guard(), "tracker", "guard", kind="tracker")
    for minute in range(DUTY, LAST, 5):
        fix(made, "guard", minute, 0, 0, device="tracker")
    assert raised(made).is_empty()


def test_a_phone_parked_on_a_patrol_post_is_graver():
    made = fence(Made().site()).post(kind="patrol")
    made = stays(guard(made), "guard", DUTY, LAST, 10, 10)
    episodes = raised(made)
    assert episodes["subtype"].to_list() == ["parked_phone"]
    assert episodes["severity"].to_list() == ["HIGH"]
    gate = stays(guard(), "guard", DUTY, LAST, 10, 10)
    assert raised(gate)["subtype"].to_list() == ["off_task"]


def test_a_phone_that_moves_with_that_of_a_colleague_who_works_is_carried():
    made = idle()
    strolls(guard(made, "colleague"), "colleague")
    scan(made, "round", "gate", 90, "colleague")
    episodes = raised(made).filter(scope_id="guard")
    assert episodes["subtype"].to_list() == ["carried_phones"]
    assert episodes["severity"].to_list() == ["HIGH"]


def test_two_who_walk_together_and_both_do_nothing_carry_no_phones():
    made = idle()
    strolls(guard(made, "colleague"), "colleague")
    assert set(raised(made)["subtype"]) == {"off_task"}


def test_alone_at_a_post_that_must_be_manned_it_is_graver():
    assert raised(idle(lone=True, must_man=True))["severity"].to_list() == ["HIGH"]
    assert raised(idle(lone=True))["severity"].to_list() == ["MEDIUM"]


def test_where_nobodys_work_is_recorded_the_records_are_at_fault():
    made = idle()
    for name in ("second", "third"):
        strolls(guard(made, name), name)
    assert raised(made).is_empty()
    working = scan(made, "round", "gate", 60, "third")
    assert set(raised(working)["scope_id"]) == {"guard", "second"}


def test_an_incident_and_an_escort_are_work_of_another_kind():
    report = {"verb": "reported", "source": "incident-desk", "site_id": "site"}
    busy = idle().add(
        "incident_report", 110, ir_id="fall", person_id="guard", occurred_at=at(30), **report
    )
    assert raised(busy, 160).is_empty()
    escort = idle().task("escort", -30, 200, kind="escort", assignee_id="guard")
    escort.add(
        "task",
        -5,
        verb="updated",
        source="phone/1",
        task_id="escort",
        assignee_id="guard",
        site_id="site",
        status="in_progress",
    )
    assert raised(escort, 160).is_empty()


def test_on_a_break_and_off_duty_nobody_works():
    assert raised(idle().punch("guard", 100, "break_start"), 160).is_empty()
    assert raised(idle().punch("guard", 100, "clock_out"), 160).is_empty()


def test_scans_that_arrive_later_take_the_finding_back():
    made = scan(idle(), "guard's tour", "gate", 30, "guard", late_s=110 * 60)
    (row,) = raised(made, 149).iter_rows(named=True)
    assert row["evidence_state"] == "retracted"
    assert minutes(raised(made, 149), "cleared_at") == [140]


def test_while_the_phone_may_hold_events_they_are_waited_for():
    made = idle()
    made.rows["device_heartbeat"].clear()
    beats(beats(made, "guard", DUTY, 105), "guard", 105, LAST, queue=50)
    episodes = raised(made)
    assert minutes(episodes) == [pytest.approx(121, abs=1)]
    assert episodes["evidence_state"].to_list() == ["provisional"]


def test_it_clears_with_the_next_piece_of_work():
    made = scan(idle(), "guard's tour", "gate", 150, "guard")
    assert minutes(raised(made), "cleared_at") == [151]


@pytest.mark.parametrize("lacks", ["geofence", "shift", "device", "welfare_check", "gps_fix"])
def test_without_the_reference_or_the_signals_nothing_is_made_up(lacks):
    made = idle()
    del made.rows[lacks]
    assert raised(made).height == (lacks == "geofence")


def test_instants_one_by_one_give_the_same():
    made = scan(idle(), "guard's tour", "gate", 130, "guard")
    episodes = assert_one_by_one_is_all_at_once(made, every(110, 140, 10), [PATTERN])
    assert (minutes(episodes), minutes(episodes, "cleared_at")) == ([120], [140])


def test_the_declaration_names_what_exists():
    assert set(PATTERN.kinds) <= set(KNOWN)
    assert set(PATTERN.evidence) <= set(EVIDENCE)
    assert raised(idle().window(0, 200)).is_empty()
