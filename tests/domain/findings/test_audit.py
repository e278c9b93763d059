"""Which audits are due: none missed, none twice, and what each of them looks for (U01, U02)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigia.domain.findings.audit import (
    CATCH_UP,
    DEFAULT,
    LEDGER,
    Cadence,
    Due,
    Schedule,
    Threshold,
    cadence_of,
    due,
    newest_slot,
    patterns_of,
)
from vigia.domain.findings.known import KNOWN
from vigia.domain.findings.patterns import PATTERNS
from vigia.domain.findings.types import Category, Severity

NOW = datetime(2026, 3, 1, 10, 7, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CADENCES = list(Cadence)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-01T{text}+00:00")


def test_a_site_that_nobody_said_anything_about_is_audited_as_the_defaults_say():
    assert (
        Schedule(
            enabled=True,
            heartbeat_min=5,
            audit_min=15,
            deep_min=60,
            critical_signals=("phone_events", "location_updates", "tour_completion"),
            thresholds={"phone_events": Threshold(1, 60), "location_updates": Threshold(1, 60)},
            collect_evidence=True,
            alert_on_finding=True,
            alert_severity=Severity.MEDIUM,
        )
        == DEFAULT
        == Schedule()
    )


@pytest.mark.parametrize(
    ("cadence", "last", "slots"),
    [
        (Cadence.HEARTBEAT, "10:00", ["10:05"]),
        (Cadence.HEARTBEAT, "10:05", []),
        (Cadence.HEARTBEAT, "09:48", ["09:50", "09:55", "10:00", "10:05"]),
        (Cadence.COMPREHENSIVE, "09:30", ["09:45", "10:00"]),
        (Cadence.COMPREHENSIVE, "10:00", []),
        (Cadence.DEEP, "08:00", ["09:00", "10:00"]),
        (Cadence.DEEP, None, ["10:00"]),
        (Cadence.HEARTBEAT, "11:00", []),
    ],
)
def test_every_slot_since_the_last_one_is_due(cadence, last, slots):
    found = due(DEFAULT, cadence, at(last) if last else None, NOW)
    assert found == Due(tuple(map(at, slots)))


def test_a_slot_is_due_from_its_very_instant_on():
    last, slot = at("10:00"), at("10:05")
    assert due(DEFAULT, Cadence.HEARTBEAT, last, slot - timedelta(microseconds=1)) == Due()
    assert due(DEFAULT, Cadence.HEARTBEAT, last, slot) == Due((slot,))


def test_what_lies_too_far_back_is_told_as_missed_and_not_made_up_for():
    last = NOW - CATCH_UP - timedelta(hours=2)
    found = due(DEFAULT, Cadence.DEEP, last, NOW)
    assert len(found.missed) == 2
    assert len(found.slots) == CATCH_UP // timedelta(hours=1)
    assert max(found.missed) < NOW - CATCH_UP <= min(found.slots)


def test_a_clock_that_jumps_by_years_is_not_told_of_a_million_slots():
    found = due(DEFAULT, Cadence.HEARTBEAT, NOW - timedelta(days=3_650), NOW)
    assert len(found.missed) + len(found.slots) == LEDGER // timedelta(minutes=5)


def test_a_site_that_is_not_audited_has_nothing_due():
    assert due(Schedule(enabled=False), Cadence.HEARTBEAT, None, NOW) == Due()


def test_another_interval_has_another_grid():
    assert due(Schedule(heartbeat_min=10), Cadence.HEARTBEAT, at("09:55"), NOW).slots == (
        at("10:00"),
    )


@given(
    waits=st.lists(st.integers(min_value=0, max_value=5_000), min_size=1, max_size=40),
    cadence=st.sampled_from(CADENCES),
    minutes=st.integers(min_value=1, max_value=90),
)
def test_however_often_and_late_one_asks_every_slot_is_due_once(waits, cadence, minutes):
    """Waits in seconds between askings; each asking does what is due."""
    schedule = Schedule(heartbeat_min=minutes, audit_min=minutes, deep_min=minutes)
    now, done = NOW, [NOW - timedelta(hours=1)]
    for seconds in waits:
        now += timedelta(seconds=seconds)
        done.extend(due(schedule, cadence, done[-1], now).slots)
    step = timedelta(minutes=minutes)
    slots = done[1:]
    assert all(b - a == step for a, b in pairwise(slots))
    assert not slots or now - slots[-1] < step


def test_a_run_is_named_by_the_newest_slot_of_all_sites():
    sites = [(DEFAULT, at("10:05")), (DEFAULT, at("09:00")), (Schedule(enabled=False), None)]
    assert newest_slot(sites, Cadence.HEARTBEAT, NOW) == at("10:05")
    assert newest_slot([(DEFAULT, at("10:05"))], Cadence.HEARTBEAT, NOW) is None
    assert newest_slot([], Cadence.HEARTBEAT, NOW) is None


@pytest.mark.parametrize(
    ("kinds", "cadence"),
    [
        (["CORRELATION_SILENT_SITE", "SILENT_SITE_SUSPECT"], Cadence.HEARTBEAT),
        (["CORRELATION_GUARD_DISTRESS"], Cadence.HEARTBEAT),
        (["CHECKIN_MISSING", "CORRELATION_COVERAGE_GAP"], Cadence.HEARTBEAT),
        (["NETWORK_OUTAGE"], Cadence.HEARTBEAT),
        (["CRITICAL_SIGNAL_PHONE_EVENTS_LOW"], Cadence.HEARTBEAT),
        (["EMERGENCY_TICKET_UNASSIGNED"], Cadence.HEARTBEAT),
        (["CORRELATION_TOUR_ABANDONMENT"], Cadence.COMPREHENSIVE),
        (["TOUR_OVERDUE"], Cadence.COMPREHENSIVE),
        (["SOMETHING_NOBODY_KNOWS"], Cadence.COMPREHENSIVE),
        (["ESCALATION_CHAIN_HOLE"], Cadence.DEEP),
        (["COMPLIANCE_REPORT_MISSING"], Cadence.DEEP),
        (["ANOMALY_PHONE_EVENTS_BELOW"], Cadence.COMPREHENSIVE),
        ([], Cadence.COMPREHENSIVE),
    ],
)
def test_each_type_is_looked_for_in_one_cadence(kinds, cadence):
    assert cadence_of(kinds) is cadence


def test_whoever_may_be_in_danger_is_looked_for_in_every_heartbeat():
    for kind in KNOWN.values():
        if kind.category is Category.SAFETY or kind.is_safety_flagged:
            assert cadence_of([kind.name]) is Cadence.HEARTBEAT


def test_every_pattern_belongs_to_exactly_one_cadence():
    shared = [p for cadence in Cadence for p in patterns_of(cadence, PATTERNS)]
    assert sorted(p.code for p in shared) == sorted(p.code for p in PATTERNS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"heartbeat_min": 0},
        {"deep_min": -5},
        {"critical_signals": (), "thresholds": {"phone_events": Threshold(1, 60)}},
    ],
)
def test_a_schedule_that_cannot_be_kept_is_refused(wrong):
    with pytest.raises(ValueError, match=r"apart|critical signal"):
        Schedule(**wrong)
