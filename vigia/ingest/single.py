"""One event at a time: the same rules and the same store as a delivery of millions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from vigia.ingest.batch import BatchInfo, Delivery
from vigia.ingest.envelope import parse_events
from vigia.store.connection import Database


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an event.

    Attributes:
        state: `accepted` and `duplicate` are both good news: the event is stored.
        reason_code: Why it was put aside.
        reason: The same for people.
    """

    state: Literal["accepted", "duplicate", "quarantined"]
    reason_code: str | None = None
    reason: str | None = None


def ingest_event(
    database: Database, tenant_id: UUID, event: bytes, *, origin: str, now: datetime
) -> Verdict:
    """Judge and store one CloudEvent (JSON) that arrives now; durable when this returns.

    Raises:
        IngestError: The database refused or is gone; the sender must try again.
        ValueError: There is nothing but blanks.
    """
    parsed = parse_events([event], received_at=now)
    if not parsed.lines:
        raise ValueError("an empty request holds no event")
    with Delivery(database, tenant_id, BatchInfo("live", origin), now=now) as delivery:
        report = delivery.add(parsed.frames, parsed.rejected)
    if report.accepted:
        return Verdict("accepted")
    if report.duplicate:
        return Verdict("duplicate")
    [(code, [example])] = delivery.examples.items()
    return Verdict("quarantined", code, str(example["reason"]))
