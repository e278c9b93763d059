"""K06: positions go on, and for an hour the phone sends nothing else, not even heartbeats.

Positions that were stored and come in one go do not show that anything lives now. Where the app
sends no heartbeats at all, a quiet hour is only a quiet hour: that is seen on the phone itself,
which goes on with other events, or on the others of its version.
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
from vigia.domain.watch.moments import MINUTE_US, Bools, Floats, Ints
from vigia.domain.watch.signs import STRAGGLER_US, G, H, P, W


@dataclass(frozen=True, slots=True)
class PhoneFailurePolicy:
    """Numbers of K06.

    Attributes:
        window_min: So long without a phone event of any kind.
        positions: So many usable positions within it show that the device lives.
        located_min: The last of them must not be older.
        deaf_min: So long without any, and the time without phone events counts anew.
        wait_min: So much longer it is waited where the phone may not have sent everything.
        heard_min: A phone event so recent is one that came again.
        hold_min: How long it must have come again to be clear.
        beats_min: Heartbeats that are missing for so long while other events come are switched off.
        cohort_least: So many phones of a version at once without any show that it sends none.
        missing_least: So many numbers left out may be heartbeats that are on their way.
    """

    window_min: float = 60
    positions: float = 5
    located_min: float = 15
    deaf_min: float = 35
    wait_min: float = 10
    heard_min: float = 10
    hold_min: float = 5
    beats_min: float = 20
    cohort_least: float = 2
    missing_least: float = 4


@dataclass(frozen=True)
class _Mute:
    """Phones that send positions alone, by device and instant."""

    known: Known
    policy: PhoneFailurePolicy

    @cached_property
    def window_us(self) -> int:
        """How far back."""
        return round(self.policy.window_min * MINUTE_US)

    @cached_property
    def heard_us(self) -> Ints:
        """The newest phone event, however late it came."""
        return self.known.signs.newest("device", *P, fresh=False)

    @cached_property
    def quiet_min(self) -> Floats:
        """Minutes at work without one, while positions came."""
        phones = self.known.phones
        located = phones.since_us(round(self.policy.deaf_min * MINUTE_US), G)
        since = np.maximum(np.maximum(self.heard_us, phones.begun_us), located)
        return self.known.moments.minutes_since(since)

    @cached_property
    def positions(self) -> Ints:
        """Usable positions of the window that came in time."""
        found = self.known.signs.count("device", self.window_us, G, fresh=True)
        return found.astype(np.int64)

    @cached_property
    def is_located(self) -> Bools:
        """Phones whose positions go on."""
        last_us = self.known.signs.newest("device", G)
        goes_on = self.known.moments.minutes_since(last_us) <= self.policy.located_min
        found: Bools = goes_on & (self.positions >= self.policy.positions)
        return found

    @cached_property
    def is_behind(self) -> Bools:
        """Phones of which so many numbers are missing that heartbeats may be on their way.

        A number or two is a position that comes late; an app that lives would miss a dozen.
        """
        missing = self.known.phones.missing(self.window_us)
        found: Bools = missing >= self.policy.missing_least
        return found

    @cached_property
    def is_mute(self) -> Bools:
        """Phones of which an event is missing for as long as it takes."""
        policy = self.policy
        late = self.quiet_min >= policy.window_min + policy.wait_min
        enough = (self.quiet_min >= policy.window_min) & (late | ~self.is_behind)
        watched = self.known.phones.is_watched & self.is_located
        found: Bools = enough & watched & ~self.is_beatless
        return found

    @cached_property
    def is_beatless(self) -> Bools:
        """Phones whose app sends no heartbeats: it sends others, or none of its version beats."""
        beat_us, policy = self._newest_beat_us, self.policy
        found: Bools = self.heard_us - beat_us >= policy.beats_min * MINUTE_US
        lives = self.known.phones.is_watched & self.is_located
        beats = self.known.moments.minutes_since(beat_us) < policy.beats_min
        cohort = self.known.phones.cohorts
        for number in range(int(cohort.max(initial=-1)) + 1):
            mine = cohort == number
            alive, beating = lives[mine], (lives & beats)[mine]
            # One that beats shows that its version can.
            found[mine] |= (alive.sum(axis=0) >= policy.cohort_least) & ~beating.any(axis=0)
        return found

    @cached_property
    def _newest_beat_us(self) -> Ints:
        rows = self.known.facts["device_heartbeat"]
        return self.known.moments.newest(
            len(self.known.things.device_ids),
            self.known.things.devices(rows["device_id"]),
            rows["at"].to_physical().to_numpy(),
            rows["received_at"].to_physical().to_numpy(),
        )

    @cached_property
    def other_signs(self) -> Ints:
        """Work and answers of whoever carries it within the window: another channel lives."""
        by_person = self.known.signs.count("person", self.window_us, W, H)
        found: Ints = self.known.phones.of_holder(by_person, 0)
        return found


def judge(known: Known, policy: PhoneFailurePolicy) -> Iterator[Verdict]:
    """Phones that send nothing but positions."""
    mute, ids = _Mute(known, policy), known.things.device_ids
    again = known.moments.minutes_since(mute.heard_us) < policy.heard_min
    yield Verdict(
        "CORRELATION_DEVICE_PHONE_FAILURE",
        ScopeKind.DEVICE,
        scopes(ids, device_id=ids),
        mute.is_mute,
        ranks(Severity.HIGH.rank, (-1, mute.other_signs > 0)),
        timedelta(minutes=policy.window_min),
        cleared=again | (known.phones.site < 0),
        hold=timedelta(minutes=policy.hold_min),
        legs=(
            Leg("minutes at work without a phone event", mute.quiet_min, policy.window_min),
            Leg("usable positions in the window", mute.positions, policy.positions),
        ),
        figures={"work and answers in the window": mute.other_signs},
        site=known.phones.site,
        site_ids=known.things.site_ids,
        late=_late_events(known),
        provisional=mute.is_behind,
    )


def _late_events(known: Known) -> pl.DataFrame:
    """Phone events that came too late to keep a phone from being called mute."""
    late = known.signs.table.filter(
        pl.col("family").is_in(list(P)),
        pl.col("device") >= 0,
        pl.col("received_us") - pl.col("at_us") > STRAGGLER_US,
    )
    return late.select(pl.col("device").alias("row"), "at_us", "received_us")


PATTERN = Pattern(
    code="K06",
    name="Device phone failure",
    kinds=("CORRELATION_DEVICE_PHONE_FAILURE",),
    signals=("position", "phone", "work", "welfare"),
    look_back=timedelta(hours=3),
    precondition="the phone is with somebody at work, and its app sends heartbeats",
    evidence=("heartbeats", "fixes", "versions", "cohort", "crash_log", "device_state"),
    severity="HIGH; one less where work or an answered call shows another channel alive",
    clears="a phone event comes again, or the work ends",
    traps=("separate tracker", "positions in bulk", "no heartbeats in this version", "wrong clock"),
    policy=PhoneFailurePolicy(),
    judge=judge,
)
