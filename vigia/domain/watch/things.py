"""Sites, posts, people and devices as rows of matrices, with what the rules ask about them.

Belongs here: numbering, and the latest that is known of what changes rarely. Does not belong here:
who is where (`presence`), or what is planned (`roster`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from vigia.domain.watch.facts import Facts
from vigia.domain.watch.moments import Bools, Ints


def latest(history: pl.DataFrame, key: str) -> pl.DataFrame:
    """What is known last of each thing: every column's newest value that is not missing."""
    return (
        history.sort("at", maintain_order=True)
        .group_by(key, maintain_order=True)
        .agg(pl.all().drop_nulls().last())
        .sort(key)
    )


def number_of(ids: pl.Series, values: pl.Series) -> Ints:
    """The row of each value among sorted ids; -1 for an unknown one or none."""
    if not len(ids):
        return np.full(len(values), -1, np.int64)
    known = values.cast(pl.Enum(ids), strict=False).to_physical()
    numbers: Ints = known.cast(pl.Int64).fill_null(-1).to_numpy()
    return numbers


def values_of(frame: pl.DataFrame, column: str, missing: int) -> Ints:
    """A column of whole numbers or truths, `missing` where there is none."""
    found: Ints = frame[column].cast(pl.Int64).fill_null(missing).to_numpy()
    return found


@dataclass(frozen=True)
class Things:
    """What exists.

    Attributes:
        facts: What arrived.
    """

    facts: Facts

    @cached_property
    def site(self) -> pl.DataFrame:
        """Sites, sorted by `site_id`."""
        return latest(self.facts["site"], "site_id")

    @cached_property
    def post(self) -> pl.DataFrame:
        """Posts, sorted by `post_id`."""
        return latest(self.facts["post"], "post_id")

    @cached_property
    def device(self) -> pl.DataFrame:
        """Devices, sorted by `device_id`: those that were told of."""
        return latest(self.facts["device"], "device_id")

    @cached_property
    def site_ids(self) -> pl.Series:
        """Rows of matrices by site."""
        return self.site["site_id"]

    @cached_property
    def post_ids(self) -> pl.Series:
        """Rows of matrices by post."""
        return self.post["post_id"]

    @cached_property
    def device_ids(self) -> pl.Series:
        """Rows of matrices by device."""
        return self.device["device_id"]

    @cached_property
    def person_ids(self) -> pl.Series:
        """Rows of matrices by person: everybody who was told of or who did something."""
        named = ("person", "attendance_event", "gps_fix", "phone_event", "panic_event", "tour_run")
        found = pl.concat([self.facts[name]["person_id"] for name in named])
        return found.drop_nulls().unique().sort()

    def sites(self, ids: pl.Series) -> Ints:
        """Row of each site."""
        return number_of(self.site_ids, ids)

    def posts(self, ids: pl.Series) -> Ints:
        """Row of each post."""
        return number_of(self.post_ids, ids)

    def devices(self, ids: pl.Series) -> Ints:
        """Row of each device."""
        return number_of(self.device_ids, ids)

    def people(self, ids: pl.Series) -> Ints:
        """Row of each person."""
        return number_of(self.person_ids, ids)

    @cached_property
    def site_of_post(self) -> Ints:
        """Row of the site of each post."""
        return self.sites(self.post["site_id"])

    @cached_property
    def is_active(self) -> Bools:
        """Sites that are guarded now: all but those that are known to be not."""
        active: Bools = self.site["status"].fill_null("active").eq("active").to_numpy()
        return active

    @cached_property
    def risk(self) -> Ints:
        """Risk tier of each site, 3 where none is told."""
        return values_of(self.site, "risk_tier", 3)

    def post_is(self, column: str, *, missing: bool = False) -> Bools:
        """A yes or no of each post."""
        truth: Bools = self.post[column].fill_null(value=missing).to_numpy()
        return truth

    @cached_property
    def is_indoor(self) -> Bools:
        """Posts in a zone under a roof."""
        zones = latest(self.facts["zone"], "zone_id").select("zone_id", "indoor")
        found = self.post.select("zone_id").join(
            zones, on="zone_id", how="left", maintain_order="left"
        )
        indoor: Bools = found["indoor"].fill_null(value=False).to_numpy()
        return indoor

    @cached_property
    def holders(self) -> pl.DataFrame:
        """Who holds a device, by the registry: `device_id`, `person_id`, `from_at`, `to_at`."""
        told = latest(self.facts["device_assignment"], "device_assignment_id")
        return told.select("device_id", "person_id", "post_id", "from_at", "to_at")

    def carriers(self, frame: pl.DataFrame) -> pl.Series:
        """Whom each row is of: the person it names, else who holds its device by then.

        Args:
            frame: `device_id`, `at`, and `person_id` where the table has one.
        """
        if frame.is_empty():
            return pl.Series("person_id", dtype=pl.String)
        named = frame["person_id"] if "person_id" in frame.columns else None
        if named is not None and not named.null_count():
            return named
        held = self.holders.drop_nulls(["device_id", "person_id"]).sort("from_at", nulls_last=False)
        held = held.with_columns(pl.col("from_at").fill_null(frame["at"].min()))
        rows = frame.select("device_id", "at").with_row_index("_row").sort("at")
        found = rows.join_asof(
            held.sort("from_at"),
            left_on="at",
            right_on="from_at",
            by="device_id",
            check_sortedness=False,
        ).sort("_row")
        holds = pl.col("to_at").is_null() | (pl.col("at") < pl.col("to_at"))
        holder = found.select(pl.when(holds).then("person_id"))["person_id"]
        return holder if named is None else named.zip_with(named.is_not_null(), holder)
