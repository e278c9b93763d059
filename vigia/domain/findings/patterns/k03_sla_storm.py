"""K03: tasks, tours and alerts of a site all go wrong within the same hour.

One leg alone is an ordinary bad hour. Two say that a storm is building up, three that it is there.
What was dated wrongly when it came is no task that is late, and one device that flaps raises one
alert, not thirty. Legs are levels, taken at the slots in which metrics are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from vigia.domain.findings.pattern import Leg, Pattern, Verdict, scopes
from vigia.domain.findings.types import ScopeKind, Severity
from vigia.domain.watch.known import Known
from vigia.domain.watch.moments import MINUTE_US, Bools, Floats, Grid
from vigia.domain.watch.slots import SLOT_US, Slots, known_at
from vigia.domain.watch.things import latest
from vigia.domain.watch.work import widened

_STORM_SLOTS = 72
"""A storm that has not flared up for six hours is no longer the one that is on."""


@dataclass(frozen=True, slots=True)
class SlaStormPolicy:
    """Numbers of K03.

    Attributes:
        window_min: How far back each leg looks.
        overdue_tasks: Tasks that were overdue within the window.
        late_tours: Tours that were late or missed within it.
        alerts: Different alerts that were raised within it.
        share_pct: Of what was due within it, so much must be late: at large sites more than
            the counts above.
        tour_grace_min: So long after it was due a tour is not late yet.
        calm_min: How long two legs must stay below half to be clear.
    """

    window_min: float = 60
    overdue_tasks: float = 5
    late_tours: float = 3
    alerts: float = 10
    share_pct: float = 30
    tour_grace_min: float = 15
    calm_min: float = 30


@dataclass(frozen=True, slots=True)
class _Taken:
    """A leg by slot: how much there is, and how much is too much."""

    name: str
    value: Grid
    bound: Floats


def judge(known: Known, policy: SlaStormPolicy) -> Iterator[Verdict]:
    """Storms, and storms that are building up."""
    things = known.things
    calm_slots = round(policy.calm_min * MINUTE_US) // SLOT_US
    slots = Slots(known.moments, _STORM_SLOTS + calm_slots + 1)
    at_slots = known_at(known, slots.starts)
    taken = (_tasks(at_slots, policy), _tours(at_slots, policy), _alerts(at_slots, policy))
    legs = tuple(Leg(t.name, slots.spread(t.value), slots.spread(t.bound)) for t in taken)
    full, half = _legs_at(taken, 1.0), _legs_at(taken, 0.5)
    active = things.is_active[:, None]
    calm = slots.spread(half < 2)
    goes_on = slots.spread(_goes_on(full == len(legs), half < 2, calm_slots))
    full = slots.spread(full)
    shape = full.shape
    of = scopes(things.site_ids, site_id=things.site_ids)
    window, hold = timedelta(minutes=policy.window_min), timedelta(minutes=policy.calm_min)
    figures = {"client is vip": np.broadcast_to(_is_vip(known)[:, None], shape)}
    yield Verdict(
        "CORRELATION_SLA_STORM",
        ScopeKind.SITE,
        of,
        (full == len(legs)) & active,
        np.full(shape, Severity.CRITICAL.rank),
        window,
        cleared=calm,
        hold=hold,
        legs=legs,
        figures=figures,
    )
    yield Verdict(
        "SLA_STORM_EMERGING",
        ScopeKind.SITE,
        of,
        (full == len(legs) - 1) & ~goes_on & active,
        np.full(shape, Severity.HIGH.rank),
        window,
        cleared=calm | (full == len(legs)),
        hold=hold,
        legs=legs,
        figures=figures,
    )


def _legs_at(taken: Sequence[_Taken], share: float) -> Grid:
    """How many legs reach a share of their bound, by slot."""
    total = np.zeros(taken[0].value.shape, dtype=np.int32)
    for leg in taken:
        total += leg.value >= leg.bound * share
    return total


def _goes_on(storm: Bools, calm: Bools, calm_slots: int) -> Bools:
    """Slots in which a storm of the last hours has not been followed by calm yet."""
    place = np.arange(storm.shape[1])
    last_storm = np.maximum.accumulate(np.where(storm, place, -1), axis=1)
    last_unrest = np.maximum.accumulate(np.where(calm, -1, place), axis=1)
    settled = np.maximum.accumulate(np.where(place - last_unrest > calm_slots, place, -1), axis=1)
    on: Bools = (last_storm >= 0) & (settled < last_storm) & (place - last_storm <= _STORM_SLOTS)
    return on


def _bound(count: float, due: Grid, policy: SlaStormPolicy) -> Floats:
    bound: Floats = np.maximum(due * (policy.share_pct / 100), count)
    return bound


def _tasks(known: Known, policy: SlaStormPolicy) -> _Taken:
    """Tasks that were overdue at some time of the window."""
    work, window_us = known.work, round(policy.window_min * MINUTE_US)
    from_due = pl.max_horizontal("from_us", "due_us")
    late = widened(work.tasks.with_columns(from_us=from_due), "task_id", window_us)
    # A due time that was withdrawn before it came was never one.
    held = work.tasks.filter(pl.col("until_us") >= pl.min_horizontal("due_us", "over_us"))
    due = work.at_sites(held, from_due, pl.col("due_us") + window_us)
    value = work.at_sites(late, pl.col("from_us"), pl.col("until_us"))
    return _Taken("overdue tasks", value, _bound(policy.overdue_tasks, due, policy))


def _tours(known: Known, policy: SlaStormPolicy) -> _Taken:
    """Tours that were late, or missed, at some time of the window, and not excused."""
    work, window_us = known.work, round(policy.window_min * MINUTE_US)
    grace_us = round(policy.tour_grace_min * MINUTE_US)
    from_due = pl.max_horizontal("from_us", pl.col("due_us") + grace_us)
    walked = pl.min_horizontal("until_us", "begun_us", "missed_us")
    late = work.tours.with_columns(from_us=from_due, until_us=walked)
    late = widened(late, "run_id", window_us)
    # What is excused needs no walking any more, from the moment on at which it is told.
    until = pl.min_horizontal("until_us", "excused_us")
    value = work.at_sites(late, pl.col("from_us"), until)
    due = work.at_sites(work.tours, from_due, pl.col("due_us") + grace_us + window_us)
    return _Taken("late tours", value, _bound(policy.late_tours, due, policy))


def _alerts(known: Known, policy: SlaStormPolicy) -> _Taken:
    """Different alerts that were raised within the window."""
    new = known.work.alerts.filter(~pl.col("is_repeat"))
    value = known.moments.count(
        len(known.things.site_ids),
        known.things.sites(new["site_id"]),
        new["raised_us"].to_numpy(),
        new["from_us"].to_numpy(),
        round(policy.window_min * MINUTE_US),
    )
    return _Taken("different alerts", value, np.full(value.shape, policy.alerts))


def _is_vip(known: Known) -> Bools:
    """Sites whose client is to be told at once."""
    tiers = latest(known.facts["client"], "client_id").select("client_id", "tier")
    site = known.things.site.select("client_id")
    both = site.join(tiers, on="client_id", how="left", maintain_order="left")
    vip: Bools = both["tier"].eq("vip").fill_null(value=False).to_numpy()
    return vip


PATTERN = Pattern(
    code="K03",
    name="SLA storm",
    kinds=("CORRELATION_SLA_STORM", "SLA_STORM_EMERGING"),
    signals=("tasks", "tours", "alerts"),
    look_back=timedelta(hours=24),
    precondition="the site is active",
    evidence=("backlog", "tours", "alert_clusters", "staffing"),
    severity="CRITICAL, and the client is told where it is vip; building up is HIGH",
    clears="two legs below half for 30 minutes",
    traps=(
        "tasks imported in bulk or dated wrongly",
        "one flapping device",
        "drill",
        "planned shutdown",
        "tours that are excused",
    ),
    policy=SlaStormPolicy(),
    judge=judge,
)
