"""The plain rules, one by one, on streams written by hand; and what they know nothing of."""

from __future__ import annotations

import pytest

from tests.evaluate.streams import (
    DAY,
    START,
    at,
    beat,
    clock,
    company,
    event,
    every,
    fix,
    slot,
    text,
)
from vigia.evaluate.naive import CLASSES, RULES, naive_findings
from vigia.evaluate.watch import watch


@pytest.fixture
def found(tmp_path):
    """What a rule finds in some events: scope and time."""

    def find(pattern, events, **about):
        watched = watch(company(tmp_path, events, **about), DAY)
        mine = naive_findings(watched, "acme").filter(**{"class": pattern})
        return list(zip(mine["scope"], mine["detected_at"], strict=True))

    return find


def test_every_pattern_has_a_rule(tmp_path):
    watched = watch(company(tmp_path, []), DAY)
    assert {o.pattern for rule in RULES for o in rule(watched)} == set(CLASSES)


def test_a_quiet_stream_has_no_finding_but_the_silent_region(found):
    assert found("K01", []) == []


# K01


def test_a_site_with_somebody_clocked_in_and_no_sign_for_an_hour_is_silent(found):
    events = [clock("clock_in", 2.0), *every(5, 2.0, 3.0, beat), clock("clock_out", 6.0)]
    assert found("K01", events) == [("S0001", slot(2.95 + 1))]


def test_nobody_clocked_in_means_no_silent_site(found):
    events = [clock("clock_in", 2.0), *every(5, 2.0, 3.0, beat), clock("clock_out", 3.0)]
    assert found("K01", events) == []


def test_a_silence_after_a_sign_of_life_is_another_finding(found):
    events = [clock("clock_in", 2.0), beat(2.0), beat(4.0)]
    assert found("K01", events) == [("S0001", slot(3.0)), ("S0001", slot(5.0))]


def test_nobody_is_clocked_in_for_more_than_fifteen_hours(found):
    events = [clock("clock_in", 1.0), *every(30, 1.0, 16.0, beat)]
    assert found("K01", events) == []


# K02


def _tour(verb, hours, status="", source="phone/D1", **more):
    return event(
        "tour_run", verb, hours, source=source, run_id="R1", person_id="G1", status=status, **more
    )


def test_a_tour_whose_guard_is_outside_is_abandoned_at_the_first_position_outside(found):
    events = [_tour("started", 2.0), fix(2.1), fix(2.3, north_m=130), fix(2.4, north_m=140)]
    assert found("K02", events) == [("R1", slot(2.3))]


def test_a_guard_outside_after_the_tour_abandons_nothing(found):
    events = [
        _tour("started", 2.0),
        fix(2.1, north_m=110),
        _tour("completed", 2.2, "completed"),
        fix(2.3, north_m=200),
    ]
    assert found("K02", events) == []


# K03


def _task(verb, hours, name, due=None, status="", source="tasks", site="S0001", **more):
    due = {} if due is None else {"due_at": text(at(due))}
    return event(
        "task", verb, hours, site=site, source=source, task_id=name, status=status, **due, **more
    )


def _storm(tasks=5, tours=3, alerts=10):
    return [
        *(_task("created", 1.0, f"T{n}", due=2.0 + n / 60) for n in range(tasks)),
        *(
            event("tour_run", "scheduled", 1.0, run_id=f"R{n}", due_at=text(at(2.0)))
            for n in range(tours)
        ),
        *(
            event("alert", "raised", 2.0 + n / 60, source="m", alert_id=f"A{n}", severity="LOW")
            for n in range(alerts)
        ),
    ]


def test_five_overdue_tasks_three_late_tours_and_ten_alerts_are_a_storm(found):
    assert found("K03", _storm()) == [("S0001", slot(2.15))]


@pytest.mark.parametrize("less", [{"tasks": 4}, {"tours": 2}, {"alerts": 9}])
def test_a_storm_needs_all_three(found, less):
    assert found("K03", _storm(**less)) == []


