"""K07: calls for help, checks that nobody answers, and people who do not move any more."""

from __future__ import annotations

import numpy as np
import polars as pl

from vigia.simulator.draws import Ints
from vigia.simulator.effects import Effect
from vigia.simulator.label.case import HOUR_US, MINUTE_US, Case
from vigia.simulator.label.found import found

TRUE_PRESSES = {0: "panic", 3: "duress"}
"""Presses that are calls for help; tests and presses in the pocket are not."""
VERIFIED_US = 30 * MINUTE_US
"""About when a human has verified a call and closes it."""
NEXT_CHECK_US = 150 * MINUTE_US
"""Missed checks of one duty no further apart than this are one silence."""
STILL_US, STILL_AT_RISK_US = 10 * MINUTE_US, 5 * MINUTE_US
HISTORY_US = 24 * HOUR_US
HIGH_RISK = 4


def distress(case: Case) -> pl.DataFrame:
    """Every K07, direct and inferred."""
    return pl.concat([_calls(case), _missed_checks(case), _motionless(case)])


def _calls(case: Case) -> pl.DataFrame:
    """A panic press or a duress code; known when it arrives."""
    panic = case.fact("panic").filter(pl.col("value").is_in(list(TRUE_PRESSES)))
    panic = panic.join(case.manned.select("duty", "worker"), on="duty").sort("at_us", "duty")
    arrives = _arrival(case, panic["site"].to_numpy(), panic["at_us"].to_numpy())
    return found(
        panic,
        "K07",
        subtype=pl.col("value").replace_strict(TRUE_PRESSES, return_dtype=pl.String),
        scope_kind="person",
        scope=_person(case, panic),
        person=pl.col("worker"),
        onset_us=pl.col("at_us"),
        detectable_us=pl.lit(pl.Series(arrives)),
        end_us=pl.lit(pl.Series(arrives)) + VERIFIED_US,
        severity="CRITICAL",
    )


def _arrival(case: Case, site: Ints, at_us: Ints) -> Ints:
    """When what happens at a site arrives: at once, or when its network is back."""
    down = case.effects.intervals(Effect.NETWORK_DOWN)
    hit = down.covering(site, at_us)
    if not len(down):
        return at_us
    arrives: Ints = np.where(hit >= 0, down.to_us[hit], at_us)
    return arrives


def _person(case: Case, frame: pl.DataFrame) -> pl.Expr:
    return pl.lit(case.world.people["code"].gather(frame["worker"]))


def _missed_checks(case: Case) -> pl.DataFrame:
    """Checks that were not answered in their time by somebody who was on duty.

    Where nobody is there and is only checked in, it is the person of the roster who does not answer:
    a controller cannot know better.
    """
    guards = case.manned.filter(pl.col("on_from_us") >= 0).with_columns(
        worker=pl.when(pl.col("worker") >= 0).then("worker").otherwise("person")
    )
    checks = case.fact("welfare").join(
        guards.select("duty", "worker", "post", "on_from_us", "on_to_us"), on="duty"
    )
    missed = checks.filter(
        pl.col("result").is_in(["missed", "late"])
        & (pl.col("on_from_us") <= pl.col("due_us"))
        & (pl.col("closes_us") <= pl.col("on_to_us"))
    ).sort("duty", "due_us")
    apart = pl.col("due_us") - pl.col("due_us").shift(1).over("duty") > NEXT_CHECK_US
    missed = missed.with_columns(spell=apart.fill_null(value=False).cum_sum().over("duty"))
    answered = pl.when(pl.col("answered_us") >= 0).then("answered_us").otherwise("closes_us")
    spells = missed.group_by("duty", "spell", maintain_order=True).agg(
        pl.first("site", "worker", "post"),
        onset_us=pl.col("due_us").min(),
        detectable_us=pl.col("closes_us").min(),
        end_us=pl.max_horizontal(answered.max(), pl.col("closes_us").max()) + VERIFIED_US,
    )
    spells = _in_stillness(case, spells)
    return found(
        spells,
        "K07",
        subtype="missed_check",
        scope_kind="person",
        scope=_person(case, spells),
        person=pl.col("worker"),
        severity="CRITICAL",
    )


