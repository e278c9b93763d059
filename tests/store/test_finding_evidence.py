"""Evidence is stored once, shows each role what it may see, and outlives retention while needed."""

from __future__ import annotations

from itertools import product
from typing import Any
from uuid import UUID

import pytest

from tests.domain.findings.canaries import EMAILS, NAMES, PHONES, PLACES
from tests.store.raised import START, raised, rows
from tests.worker.recorded import TENANT, add_tenant
from vigia.domain.findings.evidence import EVIDENCE, RedactionClass
from vigia.domain.findings.redaction import HIDDEN, VISIBLE
from vigia.store.connection import Database, Role
from vigia.store.finding_evidence import Evidence, as_seen, evidence_of, store_evidence
from vigia.store.findings import store_findings

FOUND = raised()
PERSON = "7b1d9a4e-0000-8000-8000-000000000001"


@pytest.fixture
def company(database: Database) -> Database:
    add_tenant(database, START)
    with database.transaction(Role.WORKER) as connection:
        store_findings(connection, TENANT, rows(FOUND), at=START)
    return database


def piece(kind: str, snapshot: dict[str, Any], about: str = "") -> Evidence:
    finding = UUID(FOUND["finding_id"])
    return Evidence(finding, kind, snapshot, {"gps_fix": ["f1", "f2"]}, START, about)


def attach(company: Database, *pieces: Evidence) -> int:
    with company.transaction(Role.WORKER) as connection:
        return store_evidence(connection, TENANT, pieces)


def seen(company: Database, role: str) -> dict[str, Any]:
    with company.transaction(Role.APP, TENANT) as connection:
        found = evidence_of(connection, TENANT, UUID(FOUND["finding_id"]), role)
    return {piece.kind: piece.snapshot for piece in found}


def test_a_piece_of_evidence_stays_as_it_was_first_seen(company: Database) -> None:
    assert attach(company, piece("signal_counts", {"count": 0}), piece("roster", {})) == 2
    assert attach(company, piece("signal_counts", {"count": 7})) == 0
    assert seen(company, "controller")["signal_counts"] == {"count": 0}


def test_several_pieces_of_a_kind_are_told_apart_by_what_they_are_about(company: Database) -> None:
    pieces = [piece("last_signals", {"count": n}, f"person-{n}") for n in (1, 2)]
    assert attach(company, *pieces) == 2


def test_evidence_names_the_rows_it_was_taken_from(company: Database) -> None:
    attach(company, piece("trail", {"lat": 1.0}))
    with company.transaction(Role.APP, TENANT) as connection:
        (found,) = evidence_of(connection, TENANT, UUID(FOUND["finding_id"]), "controller")
    assert found.refs == {"gps_fix": ["f1", "f2"]}
    assert found.collected_at == START


def test_a_role_sees_the_kinds_it_may_and_nothing_of_others(company: Database) -> None:
    attach(
        company,
        piece("signal_counts", {"count": 3}),
        piece("trail", {"lat": 52.5, "lon": 13.4}),
        piece("last_signals", {"person": "AR", "count": 2}),
    )
    assert set(seen(company, "controller")) == {"signal_counts", "trail", "last_signals"}
    assert set(seen(company, "technician")) == {"signal_counts"}
    assert set(seen(company, "logistics")) == {"signal_counts", "last_signals"}
    assert seen(company, "stranger") == {}


def test_no_role_is_shown_personal_data_beyond_what_it_may_see(company: Database) -> None:
    """Every kind of evidence, role and field with every secret, plain and inside a list."""
    planted = {field: list(_SECRETS) for field in _LEVELS}
    told = {"count": 1, **planted, "steps": [planted]}
    attach(company, *(piece(kind, told) for kind in EVIDENCE))
    cases = 0
    for role in [*VISIBLE, "stranger", ""]:
        hidden = [f for f, level in _LEVELS.items() if level not in VISIBLE.get(role, ())]
        for kind, snapshot in seen(company, role).items():
            shown = [str(at[f]) for f in hidden for at in (snapshot, snapshot["steps"][0])]
            for text, secret in product(shown, _SECRETS):
                cases += 1
                assert secret not in text, (role, kind)
    assert cases > 5_000


_SECRETS = (*NAMES, *PHONES, *EMAILS, *PLACES)
_LEVELS = {
    "person": RedactionClass.PERSON,
    "phone": RedactionClass.CONTACT,
    "position": RedactionClass.LOCATION,
    "note": RedactionClass.CONTENT,
    "face_score": RedactionClass.BIOMETRIC,
}


def test_a_finding_shows_who_it_is_about_only_to_those_who_may_know() -> None:
    row = raised("CORRELATION_PHANTOM_GUARD", person_id=PERSON, figures={"moved_m": 3.0})
    row |= {"scope_kind": "person", "scope_id": PERSON, "dedup_key": f"x|person|{PERSON}|t"}
    row |= {"message": f"guard #{PERSON[:6]} at site S1"}
    assert as_seen(row, "controller")["person_id"] == PERSON
    for role in ("technician", "guard", "client_contact"):
        shown = as_seen(row, role)
        assert PERSON[:6] not in str(shown)
        assert shown["figures"] == {"moved_m": 3.0}
    assert set(as_seen(row, "stranger").values()) == {HIDDEN}


def test_evidence_of_another_company_is_not_there(company: Database) -> None:
    attach(company, piece("signal_counts", {"count": 0}))
    theirs = add_tenant(company, START, slug="other")
    with company.transaction(Role.APP, theirs) as connection:
        assert evidence_of(connection, TENANT, UUID(FOUND["finding_id"]), "controller") == []
