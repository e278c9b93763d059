"""What each role sees of evidence; nothing private reaches a role without the class for it (U05)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.findings.canaries import CANARIES, NAMES
from vigia.domain.dictionary import TABLES
from vigia.domain.findings.evidence import EVIDENCE, RedactionClass
from vigia.domain.findings.personal_data import Scanner
from vigia.domain.findings.redaction import FIELDS, HIDDEN, VISIBLE, class_of, redacted

SNAPSHOT = {
    "persons": [
        {
            "person_id": "277ab5c6-4e0d-8b3c-b228-713ca4a2ce60",
            "initials": "RK",
            "last_event_at": "2026-03-01T22:05:00+00:00",
            "position": {"lat": 52.52001, "lon": 13.40495, "accuracy_m": 12.0},
            "battery_pct": 4,
            "note": "ask Asha Rao",
            "face_score": 0.93,
        }
    ],
    "count": 1,
    "site": "S0007",
}
BY_CLASS = {
    level: [name for name, known in FIELDS.items() if known is level] for level in RedactionClass
}
PLAIN_VALUES = st.integers() | st.booleans() | st.none() | st.sampled_from(["in_progress", "S0007"])
ROLES = (*VISIBLE, "stranger")
SCANNER = Scanner(NAMES)


def _snapshots():
    """Nested evidence: any field may hold a canary, at any depth, alone, in a list or in a mapping."""
    names = st.sampled_from([*FIELDS, "person_id", "corrected_by", "last_seen_at", "what_is_this"])
    canaries = st.sampled_from([canary.text for canary in CANARIES])
    return st.recursive(
        st.dictionaries(
            names, canaries | PLAIN_VALUES | st.lists(canaries, max_size=2), max_size=5
        ),
        lambda inner: st.dictionaries(names, inner | st.lists(inner, max_size=2), max_size=3),
        max_leaves=4,
    )


TEN = st.lists(_snapshots(), min_size=10, max_size=10)
KINDS = st.sampled_from(sorted(EVIDENCE))


@given(TEN, KINDS)
@settings(max_examples=40)
def test_no_canary_reaches_a_role_without_the_class_of_its_field(snapshots, kind):
    for snapshot in snapshots:
        _look(snapshot, kind)


@pytest.mark.slow
@given(TEN, KINDS)
@settings(max_examples=500)
def test_no_canary_gets_through_in_five_thousand_cases(snapshots, kind):
    for snapshot in snapshots:
        _look(snapshot, kind)


def _look(snapshot, kind):
    for role in ROLES:
        allowed = VISIBLE.get(role, frozenset())
        for name, value in _leaves(redacted(kind, snapshot, role, SCANNER)):
            level = class_of(name)
            assert value == HIDDEN or level in allowed, (role, name, value)
            if level is RedactionClass.PLAIN and isinstance(value, str):
                reads = RedactionClass.CONTENT in allowed
                assert reads or SCANNER.hits(value) == (), (role, name, value)
    assert redacted(kind, snapshot, "stranger", SCANNER) == {}


def _leaves(value, name=""):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, name)
    else:
        yield name, value


def test_the_desk_sees_what_it_needs_and_no_biometrics():
    (person,) = redacted("last_signals", SNAPSHOT, "controller")["persons"]
    assert person == SNAPSHOT["persons"][0] | {"face_score": HIDDEN}


def test_a_role_without_the_class_of_a_kind_sees_nothing_of_it():
    for role in ("client_contact", "technician", "guard", "stranger"):
        assert redacted("last_signals", SNAPSHOT, role) == {}
        assert redacted("trail", {"count": 3}, role) == {}
    assert redacted("no_such_kind", SNAPSHOT, "controller") == {}


def test_compliance_sees_who_and_what_was_said_but_neither_where_nor_how_to_reach_them():
    seen = redacted("last_signals", SNAPSHOT, "compliance")
    (person,) = seen["persons"]
    assert person["initials"] == "RK"
    assert person["note"] == "ask Asha Rao"
    assert person["position"] == HIDDEN
    assert redacted("contact_log", {"count": 1}, "compliance") == {}


def test_a_client_sees_plain_figures_and_no_people():
    seen = redacted("backlog", SNAPSHOT, "client_contact")
    assert seen == {"persons": HIDDEN, "count": 1, "site": "S0007"}


def test_what_nobody_classified_is_hidden_with_its_name():
    assert redacted("finding", {"asha rao": 1, "count": 2}, "controller") == {
        HIDDEN: HIDDEN,
        "count": 2,
    }


@pytest.mark.parametrize(
    "text", ["ask the guard", "Ravi", "+91 98450 12345", "52.52001, 13.40495", "రవి", "x" * 65]
)
def test_a_sentence_or_a_name_in_a_plain_field_is_not_plain(text):
    assert redacted("finding", {"status": text}, "client_contact") == {"status": HIDDEN}
    assert redacted("finding", {"status": text}, "controller") == {"status": text}


@pytest.mark.parametrize(
    "text", ["in_progress", "S0007", "Pixel 7", "2026-03-01T22:05:00+00:00", "x" * 64]
)
def test_codes_states_and_instants_are_plain(text):
    assert redacted("finding", {"status": text}, "client_contact") == {"status": text}


def test_known_names_are_hidden_in_plain_fields_in_any_case():
    seen = redacted("finding", {"status": "ravi"}, "client_contact", Scanner(["Ravi Kumar"]))
    assert seen == {"status": HIDDEN}


def test_values_that_are_not_plain_data_are_hidden():
    odd = {"count": b"bytes", "n": {1, 2}, "version": object(), "slot": datetime.now(UTC).date()}
    seen = redacted("finding", odd, "controller")
    assert seen == {"count": HIDDEN, "n": HIDDEN, "version": HIDDEN, "slot": odd["slot"]}


def test_redaction_leaves_what_was_stored_alone_and_keeps_its_shape():
    before = json.dumps(SNAPSHOT)
    seen = redacted("backlog", SNAPSHOT, "client_contact")
    assert json.dumps(SNAPSHOT) == before
    assert seen.keys() == SNAPSHOT.keys()
    assert redacted("finding", {"device_id": UUID(int=5)}, "guard") == {"device_id": UUID(int=5)}


def test_every_role_that_people_have_is_decided_about():
    assert set(VISIBLE) == set(TABLES["person"].column("role").states)


def test_every_class_but_biometrics_is_seen_by_somebody_and_every_kind_has_one():
    seen = frozenset().union(*VISIBLE.values())
    assert seen == set(RedactionClass) - {RedactionClass.BIOMETRIC}
    assert all(names for names in BY_CLASS.values())
    assert all(isinstance(level, RedactionClass) and text for level, text in EVIDENCE.values())
