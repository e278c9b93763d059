"""Category and severity of every finding: golden tables and what must hold for all (U12, U13)."""

from __future__ import annotations

import string
from itertools import pairwise
from time import process_time

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigia.domain.findings.categorise import (
    MAX_NAME,
    _resolved,
    categorise,
    categorised,
    resolve,
)
from vigia.domain.findings.known import (
    ALIASES,
    GENERIC,
    KNOWN,
    TYPES,
    anomaly_type,
    critical_signal_type,
)
from vigia.domain.findings.severity import Context, SeverityRules
from vigia.domain.findings.types import Category, ScopeKind, Severity
from vigia.domain.metrics.builtin import BUILT_IN

GOLDEN = """
TOUR_OVERDUE                          SECURITY       HIGH
CORRELATION_TOUR_ABANDONMENT          SECURITY       HIGH
CHECKPOINT_COVERAGE_LOW               SECURITY       MEDIUM
CORRELATION_PHANTOM_GUARD             SECURITY       MEDIUM
CORRELATION_SILENT_SITE               OPERATIONAL    CRITICAL
SILENT_SITE_SUSPECT                   OPERATIONAL    HIGH
CORRELATION_SLA_STORM                 OPERATIONAL    CRITICAL
SLA_STORM_EMERGING                    OPERATIONAL    HIGH
SLA_BREACH                            OPERATIONAL    HIGH
FIELD_SUPPORT_DELAYED                 OPERATIONAL    MEDIUM
CRITICAL_SIGNAL_PHONE_EVENTS_LOW      DEVICE_HEALTH  HIGH
CRITICAL_SIGNAL_LOCATION_UPDATES_LOW  DEVICE_HEALTH  HIGH
CRITICAL_SIGNAL_TOUR_COMPLETION_LOW   SECURITY       HIGH
CORRELATION_DEVICE_GPS_FAILURE        DEVICE_HEALTH  HIGH
CORRELATION_DEVICE_PHONE_FAILURE      DEVICE_HEALTH  HIGH
GPS_JAMMING_SUSPECT                   SECURITY       HIGH
COMPLIANCE_REPORT_MISSING             COMPLIANCE     HIGH
COMPLIANCE_REPORT_NEVER_GENERATED     COMPLIANCE     CRITICAL
DAILY_REPORT_MISSING                  COMPLIANCE     MEDIUM
ANOMALY_PHONE_EVENTS_BELOW            OPERATIONAL    MEDIUM
ANOMALY_TOUR_CHECKPOINTS_BELOW        SECURITY       HIGH
ANOMALY_TASKS_COMPLETED_BELOW         OPERATIONAL    MEDIUM
EMERGENCY_ESCALATION_DELAYED          SAFETY         CRITICAL
EMERGENCY_TICKET_UNASSIGNED           SAFETY         CRITICAL
CORRELATION_GUARD_DISTRESS            SAFETY         CRITICAL
CORRELATION_RESOURCE_SHORTAGE         OPERATIONAL    MEDIUM
CORRELATION_COVERAGE_GAP              OPERATIONAL    HIGH
CHECKIN_MISSING                       OPERATIONAL    LOW
CORRELATION_ESCALATION_CHAIN_BREAK    OPERATIONAL    HIGH
ESCALATION_CHAIN_HOLE                 OPERATIONAL    MEDIUM
NETWORK_OUTAGE                        DEVICE_HEALTH  HIGH
OFF_HOURS_ACTIVITY                    SECURITY       MEDIUM
GENERIC                               OPERATIONAL    MEDIUM
"""
BY_TYPE = {
    line.split()[0]: (Category(line.split()[1]), Severity(line.split()[2]))
    for line in GOLDEN.strip().splitlines()
}
BY_CONTEXT = [
    ("TOUR_OVERDUE", {"overdue_minutes": 119}, "SECURITY", "HIGH"),
    ("TOUR_OVERDUE", {"overdue_minutes": 120}, "SECURITY", "CRITICAL"),
    ("TOUR_OVERDUE", {"delay_min": 5, "overdue_minutes": 120}, "SECURITY", "CRITICAL"),
    ("TOUR_OVERDUE", {"priority": "P4", "overdue_minutes": 120}, "SECURITY", "CRITICAL"),
    ("FIELD_SUPPORT_DELAYED", {"delay_minutes": 7 * 24 * 60}, "OPERATIONAL", "HIGH"),
    ("SLA_BREACH", {"priority": "P1"}, "OPERATIONAL", "CRITICAL"),
    ("SLA_BREACH", {"priority": "P3"}, "OPERATIONAL", "HIGH"),
    ("SLA_BREACH", {"priority": "P4"}, "OPERATIONAL", "MEDIUM"),
    ("SLA_BREACH", {"priority": "P4", "delay_min": 1440}, "OPERATIONAL", "CRITICAL"),
    ("CORRELATION_GUARD_DISTRESS", {"priority": "P4"}, "SAFETY", "CRITICAL"),
    ("CORRELATION_SILENT_SITE", {"priority": "P4"}, "OPERATIONAL", "CRITICAL"),
    ("ANOMALY_PHONE_EVENTS_BELOW", {"z_score": -5.9}, "OPERATIONAL", "MEDIUM"),
    ("ANOMALY_PHONE_EVENTS_BELOW", {"z_score": -6.0}, "OPERATIONAL", "HIGH"),
    ("ANOMALY_PHONE_EVENTS_BELOW", {"z_score": -10.0}, "OPERATIONAL", "CRITICAL"),
    ("CORRELATION_ESCALATION_CHAIN_BREAK", {"subject_severity": "MEDIUM"}, "OPERATIONAL", "HIGH"),
    ("CORRELATION_ESCALATION_CHAIN_BREAK", {"subject_severity": "HIGH"}, "OPERATIONAL", "CRITICAL"),
    ("CORRELATION_ESCALATION_CHAIN_BREAK", {"crisis": True}, "SAFETY", "CRITICAL"),
    ("SLA_BREACH", {"crisis": True}, "OPERATIONAL", "HIGH"),
    ("COMPLIANCE_REPORT_MISSING", {"delay_min": 1440}, "COMPLIANCE", "CRITICAL"),
    ("GENERIC", {"z_score": 7, "delay_min": 10**9}, "OPERATIONAL", "HIGH"),
]
BY_WORDS = [
    ("PANIC_BUTTON_PRESSED", "SAFETY", "CRITICAL"),
    ("LONE_WORKER_OVERDUE", "SAFETY", "HIGH"),
    ("EMERGENCY_EXIT_OPEN", "SAFETY", "CRITICAL"),
    ("GEOFENCE_BREACH", "SECURITY", "MEDIUM"),
    ("ACCESS_DENIED_REPEATED", "SECURITY", "MEDIUM"),
    ("CHECKPOINTS_SKIPPED", "SECURITY", "MEDIUM"),
    ("DEVICE_OFFLINE", "DEVICE_HEALTH", "MEDIUM"),
    ("GPS_DRIFT", "DEVICE_HEALTH", "MEDIUM"),
    ("BATTERY_LOW", "DEVICE_HEALTH", "MEDIUM"),
    ("ATTENDANCE_IRREGULAR", "COMPLIANCE", "MEDIUM"),
    ("LEGAL_NOTICE_PENDING", "COMPLIANCE", "MEDIUM"),
    ("TASKS_DELAYED", "OPERATIONAL", "MEDIUM"),
    ("WORK_ORDERS_PILING_UP", "OPERATIONAL", "MEDIUM"),
    ("PRODUCTIVITY_LOW", "OPERATIONAL", "MEDIUM"),
]
DELAYS = st.floats(-1e6, 1e9, allow_nan=False) | st.just(float("inf"))
NAMES = (*KNOWN, *(name for name, *_ in BY_WORDS), "ANOMALY_BATTERY_PCT_BELOW", "WHAT_IS_THIS")
CONTEXTS = st.fixed_dictionaries(
    {},
    optional={
        "delay_min": DELAYS,
        "z_score": st.floats(-20, 20) | st.just(float("nan")),
        "priority": st.sampled_from(["P1", "P2", "P3", "P4", "urgent"]),
        "subject_severity": st.sampled_from([*map(str, Severity), "awful"]),
        "crisis": st.booleans(),
    },
)


