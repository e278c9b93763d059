"""K10: a grave alert that nobody takes, or a chain of escalation that does not move on.

A person breaks a chain by not answering until the first step's time is over too, a system by
having no next step, no receiver, or no word of a message. Whoever was reached by telephone about
an alert has taken it; the same alert again within minutes is none of its own. Every hour all
chains are gone through as well: a step that would reach nobody now or in the next hours is a hole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from vigia.domain.findings.pattern import Leg, Pattern, Verdict, scopes
from vigia.domain.findings.types import Category, ScopeKind, Severity
from vigia.domain.watch.chains import Chains
from vigia.domain.watch.known import Known
from vigia.domain.watch.moments import MINUTE_US, NEVER_US, Bools, Floats, Moments
from vigia.domain.watch.on_call import OnCall
from vigia.domain.watch.slots import Slots
from vigia.domain.watch.work import HOUR_US

KIND = "CORRELATION_ESCALATION_CHAIN_BREAK"
HOLE = "ESCALATION_CHAIN_HOLE"
GRAVE = ("HIGH", "CRITICAL")
CRISIS = ("panic", "duress", "man_down", "fall", "assault", "fire")
"""Types of alerts that no planned work explains."""
WORDS = ("nobody_acts", "system")
_SECOND_US = MINUTE_US // 60
_LOOK_BACK = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class ChainBreakPolicy:
    """Numbers of K10.

    Attributes:
        critical_min: Time to take an alert that is CRITICAL.
        high_min: The same of one that is HIGH.
        not_final_min: A message is delivered or has failed within this time.
        overdue_s: The next step may be late by so much.
        settle_s: Word of an answer or of a step may take so long to arrive.
        ahead_h: So many hours ahead every step must reach somebody.
    """

    critical_min: float = 5
    high_min: float = 15
    not_final_min: float = 5
    overdue_s: float = 60
    settle_s: float = 20
    ahead_h: float = 12


def judge(known: Known, policy: ChainBreakPolicy) -> Iterator[Verdict]:
    """Alerts that nobody takes, chains that stand still, and chains with holes."""
    yield _breaks(known, policy)
    yield _holes(known, policy)


def _holes(known: Known, policy: ChainBreakPolicy) -> Verdict:
    """Sites whose chains have a step that would reach nobody, hour by hour."""
    things, on_call = known.things, OnCall(known.facts)
    hours = Slots(known.moments, width_us=HOUR_US)
    regions, number = np.unique(things.site["region"].fill_null("").to_numpy(), return_inverse=True)
    empty = {grave: np.zeros((len(regions), len(hours.starts)), np.int64) for grave in GRAVE}
    ahead_h = round(policy.ahead_h)
    for (target, ref), chains in on_call.steps.partition_by(
        "target", "target_ref", as_dict=True
    ).items():
        reached = on_call.reached(target, ref, regions.tolist(), hours.starts.at_us, ahead_h)
        for grave in GRAVE:
            # A step for HIGH is taken for what is worse too.
            graver = GRAVE[GRAVE.index(grave) + 1 :]
            taken = sum(severity not in graver for severity in chains["severity"])
            empty[grave] += np.where(reached, 0, taken)
    told = {grave: hours.spread(count[number]) for grave, count in empty.items()}
    ids = things.site_ids
    leg = Leg("steps that reach nobody", np.add.reduce(list(told.values())), 1)
    raised = leg.holds & things.is_active[:, None]
    return Verdict(
        HOLE,
        ScopeKind.SITE,
        scopes(ids, site_id=ids),
        raised,
        np.full(raised.shape, Severity.MEDIUM.rank),
        timedelta(hours=1),
        legs=(leg,),
        figures={f"steps of {grave} that reach nobody": each for grave, each in told.items()},
    )


def _breaks(known: Known, policy: ChainBreakPolicy) -> Verdict:
    """Alerts that nobody takes, and chains that stand still."""
    alerts = _broken(Chains(known.facts, known.work), policy)
    alerts = alerts.filter(
        pl.col("from_us") <= known.moments.last_us,
        pl.col("end_us") > known.moments.first_us - _LOOK_BACK // timedelta(microseconds=1),
    )
    by_people = _held(known.moments, alerts, "people_us")
    by_system = _held(known.moments, alerts, "system_us")
    is_muted = _planned(known, alerts)
    is_crisis = alerts["type"].is_in(CRISIS).fill_null(value=False).to_numpy()[:, None]
    waits_min = _minutes_since(known, alerts["raised_us"])
    broken_us = alerts.select(pl.min_horizontal("people_us", "system_us")).to_series()
    return Verdict(
        KIND,
        ScopeKind.ALERT,
        scopes(
            alerts["alert_id"],
            site_id=alerts["site_id"],
            person_id=alerts["person_id"],
            device_id=alerts["device_id"],
            subject_ref=alerts["alert_id"],
        ),
        (by_people | by_system) & (is_crisis | ~is_muted),
        # One more than the alert, which is HIGH at least, and nothing is worse than CRITICAL.
        np.full(waits_min.shape, Severity.CRITICAL.rank),
        _LOOK_BACK,
        subtype=by_system.astype(np.int64),
        subtypes=WORDS,
        legs=(
            Leg("minutes for which nobody has moved it", _minutes_since(known, broken_us), 0),
            Leg("open and in nobody's hands", _held(known.moments, alerts, "from_us"), 1),
        ),
        figures={"minutes since the alert": waits_min},
    )


def _minutes_since(known: Known, us: pl.Series) -> Floats:
    """Minutes from a time of each alert to each instant; minus infinity before it."""
    minutes: Floats = (known.moments.at_us - us.to_numpy()[:, None]) / MINUTE_US
    return np.where(minutes < 0, -np.inf, minutes)


def _held(moments: Moments, alerts: pl.DataFrame, since: str) -> Bools:
    """Where each alert is open, from one of its times on."""
    level = moments.level(
        alerts.height,
        np.arange(alerts.height),
        alerts[since].to_numpy(),
        alerts["end_us"].to_numpy(),
    )
    return level > 0


def _planned(known: Known, alerts: pl.DataFrame) -> Bools:
    """Where planned work at its site explains each alert."""
    planned = known.muting.of_sites(KIND, str(Category.OPERATIONAL), 0)
    sites = known.things.sites(alerts["site_id"])
    explained = np.zeros((alerts.height, len(known.moments)), dtype=bool)
    explained[sites >= 0] = planned[sites[sites >= 0]]
    return explained


def _broken(chains: Chains, policy: ChainBreakPolicy) -> pl.DataFrame:
    """Grave alerts with when they break.

    The columns of `Chains.alerts`, `end_us` (taken, or over), `people_us` (nobody acts since) and
    `system_us` (the chain stands still since); `NEVER_US` where they do not.
    """
    settle_us = round(policy.settle_s * _SECOND_US)
    target = pl.when(pl.col("severity") == "CRITICAL").then(policy.critical_min)
    target_us = (target.otherwise(policy.high_min) * MINUTE_US).cast(pl.Int64)
    grave = chains.alerts.filter(pl.col("severity").is_in(GRAVE))
    silent, stuck = _silent(chains, settle_us), _stuck(chains, policy)
    for frame in (silent, stuck):
        grave = grave.join(frame, on="alert_id", how="left", maintain_order="left")
    # Time runs from when the alert could be seen: word of its answer comes as late as its own.
    alone_us = pl.col("from_us") + target_us + settle_us
    # A repeat is seen to with the first one, unless it has a chain of its own. Danger to life is
    # asked after each time.
    alone = ~pl.col("is_repeat") | (pl.col("severity") == "CRITICAL")
    # Once the chain runs its steps have the word; until then nobody has been asked.
    no_chain = alone & (pl.col("chain_us").is_null() | (alone_us < pl.col("chain_us")))
    return grave.with_columns(
        end_us=pl.min_horizontal("taken_us", "over_us"),
        people_us=pl.when(no_chain).then(alone_us).otherwise("silent_us").fill_null(NEVER_US),
        system_us=pl.col("system_us").fill_null(NEVER_US),
    )


def _silent(chains: Chains, settle_us: int) -> pl.DataFrame:
    """When the first step's time was over without an answer.

    `alert_id`, `chain_us` (known that the chain runs), `silent_us`.
    """
    # Whoever is at the second step has not been answered at the first. A first step without an
    # end is the system's break.
    end = pl.when(pl.col("step") > 1).then("from_us").otherwise("next_us")
    since = pl.max_horizontal("from_us", end.fill_null(NEVER_US)) + settle_us
    # A stretch that ended before is no silence: somebody answered, or the chain moved on in time.
    return (
        chains.runs.with_columns(silent_us=pl.when(since < pl.col("until_us")).then(since))
        .group_by("alert_id")
        .agg(chain_us=pl.col("from_us").min(), silent_us=pl.col("silent_us").min())
    )


def _stuck(chains: Chains, policy: ChainBreakPolicy) -> pl.DataFrame:
    """When the chain of each alert first stood still: `alert_id`, `system_us`."""
    overdue_us = round(policy.overdue_s * _SECOND_US)
    not_final_us = round(policy.not_final_min * MINUTE_US)
    due = pl.max_horizontal("from_us", pl.col("next_us") + overdue_us)
    steps = chains.runs.with_columns(
        system_us=pl.when(pl.col("next_us").is_null()).then("from_us").otherwise(due)
    ).filter(pl.col("system_us") < pl.col("until_us"))
    waited = pl.max_horizontal("from_us", pl.col("sent_us") + not_final_us)
    messages = chains.messages.with_columns(
        system_us=pl.when("has_target").then(waited).otherwise("from_us")
    ).filter(~pl.col("has_target") | (pl.col("system_us") < pl.col("final_us")))
    both = pl.concat([frame.select("alert_id", "system_us") for frame in (steps, messages)])
    return both.group_by("alert_id").agg(pl.col("system_us").min())


PATTERN = Pattern(
    code="K10",
    name="Escalation chain break",
    kinds=(KIND, HOLE),
    signals=("alerts", "escalations", "messages", "calls", "on-call plans"),
    look_back=_LOOK_BACK,
    precondition="an alert is HIGH or CRITICAL, open, and nobody has taken it",
    evidence=("chain_snapshot", "chain_timeline", "deliveries", "on_call"),
    severity="one more than the alert; a hole in a chain is MEDIUM",
    clears="somebody takes the alert, or it is over; the step reaches somebody again",
    traps=(
        "acknowledged by voice",
        "the same alert again",
        "planned work",
        "word of the next step under way",
    ),
    policy=ChainBreakPolicy(),
    judge=judge,
    is_muted=False,
)
