"""Checks of single things: tours that are overdue, and tickets that wait too long."""

from __future__ import annotations

import pytest

from tests.domain.findings.patterns.made import (
    Made,
    assert_one_by_one_is_all_at_once,
    at,
    every,
    found,
    minutes,
    named,
)
from vigia.domain.findings.checks import (
    CHECKS,
    emergencies,
    field_support,
    sla_breach,
    tour_overdue,
)
from vigia.domain.findings.evidence import EVIDENCE
from vigia.domain.findings.known import KNOWN

HOUR, DAY = 60, 24 * 60


def tours(made: Made, last: float = 200):
    return found(made, every(0, last, 5), tour_overdue.CHECK)


def planned(due: float = 20) -> Made:
    return Made().site().tour("run", due)


def test_a_tour_that_nobody_began_within_its_window_is_overdue_high_then_critical():
    episodes = tours(planned(), 130)
    assert episodes["type"].to_list() == ["TOUR_OVERDUE"]
    assert (episodes["scope_kind"][0], episodes["scope_id"][0]) == ("tour_run", "run")
    assert minutes(episodes) == [50]
    assert episodes["severity"].to_list() == ["HIGH"]
    # Two hours after it was due.
    assert tours(planned(), 140)["severity"].to_list() == ["CRITICAL"]


def test_a_tour_that_begins_in_its_window_is_not_overdue():
    walked = planned().tour_told("run", 49, "in_progress").tour_told("run", 80, "completed")
    assert tours(walked).is_empty()
    assert tours(planned().tour_told("run", 30, "excused")).is_empty()


def test_being_called_missed_does_not_end_it_but_a_late_begin_or_an_excuse_does():
    missed = planned().tour_told("run", 65, "missed")
    assert minutes(tours(missed), "cleared_at") == [None]
    assert minutes(tours(planned().tour_told("run", 90, "in_progress")), "cleared_at") == [90]
    assert minutes(tours(missed.tour_told("run", 100, "excused")), "cleared_at") == [100]


def test_a_tour_that_never_ends_is_overdue_after_twice_its_planned_time():
    begun = planned().tour_told("run", 20, "in_progress")
    assert minutes(tours(begun)) == [140]
    long = begun.add("tour_template", tour_id="tour", planned_min=70)
    long.rows["tour_run"][0]["tour_id"] = "tour"
    assert minutes(tours(long)) == [160]
    assert tours(long.tour_told("run", 159, "completed")).is_empty()


def test_a_tour_walked_offline_is_overdue_until_it_is_told():
    made = planned().add(
        "tour_run",
        30,
        late_s=HOUR * 60,
        verb="started",
        source="phone/1",
        run_id="run",
        site_id="site",
        status="in_progress",
    )
    episodes = tours(made)
    assert minutes(episodes) == [50]
    assert minutes(episodes, "cleared_at") == [90]


def test_tours_of_sites_that_are_not_guarded_are_nobodys_concern():
    made = planned()
    made.rows["site"][0]["status"] = "closed"
    assert tours(made).is_empty()


def requests(made: Made, last: float = 9 * DAY):
    return found(made, every(0, last, HOUR), field_support.CHECK)


@pytest.mark.parametrize("category", ["field_support", "equipment"])
def test_a_request_for_equipment_waits_too_long_after_three_days_and_gravely_after_seven(category):
    made = Made().site().ticket("ticket", 0, category=category)
    waits = requests(made, 6 * DAY)
    assert waits["type"].to_list() == ["FIELD_SUPPORT_DELAYED"]
    assert minutes(waits) == [72 * HOUR]
    assert waits["severity"].to_list() == ["MEDIUM"]
    assert requests(made)["severity"].to_list() == ["HIGH"]


def test_a_request_that_was_met_or_another_ticket_waits_not():
    met = Made().site().ticket("ticket", 0, category="equipment")
    assert requests(met.ticket_told("ticket", 71 * HOUR, "resolved")).is_empty()
    assert requests(Made().site().ticket("ticket", 0, category="facility")).is_empty()


def test_a_request_that_was_reopened_waits_since_it_was_opened():
    made = Made().site().ticket("ticket", 0, category="equipment")
    made.ticket_told("ticket", HOUR, "resolved").ticket_told("ticket", 80 * HOUR, "reopened")
    assert minutes(requests(made)) == [80 * HOUR]


def crisis(opened: float = 0, **values) -> Made:
    return Made().site().ticket(named("ticket", "INC1"), opened, category="crisis", **values)


def emergency(made: Made, last: float = 15):
    patterns = (emergencies.ESCALATION, emergencies.ASSIGNMENT)
    return found(made, every(0, last, 0.5), *patterns).sort("detected_at")


def escalated(made: Made, minute: float, subject: str) -> Made:
    return made.add(
        "escalation_run",
        minute,
        verb="started",
        source="control-room",
        run_id="run",
        site_id="site",
        subject_kind="ticket",
        subject_ref=subject,
        state="running",
        step=1,
    )


def test_an_emergency_is_escalated_within_two_minutes_and_owned_within_five():
    episodes = emergency(crisis())
    assert episodes["type"].to_list() == [emergencies.NOT_ESCALATED, emergencies.NOT_OWNED]
    assert minutes(episodes) == [2, 5]
    assert set(episodes["severity"]) == {"CRITICAL"}


