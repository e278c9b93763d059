"""K01: a manned site of which nothing is heard for an hour.

Suspected after fifteen minutes where one person is alone or the risk is high: all its devices
should have sent three heartbeats by then.
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
from vigia.domain.watch.moments import MINUTE_US, Bools, Floats, Grid, Ints
from vigia.domain.watch.signs import STRAGGLER_US

HEARTBEAT_MIN = 5
_SHARED = (("region", "network_operator"), ("region", "power_feeder"))


@dataclass(frozen=True, slots=True)
class SilentSitePolicy:
    """Numbers of K01.

    Attributes:
        window_min: Silence that confirms.
        suspect_min: Silence that is suspected where it is dangerous.
        beats: Heartbeats that should have come in that time, by what came before it.
        risk_tier: From which risk a site counts as dangerous.
        heard_min: How long it must be heard of again to be clear.
        voice_min: Somebody who was spoken to so recently was well then.
        empty_pct: At this charge and below a phone dies by itself.
        together_min: Sites that fall silent within so long fall silent together.
        together: So many sites of an operator or a feeder are an outage, not each a silent site.
    """

    window_min: float = 60
    suspect_min: float = 15
    beats: float = 3
    risk_tier: float = 4
    heard_min: float = 10
    voice_min: float = 120
    empty_pct: float = 5
    together_min: float = 10
    together: float = 3


@dataclass(frozen=True)
class _Silence:
    """Silence of sites, by site and instant."""

    known: Known
    policy: SilentSitePolicy

    @cached_property
    def since_us(self) -> Ints:
        """The newest sign of each site."""
        return self.known.signs.newest("site")

    @cached_property
    def minutes(self) -> Floats:
        """Minutes without one."""
        return self.known.moments.minutes_since(self.since_us)

    @cached_property
    def is_guarded(self) -> Bools:
        """Active sites that need somebody now: others may be silent."""
        needed = self.known.presence.required_by_site > 0
        found: Bools = needed & self.known.things.is_active[:, None]
        return found

    @cached_property
    def is_heard(self) -> Bools:
        """Sites that were heard of just now."""
        found: Bools = self.minutes < self.policy.heard_min
        return found

    def on_for(self, minutes: float) -> Grid:
        """People on duty for so long and longer."""
        return self.known.presence.on_for(round(minutes * MINUTE_US))

    @cached_property
    def is_beating(self) -> Bools:
        """Sites whose phones sent heartbeats so often before that more should have come."""
        policy, rows = self.policy, self.known.facts["device_heartbeat"]
        ago_us = round(policy.suspect_min * MINUTE_US)
        hour = self.known.moments.count(
            len(self.known.things.site_ids),
            self.known.things.sites(rows["site_id"]),
            rows["at"].to_physical().to_numpy() + ago_us,
            rows["received_at"].to_physical().to_numpy() + ago_us,
            60 * MINUTE_US,
        )
        due = policy.beats * HEARTBEAT_MIN / policy.suspect_min
        # As many as one phone sends, but for a third that may be lost.
        found: Bools = 3 * hour >= 2 * due * 60 / HEARTBEAT_MIN
        return found

    @cached_property
    def was_spoken_to(self) -> Bools:
        """Sites with whose people somebody spoke."""
        calls = self.known.facts["contact_log"].filter(pl.col("outcome") == "reached")
        window_us = round(self.policy.voice_min * MINUTE_US)
        at, received = (calls[c].to_physical().to_numpy() for c in ("at", "received_at"))
        things, moments = self.known.things, self.known.moments
        sites, people = len(things.site_ids), len(things.person_ids)
        of_site = moments.count(sites, things.sites(calls["site_id"]), at, received, window_us) > 0
        spoken = moments.count(people, things.people(calls["person_id"]), at, received, window_us)
        where = self.known.presence.site_of_person
        person, place = np.nonzero((spoken > 0) & (where >= 0))
        of_site[where[person, place], place] = True
        return of_site

    @cached_property
    def is_drained(self) -> Bools:
        """Sites of two people and more whose phones were all empty when they were last heard."""
        phones, count = self.known.phones, len(self.known.things.site_ids)
        charge = phones.told("device_heartbeat", pl.col("battery_pct").floor())
        at_work = (phones.site >= 0) & self.known.signs.is_phone[:, None]
        total, empty = (np.zeros((count, len(self.known.moments)), np.int64) for _ in range(2))
        low = (charge >= 0) & (charge <= self.policy.empty_pct)
        for found, where in ((total, at_work), (empty, at_work & low)):
            number, place = np.nonzero(where)
            np.add.at(found, (phones.site[number, place], place), 1)
        drained: Bools = (empty == total) & (empty >= 2) & (self.known.presence.site_count >= 2)
        return drained

    @cached_property
    def is_shared(self) -> Bools:
        """Sites that fell silent together with others of their operator or feeder."""
        site = self.known.things.site.with_row_index("row")
        silent = self.minutes >= self.policy.suspect_min
        found = np.zeros_like(silent)
        for key in _SHARED:
            for part in site.drop_nulls(list(key)).partition_by(key, maintain_order=True):
                rows = part["row"].cast(pl.Int64).to_numpy()
                if len(rows) >= self.policy.together:
                    found[rows] |= self._together(rows, silent[rows])
        return found

    def _together(self, rows: Ints, silent: Bools) -> Bools:
        since, near_us = self.since_us[rows], round(self.policy.together_min * MINUTE_US)
        counts = [
            (silent & (np.abs(since - since[number]) <= near_us)).sum(axis=0)
            for number in range(len(rows))
        ]
        found: Bools = silent & (np.stack(counts) >= self.policy.together)
        return found


def judge(known: Known, policy: SilentSitePolicy) -> Iterator[Verdict]:
    """Silence of sites, confirmed and suspected."""
    silence = _Silence(known, policy)
    yield _confirmed(known, policy, silence)
    yield _suspected(known, policy, silence)


def _confirmed(known: Known, policy: SilentSitePolicy, silence: _Silence) -> Verdict:
    ids = known.things.site_ids
    legs = (
        Leg("minutes without a sign", silence.minutes, policy.window_min),
        Leg("people on duty for the whole window", silence.on_for(policy.window_min), 1),
    )
    explained = silence.was_spoken_to | silence.is_drained
    alone = ranks(Severity.CRITICAL.rank, (-1, explained))
    return Verdict(
        "CORRELATION_SILENT_SITE",
        ScopeKind.SITE,
        scopes(ids, site_id=ids),
        legs[0].holds & legs[1].holds & silence.is_guarded,
        np.where(silence.is_shared, Severity.MEDIUM.rank, alone),
        timedelta(minutes=policy.window_min),
        cleared=silence.is_heard,
        hold=timedelta(minutes=policy.heard_min),
        legs=legs,
        figures={
            "somebody was spoken to": silence.was_spoken_to,
            "all phones were empty": silence.is_drained,
            "others fell silent with it": silence.is_shared,
        },
        late=_late_signs(known),
    )


def _suspected(known: Known, policy: SilentSitePolicy, silence: _Silence) -> Verdict:
    ids, few = known.things.site_ids, silence.on_for(policy.suspect_min)
    dangerous = (known.things.risk[:, None] >= policy.risk_tier) | (few == 1)
    grown = silence.minutes >= policy.window_min
    silent = (silence.minutes >= policy.suspect_min) & ~grown
    return Verdict(
        "SILENT_SITE_SUSPECT",
        ScopeKind.SITE,
        scopes(ids, site_id=ids),
        silent & (few >= 1) & dangerous & silence.is_beating & silence.is_guarded,
        np.full(silent.shape, Severity.HIGH.rank),
        timedelta(minutes=policy.suspect_min),
        cleared=silence.is_heard | grown,
        legs=(
            Leg("minutes without a sign", silence.minutes, policy.suspect_min),
            Leg("people on duty", few, 1),
        ),
        late=_late_signs(known),
    )


def _late_signs(known: Known) -> pl.DataFrame:
    """Signs that came too late to keep a site from being called silent."""
    signs = known.signs.table
    late = signs.filter(pl.col("received_us") - pl.col("at_us") > STRAGGLER_US, pl.col("site") >= 0)
    return late.select(pl.col("site").alias("row"), "at_us", "received_us")


PATTERN = Pattern(
    code="K01",
    name="Silent site",
    kinds=("CORRELATION_SILENT_SITE", "SILENT_SITE_SUSPECT"),
    signals=("phone", "position", "work", "welfare", "doors and plant"),
    look_back=timedelta(hours=3),
    precondition="the site is active and needs somebody, who is on duty for the whole window",
    evidence=("last_signals", "roster", "operator_state", "contact_log", "battery", "network"),
    severity="CRITICAL; one less after a call or with empty phones; MEDIUM in an outage",
    clears="anything is heard of it for two slots",
    traps=("nobody rostered", "closed site", "the last guard has left", "one outage of many sites"),
    policy=SilentSitePolicy(),
    judge=judge,
)
