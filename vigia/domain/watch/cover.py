"""Which posts lack people, and since when: required against checked in and against seen.

Everything here is stretches with exact ends, not instants of a grid, because how long a gap has
lasted must not depend on when somebody looked. A stretch holds what was known while it lasted.
After the planned end of a duty whose clock-out is missing, only who is still heard of is there;
where a whole site is not heard of, nobody can say that somebody left. Belongs here: counting
people at posts. Does not belong here: which gap is worth a finding (`findings.patterns`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

import polars as pl

from vigia.domain.watch.facts import Facts
from vigia.domain.watch.moments import MINUTE_US, NEVER_US
from vigia.domain.watch.presence import Presence, midnight
from vigia.domain.watch.sightings import EARLY_US, Sightings, merged
from vigia.domain.watch.signs import Signs
from vigia.domain.watch.things import Things, latest
from vigia.domain.watch.work import known_us
from vigia.domain.windows import DAY, INSTANT

STAYS_US = 26 * 60 * MINUTE_US
"""Who left so long before the first instant is not looked at."""
SEEN_US = 20 * MINUTE_US
"""So long after a sign somebody who should have left counts as there."""
LEFT_US = 120 * MINUTE_US
"""So long after the planned end somebody who did not clock out is presumed to be there."""
SETTLED_US = 5 * MINUTE_US
"""So long after a change of shift it shows which posts were relieved."""
_SPAN = ("from_us", "until_us")


@dataclass(frozen=True)
class Cover:
    """Who covers which post.

    Attributes:
        facts: What arrived.
        things: What exists.
        presence: Who is checked in, and who should be.
        signs: Who is heard of.
        sightings: Who is seen though not checked in, and which sites are not heard of.
    """

    facts: Facts
    things: Things
    presence: Presence
    signs: Signs
    sightings: Sightings

    @cached_property
    def stretches(self) -> pl.DataFrame:
        """Stretches over which the count of no post changes, by post and time.

        `post_id`, `from_us`, `until_us`, `required`, `present` (checked in), `seen` (there, but
        not checked in), `dark` (more than 0 where the site is not heard of), `missing` (required
        less present, where that can be told), `bare` (missing less seen).
        """
        parts = {
            "need": self.needs.select("post_id", *_SPAN, amount=pl.col("headcount").cast(pl.Int64)),
            "dark": self.dark,
            "off": self._called_off,
            "down": self._closed,
            "here": self.here,
            "seen": self.sightings.seen,
        }
        steps = pl.concat([_steps(frame, name, tuple(parts)) for name, frame in parts.items()])
        levels = (
            steps.group_by("post_id", "from_us")
            .agg(pl.col(*parts).sum())
            .sort("post_id", "from_us")
            .with_columns(pl.col(*parts).cum_sum().over("post_id"))
        )
        required = pl.when(pl.col("down") > 0).then(0).otherwise(pl.col("need") - pl.col("off"))
        known = levels.with_columns(
            until_us=pl.col("from_us").shift(-1).over("post_id").fill_null(NEVER_US),
            required=required.clip(0),
        )
        missing = (pl.col("required") - pl.col("here")).clip(0)
        missing = pl.when(pl.col("dark") > 0).then(0).otherwise(missing)
        return known.select(
            "post_id",
            *_SPAN,
            "required",
            pl.col("here").alias("present"),
            "seen",
            "dark",
            missing.alias("missing"),
            (missing - pl.col("seen")).clip(0).alias("bare"),
        )

    def lacking(self, column: str) -> pl.DataFrame:
        """Gaps: `post_id`, `from_us`, `until_us` of stretches in which somebody lacks all the time.

        Args:
            column: `missing` or `bare`.
        """
        return merged(self.stretches.filter(pl.col(column) > 0), "post_id")

    @cached_property
    def needs(self) -> pl.DataFrame:
        """What posts need: `post_id`, `site_id`, `headcount`, a stretch.

        How many people is what the contract says. When they come is what the roster of the day
        says, where it has published a shift for most of the time; and on a holiday nobody comes for
        whom there is no shift.
        """
        needs = self.presence.needs.with_row_index("need")
        shifts = latest(self.facts["shift"].filter(pl.col("verb") == "published"), "shift_id")
        planned = shifts.select(
            "post_id",
            starts_us=pl.col("starts_at").to_physical(),
            ends_us=pl.col("ends_at").to_physical(),
            told_us=known_us(),
        )
        both = needs.join(planned, on="post_id").filter(pl.col("told_us") <= pl.col("starts_us"))
        shared = pl.min_horizontal("until_us", "ends_us") - pl.max_horizontal(
            "from_us", "starts_us"
        )
        best = both.with_columns(shared=shared).filter(
            2 * pl.col("shared") > pl.col("until_us") - pl.col("from_us")
        )
        best = best.sort("need", "shared").unique("need", keep="last", maintain_order=True)
        times = best.select("need", "starts_us", "ends_us")
        found = needs.join(times, on="need", how="left", maintain_order="left")
        idle = found.filter(pl.col("starts_us").is_null()).join(self._holidays, on="site_id")
        began = pl.col("from_us") >= pl.col("first_us")
        idle = idle.filter(began & (pl.col("from_us") < pl.col("last_us")))
        return (
            found.join(idle.select("need"), on="need", how="anti", maintain_order="left")
            .with_columns(
                from_us=pl.coalesce("starts_us", "from_us"),
                until_us=pl.coalesce("ends_us", "until_us"),
            )
            .drop("need", "starts_us", "ends_us")
        )

    @cached_property
    def _holidays(self) -> pl.DataFrame:
        """Days on which sites have a holiday of any kind: `site_id`, `first_us`, `last_us`."""
        days = latest(self.facts["holiday"], "holiday_id").drop_nulls("holiday_on")
        sites = self.things.site.select("site_id", "calendar_id", "tz").drop_nulls()
        both = sites.join(days.select("calendar_id", "holiday_on"), on="calendar_id")
        parts = [
            part.select(
                "site_id",
                first_us=midnight(pl.col("holiday_on"), zone),
                last_us=midnight(pl.col("holiday_on") + DAY, zone),
            )
            for (zone,), part in both.partition_by("tz", as_dict=True).items()
        ]
        schema = {"site_id": pl.String, "first_us": pl.Int64, "last_us": pl.Int64}
        return pl.concat([pl.DataFrame(schema=schema), *parts])

    @cached_property
    def dark(self) -> pl.DataFrame:
        """Posts of sites that are not heard of though somebody is there who is checked in.

        Clock-ins wait in the phones then, and nobody can say who is missing. That such a site is
        silent is a finding of its own.
        """
        posts = self.things.post.select("post_id", "site_id")
        there = self.here.join(posts, on="post_id").select(
            "site_id", in_us="from_us", out_us="until_us"
        )
        both = self.sightings.unheard.join(there, on="site_id").select(
            "site_id",
            from_us=pl.max_horizontal("from_us", "in_us"),
            until_us=pl.min_horizontal("until_us", "out_us"),
        )
        return (
            merged(both, "site_id")
            .join(posts, on="site_id")
            .select("post_id", *_SPAN, amount=pl.lit(1, pl.Int64))
        )

    @cached_property
    def _called_off(self) -> pl.DataFrame:
        """People whom shifts need no more than was published: `post_id`, `amount`, a stretch."""
        rows = self.facts["shift"].sort("at", maintain_order=True)
        whole = rows.group_by("shift_id").agg(
            pl.col("post_id", "starts_at", "ends_at").drop_nulls().first(),
            whole=pl.col("headcount").drop_nulls().first(),
        )
        fewer = rows.filter(pl.col("status") != "completed").select(
            "shift_id",
            left=pl.when(pl.col("status") == "cancelled").then(0).otherwise("headcount"),
            told_us=known_us(),
        )
        both = fewer.join(whole, on="shift_id", maintain_order="left").filter(
            pl.col("left") < pl.col("whole")
        )
        newest = both.unique("shift_id", keep="last", maintain_order=True)
        starts = pl.col("starts_at").to_physical()
        return newest.select(
            "post_id",
            from_us=pl.max_horizontal(starts, "told_us"),
            until_us=pl.col("ends_at").to_physical(),
            amount=pl.col("whole") - pl.col("left"),
        ).drop_nulls()

    @cached_property
    def _closed(self) -> pl.DataFrame:
        """Posts that are stood down, or whose site is shut for the day."""
        down = latest(self.facts["post_stand_down"], "stand_down_id")
        told = down.select(
            "post_id",
            from_us=pl.max_horizontal(
                pl.col("from_at").to_physical(), pl.col("received_at").to_physical()
            ),
            until_us=pl.col("to_at").to_physical().fill_null(NEVER_US),
        )
        shut = self.presence.closed_days.join(
            self.things.post.select("post_id", "site_id"), on="site_id"
        ).select("post_id", pl.max_horizontal("from_us", "known_us").alias("from_us"), "until_us")
        both = pl.concat([told, shut]).drop_nulls()
        return merged(both, "post_id").with_columns(amount=pl.lit(1, pl.Int64))

    @cached_property
    def here(self) -> pl.DataFrame:
        """People who are checked in at a post: `post_id`, `person_id`, a stretch, `amount`."""
        since_us = self.presence.moments.first_us - STAYS_US
        stays = self._stood_in(self.presence.stays.filter(pl.col("until_us") > since_us))
        placed = pl.concat(
            [
                stays.drop_nulls("post_id").select(
                    "post_id", "person_id", "site_id", "ends_us", *_SPAN
                ),
                self._placed(stays.filter(pl.col("post_id").is_null())),
            ]
        )
        planned = placed.with_columns(until_us=pl.min_horizontal("until_us", "ends_us"))
        beyond = placed.filter(pl.col("until_us") > pl.col("ends_us"))
        spans = pl.concat(
            [
                planned.select("post_id", "person_id", *_SPAN),
                self._beyond(beyond),
            ]
        )
        return merged(spans, "post_id", "person_id").with_columns(amount=pl.lit(1, pl.Int64))

    def _stood_in(self, stays: pl.DataFrame) -> pl.DataFrame:
        """Stays, with the post of those who came for somebody else, as the roster was told."""
        first = stays.sort("in_us").join_asof(
            self.sightings.roster.select(
                "person_id", "site_id", "early_us", relief_post="post_id", relief_us="ends_us"
            ),
            left_on="in_us",
            right_on="early_us",
            by=["person_id", "site_id"],
            check_sortedness=False,
        )
        fits = pl.col("post_id").is_null() & (pl.col("in_us") < pl.col("relief_us"))
        return first.with_columns(
            post_id=pl.when(fits).then("relief_post").otherwise("post_id"),
            ends_us=pl.when(fits).then("relief_us").otherwise("ends_us"),
        ).drop("early_us", "relief_post", "relief_us")

    def _placed(self, loose: pl.DataFrame) -> pl.DataFrame:
        """Clock-ins of people whom nobody planned there, at the post that most needs somebody then.

        It is how a swap looks that was agreed and never told. Whoever is not relieved stays, and
        who is leaves soon after the other came: a few minutes after the change of shift it shows
        which post they came for.
        """
        needs = self.needs.rename({"from_us": "begins_us", "until_us": "stops_us"})
        named = self.presence.stays.drop_nulls("post_id").select(
            "post_id", there_us="from_us", gone_us="until_us"
        )
        wanted = (
            loose.drop("post_id", "ends_us")
            .join(needs, on="site_id")
            .filter(
                pl.col("begins_us") <= pl.col("in_us") + EARLY_US,
                pl.col("stops_us") > pl.col("in_us") + EARLY_US,
            )
            .with_columns(shown_us=pl.max_horizontal("from_us", "begins_us") + SETTLED_US)
        )
        keys = ("person_id", "in_us", "post_id", "begins_us")
        near = wanted.join(named, on="post_id").filter(pl.col("there_us") <= pl.col("shown_us"))
        gone = pl.col("gone_us") <= pl.col("shown_us")
        told = near.group_by(keys).agg(
            there=(~gone).sum().cast(pl.Int64),
            relieved=(gone & (pl.col("gone_us") >= pl.col("in_us"))).any(),
        )
        ranked = wanted.join(told, on=keys, how="left").with_columns(
            surplus=pl.col("there").fill_null(0) - pl.col("headcount"),
            is_other=~pl.col("relieved").fill_null(value=False),
            apart=(pl.col("begins_us") - pl.col("in_us")).abs(),
        )
        best = ranked.sort("person_id", "in_us", "surplus", "is_other", "apart", "post_id")
        return best.unique(["person_id", "in_us"], keep="first", maintain_order=True).select(
            "post_id",
            "person_id",
            "site_id",
            pl.col("stops_us").alias("ends_us"),
            pl.col("shown_us").alias("from_us"),
            "until_us",
        )

    def _beyond(self, stays: pl.DataFrame) -> pl.DataFrame:
        """Who stays on after the planned end without a clock-out.

        Whoever is not relieved stays, so two hours are presumed, and more for who is still heard
        of; but not after somebody logged out of the app.
        """
        people = stays.with_row_index("stay").with_columns(
            person=pl.Series(self.things.people(stays["person_id"]), dtype=pl.Int64)
        )
        out = self.facts["phone_event"].filter(pl.col("kind") == "logout")
        out = out.select("person_id", out_at="at", out_us=known_us()).sort("out_at")
        ended = people.with_columns(late_at=(pl.col("ends_us") - EARLY_US).cast(INSTANT))
        gone = ended.sort("late_at").join_asof(
            out,
            left_on="late_at",
            right_on="out_at",
            by="person_id",
            strategy="forward",
            tolerance=timedelta(hours=12),
            check_sortedness=False,
        )
        people = gone.with_columns(
            until_us=pl.min_horizontal("until_us", pl.col("out_us").fill_null(NEVER_US))
        )
        signs = self.signs.table.filter(
            pl.col("at_us") > self.sightings.since_us, pl.col("person") >= 0
        )
        heard = people.join(signs.select("person", "at_us", "received_us"), on="person").filter(
            pl.col("at_us") >= pl.col("ends_us") - SEEN_US, pl.col("at_us") < pl.col("until_us")
        )
        spans = (
            heard.select(
                "post_id",
                "person_id",
                from_us=pl.max_horizontal("at_us", "received_us", "ends_us"),
                until_us=pl.min_horizontal(pl.col("at_us") + SEEN_US, "until_us"),
            ),
            people.select(
                "post_id",
                "person_id",
                from_us="ends_us",
                until_us=pl.min_horizontal("until_us", pl.col("ends_us") + LEFT_US),
            ),
        )
        return pl.concat(spans).filter(pl.col("until_us") > pl.col("from_us"))


def _steps(spans: pl.DataFrame, name: str, names: tuple[str, ...]) -> pl.DataFrame:
    """Where a count goes up and down: `post_id`, `from_us`, and `names`, of which one changes."""
    held = spans.filter(pl.col("until_us") > pl.col("from_us"))
    both = pl.concat(
        [
            held.select("post_id", "from_us", "amount"),
            held.select("post_id", from_us="until_us", amount=-pl.col("amount")),
        ]
    )
    amount = pl.col("amount").cast(pl.Int64)
    return both.select(
        "post_id",
        "from_us",
        *(amount.alias(n) if n == name else pl.lit(0, pl.Int64).alias(n) for n in names),
    )
