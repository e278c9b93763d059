"""K03 and K08: more work than people can do, and storms of everything at once.

Levels are taken every five minutes. What was dated wrongly when it came is no work that is late.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from vigia.simulator.desk.promises import FIRST_RESPONSE_MIN, ROUND_THE_CLOCK, business_time
from vigia.simulator.label.case import HOUR_US, MINUTE_US, Case
from vigia.simulator.label.found import found, severity
from vigia.simulator.label.slots import SLOT_US, Grid, Slots, stretches, surrounding

WINDOW_US = HOUR_US
OVERDUE_TASKS, LATE_TOURS, ALERTS = 5, 3, 10
"""The three legs of a storm."""
TOUR_GRACE_US = 15 * MINUTE_US
SAME_ALERT_US = 10 * MINUTE_US
"""The same alert of the same thing again within this time is no other alert."""
CALM_SLOTS = 6
AHEAD_US = 2 * HOUR_US
TOO_MUCH = 1.3
WAITING_TICKETS, DELAYED_TASKS = 3, 3
DELAYED_US = 15 * MINUTE_US
SHORT_SLOTS = 6
"""A shortage lasts for half an hour before it is one."""
TICKET_MIN = {"P1": 60.0, "P2": 40.0, "P3": 20.0, "P4": 0.0}
"""What an open ticket takes of the site's people in the next hours; planned work can wait."""
TASK_MIN = {
    "patrol": 12.0,
    "inspection": 10.0,
    "housekeeping": 8.0,
    "escort": 10.0,
    "report": 9.0,
    "compliance": 14.0,
    "client_request": 11.0,
}
NOT_NEEDED = ("stood_down", "cancelled")


def sla_storms(case: Case) -> pl.DataFrame:
    """K03: five overdue tasks, three late tours and ten alerts within an hour, at one site."""
    slots = Slots.of(case.world.config)
    legs = (_overdue(case, slots), _late_tours(case, slots), _alerts(case, slots))
    needs = (OVERDUE_TASKS, LATE_TOURS, ALERTS)
    full = np.sum([leg >= need for leg, need in zip(legs, needs, strict=True)], axis=0)
    half = np.sum([leg >= need / 2 for leg, need in zip(legs, needs, strict=True)], axis=0)
    site, first, _ = stretches(full == len(legs), CALM_SLOTS)
    onset, _ = surrounding(site, first, stretches(full >= 2))
    begins, end = surrounding(site, first, stretches(half >= 2, CALM_SLOTS))
    # A storm that flares up again before it has cleared is the same one.
    fresh = np.r_[True, (np.diff(site) != 0) | (np.diff(begins) != 0)][: len(site)]
    frame = pl.DataFrame(
        {
            "site": site[fresh],
            "onset_us": slots.instant(onset[fresh]),
            "detectable_us": slots.instant(first[fresh]),
            "end_us": slots.instant(end[fresh]),
        }
    )
    return found(frame, "K03", scope_kind="site", scope=site_code(case, frame), severity="CRITICAL")


def site_code(case: Case, frame: pl.DataFrame) -> pl.Expr:
    """Codes of the sites of a frame."""
    return pl.lit(case.world.sites["code"].gather(frame["site"]))


def _open_tasks(case: Case) -> pl.DataFrame:
    """Tasks with the instant at which they stop being open."""
    tasks = case.fact("task").filter(pl.col("created_us") <= pl.col("due_us"))
    closed = pl.max_horizontal("closed_us", "done_us")
    lasts = pl.when(closed >= 0).then(closed).otherwise(pl.col("due_us") + 12 * HOUR_US)
    return tasks.with_columns(until_us=lasts)


def _overdue(case: Case, slots: Slots) -> Grid:
    """Tasks that were overdue at some time of the hour before."""
    late = pl.col("until_us") > pl.col("due_us")
    return slots.level(
        _open_tasks(case).filter(late), pl.col("due_us"), pl.col("until_us") + WINDOW_US
    )


def _late_tours(case: Case, slots: Slots) -> Grid:
    """Tours that were late, or became missed, at some time of the hour before."""
    runs = case.fact("tour_run").filter(pl.col("status") != "excused")
    late_from = pl.col("due_us") + TOUR_GRACE_US
    begun = pl.col("started_us") >= 0
    late_to = pl.when(begun).then("started_us").otherwise("deadline_us")
    late = runs.with_columns(late_from=late_from, late_to=late_to)
    late = late.filter(pl.col("late_from") < pl.col("late_to"))
    return slots.level(late, pl.col("late_from"), pl.col("late_to") + WINDOW_US)


def _alerts(case: Case, slots: Slots) -> Grid:
    """Different alerts that were raised in the hour before."""
    key = ("site", "type", "device")
    alerts = case.fact("alert").sort("raised_us")
    again = pl.col("raised_us") - pl.col("raised_us").shift(1).over(key) < SAME_ALERT_US
    new = alerts.filter(~again.fill_null(value=False))
    return slots.level(new, pl.col("raised_us"), pl.col("raised_us") + WINDOW_US)


