"""K02: a guard leaves the site in the middle of a tour, or stops for good inside it.

Outside is what no accuracy can explain: beyond fence and buffer, and far from every checkpoint of
the site, so that outlying checkpoints and a fence drawn wrongly accuse nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from vigia.domain.findings.pattern import Leg, Pattern, Verdict, ranks, scopes
from vigia.domain.findings.types import ScopeKind, Severity
from vigia.domain.watch.known import Known
from vigia.domain.watch.moments import MINUTE_US, Bools, Floats, Grid, Ints
from vigia.domain.watch.places import INSIDE, OUTSIDE, UNCERTAIN
from vigia.domain.watch.signs import P

SUBTYPES = ("left_site", "stalled")
HELD_STEP_US = 20 * MINUTE_US
"""An incident reported afterwards shows at least so often that its guard was held up."""


@dataclass(frozen=True, slots=True)
class TourAbandonmentPolicy:
    """Numbers of K02.

    Attributes:
        quiet_min: Time without a scan after which a tour may be abandoned.
        legs: Or so many times the planned way between two checkpoints, if that is longer.
        outside_min: How long the guard must be outside.
        outside_fixes: How many positions must show it.
        stale_min: A position that is older shows nothing of now.
        route_m: What is nearer to a checkpoint is on the way.
        stalled_min: Time without a scan after which a guard who is inside has stopped.
        far_min: For how long before that the guard must have been away from all that remains.
        far_share: Share of positions that must show it.
        done_share: From which share of checkpoints a tour is nearly done: leaving it then is
            less grave, and who stops then has only left some out.
        passed_share: Who has passed so many of the checkpoints that are not scanned walks on, and
            the scans are late.
        app_min: Who has stopped must have been heard of through the app in the last so many.
        wait_min: How long the watermark is waited for.
    """

    quiet_min: float = 30
    legs: float = 3
    outside_min: float = 10
    outside_fixes: float = 3
    stale_min: float = 30
    route_m: float = 80
    stalled_min: float = 45
    far_min: float = 30
    far_share: float = 0.8
    done_share: float = 0.8
    passed_share: float = 0.5
    app_min: float = 15
    wait_min: float = 10


_Shown = Callable[[Known, TourAbandonmentPolicy, int], Grid]
"""Positions of each run's guard that show it, as they were known so long ago."""


def judge(known: Known, policy: TourAbandonmentPolicy) -> Iterator[Verdict]:
    """Tours under way, and whether their guards still walk them."""
    rounds, moments = known.rounds, known.moments
    runs = rounds.runs
    quiet = moments.minutes_since(rounds.newest_us)
    left_min = _left_after_min(runs, policy)
    outside = _outside(known, policy)
    left, late_left = _raised(known, policy, quiet - left_min, outside, _outside)
    halted = _halted(known, policy)
    stalled, late_stalled = _raised(known, policy, quiet - policy.stalled_min, halted, _halted)
    stalled &= ~(outside > 0)
    yield Verdict(
        "CORRELATION_TOUR_ABANDONMENT",
        ScopeKind.TOUR_RUN,
        scopes(
            runs["run_id"],
            site_id=runs["site_id"],
            person_id=runs["person_id"],
            subject_ref=runs["run_id"],
        ),
        left | stalled,
        np.where(stalled, Severity.MEDIUM.rank, _severity(known, policy)),
        timedelta(minutes=policy.quiet_min),
        cleared=_is_cleared(known, quiet, left_min, outside > 0),
        legs=(
            Leg("minutes without a scan", quiet, left_min),
            Leg("positions outside since the last one inside", outside, policy.outside_fixes),
        ),
        figures={
            "delay_min": quiet,
            "scanned": rounds.scanned,
            "planned": _columns(runs["planned"], quiet),
        },
        subtype=stalled.astype(np.int64),
        subtypes=SUBTYPES,
        late=_late_scans(known),
        provisional=(left & late_left) | (stalled & late_stalled),
    )


def _at_guards(known: Known, people: Bools) -> Bools:
    """What holds of people, of the guards of the runs; false where nobody is known."""
    guard = known.rounds.guard
    found: Bools = people[guard, np.arange(guard.shape[1])] & (guard >= 0)
    return found


def _columns(values: pl.Series, like: Floats) -> Floats:
    """One number a run, at all instants."""
    return np.broadcast_to(values.cast(pl.Float64).to_numpy()[:, None], like.shape)


