"""Whether people move: the last sign that somebody did, and the last proof that somebody did not.

Steps are counted by the phone between one position and the next and know nothing of satellites:
where they are told, they alone say whether somebody moved, and a position that jumps does not.
Without steps, only a displacement that the accuracy of both positions cannot explain is movement.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from vigia.domain.geo import distance_mm_between
from vigia.domain.watch.moments import MINUTE_US, Ints, Moments
from vigia.domain.watch.places import INSIDE, Places, plane, side
from vigia.domain.watch.signs import P_HUMAN, H, Signs, W
from vigia.domain.watch.things import Things

STILL_M = 10.0
"""No further apart than this, two positions are the same place."""
SHORT_US = 10 * MINUTE_US
"""Nobody wonders about a quiet that is shorter."""
USUAL_US = 4 * 60 * MINUTE_US
"""So long a quiet that ended by itself tells what is usual."""
REACH_US = 6 * 60 * MINUTE_US
"""Positions that are older than this at the first instant are not looked at."""
RUN_MPS = 2.2
"""From here on somebody runs. What the phone calls running is often a brisk walk."""
_MOVES = ("walking", "running", "vehicle")


@dataclass(frozen=True)
class Motion:
    """Who moves.

    Attributes:
        things: What exists.
        signs: Where the positions come from.
        places: Where the fences are.
        moments: When it is looked at.
    """

    things: Things
    signs: Signs
    places: Places
    moments: Moments

    @cached_property
    def fixes(self) -> pl.DataFrame:
        """Fresh positions by person and time.

        `person` (row), `at_us`, `received_us`, `is_moved` (since the position before), `is_run`.
        """
        rows = self.signs.fixes.filter(
            pl.col("at").to_physical() > self.moments.first_us - REACH_US,
            pl.col("valid").fill_null(value=True),
            ~pl.col("outdated").fill_null(value=False),
        )
        rows = rows.with_columns(
            person=pl.Series(self.things.people(self.things.carriers(rows)), dtype=pl.Int64)
        )
        ordered = rows.filter(pl.col("person") >= 0).sort("person", "at", maintain_order=True)
        before = [
            pl.col(name).shift(1).over("person").alias(f"{name}_0")
            for name in ("lat", "lon", "accuracy_m")
        ]
        ordered = ordered.with_columns(before)
        names = ("lat", "lon", "lat_0", "lon_0")
        east, north = plane(*(pl.col(name) for name in names))
        unsure = pl.col("accuracy_m").fill_null(0.0) + pl.col("accuracy_m_0").fill_null(0.0)
        displaced = ((east**2 + north**2).sqrt() - unsure > STILL_M).fill_null(value=False)
        motion, steps = pl.col("motion").fill_null("unknown"), pl.col("steps_delta")
        told = (steps > 0) | motion.is_in(_MOVES)
        untold = motion.is_in(_MOVES) | displaced
        runs = motion.is_in(["walking", "running"]) & (pl.col("speed_mps") >= RUN_MPS)
        return ordered.select(
            "person",
            at_us=pl.col("at").to_physical(),
            received_us=pl.col("received_at").to_physical(),
            is_moved=pl.when(steps.is_null()).then(untold).otherwise(told),
            is_run=runs.fill_null(value=False),
        )

    def _newest(self, rows: pl.DataFrame) -> Ints:
        thing, at_us, received_us = (
            rows[name].to_numpy() for name in ("person", "at_us", "received_us")
        )
        return self.moments.newest(len(self.things.person_ids), thing, at_us, received_us)

    @cached_property
    def moved_us(self) -> Ints:
        """When each person was last known to have moved, by instant."""
        return self._newest(self.fixes.filter("is_moved"))

    @cached_property
    def rested_us(self) -> Ints:
        """Time of the newest position of each person to which it had not moved, by instant."""
        return self._newest(self.fixes.filter(~pl.col("is_moved")))

    @cached_property
    def usual_us(self) -> Ints:
        """The longest quiet that each person came out of within four hours, by instant.

        Quiet is rest that positions prove, without a touch of the phone and without work; under
        ten minutes it is not looked at and counts as 0.
        """
        touches = self.signs.table.filter(
            pl.col("at_us") > self.moments.first_us - REACH_US,
            pl.col("family").is_in([P_HUMAN, W, H]),
            pl.col("person") >= 0,
        )
        rows = pl.concat(
            [
                self.fixes.select("person", "at_us", "received_us", is_end="is_moved"),
                touches.select("person", "at_us", "received_us", is_end=pl.lit(value=True)),
            ]
        ).sort("person", "at_us", maintain_order=True)
        shown = pl.max_horizontal("at_us", "received_us")
        runs = (
            rows.with_columns(run=pl.col("is_end").cum_sum().over("person"))
            .group_by("person", "run", maintain_order=True)
            .agg(
                begun_us=pl.col("at_us").first(),
                rested_us=pl.col("at_us").last(),
                told_us=shown.max(),
                is_whole=pl.col("is_end").first(),
            )
            .with_columns(
                ended_us=pl.max_horizontal("told_us", pl.col("told_us").shift(-1).over("person"))
            )
            .drop_nulls("ended_us")
            .filter("is_whole")
        )
        runs = runs.with_columns(length_us=pl.col("rested_us") - pl.col("begun_us"))
        runs = runs.filter(pl.col("length_us") >= SHORT_US).sort("length_us", maintain_order=True)
        first = self.moments.place(runs["ended_us"].to_numpy())
        until = self.moments.place(runs["ended_us"].to_numpy() + USUAL_US)
        usual = np.zeros((len(self.things.person_ids), len(self.moments)), np.int64)
        # Longer ones come later and paint over shorter ones.
        for row in np.flatnonzero(until > first):
            person, length_us = runs["person"][int(row)], runs["length_us"][int(row)]
            usual[person, first[row] : until[row]] = length_us
        return usual

    @cached_property
    def banned_us(self) -> Ints:
        """When each person was last known to be where nobody should be, by instant."""
        zones = self.places.fences.filter(pl.col("kind") == "exclusion")
        rows = self.signs.fixes.filter("usable").join(zones.drop("kind"), on="site_id")
        names = ("lat", "lon", "lat0", "lon0")
        distance_m = distance_mm_between(*(pl.col(name) for name in names)) / 1000
        there = side(distance_m, *(pl.col(n) for n in ("accuracy_m", "radius_m", "buffer_m")))
        inside = rows.filter(there == INSIDE)
        return self._newest(
            inside.select(
                person=pl.Series(self.things.people(self.things.carriers(inside)), dtype=pl.Int64),
                at_us=pl.col("at").to_physical(),
                received_us=pl.col("received_at").to_physical(),
            )
        )

    @cached_property
    def ran_us(self) -> Ints:
        """When each person was last known to run, by instant."""
        return self._newest(self.fixes.filter("is_run"))
