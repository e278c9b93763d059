"""Audits are started once for each slot, all companies in one run, and none is missed (U01)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import dagster as dg
import pytest

from assets.audits import audit_key
from assets.platform import Platform
from orchestration.audits import MAX_TRIES, AuditRun, audit_runs
from orchestration.run import run_job
from orchestration.sensors import audits_due
from tests.orchestration.conftest import NOW
from vigia.domain.findings.audit import Cadence
from vigia.domain.identity import reference_id, tenant_id
from vigia.store.connection import Database, Role
from vigia.store.tenants import create_tenant
from vigia.worker.audit import run_audits
from vigia.worker.runbooks import seed

SLOT = datetime(2026, 3, 1, 10, tzinfo=UTC)
START = datetime(2026, 3, 1, tzinfo=UTC)
DAYS, KILLS, SITES = 7, 20, 2


def add_company(database: Database, slug: str = "acme", *, sites: int = SITES) -> None:
    """A live company with sites of which nothing is known."""
    tenant = create_tenant(database, slug).tenant_id
    seed(database, tenant, now=NOW)
    with database.transaction(Role.WORKER) as connection:
        for number in range(sites):
            connection.execute(
                "INSERT INTO ops.site (tenant_id, site_id, code, state_time)"
                " VALUES (%s, %s, %s, now())",
                [tenant, reference_id(tenant, "site", f"S{number}"), f"S{number}"],
            )


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


def tick(platform, instance):
    return audits_due(dg.build_sensor_context(instance=instance), platform=platform)


def test_each_cadence_that_is_due_is_one_run_and_the_most_urgent_comes_first():
    due = {Cadence.DEEP: SLOT, Cadence.HEARTBEAT: SLOT, Cadence.COMPREHENSIVE: None}
    assert [run.run_key for run in audit_runs(due)] == [
        "heartbeat:2026-03-01T10:00:00+00:00",
        "deep:2026-03-01T10:00:00+00:00",
    ]
    assert audit_runs({}) == []


def test_a_run_that_failed_is_tried_again_under_another_key_but_not_forever():
    run = AuditRun(Cadence.DEEP, SLOT)
    due = {Cadence.DEEP: SLOT}
    keys = {audit_runs(due, {run.name: n})[0].run_key for n in range(MAX_TRIES)}
    assert len(keys) == MAX_TRIES
    assert audit_runs(due, {run.name: MAX_TRIES}) == []


def test_one_run_a_cadence_is_requested_for_all_companies(platform, instance):
    for slug in ("acme", "other"):
        add_company(platform.database, slug)
    found = tick(platform, instance).run_requests
    assert [r.job_name for r in found] == ["heartbeat_audit", "comprehensive_audit", "deep_audit"]
    assert [r.run_key for r in tick(platform, instance).run_requests] == [r.run_key for r in found]


def test_without_sites_or_with_all_slots_done_nothing_is_requested(platform, instance):
    assert "No slot" in tick(platform, instance).skip_message
    add_company(platform.database)
    run_audits(platform.database, tenant_id("acme"), Cadence.DEEP, now=NOW)
    assert "No slot" in tick(platform, instance).skip_message
    later = replace(platform, clock=lambda: NOW + timedelta(minutes=5))
    assert [r.job_name for r in tick(later, instance).run_requests] == ["heartbeat_audit"]


def test_a_database_that_cannot_be_asked_is_a_skip_and_not_nothing_to_do(platform, instance):
    gone = Database("postgresql://nobody@127.0.0.1:9/vigia", b"secret")
    assert "could not be asked" in tick(replace(platform, database=gone), instance).skip_message


def test_the_job_does_the_audits_and_says_what_it_did(platform, definitions, instance):
    add_company(platform.database)
    outcome = run_job(instance, "deep_audit", definitions=definitions)
    assert outcome["success"], outcome
    assert outcome["rows"] == {"audits/deep": 3 * SITES}
    event = instance.get_latest_materialization_event(audit_key(Cadence.DEEP))
    assert event.asset_materialization.metadata["audits missed"].value == 0
    assert "No slot" in tick(platform, instance).skip_message


def test_a_run_of_a_slot_that_failed_is_requested_again(platform, instance):
    add_company(platform.database)
    first = tick(platform, instance).run_requests[0]
    failed = dg.DagsterRun(first.job_name, status=dg.DagsterRunStatus.FAILURE, tags=first.tags)
    instance.add_run(failed)
    assert tick(platform, instance).run_requests[0].run_key == f"{first.run_key}:1"


class Killed(BaseException):
    """The process died."""


@dataclass
class Daemon:
    """Dagster's daemon as far as audits go: it asks the sensor, drops keys it knows, runs the rest.

    Attributes:
        platform: What a killed process leaves in its database is what it committed.
        instance: Where failed runs would be recorded.
        keys: Run keys that Dagster has recorded.
        dies: Where the next kill strikes.
    """

    platform: Platform
    instance: dg.DagsterInstance
    keys: set[str] = field(default_factory=set)
    dies: str | None = None

    def turn(self, now: datetime) -> None:
        """One tick, and the runs that it starts; a kill leaves the rest undone."""
        asked = tick(replace(self.platform, clock=lambda: now), self.instance)
        self._die("before the runs are recorded")
        for request in asked.run_requests or []:
            if request.run_key in self.keys:
                continue
            self.keys.add(request.run_key)
            self._die("before the run begins")
            with self._killed_before_commit():
                cadence = Cadence(request.tags["vigia/cadence"])
                run_audits(self.platform.database, tenant_id("acme"), cadence, now=now, patterns=())
            self._die("before the run is known to have ended")

    def _die(self, where: str) -> None:
        if self.dies == where:
            self.dies = None
            raise Killed

    @contextmanager
    def _killed_before_commit(self) -> Iterator[None]:
        if self.dies != "before its transaction commits":
            yield
            return
        self.dies = None
        with self.platform.database.connect() as admin:
            admin.execute(
                "CREATE FUNCTION pg_temp.die() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE 'killed'; END $$"
            )
            admin.execute(
                "CREATE TRIGGER die AFTER UPDATE ON ops.audit_run EXECUTE FUNCTION pg_temp.die()"
            )
            try:
                with pytest.raises(Exception, match="killed"):
                    yield
            finally:
                admin.execute("DROP TRIGGER die ON ops.audit_run")
        raise Killed


PLACES = (
    "before the runs are recorded",
    "before the run begins",
    "before its transaction commits",
    "before the run is known to have ended",
)


def slots(database: Database, cadence: Cadence) -> dict[str, list[datetime]]:
    """By site, the slots that were audited."""
    with database.connect() as admin:
        rows = admin.execute(
            "SELECT site_id::text, slot FROM ops.audit_run WHERE cadence = %s AND state = 'done'"
            " ORDER BY site_id, slot",
            [cadence],
        ).fetchall()
    found: dict[str, list[datetime]] = {}
    for site, slot in rows:
        found.setdefault(site, []).append(slot)
    return found


def assert_every_slot_once(database: Database, until: datetime) -> None:
    for cadence, minutes in (("heartbeat", 5), ("comprehensive", 15), ("deep", 60)):
        step = timedelta(minutes=minutes)
        found = slots(database, Cadence(cadence))
        assert len(found) == SITES
        for done in found.values():
            assert done[0] == START
            assert all(b - a == step for a, b in pairwise(done))
            assert until - done[-1] < step


def test_no_audit_is_missed_or_doubled_in_a_week_with_twenty_kills(platform, instance):
    """The daemon asks every 20 to 100 minutes; what a dead one left is made up for by the next."""
    draw = random.Random(1)
    platform = replace(platform, database=replace(platform.database, reuses=True))
    add_company(platform.database)
    daemon = Daemon(platform, instance)
    ticks = [START]
    while ticks[-1] < START + timedelta(days=DAYS):
        ticks.append(ticks[-1] + timedelta(minutes=draw.randint(20, 100)))
    deaths = draw.sample(ticks[1:-10], KILLS)
    killed = 0
    for now in ticks:
        if now in deaths:
            daemon.dies = PLACES[killed % len(PLACES)]
        try:
            daemon.turn(now)
        except Killed:
            killed += 1
    assert killed == KILLS
    assert_every_slot_once(platform.database, ticks[-1])