def resource_shortages(case: Case) -> pl.DataFrame:
    """K08: work of the next two hours beyond what the people there can do, and waiting."""
    slots = Slots.of(case.world.config)
    tasks, tickets = _open_tasks(case), _tickets(case)
    present, required = _people(case, slots)
    work = (
        _task_minutes(slots, tasks) + _ticket_minutes(slots, tickets) + _tour_minutes(case, slots)
    )
    waiting = slots.level(tickets, pl.col("half_us"), pl.col("responded_us"))
    delayed = slots.level(tasks, pl.col("due_us") + DELAYED_US, pl.col("until_us"))
    lags = (waiting >= WAITING_TICKETS) | (delayed >= DELAYED_TASKS)
    available = TOO_MUCH * present * AHEAD_US / MINUTE_US
    short = lags & (present > 0) & (present <= required) & (work > available)
    site, first, end = stretches(short, 1)
    long = end - first > SHORT_SLOTS
    site, first, end = site[long], first[long], end[long]
    urgent = _urgent(slots, tasks, tickets)[site, first + SHORT_SLOTS] > 0
    frame = pl.DataFrame(
        {
            "site": site,
            "onset_us": slots.instant(first),
            "detectable_us": slots.instant(first) + SHORT_SLOTS * SLOT_US,
            "end_us": slots.instant(end),
            "urgent": urgent,
        }
    )
    return found(
        frame,
        "K08",
        scope_kind="site",
        scope=site_code(case, frame),
        severity=severity(2 + pl.col("urgent").cast(pl.Int64)),
    )


def _people(case: Case, slots: Slots) -> tuple[Grid, Grid]:
    """People who are on duty, and people who should be."""
    on = case.manned.filter(pl.col("on_from_us") >= 0)
    present = slots.level(on, pl.col("on_from_us"), pl.col("on_to_us"))
    needed = needed_duties(case.duties)
    return present, slots.level(needed, pl.col("starts_us"), pl.col("ends_us"))


def needed_duties(duties: pl.DataFrame) -> pl.DataFrame:
    """Duties that the roster asks for: not called off, and nobody's who only stepped in."""
    came = duties.filter(
        pl.col("outcome").is_in(["absent", "no_show"]) & (pl.col("relieved_by") >= 0)
    )
    relief = came.select("shift_code", person="relieved_by")
    wanted = duties.filter(~pl.col("outcome").is_in(NOT_NEEDED))
    return wanted.join(relief, on=["shift_code", "person"], how="anti", maintain_order="left")


def _task_minutes(slots: Slots, tasks: pl.DataFrame) -> Grid:
    minutes = pl.col("kind").replace_strict(TASK_MIN, default=10.0, return_dtype=pl.Float64)
    seen = pl.max_horizontal("created_us", pl.col("due_us") - AHEAD_US)
    return slots.level(tasks, seen, pl.col("until_us"), minutes)


def _tickets(case: Case) -> pl.DataFrame:
    """Tickets with when they stop being open, and when half of the time for an answer is over."""
    tickets = case.fact("ticket")
    parts = [case.fact("ticket").clear().with_columns(half_us=pl.lit(0, dtype=pl.Int64))]
    owner = case.world.sites["tenant"].gather(tickets["site"])
    for tenant in case.world.tenants["tenant"]:
        mine = tickets.filter(owner == tenant)
        hours = business_time(case.world, tenant)
        half = mine["priority"].replace_strict(FIRST_RESPONSE_MIN, return_dtype=pl.Int64)
        half_us = half.to_numpy() * MINUTE_US // 2
        opened = mine["opened_us"].to_numpy()
        always = mine["priority"].replace_strict(ROUND_THE_CLOCK, return_dtype=pl.Boolean)
        counted = hours.add(opened, half_us) if len(opened) else opened
        reached = np.where(always.to_numpy(), opened + half_us, counted)
        parts.append(mine.with_columns(half_us=pl.Series(reached, dtype=pl.Int64)))
    forever = pl.lit(case.world.config.end_us)
    both = pl.concat(parts)
    return both.with_columns(
        pl.when(pl.col(name) >= 0).then(name).otherwise(forever).alias(name)
        for name in ("responded_us", "resolved_us")
    )


def _ticket_minutes(slots: Slots, tickets: pl.DataFrame) -> Grid:
    """Minutes of tickets that are open and not waiting for somebody else.

    A ticket that is paused is taken to be so at the end of its life.
    """
    minutes = pl.col("priority").replace_strict(TICKET_MIN, return_dtype=pl.Float64)
    worked = pl.col("resolved_us") - pl.max_horizontal("paused_us", 0)
    return slots.level(tickets, pl.col("opened_us"), worked, minutes)


def _tour_minutes(case: Case, slots: Slots) -> Grid:
    """Minutes of tours that are due in the next two hours, or late and still to be walked."""
    planned = case.world.tours.select("tour", "planned_min")
    runs = case.fact("tour_run").join(planned, on="tour", how="left")
    over = pl.when(pl.col("started_us") >= 0).then("started_us").otherwise("deadline_us")
    return slots.level(runs, pl.col("due_us") - AHEAD_US, over, pl.col("planned_min"))


def _urgent(slots: Slots, tasks: pl.DataFrame, tickets: pl.DataFrame) -> Grid:
    urgent = pl.col("priority").is_in(["P1", "P2"])
    waiting = slots.level(tickets.filter(urgent), pl.col("half_us"), pl.col("responded_us"))
    late = slots.level(tasks.filter(urgent), pl.col("due_us"), pl.col("until_us"))
    return waiting + late
