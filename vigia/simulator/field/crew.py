"""The duties of a shard as plain arrays, with what place and person lend to them.

Belongs here: looking up. A *row* everywhere in this package is a position in the shard's duties.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from vigia.simulator.config import DAY_US, Knobs
from vigia.simulator.draws import Bools, Floats, Ints, Stream
from vigia.simulator.world.clock import LocalClock
from vigia.simulator.world.model import Shard

MINUTE_US = 60_000_000
SECOND_US = 1_000_000
HOUR_US = 60 * MINUTE_US
AFTER_US = 15 * MINUTE_US
CALLED_OFF = ("stood_down", "cancelled")
MISSING = ("absent", "no_show")
DIP = (3, 5)
"""Hours of the night in which everything slows down, by the wall clock."""
DIP_ACTIVITY = 0.6


def looked_up(values: pl.Series, table: Mapping[str, float], default: float = 0.0) -> Floats:
    """The number that a table has for each text."""
    return np.array([table.get(v, default) for v in values.to_list()], dtype=np.float64)


def one_of(values: pl.Series, wanted: Collection[str]) -> Bools:
    """Which texts are among some."""
    return np.array([v in wanted for v in values.to_list()], dtype=bool)


@dataclass(frozen=True)
class Crew:
    """The people of a shard's duties.

    Attributes:
        shard: What the rows come from.
        duty: Number of the duty, the key of its draws.
        site: Number of its site.
        post: Number of its post.
        person: Who was planned.
        worker: Who really worked; -1 nobody.
        device: The worker's phone.
        starts_us: Planned start.
        ends_us: Planned end.
        arrives_us: True arrival at the site; -1 without.
        leaves_us: True departure; -1 without.
        lone: Nobody else on duty at the site.
    """

    shard: Shard
    duty: Ints
    site: Ints
    post: Ints
    person: Ints
    worker: Ints
    device: Ints
    starts_us: Ints
    ends_us: Ints
    arrives_us: Ints
    leaves_us: Ints
    lone: Bools

    @classmethod
    def of(cls, shard: Shard) -> Crew:
        """The crew of a shard."""
        names = tuple(cls.__dataclass_fields__)[1:]
        return cls(shard, *(shard.duties[name].to_numpy() for name in names))

    def __len__(self) -> int:
        """How many duties there are."""
        return len(self.duty)

    def stream(self, name: str) -> Stream:
        """Draws for one purpose of the ground."""
        return Stream(self.shard.world.config.seed, f"field.{name}")

    @property
    def knobs(self) -> Knobs:
        """How hard the world is."""
        return self.shard.world.config.knobs

    @cached_property
    def here(self) -> Bools:
        """Somebody works the duty."""
        here: Bools = (self.worker >= 0) & (self.arrives_us >= 0)
        return here

    @cached_property
    def until_us(self) -> Ints:
        """Until when the work of a duty is its own.

        Nothing is due on a duty that was called off. The work of somebody missing is the
        relief's from the relief's start on.
        """
        duties = self.shard.duties
        outcome = duties["outcome"]
        until = np.where(one_of(outcome, CALLED_OFF), self.starts_us, self.ends_us)
        relief = duties["relieved_by"].to_numpy()
        missing = np.flatnonzero(one_of(outcome, MISSING) & (relief >= 0))
        if not len(missing):
            return until
        shifts = duties["shift_code"].to_list()
        people, starts = self.person.tolist(), self.starts_us.tolist()
        begins = dict(zip(zip(shifts, people, strict=True), starts, strict=True))
        config = self.shard.world.config
        # Relief that is not of this shard starts on the next day.
        midnight = config.start_us + (self.shard.day + 1) * DAY_US
        known = [begins.get((shifts[row], int(relief[row])), midnight) for row in missing]
        until[missing] = np.minimum(until[missing], known)
        return until

    @cached_property
    def on_roster(self) -> Ints:
        """Whom the systems take for the person on duty: a swap they were told of counts."""
        told = (self.shard.duties["outcome"] == "swapped").to_numpy() & (self.worker >= 0)
        return np.where(told, self.worker, self.person)

    @cached_property
    def latest_us(self) -> Ints:
        """After this nothing of the duty happens."""
        departure = np.where(self.here, self.leaves_us, self.ends_us)
        return np.maximum(departure, self.ends_us) + AFTER_US

    def trait(self, name: str) -> Floats:
        """A hidden trait of who works, or of who was planned, between 0 and 1."""
        who = np.where(self.worker >= 0, self.worker, self.person)
        traits = self.shard.world.people[name].to_numpy()
        return traits[who].astype(np.float64)

    def post_is(self, name: str) -> Bools:
        """A property of the rows' posts that they have or have not."""
        flags: Bools = self.shard.world.posts[name].to_numpy()[self.post]
        return flags

    def of_site(self, name: str) -> Floats:
        """A number of the rows' sites."""
        return self.shard.world.sites[name].to_numpy()[self.site].astype(np.float64)

    @cached_property
    def post_at(self) -> tuple[Floats, Floats]:
        """Position of the post, metres from the site's centre."""
        posts = self.shard.world.posts
        x: Floats = posts["x_m"].to_numpy()[self.post]
        y: Floats = posts["y_m"].to_numpy()[self.post]
        return x, y

    @cached_property
    def routes(self) -> tuple[Ints, Ints]:
        """How many checkpoints each tour has, and the checkpoints of all tours, tour by tour."""
        lists = self.shard.world.tours["checkpoints"]
        counts = lists.list.len().cast(pl.Int64).to_numpy()
        return counts, lists.explode(empty_as_null=False).to_numpy()

    @cached_property
    def clock(self) -> LocalClock:
        """The sites' wall clocks."""
        return LocalClock(self.shard.world)

    def dips(self, row: Ints, at_us: Ints) -> Bools:
        """Whether it is the dead of the night."""
        hour = self.clock.to_local_us(self.site[row], at_us) % DAY_US // HOUR_US
        dip: Bools = (hour >= DIP[0]) & (hour < DIP[1])
        return dip