def _left_after_min(runs: pl.DataFrame, policy: TourAbandonmentPolicy) -> Floats:
    """Minutes without a scan that are too many for each run."""
    leg = (runs["planned_min"] / runs["planned"]).to_numpy()
    longest: Floats = np.maximum(policy.quiet_min, policy.legs * leg)[:, None]
    return longest


def _under_way(known: Known) -> Bools:
    """Runs that go on, of guards who are on duty and have nothing graver to do."""
    runs, at_us = known.rounds.runs, known.moments.at_us
    begun, over = (runs[name].to_numpy()[:, None] for name in ("begun_us", "over_us"))
    walks = ((runs["kind"].fill_null("") != "mobile").to_numpy())[:, None]
    presence = known.presence
    post = presence.post_of_person
    near_change = presence.handover_of_post[post, np.arange(len(at_us))] & (post >= 0)
    free = presence.people_on & ~near_change & ~known.errands.on_incident
    planned = runs["planned"].to_numpy()[:, None]
    left = (known.rounds.scanned < planned) & known.rounds.is_last
    going: Bools = (begun <= at_us) & (at_us < over) & walks & left & _at_guards(known, free)
    return going


def _raised(
    known: Known, policy: TourAbandonmentPolicy, over_min: Floats, now: Grid, shown: _Shown
) -> tuple[Bools, Bools]:
    """Where a guard is shown to be off for too long, and where that is provisional.

    As long as the guard's phone may hold scans, they are waited for some minutes more; and as
    long as scans come in, however late, there may be more of them.

    Args:
        known: What is known.
        policy: The numbers.
        over_min: For how much longer than allowed nothing was scanned.
        now: Positions that show it now.
        shown: How to find those that were known a while ago.
    """
    behind = _at_guards(known, known.uploads.behind)
    wait_us = round(policy.wait_min * MINUTE_US)
    still = known.moments.at_us - known.rounds.heard_us >= wait_us
    raised = _under_way(known) & still & (now > 0) & (over_min >= 0)
    if not (raised & behind).any():
        return raised, behind
    waited = (shown(known, policy, wait_us) > 0) & (over_min >= policy.wait_min)
    return raised & (~behind | waited), behind


def _outside(known: Known, policy: TourAbandonmentPolicy, held_us: int = 0) -> Grid:
    """Positions of each run's guard that show the guard outside; 0 where that is not sure yet."""
    places, presence = known.places, known.presence
    rows = places.positions
    off, near = _off_route(known, policy.route_m)
    breaks = (rows["side"] == INSIDE).to_numpy() | near
    aged_us = round(policy.outside_min * MINUTE_US)
    count, aged = places.streak("person", off, breaks, aged_us, held_us)
    fresh = _is_fresh(known, policy) & presence.people_on
    outside = (count >= policy.outside_fixes) & aged & fresh
    alone = outside & ~_all_leave(known, outside, fresh) & ~presence.on_break
    people = np.maximum(known.rounds.guard, 0)
    shown = _at_guards(known, alone) * count[people, np.arange(count.shape[1])]
    return shown.astype(np.int32)


def _off_route(known: Known, route_m: float) -> tuple[Bools, Bools]:
    """Positions outside that are surely off every way, and those that are surely on one."""
    rows = known.places.positions.with_row_index("fix").filter(pl.col("side") == OUTSIDE)
    far_m = (
        (pl.col("x_m") - pl.col("x_m_point")) ** 2 + (pl.col("y_m") - pl.col("y_m_point")) ** 2
    ).sqrt()
    points = known.places.checkpoints
    pairs = rows.join(points, on="site_id", how="left", suffix="_point")
    unsure = pl.col("accuracy_m").fill_null(0.0)
    nearest = pairs.group_by("fix").agg(
        off=((far_m - unsure).min() > route_m).fill_null(value=True),
        near=((far_m + unsure).min() <= route_m).fill_null(value=False),
    )
    found = np.zeros((2, known.places.positions.height), bool)
    for row, name in enumerate(("off", "near")):
        found[row, nearest.filter(name)["fix"].to_numpy()] = True
    return found[0], found[1]


def _is_fresh(known: Known, policy: TourAbandonmentPolicy) -> Bools:
    """People whose newest position is of now."""
    newest = known.places.known_at(known.places.newest("person"), "at_us", -np.inf)
    fresh: Bools = known.moments.at_us - newest <= policy.stale_min * MINUTE_US
    return fresh


