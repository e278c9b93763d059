"""Phones in use: who carries each, where they work, and whether it has sent everything.

A phone is whose it was by the newest event that names somebody, else whose the registry says.
What it has sent is told by its heartbeats, which say how much still waits, and by the numbers that
it gives to its events: a number that is left out is an event that has not arrived.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from vigia.domain.watch.facts import Facts
from vigia.domain.watch.moments import LONG_AGO_US, NEVER_US, Bools, Ints, Moments
from vigia.domain.watch.presence import Presence
from vigia.domain.watch.signs import Signs
from vigia.domain.watch.things import Things

_NUMBERED = ("gps_fix", "device_heartbeat", "phone_event")


@dataclass(frozen=True)
class Phones:
    """Devices as rows of matrices, with what is known of those who carry them.

    Attributes:
        facts: What arrived.
        things: What exists.
        presence: Who is on duty.
        signs: Signs of life.
        moments: When it is looked at.
    """

    facts: Facts
    things: Things
    presence: Presence
    signs: Signs
    moments: Moments

    @cached_property
    def holder(self) -> Ints:
        """Row of the person who carries each device; -1 where none is known."""
        used = self.signs.holder_of_device
        return np.where(used >= 0, used, self._registered)

    @cached_property
    def _registered(self) -> Ints:
        """Row of the person whose each device is by the registry; -1."""
        held = self.things.holders.filter(pl.col("person_id").is_not_null())
        given = held.select("device_id", "person_id", at=pl.col("from_at").to_physical())
        given = given.with_columns(pl.col("at").fill_null(LONG_AGO_US))
        back = held.filter(pl.col("to_at").is_not_null()).select(
            "device_id",
            pl.lit(None, pl.String).alias("person_id"),
            at=pl.col("to_at").to_physical(),
        )
        both = pl.concat([back, given])
        at = both["at"].to_numpy()
        return self.moments.known(
            len(self.things.device_ids),
            self.things.devices(both["device_id"]),
            at,
            at,
            self.things.people(both["person_id"]),
        )

    def of_holder(self, by_person: npt.NDArray[Any], none: int) -> npt.NDArray[Any]:
        """What is known of people, by the device that each carries; `none` where nobody does."""
        # One more at the end, which is where -1 looks.
        nobody = np.full((1, len(self.moments)), none, by_person.dtype)
        known = np.concatenate([by_person, nobody])
        return known[self.holder, np.arange(len(self.moments))]

    @cached_property
    def _stays(self) -> pl.DataFrame:
        """Times at work: what was planned and not clocked in for as well, if a phone is heard."""
        return pl.concat([self.presence.unclocked, self.presence.stays])

    def _of_stay(self, value: Ints, none: int) -> Ints:
        found: Ints = self.of_holder(self.presence.by_person(self._stays, value, none), none)
        return found

    @cached_property
    def begun_us(self) -> Ints:
        """When the holder clocked in, or was to; `NEVER_US` where they are not at work."""
        return self._of_stay(self._stays["in_us"].to_numpy(), NEVER_US)

    @cached_property
    def ends_us(self) -> Ints:
        """When the holder's work is planned to end; `NEVER_US` where unknown."""
        return self._of_stay(self._stays["ends_us"].to_numpy(), NEVER_US)

    @cached_property
    def site(self) -> Ints:
        """Row of the site at which the holder is at work; -1."""
        return self._of_stay(self.things.sites(self._stays["site_id"]), -1)

    @cached_property
    def post(self) -> Ints:
        """Row of the post that the holder mans; -1."""
        return self._of_stay(self.things.posts(self._stays["post_id"]), -1)

    def at_post(self, by_post: Bools) -> Bools:
        """A yes or no of the post that the holder mans; where none is known, all of the site's."""
        things = self.things
        of_site = np.ones(len(things.site_ids), np.bool_)
        np.logical_and.at(of_site, things.site_of_post, by_post)
        # One more at the end, which is where -1 looks.
        known: Bools = np.append(by_post, False)[self.post]
        return np.where(self.post >= 0, known, self.at_site(of_site))

    def at_site(self, by_site: Bools) -> Bools:
        """A yes or no of the site at which the holder is; no where they are at none."""
        found: Bools = np.append(by_site, False)[self.site]
        return found

    @cached_property
    def is_watched(self) -> Bools:
        """Phones of people at work at an active site, until their duty is to end.

        A change of shift confuses who is where, not whether a phone works. But whoever stays
        longer than planned may have left: a clock-out often comes late.
        """
        at_work = self.at_site(self.things.is_active) & (self.moments.at_us < self.ends_us)
        found: Bools = at_work & self.signs.is_phone[:, None]
        return found

    @cached_property
    def is_expected(self) -> Bools:
        """Phones that are to send positions: of people at such a post, without a tracker."""
        site: Bools = self.things.site["gps_expectation"].fill_null("good").ne("none").to_numpy()
        post = self.things.post_is("gps_expected", missing=True)
        return self.at_post(post) & self.at_site(site) & (self._tracked_us < self.begun_us)

    @cached_property
    def _tracked_us(self) -> Ints:
        """The newest position, of any quality, of a tracker that the holder carries besides."""
        trackers = self.things.device.filter(pl.col("kind") == "tracker")["device_id"]
        rows = self.facts["gps_fix"].filter(pl.col("device_id").is_in(trackers.implode()))
        newest = self.moments.newest(
            len(self.things.person_ids),
            self.things.people(rows["person_id"]),
            rows["at"].to_physical().to_numpy(),
            rows["received_at"].to_physical().to_numpy(),
        )
        found: Ints = self.of_holder(newest, LONG_AGO_US)
        return found

    def since_us(self, hole_us: int, *families: int) -> Ints:
        """Since when signs of some families come without a hole; `NEVER_US` where none came.

        Args:
            hole_us: So long without one, and they begin anew with the next.
            families: Which; only those that come in time.
        """
        rows = self.signs.fresh(*families).filter(pl.col("device") >= 0)
        rows = rows.sort("device", "received_us")
        at = pl.col("received_us")
        begins = (at - at.shift(1) >= hole_us).fill_null(value=True)
        rows = rows.with_columns(
            since=pl.when(begins).then(at).forward_fill().over("device"),
        )
        arrived = rows["received_us"].to_numpy()
        return self.moments.known(
            len(self.things.device_ids),
            rows["device"].to_numpy(),
            arrived,
            arrived,
            rows["since"].to_numpy(),
            NEVER_US,
        )

    @cached_property
    def drained_us(self) -> Ints:
        """The newest heartbeat with which nothing waited any more; `LONG_AGO_US` for none."""
        beats = self.facts["device_heartbeat"].filter(pl.col("queue_depth") == 0)
        return self.moments.newest(
            len(self.things.device_ids),
            self.things.devices(beats["device_id"]),
            beats["at"].to_physical().to_numpy(),
            beats["received_at"].to_physical().to_numpy(),
        )

    def missing(self, window_us: int) -> Ints:
        """Numbers that each device left out within a window: events that have not arrived.

        Negative where they cannot be told, because the device began to count anew.
        """
        rows = self._numbered
        device, at, received = (rows[c].to_numpy() for c in ("device", "at_us", "received_us"))
        count = len(self.things.device_ids)
        now = self.moments.known(count, device, at, received, rows["seq"].to_numpy(), none=0)
        # As it stood a window ago: events count as late as if they had come so much later.
        then = self.moments.known(
            count, device, at + window_us, received + window_us, rows["seq"].to_numpy(), none=0
        )
        boot, before = (
            self.moments.known(count, device, at + shift, received + shift, rows["boot"].to_numpy())
            for shift in (0, window_us)
        )
        arrived = self.moments.count(count, device, at, received, window_us)
        found: Ints = np.where(boot == before, now - then, now) - arrived.astype(np.int64)
        return found

    @cached_property
    def _numbered(self) -> pl.DataFrame:
        """Events with a number: `device`, `at_us`, `received_us`, `boot`, `seq`."""
        rows = pl.concat(
            [
                self.facts[name].select("device_id", "at", "received_at", "boot_id", "seq")
                for name in _NUMBERED
            ]
        ).drop_nulls(["device_id", "seq"])
        boots = rows["boot_id"].fill_null("").rank("dense").cast(pl.Int64)
        return rows.select(
            pl.Series("device", self.things.devices(rows["device_id"]), pl.Int64),
            pl.col("at").to_physical().alias("at_us"),
            pl.col("received_at").to_physical().alias("received_us"),
            boots.alias("boot"),
            "seq",
        )

    def told(self, table: str, value: pl.Expr, none: int = -1) -> Ints:
        """What the newest row of a table says of each device.

        Args:
            table: A table with `device_id`.
            value: A whole number or a truth; rows without it are passed over.
            none: Where nothing was said.
        """
        rows = self.facts[table].with_columns(_value=value.cast(pl.Int64)).drop_nulls("_value")
        return self.moments.known(
            len(self.things.device_ids),
            self.things.devices(rows["device_id"]),
            rows["at"].to_physical().to_numpy(),
            rows["received_at"].to_physical().to_numpy(),
            rows["_value"].to_numpy(),
            none,
        )

    @cached_property
    def cohorts(self) -> Ints:
        """Number of the cohort of each device: those of the same system and app version; -1."""
        device = self.things.device
        both = pl.struct("platform", "os_version", "app_version").rank("dense").cast(pl.Int64)
        known = pl.col("app_version").is_not_null()
        found: Ints = (
            device.select(pl.when(known).then(both - 1).otherwise(-1)).to_series().to_numpy()
        )
        return found
