"""Who carries which phone, where and when; and instants and stretches of time of these people.

Belongs here: the arrays that all processes of devices share. A *position* (`pos`) is the place
of a duty in the crew; instants of many duties are kept sorted by position, then by time, so that
a stretch of time is a slice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from vigia.simulator.draws import Bools, Floats, Ints
from vigia.simulator.world.model import Shard, World

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
MARGIN_US = 5 * MINUTE_US
"""The app runs from so long before the guard arrives until so long after the guard leaves."""


@dataclass(frozen=True, slots=True)
class Crew:
    """The duties of a shard that somebody works with a phone, sorted by duty.

    Attributes:
        world: What the numbers refer to.
        duty: Number of the duty.
        site: Its site.
        post: Its post.
        person: Who works.
        device: The phone.
        from_us: When the app starts.
        to_us: When it is closed.
    """

    world: World
    duty: Ints
    site: Ints
    post: Ints
    person: Ints
    device: Ints
    from_us: Ints
    to_us: Ints

    def __len__(self) -> int:
        """How many duties there are."""
        return len(self.duty)

    def device_numbers(self, column: str) -> Floats:
        """A number of the phone of each duty."""
        found: Floats = self.world.devices[column].to_numpy()[self.device].astype(np.float64)
        return found

    @property
    def start_us(self) -> int:
        """Before every instant of the crew."""
        return int(self.from_us.min()) - HOUR_US if len(self) else 0

    @property
    def span_us(self) -> int:
        """More than the time from the first instant to the last."""
        return int(self.to_us.max()) - self.start_us + HOUR_US if len(self) else HOUR_US

    def packed(self, pos: Ints, at_us: Ints) -> Ints:
        """Position and instant in one number that sorts like the two."""
        span = self.span_us
        inside: Ints = np.clip(at_us - self.start_us, 0, span - 1)
        return pos * span + inside


def crew_of(shard: Shard) -> Crew:
    """The crew of a shard: nobody who stays away, and nobody without a phone.

    Who clocks in with the own phone before arriving must have the app running by then.
    """
    worked = (pl.col("worker") >= 0) & (pl.col("device") >= 0) & (pl.col("arrives_us") >= 0)
    present = pl.col("leaves_us") > pl.col("arrives_us")
    duties = shard.duties.filter(worked & present).sort("duty")
    return Crew(
        shard.world,
        duty=duties["duty"].to_numpy(),
        site=duties["site"].to_numpy(),
        post=duties["post"].to_numpy(),
        person=duties["worker"].to_numpy(),
        device=duties["device"].to_numpy(),
        from_us=duties.select(_starts).to_series().to_numpy() - MARGIN_US,
        to_us=duties["leaves_us"].to_numpy() + MARGIN_US,
    )


_clocks_early = (pl.col("method") == "app") & pl.col("clock_in_us").is_between(
    0, pl.col("arrives_us")
)
_starts = pl.when(_clocks_early).then("clock_in_us").otherwise("arrives_us")


@dataclass(frozen=True, slots=True)
class Moments:
    """Instants of a crew, sorted by position and time.

    Attributes:
        crew: Whose.
        pos: Position of each instant in the crew.
        at_us: The instant.
        key: Both in one number (`Crew.packed`).
    """

    crew: Crew
    pos: Ints
    at_us: Ints
    key: Ints

    @classmethod
    def of(cls, crew: Crew, pos: Ints, at_us: Ints) -> Moments:
        """Instants that are sorted already."""
        return cls(crew, pos, at_us, crew.packed(pos, at_us))

    @classmethod
    def sorted(cls, crew: Crew, pos: Ints, at_us: Ints) -> tuple[Moments, Ints]:
        """Instants in any order, sorted, and the order that sorts them."""
        key = crew.packed(pos, at_us)
        order = np.argsort(key, kind="stable")
        return cls(crew, pos[order], at_us[order], key[order]), order

    def __len__(self) -> int:
        """How many instants there are."""
        return len(self.pos)

    def where(self, chosen: Bools | Ints) -> Moments:
        """Some of the instants, by mask or by place, still sorted."""
        return Moments(self.crew, self.pos[chosen], self.at_us[chosen], self.key[chosen])


@dataclass(frozen=True, slots=True)
class Spans:
    """Stretches of time of a crew.

    Attributes:
        crew: Whose.
        pos: Position in the crew.
        from_us: Start.
        to_us: End, excluded.
        value: What the effect means by it.
        depth: Share of the effect that really shows (1: all of it).
    """

    crew: Crew
    pos: Ints
    from_us: Ints
    to_us: Ints
    value: Floats
    depth: Floats

    @classmethod
    def of(cls, crew: Crew, pos: Ints, from_us: Ints, to_us: Ints) -> Spans:
        """Stretches without a value."""
        ones = np.ones(len(pos))
        return cls(crew, pos, from_us, to_us, 0.0 * ones, ones)

    def __len__(self) -> int:
        """How many stretches there are."""
        return len(self.pos)

    def where(self, chosen: Bools) -> Spans:
        """Some of the stretches."""
        times = self.from_us[chosen], self.to_us[chosen]
        return Spans(self.crew, self.pos[chosen], *times, self.value[chosen], self.depth[chosen])

    def and_also(self, other: Spans) -> Spans:
        """These stretches and others."""
        return Spans(
            self.crew,
            np.concatenate([self.pos, other.pos]),
            np.concatenate([self.from_us, other.from_us]),
            np.concatenate([self.to_us, other.to_us]),
            np.concatenate([self.value, other.value]),
            np.concatenate([self.depth, other.depth]),
        )

    def inside(self, moments: Moments) -> tuple[Ints, Ints]:
        """The rows of some moments that lie in a stretch, and the stretch of each."""
        first = np.searchsorted(moments.key, self.crew.packed(self.pos, self.from_us))
        after = np.searchsorted(moments.key, self.crew.packed(self.pos, self.to_us))
        lengths = np.maximum(after - first, 0)
        which = np.repeat(np.arange(len(self)), lengths)
        return which_rows(first, lengths), which

    def cover(self, moments: Moments) -> Bools:
        """Whether each moment lies in a stretch."""
        covered = np.zeros(len(moments), dtype=np.bool_)
        if len(self):
            covered[self.inside(moments)[0]] = True
        return covered

    def progress(self, at_us: Ints, which: Ints) -> Floats:
        """How far each instant is from the start (0) to the end (1) of its stretch."""
        length = np.maximum(self.to_us - self.from_us, 1)[which]
        share: Floats = (at_us - self.from_us[which]) / length
        return share


def whole_ms(us: Floats | Ints) -> Ints:
    """Microseconds in whole milliseconds, as instants are written; rounded down.

    >>> int(whole_ms(np.array([1_999.5]))[0])
    1000
    """
    cut: Ints = us.astype(np.int64) // 1_000 * 1_000
    return cut


def which_rows(first: Ints, lengths: Ints) -> Ints:
    """Row numbers of some slices, one after the other.

    >>> which_rows(np.array([4, 9]), np.array([2, 3])).tolist()
    [4, 5, 9, 10, 11]
    """
    before = np.cumsum(lengths) - lengths
    rows: Ints = np.repeat(first - before, lengths) + np.arange(int(lengths.sum()))
    return rows


def ticks(crew: Crew, every_us: int, phase_us: Ints, *, before: int = 0) -> tuple[Ints, Ints]:
    """Instants on a grid that does not depend on when a duty starts.

    Args:
        crew: Whose duties.
        every_us: Distance of the grid's points.
        phase_us: Where the grid of each duty lies, from 0 to `every_us`.
        before: How many points before the duty to give besides.

    Returns:
        Position and number of each point (its instant is number times distance plus phase),
        sorted; the first point of a duty is its first one inside, or `before` points earlier.
    """
    first = -((phase_us - crew.from_us) // every_us)
    after = -((phase_us - crew.to_us) // every_us)
    lengths = np.maximum(after - first, 0)
    lengths = np.where(lengths > 0, lengths + before, 0)
    return np.repeat(np.arange(len(crew)), lengths), which_rows(first - before, lengths)
