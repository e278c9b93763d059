"""Which runbook a finding gets: the cascade, own before shared, always one (U14, U17)."""

from __future__ import annotations

import json
from time import process_time

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigia.config.runbooks import product_runbooks
from vigia.domain.findings.actions import AutoAction, Mode, recommended
from vigia.domain.findings.categorise import categorise, categorised
from vigia.domain.findings.known import ALIASES, KNOWN
from vigia.domain.findings.runbooks import (
    Book,
    FrontMatter,
    Level,
    Role,
    Runbook,
    RunbookError,
    as_row,
)
from vigia.domain.findings.types import Category, Severity

PRODUCT = product_runbooks()
SHARED = Book(PRODUCT)


def runbook(id_, finding_type, category="SECURITY", severity="HIGH") -> Runbook:
    front = FrontMatter(
        id=id_,
        finding_type=finding_type,
        category=Category(category),
        severity=Severity(severity),
        title="Ours",
        owner=Role.CONTROLLER,
        escalate_after_min=5,
        escalate_to=(Role.SUPERVISOR,),
        evidence_required=("finding",),
        done_when="It is done.",
        version=1,
    )
    return Runbook(front, "Something.", ("Look.", "Ask.", "Act.", "Write it down."))


SMALL = Book(
    [
        runbook("R1", "TOUR_OVERDUE"),
        runbook("R2", "DOOR_STUCK", severity="LOW"),
        runbook("R3", "GENERIC", "OPERATIONAL", "MEDIUM"),
    ]
)


@pytest.mark.parametrize(
    ("name", "category", "severity", "found", "level"),
    [
        ("TOUR_OVERDUE", "SECURITY", "CRITICAL", "R1", Level.EXACT),
        ("GATE_OPEN", "SECURITY", "HIGH", "R1", Level.CATEGORY_AND_SEVERITY),
        ("GATE_OPEN", "SECURITY", "LOW", "R2", Level.CATEGORY_AND_SEVERITY),
        ("GATE_OPEN", "SECURITY", "CRITICAL", "R1", Level.CATEGORY),
        ("GATE_OPEN", "SECURITY", "INFO", "R2", Level.CATEGORY),
        ("DOOR_OPEN", "SECURITY", "CRITICAL", "R2", Level.CATEGORY),
        ("GATE_OPEN", "COMPLIANCE", "HIGH", "R3", Level.GENERIC),
        ("WHAT_IS_THIS", "OPERATIONAL", "HIGH", "R3", Level.GENERIC),
        ("GENERIC", "OPERATIONAL", "MEDIUM", "R3", Level.GENERIC),
        (None, "OPERATIONAL", "MEDIUM", "R3", Level.GENERIC),
    ],
)
def test_the_cascade_goes_from_the_type_over_category_and_severity_to_generic(
    name, category, severity, found, level
):
    match = SMALL.match(name, category, severity)
    assert (match.runbook.id, match.level) == (found, level)


def test_there_are_four_levels_from_exact_to_generic():
    assert [(level.name, int(level)) for level in Level] == [
        ("EXACT", 1),
        ("CATEGORY_AND_SEVERITY", 2),
        ("CATEGORY", 3),
        ("GENERIC", 4),
    ]


def test_an_unknown_type_is_generic_unless_somebody_said_it_is_of_another_category():
    assert SHARED.match("WHAT_IS_THIS", *categorise("WHAT_IS_THIS")).runbook.id == "R21"
    said = SHARED.match("WHAT_IS_THIS", "SAFETY", "CRITICAL")
    assert said.level is Level.CATEGORY_AND_SEVERITY
    assert said.runbook.front.category == "SAFETY"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("SILENT_SITE_SUSPECT", "R05"),
        ("SLA_STORM_EMERGING", "R06"),
        ("CHECKIN_MISSING", "R24"),
        ("ESCALATION_CHAIN_HOLE", "R25"),
        ("CRITICAL_SIGNAL_TOUR_COMPLETION_LOW", "R03"),
        ("GPS_JAMMING_SUSPECT", "R11"),
        ("CRITICAL_SIGNAL_HEARTBEATS_LOW", "R09"),
        ("ANOMALY_BOILER_TEMPERATURE_ABOVE", "R16"),
        ("TOURS_SKIPPED", "R03"),
    ],
)
def test_relatives_of_a_type_get_what_is_nearest_to_them(name, found):
    assert SHARED.match(name, *categorise(name)).runbook.id == found


@pytest.mark.parametrize(("spelling", "meant"), ALIASES.items())
def test_other_spellings_of_a_pattern_find_its_runbook(spelling, meant):
    kind = KNOWN[meant]
    found = SHARED.match(spelling, kind.category, kind.severity)
    assert found == SHARED.match(meant, kind.category, kind.severity)
    assert found.level is Level.EXACT


def test_the_tenants_own_comes_before_the_shared_on_every_level():
    book = Book(
        PRODUCT,
        own=[
            runbook("OWN-1", "TOUR_OVERDUE"),
            runbook("OWN-2", "GATE_JAMMED"),
            runbook("OWN-3", "GENERIC", "OPERATIONAL", "MEDIUM"),
        ],
    )
    assert book.match("TOUR_OVERDUE", "SECURITY", "HIGH").runbook.id == "OWN-1"
    assert book.match("GATE_JAMMED", "SECURITY", "HIGH").level is Level.EXACT
    assert book.match("FENCE_CUT", "SECURITY", "HIGH").runbook.id == "OWN-1"
    assert book.match("GATE_BENT", "SECURITY", "HIGH").runbook.id == "OWN-2"
    assert book.match("FENCE_CUT", "SECURITY", "INFO").runbook.id == "OWN-1"
    assert book.match("WHAT_IS_THIS", "OPERATIONAL", "MEDIUM").runbook.id == "OWN-3"
    assert book.match("CORRELATION_PHANTOM_GUARD", "SECURITY", "MEDIUM").runbook.id == "R04"