@pytest.mark.parametrize("name", BY_TYPE)
def test_every_known_type_has_its_category_and_severity(name):
    assert categorise(name) == BY_TYPE[name]


def test_the_golden_table_names_every_known_type():
    assert set(BY_TYPE) == set(KNOWN)
    assert len(KNOWN) == len(TYPES)


@pytest.mark.parametrize(("name", "context", "category", "severity"), BY_CONTEXT)
def test_context_moves_severity_as_the_golden_table_says(name, context, category, severity):
    assert categorise(name, context) == (category, severity)


@pytest.mark.parametrize(("name", "category", "severity"), BY_WORDS)
def test_the_words_of_an_undeclared_type_tell_its_category(name, category, severity):
    assert name not in KNOWN
    assert categorise(name) == (category, severity)


def test_the_first_word_that_matters_is_a_whole_word():
    assert resolve("WATERFALL_PUMP_STUCK").name == GENERIC
    assert resolve("TOURIST_GROUP").name == GENERIC
    assert resolve("MAN_UP_DOWN_MAN").name == GENERIC


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("TOUR_LATE", {0: "MEDIUM", 60: "HIGH", 120: "CRITICAL"}),
        ("LONE_WORKER_LATE", {0: "HIGH", 30: "CRITICAL"}),
        ("BATTERY_LATE", {0: "MEDIUM", 120: "HIGH"}),
        ("TASK_LATE", {0: "MEDIUM", 240: "HIGH", 1440: "CRITICAL"}),
        ("REPORT_LATE", {0: "MEDIUM", 1440: "HIGH", 10080: "CRITICAL"}),
    ],
)
def test_an_undeclared_type_becomes_worse_with_delay_as_its_category_says(name, changes):
    before = None
    for minutes, severity in changes.items():
        assert categorise(name, {"delay_min": minutes})[1] == severity
        if before is not None:
            assert categorise(name, {"delay_min": minutes - 1})[1] == before
        before = severity
    assert categorise(name, {"delay_min": 10**6})[1] == before


