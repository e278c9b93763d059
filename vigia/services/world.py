"""Bringing a simulated world into the platform: all at once, or paced by its own clock.

Belongs here: which parts go in, in which order, and when. Does not belong here: how events are
accepted (`vigia.ingest`), or how a world is made (`vigia.simulator`). The truth of a world is
never touched here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from vigia.domain.errors import VigiaError
from vigia.ingest.batch import CHUNK, BatchInfo
from vigia.ingest.loader import LoadReport, LoadRequest, load
from vigia.simulator.emit.files import EVENTS, read_manifest
from vigia.store.connection import Database
from vigia.store.tenants import create_tenant
from vigia.worker.runbooks import seed

_ARRIVED = re.compile(rb'"receivedtime":"([^"]+)"')
STEP_S = 5.0
"""A paced world is delivered in portions of this much wall time."""


@dataclass(slots=True)
class WorldReport:
    """What became of a world's events.

    Attributes:
        tenants: Slug to the account of its stream.
        names: Slug to the name of the company.
    """

    tenants: dict[str, LoadReport] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    @property
    def whole(self) -> LoadReport:
        """The account of all tenants together."""
        total = LoadReport()
        for report in self.tenants.values():
            total.rows += report.rows
            total.accepted += report.accepted
            total.duplicate += report.duplicate
            total.quarantined += report.quarantined
            total.reasons.update(report.reasons)
        return total


Progress = Callable[[str, int, int], None]
"""Called with a tenant's slug, the rows done and the bytes read."""


def load_world(
    database: Database,
    root: Path,
    *,
    now: datetime,
    progress: Progress = lambda _slug, _rows, _bytes: None,
) -> WorldReport:
    """Load every tenant of a world as a history: each event arrived when its stream says.

    Loading it again changes nothing.

    Args:
        database: Where to; missing tenants are made, with the data clock.
        root: Folder of the world.
        now: The wall clock.
        progress: Told after every chunk.

    Raises:
        VigiaError: The folder holds no finished world, or a part cannot be read.
    """
    report = WorldReport()
    for tenant in read_manifest(root)["tenants"]:
        slug = tenant["slug"]
        stream_parts(root, slug)
        report.names[slug] = tenant["name"]

        def tell(rows: int, done: int, slug: str = slug) -> None:
            progress(slug, rows, done)

        stream = LoadRequest(root / slug / EVENTS, "events")
        made = _tenant(database, tenant)
        report.tenants[slug] = load(database, made, stream, now=now, progress=tell)
    return report


def stream_parts(root: Path, slug: str) -> list[Path]:
    """The parts of a tenant's stream, in the order in which they arrived.

    Raises:
        VigiaError: There are none.
    """
    parts = sorted((root / slug / EVENTS).glob("*.ndjson.zst"))
    if not parts:
        raise VigiaError(f"{root / slug / EVENTS} holds no events: the world is incomplete.")
    return parts


def _tenant(database: Database, tenant: dict[str, Any]) -> Any:
    made = create_tenant(
        database,
        tenant["slug"],
        name=tenant["name"],
        country=tenant["country"],
        default_tz=tenant["default_tz"],
        clock_mode="data",
        retention_profile="keep_all",
    )
    seed(database, made.tenant_id, now=datetime.now(UTC))
    return made.tenant_id


@dataclass(frozen=True, slots=True)
class Pace:
    """How a world is delivered by its own clock.

    Attributes:
        speed: Seconds of the world in a second of the wall.
        from_at: What arrived before it is delivered at once; None paces from the first event.
        clock: The wall clock.
        sleep: Waits for so many seconds.
    """

    speed: float
    from_at: datetime | None
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]


def feed_world(
    database: Database,
    root: Path,
    pace: Pace,
    *,
    progress: Progress = lambda _slug, _rows, _bytes: None,
) -> WorldReport:
    """Deliver a world's events when they arrive, faster than life by a factor.

    Portions are cut by the world's arrival clock, so no page ever sees what had not arrived.

    Args:
        database: Where to; missing tenants are made, with the data clock.
        root: Folder of the world.
        pace: How fast, from when, by which clock.
        progress: Told after every portion.

    Raises:
        VigiaError: The speed is no positive number, or the folder holds no finished world.
    """
    if not pace.speed > 0:
        raise VigiaError(f"The speed is {pace.speed:g}; it must be more than 0, such as 60.")
    feeds = [_Feed(database, root, tenant) for tenant in read_manifest(root)["tenants"]]
    start = pace.from_at or min(feed.starts_at for feed in feeds)
    began, until = pace.clock(), start
    while any(feed.is_open for feed in feeds):
        for feed in feeds:
            feed.deliver(until, now=pace.clock())
            progress(feed.slug, feed.account.rows, 0)
        pace.sleep(STEP_S)
        until = start + (pace.clock() - began) * pace.speed
    names = {feed.slug: feed.name for feed in feeds}
    return WorldReport({feed.slug: feed.account for feed in feeds}, names)


class _Feed:
    """One tenant's stream, delivered up to an instant of its arrival clock."""

    def __init__(self, database: Database, root: Path, tenant: dict[str, Any]) -> None:
        self.slug, self.name = tenant["slug"], tenant["name"]
        self.account = LoadReport()
        self._database = database
        self._tenant_id = _tenant(database, tenant)
        reference, *parts = stream_parts(root, self.slug)
        self._ahead = [*_lines([reference])]
        self._lines = _lines(parts)
        self._next: tuple[datetime, bytes] | None = None
        self._step()
        self.starts_at = self._next[0] if self._next else arrived_at(self._ahead[0][1])

    @property
    def is_open(self) -> bool:
        """Whether anything is left to deliver."""
        return self._next is not None or bool(self._ahead)

    def deliver(self, until: datetime, *, now: datetime) -> None:
        """Deliver everything that arrived by an instant, in portions that fit a transaction."""
        from vigia.ingest.batch import ingest_lines

        while due := self._due(until):
            batch = BatchInfo("import", f"{self.slug}: world until {until:%Y-%m-%d %H:%M}")
            done = ingest_lines(self._database, self._tenant_id, due, batch=batch, now=now)
            self.account.add(done)

    def _due(self, until: datetime) -> list[bytes]:
        due = [line for _, line in self._ahead]
        self._ahead = []
        while self._next is not None and self._next[0] <= until and len(due) < CHUNK:
            due.append(self._next[1])
            self._step()
        return due

    def _step(self) -> None:
        self._next = next(self._lines, None)


def _lines(parts: list[Path]) -> Iterator[tuple[datetime, bytes]]:
    """Lines of compressed parts, with the instant at which each arrived; never all at once."""
    import pyarrow as pa

    arrived: datetime | None = None
    for part in parts:
        with closing(pa.input_stream(str(part), compression="zstd")) as packed:
            for line in _split(packed):
                arrived = arrived_at(line, arrived)
                yield arrived, line


def _split(stream: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while block := stream.read(1 << 20):
        *whole, rest = (rest + block).split(b"\n")
        yield from whole
    if rest:
        yield rest


def arrived_at(line: bytes, before: datetime | None = None) -> datetime:
    """When an event arrived, by its `receivedtime`; a line without one came with the one before.

    Raises:
        VigiaError: The first line of a stream says nothing of its arrival.
    """
    found = _ARRIVED.search(line)
    if found is not None:
        try:
            return datetime.fromisoformat(found[1].decode())
        except ValueError:
            pass  # A broken line: it arrived with its neighbours, and ingest will say what it is.
    if before is None:
        raise VigiaError("The stream does not say when its first event arrived.")
    return before