@pytest.mark.parametrize("subject", ["INC1", named("ticket", "INC1")])
def test_an_escalation_by_code_or_id_ends_the_one_and_an_owner_the_other(subject):
    made = escalated(crisis(), 1.5, subject)
    assert emergency(made)["type"].to_list() == [emergencies.NOT_OWNED]
    owned = made.ticket_told(named("ticket", "INC1"), 7, "assigned", assignee_id="agent")
    assert minutes(emergency(owned), "cleared_at") == [7]


def test_an_emergency_that_is_over_in_time_is_none():
    assert emergency(crisis().ticket_told(named("ticket", "INC1"), 1, "resolved")).is_empty()


def test_a_ticket_that_becomes_an_emergency_is_one_from_then_on():
    made = Made().site().ticket("ticket", -HOUR, category="security")
    made.ticket_told("ticket", 3, "open", category="crisis")
    assert minutes(emergency(made)) == [5, 8]


def test_planned_work_mutes_no_emergency():
    assert len(emergency(crisis().window(-10, 60))) == 2


def tickets(made: Made, last: float = 2 * DAY):
    return found(made, every(0, last, 10), sla_breach.CHECK)


def test_a_promise_is_broken_when_its_time_has_run_out_and_gravely_a_day_later():
    made = Made().site().ticket("ticket", 0, priority="P1")
    broken = tickets(made, DAY)
    assert broken["type"].to_list() == ["SLA_BREACH"]
    assert minutes(broken) == [4 * HOUR]
    assert broken["severity"].to_list() == ["HIGH"]
    assert tickets(made)["severity"].to_list() == ["CRITICAL"]


def test_what_is_solved_in_time_breaks_no_promise():
    made = Made().site().ticket("ticket", 0, priority="P2")
    assert tickets(made.ticket_told("ticket", 8 * HOUR - 1, "resolved")).is_empty()


def test_the_clock_pauses_while_a_ticket_waits_for_somebody_else_but_never_for_p1():
    for priority, minute in (("P2", 10 * HOUR), ("P1", 4 * HOUR)):
        made = Made().site().ticket("ticket", 0, priority=priority)
        made.ticket_told("ticket", HOUR, "pending_parts")
        made.ticket_told("ticket", 3 * HOUR, "in_progress")
        assert minutes(tickets(made, DAY)) == [minute]


def test_the_clock_stands_still_between_a_solution_and_its_reopening():
    made = Made().site().ticket("ticket", 0, priority="P2")
    made.ticket_told("ticket", HOUR, "resolved").ticket_told("ticket", 20 * HOUR, "reopened")
    assert minutes(tickets(made)) == [27 * HOUR]


def test_a_waiting_ticket_whose_time_has_run_out_before_stays_broken():
    made = Made().site().ticket("ticket", 0, priority="P2")
    made.ticket_told("ticket", 9 * HOUR, "pending_vendor")
    assert minutes(tickets(made), "cleared_at") == [None]


def test_another_priority_has_another_promise_from_the_opening_on():
    made = Made().site().ticket("ticket", 0, priority="P2")
    made.ticket_told("ticket", 5 * HOUR, "open", priority="P1")
    assert minutes(tickets(made)) == [5 * HOUR]


def test_hours_count_by_the_calendar_of_the_policy_where_not_all_do():
    hours = '{"0": [["08:00", "12:00"]], "1": [["08:00", "12:00"]]}'
    made = Made().site().ticket("ticket", 0, priority="P3")
    made.add("calendar", calendar_id="desk", tz="UTC", hours=hours)
    made.add("sla_policy", policy_id="policy", code="policy", calendar_id="desk")
    promise = {"target_id": "target", "policy_id": "policy", "priority": "P3"}
    made.add("sla_target", resolve_min=6 * HOUR, round_the_clock=False, **promise)
    # Four hours of Monday and two of Tuesday.
    assert minutes(tickets(made)) == [DAY + 2 * HOUR]


def test_tickets_of_no_site_and_without_a_priority_are_no_error():
    homeless = Made().ticket("ticket", 0, priority="P1")
    homeless.rows["ticket"][0]["site_id"] = None
    assert len(tickets(homeless)) == 1
    assert tickets(Made().site().ticket("ticket", 0, priority=None)).is_empty()
    for check in CHECKS:
        assert found(Made(), every(0, 10, 5), check).is_empty()
        assert found(Made().site().post(), every(0, 10, 5), check).is_empty()


def test_instants_one_by_one_give_what_all_at_once_give():
    made = crisis().tour("run", 20).ticket("broken", -7 * HOUR - 30, priority="P2")
    made.ticket_told("broken", 100, "resolved").tour_told("run", 110, "completed")
    made.ticket("kit", -73 * HOUR, category="equipment", priority="P4", opened_at=at(-73 * HOUR))
    singles = [check for check in CHECKS if check.look_back.days]
    episodes = assert_one_by_one_is_all_at_once(made, every(0, 120, 20), singles)
    assert episodes["type"].n_unique() == 5


def test_checks_are_declared_with_known_words():
    kinds = [kind for check in CHECKS for kind in check.kinds]
    assert len(set(kinds)) == len(kinds) == 9
    assert set(kinds) <= set(KNOWN)
    for check in CHECKS:
        assert set(check.evidence) <= set(EVIDENCE)
        assert check.code == check.kinds[0]
