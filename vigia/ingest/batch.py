"""One delivery of events from first to last: rules, store, account, message to the others.

Every entrance ends here: single events, requests, files, replays. What a file means is the
loader's; what an event must be is the domain's; how rows are written is the store's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID, uuid4

import polars as pl

from vigia.domain.dictionary import TABLES
from vigia.domain.telemetry.clock import ClockRule
from vigia.domain.telemetry.frames import REJECTED
from vigia.domain.telemetry.judgement import Judgement
from vigia.domain.telemetry.normalise import Normalised, normalise
from vigia.domain.telemetry.reasons import Reason
from vigia.domain.telemetry.shape import with_envelope
from vigia.ingest.envelope import parse_events
from vigia.ingest.failures import IngestError, explained, first_line
from vigia.ingest.report import BatchInfo, Report
from vigia.store import quarantine
from vigia.store.books import Books
from vigia.store.connection import Database, Role, set_tenant
from vigia.store.durability import refuse_undurable
from vigia.store.ingest import Session, Stored, storing_order
from vigia.store.statistics import refresh_statistics

if TYPE_CHECKING:
    import psycopg

__all__ = ["BatchInfo", "Delivery", "Report", "ingest", "ingest_lines"]

Chunk = tuple[Mapping[str, pl.DataFrame], pl.DataFrame | None]
CHUNK = 50_000
"""Events in one transaction, more or less."""
EXAMPLES = 3
_TRIES = 4
_WAITING = (Reason.UNKNOWN_SITE, Reason.UNKNOWN_REFERENCE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one chunk: its account, and the rejected events (`frames.REJECTED`)."""

    report: Report
    rejected: pl.DataFrame
    stored: Stored


