"""Who is on duty where, and who should be, at each instant.

On duty is who is checked in and not out, by what had arrived. Required are the people of the
weekly requirements of posts, less posts stood down, shifts cancelled and days on which a site is
closed. Around a change of shift, within fifteen minutes of a boundary, is the handover zone.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property

import numpy as np
import polars as pl

from vigia.domain.watch.moments import (
    LONG_AGO_US,
    MINUTE_US,
    NEVER_US,
    Bools,
    Grid,
    Ints,
    instants,
    sum_by,
    to_us,
)
from vigia.domain.watch.part import Part
from vigia.domain.watch.things import latest
from vigia.domain.windows import DAY

HANDOVER_US = 15 * MINUTE_US
FORGOTTEN_US = 6 * 60 * MINUTE_US
"""A clock-out that is missing is assumed so long after the planned end."""
UNPLANNED_US = 15 * 60 * MINUTE_US
"""The same where no shift is known, from the clock-in."""
_EARLY_US = 90 * MINUTE_US
_OFF = ("declined", "swapped", "cancelled", "no_show")
_GONE = ("clock_out", "clock_in")


class Presence(Part):
    """Who is on duty, and who should be."""

    @cached_property
    def duties(self) -> pl.DataFrame:
        """Planned work of people, one row an assignment.

        `assignment_id`, `person_id`, `site_id`, `post_id`, `starts_us`, `ends_us`, `known_us` (when
        it was told), `void_us` (when it was withdrawn).
        """
        shifts = latest(self.facts["shift"], "shift_id").select(
            "shift_id",
            "site_id",
            "post_id",
            starts_us=pl.col("starts_at").to_physical(),
            ends_us=pl.col("ends_at").to_physical(),
        )
        told = self.facts["shift_assignment"]
        known = told.group_by("assignment_id").agg(
            pl.col("shift_id", "person_id").drop_nulls().first(),
            known_us=pl.col("received_at").min().to_physical(),
            void_us=pl.col("received_at").filter(pl.col("status").is_in(_OFF)).min().to_physical(),
        )
        return (
            known.join(shifts, on="shift_id")
            .with_columns(pl.col("void_us").fill_null(NEVER_US))
            .sort("assignment_id")
        )

    @cached_property
    def stays(self) -> pl.DataFrame:
        """Times on duty, one row a clock-in.

        `person_id`, `site_id`, `post_id`, `assignment_id`, `in_us` (clocked in, by trusted time),
        `from_us` (known since), `until_us` (known until), `ends_us` (planned end, `NEVER_US` where
        none is known).
        """
        punches = self._punches()
        shown = pl.max_horizontal("at_us", "received_us")
        following = punches.with_columns(
            next_us=_any_later(shown).over("person_id"), from_us=shown
        ).filter(pl.col("kind") == "clock_in")
        planned = self._planned(following)
        forgotten = pl.when(pl.col("ends_us") < NEVER_US).then(pl.col("ends_us") + FORGOTTEN_US)
        until = pl.min_horizontal("next_us", forgotten.otherwise(pl.col("at_us") + UNPLANNED_US))
        return planned.select(
            "person_id",
            "site_id",
            "post_id",
            "assignment_id",
            "ends_us",
            pl.col("at_us").alias("in_us"),
            "from_us",
            until.alias("until_us"),
        ).filter(pl.col("until_us") > pl.col("from_us"))

    @cached_property
    def unclocked(self) -> pl.DataFrame:
        """Planned work that nobody clocked in for so far, in the columns of `stays`.

        Whether somebody is there all the same, their phone must tell.
        """
        clocked = self.duties.join(
            self.stays.select("person_id", "in_us", clocked_us="from_us"), on="person_id"
        )
        clocked = clocked.filter(
            pl.col("in_us").is_between(pl.col("starts_us") - _EARLY_US, pl.col("ends_us"))
        )
        first = clocked.group_by("assignment_id").agg(pl.col("clocked_us").min())
        return (
            self.duties.join(first, on="assignment_id", how="left", maintain_order="left")
            .select(
                "person_id",
                "site_id",
                "post_id",
                "assignment_id",
                "ends_us",
                pl.col("starts_us").alias("in_us"),
                pl.max_horizontal("starts_us", "known_us").alias("from_us"),
                pl.min_horizontal("ends_us", "void_us", "clocked_us").alias("until_us"),
            )
            .filter(pl.col("until_us") > pl.col("from_us"))
        )

    def _punches(self) -> pl.DataFrame:
        """Comings and goings by person and time; a correction is the one that is nearer."""
        rows = self.facts["attendance_event"].with_columns(
            at_us=pl.col("at").to_physical(), received_us=pl.col("received_at").to_physical()
        )
        ends = self.duties.select("assignment_id", "starts_us", "ends_us")
        rows = rows.join(ends, on="assignment_id", how="left", maintain_order="left")
        middle = (pl.col("starts_us") + pl.col("ends_us")) // 2
        corrected = (
            pl.when(pl.col("at_us") < middle)
            .then(pl.lit("clock_in"))
            .otherwise(pl.lit("clock_out"))
        )
        kind = pl.when(pl.col("kind") == "correction").then(corrected).otherwise("kind")
        return (
            rows.with_columns(kind.alias("kind"))
            .filter(pl.col("kind").is_in(_GONE))
            .sort("person_id", "at_us", "received_us")
        )

    def _planned(self, punches: pl.DataFrame) -> pl.DataFrame:
        """Clock-ins with post and planned end of their duty.

        It is the duty that they name, else the person's own that begins nearest at that site.
        """
        mine = self.duties.select(
            "assignment_id", "post_id", pl.col("starts_us").alias("begins_us"), "ends_us"
        )
        named = punches.drop("ends_us", "starts_us").join(
            mine, on="assignment_id", how="left", maintain_order="left"
        )
        guess = (
            named.filter(pl.col("post_id").is_null())
            .with_row_index("_row")
            .join(
                self.duties.select(
                    "person_id",
                    "site_id",
                    g_post="post_id",
                    g_start="starts_us",
                    g_end="ends_us",
                    g_id="assignment_id",
                ),
                on=["person_id", "site_id"],
            )
            .filter(pl.col("at_us").is_between(pl.col("g_start") - _EARLY_US, pl.col("g_end")))
            .sort("_row", (pl.col("at_us") - pl.col("g_start")).abs())
            .unique(["person_id", "at_us"], keep="first", maintain_order=True)
            .select("person_id", "at_us", "g_post", "g_end", "g_id")
        )
        both = named.join(guess, on=["person_id", "at_us"], how="left", maintain_order="left")
        return both.with_columns(
            post_id=pl.coalesce("post_id", "g_post"),
            ends_us=pl.coalesce("ends_us", "g_end").fill_null(NEVER_US),
            assignment_id=pl.coalesce("assignment_id", "g_id"),
        )

    @cached_property
    def breaks(self) -> pl.DataFrame:
        """Breaks of people: `person_id`, `from_us`, `until_us`, both as they became known."""
        shown = pl.max_horizontal(pl.col("at").to_physical(), pl.col("received_at").to_physical())
        rows = self.facts["attendance_event"].sort("person_id", "at", "received_at")
        after = rows.with_columns(from_us=shown, until_us=_any_later(shown).over("person_id"))
        return after.filter(pl.col("kind") == "break_start").select(
            "person_id",
            "from_us",
            # Nobody is on break for two hours: the end was forgotten.
            until_us=pl.min_horizontal("until_us", pl.col("from_us") + 120 * MINUTE_US),
        )

    def _held(self, things: int, thing: Ints, frame: pl.DataFrame) -> Grid:
        first, until = frame["from_us"].to_numpy(), frame["until_us"].to_numpy()
        return self.moments.level(things, thing, first, until)

    @cached_property
    def people_on(self) -> Bools:
        """Whether each person is on duty anywhere."""
        people = self.things.people(self.stays["person_id"])
        return self._held(len(self.things.person_ids), people, self.stays) > 0

    @cached_property
    def on_break(self) -> Bools:
        """Whether each person is on a break."""
        people = self.things.people(self.breaks["person_id"])
        return self._held(len(self.things.person_ids), people, self.breaks) > 0

    @cached_property
    def site_of_person(self) -> Ints:
        """Row of the site where each person is on duty; -1 where on none."""
        return self.by_person(self.stays, self.things.sites(self.stays["site_id"]), -1)

    @cached_property
    def post_of_person(self) -> Ints:
        """Row of the post that each person mans; -1 where none is known."""
        return self.by_person(self.stays, self.things.posts(self.stays["post_id"]), -1)

    @cached_property
    def since_us(self) -> Ints:
        """Since when each person is known to be on duty without a break in it."""
        return self.by_person(self.stays, self.stays["from_us"].to_numpy(), NEVER_US)

    def by_person(self, stays: pl.DataFrame, value: Ints, none: int) -> Ints:
        """A value of each person's stay: of those that hold, the one that began last.

        Args:
            stays: Rows in the columns of `stays`.
            value: One a row.
            none: Where no stay holds.
        """
        moments, begun = self.moments, stays["from_us"].to_numpy()
        person = self.things.people(stays["person_id"])
        first, until = moments.place(begun), moments.place(stays["until_us"].to_numpy())
        found = np.full((len(self.things.person_ids), len(moments)), none, np.int64)
        order = np.argsort(begun, kind="stable")
        for row in order[((person >= 0) & (until > first))[order]]:
            found[person[row], first[row] : until[row]] = value[row]
        return found

    @cached_property
    def site_count(self) -> Grid:
        """People on duty at each site."""
        sites = self.things.sites(self.stays["site_id"])
        return self._held(len(self.things.site_ids), sites, self.stays)

    def on_for(self, window_us: int) -> Grid:
        """People who are on duty at each site since the window's length and longer."""
        stays = self.stays.with_columns(pl.col("from_us") + window_us)
        return self._held(len(self.things.site_ids), self.things.sites(stays["site_id"]), stays)

    @cached_property
    def closed_days(self) -> pl.DataFrame:
        """Days on which sites are shut: `site_id`, `from_us`, `until_us`, `known_us`."""
        kept = self.facts["holiday"].filter(pl.col("kind") == "closed")
        days = latest(kept.with_columns(known=pl.col("received_at")), "holiday_id")
        sites = self.things.site.select("site_id", "calendar_id", "tz").drop_nulls()
        both = sites.join(days, on="calendar_id").filter(pl.col("holiday_on").is_not_null())
        parts = [
            part.select(
                "site_id",
                from_us=midnight(pl.col("holiday_on"), zone),
                until_us=midnight(pl.col("holiday_on") + DAY, zone),
                known_us=pl.col("known").to_physical(),
            )
            for (zone,), part in both.partition_by("tz", as_dict=True).items()
        ]
        empty = dict.fromkeys(("from_us", "until_us", "known_us"), pl.Int64)
        return pl.concat([pl.DataFrame(schema={"site_id": pl.String, **empty}), *parts])

    @cached_property
    def needs(self) -> pl.DataFrame:
        """When posts need people, one row a requirement and day around the moments.

        `post_id`, `site_id`, `headcount`, `from_us`, `until_us`: stretches by the site's wall clock.
        """
        told = latest(self.facts["post_requirement"], "req_id").drop_nulls(
            ["post_id", "dow", "start_local", "end_local"]
        )
        told = told.with_columns(
            post_id=pl.col("post_id"), headcount=pl.col("headcount").fill_null(1)
        )
        places = self.things.post.select("post_id", "site_id").join(
            self.things.site.select("site_id", pl.col("tz").fill_null("UTC")), on="site_id"
        )
        rows = told.drop("site_id").join(places, on="post_id")
        first = instants(np.array([self.moments.first_us]))[0] - timedelta(days=2)
        last = instants(np.array([self.moments.last_us]))[0] + timedelta(days=2)
        days = pl.date_range(first.date(), last.date(), eager=True).alias("day").to_frame()
        days = days.with_columns(dow=pl.col("day").dt.weekday().cast(pl.Int64) - 1)
        each = rows.join(days, on="dow").sort("req_id", "day")
        over = pl.col("end_local") <= pl.col("start_local")
        parts = [
            part.select(
                "post_id",
                "site_id",
                "headcount",
                from_us=wall_us(pl.col("day"), pl.col("start_local"), zone),
                until_us=wall_us(
                    pl.when(over).then(pl.col("day") + DAY).otherwise("day"),
                    pl.col("end_local"),
                    zone,
                ),
                valid_us=pl.col("valid_from").to_physical().fill_null(LONG_AGO_US),
                void_us=pl.col("valid_to").to_physical().fill_null(NEVER_US),
            )
            for (zone,), part in each.partition_by("tz", as_dict=True).items()
        ]
        empty = dict.fromkeys(("headcount", "from_us", "until_us", "valid_us", "void_us"), pl.Int64)
        found = pl.concat(
            [pl.DataFrame(schema={"post_id": pl.String, "site_id": pl.String, **empty}), *parts]
        )
        return found.filter(
            pl.col("from_us") >= pl.col("valid_us"), pl.col("from_us") < pl.col("void_us")
        ).drop("valid_us", "void_us")

    @cached_property
    def required_by_post(self) -> Grid:
        """People whom each post needs."""
        things, moments = self.things, self.moments
        needs = self.needs
        count = len(things.post_ids)
        need = moments.level(
            count,
            things.posts(needs["post_id"]),
            needs["from_us"].to_numpy(),
            needs["until_us"].to_numpy(),
            needs["headcount"].to_numpy(),
        )
        down = latest(self.facts["post_stand_down"], "stand_down_id")
        known = to_us(down["received_at"], LONG_AGO_US)
        stood_down = moments.level(
            count,
            things.posts(down["post_id"]),
            np.maximum(to_us(down["from_at"], LONG_AGO_US), known),
            to_us(down["to_at"], NEVER_US),
        )
        cancelled = self._cancelled(count)
        shut = self.is_closed_day[things.site_of_post]
        left: Grid = np.maximum(need - cancelled, 0)
        left[(stood_down > 0) | shut] = 0
        return left

    def _cancelled(self, count: int) -> Grid:
        """People of shifts that were called off."""
        off = self.facts["shift"].filter(pl.col("status") == "cancelled")
        off = off.unique("shift_id", keep="first", maintain_order=True)
        return self.moments.level(
            count,
            self.things.posts(off["post_id"]),
            np.maximum(to_us(off["starts_at"], NEVER_US), to_us(off["received_at"], NEVER_US)),
            to_us(off["ends_at"], NEVER_US),
        )

    @cached_property
    def is_closed_day(self) -> Bools:
        """Sites that are shut for the day, as far as that was told."""
        shut = self.closed_days
        first = np.maximum(shut["from_us"].to_numpy(), shut["known_us"].to_numpy())
        return (
            self.moments.level(
                len(self.things.site_ids),
                self.things.sites(shut["site_id"]),
                first,
                shut["until_us"].to_numpy(),
            )
            > 0
        )

    @cached_property
    def required_by_site(self) -> Grid:
        """People whom each site needs."""
        return sum_by(len(self.things.site_ids), self.things.site_of_post, self.required_by_post)

    @cached_property
    def handover_of_post(self) -> Bools:
        """Posts within the handover zone: near a beginning or an end of what they need."""
        edges = np.concatenate(
            [self.needs["from_us"].to_numpy(), self.needs["until_us"].to_numpy()]
        )
        posts = np.tile(self.things.posts(self.needs["post_id"]), 2)
        count = len(self.things.post_ids)
        near = self.moments.level(count, posts, edges - HANDOVER_US, edges + HANDOVER_US + 1)
        return near > 0


def _any_later(shown: pl.Expr) -> pl.Expr:
    """When the first of the rows that follow becomes known: whichever does, it ends this one."""
    return shown.shift(-1, fill_value=NEVER_US).reverse().cum_min().reverse()


def midnight(day: pl.Expr, zone: str) -> pl.Expr:
    """When days begin in a zone, in microseconds since 1970."""
    return _in_zone(day.cast(pl.Datetime("us")), zone)


def wall_us(day: pl.Expr, clock: pl.Expr, zone: str) -> pl.Expr:
    return _in_zone(day.dt.combine(clock, time_unit="us"), zone)


def _in_zone(local: pl.Expr, zone: str) -> pl.Expr:
    """Wall-clock times as instants; one that a change of clocks skips is the one an hour later."""
    there = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    later = (local + timedelta(hours=1)).dt.replace_time_zone(
        zone, ambiguous="earliest", non_existent="null"
    )
    return pl.coalesce(there, later).dt.convert_time_zone("UTC").to_physical()
