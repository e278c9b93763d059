"""K05: a phone that lives, and of which no usable position came for an hour.

Positions that somebody's tracker sends count as theirs. Half of a site's phones at once are no
broken phones but somebody who jams; the phones of one new version are one fault, told once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

import numpy as np
import polars as pl

from vigia.domain.findings.pattern import Leg, Pattern, Verdict, ranks, scopes
from vigia.domain.findings.types import ScopeKind, Severity
from vigia.domain.watch.known import Known
from vigia.domain.watch.moments import LONG_AGO_US, MINUTE_US, NEVER_US, Bools, Floats, Ints
from vigia.domain.watch.signs import STRAGGLER_US, G, P, W

SUBTYPES = ("no_position", "permission_denied", "switched_off", "power_save", "indoor", "cohort")
"""What is behind it, as far as the phone says so; the later the word, the more it explains."""


@dataclass(frozen=True, slots=True)
class GpsFailurePolicy:
    """Numbers of K05.

    Attributes:
        window_min: So long without a usable position.
        phone_events: So many phone events within it show that the phone lives.
        deaf_min: So long without any, and the time without positions counts anew.
        behind_min: A phone may not have sent everything when no heartbeat said so for so long; two
            of them may be lost.
        wait_min: So much longer it is waited then.
        heard_min: A position so recent is one that came again.
        hold_min: How long it must have come again to be clear: one is enough, where none is fault.
        together_min: Phones of a site that lose their positions within so long lose them at once.
        jammed_pct: Share of a site's phones that lose them at once where somebody jams.
        jammed_least: Fewest phones of which that can be said.
        cohort_pct: Share of the phones of one version that are one fault.
        cohort_least: Fewest phones of which that can be said.
        others_pct: Of the phones of other versions, no more than this share may be as silent.
    """

    window_min: float = 60
    phone_events: float = 5
    deaf_min: float = 35
    behind_min: float = 15
    wait_min: float = 10
    heard_min: float = 10
    hold_min: float = 5
    together_min: float = 10
    jammed_pct: float = 50
    jammed_least: float = 2
    cohort_pct: float = 50
    cohort_least: float = 3
    others_pct: float = 20


@dataclass(frozen=True)
class _Loss:
    """Phones without positions, by device and instant."""

    known: Known
    policy: GpsFailurePolicy

    @cached_property
    def usable_us(self) -> Ints:
        """The newest usable position of each phone, or of whoever carries it."""
        signs, phones = self.known.signs, self.known.phones
        own = signs.newest("device", G, fresh=False)
        theirs = phones.of_holder(signs.newest("person", G, fresh=False), LONG_AGO_US)
        found: Ints = np.maximum(own, theirs)
        return found

    @cached_property
    def quiet_min(self) -> Floats:
        """Minutes on duty without one, while the phone was heard of."""
        phones = self.known.phones
        heard = phones.since_us(round(self.policy.deaf_min * MINUTE_US), *P)
        since = np.maximum(np.maximum(self.usable_us, phones.begun_us), heard)
        return self.known.moments.minutes_since(since)

    @cached_property
    def phone_events(self) -> Ints:
        """Phone events of the window that came in time."""
        window_us = round(self.policy.window_min * MINUTE_US)
        found = self.known.signs.count("device", window_us, *P, fresh=True)
        return found.astype(np.int64)

    @cached_property
    def could_tell(self) -> Bools:
        """Phones that live, at work where positions are to be expected, and make none up."""
        phones = self.known.phones
        lives = self.phone_events >= self.policy.phone_events
        found: Bools = lives & phones.is_watched & phones.is_expected & ~self._makes_up
        return found

    @cached_property
    def _makes_up(self) -> Bools:
        """Phones that sent a made-up position within the window: that is fraud, and no failure."""
        moments, devices = self.known.moments, self.known.things
        rows = self.known.signs.fixes.filter("made_up")
        count = moments.count(
            len(devices.device_ids),
            devices.devices(rows["device_id"]),
            rows["at"].to_physical().to_numpy(),
            rows["received_at"].to_physical().to_numpy(),
            round(self.policy.window_min * MINUTE_US),
        )
        found: Bools = count > 0
        return found

    @cached_property
    def is_behind(self) -> Bools:
        """Phones that may not have sent everything."""
        waits = self.known.moments.minutes_since(self.known.phones.drained_us)
        found: Bools = waits > self.policy.behind_min
        return found

    @cached_property
    def is_lost(self) -> Bools:
        """Phones of which a position is missing for as long as it takes."""
        late = self.quiet_min >= self.policy.window_min + self.policy.wait_min
        enough = (self.quiet_min >= self.policy.window_min) & (late | ~self.is_behind)
        found: Bools = self.could_tell & enough
        return found

    @cached_property
    def is_indoor(self) -> Bools:
        """Phones at a post under a roof."""
        return self.known.phones.at_post(self.known.things.is_indoor)

    @cached_property
    def has_lost(self) -> Bools:
        """Phones under the sky that had positions on this duty and have none any more."""
        lost = self.could_tell & ~self.is_indoor & (self.quiet_min >= self.policy.window_min)
        # Who came without one has not lost it.
        found: Bools = lost & (self.usable_us > self.known.phones.begun_us)
        return found

    def by_site(self, where: Bools) -> Ints:
        """How many phones of each site are meant."""
        site = self.known.phones.site
        total = np.zeros((len(self.known.things.site_ids), where.shape[1]), np.int64)
        rows, columns = np.nonzero(where & (site >= 0))
        np.add.at(total, (site[rows, columns], columns), 1)
        return total

    @cached_property
    def is_jammed(self) -> Bools:
        """Sites of which half of the phones lost their positions within minutes."""
        of, gone = self.by_site(self.could_tell & ~self.is_indoor), self.by_site(self.has_lost)
        first, last = _span_by_site(len(of), self.known.phones.site, self.usable_us, self.has_lost)
        together = last - first <= self.policy.together_min * MINUTE_US
        share = gone >= of * self.policy.jammed_pct / 100
        found: Bools = (gone >= self.policy.jammed_least) & share & together
        return found

    @cached_property
    def is_told(self) -> tuple[Bools, Bools]:
        """Phones that are part of a cohort's fault, and of them those that another one stands for."""
        policy, cohort = self.policy, self.known.phones.cohorts
        asked = self.could_tell & ~self.is_indoor
        # Those who are soon to be missed count already: the first one must stand for them all.
        lost = asked & (self.quiet_min >= 0.75 * policy.window_min)
        part = np.zeros_like(lost)
        stood_for = np.zeros_like(lost)
        for number in range(int(cohort.max(initial=-1)) + 1):
            mine = cohort == number
            gone, of = lost[mine].sum(axis=0), asked[mine].sum(axis=0)
            others, all_others = lost[~mine].sum(axis=0), asked[~mine].sum(axis=0)
            is_one = (
                (gone >= policy.cohort_least)
                & (gone >= of * policy.cohort_pct / 100)
                & (others <= all_others * policy.others_pct / 100)
            )
            if not is_one.any():
                continue
            quiet = np.where(lost[mine], self.quiet_min[mine], -np.inf)
            stands = np.arange(mine.sum())[:, None] == quiet.argmax(axis=0)
            part[mine] = lost[mine] & is_one
            stood_for[mine] = lost[mine] & is_one & ~stands
        return part, stood_for


