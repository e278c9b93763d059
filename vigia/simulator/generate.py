"""Making a world: plan once, then day by day, in as many processes as are given.

Belongs here: the order of the work and what passes between its parts. What any part does is its
own. A piece of work is some sites on one day; its events depend on nothing but the plan, and the
streams are put in order of arrival here, so the bytes are the same for any number of processes.
"""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from vigia.domain.telemetry.frames import INSTANT
from vigia.simulator.config import DAY_US, WorldConfig
from vigia.simulator.days import by_day
from vigia.simulator.draws import Ints
from vigia.simulator.emit.files import REFERENCE, WorldFolder, read_manifest
from vigia.simulator.emit.gaps import GapFinder
from vigia.simulator.emit.runs import RUN, arrival_order, counts_of, run_of
from vigia.simulator.prepare import Made, merged, prepare
from vigia.simulator.realism import realism, tally
from vigia.simulator.truth import POISON
from vigia.simulator.world.model import EventFrames, Shard

SITES_IN_A_PIECE = 100
"""At most; the fixed cost of a piece is that of thousands of events."""
VERSION = 4
"""Of the generator: another number, other bytes."""

Progress = Callable[[int, int], None]
"""Called with the days done and the events made so far."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What one piece of work gives back."""

    run: pl.DataFrame
    poison: pl.DataFrame
    facts: dict[str, pl.DataFrame]
    counts: dict[str, int]


@dataclass(slots=True)
class _Tally:
    """What has been made so far."""

    waiting: dict[int, list[pl.DataFrame]] = field(default_factory=dict)
    facts: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    poison: list[pl.DataFrame] = field(default_factory=list)
    made: Counter[str] = field(default_factory=Counter)
    written: Counter[str] = field(default_factory=Counter)
    text_bytes: int = 0

    def take(self, piece: Piece) -> None:
        """Count a piece in, and let its lines wait for the day on which they arrive."""
        self.poison.append(piece.poison)
        self.made.update(piece.counts)
        for name, frame in piece.facts.items():
            self.facts.setdefault(name, []).append(frame)
        for day, lines in by_day(piece.run, pl.col("arrives_us")).items():
            self.waiting.setdefault(day, []).append(lines)


def generate(
    config: WorldConfig,
    root: Path,
    *,
    workers: int = 1,
    progress: Progress = lambda _days, _events: None,
) -> dict[str, Any]:
    """Make a world and write it to a folder.

    Args:
        config: What world.
        root: An empty or new folder.
        workers: Processes that make events; the bytes do not depend on it.
        progress: Told after every day.

    Returns:
        The manifest.

    Raises:
        VigiaError: The world cannot be made as asked, or not be written; the text says why.
    """
    made = prepare(config.checked())
    folder = WorldFolder(root)
    folder.prepare(made.world.tenants["slug"])
    return _Generator(made, folder, progress).run(workers)


def make_piece(made: Made, sites: pl.Series, day: int) -> Piece:
    """Make the events of some sites whose duties are planned to start on one day."""
    from vigia.simulator.devices.simulate import simulate_devices
    from vigia.simulator.field.simulate import simulate_field

    shard = Shard(made.world, sites, day, made.duties_of(sites, day), made.effects)
    ground = simulate_field(shard)
    events = merged(ground.events, simulate_devices(shard, ground.movement))
    return _observed(made, shard, events, ground.facts)


def make_system_piece(made: Made, day: int) -> Piece:
    """Make the events of rosters, help desk and control room of one day."""
    sites = made.world.sites["site"]
    shard = Shard(made.world, sites, day, made.duties.clear(), made.effects)
    return _observed(made, shard, made.system_events(day), {})


def _observed(
    made: Made, shard: Shard, events: EventFrames, facts: dict[str, pl.DataFrame]
) -> Piece:
    from vigia.simulator.observe.observe import observe

    seen, poison = observe(shard, _before(made.world.config.end_us, events))
    facts = {**facts, "tally": tally(shard, seen)}
    return Piece(run_of(seen, made.tenant_of_site), poison, facts, counts_of(seen))


def _before(end_us: int, events: EventFrames) -> EventFrames:
    """The events that happen before the world ends; what was under way then stays open."""
    happened = pl.col("ce_time").to_physical() < end_us
    return {table: [f.filter(happened) for f in frames] for table, frames in events.items()}


