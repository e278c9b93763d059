"""K02 and K04: rounds that are given up, and guards who are there but do nothing that is due."""

from __future__ import annotations

import polars as pl

from vigia.simulator.effects import Effect
from vigia.simulator.label.case import HOUR_US, MINUTE_US, Case
from vigia.simulator.label.found import found, severity

OUTSIDE_US = 10 * MINUTE_US
NO_SCAN_US = 30 * MINUTE_US
STALLED_US = 45 * MINUTE_US
NEARLY_DONE = 0.8
UNDER_WAY = (pl.col("status") != "completed") | (pl.col("ended_us") > pl.col("detectable_us"))
"""A round that is resumed and completed afterwards was abandoned for a while."""
IDLE_US = 2 * HOUR_US
SLOT_US = 5 * MINUTE_US
FEW_FIXES_US = 90 * MINUTE_US
"""Without positions for so long in two hours there are too few of them."""


def abandoned_tours(case: Case) -> pl.DataFrame:
    """K02: the guard leaves the site in the middle of a tour, or stops for good inside it."""
    runs = _runs(case)
    return pl.concat([_left(case, runs), _stalled(case, runs)])


def _runs(case: Case) -> pl.DataFrame:
    """Runs that were begun, with tour and guard."""
    tours = case.world.tours.select(
        "tour",
        "mandatory",
        "planned_min",
        tour_kind="kind",
        legs=pl.col("checkpoints").list.len().cast(pl.Int64),
    )
    guards = case.manned.select("duty", "post", "worker", "device", "must_man")
    runs = case.fact("tour_run").filter(pl.col("started_us") >= 0)
    runs = runs.join(tours, on="tour").join(guards, on="duty", maintain_order="left")
    leg = pl.col("planned_min") * MINUTE_US // pl.max_horizontal("legs", 1)
    return runs.with_columns(
        # Before the interruption; without a scan the start counts.
        quiet_us=pl.max_horizontal("started_us", "scan_before_us"),
        patience_us=pl.max_horizontal(pl.lit(NO_SCAN_US), 3 * leg),
    )


def _left(case: Case, runs: pl.DataFrame) -> pl.DataFrame:
    """Variant A: outside the fence for ten minutes, and no scan for half an hour."""
    out = runs.filter((pl.col("out_from_us") >= 0) & (pl.col("tour_kind") != "mobile"))
    last = pl.col("last_scan_us")
    quiet = pl.when(last.is_between("quiet_us", "out_from_us")).then(last).otherwise("quiet_us")
    out = out.with_columns(
        detectable_us=pl.max_horizontal(
            pl.col("out_from_us") + OUTSIDE_US, quiet + pl.col("patience_us")
        )
    ).filter((pl.col("detectable_us") <= pl.col("out_to_us")) & UNDER_WAY)
    out = _not_called_away(case, out)
    share = pl.col("scanned") / pl.max_horizontal("planned", 1)
    grave = (pl.col("mandatory") & (pl.col("tour_kind") == "fire_watch")) | pl.col("must_man")
    level = 3 + grave.cast(pl.Int64) - (share >= NEARLY_DONE).cast(pl.Int64)
    return found(
        out,
        "K02",
        subtype="left_site",
        scope_kind="tour_run",
        scope=pl.col("run_code"),
        person=pl.col("worker"),
        onset_us=pl.col("out_from_us"),
        end_us=pl.col("out_to_us"),
        severity=severity(level),
    )


def _not_called_away(case: Case, runs: pl.DataFrame) -> pl.DataFrame:
    """Without those who were sent to an incident."""
    called = case.effects.intervals(Effect.ON_INCIDENT)
    away = called.covers(runs["duty"].to_numpy(), runs["out_from_us"].to_numpy() + MINUTE_US)
    return runs.filter(~pl.Series(away))


def _stalled(case: Case, runs: pl.DataFrame) -> pl.DataFrame:
    """Variant B: inside, away from every open checkpoint, and no scan for 45 minutes."""
    stops = case.effect(Effect.STALLED).select(duty="scope", from_us="from_us", to_us="to_us")
    halted = runs.join(stops, on="duty").filter(
        (pl.col("started_us") < pl.col("from_us")) & (pl.col("quiet_us") <= pl.col("from_us"))
    )
    # The round that was under way is the last one begun.
    halted = (
        halted.sort("started_us", "run_code")
        .unique(["duty", "from_us"], keep="last")
        .sort("run_code")
    )
    halted = halted.with_columns(detectable_us=pl.col("quiet_us") + STALLED_US)
    halted = halted.filter((pl.col("detectable_us") <= pl.col("to_us")) & UNDER_WAY)
    return found(
        halted,
        "K02",
        subtype="stalled",
        scope_kind="tour_run",
        scope=pl.col("run_code"),
        person=pl.col("worker"),
        onset_us=pl.col("from_us"),
        end_us=pl.col("to_us"),
        severity="MEDIUM",
    )


