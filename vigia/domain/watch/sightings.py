"""Who is seen at a site whether or not they clocked in, and which sites are not heard of at all.

A position surely inside the fence, a piece of work or a badge proves that somebody is there, and
the phone of somebody who was there carries it on until two positions in a row say otherwise.
Belongs here: presence that nobody recorded. Does not belong here: who is checked in (`presence`),
or whether that is enough (`cover`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from vigia.domain.geo import distance_mm_between
from vigia.domain.watch.facts import Facts
from vigia.domain.watch.moments import MINUTE_US, NEVER_US, Moments
from vigia.domain.watch.places import INSIDE, OUTSIDE, Places, side
from vigia.domain.watch.presence import Presence
from vigia.domain.watch.signs import P_AUTO, P_HUMAN, STRAGGLER_US, G, Signs, W
from vigia.domain.watch.things import Things
from vigia.domain.watch.work import known_us

REACH_US = 6 * 60 * MINUTE_US
"""Signs that are older than this at the first instant are not looked at."""
PROVEN_US = 60 * MINUTE_US
"""So long after a proof somebody who should be there counts as there, unless seen elsewhere."""
UNHEARD_US = 10 * MINUTE_US
"""A site of which no phone was heard for so long is not heard of."""
EARLY_US = 60 * MINUTE_US
"""So long before a duty somebody may be there for it."""


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
class Sightings:
    """Who is seen where.

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

    @property
    def since_us(self) -> int:
        """From when on anything is looked at."""
        return self.moments.first_us - REACH_US

    @cached_property
    def unheard(self) -> pl.DataFrame:
        """When sites were not heard of: `site_id`, and stretches without a sign from any phone.

        They begin when the last sign is so old that it shows: before that nobody can know.
        """
        signs = self.signs.table.filter(
            pl.col("family").is_in([P_AUTO, P_HUMAN, G]),
            pl.col("site") >= 0,
            pl.col("received_us") > self.since_us,
            pl.col("received_us") - pl.col("at_us") <= STRAGGLER_US,
        )
        arrived = signs.select("site", "received_us").sort("site", "received_us")
        following = pl.col("received_us").shift(-1).over("site").fill_null(NEVER_US)
        found = arrived.with_columns(until_us=following).filter(
            pl.col("until_us") - pl.col("received_us") > UNHEARD_US
        )
        return found.select(
            site_id=self.things.site_ids.gather(found["site"]),
            from_us=pl.col("received_us") + UNHEARD_US,
            until_us="until_us",
        )

    @cached_property
    def seen(self) -> pl.DataFrame:
        """People on the roster of a post who are there and not checked in, in the form of `here`.

        A position surely inside the fence, a piece of work or a badge shows them.
        """
        signs = self._proofs.join_asof(
            self.roster,
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
    def roster(self) -> pl.DataFrame:
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
            pl.col("at_us") > self.since_us,
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
        proofs = pl.concat([*known, done]).filter(pl.col("at_us") > self.since_us)
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
        fixes = self.signs.fixes.filter("usable", pl.col("at").to_physical() > self.since_us)
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
