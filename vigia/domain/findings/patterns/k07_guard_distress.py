"""K07: a guard calls for help, does not answer a check call, or lies still after something grave.

Calls and missed checks are told at the instant at which they arrive, whatever else is known: tests
and presses that were called off as well, because only a human can say which is which. Stillness is
inferred, and asks for more: alone or in danger, without a step, a touch or a piece of work, and
something before it that makes it grave. Nothing mutes any of it.
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
from vigia.domain.watch.moments import (
    LONG_AGO_US,
    MINUTE_US,
    NEVER_US,
    Bools,
    Floats,
    Grid,
    Ints,
)
from vigia.domain.watch.signs import P_HUMAN, H, W

KIND = "CORRELATION_GUARD_DISTRESS"
_CALLS = {"duress_pin": "duress", "man_down": "man_down", "fall": "fall"}
_DANGERS = ("assault", "fire", "medical", "trespass", "theft")
SUBTYPES = (
    "duress",
    "fall",
    "man_down",
    "panic",
    "missed_check",
    "after_fall",
    "panic_history",
    "late_check",
    "exclusion_zone",
    "incident_nearby",
    "sudden_silence",
)
"""What told of it, from what counts most to what counts least."""


@dataclass(frozen=True, slots=True)
class GuardDistressPolicy:
    """Numbers of K07.

    Attributes:
        still_min: Without movement and touch so long is grave where somebody is alone.
        still_at_risk_min: The same where the risk is high.
        risk_tier: From which risk on.
        seen_min: So old may the newest position be that shows somebody at rest.
        long_still_min: So long must the rest be proven where the ground is not of this very minute:
            a call of hours ago, an incident somewhere at the site, a place where nobody should be;
            and longer than any quiet of the same person that ended by itself within four hours.
        history_h: A call for help counts so long against stillness.
        stop_min: Whoever ran so shortly before the stillness stopped abruptly.
        incident_min: An incident counts as open so long after it happened.
        battery_pct: At most so much charge before a sudden silence.
        contact_s: Whoever does not answer a call for so long has not answered it.
        missed_min: A missed check is raised so long.
        silence_min: Missed checks no further apart than this are one silence: those of pairs are
            two hours apart.
    """

    still_min: float = 10
    still_at_risk_min: float = 5
    risk_tier: float = 4
    seen_min: float = 7
    long_still_min: float = 15
    history_h: float = 24
    stop_min: float = 3
    incident_min: float = 60
    battery_pct: float = 5
    contact_s: float = 60
    missed_min: float = 30
    silence_min: float = 165


def judge(known: Known, policy: GuardDistressPolicy) -> Iterator[Verdict]:
    """People who may need help; and calls of which nobody knows who made them, by site."""
    things = known.things
    called, missed = _called(known), _missed(known, policy.missed_min)
    legs = _still_legs(known, policy)
    grounds = _grounds(known, policy)
    still = np.logical_and.reduce([leg.holds for leg in legs]) & _exposed(known, policy)
    seen = known.moments.minutes_since(known.motion.rested_us) <= policy.seen_min
    grave = {name: still & where for name, where in grounds.items()}
    # A phone that fell silent is heard of no more; of all others the rest must be seen now.
    inferred = {n: where if n == "sudden_silence" else where & seen for n, where in grave.items()}
    direct = {**called, "missed_check": missed}
    raised = np.logical_or.reduce([*direct.values(), *inferred.values()])
    is_direct = np.logical_or.reduce(list(direct.values()))
    unanswered = _unanswered(known, policy)
    yield Verdict(
        KIND,
        ScopeKind.PERSON,
        scopes(things.person_ids, person_id=things.person_ids),
        raised,
        np.where(is_direct | unanswered, Severity.CRITICAL.rank, Severity.HIGH.rank),
        timedelta(minutes=policy.still_min),
        cleared=~np.logical_or.reduce(
            [raised, _missed(known, policy.silence_min), *grave.values()]
        ),
        legs=(
            Leg("calls for help and missed checks", is_direct.astype(np.int64), 1),
            *legs,
            Leg("grounds", np.sum(list(grounds.values()), axis=0), 1),
        ),
        site=_sites(known),
        site_ids=things.site_ids,
        subtype=_subtype({**direct, **inferred}, raised.shape),
        subtypes=SUBTYPES,
        late=_late_signs(known),
    )
    yield _nameless(known)


def _held(known: Known, rows: pl.DataFrame, until: pl.Expr) -> Bools:
    """Where rows with a `person_id` and `from_us` hold, by person."""
    people = known.things.people(rows["person_id"])
    ends: Ints = rows.select(until.alias("until"))["until"].to_numpy()
    count = len(known.things.person_ids)
    return known.moments.level(count, people, rows["from_us"].to_numpy(), ends) > 0


def _called(known: Known) -> dict[str, Bools]:
    """Calls for help that no human has closed, by how they were made."""
    calls = known.calls.help
    how = calls["how"].replace_strict(_CALLS, default="panic", return_dtype=pl.String)
    found = {
        name: _held(known, calls.filter(how.fill_null("panic") == name), pl.col("until_us"))
        for name in (*_CALLS.values(), "panic")
    }
    forced = known.calls.missed.filter("is_duress")
    found["duress"] |= _held(known, forced, pl.col("from_us") + 24 * 60 * MINUTE_US)
    return found


def _missed(known: Known, minutes: float) -> Bools:
    """People who missed a check within some minutes, and whose answer has not come since."""
    until = pl.min_horizontal("answered_us", pl.col("from_us") + round(minutes * MINUTE_US))
    return _held(known, known.calls.missed, until)


def _still_legs(known: Known, policy: GuardDistressPolicy) -> tuple[Leg, ...]:
    """No movement, and proof of it; no touch of the phone, and no work."""
    motion, moments, since_us = known.motion, known.moments, known.presence.since_us
    since = np.where(since_us >= NEVER_US, LONG_AGO_US, since_us)
    bound = np.where(_at_risk(known, policy), policy.still_at_risk_min, policy.still_min)
    moved = np.maximum(motion.moved_us, since)
    touched = np.maximum(known.signs.newest("person", P_HUMAN, W, H, fresh=False), since)
    return (
        Leg("minutes without movement", moments.minutes_since(moved), bound),
        Leg("minutes of rest that positions prove", _proven_min(known), bound),
        Leg("minutes without a touch or work", moments.minutes_since(touched), bound),
    )


def _proven_min(known: Known) -> Floats:
    motion, since_us = known.motion, known.presence.since_us
    since = np.where(since_us >= NEVER_US, LONG_AGO_US, since_us)
    start = np.maximum(motion.moved_us, since)
    proven: Floats = np.maximum(motion.rested_us - start, 0) / MINUTE_US
    return np.where(start > LONG_AGO_US, proven, 0.0)


def _at_risk(known: Known, policy: GuardDistressPolicy) -> Bools:
    """People who are on duty where the risk is high."""
    things, post = known.things, known.presence.post_of_person
    risky = np.append(things.risk[things.site_of_post] >= policy.risk_tier, False)
    found: Bools = risky[post]
    return found


def _exposed(known: Known, policy: GuardDistressPolicy) -> Bools:
    """People on duty alone or in danger, not on a break nor changing shifts, phone in hand."""
    things, presence = known.things, known.presence
    post = presence.post_of_person
    lone = np.append(things.post_is("lone"), False)[post]
    changing = np.vstack([presence.handover_of_post, np.zeros((1, post.shape[1]), np.bool_)])
    handover = changing[post, np.arange(post.shape[1])]
    off = presence.on_break | handover | _is_charging(known)
    exposed: Bools = presence.people_on & (lone | _at_risk(known, policy)) & ~off
    return exposed


def _heartbeats(known: Known, column: str) -> Ints:
    """A number of the newest heartbeat of each person's phone; -1 where none is known."""
    rows = known.facts["device_heartbeat"].drop_nulls(column)
    return known.moments.known(
        len(known.things.person_ids),
        known.things.people(known.things.carriers(rows)),
        rows["at"].to_physical().to_numpy(),
        rows["received_at"].to_physical().to_numpy(),
        rows[column].cast(pl.Int64).to_numpy(),
    )


