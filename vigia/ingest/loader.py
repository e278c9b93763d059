"""Loading a file: rows through a mapping into a delivery, with a report that adds up.

Belongs here: choosing reader and mapping, chunks in their order, the account of it. Does not
belong here: reading (`readers`), meaning (`mapping`, `mapped`), acceptance and storing (`batch`).
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path
from uuid import UUID

import polars as pl

from vigia.domain.dictionary import TABLES
from vigia.domain.errors import VigiaError
from vigia.domain.telemetry.frames import rejected as rejected_frame
from vigia.ingest.batch import BatchInfo, Delivery, Report
from vigia.ingest.batch import Chunk as EventChunk
from vigia.ingest.blocks import BlockSource
from vigia.ingest.delimited import Layout
from vigia.ingest.envelope import parse_events
from vigia.ingest.mapped import apply_mapping, hash_key
from vigia.ingest.mapping import LoadKind, Mapping, choose_mapping
from vigia.ingest.readers import Member, open_members, open_parts, parts_of, read_rows
from vigia.ingest.rows import Chunk, Chunks
from vigia.store.connection import Database

EXAMPLES = 3
Progress = Callable[[int, int], None]
"""Called with the rows done and the bytes of the file they came from."""


@dataclass(slots=True)
class LoadReport:
    """How a load went: `rows == accepted + duplicate + quarantined`, always.

    Attributes:
        rows: Rows of the file, blank lines and the header aside.
        reasons: Reason code to number of quarantined rows.
        examples: Reason code to a few of them: `line_no`, `reason`, `raw`.
        created: Table to number of things that were made because the file names them.
        mappings: Names of the mappings used, in the order of the files.
    """

    rows: int = 0
    accepted: int = 0
    duplicate: int = 0
    quarantined: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    created: Counter[str] = field(default_factory=Counter)
    mappings: list[str] = field(default_factory=list)

    def add(self, report: Report) -> None:
        """Count a chunk in."""
        self.rows += report.rows
        self.accepted += report.accepted
        self.duplicate += report.duplicate
        self.quarantined += report.quarantined
        self.reasons.update(report.reasons)


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """What to load and how.

    Attributes:
        path: A file, or the folder of a stream of events that was cut into parts.
        kind: What the file holds.
        mapping: None: the shipped mapping that fits; not used for events, which need none.
        dry_run: Judge everything, store nothing.
    """

    path: Path
    kind: LoadKind
    mapping: Mapping | None = None
    dry_run: bool = False


def load(
    database: Database,
    tenant_id: UUID,
    request: LoadRequest,
    *,
    now: datetime,
    progress: Progress = lambda _rows, _bytes: None,
) -> LoadReport:
    """Load a file; what was loaded before is a duplicate, and loading it again changes nothing.

    Each chunk is durable when it is counted, so a load that was interrupted is simply repeated.

    Args:
        database: Where to.
        tenant_id: Whose data they are; the tenant must exist.
        request: What to load.
        now: The wall clock.
        progress: Told after every chunk.

    Raises:
        VigiaError: The file cannot be read or does not fit; the text says what to do.
    """
    return _Load(database, tenant_id, request, now, progress).run()


class _Load:
    def __init__(
        self,
        database: Database,
        tenant_id: UUID,
        request: LoadRequest,
        now: datetime,
        progress: Progress,
    ) -> None:
        self.database = database
        self.tenant_id = tenant_id
        self.request = request
        self.now = now
        self.progress = progress
        self.report = LoadReport()
        self.key = hash_key(database.secret, tenant_id)
        self.named: dict[str, set[str]] = {}

    def run(self) -> LoadReport:
        path, are_events = self.request.path, self.request.kind == "events"
        if are_events and path.is_dir():
            self._load_events(path.name, open_parts(parts_of(path)))
            return self.report
        with open_members(path) as members:
            for member in members:
                if are_events and self.request.mapping is None:
                    _refuse_no_lines(member)
                    self._load_events(member.name, [member])
                else:
                    self._load_mapped(member)
        return self.report

    def _load_events(self, origin: str, members: Iterable[Member]) -> None:
        """Load a stream of events; its lines are counted through all of its parts."""
        positions: deque[int] = deque()
        with self._delivery(origin, None) as delivery:
            for report in delivery.add_each(_event_chunks(members, positions)):
                self._count(report, positions.popleft())
            self._keep_examples(delivery)

    def _load_mapped(self, member: Member) -> None:
        mapping, chunks = self._prepare(member)
        self.report.mappings.append(mapping.name)
        with ExitStack() as stack:
            delivery = stack.enter_context(self._delivery(member.name, mapping.name))
            things = delivery
            # A dry run sees only what its own delivery brought; else the things that the file
            # names are a delivery of their own, so that the file's account is of its rows alone.
            if mapping.reference and not self.request.dry_run:
                origin = f"{member.name}: things it names"
                things = stack.enter_context(self._delivery(origin, mapping.name))
            for chunk in chunks:
                mapped = apply_mapping(mapping, chunk, key=self.key)
                self._create(things, mapped.references)
                frames = {mapping.table.name: mapped.events} if mapped.events.height else {}
                self._count(delivery.add(frames, mapped.rejected), member.position())
            self._keep_examples(delivery)

    def _prepare(self, member: Member) -> tuple[Mapping, Chunks]:
        """Read the first rows, settle the mapping by their columns, and give all rows back."""
        given, kind = self.request.mapping, self.request.kind
        if given is not None and given.kind != kind:
            raise VigiaError(
                f"Mapping {given.name} is for {given.kind}, but {member.name} is said to hold "
                f"{kind}. Say --as {given.kind}, or choose another mapping (--mapping)."
            )
        layout = given.layout.for_reader() if given else _layout_for(kind, member)
        chunks: Iterator[Chunk] = read_rows(member, layout)
        first = next(chunks, None)
        if first is None:
            raise VigiaError(f"{member.name} has a header and no rows: there is nothing to load.")
        columns = first.rows.columns
        mapping = given or choose_mapping(kind, member.suffix, columns, member.name)
        mapping.check_columns(columns, member.name)
        return mapping, chain([first], chunks)

    def _create(self, delivery: Delivery, references: dict[str, pl.DataFrame]) -> None:
        """Make the things not named before in this load; they come before what refers to them."""
        for table, frame in references.items():
            seen = self.named.setdefault(table, set())
            code = TABLES[table].natural_key[0]
            new = frame.filter(~pl.col(code).is_in(list(seen)))
            seen.update(new[code].to_list())
            if new.height:
                self.report.created[table] += delivery.add({table: new}).accepted

    def _delivery(self, origin: str, mapping: str | None) -> Delivery:
        info = BatchInfo("import", origin, mapping)
        return Delivery(
            self.database, self.tenant_id, info, now=self.now, dry_run=self.request.dry_run
        )

    def _count(self, report: Report, position: int) -> None:
        self.report.add(report)
        self.progress(self.report.rows, position)

    def _keep_examples(self, delivery: Delivery) -> None:
        for code, found in delivery.examples.items():
            kept = self.report.examples.setdefault(code, [])
            kept += found[: EXAMPLES - len(kept)]


def _refuse_no_lines(member: Member) -> None:
    if member.format != "ndjson":
        raise VigiaError(
            f"{member.name}: events are loaded from NDJSON, one CloudEvents object a line. "
            "For rows of another file, say what they are (--as) or name a mapping (--mapping)."
        )


def _event_chunks(members: Iterable[Member], positions: deque[int]) -> Iterator[EventChunk]:
    """The events of a stream, and how far its files were read for each chunk."""
    lines = 0
    for member in members:
        source = BlockSource(member.stream, lines)
        for block in source.blocks():
            parsed = parse_events(block.lines, received_at=None, first_line_no=block.first_line_no)
            positions.append(member.position())
            yield parsed.frames, pl.concat([parsed.rejected, rejected_frame(block.unread)])
        lines = source.last_line_no


def _layout_for(kind: LoadKind, member: Member) -> Layout:
    """The layout of the shipped mapping that is made for this ending, if there is one."""
    from vigia.ingest.mapping import shipped

    made_for = [
        m for m in shipped().values() if m.kind == kind and member.suffix in m.layout.suffixes
    ]
    return made_for[0].layout.for_reader() if made_for else Layout()
