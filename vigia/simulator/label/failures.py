"""K12, devices that fail, promises that are broken, and changes of activity.

Belongs here: what is true because it was made so or was measured where it happened, and needs
no judgement of silence or of work.
"""

from __future__ import annotations

import polars as pl

from vigia.simulator.effects import Effect
from vigia.simulator.label.case import HOUR_US, MINUTE_US, NONE, Case
from vigia.simulator.label.found import FOUND, found
from vigia.simulator.plan.crowd import Crowd

SEEN_US = 10 * MINUTE_US
"""A device without data for so long is stale."""
TRACED_US = 15 * MINUTE_US
"""A degradation leaves a trace after some heartbeats."""
LOW_US = 2 * HOUR_US
"""So long before its end a battery that loses 5 % an hour is at 10 %."""
BREACH_AHEAD_US = 2 * HOUR_US
HIGH_RISK = 4


def intrusions(case: Case) -> pl.DataFrame:
    """K12: activity at a site that is closed, with nobody rostered."""
    seen = case.fact("intrusion")
    roster = case.duties.filter(~pl.col("outcome").is_in(["stood_down", "cancelled"]))
    rostered = Crowd.of(roster, "site", "starts_us", "ends_us")
    at = (seen[name].to_numpy() for name in ("site", "from_us", "to_us"))
    seen = seen.filter(~pl.Series(rostered.touches(*at)))
    risk = case.world.sites["risk_tier"].gather(seen["site"])
    level = pl.when(pl.lit(risk) >= HIGH_RISK).then(pl.lit("HIGH")).otherwise(pl.lit("MEDIUM"))
    return found(
        seen,
        "K12",
        scope_kind="site",
        scope=pl.lit(case.world.sites["code"].gather(seen["site"])),
        onset_us=pl.col("from_us"),
        detectable_us=pl.col("from_us"),
        end_us=pl.col("to_us"),
        severity=level,
    )


def device_deaths(case: Case) -> pl.DataFrame:
    """Phones that die while somebody is on duty with them.

    Returns:
        `device`, `worker`, `site`, `death_us`, `back_us`, `failing_us` (-1 when sudden).
    """
    dark = case.effect(Effect.DARK).select(
        device="scope", death_us="from_us", back_us="to_us", episode="episode", drained="value"
    )
    failing = case.effect(Effect.FAILING).select(
        device="scope", failing_us="from_us", death_us="to_us"
    )
    dark = dark.join(failing, on=["device", "death_us"], how="left", maintain_order="left")
    drained = case.drained.select(
        "device",
        death_us="from_us",
        back_us="to_us",
        episode=pl.lit(NONE, dtype=pl.Int64),
        drained=pl.lit(1.0),
        failing_us=pl.col("from_us") - LOW_US,
    )
    dark = pl.concat([dark, drained])
    held = case.manned.filter(pl.col("here_from_us") >= 0)
    held = held.select("device", "worker", "site", "here_from_us", "here_to_us")
    on_duty = dark.join(held, on="device").filter(
        pl.col("death_us").is_between("here_from_us", "here_to_us")
    )
    return on_duty.with_columns(pl.col("failing_us").fill_null(NONE)).sort(
        "death_us", "device", "worker"
    )


def device_failures(case: Case, deaths: pl.DataFrame) -> pl.DataFrame:
    """A device fails: from its first symptom to its death, or at the death when it is sudden."""
    gradual = pl.col("failing_us") >= 0
    onset = pl.when(gradual).then("failing_us").otherwise("death_us")
    known = pl.when(gradual).then(pl.col("failing_us") + TRACED_US)
    end = pl.when(gradual).then("death_us").otherwise("back_us")
    named = pl.when(gradual).then(pl.lit("gradual")).otherwise(pl.lit("sudden"))
    cause = pl.when(pl.col("episode") >= 0).then(pl.lit("injected")).otherwise(pl.lit("natural"))
    return found(
        deaths,
        "DEVICE_FAILURE",
        subtype=named,
        scope_kind="device",
        scope=pl.lit(case.world.devices["code"].gather(deaths["device"])),
        person=pl.col("worker"),
        onset_us=onset,
        detectable_us=known.otherwise(pl.col("death_us") + SEEN_US),
        end_us=end,
        severity="MEDIUM",
        cause=cause,
    )


def broken_promises(case: Case) -> pl.DataFrame:
    """Tickets that nobody resolves in time, to be foreseen two hours before."""
    late = case.fact("ticket").filter("would_breach")
    due = pl.col("due_us") + pl.max_horizontal("paused_us", 0)
    late = late.with_columns(breach_us=due).filter(pl.col("breach_us") < case.world.config.end_us)
    severe = pl.when(pl.col("priority").is_in(["P1", "P2"])).then(pl.lit("HIGH"))
    forced = case.effect(Effect.TICKET_SURGE).filter(
        (pl.col("value") == 0) & (pl.col("episode") >= 0)
    )
    forced = forced.select(site="scope", opened_us="from_us")
    late = late.join(
        forced.with_columns(forced=pl.lit(value=True)),
        on=["site", "opened_us"],
        how="left",
        maintain_order="left",
    )
    cause = pl.when(pl.col("forced").fill_null(value=False)).then(pl.lit("injected"))
    return found(
        late,
        "SLA_BREACH",
        scope_kind="ticket",
        scope=pl.col("number"),
        onset_us=pl.max_horizontal("opened_us", pl.col("breach_us") - BREACH_AHEAD_US),
        detectable_us=pl.col("breach_us"),
        end_us=pl.max_horizontal("resolved_us", "breach_us"),
        severity=severe.otherwise(pl.lit("MEDIUM")),
        cause=cause.otherwise(pl.lit("natural")),
    )


def anomalies(case: Case) -> pl.DataFrame:
    """Changes of a site's activity: level shift, drift, slow fade, and silence of people."""
    rows = case.effect(Effect.METRIC_SHIFT, Effect.METRIC_DRIFT).rename({"scope": "site"})
    if rows.is_empty():
        return FOUND.to_frame()
    shifts = pl.col("effect") == Effect.METRIC_SHIFT.value
    less = pl.col("value") < 1.0
    shift = pl.when(pl.col("value") == 0).then(pl.lit("silence")).otherwise(pl.lit("level_shift"))
    drift = pl.when(less).then(pl.lit("slow_fade")).otherwise(pl.lit("drift"))
    below = pl.lit("ANOMALY_PHONE_EVENTS_BELOW")
    above = pl.lit("ANOMALY_PHONE_EVENTS_ABOVE")
    # Two of three slots for what jumps; what creeps is half way there before it can be told.
    creeping = (pl.col("from_us") + pl.col("to_us")) // 2
    return found(
        rows,
        "ANOMALY",
        subtype=pl.when(shifts).then(shift).otherwise(drift),
        scope_kind="site",
        scope=pl.lit(case.world.sites["code"].gather(rows["site"])),
        onset_us=pl.col("from_us"),
        detectable_us=pl.when(shifts).then(pl.col("from_us") + SEEN_US).otherwise(creeping),
        end_us=pl.col("to_us"),
        severity="MEDIUM",
        expected_type=pl.when(less).then(below).otherwise(above),
        cause="injected",
        params=pl.lit('{"factor":') + pl.col("value").cast(pl.String) + pl.lit("}"),
    )