def phantom_guards(case: Case) -> pl.DataFrame:
    """K04: two hours with positions and work due, but neither work nor an answer.

    A guard whose next check is still open has not failed to answer, however long ago the last
    one was.
    """
    idle = _first_within(_idle(case), _owed(case), "due_us")
    idle = _first_within(idle, _unanswered(case), "missed_us")
    idle = idle.with_columns(
        detectable_us=pl.max_horizontal(pl.col("since_us") + IDLE_US, "due_us", "missed_us")
    ).filter(pl.col("detectable_us") <= pl.col("until_us"))
    idle = _with_fixes(case, idle)
    idle = idle.with_columns(subtype=_how(case, idle))
    hidden = pl.col("subtype") != "off_task"
    level = 2 + hidden.cast(pl.Int64) + (pl.col("lone") & pl.col("must_man")).cast(pl.Int64)
    code = pl.lit(case.world.people["code"].gather(idle["worker"]))
    return found(
        idle,
        "K04",
        scope_kind="person",
        scope=code,
        person=pl.col("worker"),
        onset_us=pl.col("since_us"),
        end_us=pl.col("until_us"),
        severity=severity(level),
    )


def _idle(case: Case) -> pl.DataFrame:
    """Stretches of two hours and more without work or answer, of guards of whom work is expected."""
    guards = case.manned.filter(
        (pl.col("here_from_us") >= 0)
        & (pl.col("on_from_us") >= 0)
        & (pl.col("device") >= 0)
        & (pl.col("worker") >= 0)
        & pl.col("work_expected")
        & pl.col("gps_expected")
    )
    work = case.fact("work").filter(pl.col("w_count") > 0)
    answers = case.fact("welfare").filter(pl.col("answered_us") >= 0)
    here = guards.select("duty", at="here_from_us"), guards.select("duty", at="here_to_us")
    signs = pl.concat(
        [
            work.select("duty", first="slot_us", last=pl.col("slot_us") + SLOT_US),
            answers.select("duty", first="answered_us", last="answered_us"),
            *(part.select("duty", first="at", last="at") for part in here),
        ]
    ).sort("duty", "first", "last")
    signs = signs.with_columns(until_us=pl.col("first").shift(-1).over("duty"))
    since = pl.col("last").cum_max().over("duty")
    idle = signs.select("duty", "until_us", since_us=since).filter(
        pl.col("until_us") - pl.col("since_us") >= IDLE_US
    )
    inside = pl.col("since_us") >= pl.col("here_from_us")
    return guards.join(idle, on="duty").filter(inside).sort("duty", "since_us")


def _first_within(idle: pl.DataFrame, moments: pl.DataFrame, name: str) -> pl.DataFrame:
    """Only stretches in which one of some moments of the duty lies, with the first of them."""
    both = idle.sort("since_us").join_asof(
        moments.rename({"at_us": name}).sort(name),
        left_on="since_us",
        right_on=name,
        by="duty",
        strategy="forward",
        check_sortedness=False,
    )
    return both.filter(pl.col(name) < pl.col("until_us")).sort("duty", "since_us")


def _owed(case: Case) -> pl.DataFrame:
    """What was due and not done in its time, with when that was clear: `duty`, `at_us`."""
    task, run = case.fact("task"), case.fact("tour_run")
    late = (pl.col("done_us") < 0) | (pl.col("done_us") > pl.col("due_us"))
    tours = case.world.tours.select("tour", "window_min")
    run = run.join(tours, on="tour", how="left").with_columns(
        window_us=pl.col("due_us") + pl.col("window_min") * MINUTE_US
    )
    begun = pl.col("started_us").is_between(0, "window_us") | (pl.col("status") == "excused")
    return pl.concat(
        [
            task.filter(late).select("duty", at_us="due_us"),
            run.filter(~begun).select("duty", at_us="window_us"),
            _unanswered(case),
        ]
    )


def _unanswered(case: Case) -> pl.DataFrame:
    """Checks that were not answered in their time, with when that was clear."""
    late = (pl.col("answered_us") < 0) | (pl.col("answered_us") > pl.col("closes_us"))
    return case.fact("welfare").filter(late).select("duty", at_us="closes_us")


def _with_fixes(case: Case, idle: pl.DataFrame) -> pl.DataFrame:
    """Only stretches in which usable positions came."""
    start = pl.col("detectable_us") - IDLE_US
    numbered = idle.with_row_index("row")
    dark = case.gap("device_G", 30 * MINUTE_US).rename({"number": "device"})
    lost = (
        numbered.select("row", "device", start.alias("start"), "detectable_us")
        .join(dark, on="device")
        .with_columns(
            lost=pl.min_horizontal("to_us", "detectable_us") - pl.max_horizontal("from_us", "start")
        )
        .filter(pl.col("lost") > 0)
        .group_by("row")
        .agg(pl.col("lost").sum())
        .filter(pl.col("lost") > FEW_FIXES_US)
    )
    return numbered.join(lost, on="row", how="anti", maintain_order="left").drop("row")


def _how(case: Case, idle: pl.DataFrame) -> pl.Series:
    """How the guard hides it, where that was made; else by doing something else."""
    duty = idle["duty"].to_numpy()
    middle = (idle["since_us"] + idle["detectable_us"]).to_numpy() // 2
    parked = case.effects.intervals(Effect.PARKED).covers(duty, middle)
    carried = case.effects.intervals(Effect.CARRIED).covers(duty, middle)
    names = pl.Series(["off_task", "parked_phone", "carried_phones"])
    return names.gather(pl.Series(parked * 1 + (carried & ~parked) * 2))