def _span_by_site(count: int, site: Ints, us: Ints, where: Bools) -> tuple[Ints, Ints]:
    """The first and the last of the times of each site's phones that are meant."""
    rows, columns = np.nonzero(where & (site >= 0))
    place = (site[rows, columns], columns)
    first = np.full((count, where.shape[1]), NEVER_US, np.int64)
    last = np.full((count, where.shape[1]), LONG_AGO_US, np.int64)
    np.minimum.at(first, place, us[rows, columns])
    np.maximum.at(last, place, us[rows, columns])
    return first, last


def judge(known: Known, policy: GpsFailurePolicy) -> Iterator[Verdict]:
    """Phones without positions, and sites where that is somebody's doing."""
    loss = _Loss(known, policy)
    yield _jamming(known, policy, loss)
    yield _failures(known, policy, loss)


def _failures(known: Known, policy: GpsFailurePolicy, loss: _Loss) -> Verdict:
    things, phones = known.things, known.phones
    _, stood_for = loss.is_told
    jammed = np.append(loss.is_jammed, np.zeros((1, len(known.moments)), np.bool_), axis=0)
    is_jammed = jammed[phones.site, np.arange(len(known.moments))]
    scans = phones.of_holder(
        known.signs.count("person", round(policy.window_min * MINUTE_US), W), 0
    )
    heard = known.moments.minutes_since(loss.usable_us) < policy.heard_min
    return Verdict(
        "CORRELATION_DEVICE_GPS_FAILURE",
        ScopeKind.DEVICE,
        _device_scopes(known),
        loss.is_lost & ~stood_for & ~is_jammed,
        _severity(known, loss, scans),
        timedelta(minutes=policy.window_min),
        cleared=heard | (phones.site < 0),
        hold=timedelta(minutes=policy.hold_min),
        legs=(
            Leg("minutes on duty without a usable position", loss.quiet_min, policy.window_min),
            Leg("phone events in the window", loss.phone_events, policy.phone_events),
        ),
        figures={"scans in the window": scans},
        site=phones.site,
        site_ids=things.site_ids,
        subtype=_subtype(known, loss),
        subtypes=SUBTYPES,
        late=_late_positions(known),
        provisional=loss.is_behind,
    )


