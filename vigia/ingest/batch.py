"""One delivery of events from first to last: rules, store, account, message to the others.

Every entrance ends here: single events, requests, files, replays. What a file means is the
loader's; what an event must be is the domain's; how rows are written is the store's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Self
from uuid import UUID

import polars as pl

from vigia.store.connection import Database

Kind = Literal["live", "import", "replay"]
CHUNK = 50_000


@dataclass(frozen=True, slots=True)
class BatchInfo:
    """What is said about a delivery.

    Attributes:
        kind: `live` events arrive now; an `import` is a history with its own arrival clock.
        origin: File name, endpoint or the like.
        mapping: Mapping that was used, if any.
    """

    kind: Kind
    origin: str
    mapping: str | None = None


@dataclass(slots=True)
class Report:
    """How a delivery went: `rows == accepted + duplicate + quarantined`, always.

    Attributes:
        reasons: Reason code to number of quarantined events.
        replayed: Events put aside earlier (or by this delivery) that it made acceptable and
            that were stored as a batch of their own; not part of the sum above.
        batch_id: The delivery; None for a dry run.
    """

    rows: int = 0
    accepted: int = 0
    duplicate: int = 0
    quarantined: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    replayed: int = 0
    batch_id: UUID | None = None


class Delivery:
    """A delivery in as many chunks as it takes; each chunk is one transaction.

    Use as a context manager. A chunk that was added is durable when `add` returns. An error
    leaves the batch as `failed` with its text; chunks added before stay.

    Example:
        with Delivery(database, tenant_id, BatchInfo("import", "log.csv"), now=now) as delivery:
            for frames, rejected in chunks:
                delivery.add(frames, rejected)
        print(delivery.report)
    """

    def __init__(
        self,
        database: Database,
        tenant_id: UUID,
        batch: BatchInfo,
        *,
        now: datetime,
        dry_run: bool = False,
    ) -> None:
        """Prepare a delivery.

        Args:
            database: Where it goes; its durability is checked first.
            tenant_id: Whose events they are; the tenant must exist.
            batch: What is said about it.
            now: The wall clock, for the books and for what cannot have happened yet.
            dry_run: Judge everything (chunks see what earlier chunks brought), store nothing.
        """
        self.report = Report()
        self.examples: dict[str, list[dict[str, object]]] = {}

    def __enter__(self) -> Self:
        raise NotImplementedError

    def __exit__(self, *_: object) -> None:
        raise NotImplementedError

    def add(
        self, frames: Mapping[str, pl.DataFrame], rejected: pl.DataFrame | None = None
    ) -> Report:
        """Judge and store one chunk (about 50,000 events) in one transaction.

        Args:
            frames: Table name to event frame (see `vigia.domain.telemetry.frames`).
            rejected: What the reader put aside already (`frames.REJECTED`); counted and kept.

        Returns:
            The account of this chunk; `self.report` holds the delivery's.
        """
        raise NotImplementedError


def ingest(
    database: Database,
    tenant_id: UUID,
    frames: Mapping[str, pl.DataFrame],
    *,
    batch: BatchInfo,
    now: datetime,
    rejected: pl.DataFrame | None = None,
) -> Report:
    """Judge and store prepared frames as one delivery, in chunks; parents before children."""
    raise NotImplementedError


def ingest_lines(
    database: Database,
    tenant_id: UUID,
    lines: Iterable[bytes],
    *,
    batch: BatchInfo,
    now: datetime,
    received_at: datetime | None = None,
) -> Report:
    """Judge and store NDJSON CloudEvents as one delivery, in chunks.

    Args:
        lines: One event a line.
        received_at: When they arrived; None for an import, whose events arrived as they
            happened. Live deliveries always pass it.
    """
    raise NotImplementedError
