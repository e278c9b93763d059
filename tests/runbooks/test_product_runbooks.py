"""The 27 runbooks of the product, each held against what the domain says of it (R01-R27)."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from vigia.config.runbooks import FOLDER, product_runbooks
from vigia.domain.dictionary import TABLES
from vigia.domain.findings.actions import Action
from vigia.domain.findings.categorise import categorise
from vigia.domain.findings.known import KNOWN
from vigia.domain.findings.personal_data import ANYBODY
from vigia.domain.findings.runbooks import ROTAS, Book, Level, Role

# id, type, category, severity, escalate after min, to, steps, evidence, actions with highest mode
GOLDEN = """
R01 | TOUR_OVERDUE | SECURITY | HIGH | 15 | supervisor | 6
    | tour_run tour_schedule last_fix device_state
    | notify_person:auto request_position:auto open_ticket:auto
R02 | CORRELATION_TOUR_ABANDONMENT | SECURITY | HIGH | 10 | security_supervisor | 6
    | tour_run trail exit_event open_incidents
    | notify_person:auto open_ticket:auto request_position:auto update_ticket:approve
R03 | CHECKPOINT_COVERAGE_LOW | SECURITY | MEDIUM | 30 | supervisor | 5
    | missed_checkpoints scans_by_others tag_age | open_ticket:auto
R04 | CORRELATION_PHANTOM_GUARD | SECURITY | MEDIUM | 60 | ops_manager | 5
    | due_work activity co_location motion | notify_person:approve
R05 | CORRELATION_SILENT_SITE | OPERATIONAL | CRITICAL | 5 | ops_manager | 6
    | last_signals roster operator_state contact_log
    | notify_person:auto open_ticket:auto page_on_call:auto collect_diagnostics:auto
R06 | CORRELATION_SLA_STORM | OPERATIONAL | CRITICAL | 2 | ops_manager | 6
    | backlog late_tours alert_clusters staffing
    | open_ticket:auto update_ticket:auto page_on_call:auto collect_diagnostics:auto
R07 | SLA_BREACH | OPERATIONAL | HIGH | 30 | supervisor | 5
    | sla_segments ticket_history
    | notify_person:auto update_ticket:auto notify_person:auto update_ticket:approve
R08 | FIELD_SUPPORT_DELAYED | OPERATIONAL | MEDIUM | 120 | logistics | 4
    | request_age stock | notify_person:auto
R09 | CRITICAL_SIGNAL_PHONE_EVENTS_LOW | DEVICE_HEALTH | HIGH | 10 | supervisor | 5
    | heartbeats battery network contact_log | notify_person:auto
R10 | CRITICAL_SIGNAL_LOCATION_UPDATES_LOW | DEVICE_HEALTH | HIGH | 15 | supervisor | 5
    | fixes permissions power_save | notify_person:auto
R11 | CORRELATION_DEVICE_GPS_FAILURE | DEVICE_HEALTH | HIGH | 20 | supervisor device_desk | 5
    | signal_counts cohort | notify_person:auto open_ticket:auto
R12 | CORRELATION_DEVICE_PHONE_FAILURE | DEVICE_HEALTH | HIGH | 20 | supervisor device_desk | 5
    | signal_counts crash_log versions
    | notify_person:auto collect_diagnostics:auto open_ticket:auto
R13 | COMPLIANCE_REPORT_MISSING | COMPLIANCE | HIGH | 60 | compliance | 5
    | report_schedule job_log input_freshness | generate_report:auto open_ticket:auto
R14 | COMPLIANCE_REPORT_NEVER_GENERATED | COMPLIANCE | CRITICAL | 30 | compliance | 6
    | obligation missing_periods | open_ticket:auto page_on_call:auto
R15 | DAILY_REPORT_MISSING | COMPLIANCE | MEDIUM | 120 | ops_manager | 4
    | input_freshness job_log | generate_report:auto
R16 | ANOMALY_PHONE_EVENTS_BELOW | OPERATIONAL | MEDIUM | 30 | supervisor | 4
    | baseline score roster holidays |
R17 | ANOMALY_TOUR_CHECKPOINTS_BELOW | SECURITY | HIGH | 20 | security_supervisor | 5
    | baseline tours tags trail | open_ticket:auto
R18 | ANOMALY_TASKS_COMPLETED_BELOW | OPERATIONAL | MEDIUM | 60 | ops_manager | 4
    | baseline backlog staffing |
R19 | EMERGENCY_ESCALATION_DELAYED | SAFETY | CRITICAL | 0 | senior_manager | 6
    | ticket_history chain_timeline | advance_escalation:auto page_on_call:auto
R20 | EMERGENCY_TICKET_UNASSIGNED | SAFETY | CRITICAL | 0 | on_call_manager | 4
    | ticket_history on_call | update_ticket:auto page_on_call:auto
R21 | GENERIC | OPERATIONAL | MEDIUM | 60 | supervisor | 4 | finding |
R22 | CORRELATION_GUARD_DISTRESS | SAFETY | CRITICAL | 0 | controller on_call_manager | 7
    | panic_event position_burst contact_log audio_ref
    | page_on_call:auto request_position:auto notify_person:auto
R23 | CORRELATION_RESOURCE_SHORTAGE | OPERATIONAL | MEDIUM | 30 | ops_manager | 5
    | workload | ask_relief_pool:approve