def test_a_crisis_that_nobody_reported_is_none_in_frames_either():
    frame = pl.DataFrame(
        {"type": ["CORRELATION_ESCALATION_CHAIN_BREAK"] * 3, "crisis": [True, False, None]}
    )
    assert categorised(frame)["category"].to_list() == ["SAFETY", "OPERATIONAL", "OPERATIONAL"]
    assert categorised(frame)["severity"].to_list() == ["CRITICAL", "HIGH", "HIGH"]


@pytest.mark.parametrize("metric", BUILT_IN, ids=lambda metric: metric.name)
def test_every_anomaly_of_every_metric_is_known(metric):
    for direction in ("BELOW", "ABOVE", "ABSENT"):
        found = resolve(anomaly_type(metric.name, direction))
        assert found.name == f"ANOMALY_{metric.name.upper()}_{direction}"
        worrying = "high" if direction == "ABOVE" else "low"
        if found.name not in KNOWN:
            worries = metric.concern in (worrying, "both")
            expected = Severity.MEDIUM if worries else Severity.LOW
            assert found.severity is expected
    signal = resolve(critical_signal_type(metric.name))
    assert (signal.severity, signal.scope) == (Severity.HIGH, ScopeKind.SITE)


def test_metrics_lend_their_anomalies_a_category():
    assert categorise("ANOMALY_PANIC_EVENTS_ABOVE") == ("SAFETY", "MEDIUM")
    assert categorise("ANOMALY_WELFARE_DUE_BELOW") == ("OPERATIONAL", "LOW")
    assert categorise("ANOMALY_BATTERY_PCT_BELOW")[0] == "DEVICE_HEALTH"
    assert categorise("ANOMALY_LOCATION_UPDATES_BELOW") == ("DEVICE_HEALTH", "MEDIUM")
    assert categorise("ANOMALY_ACCESS_DENIED_ABOVE") == ("SECURITY", "MEDIUM")
    assert categorise("ANOMALY_PRESENT_BELOW") == ("COMPLIANCE", "MEDIUM")
    assert categorise("ANOMALY_TOURS_MISSED_ABOVE") == ("SECURITY", "MEDIUM")
    assert categorise(anomaly_type("Temp. hall-3", "ABOVE")) == ("OPERATIONAL", "MEDIUM")


@pytest.mark.parametrize(("spelling", "meant"), ALIASES.items())
def test_a_pattern_may_be_named_with_or_without_its_prefix(spelling, meant):
    assert resolve(spelling) is KNOWN[meant]
    assert resolve(spelling.lower().replace("_", " ")) is KNOWN[meant]


@given(st.none() | st.integers() | st.text(max_size=200) | st.binary(max_size=50))
@settings(max_examples=200)
def test_no_name_is_an_error(name):
    found = resolve(name)
    assert found.category in Category
    assert len(found.name) <= MAX_NAME


@given(st.text(alphabet=string.ascii_uppercase, min_size=20, max_size=30))
@settings(max_examples=100)
def test_a_type_that_nobody_knows_is_operational_and_generic(name):
    assert resolve(name) is KNOWN[GENERIC]
    assert categorise(name) == ("OPERATIONAL", "MEDIUM")