def _all_leave(known: Known, outside: Bools, seen: Bools) -> Bools:
    """People of whose site most are outside: an evacuation, or a fence that is wrong."""
    site = known.presence.site_of_person
    columns = np.broadcast_to(np.arange(site.shape[1]), site.shape)
    total = np.zeros((2, len(known.things.site_ids) + 1, site.shape[1]), np.int32)
    for row, which in enumerate((outside, seen)):
        np.add.at(total[row], (site[which], columns[which]), 1)
    many = (total[0] >= 2) & (2 * total[0] > total[1])
    everybody: Bools = many[site, columns] & (site >= 0)
    return everybody


def _halted(known: Known, policy: TourAbandonmentPolicy, held_us: int = 0) -> Grid:
    """Positions that show a guard inside away from all that remains; 0 where that is not sure."""
    newest = known.places.newest("person")
    side = known.places.known_at(newest, "side", -1)
    app_min = known.moments.minutes_since(known.signs.newest("person", *P))
    inside = ((side == INSIDE) | (side == UNCERTAIN)) & _is_fresh(known, policy)
    # From an app that is not heard of no scan could have come.
    inside &= app_min <= policy.app_min
    window_us = round(policy.far_min * MINUTE_US)
    all_, far = known.rounds.far(policy.route_m, window_us, held_us)
    away = (far >= policy.outside_fixes) & (far >= policy.far_share * all_)
    planned = known.rounds.runs["planned"].to_numpy()[:, None]
    left, unscanned = known.rounds.left, planned - known.rounds.scanned
    much_left = left > np.maximum(
        (1 - policy.done_share) * planned, policy.passed_share * unscanned
    )
    # Where scans came but no start did, not all that the phone had to tell has arrived.
    told = known.rounds.is_told & _at_guards(known, inside)
    halted: Grid = far * (away & much_left & told)
    return halted


def _severity(known: Known, policy: TourAbandonmentPolicy) -> Ints:
    """HIGH; more where a fire watch or a post that must be manned is left, less near the end."""
    runs, rounds = known.rounds.runs, known.rounds
    posts = known.things.posts(runs["post_id"])
    must = np.append(known.things.post_is("must_man"), False)[posts]
    watch = (runs["mandatory"] & (runs["kind"].fill_null("") == "fire_watch")).to_numpy()
    done = rounds.scanned / runs["planned"].to_numpy()[:, None] >= policy.done_share
    return ranks(Severity.HIGH.rank, (1, (must | watch)[:, None] & np.ones_like(done)), (-1, done))


def _is_cleared(known: Known, quiet: Floats, bound: Floats, outside: Bools) -> Bools:
    """Closed, or back with a scan."""
    over = known.rounds.runs["over_us"].to_numpy()[:, None] <= known.moments.at_us
    cleared: Bools = over | ((quiet < bound) & ~outside)
    return cleared


def _late_scans(known: Known) -> pl.DataFrame:
    """Scans that came late, and incidents that were reported later than they held a guard up."""
    runs = known.rounds.runs
    people = pl.Series(known.things.people(runs["person_id"]))
    rows = runs.select("begun_us", "over_us", person=people).with_row_index("row")
    held = known.errands.incidents.join(rows, on="person").filter(
        pl.col("occurred_us").is_between("begun_us", "over_us")
    )
    while_held = pl.int_ranges("occurred_us", "known_us", HELD_STEP_US)
    held = held.with_columns(at_us=while_held).explode("at_us").drop_nulls("at_us")
    names = (pl.col("row").cast(pl.Int64), "at_us", pl.col("known_us").alias("received_us"))
    return pl.concat([known.rounds.scans.select("row", "at_us", "received_us"), held.select(names)])


PATTERN = Pattern(
    code="K02",
    name="Tour abandonment",
    kinds=("CORRELATION_TOUR_ABANDONMENT",),
    signals=("tours", "scans", "positions", "incidents"),
    look_back=timedelta(hours=14),
    precondition="a tour on foot was begun and is not over, and its guard is on duty",
    evidence=("tour_run", "trail", "exit_event", "open_incidents"),
    severity="HIGH; +1 a fire watch or a post that must be manned, -1 nearly done; MEDIUM stalled",
    clears="the guard is back and scans, or the tour is closed",
    traps=(
        "mobile tours and outlying checkpoints",
        "called to an incident",
        "positions that wander across the fence",
        "a fence that is wrong",
        "evacuation",
        "handover",
        "scans that arrive later",
    ),
    policy=TourAbandonmentPolicy(),
    judge=judge,
)
