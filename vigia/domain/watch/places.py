"""Where people and devices are: usable positions against the fences of their sites.

Inside and outside are three-valued: a position that its accuracy may put on either side is
uncertain, and shows nothing. Positions are looked at on a plane around each site, in metres east
and north of the centre of its fence, where distances of some kilometres are true to a metre.
Belongs here: positions, fences, and how far something moved. Does not belong here: who should be
where (`presence`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from vigia.domain.geo import EARTH_RADIUS_M, distance_mm_between
from vigia.domain.watch.facts import Facts
from vigia.domain.watch.moments import MINUTE_US, NEVER_US, Bools, Floats, Grid, Ints, Moments
from vigia.domain.watch.signs import Signs
from vigia.domain.watch.things import Things, latest

INSIDE, UNCERTAIN, OUTSIDE = 0, 1, 2
NO_FENCE = -1
REACH_BACK_US = 4 * 60 * MINUTE_US
"""Positions that are older than this at the first instant are not looked at."""
_FAR_CM = 10_000_000
"""Whoever is farther off is somewhere else; sums of squares stay within 64 bits."""


def plane(lat: pl.Expr, lon: pl.Expr, lat0: pl.Expr, lon0: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Metres east and north of a point, near it."""
    east = (lon - lon0).radians() * lat0.radians().cos() * EARTH_RADIUS_M
    return east, (lat - lat0).radians() * EARTH_RADIUS_M


def side(distance_m: pl.Expr, accuracy_m: pl.Expr, radius_m: pl.Expr, buffer_m: pl.Expr) -> pl.Expr:
    """On which side of a round fence a position surely is (`geo.relation` for columns).

    Args:
        distance_m: From the centre.
        accuracy_m: Radius of the position's uncertainty; unknown is too uncertain to say.
        radius_m: Of the fence; without one there is no fence.
        buffer_m: Beyond the fence, where a position is no evidence either way.
    """
    return (
        pl.when(radius_m.is_null() | distance_m.is_null())
        .then(NO_FENCE)
        .when((distance_m + accuracy_m <= radius_m).fill_null(value=False))
        .then(INSIDE)
        .when((distance_m - accuracy_m > radius_m + buffer_m).fill_null(value=False))
        .then(OUTSIDE)
        .otherwise(UNCERTAIN)
        .cast(pl.Int64)
    )


