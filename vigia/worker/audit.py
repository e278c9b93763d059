"""Audits: look at every site whose slots are due, and store what is found, each slot exactly once.

One transaction takes the slots, reads what had arrived, follows episodes and stores findings: what
is killed midway never happened, and the next run makes up for it. Which slots are due and what a
cadence looks for belongs to `vigia.domain.findings.audit`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import perf_counter
from typing import TYPE_CHECKING
from uuid import UUID

import polars as pl

from vigia.domain.findings.anomalies import FRAME, is_anomaly, raised_types
from vigia.domain.findings.audit import CATCH_UP, Cadence, due, newest_slot, patterns_of
from vigia.domain.findings.detect import RULES, detect
from vigia.domain.findings.episodes import EPISODES
from vigia.domain.findings.inhibition import inhibited
from vigia.domain.findings.pattern import Pattern
from vigia.domain.findings.rows import findings, scopes_of
from vigia.domain.findings.runbooks import Runbook
from vigia.domain.findings.tuning import tuned
from vigia.domain.findings.types import SEVERITY
from vigia.domain.identity import name_uuid
from vigia.domain.watch.facts import Facts
from vigia.domain.watch.moments import Moments
from vigia.domain.windows import INSTANT
from vigia.store.anomalies import read_left
from vigia.store.audits import (
    AuditedSite,
    audited_sites,
    names_of,
    note_results,
    read_episodes,
    take_slots,
    write_episodes,
)
from vigia.store.clock import tenant_now
from vigia.store.collect import Wanted, collect, figures_of
from vigia.store.connection import Database, Role
from vigia.store.facts import read_facts
from vigia.store.finding_evidence import store_evidence
from vigia.store.findings import announce, store_findings
from vigia.store.runbooks import read_shelf
from vigia.store.thresholds import in_force

if TYPE_CHECKING:
    import psycopg

_PLAN = pl.Schema({"site_id": pl.String(), "slot": INSTANT, "state": pl.String()})
_KEY = ("type", "scope_kind", "scope_id", "episode_start")


@dataclass(frozen=True, slots=True)
class AuditSummary:
    """What audits of a tenant did.

    Attributes:
        slots: Instants that were looked at.
        audits: Sites times slots.
        missed: Audits that lay too far back to be made up for.
        raised: Findings that are new.
        changed: Findings that changed.
        moved: Moves that the system made.
        seconds: How long it took.
    """

    slots: int = 0
    audits: int = 0
    missed: int = 0
    raised: int = 0
    changed: int = 0
    moved: int = 0
    seconds: float = 0.0

    def __add__(self, other: AuditSummary) -> AuditSummary:
        return AuditSummary(
            *(getattr(self, name) + getattr(other, name) for name in AuditSummary.__slots__)
        )


@dataclass(frozen=True, slots=True)
class _Audit:
    """One run over one tenant: what is looked for, by whom, as of when."""

    connection: psycopg.Connection
    tenant_id: UUID
    cadence: Cadence
    patterns: Sequence[Pattern]
    at: datetime
    now: datetime

    @property
    def types(self) -> list[str]:
        """Types of findings that it looks for."""
        of_anomalies = raised_types() if self.tells_anomalies else []
        return [*(kind for pattern in self.patterns for kind in pattern.kinds), *of_anomalies]

    @property
    def tells_anomalies(self) -> bool:
        """Whether it looks at what left its baseline."""
        return self.cadence is Cadence.COMPREHENSIVE

    @property
    def run_id(self) -> UUID:
        """The run that takes slots now; another one has another clock or cadence."""
        return name_uuid("audit", self.tenant_id.hex, self.cadence, self.now.isoformat())


def due_slot(
    database: Database, tenant_id: UUID, cadence: Cadence, now: datetime
) -> datetime | None:
    """The newest slot that is due at any site of a tenant; None where nothing is.

    Args:
        database: Holds sites, schedules and audits.
        tenant_id: Whose.
        cadence: Which audit.
        now: The wall clock; slots are due by the tenant's own.
    """
    with database.transaction(Role.WORKER) as connection:
        clock = tenant_now(connection, tenant_id, now)
        if clock is None:
            return None
        sites = audited_sites(connection, tenant_id, cadence, clock)
    return newest_slot(((site.schedule, site.last) for site in sites), cadence, clock)


def run_audits(
    database: Database,
    tenant_id: UUID,
    cadence: Cadence,
    *,
    now: datetime,
    until: datetime | None = None,
    patterns: Sequence[Pattern] = RULES,
) -> AuditSummary:
    """Do all audits of a cadence that are due, and before them the more urgent ones.

    What explains others is looked for in the more urgent ones, so that it is known when it counts.

    Args:
        database: Holds what arrived, and takes findings.
        tenant_id: Whose sites.
        cadence: Which audits.
        now: The wall clock; slots are due by the tenant's own.
        until: The last slot to look at; the newest when missing.
        patterns: What to look for, with what numbers; thresholds that the company moved come
            before these.

    Returns:
        What was done. Slots that another run did are none of it.
    """
    total = AuditSummary()
    for each in tuple(Cadence)[: tuple(Cadence).index(cadence) + 1]:
        begun = perf_counter()
        with database.transaction(Role.WORKER) as connection:
            # The second of two runs waits, and finds that nothing is due any more.
            lock = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 5))"
            connection.execute(lock, [tenant_id.hex])
            clock = tenant_now(connection, tenant_id, now)
            if clock is None:
                return total
            at = clock if until is None else min(clock, until)
            numbers = tuned(patterns, in_force(connection, tenant_id, at))
            audit = _Audit(connection, tenant_id, each, patterns_of(each, numbers), at, now)
            total += _run(audit, lambda: perf_counter() - begun)  # noqa: B023 - called at once
    return total


def _run(audit: _Audit, elapsed: Callable[[], float]) -> AuditSummary:
    connection, tenant = audit.connection, audit.tenant_id
    sites = audited_sites(connection, tenant, audit.cadence, audit.at)
    plan = pl.DataFrame(_plan(sites, audit), schema=_PLAN, orient="row")
    if plan.is_empty():
        return AuditSummary()
    taken = take_slots(connection, tenant, audit.cadence, plan, (audit.run_id, audit.now))
    missed = taken.filter(pl.col("state") == "missed").height
    done = taken.filter(pl.col("state") == "done")
    summary = AuditSummary(done["slot"].n_unique(), done.height, missed)
    if done.height and audit.patterns:
        summary = _look(audit, sites, done, summary)
    took = timedelta(seconds=elapsed())
    note_results(connection, tenant, audit.run_id, audit.types, took)
    return replace(summary, seconds=round(elapsed(), 3))


def _plan(sites: Sequence[AuditedSite], audit: _Audit) -> Iterator[tuple[str, datetime, str]]:
    for site in sites:
        found = due(site.schedule, audit.cadence, site.last, audit.at)
        yield from ((site.site_id, slot, "missed") for slot in found.missed)
        yield from ((site.site_id, slot, "done") for slot in found.slots)


def _look(
    audit: _Audit, sites: Sequence[AuditedSite], taken: pl.DataFrame, summary: AuditSummary
) -> AuditSummary:
    """Look at the slots that were taken, and store what is found."""
    connection, tenant = audit.connection, audit.tenant_id
    first, last = taken["slot"].min(), taken["slot"].max()
    assert isinstance(first, datetime)
    assert isinstance(last, datetime)
    far = first - CATCH_UP
    remembered = read_episodes(connection, tenant, far)
    found = _explained(_found(audit, taken, remembered, (first, last)), remembered)
    shelf = read_shelf(connection, tenant)
    names = names_of(connection, tenant, scopes_of(found))
    rows = findings(tenant, found, audit.patterns, (shelf.book, shelf.ids), names)
    stored = store_findings(connection, tenant, rows, at=last)
    write_episodes(connection, tenant, found.select(EPISODES.names()), far)
    kept = stored.ids.filter(pl.col("finding_id") == pl.col("stored_id"))
    fresh = rows.join(kept, on="finding_id", how="semi").filter(pl.col("detected_at") >= first)
    asked = list(_wanted(audit, fresh, sites, {str(v): k for k, v in shelf.ids.items()}))
    store_evidence(connection, tenant, collect(connection, tenant, asked))
    announce(connection, tenant, _loud(fresh, sites), audit.now)
    return replace(summary, raised=stored.raised, changed=stored.changed, moved=stored.moved)


def _found(
    audit: _Audit,
    taken: pl.DataFrame,
    remembered: pl.DataFrame,
    window: tuple[datetime, datetime],
) -> pl.DataFrame:
    """Episodes of the sites whose slots were taken, each site at its own slots.

    Nearly always all sites have the same. What is of no one site goes with most of them.
    """
    facts = read_facts(audit.connection, audit.tenant_id, *window)
    if audit.tells_anomalies:
        left = read_left(audit.connection, audit.tenant_id, *window)
        facts = Facts(facts.tenant_id, {**facts.frames, FRAME: left})
    groups = (
        taken.group_by("site_id")
        .agg(pl.col("slot").sort())
        .group_by("slot")
        .agg("site_id", size=pl.len())
        .sort("size", pl.col("slot").list.first(), descending=[True, False])
    )
    found = [pl.DataFrame(schema=EPISODES)]
    for number, (slots, ids, _) in enumerate(groups.iter_rows()):
        all_sites = detect(facts, Moments.of(*slots), remembered, audit.patterns)
        mine = pl.col("site_id").is_in(ids)
        if number == 0:
            mine = mine.fill_null(value=True)
        sought = pl.col("type").is_in(audit.types)
        sought |= is_anomaly(pl.col("type")) & audit.tells_anomalies
        found.append(all_sites.select(EPISODES.names()).filter(sought, mine))
    return pl.concat(found)


def _explained(found: pl.DataFrame, remembered: pl.DataFrame) -> pl.DataFrame:
    """Episodes with what explains them, be it found in an audit of another cadence.

    What explains one mutes it for as long as it is open itself.
    """
    others = remembered.join(found, on=_KEY, how="anti")
    both = inhibited(pl.concat([found, others]))
    name = pl.format("{}|{}|{}|{}", *_KEY)
    parents = both.filter(pl.col("cleared_at").is_null()).select(name.alias("inhibited_by"))
    parents = parents.with_columns(is_muted=pl.lit(value=True))
    muted = both.head(found.height).join(
        parents, on="inhibited_by", how="left", maintain_order="left"
    )
    return muted.with_columns(pl.col("is_muted").fill_null(value=False))


def _wanted(
    audit: _Audit,
    fresh: pl.DataFrame,
    sites: Sequence[AuditedSite],
    runbooks: Mapping[str, Runbook],
) -> Iterator[Wanted]:
    """New findings with the evidence that their rule and their runbook ask for."""
    silent = {site.site_id for site in sites if not site.schedule.collect_evidence}
    of_rules = {kind: set(p.evidence) for p in audit.patterns for kind in p.kinds}
    for row in fresh.filter(~pl.col("site_id").is_in(silent).fill_null(value=False)).iter_rows(
        named=True
    ):
        required = runbooks[row["runbook_id"]].front.evidence_required
        yield Wanted(
            UUID(row["finding_id"]),
            frozenset(of_rules.get(row["type"], set()) | set(required)),
            *(row["site_id"], row["person_id"], row["device_id"]),
            *(row["window_from"], row["detected_at"], figures_of(row["figures"])),
        )


def _loud(fresh: pl.DataFrame, sites: Sequence[AuditedSite]) -> pl.DataFrame:
    """New findings that are to be told, by the schedule of their site; those of no site always."""
    rules = pl.DataFrame(
        [(s.site_id, s.schedule.alert_on_finding, str(s.schedule.alert_severity)) for s in sites],
        schema={"site_id": pl.String(), "tells": pl.Boolean(), "from": pl.String()},
        orient="row",
    )
    both = fresh.join(rules, on="site_id", how="left", maintain_order="left")
    enough = pl.col("severity").cast(SEVERITY) >= pl.col("from").cast(SEVERITY)
    return both.filter(
        (pl.col("tells") & enough).fill_null(value=True), pl.col("state") != "suppressed"
    ).select(fresh.columns)
