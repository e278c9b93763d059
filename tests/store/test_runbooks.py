"""Every company has the product's runbooks once, and its own before them (U14, U15)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.store.raised import START
from tests.worker.recorded import TENANT, add_tenant, count
from vigia.config.runbooks import product_runbooks
from vigia.domain.findings.runbooks import Level, Runbook, RunbookError
from vigia.store.connection import Database, Role
from vigia.store.runbooks import Seeded, Shelf, keep_own, read_shelf, seed_runbooks

SHIPPED = product_runbooks()
SILENT = next(runbook for runbook in SHIPPED if runbook.id == "R05")


@pytest.fixture
def company(database: Database) -> Database:
    add_tenant(database, START)
    seed(database)
    return database


def seed(company: Database, runbooks: tuple[Runbook, ...] = SHIPPED) -> Seeded:
    with company.transaction(Role.WORKER) as connection:
        return seed_runbooks(connection, TENANT, runbooks, START)


def shelf(company: Database) -> Shelf:
    with company.transaction(Role.APP, TENANT) as connection:
        return read_shelf(connection, TENANT)


def changed(runbook: Runbook, **front: object) -> Runbook:
    return replace(runbook, front=replace(runbook.front, **front))


def keep(company: Database, runbook: Runbook) -> None:
    with company.transaction(Role.APP, TENANT) as connection:
        keep_own(connection, TENANT, runbook, START)


def test_seeding_twice_changes_nothing(company: Database) -> None:
    stored = "SELECT md5(string_agg(r::text, '' ORDER BY code)) FROM ops.runbook r"
    with company.connect() as admin:
        before = admin.execute(stored).fetchone()
        assert seed(company) == Seeded(0, 0, 0)
        assert admin.execute(stored).fetchone() == before
    assert count(company, "runbook") == len(SHIPPED) == 27


def test_a_runbook_reads_back_as_it_was_shipped(company: Database) -> None:
    assert shelf(company).shared == SHIPPED


def test_a_new_version_takes_the_place_of_the_old(company: Database) -> None:
    newer = tuple(changed(r, version=2) if r == SILENT else r for r in SHIPPED)
    assert seed(company, newer) == Seeded(0, 1, 0)
    assert shelf(company).book.match("CORRELATION_SILENT_SITE", "", "").runbook.front.version == 2


def test_what_the_product_no_longer_has_is_kept_but_given_to_no_finding(company: Database) -> None:
    fewer = tuple(runbook for runbook in SHIPPED if runbook != SILENT)
    assert seed(company, fewer) == Seeded(0, 0, 1)
    assert count(company, "runbook", "NOT is_active") == 1
    found = shelf(company).book.match("CORRELATION_SILENT_SITE", "OPERATIONAL", "CRITICAL")
    assert found.level is Level.CATEGORY_AND_SEVERITY
    assert seed(company) == Seeded(0, 1, 0)
    assert shelf(company).shared == SHIPPED


def test_a_companys_own_comes_first_and_survives_seeding(company: Database) -> None:
    own = changed(SILENT, title="What we do when a site is silent")
    keep(company, own)
    seed(company)
    found = shelf(company)
    assert found.book.match("CORRELATION_SILENT_SITE", "", "").runbook == own
    assert found.ids[own] != found.ids[SILENT]


def test_two_of_a_companys_own_cannot_claim_one_type(company: Database) -> None:
    keep(company, changed(SILENT, id="OWN-1"))
    with pytest.raises(RunbookError, match="both claim CORRELATION_SILENT_SITE"):
        keep(company, changed(SILENT, id="OWN-2"))
    keep(company, changed(SILENT, id="OWN-1", version=2))
    assert [runbook.front.version for runbook in shelf(company).own] == [2]


def test_another_company_sees_none_of_them(company: Database) -> None:
    theirs = add_tenant(company, START, slug="other")
    with (
        pytest.raises(RunbookError, match="no runbook for GENERIC"),
        company.transaction(Role.APP, theirs) as connection,
    ):
        read_shelf(connection, TENANT)