def test_a_tenants_own_generic_runbook_does_not_hide_exact_ones():
    book = Book(PRODUCT, own=[runbook("OWN-3", "GENERIC", "OPERATIONAL", "MEDIUM")])
    assert book.match("SLA_BREACH", "OPERATIONAL", "HIGH").runbook.id == "R07"


@given(
    st.none() | st.text(max_size=30) | st.sampled_from([*KNOWN]),
    st.sampled_from([*map(str, Category), "NONE"]),
    st.sampled_from([*map(str, Severity), "NONE"]),
)
@settings(max_examples=200)
def test_there_always_is_one(name, category, severity):
    for book in (SHARED, SMALL):
        found = book.match(name, category, severity)
        assert found.runbook.steps
        assert found == book.match(name, category, severity)


def test_the_order_of_runbooks_decides_nothing():
    backwards = Book(reversed(PRODUCT))
    for category in Category:
        for severity in Severity:
            assert backwards.match("NEW_THING", category, severity) == (
                SHARED.match("NEW_THING", category, severity)
            )


def test_frames_and_single_findings_get_the_same_runbook():
    names = [*KNOWN, "GEOFENCE_BREACH", "PANIC_PRESSED", "WHAT_IS_THIS", None]
    cases = categorised(pl.DataFrame({"type": names * 3, "z_score": [0.0, 7.0, 11.0] * len(names)}))
    found = SHARED.matched(cases)
    assert found.drop("runbook", "runbook_level").equals(cases)
    singles = [SHARED.match(*row) for row in cases.select("type", "category", "severity").rows()]
    assert found["runbook"].to_list() == [match.runbook.id for match in singles]
    assert found["runbook_level"].to_list() == [match.level for match in singles]
    assert SHARED.matched(cases.head(0)).height == 0


def test_a_hundred_thousand_findings_are_matched_without_looking_each_one_up():
    """Whatever the machine: the work grows with the kinds of findings, not with their number."""
    calls = []

    class Counted(Book):
        def match(self, *case):
            calls.append(case)
            return super().match(*case)

    names = [*KNOWN]
    cases = categorised(pl.DataFrame({"type": names * (100_000 // len(names))}))
    found = Counted(PRODUCT).matched(cases)
    assert found["runbook"].null_count() == 0
    assert len(calls) == len(names)


def test_two_runbooks_for_one_type_or_with_one_id_are_refused():
    with pytest.raises(RunbookError, match="R1 and R9 both claim TOUR_OVERDUE"):
        Book([runbook("R1", "TOUR_OVERDUE"), runbook("R9", "TOUR_OVERDUE")])
    with pytest.raises(RunbookError, match="two runbooks have the id R1"):
        Book([runbook("R1", "TOUR_OVERDUE"), runbook("R1", "DOOR_STUCK")])


def test_a_book_without_a_generic_runbook_is_refused():
    with pytest.raises(RunbookError, match="no runbook for GENERIC"):
        Book([runbook("R1", "TOUR_OVERDUE")])


def test_every_row_of_a_runbook_is_plain_data_and_says_all_of_it():
    rows = [as_row(found) for found in PRODUCT]
    assert json.loads(json.dumps(rows)) == rows
    by_code = {row["code"]: row for row in rows}
    assert len(by_code) == 27
    assert by_code["R01"]["escalation_sla_min"] == 15
    assert len(by_code["R05"]["steps"]) == 6
    assert by_code["R23"]["auto_actions"][0]["highest_mode"] == "approve"


@pytest.mark.parametrize("highest", Mode)
def test_an_action_is_off_until_enabled_and_never_exceeds_its_highest_mode(highest):
    order = [*Mode]
    action = AutoAction("notify_person", "message the guard", highest)
    assert action.mode(None) is None
    for enabled in Mode:
        assert order.index(action.mode(enabled)) == min(order.index(enabled), order.index(highest))


def _cpu_ms(call, times=200):
    start = process_time()
    for _ in range(times):
        call()
    return (process_time() - start) / times * 1000


def test_every_level_keeps_far_within_its_time():
    """Processor time, and limits a hundred times what is needed: no slow machine fails here."""
    assert _cpu_ms(lambda: SHARED.match("TOUR_OVERDUE", "SECURITY", "HIGH")) < 0.1
    assert _cpu_ms(lambda: SHARED.match("FENCE_CUT", "SECURITY", "HIGH")) < 30
    assert _cpu_ms(lambda: SHARED.match("FENCE_CUT", "SECURITY", "LOW")) < 30
    assert _cpu_ms(lambda: SHARED.match("WHAT_IS_THIS", "OPERATIONAL", "HIGH")) < 30


def test_recommendations_are_the_steps_in_order_and_then_what_can_help():
    actions = [
        AutoAction("notify_person", "message the guard", Mode.AUTO),
        AutoAction("open_ticket", "ticket", Mode.APPROVE, when="after 30 minutes"),
    ]
    assert recommended(["Look.", "Act."], "controller", actions) == (
        {"order": 1, "do": "Look.", "by": "controller"},
        {"order": 2, "do": "Act.", "by": "controller"},
        {
            "order": 3,
            "do": "message the guard",
            "action": "notify_person",
            "highest_mode": "auto",
        },
        {
            "order": 4,
            "do": "ticket",
            "action": "open_ticket",
            "highest_mode": "approve",
            "when": "after 30 minutes",
        },
    )