class Delivery:
    """A delivery in as many chunks as it takes; each chunk is one transaction.

    Use as a context manager. A chunk that was added is durable when `add` returns. An error
    leaves the batch as `failed` with its text; chunks added before stay.

    Attributes:
        report: The account so far.
        examples: Reason code to the first few rejected events, as rows of `frames.REJECTED`.

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
        self.report = Report(batch_id=None if dry_run else uuid4())
        self.examples: dict[str, list[dict[str, Any]]] = {}
        self._database = database
        self._tenant_id = tenant_id
        self._batch = batch
        self._batch_id = self.report.batch_id or uuid4()
        self._now = now
        self._dry_run = dry_run
        self._stack = ExitStack()
        self._look_again = False
        self._written: set[str] = set()

    def __enter__(self) -> Self:
        """Connect, check that the server is durable and the tenant known, open the batch."""
        with ExitStack() as stack, explained():
            connection = stack.enter_context(self._database.connect(Role.APP))
            refuse_undurable(connection)
            self.session = Session(connection, self._tenant_id)
            self._books = Books(connection, self._tenant_id)
            if self._dry_run:
                stack.enter_context(connection.transaction(force_rollback=True))
            with self.transaction():
                self._refuse_unknown_tenant(connection)
                batch = self._batch
                self._books.open_batch(
                    self._batch_id, batch.kind, batch.origin, batch.mapping, self._now
                )
            self._stack = stack.pop_all()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Close the batch as done or failed, then try again what waited for it."""
        with self._stack:
            if self._dry_run:
                return
            if error is not None:
                self._note_failure(error)
                return
            with explained(), self.transaction() as connection:
                self._books.close_batch(self._batch_id, self._now)
                written = (*self._written, "ingest_key", "ingest_event")
                refresh_statistics(connection, dict.fromkeys(written, self.report.accepted))
        if self._look_again and self._batch.kind != "replay":
            from vigia.ingest.quarantine import replay_answered

            again = replay_answered(self._database, self._tenant_id, now=self._now)
            self.report.replayed = again.accepted

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Connection]:
        """A transaction that acts for the tenant, on the delivery's own connection."""
        connection = self.session.connection
        with connection.transaction():
            set_tenant(connection, self._tenant_id)
            yield connection

    def add(
        self, frames: Mapping[str, pl.DataFrame], rejected: pl.DataFrame | None = None
    ) -> Report:
        """Judge and store one chunk (about 50,000 events) in one transaction.

        Args:
            frames: Table name to event frame (see `vigia.domain.telemetry.frames`).
            rejected: What the reader put aside already (`frames.REJECTED`); counted and kept.

        Returns:
            The account of this chunk; `self.report` holds the delivery's.

        Raises:
            IngestError: The database refused or is gone; nothing of the chunk is stored.
        """
        return self._add(frames, rejected, self.judge(frames, ClockRule(self._now)))

    def add_each(self, chunks: Iterable[Chunk]) -> Iterator[Report]:
        """Add chunks one after the other, reading and judging the next while one is stored.

        Args:
            chunks: Frames and what the reader put aside, as for `add`. Consumed in a thread of
                its own, one chunk ahead.

        Yields:
            The account of each chunk, once it is durable.
        """
        remaining = iter(chunks)

        def read_ahead() -> tuple[Chunk, dict[str, Normalised]] | None:
            chunk = next(remaining, None)
            return chunk and (chunk, self.judge(chunk[0], ClockRule(self._now)))

        with ThreadPoolExecutor(1) as reader:
            coming = reader.submit(read_ahead)
            while (found := coming.result()) is not None:
                coming = reader.submit(read_ahead)
                (frames, rejected), judged = found
                yield self._add(frames, rejected, judged)

    def _add(
        self,
        frames: Mapping[str, pl.DataFrame],
        rejected: pl.DataFrame | None,
        judged: dict[str, Normalised],
    ) -> Report:
        from psycopg import DataError, IntegrityError, errors

        for left in reversed(range(_TRIES)):
            try:
                with explained():
                    outcome = self._add_once(judged, rejected)
                break
            except IngestError as error:
                # Two deliveries waited for each other: the server picked this one to step back.
                circle = errors.DeadlockDetected, errors.SerializationFailure
                if self._dry_run or not left or not isinstance(error.__cause__, circle):
                    raise
                judged = self.judge(frames, ClockRule(self._now))
            except (DataError, IntegrityError) as error:
                return self._add_in_parts(frames, rejected, error)
        self.count(outcome)
        self._written.update(judged)
        return outcome.report

    def _add_in_parts(
        self,
        frames: Mapping[str, pl.DataFrame],
        rejected: pl.DataFrame | None,
        error: psycopg.Error,
    ) -> Report:
        """Add a chunk that the database refused in halves, until the one event is found.

        No rule of ours foresaw it, and still it may not keep the others out.
        """
        report = Report()
        if rejected is not None and rejected.height:
            report.add(self.add({}, rejected))
        parts = list(_halves(frames))
        if len(parts) == 1:
            [(name, frame)] = parts[0].items()
            judgement = Judgement(with_envelope(frame, TABLES[name]), TABLES[name])
            judgement.reject_row(0, Reason.REFUSED, first_line(error))
            parts, rejected = [], judgement.rejected()
            report.add(self.add({}, rejected))
        for part in parts:
            report.add(self.add(part))
        return report

    def _add_once(self, judged: Mapping[str, Normalised], rejected: pl.DataFrame | None) -> Outcome:
        self.session.prepare(judged, partitions=not self._dry_run)
        with self.transaction() as connection:
            outcome = self.store(judged, rejected)
            quarantine.keep(
                connection,
                self._tenant_id,
                self._batch_id,
                outcome.rejected,
                origin=self._batch.origin,
                mapping=self._batch.mapping,
                now=self._now,
            )
        return outcome

    def judge(self, frames: Mapping[str, pl.DataFrame], clock: ClockRule) -> dict[str, Normalised]:
        """Judge frames by the rules that need no database."""
        return {
            name: normalise(frame, TABLES[name], tenant_id=self._tenant_id, clock=clock)
            for name, frame in frames.items()
            if frame.height
        }

    def store(
        self, judged: Mapping[str, Normalised], rejected: pl.DataFrame | None = None
    ) -> Outcome:
        """Store judged frames and account for them, inside the caller's transaction."""
        stored = self.session.store(judged, batch_id=self._batch_id, now=self._now)
        bad = [REJECTED.to_frame() if rejected is None else rejected]
        bad += [normalised.judgement.rejected() for normalised in judged.values()]
        everything = pl.concat(bad)
        offered = sum(normalised.judgement.frame.height for normalised in judged.values())
        reasons = dict(everything["reason_code"].value_counts().iter_rows())
        report = Report(
            rows=offered + bad[0].height,
            accepted=stored.accepted,
            duplicate=stored.duplicate,
            quarantined=everything.height,
            reasons=reasons,
        )
        if report.rows != report.accepted + report.duplicate + report.quarantined:
            raise AssertionError(f"events went missing: {report}")
        self._books.count_chunk(self._batch_id, asdict(report), stored.first, stored.last)
        return Outcome(report, everything, stored)

    def count(self, outcome: Outcome) -> None:
        """Add a committed chunk to the delivery's account."""
        self.report.add(outcome.report)
        waiting = any(code in outcome.report.reasons for code in _WAITING)
        self._look_again = self._look_again or waiting or outcome.stored.created > 0
        for code in outcome.report.reasons:
            kept = self.examples.setdefault(code, [])
            missing = EXAMPLES - len(kept)
            if missing > 0:
                same = outcome.rejected.filter(pl.col("reason_code") == code)
                kept.extend(same.head(missing).iter_rows(named=True))

    def _refuse_unknown_tenant(self, connection: psycopg.Connection) -> None:
        if connection.execute("SELECT FROM ops.tenant").fetchone() is None:
            raise IngestError(
                f"There is no tenant {self._tenant_id}. Create it first: "
                "`vigia load … --create-tenant`, or `vigia tenant create`."
            )

    def _note_failure(self, error: BaseException) -> None:
        """Note in the books why the delivery failed, if the database still answers."""
        import psycopg

        text = str(error) or type(error).__name__
        try:
            with self._database.transaction(Role.APP, self._tenant_id) as connection:
                books = Books(connection, self._tenant_id)
                books.close_batch(self._batch_id, self._now, text[:2000])
        except psycopg.Error:
            # The caller gets the first error, which matters more than this one.
            return