def _in_stillness(case: Case, spells: pl.DataFrame) -> pl.DataFrame:
    """The same with a `group`: a check missed because somebody lies still is no case of its own."""
    both = spells.select("duty", "spell", "detectable_us").join(_still(case), on="duty")
    both = both.filter(pl.col("detectable_us").is_between("from_us", "to_us"))
    both = both.select("duty", "spell", group=_group(pl.col("duty"))).unique()
    return spells.join(both, on=["duty", "spell"], how="left", maintain_order="left")


def _group(duty: pl.Expr) -> pl.Expr:
    return pl.format("still-{}", duty)


def _motionless(case: Case) -> pl.DataFrame:
    """Alone or in danger, without a step or a touch, after something that makes it grave."""
    still = case.effect(Effect.STILL).select(
        pl.col("scope").alias("duty"), "from_us", "to_us", fell=pl.col("value") == 1
    )
    still = still.join(case.manned.filter(pl.col("worker") >= 0), on="duty").filter(
        pl.col("lone") | (pl.col("risk_tier") >= HIGH_RISK)
    )
    needed = pl.when(pl.col("risk_tier") >= HIGH_RISK).then(STILL_AT_RISK_US).otherwise(STILL_US)
    still = still.join(_first_late_check(case), on=["duty", "from_us"], how="left").join(
        _last_press(case), on=["duty", "from_us"], how="left"
    )
    grave_us = (
        pl.when(pl.col("fell") | pl.col("pressed_us").is_not_null())
        .then("from_us")
        .otherwise("late_us")
    )
    still = still.with_columns(
        detectable_us=pl.max_horizontal(pl.col("from_us") + needed, grave_us)
    )
    still = still.filter(grave_us.is_not_null() & (pl.col("detectable_us") <= pl.col("to_us")))
    still = still.sort("from_us", "duty")
    pressed = pl.col("pressed_us").is_not_null()
    history = pl.when(pressed).then(pl.lit("panic_history")).otherwise(pl.lit("late_check"))
    return found(
        still,
        "K07",
        subtype=pl.when("fell").then(pl.lit("after_fall")).otherwise(history),
        scope_kind="person",
        scope=_person(case, still),
        person=pl.col("worker"),
        onset_us=pl.col("from_us"),
        end_us=pl.col("to_us"),
        severity="HIGH",
        group=_group(pl.col("duty")),
    )


def _still(case: Case) -> pl.DataFrame:
    return case.effect(Effect.STILL).select("from_us", "to_us", duty="scope")


def _first_late_check(case: Case) -> pl.DataFrame:
    """The first check that goes late while somebody lies still: `late_us`."""
    late = case.fact("welfare").filter(pl.col("result") != "ok")
    both = _still(case).join(late.select("duty", "closes_us"), on="duty")
    both = both.filter(pl.col("closes_us").is_between("from_us", "to_us"))
    return both.group_by("duty", "from_us").agg(late_us=pl.col("closes_us").min())


def _last_press(case: Case) -> pl.DataFrame:
    """The last press of the same person's panic button in the 24 hours before: `pressed_us`."""
    pressed = case.fact("panic").select("duty", "at_us")
    workers = case.manned.select("duty", "worker")
    pressed = pressed.join(workers, on="duty").select("worker", "at_us")
    both = _still(case).join(workers, on="duty").join(pressed, on="worker")
    ago = pl.col("from_us") - pl.col("at_us")
    both = both.filter(ago.is_between(0, HISTORY_US))
    return both.group_by("duty", "from_us").agg(pressed_us=pl.col("at_us").max())
