"""Too few positions from a site: people whose posts expect them should send one every five minutes.

Posts under a roof and sites without reception are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from vigia.domain.findings.checks.signals import sent, too_few, window_us
from vigia.domain.findings.pattern import Pattern, Verdict
from vigia.domain.watch.known import Known
from vigia.domain.watch.moments import Grid, sum_by
from vigia.domain.watch.signs import G

KIND = "CRITICAL_SIGNAL_LOCATION_UPDATES_LOW"


@dataclass(frozen=True, slots=True)
class LocationUpdatesPolicy:
    """Numbers of the check.

    Attributes:
        window_min: How far back it looks.
        position_min: How often a phone at rest sends a position.
        low_pct: A smaller share of what should come is too few.
    """

    window_min: float = 60
    position_min: float = 5
    low_pct: float = 20


def judge(known: Known, policy: LocationUpdatesPolicy) -> Iterator[Verdict]:
    """Sites from which too few positions come for the people outdoors on duty all the while."""
    back_us = window_us(policy.window_min)
    came = known.signs.count("site", back_us, G)
    expected = _outdoors(known, back_us) * sent(policy.window_min, policy.position_min)
    yield too_few(known, KIND, came, expected, policy.window_min, policy.low_pct)


def _outdoors(known: Known, back_us: int) -> Grid:
    """People who are on duty for the whole window at posts that expect positions, by site."""
    things, presence = known.things, known.presence
    stays = presence.stays
    post = things.posts(stays["post_id"])
    held = known.moments.level(
        len(things.post_ids),
        post,
        stays["from_us"].to_numpy() + back_us,
        np.minimum(stays["until_us"].to_numpy(), stays["ends_us"].to_numpy()),
    )
    expects = things.post_is("gps_expected") & ~things.is_indoor
    received = (things.site["gps_expectation"].fill_null("good") == "good").to_numpy()
    expects &= np.append(received, False)[things.site_of_post]
    held[~expects] = 0
    return sum_by(len(things.site_ids), things.site_of_post, held)


CHECK = Pattern(
    code=KIND,
    name="Too few positions",
    kinds=(KIND,),
    signals=("positions", "attendance"),
    look_back=timedelta(hours=2),
    precondition="somebody is on duty outdoors for the whole window, where positions are expected",
    evidence=("last_fix", "permissions", "power_save", "cohort"),
    severity="HIGH",
    clears="a fifth of what should come has come for ten minutes",
    traps=("posts under a roof", "sites without reception", "positions uploaded later"),
    policy=LocationUpdatesPolicy(),
    judge=judge,
)
