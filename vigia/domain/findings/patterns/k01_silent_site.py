"""K01: a manned site of which nothing is heard for an hour.

Suspected after fifteen minutes where one person is alone or the risk is high: all its devices
should have sent three heartbeats by then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from vigia.domain.findings.pattern import Leg, Pattern, Verdict, scopes
from vigia.domain.findings.types import ScopeKind, Severity
from vigia.domain.watch.known import Known
from vigia.domain.watch.moments import MINUTE_US, Bools
from vigia.domain.watch.signs import STRAGGLER_US


@dataclass(frozen=True, slots=True)
class SilentSitePolicy:
    """Numbers of K01.

    Attributes:
        window_min: Silence that confirms.
        suspect_min: Silence that is suspected where it is dangerous.
        risk_tier: From which risk a site counts as dangerous.
        heard_min: How long it must be heard of again to be clear.
    """

    window_min: float = 60
    suspect_min: float = 15
    risk_tier: float = 4
    heard_min: float = 10


def judge(known: Known, policy: SilentSitePolicy) -> Iterator[Verdict]:
    """Silence of sites, confirmed and suspected."""
    things, presence, moments = known.things, known.presence, known.moments
    silent_min = moments.minutes_since(known.signs.newest("site"))
    window_us = round(policy.window_min * MINUTE_US)
    manned = presence.on_for(window_us)
    active = things.is_active[:, None]
    legs = (
        Leg("minutes without a sign", silent_min, policy.window_min),
        Leg("people on duty for the whole window", manned, 1),
    )
    yield Verdict(
        "CORRELATION_SILENT_SITE",
        ScopeKind.SITE,
        scopes(things.site_ids, site_id=things.site_ids),
        legs[0].holds & legs[1].holds & active,
        np.full(silent_min.shape, Severity.CRITICAL.rank),
        timedelta(minutes=policy.window_min),
        cleared=_is_heard(silent_min, policy),
        hold=timedelta(minutes=policy.heard_min),
        legs=legs,
        late=_late_signs(known),
    )
    dangerous = things.risk[:, None] >= policy.risk_tier
    few = presence.on_for(round(policy.suspect_min * MINUTE_US))
    suspected = (silent_min >= policy.suspect_min) & (silent_min < policy.window_min)
    yield Verdict(
        "SILENT_SITE_SUSPECT",
        ScopeKind.SITE,
        scopes(things.site_ids, site_id=things.site_ids),
        suspected & (few >= 1) & (dangerous | (few == 1)) & active,
        np.full(silent_min.shape, Severity.HIGH.rank),
        timedelta(minutes=policy.suspect_min),
        cleared=_is_heard(silent_min, policy) | (silent_min >= policy.window_min),
        hold=timedelta(),
        legs=(Leg("minutes without a sign", silent_min, policy.suspect_min),),
        late=_late_signs(known),
    )


def _is_heard(silent_min: np.ndarray, policy: SilentSitePolicy) -> Bools:
    heard: Bools = silent_min < policy.heard_min
    return heard


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
    look_back=timedelta(hours=2),
    precondition="somebody is on duty for the whole window, and the site is active",
    evidence=("last_signals", "roster", "operator_state", "contact_log", "battery", "network"),
    severity="CRITICAL; a suspicion is HIGH",
    clears="anything is heard of it for two slots",
    traps=("nobody rostered", "closed site", "the last guard has left", "one outage of many sites"),
    policy=SilentSitePolicy(),
    judge=judge,
)
