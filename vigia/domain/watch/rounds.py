"""Tours that were begun: who walks them, what was scanned, and what is left to scan.

Nobody tells which checkpoints a tour leads to, so its route is what was ever scanned on it.
Belongs here: runs that may matter at the instants, and their scans. Does not belong here: tours
as work that is due (`work`), or where their guards are (`places`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from vigia.domain.watch.facts import Facts
from vigia.domain.watch.moments import LONG_AGO_US, MINUTE_US, NEVER_US, Bools, Grid, Ints, Moments
from vigia.domain.watch.places import Places
from vigia.domain.watch.presence import Presence
from vigia.domain.watch.things import Things, latest, number_of
from vigia.domain.watch.work import RUN_OVER, first_known, known_us

LONG_US = 30 * MINUTE_US
"""A tour that was over sooner than this was never quiet for long."""
REMEMBERED_US = 3 * 60 * MINUTE_US
"""Tours are looked at for so long after they were over."""
STALE_US = 120 * MINUTE_US
"""A tour that goes on for so long and twice as long as planned is one that nobody closed."""
PASSED_M = 25.0
"""Who comes so near to a checkpoint has been there."""
STEP_US = 3 * MINUTE_US
"""Between positions that follow each other so soon, the way is taken to be straight."""
_FEW = 6
"""Checkpoints of a tour of which no number is told."""


@dataclass(frozen=True)
class Rounds:
    """Tours under way.

    Attributes:
        facts: What arrived.
        things: What exists.
        presence: Who is on duty.
        places: Where everybody is.
        moments: When it is looked at.
    """

    facts: Facts
    things: Things
    presence: Presence
    places: Places
    moments: Moments

    @cached_property
    def runs(self) -> pl.DataFrame:
        """Tours that were begun and took long, one row each, by `run_id`.

        `run_id`, `site_id`, `tour_id`, `person_id` (who began it), `post_id`, `kind`,
        `mandatory`, `planned_min`, `planned` (checkpoints), `started_us` (the
        first sign that arrived), `begun_us` (known to be under way), `over_us` (known to be over, or stale).
        """
        rows = self.facts["tour_run"]
        told = (
            rows.sort("at", maintain_order=True)
            .group_by("run_id")
            .agg(
                pl.col("site_id", "tour_id", "assignment_id", "checkpoints_planned")
                .drop_nulls()
                .last(),
            )
        )
        over = first_known(rows.filter(pl.col("status").is_in(RUN_OVER)), "run_id", "over_us")
        by = (
            self.signs.with_columns(begun_us=known_us())
            .sort("begun_us", maintain_order=True)
            .group_by("run_id")
            .agg(
                pl.col("person_id").drop_nulls().first(),
                pl.col("begun_us").first(),
                started_us=pl.col("at").first().to_physical(),
            )
        )
        known = by.join(told, on="run_id").join(over, on="run_id", how="left")
        tours = latest(self.facts["tour_template"], "tour_id").select(
            "tour_id", "kind", "planned_min", "mandatory"
        )
        posts = self.presence.duties.select("assignment_id", "post_id")
        known = known.join(tours, on="tour_id", how="left").with_columns(
            pl.col("mandatory").fill_null(value=False),
            pl.col("planned_min").fill_null(0),
            planned=pl.col("checkpoints_planned").fill_null(_FEW).clip(1),
        )
        stale_us = pl.col("started_us") + STALE_US + 2 * pl.col("planned_min") * MINUTE_US
        known = known.with_columns(over_us=pl.min_horizontal("over_us", stale_us)).filter(
            pl.col("begun_us") <= self.moments.last_us,
            pl.col("over_us") > self.moments.first_us - REMEMBERED_US,
            pl.col("over_us") - pl.col("started_us") >= LONG_US,
        )
        return known.join(posts, on="assignment_id", how="left").sort("run_id")

    @cached_property
    def signs(self) -> pl.DataFrame:
        """Starts and scans of tours: `run_id`, `at`, `received_at`, `person_id`, `checkpoint_id`."""
        begun = self.facts["tour_run"].filter(
            (pl.col("verb") == "started") | (pl.col("status") == "in_progress")
        )
        scans = self.facts["checkpoint_scan"].drop_nulls("run_id")
        names = ("run_id", "at", "received_at", "person_id")
        return pl.concat(
            [begun.select(names), scans.select(*names, "checkpoint_id")], how="diagonal"
        )

    @cached_property
    def _mine(self) -> pl.DataFrame:
        """Signs of `runs`, with `row`, `at_us` and `received_us`."""
        rows = self.runs.select("run_id").with_row_index("row")
        return self.signs.join(rows, on="run_id", maintain_order="left").with_columns(
            pl.col("row").cast(pl.Int64),
            at_us=pl.col("at").to_physical(),
            received_us=pl.col("received_at").to_physical(),
        )

    @cached_property
    def scans(self) -> pl.DataFrame:
        """Scans of `runs`: `row`, `at_us`, `received_us`, `checkpoint_id`."""
        scans = self._mine.drop_nulls("checkpoint_id")
        return scans.select("row", "at_us", "received_us", "checkpoint_id")

    @cached_property
    def newest_us(self) -> Ints:
        """Time of the last scan of each run, of its start where none was scanned."""
        return self.moments.newest(self.runs.height, *_numbers(self._mine))

    @cached_property
    def is_told(self) -> Bools:
        """Runs of which the start is known, not scans alone."""
        starts = self._mine.filter(pl.col("checkpoint_id").is_null())
        return self.moments.newest(self.runs.height, *_numbers(starts)) > LONG_AGO_US

    @cached_property
    def heard_us(self) -> Ints:
        """When the last start or scan of each run arrived, whenever it was made."""
        row, _, received = _numbers(self._mine)
        return self.moments.newest(self.runs.height, row, received, received)

    @cached_property
    def guard(self) -> Ints:
        """Row of the person who scanned last, or began; -1 unknown."""
        mine = self._mine.drop_nulls("person_id")
        people = self.things.people(mine["person_id"])
        return self.moments.known(self.runs.height, *_numbers(mine), people)

    @cached_property
    def is_last(self) -> Bools:
        """Runs of which their guard showed a sign later than of any other run."""
        moments, runs = self.moments, self.runs
        signs = self.signs.drop_nulls("person_id").filter(
            pl.col("at").to_physical() > moments.first_us - STALE_US - REMEMBERED_US
        )
        numbers = pl.concat([signs["run_id"], runs["run_id"]]).unique().sort()
        people = len(self.things.person_ids)
        newest = moments.known(
            people,
            self.things.people(signs["person_id"]),
            signs["at"].to_physical().to_numpy(),
            signs["received_at"].to_physical().to_numpy(),
            number_of(numbers, signs["run_id"]),
        )
        mine = number_of(numbers, runs["run_id"])[:, None]
        last: Bools = newest[self.guard, np.arange(len(moments))] == mine
        return last & (self.guard >= 0)

    @cached_property
    def scanned(self) -> Grid:
        """Checkpoints of each run that are known to be scanned."""
        first = self._firsts
        return self.moments.level(
            self.runs.height,
            first["row"].to_numpy(),
            first["scanned_us"].to_numpy(),
            first["scanned_us"].to_numpy() * 0 + NEVER_US,
        )

    @cached_property
    def _firsts(self) -> pl.DataFrame:
        """When each checkpoint of each run was first known to be scanned."""
        return self.scans.group_by("row", "checkpoint_id", maintain_order=True).agg(
            scanned_us=pl.max_horizontal("at_us", "received_us").min()
        )

    @cached_property
    def _routes(self) -> pl.DataFrame:
        """Checkpoints that each run may lead to: `row`, `checkpoint_id`, `x_m`, `y_m`, `off_us`.

        All of the site, until as many are known to be on the tour as are planned (`off_us`).
        """
        scans = self.facts["checkpoint_scan"].drop_nulls(["run_id", "checkpoint_id"])
        runs = self.facts["tour_run"].drop_nulls("tour_id").unique("run_id")
        route = (
            scans.join(runs.select("run_id", "tour_id"), on="run_id")
            .group_by("tour_id", "checkpoint_id")
            .agg(on_us=known_us().min())
        )
        mine = self.runs.select("tour_id", "site_id", "planned").with_row_index("row")
        mine = mine.with_columns(pl.col("row").cast(pl.Int64))
        complete = (
            mine.join(route, on="tour_id")
            .sort("row", "on_us")
            .filter(pl.int_range(pl.len()).over("row") == pl.col("planned") - 1)
            .select("row", complete_us="on_us")
        )
        both = (
            mine.join(self.places.checkpoints, on="site_id")
            .join(route, on=["tour_id", "checkpoint_id"], how="left")
            .join(complete, on="row", how="left")
        )
        never = pl.lit(NEVER_US)
        off = pl.when(pl.col("on_us").is_null()).then(pl.col("complete_us").fill_null(never))
        return both.select("row", "checkpoint_id", "x_m", "y_m", off_us=off.otherwise(never))

    @cached_property
    def remaining(self) -> pl.DataFrame:
        """Checkpoints of `runs` that are left: `row`, `checkpoint_id`, `x_m`, `y_m`, `until_us`.

        One is left until it is known to be scanned, or to have been passed within `PASSED_M`: a
        scan that does not arrive is no way that was not walked.
        """
        left = self._routes.join(self._firsts, on=["row", "checkpoint_id"], how="left")
        passed = (
            self._ways.join(self._routes, on="row", suffix="_point")
            .filter(_off_way_m() <= PASSED_M)
            .group_by("row", "checkpoint_id")
            .agg(passed_us=pl.max_horizontal("at_us", "received_us").min())
        )
        left = left.join(passed, on=["row", "checkpoint_id"], how="left")
        until = pl.min_horizontal("off_us", "scanned_us", "passed_us").alias("until_us")
        return left.select("row", "checkpoint_id", "x_m", "y_m", until).sort("row", "checkpoint_id")

    @cached_property
    def left(self) -> Grid:
        """How many checkpoints of each run remain."""
        row, until = self.remaining["row"].to_numpy(), self.remaining["until_us"].to_numpy()
        return self.moments.level(self.runs.height, row, np.full(len(row), LONG_AGO_US), until)

    @cached_property
    def trail(self) -> pl.DataFrame:
        """Positions of the guards of `runs` since they began: `row` and columns of `positions`."""
        people = pl.Series(self.things.people(self.runs["person_id"]))
        runs = self.runs.select("started_us", "over_us").with_row_index("row")
        runs = runs.with_columns(pl.col("row").cast(pl.Int64), person=people)
        both = runs.join(self.places.positions, on="person")
        return both.filter(pl.col("at_us").is_between("started_us", "over_us"))

    @cached_property
    def _ways(self) -> pl.DataFrame:
        """The trail with where each position was come from (`x_from`, `y_from`).

        That is the position that arrived before, if it is not much older; else nobody knows.
        """
        before = pl.col("at_us", "x_m", "y_m").shift(1).over("row")
        rows = self.trail.sort("row", "received_us", "at_us").with_columns(
            before.name.suffix("_before")
        )
        since = pl.col("at_us") - pl.col("at_us_before")
        known = since.is_between(0, STEP_US).fill_null(value=False)
        return rows.with_columns(
            x_from=pl.when(known).then("x_m_before").otherwise("x_m"),
            y_from=pl.when(known).then("y_m_before").otherwise("y_m"),
        )

    def far(self, metres: float, window_us: int, held_us: int = 0) -> tuple[Grid, Grid]:
        """Positions of each run's guard in the window, and those far from all that remains.

        Args:
            metres: What is nearer to a remaining checkpoint is not far.
            window_us: How far back.
            held_us: Count only what was known so long ago already.

        Returns:
            All of them, and the far ones.
        """
        trail = self.trail.with_row_index("fix").with_columns(pl.col("received_us") + held_us)
        near = trail.join(self.remaining, on="row", suffix="_point").filter(
            _apart_m() <= metres, pl.col("at_us") < pl.col("until_us")
        )
        away = trail.join(near.select("fix").unique(), on="fix", how="anti")
        return self._counted(trail, window_us), self._counted(away, window_us)

    def _counted(self, rows: pl.DataFrame, window_us: int) -> Grid:
        return self.moments.count(self.runs.height, *_numbers(rows), window_us)


def _numbers(rows: pl.DataFrame) -> tuple[Ints, Ints, Ints]:
    row, at_us, received_us = (rows[name].to_numpy() for name in ("row", "at_us", "received_us"))
    return row, at_us, received_us


def _off_way_m() -> pl.Expr:
    """How far the point beside it is from the straight way to a position."""
    east, north = pl.col("x_m") - pl.col("x_from"), pl.col("y_m") - pl.col("y_from")
    off_x, off_y = pl.col("x_m_point") - pl.col("x_from"), pl.col("y_m_point") - pl.col("y_from")
    length = (east**2 + north**2).clip(1e-9)
    share = ((off_x * east + off_y * north) / length).clip(0.0, 1.0)
    return ((off_x - share * east) ** 2 + (off_y - share * north) ** 2).sqrt()


def _apart_m() -> pl.Expr:
    """How far a position is from the point beside it."""
    east, north = pl.col("x_m") - pl.col("x_m_point"), pl.col("y_m") - pl.col("y_m_point")
    return (east**2 + north**2).sqrt()
