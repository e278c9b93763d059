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

from vigia.domain.geo import distance_mm_between
from vigia.domain.watch.facts import Facts
from vigia.domain.watch.moments import MINUTE_US, NEVER_US, Moments
from vigia.domain.watch.places import INSIDE, OUTSIDE, Places, side
from vigia.domain.watch.presence import Presence, midnight
from vigia.domain.watch.signs import P_AUTO, P_HUMAN, STRAGGLER_US, G, Signs, W
from vigia.domain.watch.things import Things, latest
from vigia.domain.watch.work import known_us
from vigia.domain.windows import DAY, INSTANT

REACH_US = 26 * 60 * MINUTE_US
"""What is older than this at the first instant is not looked at."""
SEEN_US = 20 * MINUTE_US
"""So long after a sign somebody who should have left counts as there."""
PROVEN_US = 60 * MINUTE_US
"""So long after a proof somebody who should be there counts as there, unless seen elsewhere."""
UNHEARD_US = 10 * MINUTE_US
"""A site of which no phone was heard for so long is not heard of."""
LEFT_US = 120 * MINUTE_US
"""So long after the planned end somebody who did not clock out is presumed to be there."""
SETTLED_US = 5 * MINUTE_US
"""So long after a change of shift it shows which posts were relieved."""
EARLY_US = 60 * MINUTE_US
"""So long before a duty somebody may be there for it."""
_SPAN = ("from_us", "until_us")