def _is_charging(known: Known) -> Bools:
    """People whose phone lies on a charger: it shows nothing of them."""
    charging: Bools = _heartbeats(known, "charging") == 1
    return charging


def _grounds(known: Known, policy: GuardDistressPolicy) -> dict[str, Bools]:
    """What makes stillness grave, by person and instant."""
    motion, calls = known.motion, known.calls.help
    past = pl.col("at_us") + round(policy.history_h * 60 * MINUTE_US)
    tried = pl.min_horizontal("until_us", past)
    history = _held(known, calls, pl.when("is_test").then(tried).otherwise(past))
    proven = _proven_min(known)
    long = (proven >= policy.long_still_min) & (proven * MINUTE_US > motion.usual_us)
    stopped = motion.ran_us >= motion.moved_us - round(policy.stop_min * MINUTE_US)
    banned = (motion.banned_us > motion.moved_us) & (motion.banned_us > LONG_AGO_US)
    low = _heartbeats(known, "battery_pct")
    silent = known.moments.minutes_since(known.signs.newest("person")) >= policy.still_min
    return {
        "after_fall": stopped & (motion.ran_us > LONG_AGO_US),
        "panic_history": long & history,
        "late_check": _missed(known, 2 * policy.missed_min),
        "exclusion_zone": long & banned,
        "incident_nearby": long & _incident(known, policy),
        "sudden_silence": silent & (low >= 0) & (low <= policy.battery_pct),
    }


