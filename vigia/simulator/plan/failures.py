"""What fails: devices, gradually or at once, and promises to people who wait for an answer.

Belongs here: injected device failures and forced breaches of service levels, and the sudden
deaths of devices that happen everywhere by themselves (`domain.md` 6.4).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from vigia.simulator.config import DAY_US
from vigia.simulator.effects import Effect
from vigia.simulator.plan.kinds import Claim, Kind
from vigia.simulator.plan.scene import HOUR_US, MINUTE_US, Scene, candidates, chosen, rows
from vigia.simulator.plan.sites import anywhere

SUDDEN_PER_DEVICE_DAY = 0.0005
RUNS_OUT_US = 4 * DAY_US + 12 * HOUR_US
"""Until most promises of the help desk are broken, a weekend between."""
GRADUAL = 0.7
"""Share of injected failures that announce themselves."""


def device_failure(scene: Scene, trial: int) -> pl.DataFrame:
    """A phone that dies on duty; `value` is the instant of its death.

    A gradual one degrades for some hours before; the phone is back an hour after the duty.
    """
    stream = scene.stream("failure")
    frame = scene.planned.filter(
        (pl.col("device") >= 0) & (pl.col("leaves_us") - pl.col("arrives_us") > 5 * HOUR_US)
    )
    duty = frame["duty"].to_numpy()
    frame = chosen(frame, stream, trial, {"gradual": GRADUAL, "sudden": 1 - GRADUAL})
    begins = frame["arrives_us"] + pl.Series(
        (stream.uniform(duty, trial, 0, low=15.0, high=60.0) * MINUTE_US).astype(np.int64)
    )
    room = (frame["leaves_us"] - 30 * MINUTE_US - begins).to_numpy()
    length = np.minimum(stream.lognormal(170.0, 0.35, duty, trial, 1) * MINUTE_US, room)
    death = begins + pl.Series(np.maximum(length, 75.0 * MINUTE_US).astype(np.int64))
    from_us = pl.when(pl.col("subtype") == "gradual").then(begins).otherwise(death)
    return candidates(
        frame,
        from_us=from_us,
        to_us=pl.col("leaves_us") + HOUR_US,
        value=death.cast(pl.Float64),
    )


def _fail(picks: pl.DataFrame, _scene: Scene) -> Sequence[pl.DataFrame]:
    death = pl.col("value").cast(pl.Int64)
    gradual = pl.col("subtype") == "gradual"
    drained = pl.when(gradual).then(1.0).otherwise(0.0)
    return (
        rows(picks.filter(gradual), Effect.FAILING, "device", to_us=death),
        rows(picks, Effect.DARK, "device", from_us=death, value=drained),
    )


def forced_breach(scene: Scene, trial: int) -> pl.DataFrame:
    """A ticket that nobody resolves in time; early enough for its time to run out."""
    config = scene.world.config
    frame = anywhere(scene, "breach", trial, 8, (4.0, 12.0))
    span = config.end_us - config.test_us
    latest = config.test_us + max(span - RUNS_OUT_US, 3 * span // 5)
    return candidates(frame.filter(pl.col("from_us") < latest))


def natural_deaths(scene: Scene) -> pl.DataFrame:
    """Sudden deaths of devices over the whole world, as effect rows of no episode."""
    config, stream = scene.world.config, scene.stream("deaths")
    # Phones of those who visit sites belong to none, and nobody watches them.
    known = scene.world.devices.filter(pl.col("site") >= 0)["device"].to_numpy()
    device = np.repeat(known, config.days)
    day = np.tile(np.arange(config.days), len(known))
    dies = stream.chance(SUDDEN_PER_DEVICE_DAY, device, day, 0)
    device, day = device[dies], day[dies]
    death = config.start_us + day * DAY_US
    death = death + (stream.uniform(device, day, 1) * DAY_US).astype(np.int64)
    hours = stream.uniform(device, day, 2, low=5.0, high=30.0)
    frame = pl.DataFrame({"device": device, "from_us": death})
    frame = frame.with_columns(
        to_us=pl.col("from_us") + pl.Series((hours * HOUR_US).astype(np.int64)),
        episode=pl.lit(-1, dtype=pl.Int64),
    )
    return rows(frame, Effect.DARK, "device")


KINDS: tuple[Kind, ...] = (
    Kind("DEVICE_FAILURE", 80, Claim.SITE, device_failure, _fail, "device"),
    Kind(
        "SLA_BREACH",
        60,
        Claim.SITE,
        forced_breach,
        lambda picks, _: [rows(picks, Effect.TICKET_SURGE, "site")],
        "site",
    ),
)
