"""K10: grave alerts that nobody takes, and escalation chains that do not move on.

A voice on the telephone is an acknowledgement, a chain whose next step answers in time has done
its work, and what comes again while the first is seen to is no other alert.
"""

from __future__ import annotations

import polars as pl

from vigia.simulator.desk.control_room import TARGET_MIN, WAIT_MIN
from vigia.simulator.effects import Effect
from vigia.simulator.label.case import MINUTE_US, Case
from vigia.simulator.label.found import found

NOT_FINAL_US = 5 * MINUTE_US
"""A message is to be delivered, or to have failed, within this time."""
SECOND_US = MINUTE_US // 60
BROKEN_AFTER_US = {
    "no_time": SECOND_US,
    "not_delivered": NOT_FINAL_US,
    "no_target": SECOND_US,
}
"""From the start of the chain until its fault can be known."""


def chain_breaks(case: Case) -> pl.DataFrame:
    """Every K10, one a grave alert; those of one fault form a group."""
    grave = pl.col("severity").is_in(list(TARGET_MIN)) & ~pl.col("repeat")
    alerts = case.fact("alert").filter(grave)
    runs = case.fact("escalation").select("alert_code", "started_us", "fault")
    alerts = alerts.join(runs, on="alert_code", how="left", maintain_order="left")
    target = pl.col("severity").replace_strict(TARGET_MIN, return_dtype=pl.Int64) * MINUTE_US
    step = {severity: waits[0] for severity, waits in WAIT_MIN.items()}
    wait = pl.col("severity").replace_strict(step, return_dtype=pl.Int64) * MINUTE_US
    late_us = pl.col("raised_us") + target
    fault_us = pl.col("fault").replace_strict(BROKEN_AFTER_US, default=None)
    silent_us = pl.when(pl.col("started_us").is_null()).then(late_us).otherwise(late_us + wait)
    known = pl.when(fault_us.is_not_null()).then(pl.col("started_us") + fault_us)
    taken = pl.when(pl.col("acked_us") >= 0).then("acked_us")
    broken = alerts.with_columns(
        detectable_us=known.otherwise(silent_us),
        taken_us=taken.otherwise("resolved_us"),
        subtype=pl.when(fault_us.is_not_null()).then("fault").otherwise(pl.lit("nobody_acts")),
    ).filter(pl.col("detectable_us") < pl.col("taken_us"))
    broken = broken.sort("detectable_us", "alert_code")
    return found(
        broken,
        "K10",
        scope_kind="alert",
        scope=pl.col("alert_code"),
        onset_us=pl.col("raised_us"),
        end_us=pl.col("taken_us"),
        # One more than the alert, which is HIGH at least.
        severity="CRITICAL",
        group=_faults(case, broken),
    )


def _faults(case: Case, broken: pl.DataFrame) -> pl.Expr:
    """The fault that each alert ran into; empty for none."""
    faults = case.effects.intervals(Effect.ESCALATION_FAULT)
    hit = faults.covering(broken["site"].to_numpy(), broken["raised_us"].to_numpy())
    names = [f"fault-{place}" if place >= 0 else "" for place in hit.tolist()]
    return pl.lit(pl.Series(names, dtype=pl.String))