@dataclass(frozen=True)
class Places:
    """Where people and devices are.

    Attributes:
        facts: What arrived.
        things: What exists.
        signs: Which positions are usable.
        moments: When it is looked at.
    """

    facts: Facts
    things: Things
    signs: Signs
    moments: Moments

    @cached_property
    def fences(self) -> pl.DataFrame:
        """Round fences of sites and what lies in them, the newest of each.

        `geofence_id`, `site_id`, `kind` (site, zone, exclusion, checkpoint), `lat0`, `lon0`,
        `radius_m`, `buffer_m`.
        """
        told = latest(self.facts["geofence"], "geofence_id").drop_nulls(
            ["site_id", "lat", "lon", "radius_m"]
        )
        return told.select(
            "geofence_id",
            "site_id",
            "kind",
            pl.col("lat").alias("lat0"),
            pl.col("lon").alias("lon0"),
            "radius_m",
            pl.col("buffer_m").fill_null(0.0),
        )

    @cached_property
    def checkpoints(self) -> pl.DataFrame:
        """Checkpoints in use that have a place: `checkpoint_id`, `site_id`, `x_m`, `y_m`."""
        told = latest(self.facts["checkpoint"], "checkpoint_id").drop_nulls(
            ["site_id", "lat", "lon"]
        )
        told = told.filter(pl.col("status").fill_null("active") != "removed")
        return self._on_plane(told).select("checkpoint_id", "site_id", "x_m", "y_m")

    @cached_property
    def _origins(self) -> pl.DataFrame:
        """The middle of each site: of its fence, else of its checkpoints, else of positions."""
        fences = self.fences.filter(pl.col("kind") == "site")
        points = latest(self.facts["checkpoint"], "checkpoint_id")
        known = [
            fences.select("site_id", "lat0", "lon0"),
            *(
                frame.select("site_id", lat0="lat", lon0="lon").drop_nulls()
                for frame in (points, self.facts["gps_fix"])
            ),
        ]
        return pl.concat(known).unique("site_id", keep="first", maintain_order=True)

    def _on_plane(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows with `x_m` and `y_m`, as the origin of their site has it; those of none left out."""
        both = rows.join(self._origins, on="site_id", maintain_order="left")
        east, north = plane(*(pl.col(name) for name in ("lat", "lon", "lat0", "lon0")))
        return both.with_columns(x_m=east, y_m=north).drop("lat0", "lon0")

    @cached_property
    def positions(self) -> pl.DataFrame:
        """Usable positions that may matter, in the order of arrival.

        `site`, `person`, `device` (rows of matrices, -1 none), `site_id`, `at_us`, `received_us`,
        `x_m`, `y_m`, `accuracy_m`, `side` (of the site's fence), `in_exclusion` (surely or
        perhaps within a part of the site where nobody should be), `steps`, `motion`.
        """
        rows = self.signs.fixes.filter(
            "usable",
            pl.col("at").to_physical() > self.moments.first_us - REACH_BACK_US,
            pl.col("received_at").to_physical() <= self.moments.last_us,
        ).with_row_index("fix")
        placed = self._on_plane(rows).join(self._sides(rows), on="fix", maintain_order="left")
        things = self.things
        return placed.select(
            site=pl.Series(things.sites(placed["site_id"])),
            person=pl.Series(things.people(things.carriers(placed))),
            device=pl.Series(things.devices(placed["device_id"])),
            site_id="site_id",
            at_us=pl.col("at").to_physical(),
            received_us=pl.col("received_at").to_physical(),
            x_m="x_m",
            y_m="y_m",
            accuracy_m="accuracy_m",
            side="side",
            in_exclusion=pl.col("in_exclusion").fill_null(value=False),
            steps=pl.col("steps_delta").fill_null(0),
            motion="motion",
        )

    def _sides(self, rows: pl.DataFrame) -> pl.DataFrame:
        """By `fix`, its `side` of the site's own fence, and whether it is `in_exclusion`.

        Of several fences of a site a position is inside of all together where it is inside of one.
        """
        pairs = rows.select("fix", "site_id", "lat", "lon", "accuracy_m").join(
            self.fences, on="site_id"
        )
        distance_m = distance_mm_between(*map(pl.col, ("lat", "lon", "lat0", "lon0"))) / 1000
        pairs = pairs.with_columns(
            of=side(distance_m, *map(pl.col, ("accuracy_m", "radius_m", "buffer_m")))
        )
        own, banned = pl.col("kind") == "site", pl.col("kind") == "exclusion"
        found = pairs.group_by("fix").agg(
            side=pl.col("of").filter(own).min(),
            in_exclusion=(pl.col("of").filter(banned).min() <= UNCERTAIN),
        )
        return (
            rows.select("fix")
            .join(found, on="fix", how="left", maintain_order="left")
            .with_columns(pl.col("side").fill_null(NO_FENCE))
        )

    def newest(self, by: str) -> Ints:
        """Row of `positions` of the newest one of each thing at each instant; -1 for none.

        Args:
            by: `person` or `device`.
        """
        rows = self.positions
        return self.moments.known(
            self._count(by), *self._numbers(by), np.arange(rows.height, dtype=np.int64)
        )

    def known_at(self, rows: Ints, column: str, missing: float = np.nan) -> Floats:
        """A column of `positions` at some of its rows, as `newest` gives them."""
        values = np.append(self.positions[column].cast(pl.Float64).to_numpy(), missing)
        found: Floats = values[rows]
        return found

    def count(self, by: str, window_us: int) -> Ints:
        """Usable positions of each thing in the window before each instant."""
        ones = np.ones(self.positions.height, np.int64)
        return self._sum(by, window_us, ones)

    def steps(self, by: str, window_us: int) -> Ints:
        """Steps that came with the positions of the window."""
        return self._sum(by, window_us, self.positions["steps"].to_numpy())

    def gyration_m(self, by: str, window_us: int) -> Floats:
        """Radius of gyration of the positions of the window, in metres; NaN without any.

        It is the root of the mean square of their distances from their middle.
        """
        x, y = (
            (self.positions[name].to_numpy() * 100).clip(-_FAR_CM, _FAR_CM).round().astype(np.int64)
            for name in ("x_m", "y_m")
        )
        # Whole centimetres: what leaves the window takes away exactly what it brought.
        count = self.count(by, window_us).astype(np.float64)
        count[count == 0] = np.nan
        middle = [self._sum(by, window_us, each) / count for each in (x, y)]
        square = self._sum(by, window_us, x * x + y * y) / count
        variance = square - middle[0] ** 2 - middle[1] ** 2
        radius: Floats = np.sqrt(np.maximum(variance, 0.0)) / 100
        return radius

    def displaced(self, by: str, window_us: int, metres: float, *, surely: bool = False) -> Bools:
        """Whether two positions of the window lie farther apart than some metres.

        Args:
            by: `person` or `device`.
            window_us: How far back.
            metres: How far apart is no movement yet.
            surely: Only what the accuracy of both cannot explain counts.
        """
        rows = self.positions.select(
            pl.col(by).alias("thing"), "at_us", "received_us", "x_m", "y_m", "accuracy_m"
        )
        rows = rows.filter(pl.col("thing") >= 0).sort("thing", "at_us").with_row_index("row")
        later = rows.select(
            "thing", "row", pl.col("at_us").alias("end_us"), pl.all().exclude("thing", "row")
        )
        pairs = _neighbours(rows["thing"].to_numpy(), rows["at_us"].to_numpy(), window_us)
        one, other = rows[pairs[0]], later[pairs[1]]
        apart = np.hypot(one["x_m"] - other["x_m"], one["y_m"] - other["y_m"])
        if surely:
            unsure = one["accuracy_m"].fill_null(0.0) + other["accuracy_m"].fill_null(0.0)
            apart = apart - unsure.to_numpy()
        moved = apart > metres
        known = np.maximum(one["received_us"].to_numpy(), other["received_us"].to_numpy())
        return (
            self.moments.level(
                self._count(by),
                one["thing"].to_numpy()[moved],
                np.maximum(known, other["at_us"].to_numpy() + 1)[moved],
                one["at_us"].to_numpy()[moved] + window_us + 1,
            )
            > 0
        )

    def streak(
        self, by: str, counts: Bools, breaks: Bools, aged_us: int, held_us: int = 0
    ) -> tuple[Grid, Bools]:
        """Positions of one kind that no later one of another kind has broken off.

        Args:
            by: `person` or `device`.
            counts: Rows of `positions` that make a streak.
            breaks: Rows that end the streak before them, once they have arrived.
            aged_us: How long ago a streak must have begun.
            held_us: Count only what was known so long ago already.

        Returns:
            How many of them each thing has at each instant, and whether one is so old.
        """
        rows = self.positions.select(pl.col(by).alias("thing"), "at_us", "received_us")
        rows = rows.with_columns(
            known_us=pl.max_horizontal("at_us", "received_us"),
            counts=pl.Series(counts, dtype=pl.Boolean),
            breaks=pl.Series(breaks, dtype=pl.Boolean),
        ).filter(pl.col("thing") >= 0)
        newest_first = rows.sort("thing", "at_us", descending=[False, True])
        broken = pl.when("breaks").then("known_us").otherwise(NEVER_US).cum_min().over("thing")
        mine = newest_first.with_columns(until_us=broken).filter("counts")
        thing, until = mine["thing"].to_numpy(), mine["until_us"].to_numpy()
        known, at = mine["known_us"].to_numpy() + held_us, mine["at_us"].to_numpy()
        count = self.moments.level(self._count(by), thing, known, until)
        aged = self.moments.level(self._count(by), thing, np.maximum(known, at + aged_us), until)
        return count, aged > 0

    def meetings(self, people: Ints, within_us: int) -> pl.DataFrame:
        """Positions of some people beside those of others at the same site and time.

        Args:
            people: Rows of the people.
            within_us: How far apart in time two positions may be.

        Returns:
            `person`, `other`, `at_us` (of the later one), `received_us`, `apart_m`, `unsure_m`
            (what the accuracy of both may explain); a row for each pair of positions.
        """
        rows = self.positions.filter(pl.col("person") >= 0, pl.col("site") >= 0)
        names = ("site", "person", "at_us", "received_us", "x_m", "y_m", "accuracy_m")
        slot = (pl.col("at_us") // within_us).alias("slot")
        mine = rows.filter(pl.col("person").is_in(people)).select(*names, slot)
        others = pl.concat([rows.select(*names, slot + step) for step in (-1, 0, 1)])
        pairs = mine.join(others, on=["site", "slot"], suffix="_other").filter(
            pl.col("person") != pl.col("person_other"),
            (pl.col("at_us") - pl.col("at_us_other")).abs() <= within_us,
        )
        east, north = pl.col("x_m") - pl.col("x_m_other"), pl.col("y_m") - pl.col("y_m_other")
        both = ("at_us", "received_us")
        return pairs.select(
            "person",
            pl.col("person_other").alias("other"),
            *(pl.max_horizontal(name, f"{name}_other").alias(name) for name in both),
            apart_m=(east**2 + north**2).sqrt(),
            unsure_m=pl.col("accuracy_m").fill_null(0.0)
            + pl.col("accuracy_m_other").fill_null(0.0),
        )

    def _count(self, by: str) -> int:
        return len(getattr(self.things, f"{by}_ids"))

    def _numbers(self, by: str) -> tuple[Ints, Ints, Ints]:
        names = (by, "at_us", "received_us")
        thing, at_us, received_us = (self.positions[name].to_numpy() for name in names)
        return thing, at_us, received_us

    def _sum(self, by: str, window_us: int, value: Ints) -> Ints:
        """Sums over the window, exact: whole numbers, added where they come and taken off after."""
        thing, at_us, received_us = self._numbers(by)
        moments = self.moments
        first = moments.place(np.maximum(at_us + 1, received_us))
        until = moments.place(at_us + window_us + 1)
        kept = (thing >= 0) & (until > first)
        width = len(moments) + 1
        steps = np.zeros(self._count(by) * width, np.int64)
        row = thing[kept] * width
        np.add.at(steps, row + first[kept], value[kept])
        np.subtract.at(steps, row + until[kept], value[kept])
        return np.cumsum(steps.reshape(-1, width)[:, :-1], axis=1)


def _neighbours(thing: Ints, at_us: Ints, window_us: int) -> tuple[Ints, Ints]:
    """Pairs of rows (earlier, later) of one thing within a window; rows by thing and time."""
    if not len(thing):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    span = int(at_us.max() - at_us.min()) + window_us + 1
    packed = thing * span + (at_us - at_us.min())
    last = np.searchsorted(packed, packed + window_us, side="right")
    many = last - np.arange(len(packed)) - 1
    earlier = np.repeat(np.arange(len(packed)), many)
    later = earlier + 1 + np.arange(len(earlier)) - np.repeat(np.cumsum(many) - many, many)
    return earlier, later.astype(np.int64)