def _incident(known: Known, policy: GuardDistressPolicy) -> Bools:
    """People on duty at a site with a grave incident that is not long ago."""
    things, moments = known.things, known.moments
    rows = known.facts["incident_report"].filter(
        pl.col("severity").is_in(["high", "critical"]) & pl.col("type").is_in(_DANGERS)
    )
    when = pl.coalesce("occurred_at", "at").to_physical()
    first = pl.max_horizontal(pl.col("received_at").to_physical(), when)
    until = when + round(policy.incident_min * MINUTE_US)
    ends = rows.select(first=first, until=until)
    sites = len(things.site_ids)
    near = moments.level(
        sites, things.sites(rows["site_id"]), ends["first"].to_numpy(), ends["until"].to_numpy()
    )
    padded = np.vstack([near > 0, np.zeros((1, len(moments)), np.bool_)])
    found: Bools = padded[known.presence.site_of_person, np.arange(len(moments))]
    return found


def _unanswered(known: Known, policy: GuardDistressPolicy) -> Bools:
    """People who were called since they last moved, and did not answer."""
    tried = known.calls.contacts.filter(~pl.col("is_reached"))
    newest = known.moments.newest(
        len(known.things.person_ids),
        known.things.people(tried["person_id"]),
        tried["at_us"].to_numpy(),
        tried["from_us"].to_numpy() + round(policy.contact_s * 1_000_000),
    )
    found: Bools = (newest > known.motion.moved_us) & (newest > LONG_AGO_US)
    return found


def _subtype(told: dict[str, Bools], shape: tuple[int, ...]) -> Ints:
    """What counts most of what tells of it, as a place in `SUBTYPES`."""
    found = np.zeros(shape, np.int64)
    for place in reversed(range(len(SUBTYPES))):
        if SUBTYPES[place] in told:
            found[told[SUBTYPES[place]]] = place
    return found


def _sites(known: Known) -> Ints:
    """Where each person is on duty, else where the newest call or missed check was."""
    missed = known.calls.missed.select("person_id", "site_id", "from_us", at_us="closes_us")
    calls = pl.concat(
        [known.calls.help.select("person_id", "site_id", "from_us", "at_us"), missed]
    ).drop_nulls("person_id")
    called = known.moments.known(
        len(known.things.person_ids),
        known.things.people(calls["person_id"]),
        calls["at_us"].to_numpy(),
        calls["from_us"].to_numpy(),
        known.things.sites(calls["site_id"]),
    )
    on = known.presence.site_of_person
    return np.where(on >= 0, on, called)


def _late_signs(known: Known) -> pl.DataFrame:
    """Answers that came late: what was called missed was none. A call for help is never undone."""
    late = known.calls.missed.filter(pl.col("answered_us") < NEVER_US, ~pl.col("is_duress"))
    helped = known.calls.help.select("person_id", called_us="at_us").drop_nulls()
    near = late.join(helped, on="person_id").filter(
        (pl.col("called_us") - pl.col("from_us")).abs() <= 60 * MINUTE_US
    )
    late = late.join(near.select("check_id"), on="check_id", how="anti")
    people = pl.Series("row", known.things.people(late["person_id"]), pl.Int64)
    return late.select(people, at_us=pl.col("from_us") - 1, received_us="answered_us")


def _nameless(known: Known) -> Verdict:
    """Calls for help of which nobody knows whose they are."""
    things, moments = known.things, known.moments
    calls = known.calls.help
    rows = calls.filter(pl.Series(things.people(calls["person_id"]) < 0))
    held: Grid = moments.level(
        len(things.site_ids),
        things.sites(rows["site_id"]),
        rows["from_us"].to_numpy(),
        rows["until_us"].to_numpy(),
    )
    return Verdict(
        KIND,
        ScopeKind.SITE,
        scopes(things.site_ids, site_id=things.site_ids),
        held > 0,
        np.full(held.shape, Severity.CRITICAL.rank),
        timedelta(),
        legs=(Leg("calls for help", held, 1),),
    )


PATTERN = Pattern(
    code="K07",
    name="Guard in distress",
    kinds=(KIND,),
    signals=("calls for help", "check calls", "positions and steps", "phone", "work"),
    look_back=timedelta(hours=24),
    precondition="a call arrives, or somebody on duty misses a check or does not move",
    evidence=(
        "panic_event",
        "last_fix",
        "motion",
        "last_signals",
        "contact_log",
        "battery",
        "open_incidents",
        "roster",
    ),
    severity="CRITICAL; inferred HIGH, and CRITICAL once a call goes unanswered",
    clears="a human closes the call; checks are answered again; but the finding stays for a human",
    traps=(
        "sitting at a static post",
        "phone on a charger or a desk",
        "break",
        "vehicle patrol",
        "test at the beginning of a shift",
        "press in a pocket",
    ),
    policy=GuardDistressPolicy(),
    judge=judge,
    is_muted=False,
)