def _halves(frames: Mapping[str, pl.DataFrame]) -> Iterator[dict[str, pl.DataFrame]]:
    """A chunk in parts: its tables one by one, things first, or the halves of its only table."""
    if len(frames) > 1:
        yield from ({name: frames[name]} for name in storing_order() if name in frames)
        return
    for name, frame in frames.items():
        middle = (frame.height + 1) // 2
        yield from ({name: part} for part in frame.iter_slices(middle))


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
    with Delivery(database, tenant_id, batch, now=now) as delivery:
        if rejected is not None and rejected.height:
            delivery.add({}, rejected)
        chunks = (
            ({name: chunk}, None)
            for name in storing_order()
            if name in frames
            for chunk in frames[name].iter_slices(CHUNK)
        )
        for _ in delivery.add_each(chunks):
            pass
    return delivery.report


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
        database: Where they go.
        tenant_id: Whose events they are.
        lines: One event a line.
        batch: What is said about the delivery.
        now: The wall clock.
        received_at: When they arrived; None for an import, whose events say it themselves
            (`receivedtime`) or else arrived as they happened. Live deliveries always pass it.
    """
    with Delivery(database, tenant_id, batch, now=now) as delivery:
        for _ in delivery.add_each(_parsed(lines, received_at)):
            pass
    return delivery.report


def _parsed(lines: Iterable[bytes], received_at: datetime | None) -> Iterator[Chunk]:
    remaining = iter(lines)
    first = 1
    while chunk := list(islice(remaining, CHUNK)):
        parsed = parse_events(chunk, received_at=received_at, first_line_no=first)
        yield parsed.frames, parsed.rejected
        first += len(chunk)
