"""Audits: every slot once, whatever happens; findings as a replay of the same instants gives them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import polars as pl
import pytest

from tests.databases import copied
from tests.worker.conftest import LoadedWorld
from vigia.domain.findings.audit import Cadence, Schedule, patterns_of
from vigia.domain.findings.detect import RULES, detect
from vigia.domain.findings.personal_data import Scanner
from vigia.domain.findings.types import ScopeKind, Severity, finding_id
from vigia.domain.watch.moments import Moments
from vigia.evaluate import facts as stream
from vigia.store.audits import audited_sites, set_schedule
from vigia.store.collect import SOURCES
from vigia.store.connection import Database, Role
from vigia.store.facts import TELEMETRY_SPAN
from vigia.store.findings import store_findings
from vigia.worker import audit as worker
from vigia.worker.audit import AuditSummary, due_slot, run_audits

WALL = datetime(2026, 11, 1, tzinfo=UTC)
BEGIN = timedelta(hours=6)
MINUTE = timedelta(minutes=1)
STEPS = (0, 5, 20, 65, 240, 600)
"""Minutes after the beginning at which somebody looks: on time, late, very late."""


@pytest.fixture
def company(loaded_world: LoadedWorld) -> Iterator[Database]:
    with copied(loaded_world.database) as database:
        yield database


def audit(
    company: Database, world: LoadedWorld, minutes: float, cadence: Cadence = Cadence.DEEP
) -> AuditSummary:
    """Everything that is due so many minutes after the beginning."""
    until = world.first + BEGIN + minutes * MINUTE
    return run_audits(company, world.tenant, cadence, now=WALL + minutes * MINUTE, until=until)


def stored(company: Database) -> list[tuple[object, ...]]:
    with company.connect() as admin:
        return admin.execute(
            "SELECT finding_id, type, severity, state, evidence_state, window_from, window_to,"
            " detected_at, cleared_at, inhibited_by, message, policy_version, figures"
            " FROM ops.finding ORDER BY finding_id"
        ).fetchall()


def slots(company: Database, cadence: Cadence, site: str | None = None) -> list[datetime]:
    with company.connect() as admin:
        rows = admin.execute(
            "SELECT slot FROM ops.audit_run WHERE cadence = %s"
            " AND site_id = coalesce(%s::uuid, site_id) ORDER BY slot",
            [cadence, site],
        ).fetchall()
    return [slot.astimezone(UTC) for (slot,) in rows]


def first_site(company: Database, world: LoadedWorld) -> str:
    with company.transaction(Role.WORKER) as connection:
        found = audited_sites(connection, world.tenant, Cadence.DEEP, world.first)
    return found[0].site_id


def count(company: Database, query: str) -> int:
    with company.connect() as admin:
        row = admin.execute(f"SELECT count(*) FROM {query}").fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture(scope="module")
def stepwise(loaded_world: LoadedWorld) -> Iterator[Database]:
    """Audited at every one of `STEPS`."""
    with copied(loaded_world.database) as database:
        for minutes in STEPS:
            audit(database, loaded_world, minutes)
        yield database


def test_every_site_is_audited_at_every_slot_once(stepwise: Database) -> None:
    hours = timedelta(minutes=STEPS[-1])
    for cadence, minutes in (("heartbeat", 5), ("comprehensive", 15), ("deep", 60)):
        found = slots(stepwise, Cadence(cadence))
        per_site = hours // timedelta(minutes=minutes) + 1
        assert len(found) == 3 * per_site
        assert len(set(found)) == per_site
    assert count(stepwise, "ops.audit_run WHERE state <> 'done'") == 0


def test_it_finds_something(stepwise: Database) -> None:
    """Equal because empty would prove nothing."""
    kinds = {row[1] for row in stored(stepwise)}
    assert {"CORRELATION_SILENT_SITE", "CORRELATION_GUARD_DISTRESS"} <= kinds
    assert count(stepwise, "ops.finding") >= 10


def test_slots_looked_at_one_by_one_give_the_same_as_all_at_once(
    stepwise: Database, loaded_world: LoadedWorld, company: Database
) -> None:
    audit(company, loaded_world, STEPS[0])
    audit(company, loaded_world, STEPS[-1])
    assert stored(company) == stored(stepwise)


def test_findings_are_those_of_a_replay_of_the_stream(
    stepwise: Database, loaded_world: LoadedWorld
) -> None:
    """The same rules over the stream on disk, without a database: keys, windows, severities."""
    facts = stream.read_facts(loaded_world.company)
    expected = set()
    for cadence in Cadence:
        at = sorted(set(slots(stepwise, cadence)))
        patterns = patterns_of(cadence, RULES)
        for row in detect(facts, Moments.of(*at), None, patterns).iter_rows(named=True):
            scope = ScopeKind(row["scope_kind"])
            key = (row["type"], scope, row["scope_id"], row["episode_start"])
            named = finding_id(loaded_world.tenant, *key)
            expected.add((named, row["severity"], row["window_from"], row["cleared_at"]))
    kept = {(r[0], r[2], _utc(r[5]), _utc(r[8])) for r in stored(stepwise)}
    assert kept == expected


def _utc(at: object) -> datetime | None:
    return at.astimezone(UTC) if isinstance(at, datetime) else None


@pytest.mark.slow
def test_more_telemetry_than_is_read_would_find_nothing_else(
    loaded_world: LoadedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for hours in (TELEMETRY_SPAN // timedelta(hours=1), 48):
        monkeypatch.setattr("vigia.store.facts.TELEMETRY_SPAN", timedelta(hours=hours))
        with copied(loaded_world.database) as database:
            for later in range(0, 42, 3):
                audit(database, loaded_world, 60 * later)
            found.append(stored(database))
    assert found[0] == found[1]
    assert len(found[0]) > 30


def test_what_was_audited_is_not_audited_again(
    stepwise: Database, loaded_world: LoadedWorld
) -> None:
    before = stored(stepwise)
    assert audit(stepwise, loaded_world, STEPS[-1]).audits == 0
    assert stored(stepwise) == before


def test_every_new_finding_is_told_once_and_names_nobody(stepwise: Database) -> None:
    loud = "severity NOT IN ('INFO', 'LOW') AND inhibited_by IS NULL"
    told = "ops.outbox WHERE topic = 'finding.raised'"
    assert count(stepwise, told) == count(stepwise, f"ops.finding WHERE {loud}")
    assert count(stepwise, f"{told} AND payload ? 'person_id'") == 0
    assert count(stepwise, "ops.finding_event WHERE event = 'detected'") == count(
        stepwise, "ops.finding"
    )


def test_every_finding_has_a_runbook_steps_and_a_version_of_its_numbers(stepwise: Database) -> None:
    assert (
        count(stepwise, "ops.finding f JOIN ops.runbook USING (tenant_id, runbook_id)")
        == count(stepwise, "ops.finding WHERE jsonb_array_length(recommended) > 3")
        == count(stepwise, "ops.finding WHERE policy_version ~ '^[A-Z0-9_]+-[0-9a-f]{8}$'")
    )


def test_every_finding_carries_the_evidence_that_its_runbook_asks_for(stepwise: Database) -> None:
    """As far as stored rows can show it; the finding's own numbers always."""
    kinds = "jsonb_array_elements_text(b.evidence_required) AS wanted (kind)"
    asked = f"ops.finding f JOIN ops.runbook b USING (tenant_id, runbook_id), {kinds}"
    there = (
        "EXISTS (SELECT FROM ops.finding_evidence e WHERE e.finding_id = f.finding_id"
        " AND e.kind = wanted.kind)"
    )
    can = f"wanted.kind = ANY(string_to_array('{' '.join(SOURCES)}', ' '))"
    assert count(stepwise, f"{asked} WHERE {can} AND {there}") > 10
    assert count(stepwise, f"{asked} WHERE {can} AND NOT {there}") == 0
    own = "ops.finding_evidence WHERE kind = 'finding'"
    assert count(stepwise, own) == count(stepwise, "ops.finding")