def merged(spans: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """Stretches of each thing that touch or overlap, made one; `keys`, `from_us`, `until_us`."""
    ordered = spans.filter(pl.col("until_us") > pl.col("from_us")).sort(*keys, "from_us")
    reach = pl.col("until_us").cum_max().shift(1).over(*keys)
    begins = (pl.col("from_us") > reach).fill_null(value=True)
    return (
        ordered.with_columns(_run=begins.cum_sum())
        .group_by(*keys, "_run", maintain_order=True)
        .agg(pl.col("from_us").min(), pl.col("until_us").max())
        .drop("_run")
    )


@dataclass(frozen=True)
class Cover:
    """Who covers which post.

    Attributes:
        facts: What arrived.
        things: What exists.
        presence: Who is checked in, and who should be.
        signs: Who is heard of.
        places: Where the fences are.
        moments: When it is looked at.
    """

    facts: Facts
    things: Things
    presence: Presence
    signs: Signs
    places: Places
    moments: Moments

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
            "seen": self.seen,
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
    def _since_us(self) -> int:
        return self.moments.first_us - REACH_US

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
        both = self.unheard.join(there, on="site_id").select(
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
        stays = self._stood_in(self.presence.stays.filter(pl.col("until_us") > self._since_us))
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
            self._duties.select(
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
        signs = self.signs.table.filter(pl.col("at_us") > self._since_us, pl.col("person") >= 0)
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

    @cached_property
    def unheard(self) -> pl.DataFrame:
        """When sites were not heard of: `site_id`, and stretches without a sign from any phone.

        They begin with the last sign, so that what is held over them leaves no hole.
        """
        signs = self.signs.table.filter(
            pl.col("family").is_in([P_AUTO, P_HUMAN, G]),
            pl.col("site") >= 0,
            pl.col("received_us") > self._since_us,
            pl.col("received_us") - pl.col("at_us") <= STRAGGLER_US,
        )
        arrived = signs.select("site", "received_us").sort("site", "received_us")
        following = pl.col("received_us").shift(-1).over("site").fill_null(NEVER_US)
        found = arrived.with_columns(until_us=following).filter(
            pl.col("until_us") - pl.col("received_us") > UNHEARD_US
        )
        return found.select(
            site_id=self.things.site_ids.gather(found["site"]),
            from_us="received_us",
            until_us="until_us",
        )

    @cached_property
    def seen(self) -> pl.DataFrame:
        """People on the roster of a post who are there and not checked in, in the form of `here`.

        A position surely inside the fence, a piece of work or a badge shows them.
        """
        signs = self._proofs.join_asof(
            self._duties,
            left_on="at_us",
            right_on="early_us",
            by=["person_id", "site_id"],
            check_sortedness=False,
        )
        signs = pl.concat([signs, self._carried_on(signs)], how="diagonal_relaxed")
        first = pl.max_horizontal("at_us", "received_us", "known_us")
        shown = signs.filter(pl.col("at_us") < pl.col("ends_us")).select(
            "post_id",
            "person_id",
            "early_us",
            from_us=first,
            until_us=pl.min_horizontal(
                pl.col("at_us") + PROVEN_US, "away_us", "ends_us", "void_us"
            ),
        )
        return merged(self._unclocked(shown), "post_id", "person_id").with_columns(
            amount=pl.lit(1, pl.Int64)
        )

    @cached_property
    def _duties(self) -> pl.DataFrame:
        """The roster with those who stepped in for somebody, by the time from which they may come.

        `person_id`, `site_id`, `post_id`, `early_us`, `ends_us`, `known_us`, `void_us`.
        """
        duties = self.presence.duties
        swaps = self.facts["shift_assignment"].drop_nulls("relieved_by")
        swaps = swaps.select("assignment_id", relief="relieved_by", swap_us=known_us()).unique(
            "assignment_id", keep="first", maintain_order=True
        )
        relief = duties.join(swaps, on="assignment_id").with_columns(
            person_id="relief", known_us="swap_us", void_us=pl.lit(NEVER_US)
        )
        both = pl.concat([duties, relief.select(duties.columns)])
        return both.select(
            "person_id",
            "site_id",
            "post_id",
            "ends_us",
            "known_us",
            "void_us",
            early_us=pl.col("starts_us") - EARLY_US,
        ).sort("early_us")

    def _carried_on(self, proofs: pl.DataFrame) -> pl.DataFrame:
        """Signs of the phones of people who had been proven to be there, and not seen elsewhere."""
        rows = self.signs.table.filter(
            pl.col("family").is_in([P_AUTO, P_HUMAN, G]),
            pl.col("at_us") > self._since_us,
            pl.col("person") >= 0,
            pl.col("site") >= 0,
        )
        signs = rows.select(
            "at_us",
            "received_us",
            person_id=self.things.person_ids.gather(rows["person"]),
            site_id=self.things.site_ids.gather(rows["site"]),
        )
        first = (
            proofs.drop_nulls("early_us")
            .with_columns(proof_us="at_us")
            .rename({"received_us": "proven_us"})
        )
        both = signs.sort("at_us").join_asof(
            first.drop("at_us").sort("proof_us"),
            left_on="at_us",
            right_on="proof_us",
            by=["person_id", "site_id"],
            check_sortedness=False,
        )
        return both.filter(
            pl.col("at_us") < pl.col("ends_us"), pl.col("away_us") > pl.col("at_us")
        ).with_columns(received_us=pl.max_horizontal("received_us", "proven_us"))

    def _unclocked(self, shown: pl.DataFrame) -> pl.DataFrame:
        """Stretches of people who have not clocked in for the duty, until they do."""
        stays = self.presence.stays.select("person_id", in_us="from_us", out_us="until_us")
        stays = stays.sort("in_us")
        before = shown.sort("from_us").join_asof(
            stays, left_on="from_us", right_on="in_us", by="person_id", check_sortedness=False
        )
        is_new = pl.col("in_us") < pl.col("early_us")
        free = before.filter(
            ((pl.col("out_us") <= pl.col("from_us")) & is_new).fill_null(value=True)
        )
        after = free.drop("in_us", "out_us", "early_us").join_asof(
            stays.drop("out_us"),
            left_on="from_us",
            right_on="in_us",
            by="person_id",
            strategy="forward",
            check_sortedness=False,
        )
        return after.with_columns(
            until_us=pl.min_horizontal("until_us", pl.col("in_us").fill_null(NEVER_US))
        ).drop("in_us")

    @cached_property
    def _proofs(self) -> pl.DataFrame:
        """What shows that somebody is at a site, by time.

        `person_id`, `site_id`, `at_us`, `received_us`, `away_us` (known to be outside after it;
        `NEVER_US`).
        """
        fixes = self._sided
        badges = self.facts["access_event"].filter(pl.col("kind") == "granted")
        known = [_told(frame) for frame in (fixes.filter(pl.col("of") == INSIDE), badges)]
        work = self.signs.table.filter(
            pl.col("family") == W, pl.col("person") >= 0, pl.col("site") >= 0
        )
        done = work.select(
            person_id=self.things.person_ids.gather(work["person"]),
            site_id=self.things.site_ids.gather(work["site"]),
            at_us="at_us",
            received_us="received_us",
        )
        proofs = pl.concat([*known, done]).filter(pl.col("at_us") > self._since_us)
        # One position may jump; two in a row are somewhere else.
        outside = pl.col("of") == OUTSIDE
        again = outside & outside.shift(1).over("device_id").fill_null(value=False)
        away = _told(fixes.sort("device_id", "at").filter(again)).select(
            "person_id", out_us="at_us", away_us=pl.max_horizontal("at_us", "received_us")
        )
        return (
            proofs.sort("at_us")
            .join_asof(
                away.sort("out_us"),
                left_on="at_us",
                right_on="out_us",
                by="person_id",
                strategy="forward",
                check_sortedness=False,
            )
            .drop("out_us")
            .with_columns(pl.col("away_us").fill_null(NEVER_US))
        )

    @cached_property
    def _sided(self) -> pl.DataFrame:
        """Usable positions with the side of the site's fence (`of`) and whose they are."""
        fixes = self.signs.fixes.filter("usable", pl.col("at").to_physical() > self._since_us)
        fences = self.places.fences.filter(pl.col("kind") == "site").drop("kind")
        near = fixes.join(fences, on="site_id")
        distance_m = distance_mm_between(*map(pl.col, ("lat", "lon", "lat0", "lon0"))) / 1000
        of = side(distance_m, *map(pl.col, ("accuracy_m", "radius_m", "buffer_m")))
        return near.with_columns(of=of, person_id=self.things.carriers(near))


def _told(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.drop_nulls(["person_id", "site_id"]).select(
        "person_id",
        "site_id",
        at_us=pl.col("at").to_physical(),
        received_us=pl.col("received_at").to_physical(),
    )


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
