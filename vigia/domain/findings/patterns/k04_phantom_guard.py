"""K04: a guard whose phone is there, while nothing that was due is done or answered.

Somebody who misses a check call and works on is busy; somebody who does neither for two hours is
perhaps not there at all. How it is hidden tells the subtype: a phone that lies still, a phone that
a colleague carries, or somebody who walks about and does nothing.
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
from vigia.domain.watch.moments import LONG_AGO_US, MINUTE_US, Bools, Floats, Grid, Ints
from vigia.domain.watch.signs import H, W

SLOT_US = 5 * MINUTE_US
MEETING_US = MINUTE_US
"""Positions of two people that are so near in time are compared."""
SUBTYPES = ("off_task", "parked_phone", "carried_phones")


@dataclass(frozen=True, slots=True)
class PhantomGuardPolicy:
    """Numbers of K04.

    Attributes:
        window_min: For how long nothing is done and nothing answered.
        slots: 5-minute slots of the window with a usable position of a phone: it was there.
        begins_min: In so many minutes at the beginning of the window it must have been there.
        fixes: Positions that must show that two phones are together.
        parked_m: Radius of gyration below which a phone without steps lies still.
        near_m: How near two phones are that one person carries.
        together_min: For how long they must be.
        together_share: Share of positions that must show it.
        moved_m: How far both must have come meanwhile.
        peers: From how many guards on duty on, of whom nobody works, the records are at fault.
        wait_min: How long the watermark is waited for.
    """

    window_min: float = 120
    slots: float = 7
    begins_min: float = 30
    fixes: float = 5
    parked_m: float = 15
    near_m: float = 10
    together_min: float = 30
    together_share: float = 0.8
    moved_m: float = 50
    peers: float = 3
    wait_min: float = 10


def judge(known: Known, policy: PhantomGuardPolicy) -> Iterator[Verdict]:
    """Guards on duty, and whether they do any of what is due."""
    presence, things = known.presence, known.things
    window_us = round(policy.window_min * MINUTE_US)
    behind, wait_us = known.uploads.behind, round(policy.wait_min * MINUTE_US)
    idle_min = _idle_min(known)
    legs = (
        Leg("minutes without work or answer", idle_min, policy.window_min),
        Leg("5-minute slots with positions", _slots(known, window_us), policy.slots),
        Leg("check calls missed since", _is_missed(known, idle_min).astype(np.int64), 1),
    )
    # Who was dark first and is back has not been seen doing nothing for the whole window.
    later_us = window_us - round(policy.begins_min * MINUTE_US)
    begins = _slots(known, window_us) > _slots(known, later_us)
    # Late work is waited for from when the phone fell silent, or from when it was seen again.
    waited = known.uploads.behind_for(wait_us) & (_slots(known, window_us, wait_us) >= policy.slots)
    waited |= ~behind | (idle_min >= policy.window_min + policy.wait_min)
    raised = legs[0].holds & legs[1].holds & legs[2].holds & waited & _is_expected(known)
    raised &= begins & ~_is_excused(known, policy)
    how = _how(known, policy, raised)
    lone = _of_post(known, things.post_is("lone") & things.post_is("must_man"))
    yield Verdict(
        "CORRELATION_PHANTOM_GUARD",
        ScopeKind.PERSON,
        scopes(things.person_ids, person_id=things.person_ids),
        raised,
        ranks(Severity.MEDIUM.rank, (1, how > 0), (1, lone)),
        timedelta(minutes=policy.window_min),
        cleared=(idle_min < policy.window_min) | ~presence.people_on,
        legs=legs,
        figures={"delay_min": idle_min, "steps": known.places.steps("person", window_us)},
        site=presence.site_of_person,
        site_ids=things.site_ids,
        subtype=how,
        subtypes=SUBTYPES,
        late=_late_work(known),
        provisional=behind,
    )


def _idle_min(known: Known) -> Floats:
    """Minutes for which each person on duty has neither worked nor answered; 0 off duty.

    They count from the clock-in where nothing was done since.
    """
    presence, moments = known.presence, known.moments
    signs = known.signs.newest("person", W, H, fresh=False)
    since = np.maximum(signs, np.where(presence.people_on, presence.since_us, moments.at_us))
    return moments.minutes_since(since)


def _slots(known: Known, window_us: int, held_us: int = 0) -> Grid:
    """5-minute slots of the window in which the phone of each person had a usable position.

    Work comes from phones; a tracker in a car shows nobody who could have done it. `held_us`
    counts only what was known so long ago already.
    """
    phones = np.append(known.signs.is_phone, np.False_)
    rows = known.places.positions.with_columns(
        slot=pl.col("at_us") // SLOT_US, known_us=pl.max_horizontal("at_us", "received_us")
    )
    rows = rows.filter(pl.Series(phones[rows["device"].to_numpy()]))
    first = rows.sort("known_us").unique(["person", "slot"], keep="first", maintain_order=True)
    return known.moments.count(
        len(known.things.person_ids),
        first["person"].to_numpy(),
        first["at_us"].to_numpy(),
        first["received_us"].to_numpy() + held_us,
        window_us,
    )


def _is_missed(known: Known, idle_min: Floats) -> Bools:
    """People who missed a check call since they last worked or answered."""
    moments, missed = known.moments, known.calls.missed.filter(~pl.col("is_duress"))
    closes = missed["closes_us"].to_numpy()
    newest = moments.newest(
        len(known.things.person_ids),
        known.things.people(missed["person_id"]),
        closes,
        missed["from_us"].to_numpy(),
    )
    since = moments.at_us - idle_min * MINUTE_US
    return (newest > LONG_AGO_US) & (newest >= since)


def _of_post(known: Known, posts: Bools) -> Bools:
    """What holds of posts, of the people who man them; false where no post is known."""
    post = known.presence.post_of_person
    return np.append(posts, np.False_)[post]


def _is_expected(known: Known) -> Bools:
    """People of whom both work and positions are expected now."""
    presence, things = known.presence, known.things
    post = presence.post_of_person
    near_change = presence.handover_of_post[post, np.arange(post.shape[1])] & (post >= 0)
    posts = things.post_is("work_expected") & things.post_is("gps_expected")
    active = np.append(things.is_active, np.False_)[presence.site_of_person]
    expected: Bools = (
        presence.people_on & ~presence.on_break & ~near_change & active & _of_post(known, posts)
    )
    return expected


def _is_excused(known: Known, policy: PhantomGuardPolicy) -> Bools:
    """People with an incident or an escort on hand; everybody where nobody's work is recorded."""
    # Who is idle for exactly the window has not worked in it.
    window_us = round(policy.window_min * MINUTE_US) - 1
    working = known.signs.count("person", window_us, W) > 0
    expected = known.presence.people_on & _of_post(known, known.things.post_is("work_expected"))
    nobody = (expected.sum(axis=0) >= policy.peers) & ~(working & expected).any(axis=0)
    excused: Bools = known.errands.on_incident | known.errands.escorting | nobody
    return excused