def _device_scopes(known: Known) -> pl.DataFrame:
    ids = known.things.device_ids
    return scopes(ids, device_id=ids)


def _severity(known: Known, loss: _Loss, scans: Ints) -> Ints:
    lone = known.phones.at_post(known.things.post_is("lone"))
    outdoors = ranks(Severity.HIGH.rank, (-1, scans > 0), (1, lone))
    return np.where(loss.is_indoor, Severity.LOW.rank, outdoors)


def _subtype(known: Known, loss: _Loss) -> Ints:
    """The last of the words that apply."""
    phones, beat = known.phones, "device_heartbeat"
    part, _ = loss.is_told
    applies = (
        phones.told(beat, pl.col("location_permission") == "denied") == 1,
        phones.told(beat, pl.col("gps_enabled")) == 0,
        phones.told(beat, pl.col("power_save")) == 1,
        loss.is_indoor,
        part,
    )
    word = np.zeros(loss.is_lost.shape, np.int64)
    for number, where in enumerate(applies, start=1):
        word[where] = number
    return word


def _late_positions(known: Known) -> pl.DataFrame:
    """Usable positions that came too late to keep a phone from being called lost."""
    signs = known.signs.table
    late = signs.filter(
        pl.col("family") == G,
        pl.col("device") >= 0,
        pl.col("received_us") - pl.col("at_us") > STRAGGLER_US,
    )
    return late.select(pl.col("device").alias("row"), "at_us", "received_us")


def _jamming(known: Known, policy: GpsFailurePolicy, loss: _Loss) -> Verdict:
    ids = known.things.site_ids
    asked = loss.by_site(loss.could_tell & ~loss.is_indoor)
    heard = loss.could_tell & (known.moments.minutes_since(loss.usable_us) < policy.heard_min)
    again = loss.by_site(heard & ~loss.is_indoor)
    return Verdict(
        "GPS_JAMMING_SUSPECT",
        ScopeKind.SITE,
        scopes(ids, site_id=ids),
        loss.is_jammed & known.things.is_active[:, None],
        np.full(loss.is_jammed.shape, Severity.HIGH.rank),
        timedelta(minutes=policy.window_min),
        cleared=(2 * again >= asked) | (asked == 0),
        hold=timedelta(minutes=policy.hold_min),
        legs=(
            Leg(
                "phones that lost their position", loss.by_site(loss.has_lost), policy.jammed_least
            ),
        ),
        figures={"phones on duty": asked, "phones with positions": again},
    )


PATTERN = Pattern(
    code="K05",
    name="Device GPS failure",
    kinds=("CORRELATION_DEVICE_GPS_FAILURE", "GPS_JAMMING_SUSPECT"),
    signals=("phone", "position", "work"),
    look_back=timedelta(hours=2),
    precondition="the phone is with somebody on duty at a post where positions are expected",
    evidence=("permissions", "device_state", "power_save", "versions", "cohort", "last_fix"),
    severity="HIGH; one less where scans prove presence, one more for a lone worker, LOW indoors",
    clears="a usable position comes again for two slots, or the duty ends",
    traps=("indoor post", "tracker and phone", "new app version", "jamming", "refused permission"),
    policy=GpsFailurePolicy(),
    judge=judge,
)