R24 | CORRELATION_COVERAGE_GAP | OPERATIONAL | HIGH | 10 | supervisor ops_manager | 6
    | roster presence relief_options | notify_person:auto ask_relief_pool:approve
R25 | CORRELATION_ESCALATION_CHAIN_BREAK | OPERATIONAL | HIGH | 5 | ops_manager | 5
    | chain_snapshot deliveries | advance_escalation:auto page_on_call:auto
R26 | NETWORK_OUTAGE | DEVICE_HEALTH | HIGH | 10 | ops_manager | 6
    | silent_sites operator_state contact_log
    | collect_diagnostics:auto open_ticket:auto page_on_call:auto notify_person:approve
R27 | OFF_HOURS_ACTIVITY | SECURITY | MEDIUM | 15 | security_supervisor | 5
    | access_events roster work_orders contact_log
    | collect_diagnostics:auto open_ticket:auto notify_person:approve
"""


@dataclass(frozen=True)
class Expected:
    id: str
    finding_type: str
    category: str
    severity: str
    escalate_after_min: int
    escalate_to: list[str]
    steps: int
    evidence: list[str]
    actions: list[str]


def _expected():
    for row in re.split(r"\n(?=R\d\d)", GOLDEN.strip()):
        a, b, c, d, minutes, to, steps, evidence, actions = (x.strip() for x in row.split("|"))
        yield Expected(
            a, b, c, d, int(minutes), to.split(), int(steps), evidence.split(), actions.split()
        )


EXPECTED = {row.id: row for row in _expected()}


@pytest.fixture(scope="module")
def runbooks():
    return {runbook.id: runbook for runbook in product_runbooks()}


@pytest.mark.parametrize("row", EXPECTED.values(), ids=EXPECTED)
def test_a_runbook_is_what_the_domain_says(runbooks, row):
    runbook = runbooks[row.id]
    front = runbook.front
    assert (front.finding_type, front.category, front.severity) == (
        row.finding_type,
        row.category,
        row.severity,
    )
    assert (front.category, front.severity) == categorise(front.finding_type)
    assert (front.escalate_after_min, list(front.escalate_to)) == (
        row.escalate_after_min,
        row.escalate_to,
    )
    assert len(runbook.steps) == row.steps
    assert list(front.evidence_required) == row.evidence
    assert [f"{found.action}:{found.highest_mode}" for found in front.auto_actions] == row.actions
    assert front.done_when
    assert front.title == KNOWN[front.finding_type].title


@pytest.mark.parametrize("row", EXPECTED.values(), ids=EXPECTED)
def test_its_type_finds_it_exactly(runbooks, row):
    found = Book(runbooks.values()).match(row.finding_type, row.category, row.severity)
    assert found.runbook.id == row.id
    assert found.level is (Level.GENERIC if row.id == "R21" else Level.EXACT)


def test_there_are_27_and_one_for_each_type_of_its_own(runbooks):
    assert list(runbooks) == [f"R{number:02}" for number in range(1, 28)] == list(EXPECTED)
    files = {path.name[:3] for path in FOLDER.glob("*/*.md")}
    assert files == set(runbooks)


def test_every_known_type_has_a_runbook_that_is_exactly_right(runbooks):
    book = Book(runbooks.values())
    for name, kind in KNOWN.items():
        found = book.match(name, kind.category, kind.severity)
        assert found.level is (Level.GENERIC if name == "GENERIC" else Level.EXACT), name


def test_the_silent_site_runbook_has_exactly_six_steps(runbooks):
    assert len(runbooks["R05"].steps) == 6


def test_steps_are_sentences_and_no_two_runbooks_share_one(runbooks):
    steps = [step for runbook in runbooks.values() for step in runbook.steps]
    assert all(step[0].isupper() and step.endswith((".", "?")) for step in steps)
    long = [step for step in steps if len(step) > 40]
    assert len(set(long)) == len(long)


def test_nothing_in_them_names_a_person(runbooks):
    for path in FOLDER.glob("*/*.md"):
        assert ANYBODY.hits(path.read_text(encoding="utf-8")) == (), path


def test_safety_pages_at_once_and_is_never_closed_by_itself(runbooks):
    safety = [found for found in runbooks.values() if found.front.category == "SAFETY"]
    assert [found.id for found in safety] == ["R19", "R20", "R22"]
    assert all(found.front.escalate_after_min == 0 for found in safety)
    assert all(
        found.front.escalate_after_min > 0 for found in runbooks.values() if found not in safety
    )


def test_every_role_is_one_that_people_hold_or_a_rota(runbooks):
    held = set(TABLES["person"].column("role").states)
    assert {str(role) for role in Role} - held == {str(role) for role in ROTAS}
    assert {found.front.owner for found in runbooks.values()} <= set(Role)


def test_every_finding_gets_recommendations_that_can_be_done(runbooks):
    for runbook in runbooks.values():
        todo = runbook.recommended
        assert [found["order"] for found in todo] == list(range(1, len(todo) + 1))
        assert all(found["do"] for found in todo)
        assert {found["action"] for found in todo if "action" in found} <= set(Action)
        assert [found["by"] for found in todo if "by" in found] == (
            [runbook.front.owner] * len(runbook.steps)
        )
