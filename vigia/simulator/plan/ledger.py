"""Who has been given what already, so that planned things do not spoil each other.

Belongs here: choosing among candidates. A duty is used once, a device by one thing at a
time; what a thing needs of its site is its claim.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import polars as pl

from vigia.simulator.plan.kinds import Claim, Kind
from vigia.simulator.plan.scene import MINUTE_US, NONE, Scene

REST_US = 45 * MINUTE_US
"""Between two things at one site: an observer must be able to tell them apart."""
_BOOKED = ("site", "duty", "partner", "device", "from_us", "to_us")


class Booking(NamedTuple):
    """One thing that happens at a site."""

    duties: frozenset[int]
    device: int
    from_us: int
    to_us: int
    claim: Claim

    def is_near(self, other: Booking) -> bool:
        """Whether the two overlap, or nearly."""
        return self.from_us < other.to_us + REST_US and other.from_us < self.to_us + REST_US

    def shares_device(self, other: Booking) -> bool:
        """Whether both need the same device."""
        return self.device == other.device != NONE

    def disturbs(self, other: Booking, *, may_overlap: bool) -> bool:
        """Whether the two cannot be at one site at one time."""
        claims = {self.claim, other.claim}
        if Claim.DEVICE in claims:
            return False
        if Claim.ALONE in claims:
            return True
        if Claim.BACKGROUND in claims:
            return self.claim == other.claim
        of_site = not self.duties or not other.duties
        if Claim.DUTY in claims:
            return of_site
        return not may_overlap or (not self.duties and not other.duties)


@dataclass
class Ledger:
    """Everything that is planned so far, by site.

    Attributes:
        scene: Where it is planned.
        count: How many numbers have been given out.
    """

    scene: Scene
    _sites: dict[int, list[Booking]] = field(default_factory=lambda: defaultdict(list))
    _duties: set[int] = field(default_factory=set)
    count: int = 0

    def take(
        self, kind: Kind, offered: pl.DataFrame, wanted: int, *, overlapping: bool = False
    ) -> pl.DataFrame:
        """Choose at random among candidates, as many as wanted and possible, and book them.

        Args:
            kind: What for.
            offered: Candidates (`CANDIDATE`).
            wanted: How many.
            overlapping: Choose only those that overlap something else at their site.

        Returns:
            The chosen candidates, with their numbers (`episode`).
        """
        if wanted <= 0 or offered.is_empty():
            return offered.clear().with_columns(episode=pl.lit(0, dtype=pl.Int64))
        offered = self._shuffled(kind, offered)
        picked: list[int] = []
        for at, row in enumerate(offered.select(_BOOKED).iter_rows()):
            if len(picked) == wanted:
                break
            booking = _booking(row, kind.claim)
            if self._fits(row[0], booking, overlapping=overlapping):
                self._book(row[0], booking)
                picked.append(at)
        return offered[picked].with_columns(episode=self._numbers(len(picked)))

    def take_group(self, kind: Kind, group: pl.DataFrame) -> pl.DataFrame | None:
        """Book all candidates of a group as one thing, or none where one of them does not fit."""
        new = [(row[0], _booking(row, kind.claim)) for row in group.select(_BOOKED).iter_rows()]
        if not all(self._fits(site, booking, overlapping=False) for site, booking in new):
            return None
        for site, booking in new:
            self._book(site, booking)
        return group.with_columns(episode=pl.lit(self._numbers(1)[0], dtype=pl.Int64))

    def number(self, found: pl.DataFrame) -> pl.DataFrame:
        """Give numbers to what happens by itself and needs nothing."""
        return found.with_columns(episode=self._numbers(found.height))

    def block(self, spans: Iterable[tuple[int, int, int]]) -> None:
        """Keep planned things away from what happens by itself: site, start, end."""
        for site, from_us, to_us in spans:
            booking = Booking(frozenset(), NONE, from_us, to_us, Claim.ALONE)
            self._sites[site].append(booking)

    def _book(self, site: int, booking: Booking) -> None:
        self._sites[site].append(booking)
        self._duties |= booking.duties

    def _fits(self, site: int, new: Booking, *, overlapping: bool) -> bool:
        if not self._duties.isdisjoint(new.duties):
            return False
        near = [b for b in self._sites[site] if b.is_near(new)]
        if any(b.shares_device(new) or b.disturbs(new, may_overlap=overlapping) for b in near):
            return False
        met = any(
            b.claim == Claim.SITE and b.from_us < new.to_us and new.from_us < b.to_us for b in near
        )
        return met or not overlapping

    def _shuffled(self, kind: Kind, offered: pl.DataFrame) -> pl.DataFrame:
        stream = self.scene.stream(f"choice.{kind.name}")
        names = (offered[n].to_numpy() for n in ("site", "duty", "from_us"))
        return offered[np.argsort(stream.bits(*names), kind="stable")]

    def _numbers(self, count: int) -> pl.Series:
        first = self.count
        self.count += count
        return pl.Series("episode", range(first, first + count), dtype=pl.Int64)


def _booking(row: tuple[int, ...], claim: Claim) -> Booking:
    _, duty, partner, device, from_us, to_us = row
    return Booking(frozenset({duty, partner} - {NONE}), device, from_us, to_us, claim)