def _how(known: Known, policy: PhantomGuardPolicy, raised: Bools) -> Ints:
    """How each person hides it, as a place in `SUBTYPES`."""
    window_us = round(policy.window_min * MINUTE_US)
    places, things = known.places, known.things
    still = places.steps("person", window_us) == 0
    with np.errstate(invalid="ignore"):
        still &= places.gyration_m("person", window_us) < policy.parked_m
    patrols = (things.post["kind"] == "patrol").fill_null(value=False).to_numpy()
    parked = still & _of_post(known, patrols)
    return np.where(parked, 1, np.where(_is_carried(known, policy, raised), 2, 0))


def _is_carried(known: Known, policy: PhantomGuardPolicy, raised: Bools) -> Bools:
    """People whose phone moves with that of a colleague who works."""
    busy = np.flatnonzero(raised.any(axis=1))
    carried = np.zeros(raised.shape, bool)
    meetings = known.places.meetings(busy, MEETING_US).with_columns(
        is_near=pl.col("apart_m") <= policy.near_m + pl.col("unsure_m")
    )
    couples = meetings.select("person", "other").unique().sort("person", "other")
    if couples.is_empty():
        return carried
    together = _together(
        known,
        policy,
        meetings.join(couples.with_row_index("row"), on=couples.columns),
        len(couples),
    )
    window_us = round(policy.window_min * MINUTE_US) - 1
    works = known.signs.count("person", window_us, W)[couples["other"].to_numpy()] > 0
    np.logical_or.at(carried, couples["person"].to_numpy(), together & works)
    together_us = round(policy.together_min * MINUTE_US)
    return carried & known.places.displaced("person", together_us, policy.moved_m, surely=True)


def _together(
    known: Known, policy: PhantomGuardPolicy, meetings: pl.DataFrame, couples: int
) -> Bools:
    """Couples whose positions were near each other nearly every time in the last while."""
    span_us = round(policy.together_min * MINUTE_US)
    all_, near = (
        known.moments.count(
            couples,
            rows["row"].cast(pl.Int64).to_numpy(),
            rows["at_us"].to_numpy(),
            rows["received_us"].to_numpy(),
            span_us,
        )
        for rows in (meetings, meetings.filter("is_near"))
    )
    together: Bools = (near >= policy.fixes) & (near >= policy.together_share * all_)
    return together


def _late_work(known: Known) -> pl.DataFrame:
    """Work and answers, in case they come late."""
    signs = known.signs.table.filter(pl.col("family").is_in([W, H]), pl.col("person") >= 0)
    return signs.select(pl.col("person").alias("row"), "at_us", "received_us")


PATTERN = Pattern(
    code="K04",
    name="Phantom guard",
    kinds=("CORRELATION_PHANTOM_GUARD",),
    signals=("positions", "scans, tasks and reports", "check calls", "steps"),
    look_back=timedelta(hours=14),
    precondition="on duty for the window, at a post where work and positions are expected",
    evidence=("due_work", "activity", "co_location", "motion"),
    severity="MEDIUM; +1 a phone parked or carried by another, +1 alone at a post that must be manned",
    clears="work is done or a check call is answered, or the guard goes off duty",
    traps=(
        "posts without work",
        "nothing was due",
        "nobody's work is recorded",
        "escort",
        "a long incident",
        "scans that arrive later",
    ),
    policy=PhantomGuardPolicy(),
    judge=judge,
)