def test_no_message_names_anybody_or_leaves_out_a_number(stepwise: Database) -> None:
    with stepwise.connect() as admin:
        told = admin.execute("SELECT message FROM ops.finding").fetchall()
        people = admin.execute("SELECT full_name FROM ops.person_pii").fetchall()
    scanner = Scanner([name for (name,) in people if name])
    for (message,) in told:
        assert not scanner.hits(message), message
        assert "?" not in message


def test_runs_say_how_many_findings_they_raised(stepwise: Database) -> None:
    with stepwise.connect() as admin:
        raised = admin.execute("SELECT sum(finding_count) FROM ops.audit_run").fetchone()
    assert raised == (count(stepwise, "ops.finding WHERE site_id IS NOT NULL"),)
    assert count(stepwise, "ops.audit_run WHERE duration_ms <= 0") == 0


def test_a_run_that_dies_midway_leaves_nothing_and_the_next_makes_up_for_it(
    company: Database,
    loaded_world: LoadedWorld,
    stepwise: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def dies(*args: object, **more: object) -> None:
        store_findings(*args, **more)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    audit(company, loaded_world, STEPS[0])
    before = stored(company), slots(company, Cadence.HEARTBEAT)
    with monkeypatch.context() as patch:
        patch.setattr(worker, "store_findings", dies)
        with pytest.raises(KeyboardInterrupt):
            audit(company, loaded_world, STEPS[3])
    assert (stored(company), slots(company, Cadence.HEARTBEAT)) == before
    audit(company, loaded_world, STEPS[-1])
    assert stored(company) == stored(stepwise)


def test_two_runs_at_once_share_the_slots(company: Database, loaded_world: LoadedWorld) -> None:
    audit(company, loaded_world, 0, Cadence.HEARTBEAT)
    with ThreadPoolExecutor(2) as pool:
        both = list(
            pool.map(lambda _: audit(company, loaded_world, 30, Cadence.HEARTBEAT), range(2))
        )
    assert sorted(each.audits for each in both) == [0, 18]
    assert all(
        b - a == 5 * MINUTE for a, b in pairwise(sorted(set(slots(company, Cadence.HEARTBEAT))))
    )


def test_a_site_follows_its_own_schedule_from_the_next_slot_on(
    company: Database, loaded_world: LoadedWorld
) -> None:
    site, at = first_site(company, loaded_world), loaded_world.first + BEGIN
    audit(company, loaded_world, 0, Cadence.HEARTBEAT)
    with company.transaction(Role.APP, loaded_world.tenant) as connection:
        valid_from = set_schedule(
            connection,
            loaded_world.tenant,
            UUID(site),
            Schedule(heartbeat_min=20),
            by="manager-1",
            at=at + 2 * MINUTE,
            reason="A quiet place.",
        )
    assert valid_from == at + 5 * MINUTE
    audit(company, loaded_world, 4, Cadence.HEARTBEAT)
    audit(company, loaded_world, 40, Cadence.HEARTBEAT)
    assert slots(company, Cadence.HEARTBEAT, site) == [at, at + 20 * MINUTE, at + 40 * MINUTE]
    assert len(set(slots(company, Cadence.HEARTBEAT))) == 9
    kept = "ops.site_audit_schedule WHERE changed_by = 'manager-1' AND reason = 'A quiet place.'"
    assert count(company, kept) == 1


def test_a_site_that_is_not_audited_has_no_audits_and_no_findings(
    company: Database, loaded_world: LoadedWorld
) -> None:
    with company.transaction(Role.WORKER) as connection:
        found = audited_sites(connection, loaded_world.tenant, Cadence.DEEP, loaded_world.first)
        off = [site.site_id for site in found[1:]]
        for site in off:
            set_schedule(
                connection,
                loaded_world.tenant,
                UUID(site),
                Schedule(enabled=False),
                by="manager-1",
                at=loaded_world.first,
            )
    audit(company, loaded_world, 0)
    audit(company, loaded_world, 600)
    with company.connect() as admin:
        rows = admin.execute("SELECT DISTINCT site_id::text FROM ops.audit_run").fetchall()
        about = admin.execute("SELECT DISTINCT site_id::text FROM ops.finding").fetchall()
    assert rows == [(found[0].site_id,)]
    assert not {site for (site,) in about} & set(off)


def test_a_site_says_what_is_told_of_it_and_whether_evidence_is_kept(
    company: Database, loaded_world: LoadedWorld
) -> None:
    with company.transaction(Role.WORKER) as connection:
        found = audited_sites(connection, loaded_world.tenant, Cadence.DEEP, loaded_world.first)
        for number, site in enumerate(found):
            quiet = Schedule(
                alert_on_finding=number > 0,
                alert_severity=Severity.CRITICAL,
                collect_evidence=number > 0,
            )
            key = (loaded_world.tenant, UUID(site.site_id))
            set_schedule(connection, *key, quiet, by="manager-1", at=loaded_world.first)
    audit(company, loaded_world, 0)
    audit(company, loaded_world, 600)
    told = "ops.outbox WHERE topic = 'finding.raised'"
    assert 0 < count(company, told) < count(company, "ops.finding")
    assert count(company, f"{told} AND payload->>'severity' <> 'CRITICAL'") == 0
    assert count(company, f"{told} AND payload->>'site_id' = '{found[0].site_id}'") == 0
    shown = "ops.finding_evidence e JOIN ops.finding f USING (tenant_id, finding_id)"
    assert count(company, shown) > 0
    assert count(company, f"{shown} WHERE f.site_id = '{found[0].site_id}'") == 0


def test_the_newest_due_slot_names_the_run(company: Database, loaded_world: LoadedWorld) -> None:
    with company.transaction(Role.WORKER) as connection:
        connection.execute(
            "UPDATE ops.tenant_clock SET latest_event_time = %s",
            [loaded_world.first + BEGIN + 7 * MINUTE],
        )
    tenant = loaded_world.tenant
    assert (
        due_slot(company, tenant, Cadence.HEARTBEAT, WALL)
        == loaded_world.first + BEGIN + 5 * MINUTE
    )
    run_audits(company, tenant, Cadence.HEARTBEAT, now=WALL)
    assert due_slot(company, tenant, Cadence.HEARTBEAT, WALL) is None
    assert due_slot(company, tenant, Cadence.DEEP, WALL) == loaded_world.first + BEGIN


def test_a_company_without_data_has_nothing_due(database: Database) -> None:
    from vigia.store.tenants import create_tenant

    tenant = create_tenant(database, "empty", clock_mode="data").tenant_id
    assert due_slot(database, tenant, Cadence.HEARTBEAT, WALL) is None
    assert run_audits(database, tenant, Cadence.DEEP, now=WALL) == AuditSummary()


def test_what_is_explained_elsewhere_is_muted_only_while_that_is_open() -> None:
    start = datetime(2026, 3, 1, 10, tzinfo=UTC)
    parent = _episode("CORRELATION_SILENT_SITE", start)
    child = _episode("CORRELATION_DEVICE_GPS_FAILURE", start + 5 * MINUTE)
    muted = worker._explained(_frame(child), _frame(parent))
    assert muted["is_muted"].to_list() == [True]
    over = parent | {"cleared_at": start + 20 * MINUTE}
    after = worker._explained(_frame(child), _frame(over))
    assert after["is_muted"].to_list() == [False]
    assert after["inhibited_by"].to_list() == muted["inhibited_by"].to_list() != [None]


def _episode(kind: str, at: datetime) -> dict[str, object]:
    return {
        "pattern": "K",
        "type": kind,
        "scope_kind": "site",
        "scope_id": "S",
        "site_id": "S",
        "episode_start": at,
        "window_from": at,
        "detected_at": at,
        "seen_at": at,
        "severity": "HIGH",
        "evidence_state": "confirmed",
        "evidence_at": at,
        "figures": "{}",
    }


def _frame(row: dict[str, object]) -> pl.DataFrame:
    from vigia.domain.findings.episodes import EPISODES

    return pl.DataFrame([{name: row.get(name) for name in EPISODES}], schema=EPISODES)