@given(CONTEXTS, st.lists(DELAYS, min_size=2, max_size=6))
@settings(max_examples=100)
def test_severity_never_falls_as_a_delay_grows(context, delays):
    delays += [59, 60, 119, 120, 1439, 1440]
    without = {key: value for key, value in context.items() if key != "delay_min"}
    for name in NAMES:
        known = [categorise(name, without)]
        known += [categorise(name, context | {"delay_min": delay}) for delay in sorted(delays)]
        assert all(milder[1] <= worse[1] for milder, worse in pairwise(known))
        assert len({category for category, _ in known}) == 1


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=8))
@settings(max_examples=50)
def test_severity_never_falls_as_a_deviation_grows(deviations):
    for name in NAMES:
        known = [categorise(name, {"z_score": z})[1] for z in sorted(deviations, key=abs)]
        assert known == sorted(known)


@given(
    st.lists(
        st.tuples(st.sampled_from(NAMES) | st.text(max_size=30) | st.none(), CONTEXTS), max_size=40
    )
)
@settings(max_examples=60)
def test_frames_and_single_findings_agree(cases):
    columns = {
        "delay_min": pl.Float64,
        "z_score": pl.Float64,
        "priority": pl.String,
        "subject_severity": pl.String,
        "crisis": pl.Boolean,
    }
    rows = [{"type": name, **context} for name, context in cases]
    frame = pl.DataFrame(rows, schema={"type": pl.String, **columns})
    found = categorised(frame)
    assert found.drop("category", "severity").equals(frame)
    pairs = list(zip(found["category"], found["severity"], strict=True))
    assert pairs == [(str(c), str(s)) for c, s in (categorise(n, x) for n, x in cases)]


def test_a_frame_needs_nothing_but_the_type():
    found = categorised(pl.DataFrame({"type": ["SLA_BREACH", "TOUR_OVERDUE", "SLA_BREACH"]}))
    assert found["severity"].to_list() == ["HIGH"] * 3
    assert categorised(found).equals(found)
    assert categorised(found.head(0)).height == 0


def test_what_means_nothing_in_a_context_is_passed_over():
    odd = {"delay_min": True, "overdue_min": "120", "z_score": None, "priority": 1, "crisis": 1}
    assert Context.of(odd) == Context()
    assert Context.of({"z_score": float("nan"), "subject_severity": "awful"}) == Context()


def test_rules_that_make_a_larger_deviation_milder_are_refused():
    with pytest.raises(ValueError, match="z_steps has to rise"):
        SeverityRules(z_steps=((6.0, 2), (10.0, 1)))
    with pytest.raises(ValueError, match="z_steps has to rise"):
        SeverityRules(z_steps=((6.0, -1),))


def test_other_rules_change_severity_without_touching_types():
    rules = SeverityRules(z_steps=((3.0, 1),), priority_steps={})
    assert categorise("ANOMALY_PHONE_EVENTS_BELOW", {"z_score": 3}, rules)[1] == "HIGH"
    assert categorise("SLA_BREACH", {"priority": "P1"}, rules)[1] == "HIGH"
    frame = pl.DataFrame({"type": ["ANOMALY_PHONE_EVENTS_BELOW"], "z_score": [3.0]})
    assert categorised(frame, rules)["severity"].item() == "HIGH"


def test_safety_flags_are_on_the_patterns_that_never_wait_for_late_data():
    flagged = {name for name, found in KNOWN.items() if found.is_safety_flagged}
    assert flagged == {
        "CORRELATION_SILENT_SITE",
        "SILENT_SITE_SUSPECT",
        "CORRELATION_GUARD_DISTRESS",
        "CORRELATION_COVERAGE_GAP",
        "CORRELATION_ESCALATION_CHAIN_BREAK",
    }


def test_a_name_without_end_is_cut():
    assert len(resolve("TOUR_" + "Ω" * 10**6).name) <= MAX_NAME


def _cpu_ms(call, times=200):
    start = process_time()
    for _ in range(times):
        call()
    return (process_time() - start) / times * 1000


def test_every_path_keeps_far_within_its_time():
    """Processor time, and limits a hundred times what is needed: no slow machine fails here."""
    assert _cpu_ms(lambda: _resolved.__wrapped__("GEOFENCE_BREACH")) < 1
    assert _cpu_ms(lambda: categorise("GEOFENCE_BREACH")) < 1
    context = {"overdue_minutes": 120, "z_score": 3.0, "priority": "P2"}
    assert _cpu_ms(lambda: categorise("TOUR_OVERDUE", context)) < 5
    cases = pl.DataFrame({"type": [*KNOWN] * 3000, "delay_min": [30.0] * 3000 * len(KNOWN)})
    assert _cpu_ms(lambda: categorised(cases), times=1) < cases.height / 100_000 * 1000
