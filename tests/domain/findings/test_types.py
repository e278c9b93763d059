"""The words of a finding and its key (architecture: identity)."""

from __future__ import annotations

import operator
from datetime import UTC, datetime, timedelta, timezone
from itertools import product

import polars as pl
import pytest

from vigia.domain.findings.types import (
    SEVERITIES,
    SEVERITY,
    ScopeKind,
    Severity,
    dedup_key,
    episode_start,
    finding_id,
)
from vigia.domain.identity import tenant_id

ACME = tenant_id("acme")
TRUE_AT = datetime(2026, 3, 1, 10, 7, 30, tzinfo=UTC)
START = episode_start(TRUE_AT)


def _id(**changed):
    key = {
        "tenant": ACME,
        "finding_type": "TOUR_OVERDUE",
        "scope_kind": ScopeKind.TOUR_RUN,
        "scope_id": "run-1",
        "start": START,
    }
    return finding_id(**(key | changed))


def test_severities_are_ordered_by_how_bad_they_are_and_not_by_the_alphabet():
    assert [str(s) for s in SEVERITIES] == ["INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL"]
    for (i, one), (j, other) in product(enumerate(SEVERITIES), repeat=2):
        for compare in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq):
            assert compare(one, other) == compare(i, j)
        assert max(one, other) is SEVERITIES[max(i, j)]
    assert Severity.LOW < "CRITICAL"
    column = pl.Series(["CRITICAL", "LOW", "HIGH"], dtype=SEVERITY)
    assert column.sort().to_list() == ["LOW", "HIGH", "CRITICAL"]


def test_a_step_stays_within_the_scale():
    assert Severity.MEDIUM.stepped(1) is Severity.HIGH
    assert Severity.CRITICAL.stepped(1) is Severity.CRITICAL
    assert Severity.INFO.stepped(-1) is Severity.INFO


def test_an_episode_starts_with_the_slot_of_its_first_true_evaluation():
    assert datetime(2026, 3, 1, 10, 5, tzinfo=UTC) == START
    assert episode_start(START) == START
    assert episode_start(TRUE_AT.astimezone(timezone(timedelta(hours=5, minutes=30)))) == START


def test_every_evaluation_within_the_slot_names_the_same_finding():
    moments = [START + timedelta(seconds=s) for s in range(0, 300, 7)]
    assert {_id(start=episode_start(at)) for at in moments} == {_id()}
    assert _id(start=START.astimezone(timezone(timedelta(hours=-3)))) == _id()


@pytest.mark.parametrize(
    "changed",
    [
        {"tenant": tenant_id("globex")},
        {"finding_type": "SLA_BREACH"},
        {"scope_kind": ScopeKind.TASK},
        {"scope_id": "run-2"},
        {"start": START + timedelta(minutes=5)},
    ],
)
def test_tenant_type_scope_and_start_each_name_another_finding(changed):
    assert _id(**changed) != _id()


def test_the_id_of_a_finding_never_changes_between_releases():
    assert str(_id()) == "277ab5c6-4e0d-8b3c-b228-713ca4a2ce60"


def test_a_moment_within_a_slot_cannot_name_an_episode():
    with pytest.raises(ValueError, match="not the start of a 5-minute slot"):
        _id(start=TRUE_AT)
    with pytest.raises(ValueError, match="not the start of a 5-minute slot"):
        _id(start=START.replace(tzinfo=None))


def test_the_key_for_people_says_what_is_meant():
    key = dedup_key("TOUR_OVERDUE", ScopeKind.TOUR_RUN, "run-1", START)
    assert key == "TOUR_OVERDUE|tour_run|run-1|2026-03-01T10:05:00+00:00"
