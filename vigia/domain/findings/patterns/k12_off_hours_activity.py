"""K12: doors, movement or a clock-in at a site that is closed, with nobody planned to be there.

A door that opens on a holiday, at an hour at which the site is usually open, is somebody of the
client who works all the same; there it takes refused and forced doors to be suspicious.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from vigia.domain.findings.pattern import Leg, Pattern, Verdict, ranks, scopes
from vigia.domain.findings.types import ScopeKind, Severity
from vigia.domain.watch.known import Known
from vigia.domain.watch.moments import MINUTE_US, NEVER_US, Grid
from vigia.domain.watch.places import INSIDE
from vigia.domain.watch.work import first_known, known_us

SIGNS = ("granted", "denied", "forced", "held_open", "clock_in", "moving", "moving_in_exclusion")
"""What shows that somebody is there."""
REFUSED = ("denied", "forced", "held_open")
MOVING = ("walking", "running")
SINCE_US = 120 * MINUTE_US
"""Signs that are older at the first instant are over."""
WORK_ORDER_US = 12 * 60 * MINUTE_US
VISIT_US = 4 * 60 * MINUTE_US
"""A work order or a visit that nobody ends is over by then."""


@dataclass(frozen=True, slots=True)
class OffHoursPolicy:
    """Numbers of K12.

    Attributes:
        quiet_min: Time without activity after which nobody is there any more.
        margin_min: Who comes so early or stays so late is still on the roster.
        grace_min: Around opening and closing the site counts as open.
        refusals: Refused or forced doors that are suspicious where the site is usually open.
        refusals_min: In so many minutes.
        risk_tier: From which risk of the site on it is grave.
    """

    quiet_min: float = 15
    margin_min: float = 45
    grace_min: float = 30
    refusals: float = 2
    refusals_min: float = 30
    risk_tier: float = 4


def judge(known: Known, policy: OffHoursPolicy) -> Iterator[Verdict]:
    """Closed sites, and whether somebody is there whom nothing explains."""
    things = known.things
    signs = _unexplained(known, policy)
    quiet_us = round(policy.quiet_min * MINUTE_US)
    usual = pl.col("is_usual")
    odd = _count(known, signs.filter(~usual), quiet_us)
    refused = signs.filter(usual, pl.col("sign").is_in(REFUSED))
    refusals = _count(known, refused, round(policy.refusals_min * MINUTE_US))
    banned = _count(known, signs.filter(pl.col("sign") == "moving_in_exclusion"), quiet_us)
    active = things.is_active[:, None]
    raised = ((odd > 0) | (refusals >= policy.refusals)) & active
    grave = (things.risk[:, None] >= policy.risk_tier) | (banned > 0)
    yield Verdict(
        "OFF_HOURS_ACTIVITY",
        ScopeKind.SITE,
        scopes(things.site_ids, site_id=things.site_ids),
        raised,
        ranks(Severity.MEDIUM.rank, (1, grave)),
        timedelta(minutes=policy.quiet_min),
        cleared=(odd == 0) & (refusals == 0),
        hold=timedelta(minutes=policy.quiet_min),
        legs=(Leg("signs of somebody while closed", odd, 1),),
        figures={"refusals": refusals},
    )


def _count(known: Known, signs: pl.DataFrame, window_us: int) -> Grid:
    """Signs of the window at each site, until something explains them."""
    until = np.minimum(signs["at_us"].to_numpy() + window_us + 1, signs["explained_us"].to_numpy())
    first = signs["known_us"].to_numpy()
    return known.moments.level(len(known.things.site_ids), signs["site"].to_numpy(), first, until)


def _unexplained(known: Known, policy: OffHoursPolicy) -> pl.DataFrame:
    """Signs at closed sites: `site`, `sign`, `at_us`, `known_us`, `explained_us`, `is_usual`.

    `explained_us` is when something that explains it was known, `NEVER_US` for never; `is_usual`
    that the site would be open, were it not a holiday.
    """
    signs = _closed(known, _signs(known), policy)
    margin_us = round(policy.margin_min * MINUTE_US) * pl.col("is_rostered").cast(pl.Int64)
    reasons = _reasons(known).with_columns(
        pl.col("from_us") - margin_us, pl.col("until_us") + margin_us
    )
    both = signs.join(reasons, on="site_id").filter(
        pl.col("at_us").is_between("from_us", "until_us"), ~(pl.col("is_usual") & "is_need")
    )
    explained = both.group_by("row").agg(explained_us=pl.col("told_us").min())
    found = signs.join(explained, on="row", how="left", maintain_order="left")
    return found.with_columns(pl.col("explained_us").fill_null(NEVER_US))


def _signs(known: Known) -> pl.DataFrame:
    """Everything that shows that somebody is at a site: `site_id`, `sign`, `at_us`, `known_us`."""
    facts, moments = known.facts, known.moments
    doors = facts["access_event"].with_columns(sign="kind")
    punches = facts["attendance_event"].filter(pl.col("kind") == "clock_in")
    punches = punches.filter(pl.col("geo").fill_null("none") != "outside")
    rows = [
        part.select("site_id", "sign", at_us=pl.col("at").to_physical(), known_us=known_us())
        for part in (doors, punches.with_columns(sign="kind"))
    ]
    moving = pl.when("in_exclusion").then(pl.lit(SIGNS[-1])).otherwise(pl.lit(SIGNS[-2]))
    fixes = known.places.positions.filter(
        pl.col("side") == INSIDE, pl.col("motion").is_in(MOVING), pl.col("person") >= 0
    )
    rows.append(
        fixes.select(
            "site_id", "at_us", sign=moving, known_us=pl.max_horizontal("at_us", "received_us")
        )
    )
    both = pl.concat(rows, how="diagonal").filter(
        pl.col("at_us") > moments.first_us - SINCE_US, pl.col("known_us") <= moments.last_us
    )
    return both.with_columns(site=pl.Series(known.things.sites(both["site_id"]), dtype=pl.Int64))


def _closed(known: Known, signs: pl.DataFrame, policy: OffHoursPolicy) -> pl.DataFrame:
    """Signs while their site is closed, not just opening or closing; with `is_usual`, `row`."""
    site, at_us = signs["site"].to_numpy(), signs["at_us"].to_numpy()
    grace_us = round(policy.grace_min * MINUTE_US)
    closed = np.ones(len(site), bool)
    usual = np.zeros(len(site), bool)
    for shift in (-grace_us, 0, grace_us):
        closed &= known.opening.closed_at(site, at_us + shift)
        usual |= ~known.opening.closed_at(site, at_us + shift, days_off=False)
    return signs.with_columns(is_usual=usual).filter(closed).with_row_index("row")


def _reasons(known: Known) -> pl.DataFrame:
    """What explains somebody's presence, from when until when, and when it was told.

    A duty, somebody on duty as planned, a post that needs people (`is_need`, nothing on a holiday),
    a visit, work under way. Who is on the roster (`is_rostered`) may come early and leave late.
    """
    presence, facts = known.presence, known.facts
    duties = presence.duties.filter(pl.col("void_us") > pl.col("starts_us"))
    stays = presence.stays.filter(pl.col("ends_us") < NEVER_US)
    visits = _spans(facts["visitor_visit"], "visit_id", ("in",), ("out", "denied"), VISIT_US)
    orders = _spans(
        facts["work_order"],
        "wo_id",
        ("in_progress",),
        ("completed", "verified", "cancelled"),
        WORK_ORDER_US,
    )
    columns = ("site_id", "from_us", "until_us", "told_us")
    planned = (
        duties.rename({"starts_us": "from_us", "ends_us": "until_us", "known_us": "told_us"}),
        stays.with_columns(from_us="in_us", told_us="from_us"),
    )
    needs = presence.needs.with_columns(told_us="from_us")
    return pl.concat(
        [
            *(part.select(*columns, is_need=False, is_rostered=True) for part in planned),
            needs.select(*columns, is_need=True, is_rostered=True),
            *(part.select(*columns, is_need=False, is_rostered=False) for part in (visits, orders)),
        ]
    )


def _spans(
    rows: pl.DataFrame, key: str, begins: tuple[str, ...], ends: tuple[str, ...], longest_us: int
) -> pl.DataFrame:
    """Spans from one status of a thing to another."""
    begun = rows.filter(pl.col("status").is_in(begins)).unique(key, keep="first")
    over = first_known(rows.filter(pl.col("status").is_in(ends)), key, "over_us")
    both = begun.with_columns(from_us=pl.col("at").to_physical(), told_us=known_us())
    both = both.join(over, on=key, how="left", maintain_order="left")
    latest_us = pl.col("from_us") + longest_us
    return both.with_columns(
        until_us=pl.min_horizontal(pl.col("over_us").fill_null(NEVER_US), latest_us)
    )


PATTERN = Pattern(
    code="K12",
    name="Off-hours activity",
    kinds=("OFF_HOURS_ACTIVITY",),
    signals=("doors", "clock-ins", "positions", "roster", "opening hours"),
    look_back=timedelta(hours=14),
    precondition="the site has opening hours and is closed",
    evidence=("access_events", "roster", "work_orders", "holidays"),
    severity="MEDIUM; HIGH at risk 4 and above, or where nobody should be",
    clears="15 minutes without activity, or a roster, visit or work order explains it",
    traps=(
        "guards who come early or stay late",
        "the client's staff on a holiday",
        "visits and work orders",
        "just before opening and after closing",
    ),
    policy=OffHoursPolicy(),
    judge=judge,
)