def test_what_was_done_an_hour_before_is_no_part_of_a_storm(found):
    done = [_task("completed", 2.1, f"T{n}", status="completed") for n in range(5)]
    late = [
        event("alert", "raised", 3.5, source="m", alert_id=f"B{n}", severity="LOW")
        for n in range(10)
    ]
    assert found("K03", [*_storm(alerts=0), *done, *late]) == []


# K04


def _scan(hours):
    return event("checkpoint_scan", "recorded", hours, person_id="G1")


def test_two_hours_of_positions_without_work_are_a_phantom(found):
    events = [*every(5, 1.0, 6.0, fix), _scan(2.0)]
    assert found("K04", events) == [("G1", slot(4.0))]


def test_work_every_other_hour_is_no_phantom(found):
    assert found("K04", [*every(5, 1.0, 6.0, fix), *map(_scan, (1.5, 3.0, 4.5, 5.99))]) == []


def test_a_task_done_on_the_phone_is_work_and_one_that_is_assigned_is_none(found):
    events = [*every(5, 1.0, 6.0, fix), _scan(2.0)]
    about = {"name": "T1", "assignee_id": "G1"}
    assigned = _task("created", 3.9, **about)
    assert found("K04", [*events, assigned]) == [("G1", slot(4.0))]


def test_a_task_step_from_the_phone_puts_a_phantom_off(found):
    step = _task("updated", 3.5, "T1", status="in_progress", source="phone/D1", assignee_id="G1")
    assert found("K04", [*every(5, 1.0, 3.5, fix), _scan(2.0), step]) == []


# K05 and K06


def test_an_hour_of_heartbeats_without_a_position_is_a_failure_of_gps(found):
    events = [*every(5, 1.0, 6.0, beat), *every(5, 1.0, 3.0, fix)]
    assert found("K05", events) == [("D1", slot(3.95))]


def test_an_hour_of_positions_without_a_heartbeat_is_a_failure_of_the_phone(found):
    events = [*every(5, 1.0, 3.0, beat), *every(5, 1.0, 6.0, fix)]
    assert found("K06", events) == [("D1", slot(3.95))]


def test_a_phone_that_has_just_come_has_failed_in_nothing(found):
    assert found("K06", [*every(5, 1.0, 1.5, fix), *every(5, 1.5, 3.0, beat)]) == []


def test_a_tracker_has_no_phone_events_to_miss(found):
    tracked = every(5, 1.0, 6.0, fix, device="D9")
    assert found("K06", tracked) == []


# K07


def test_a_call_for_help_is_distress_whoever_makes_it(found):
    call = event("panic_event", "triggered", 2.0, person_id="G1")
    assert found("K07", [clock("clock_in", 1.9), *every(4, 1.9, 2.5, fix), call])[0] == (
        "G1",
        slot(2.0),
    )


def test_neither_a_step_nor_a_touch_of_the_phone_for_ten_minutes_is_distress(found):
    moving = every(4, 2.0, 3.0, fix)
    still = every(4, 3.0, 4.0, fix, steps=0)
    assert found("K07", [clock("clock_in", 2.0), *moving, *still]) == [("G1", slot(2.94 + 1 / 6))]


def test_a_touch_of_the_phone_puts_distress_off(found):
    touched = [
        event("phone_event", "recorded", 2.0 + n / 15, device_id="D1", person_id="G1")
        for n in range(30)
    ]
    events = [clock("clock_in", 2.0), *touched, clock("clock_out", 4.0)]
    assert found("K07", events) == []


# K08


def _ticket(verb, hours, name, status):
    return event("ticket", verb, hours, source="help-desk", ticket_id=name, status=status)


def _short(tickets, tasks):
    return [
        *(_ticket("created", 1.0, f"I{n}", "new") for n in range(tickets)),
        *(_task("created", 1.0, f"T{n}", due=2.0) for n in range(tasks)),
    ]


def test_three_open_tickets_and_three_late_tasks_are_a_shortage(found):
    assert found("K08", _short(3, 3)) == [("S0001", slot(2.0))]


@pytest.mark.parametrize(("tickets", "tasks"), [(2, 3), (3, 2)])
def test_a_shortage_needs_three_of_both(found, tickets, tasks):
    assert found("K08", _short(tickets, tasks)) == []


