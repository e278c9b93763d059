"""Trying quarantined events again, and discarding them.

A replay is a delivery of its own: the events pass the rules as they are today, with the time
at which they once arrived. Keeping and listing belong to `vigia.store.quarantine`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import polars as pl

from vigia.domain.telemetry.clock import ClockRule
from vigia.domain.telemetry.frames import INSTANT
from vigia.ingest.batch import BatchInfo, Delivery, Outcome, Report
from vigia.ingest.envelope import parse_events
from vigia.ingest.failures import explained
from vigia.ingest.mapped import hash_key
from vigia.ingest.remap import is_row, map_again
from vigia.store import quarantine
from vigia.store.connection import Database, Role

PAGE = 10_000


def replay(
    database: Database,
    tenant_id: UUID,
    *,
    now: datetime,
    resolver: str,
    reason_code: str | None = None,
    ids: Sequence[UUID] | None = None,
    accept_late: bool = False,
) -> Report:
    """Try open quarantined events again, each once; what is accepted now is settled.

    Args:
        database: Where they are.
        tenant_id: Whose events.
        now: The wall clock.
        resolver: Who or what asked for it; noted on what it settles.
        reason_code: Only events put aside for this reason.
        ids: Only these.
        accept_late: A person decided that events more than 72 h late are right.

    Returns:
        The account of the replay; `quarantined` counts what failed again and stays open.
    """
    choice: dict[str, Any] = {"reason_code": reason_code, "ids": ids}
    clock = ClockRule(now, accept_late=accept_late)
    return _replay(database, tenant_id, clock, resolver=resolver, choice=choice)


def replay_answered(database: Database, tenant_id: UUID, *, now: datetime) -> Report:
    """Try events again that waited for a thing which is known by now.

    Order of arrival is no fault: an event may come before the site it happened at.
    """
    choice: dict[str, Any] = {"only_answered": True}
    with database.transaction(Role.APP, tenant_id) as connection:
        if not quarantine.claim(connection, tenant_id, after=None, limit=1, **choice):
            return Report()
    resolver = "its reference arrived"
    return _replay(database, tenant_id, ClockRule(now), resolver=resolver, choice=choice)


def discard(database: Database, tenant_id: UUID, ids: Sequence[UUID], *, resolver: str) -> int:
    """Settle open events as not wanted; returns how many were open."""
    with explained(), database.transaction(Role.APP, tenant_id) as connection:
        return quarantine.settle(connection, tenant_id, ids, state="discarded", resolver=resolver)


def _replay(
    database: Database,
    tenant_id: UUID,
    clock: ClockRule,
    *,
    resolver: str,
    choice: dict[str, Any],
) -> Report:
    after: UUID | None = None
    batch = BatchInfo("replay", f"quarantine: {resolver}")
    key = hash_key(database.secret, tenant_id)
    with Delivery(database, tenant_id, batch, now=clock.now) as delivery:
        while True:
            with explained(), delivery.transaction() as connection:
                rows = quarantine.claim(connection, tenant_id, after=after, limit=PAGE, **choice)
                if not rows:
                    break
                failed = _try_again(delivery, rows, clock, key)
                good = [row["q_id"] for row in rows if row["q_id"] not in failed]
                quarantine.settle(connection, tenant_id, good, state="replayed", resolver=resolver)
                quarantine.note_failures(connection, tenant_id, failed)
            after = rows[-1]["q_id"]
    return delivery.report


def _try_again(
    delivery: Delivery, rows: list[dict[str, Any]], clock: ClockRule, key: bytes
) -> dict[UUID, dict[str, Any]]:
    """Judge and store claimed events; returns those that failed, with their new reasons."""
    files = [row for row in rows if is_row(row)]
    failed = _map_again(delivery, files, clock, key) if files else {}
    for arrived in (False, True):
        events = [r for r in rows if not is_row(r) and (r["received_at"] is not None) == arrived]
        if events:
            failed |= _try_events(delivery, events, clock)
    return failed


def _try_events(
    delivery: Delivery, rows: list[dict[str, Any]], clock: ClockRule
) -> dict[UUID, dict[str, Any]]:
    """Judge and store events whose arrival is noted, or that may say it themselves, of a history.

    Returns:
        Those that failed, with their new reasons.
    """
    parsed = parse_events((row["raw"].encode() for row in rows), received_at=rows[0]["received_at"])
    arrivals = pl.Series([row["received_at"] for row in rows], dtype=INSTANT)
    frames = parsed.frames
    if not arrivals.null_count():
        frames = {
            name: frame.with_columns(received_at=arrivals.gather(frame["line_no"] - 1))
            for name, frame in frames.items()
        }
    judged = delivery.judge(frames, clock)
    delivery.session.prepare(judged)
    outcome = delivery.store(judged, parsed.rejected)
    delivery.count(outcome)
    return _failures(rows, outcome)


def _map_again(
    delivery: Delivery, rows: list[dict[str, Any]], clock: ClockRule, key: bytes
) -> dict[UUID, dict[str, Any]]:
    """Map, judge and store rows of files again; returns those that failed."""
    failed: dict[UUID, dict[str, Any]] = {}
    for table, mapped in map_again(rows, key=key):
        judged = delivery.judge({**mapped.references, table: mapped.events}, clock)
        delivery.session.prepare(judged)
        outcome = delivery.store(judged, mapped.rejected)
        delivery.count(outcome)
        failed |= _failures(rows, outcome)
    return failed


def _failures(rows: list[dict[str, Any]], outcome: Outcome) -> dict[UUID, dict[str, Any]]:
    bad = outcome.rejected.filter(pl.col("line_no").is_not_null())
    return {rows[row["line_no"] - 1]["q_id"]: row for row in bad.iter_rows(named=True)}
