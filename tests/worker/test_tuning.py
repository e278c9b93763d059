"""What people say of findings moves thresholds, audits keep to them, and people can put them back."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from typer.testing import CliRunner

from tests.store.raised import START, raised, rows
from tests.worker.recorded import SITE, TENANT, add_tenant, set_clock
from vigia.cli.main import app
from vigia.config.settings import Settings
from vigia.domain.errors import VigiaError
from vigia.domain.findings.audit import Cadence
from vigia.domain.findings.detect import RULES
from vigia.domain.findings.lifecycle import Actor, Move, Party, Request
from vigia.domain.findings.pattern import Pattern
from vigia.domain.findings.tuning import Change
from vigia.store.connection import Database, Role
from vigia.store.finding_moves import Verdict, judge
from vigia.store.findings import store_findings
from vigia.store.thresholds import history, in_force, take_back
from vigia.worker import audit as audits
from vigia.worker.audit import run_audits
from vigia.worker.runbooks import seed
from vigia.worker.tuning import ACTOR, tune

KIND = "CORRELATION_RESOURCE_SHORTAGE"
DAY = timedelta(days=1)


@pytest.fixture
def company(database: Database) -> Database:
    """Twelve findings that were no case, raised just above the threshold, and eight that were one."""
    add_tenant(database, START + DAY)
    seed(database, TENANT, now=START)
    say(database, [(False, 133)] * 12 + [(True, 180)] * 8, START)
    return database


def say(database: Database, cases: list[tuple[bool, float]], at: datetime) -> None:
    """Raise a finding for each case and let a controller say what it was."""
    for number, (is_true, load) in enumerate(cases):
        found = raised(
            KIND,
            5 * number,
            figures=json.dumps({"work in % of what people can do": load}),
            cleared_at=START + timedelta(minutes=5 * number + 4),
        )
        verdict = Verdict.TRUE_POSITIVE if is_true else Verdict.FALSE_POSITIVE
        by = Request(
            Move.REJECT, Actor(Party.PERSON, "controller-1"), at + DAY / 2, "Looked at it."
        )
        with database.transaction(Role.WORKER) as connection:
            store_findings(connection, TENANT, rows(found), at=START)
            judge(connection, TENANT, UUID(found["finding_id"]), verdict, by)


def moved(company: Database, days: float = 1) -> list[Change]:
    set_clock(company, START + days * DAY)
    return tune(company, TENANT, now=START)


def values(company: Database, days: float = 30) -> dict[str, float]:
    with company.transaction(Role.APP, TENANT) as connection:
        return in_force(connection, TENANT, START + days * DAY)


def test_verdicts_move_a_threshold_and_the_history_says_who_when_why_and_what_it_meant(
    company: Database,
) -> None:
    (change,) = moved(company)
    assert (change.dial.name, change.old, change.new) == ("K08.load_pct", 130, 140)
    with company.transaction(Role.APP, TENANT) as connection:
        (kept,) = history(connection, TENANT)
    assert (kept["actor"], kept["old"], kept["new"]) == (ACTOR, 130, 140)
    assert kept["reason"] == "12 of 20 were no case"
    assert kept["evidence"] == {"true": 8, "false": 12, "true_lost": 0, "false_gone": 12}
    assert kept["changed_at"] == (START + DAY).isoformat()


def test_a_threshold_moves_once_a_day_and_only_for_what_it_would_still_raise(
    company: Database,
) -> None:
    assert moved(company, 1)
    assert moved(company, 1.2) == []
    # At 140 the same no cases would not have been raised: they must not move it again.
    assert moved(company, 2) == []
    assert values(company) == {"K08.load_pct": 140}


def test_verdicts_older_than_four_weeks_move_nothing(company: Database) -> None:
    assert moved(company, 40) == []


def test_audits_look_with_the_numbers_in_force(
    company: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Pattern] = []
    real = audits.detect

    def watched(facts, moments, before, patterns):  # type: ignore[no-untyped-def]
        seen.extend(patterns)
        return real(facts, moments, before, patterns)

    monkeypatch.setattr(audits, "detect", watched)
    moved(company)
    set_clock(company, START + 2 * DAY)
    run_audits(company, TENANT, Cadence.COMPREHENSIVE, now=START)
    loads = {pattern.code: pattern.policy for pattern in seen}
    assert loads["K08"].load_pct == 140
    assert {code for code in loads if loads[code] != _default(code)} == {"K08"}


def _default(code: str) -> object:
    return next(pattern.policy for pattern in RULES if pattern.code == code)


def test_a_change_that_is_taken_back_is_no_longer_in_force_and_is_not_made_again(
    company: Database,
) -> None:
    moved(company, 1)
    with company.transaction(Role.APP, TENANT) as connection:
        (kept,) = history(connection, TENANT)
        take_back(connection, TENANT, UUID(kept["change_id"]), "asha", START + 1.5 * DAY)
        with pytest.raises(VigiaError, match="could be taken back"):
            take_back(connection, TENANT, UUID(kept["change_id"]), "asha", START + 2 * DAY)
    assert values(company) == {}
    assert values(company, 1.2) == {"K08.load_pct": 140}
    assert moved(company, 3) == []


def test_another_company_keeps_its_numbers(company: Database) -> None:
    theirs = add_tenant(company, START + DAY, slug="other")
    moved(company)
    with company.transaction(Role.APP, theirs) as connection:
        assert in_force(connection, theirs, START + 30 * DAY) == {}
        assert in_force(connection, TENANT, START + 30 * DAY) == {}
    assert tune(company, theirs, now=START) == []


def test_the_command_shows_changes_and_takes_them_back(
    company: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIA_HOME", str(settings.home))
    monkeypatch.setenv("VIGIA_DATABASE_URL", company.admin_url)
    moved(company)

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, ["thresholds", *words, "--tenant", "acme"])
        assert done.exit_code == 0, done.stderr
        return done.stdout

    (change,) = json.loads(run("list", "--json"))["changes"]
    run("revert", change["change_id"], "--by", "asha")
    (after,) = json.loads(run("list", "--json"))["changes"]
    assert after["reverted_by"] == "asha"
    assert "taken back by asha" in run("list")
    assert str(SITE) not in str(after)