class _Generator:
    """One world in the making."""

    def __init__(self, made: Made, folder: WorldFolder, progress: Progress) -> None:
        self.made = made
        self.config = made.world.config
        self.folder = folder
        self.progress = progress
        self.tally = _Tally()
        self.gaps = GapFinder(self.config.start_us)

    def run(self, workers: int) -> dict[str, Any]:
        self._write_reference()
        first = self.config.start_us // DAY_US
        with _pool(self.made, workers) as pieces:
            for day in range(self.config.days):
                for piece in pieces(self.work_of(day, workers)):
                    self.tally.take(piece)
                # The next day's duties may clock in an hour early, on this day; none before it.
                self._write_days(until=first + day)
                self.progress(day + 1, self.tally.written.total())
        self._write_days(until=None)
        return self._finish()

    def work_of(self, day: int, workers: int) -> list[tuple[pl.Series | None, int]]:
        """The pieces of a day: sites in portions, then what belongs to no shift."""
        sites = self.made.world.sites["site"]
        portion = min(-(-len(sites) // workers), SITES_IN_A_PIECE)
        starts = range(0, len(sites), portion)
        return [*((sites.slice(at, portion), day) for at in starts), (None, day)]

    def _write_reference(self) -> None:
        events = self.made.reference
        instant = datetime.fromtimestamp(self.config.start_us / 1e6, UTC) - timedelta(hours=1)
        arrives = pl.lit(instant, dtype=INSTANT).alias("received_at")
        events = {t: [f.with_columns(arrives) for f in frames] for t, frames in events.items()}
        run = run_of(events, self.made.tenant_of_site)
        self.tally.made.update(counts_of(events))
        self._write(REFERENCE, run, np.argsort(run["order"].to_numpy(), kind="stable"))
        for tenant, slug in self.made.world.tenants.select("tenant", "slug").iter_rows():
            self.folder.write_reference(slug, self.made.reference_tables(tenant))

    def _write_days(self, until: int | None) -> None:
        """Write the streams of all days before one; of all that wait when there is no one."""
        for day in sorted(self.tally.waiting):
            if until is None or day < until:
                run = pl.concat([RUN.to_frame(), *self.tally.waiting.pop(day)])
                order = arrival_order(run)
                names = ("arrives_us", "site", "device", "family")
                self.gaps.add(*(run[name].to_numpy()[order] for name in names))
                self._write(f"{np.datetime64(day, 'D')}", run, order)

    def _write(self, name: str, run: pl.DataFrame, order: Ints) -> None:
        tenant = run["tenant"].to_numpy()[order]
        for number, slug in self.made.world.tenants.select("tenant", "slug").iter_rows():
            mine = order[tenant == number]
            if len(mine):
                written = self.folder.write_stream(slug, name, run["line"], mine)
                self.tally.text_bytes += written
                self.tally.written[slug] += len(mine)

    def _finish(self) -> dict[str, Any]:
        from vigia.simulator.label.build import label

        facts = {name: pl.concat(frames) for name, frames in sorted(self.tally.facts.items())}
        truth = label(self.made, facts, self.gaps.finish(self.config.end_us))
        poison = pl.concat([POISON.to_frame(), *self.tally.poison])
        truth["gt_poison"] = poison.sort(POISON.names())
        self.folder.write_truth(truth)
        manifest = {
            "version": VERSION,
            "config": self.config.as_dict(),
            "tenants": self.made.world.tenants.drop("tenant").to_dicts(),
            "events": {"total": self.tally.written.total(), "by_tenant": dict(self.tally.written)},
            "events_by_table": dict(sorted(self.tally.made.items())),
            "text_bytes": self.tally.text_bytes,
            "realism": [check.as_dict() for check in realism(self.made, facts)],
        }
        self.folder.write_manifest(manifest)
        return read_manifest(self.folder.root)


Pieces = Callable[[list[tuple[pl.Series | None, int]]], Iterator[Piece]]


@contextmanager
def _pool(made: Made, workers: int) -> Iterator[Pieces]:
    """What turns work into pieces, in the order of the work: here, or in other processes."""
    if workers <= 1:
        yield lambda work: (_piece(made, *each) for each in work)
        return
    # A forked Polars may hang on its own threads; a fresh interpreter does not.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _receive, (made,)) as pool:
        yield lambda work: pool.map(_piece_there, work)


def _piece(made: Made, sites: pl.Series | None, day: int) -> Piece:
    return make_system_piece(made, day) if sites is None else make_piece(made, sites, day)


_received: list[Made] = []


def _receive(made: Made) -> None:
    """Keep the plan in a worker process."""
    _received[:] = [made]


def _piece_there(work: tuple[pl.Series | None, int]) -> Piece:
    return _piece(_received[0], *work)