def test_a_ticket_that_is_resolved_waits_no_more(found):
    assert found("K08", [*_short(3, 3), _ticket("resolved", 1.5, "I0", "resolved")]) == []


# K09


def test_a_pending_task_with_nobody_clocked_in_uncovers_every_post(found):
    events = [_task("created", 2.0, "T1", due=9.0)]
    assert found("K09", events) == [("S0001-P1", slot(2.0)), ("S0001-P2", slot(2.0))]


def test_somebody_who_clocks_in_covers_the_site_until_they_leave(found):
    events = [clock("clock_in", 1.0), _task("created", 2.0, "T1"), clock("clock_out", 3.0)]
    assert found("K09", events, posts=1) == [("S0001-P1", slot(3.0))]


# K10


def _alert(verb, hours, severity="HIGH"):
    return event("alert", verb, hours, source="monitoring", alert_id="A1", severity=severity)


def test_a_grave_alert_that_nobody_acknowledges_breaks_the_chain(found):
    assert found("K10", [_alert("raised", 2.0)]) == [("A1", slot(2.25))]


@pytest.mark.parametrize(
    "answer",
    [
        _alert("acknowledged", 2.2),
        event("escalation_run", "started", 2.2, source="control-room", subject_ref="A1"),
    ],
)
def test_an_answer_within_a_quarter_of_an_hour_keeps_the_chain(found, answer):
    assert found("K10", [_alert("raised", 2.0), answer]) == []


def test_a_small_alert_may_wait(found):
    assert found("K10", [_alert("raised", 2.0, "MEDIUM")]) == []


# K11


def test_three_sites_without_an_event_for_ten_minutes_are_an_outage_of_their_region(found):
    lively = [e for s in (1, 2, 3) for e in every(5, 0.0, 12.0, beat, site=f"S{s:04}")]
    others = every(5, 12.0, 24.0, beat, site="S0001")
    again = [e for s in (2, 3) for e in every(5, 13.0, 24.0, beat, site=f"S{s:04}")]
    assert found("K11", [*lively, *others, *again], sites=3) == []


def test_an_outage_has_a_region_and_no_site(found):
    lively = [e for s in (1, 2, 3) for e in every(5, 0.0, 12.0, beat, site=f"S{s:04}")]
    again = [e for s in (1, 2, 3) for e in every(5, 13.0, 24.0, beat, site=f"S{s:04}")]
    assert found("K11", [*lively, *again], sites=3) == [("R1", slot(12.1))]


# K12


def _door(hours):
    return event("access_event", "recorded", hours, source="access/S0001", kind="granted")


def test_a_door_at_night_with_nobody_clocked_in_is_activity_off_hours(found):
    assert found("K12", [_door(3.0)]) == [("S0001", slot(3.0))]


def test_a_door_by_day_or_with_a_guard_there_is_none(found):
    events = [_door(9.0), clock("clock_in", 20.5), _door(21.0)]
    assert found("K12", events) == []


# What the rules know nothing of, and what must not mislead them.


def test_what_is_no_whole_event_is_passed_over(found):
    whole = '{"specversion":"1.0","id":"1","source":"access/S0001","type":"vigia.access_event'
    cut = f'{whole}.recorded.v1","subject":"S0001","receivedtime":"{text(at(3.0))}","data":'
    assert found("K12", [cut, "no JSON", '[{"specversion":"1.0"}]']) == []


def test_a_text_cannot_pose_as_a_field(found):
    title = 'x","status":"completed'
    events = [*_short(3, 2), _task("created", 1.0, "T9", due=2.0, title=title)]
    assert found("K08", events) == [("S0001", slot(2.0))]


def test_what_arrives_outside_of_the_span_is_left_out(found):
    assert found("K12", [_door(-0.5), _door(24.5)]) == []


def test_findings_come_by_time_with_an_id_each(tmp_path):
    events = [*every(5, 1.0, 6.0, fix), _scan(2.0), _door(3.0), _alert("raised", 2.0)]
    findings = naive_findings(watch(company(tmp_path, events), DAY), "acme")
    assert findings["detected_at"].is_sorted()
    assert findings["detection"].is_unique().all()
    assert findings["detected_at"].min() > START
    assert set(findings["tenant"]) == {"acme"}
