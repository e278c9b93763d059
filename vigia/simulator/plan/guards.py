"""Episodes of a guard, a device or a post: K02, K04 to K07 and K09.

Belongs here: on which duties these are possible, when in the duty, and by which effect. An
interval is longer than the definition asks, so that what nature adds does not undo it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from vigia.simulator.effects import Effect
from vigia.simulator.plan.kinds import Claim, Kind
from vigia.simulator.plan.scene import (
    FIRST_TOUR_US,
    MINUTE_US,
    Scene,
    candidates,
    chosen,
    rows,
    stretched,
)

OUTDOORS = pl.col("gps_expected") & ~pl.col("indoor") & (pl.col("gps_expectation") != "none")
"""A post where positions are expected and can be had."""
EXPOSED = pl.col("lone") | (pl.col("risk_tier") >= 4)
"""A guard who is alone, or at a dangerous site: the distress rule applies."""
TOURING = (
    pl.col("tour").is_not_null()
    & pl.col("leads")
    & pl.col("tour_kind").is_in(["fixed_order", "any_order", "random", "fire_watch"])
)
"""A guard who walks tours inside the fence."""


def in_a_tour(
    frame: pl.DataFrame, scene: Scene, name: str, trial: int, minutes: tuple[float, float]
) -> pl.DataFrame:
    """Give each duty an interval that starts in the middle of one of its tours."""
    stream = scene.stream(name)
    first = pl.col("starts_us") + FIRST_TOUR_US
    last_end = pl.min_horizontal("leaves_us", "ends_us") - int(minutes[1] * MINUTE_US)
    step = pl.col("interval_min") * MINUTE_US
    tours = ((last_end - first - pl.col("planned_min") * MINUTE_US) // step + 1).alias("tours")
    frame = frame.with_columns(tours).filter(pl.col("tours") > 0)
    duty = frame["duty"].to_numpy()
    which = stream.integers(frame["tours"].to_numpy(), duty, trial, 0)
    planned = frame["planned_min"].to_numpy()
    # Rounds start some minutes after they are due, and are longer than planned.
    into = 5.0 + stream.uniform(duty, trial, 1, low=0.3, high=0.6) * planned
    due = frame["starts_us"].to_numpy() + FIRST_TOUR_US
    start = due + which * frame["interval_min"].to_numpy() * MINUTE_US
    start = start + (into * MINUTE_US).astype(np.int64)
    length = stream.uniform(duty, trial, 2, low=minutes[0], high=minutes[1]) * MINUTE_US
    return frame.with_columns(from_us=start, to_us=start + length.astype(np.int64))


def tour_abandonment(scene: Scene, trial: int) -> pl.DataFrame:
    """K02: in the middle of a tour the guard leaves the site, or stops for good inside it."""
    frame = scene.planned.filter(TOURING & OUTDOORS)
    frame = in_a_tour(frame, scene, "K02", trial, (62.0, 115.0))
    stream = scene.stream("K02")
    frame = chosen(frame, stream, trial, {"left_site": 0.75, "stalled": 0.25})
    beyond = stream.uniform(frame["duty"].to_numpy(), trial, 3, low=120.0, high=600.0)
    metres = pl.col("fence_radius_m") + pl.col("buffer_m") + beyond
    return candidates(frame, value=metres.round(0))


def _abandon(picks: pl.DataFrame, _scene: Scene) -> Sequence[pl.DataFrame]:
    left, stalled = _split(picks, "left_site", "stalled")
    return (
        rows(left, Effect.LEAVES_SITE, value=pl.col("value")),
        rows(stalled, Effect.STALLED),
    )


def phantom_guard(scene: Scene, trial: int) -> pl.DataFrame:
    """K04: for two hours and more there are positions, and work is due, but none is done."""
    stream = scene.stream("K04")
    frame = scene.planned.filter(OUTDOORS & pl.col("work_expected"))
    frame = stretched(frame, stream, trial, (175.0, 0.2, 150.0, 270.0))
    carriers = scene.planned.filter(TOURING).select(partner="duty")
    pairs = scene.together().join(carriers, on="partner", how="semi", maintain_order="left")
    partner = pairs.group_by("duty", maintain_order=True).agg(pl.col("partner").first())
    frame = frame.join(partner, on="duty", how="left", maintain_order="left")
    frame = chosen(frame, stream, trial, {"parked_phone": 0.4, "off_task": 0.35, "carried": 0.25})
    carried = (pl.col("subtype") == "carried") & pl.col("partner").is_not_null()
    subtype = pl.col("subtype").replace("carried", "off_task")
    return candidates(
        frame,
        subtype=pl.when(carried).then(pl.lit("carried_phones")).otherwise(subtype),
        partner=pl.when(carried).then(pl.col("partner")),
    )


def _idle(picks: pl.DataFrame, _scene: Scene) -> Sequence[pl.DataFrame]:
    parked, carried, off = _split(picks, "parked_phone", "carried_phones", "off_task")
    return (
        rows(parked, Effect.PARKED),
        rows(carried, Effect.CARRIED, value=pl.col("partner").cast(pl.Float64)),
        rows(off, Effect.NO_WORK),
    )


def gps_failure(scene: Scene, trial: int) -> pl.DataFrame:
    """K05: the phone lives, but for an hour and more it has no usable position."""
    stream = scene.stream("K05")
    frame = scene.planned.filter(OUTDOORS & (pl.col("device") >= 0) & ~pl.col("has_tracker"))
    frame = stretched(frame, stream, trial, (120.0, 0.35, 80.0, 300.0))
    how = stream.choice([4, 3, 2, 1], frame["duty"].to_numpy(), trial, 3)
    names = np.array(["none", "invalid", "inaccurate", "frozen"])
    return candidates(frame, subtype=pl.Series(names[how]), value=pl.Series(how.astype(float)))


def phone_failure(scene: Scene, trial: int) -> pl.DataFrame:
    """K06: positions go on, but for an hour and more not one phone event comes."""
    stream = scene.stream("K06")
    frame = scene.planned.filter(OUTDOORS & (pl.col("device") >= 0))
    return candidates(stretched(frame, stream, trial, (120.0, 0.35, 80.0, 300.0)))


def call_for_help(scene: Scene, trial: int) -> pl.DataFrame:
    """K07 direct: a panic press, a duress code, or a welfare check that nobody answers."""
    stream = scene.stream("K07.direct")
    frame = scene.planned.filter(pl.col("device") >= 0)
    frame = stretched(frame, stream, trial, (80.0, 0.1, 70.0, 95.0))
    frame = chosen(frame, stream, trial, {"panic": 0.6, "duress": 0.2, "missed_check": 0.2})
    exposed = pl.when(EXPOSED).then(pl.col("subtype")).otherwise(pl.lit("panic"))
    short = pl.when(exposed == "missed_check").then(pl.col("to_us"))
    until = short.otherwise(pl.col("from_us") + 20 * MINUTE_US)
    return candidates(frame, subtype=exposed, to_us=until)


def _call(picks: pl.DataFrame, _scene: Scene) -> Sequence[pl.DataFrame]:
    panic, duress, missed = _split(picks, "panic", "duress", "missed_check")
    return (
        rows(panic, Effect.PANIC, value=0.0),
        rows(duress, Effect.PANIC, value=3.0),
        rows(missed, Effect.MISSES_WELFARE),
    )


def motionless(scene: Scene, trial: int) -> pl.DataFrame:
    """K07 inferred: no movement and no touch, and something before it that makes it grave."""
    stream = scene.stream("K07.inferred")
    frame = scene.planned.filter(EXPOSED & OUTDOORS & (pl.col("device") >= 0))
    frame = stretched(frame, stream, trial, (34.0, 0.25, 22.0, 60.0))
    frame = chosen(frame, stream, trial, {"after_fall": 0.6, "panic_history": 0.4})
    before = stream.uniform(frame["duty"].to_numpy(), trial, 3, low=0.15, high=0.8)
    room = pl.col("from_us") - pl.col("arrives_us")
    pressed = pl.col("from_us") - (room * pl.lit(pl.Series(before))).cast(pl.Int64)
    return candidates(frame, value=pressed.cast(pl.Float64))


def _fall(picks: pl.DataFrame, _scene: Scene) -> Sequence[pl.DataFrame]:
    fallen, earlier = _split(picks, "after_fall", "panic_history")
    pressed = pl.col("value").cast(pl.Int64)
    end = pressed + MINUTE_US
    return (
        rows(fallen, Effect.STILL, value=1.0),
        rows(earlier, Effect.STILL),
        rows(earlier, Effect.PANIC, value=2.0, from_us=pressed, to_us=end),
    )


def coverage_gap(scene: Scene, trial: int) -> pl.DataFrame:
    """K09: somebody who is rostered does not come, comes far too late, or leaves too early."""
    stream = scene.stream("K09")
    frame = scene.planned.filter(pl.col("must_man") | pl.col("work_expected"))
    frame = frame.filter(pl.col("ends_us") - pl.col("starts_us") > 240 * MINUTE_US)
    duty = frame["duty"].to_numpy()
    frame = chosen(frame, stream, trial, {"no_show": 0.4, "late": 0.4, "left_early": 0.2})
    minutes = stream.lognormal(55.0, 0.45, duty, trial, 0)
    frame = frame.with_columns(value=pl.Series(np.clip(minutes, 28.0, 170.0).round(1)))
    return candidates(
        frame,
        value=pl.when(pl.col("subtype") == "no_show").then(1.0).otherwise(pl.col("value")),
        from_us=pl.col("starts_us"),
        to_us=pl.col("ends_us"),
    )


def _uncover(picks: pl.DataFrame, _scene: Scene) -> Sequence[pl.DataFrame]:
    absent, late, early = _split(picks, "no_show", "late", "left_early")
    amount = pl.col("value")
    return (
        rows(absent, Effect.ABSENT, value=amount),
        rows(late, Effect.LATE_BY, value=amount),
        rows(early, Effect.LEAVES_EARLY, value=amount),
    )


def _split(picks: pl.DataFrame, *subtypes: str) -> list[pl.DataFrame]:
    return [picks.filter(pl.col("subtype") == name) for name in subtypes]


KINDS: tuple[Kind, ...] = (
    Kind("K07.inferred", 10, Claim.SITE, motionless, _fall, least=1),
    Kind("K07.direct", 20, Claim.SITE, call_for_help, _call, least=2),
    Kind("K02", 40, Claim.SITE, tour_abandonment, _abandon),
    Kind("K04", 40, Claim.SITE, phantom_guard, _idle),
    Kind(
        "K05",
        60,
        Claim.SITE,
        gps_failure,
        lambda picks, _: [rows(picks, Effect.GPS_LOST, "device", value=pl.col("value"))],
        "device",
    ),
    Kind(
        "K06",
        40,
        Claim.SITE,
        phone_failure,
        lambda picks, _: [rows(picks, Effect.APP_DEAD, "device")],
        "device",
    ),
    Kind("K09", 60, Claim.SITE, coverage_gap, _uncover, "post"),
)
"""The rarer the place for it, the earlier it is given one."""
