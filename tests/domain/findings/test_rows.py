"""Episodes become findings: named, worded without personal data, with a runbook and a version."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
import polars as pl
import pytest

from vigia.config.runbooks import product_runbooks
from vigia.domain.findings.episodes import EPISODES
from vigia.domain.findings.patterns import PATTERNS
from vigia.domain.findings.patterns.k01_silent_site import PATTERN
from vigia.domain.findings.personal_data import ANYBODY
from vigia.domain.findings.rows import FINDINGS, Names, findings, policy_version
from vigia.domain.findings.runbooks import Book
from vigia.domain.findings.types import ScopeKind, finding_id
from vigia.domain.identity import name_uuid, tenant_id

TENANT = tenant_id("acme")
AT = datetime(2026, 3, 1, 10, 5, tzinfo=UTC)
SITE, PERSON = str(UUID(int=1)), str(UUID(int=2))
SHIPPED = product_runbooks()
SHELF = (Book(SHIPPED), {runbook: name_uuid("book", runbook.id) for runbook in SHIPPED})
NAMES = Names({SITE: "S0001"}, {PERSON: "AR"})
SILENT = "CORRELATION_SILENT_SITE"


def episode(kind=SILENT, **changes):
    """An episode of the site, as detection leaves it."""
    row = {
        "pattern": "K01",
        "type": kind,
        "scope_kind": "site",
        "scope_id": SITE,
        "site_id": SITE,
        "episode_start": AT,
        "window_from": AT - timedelta(hours=1),
        "detected_at": AT,
        "seen_at": AT + timedelta(minutes=10),
        "severity": "CRITICAL",
        "evidence_state": "confirmed",
        "evidence_at": AT,
        "figures": '{"minutes without a sign": 61.7, "people on duty for the whole window": 2.0}',
        "inhibited_by": None,
        "is_muted": False,
    }
    return row | changes


def made(*rows):
    """Findings of some episodes, as one dictionary each."""
    extra = {"inhibited_by": pl.String(), "is_muted": pl.Boolean()}
    schema = {**EPISODES, **extra}
    frame = pl.DataFrame([{n: row.get(n) for n in schema} for row in rows], schema=schema)
    found = findings(TENANT, frame, PATTERNS, SHELF, NAMES)
    assert found.schema == FINDINGS
    return found.to_dicts()


def test_a_finding_has_the_id_of_its_episode_and_the_words_of_its_type():
    (found,) = made(episode())
    expected = finding_id(TENANT, SILENT, ScopeKind.SITE, SITE, AT)
    assert found["finding_id"] == str(expected)
    assert found["dedup_key"] == f"{SILENT}|site|{SITE}|{AT.isoformat()}"
    assert found["message"] == "Nothing has come from site S0001 for 1 h 1 min; 2 on duty."
    assert (found["category"], found["state"]) == ("OPERATIONAL", "new")


def test_it_gets_the_runbook_of_its_type_and_its_steps():
    (found,) = made(episode())
    runbook = next(r for r in SHIPPED if r.id == "R05")
    assert found["runbook_id"] == str(SHELF[1][runbook])
    assert [s["do"] for s in orjson.loads(found["recommended"])][: len(runbook.steps)] == list(
        runbook.steps
    )


def test_a_type_that_nobody_declared_gets_a_runbook_too():
    (found,) = made(episode("SOMETHING_ODD", severity="LOW"))
    assert found["runbook_id"]
    assert found["message"] == "Something at site S0001 needs a look, since 2026-03-01 09:05 UTC."


def test_it_lasts_until_it_was_seen_last_or_has_cleared():
    going, over = made(episode(), episode(cleared_at=AT + timedelta(minutes=25)))
    assert going["window_to"] == AT + timedelta(minutes=10)
    assert over["window_to"] == over["cleared_at"] == AT + timedelta(minutes=25)


def test_what_explains_it_is_named_by_its_id_and_mutes_it_while_it_is_open():
    parent = f"NETWORK_OUTAGE|region|north|{AT:%Y-%m-%d %H:%M:%S.%f}+00:00"
    open_, over = made(
        episode(inhibited_by=parent, is_muted=True), episode(inhibited_by=parent, is_muted=False)
    )
    named = str(finding_id(TENANT, "NETWORK_OUTAGE", ScopeKind.REGION, "north", AT))
    assert (open_["inhibited_by"], open_["state"]) == (named, "suppressed")
    assert (over["inhibited_by"], over["state"]) == (named, "new")


def test_a_call_for_help_is_never_muted():
    parent = f"NETWORK_OUTAGE|region|north|{AT:%Y-%m-%d %H:%M:%S.%f}+00:00"
    distress = episode("CORRELATION_GUARD_DISTRESS", inhibited_by=parent, is_muted=True)
    assert made(distress)[0]["state"] == "new"


def test_people_are_named_by_initials_and_things_without_a_code_not_at_all():
    person = episode(
        "CORRELATION_GUARD_DISTRESS", scope_kind="person", scope_id=PERSON, person_id=PERSON
    )
    tour = episode("TOUR_OVERDUE", scope_kind="tour_run", scope_id=str(UUID(int=9)))
    first, second = made(person, tour)
    assert first["message"].startswith("Guard AR at site S0001 may need help")
    assert second["message"].startswith("A tour at site S0001 is")
    assert not any(ANYBODY.hits(found["message"]) for found in (first, second))


@pytest.mark.parametrize(
    ("state", "least", "most"),
    [("provisional", 0.3, 0.7), ("confirmed", 0.8, 1), ("retracted", 0, 0.2)],
)
def test_it_is_as_sure_as_its_data(state, least, most):
    (found,) = made(episode(evidence_state=state))
    assert least <= found["confidence"] <= most


def test_the_version_of_a_policy_changes_with_every_number_and_with_nothing_else():
    same = replace(PATTERN, policy=replace(PATTERN.policy))
    other = PATTERN.with_policy({"window_min": PATTERN.policy.window_min + 1})
    assert policy_version(same) == policy_version(PATTERN) != policy_version(other)
    assert len({policy_version(pattern) for pattern in PATTERNS}) == len(PATTERNS)
    assert made(episode())[0]["policy_version"] == policy_version(PATTERN)


def test_no_episode_is_no_finding():
    assert made() == []
