"""What the roster system tells of who is on which shift.

Assigned when the week is published, confirmed when the person answers, declined or taken off
when somebody calls in sick, relieved, swapped, missed, and completed when the supervisor closes
the shift. A swap that nobody recorded it never learns of.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from vigia.domain.calendar import MINUTE_US
from vigia.simulator.draws import Stream
from vigia.simulator.world import attendance
from vigia.simulator.world.clock import HOUR_US
from vigia.simulator.world.envelope import changes, closing_us, enveloped, instants, step
from vigia.simulator.world.model import World

DECLINED_BEFORE_US = 8 * HOUR_US
"""Who calls so long before the shift declines it; later the planner takes them off."""
_UNCLOCKED_US = 6 * HOUR_US
_UPDATED = pl.lit(None, pl.String())


def assignments(world: World, rows: pl.DataFrame) -> pl.DataFrame:
    """Every change of every assignment, in the order of their times.

    Args:
        rows: What `roster_events.known` gives.
    """
    seed = world.config.seed
    off = rows.filter(pl.col("called_off_us") >= 0)
    events = changes(
        seed,
        "assignment_code",
        step(rows, 1, pl.col("assigned_us"), pl.lit("assigned"), verb="assigned"),
        _confirmed(rows),
        step(off, 3, pl.col("called_off_us") + 1_000_000, pl.lit("cancelled")),
        *_missing(seed, rows),
        _swapped(seed, rows),
        _completed(seed, rows),
    )
    code = world.people["code"]
    relieved = events["relieved"].fill_null(-1)
    named = events.select(
        pl.col("assignment_code").alias("assignment_id"),
        pl.col("shift_code").alias("shift_id"),
        code.gather(events["person"]).alias("person_id"),
        "status",
        instants(pl.col("confirmed").fill_null(-1)).alias("confirmed_at"),
        code.gather(relieved.clip(lower_bound=0)).set(relieved < 0, None).alias("relieved_by"),
        ".id",
        ".site_code",
        "_site",
        "_tenant",
        pl.col("duty").alias("_duty"),
        ".verb",
        ".at_us",
    )
    return enveloped(
        named,
        "shift_assignment",
        source="roster",
        ids=pl.col(".id"),
        verb=pl.col(".verb"),
        at_us=pl.col(".at_us"),
    )


def _confirmed(rows: pl.DataFrame) -> pl.DataFrame:
    answered = rows.filter(pl.col("confirmed_us") >= 0)
    at = pl.max_horizontal("confirmed_us", pl.col("assigned_us") + 30_000_000)
    return step(answered.with_columns(confirmed="confirmed_us"), 2, at, pl.lit("confirmed"))


def _missing(seed: int, rows: pl.DataFrame) -> list[pl.DataFrame]:
    """Who called in sick, who was missed, and who came instead."""
    gone = rows.filter(pl.col("outcome").is_in(("absent", "no_show")))
    told = pl.Series(attendance.told_us(seed, gone))
    gone = gone.with_columns(told_us=told)
    earliest = pl.col("assigned_us") + 45_000_000
    absent = gone.filter(pl.col("outcome") == "absent")
    in_time = pl.col("starts_us") - pl.col("told_us") >= DECLINED_BEFORE_US
    how = pl.when(in_time).then(pl.lit("declined")).otherwise(pl.lit("cancelled"))
    missed = gone.filter(pl.col("outcome") == "no_show")
    relieved = gone.filter(pl.col("relieved_by") >= 0).with_columns(relieved="relieved_by")
    sick = pl.max_horizontal("told_us", earliest)
    entered = pl.max_horizontal("told_us", earliest) + 7 * MINUTE_US
    noted = pl.Series(_noted_after(seed, missed))
    return [
        step(absent, 3, sick, how),
        step(missed, 3, pl.col("told_us") + noted, pl.lit("no_show")),
        step(relieved.filter(pl.col("outcome") == "absent"), 4, entered, how),
        step(
            relieved.filter(pl.col("outcome") == "no_show"),
            4,
            pl.col("told_us") + 3 * HOUR_US,
            pl.lit("no_show"),
        ),
    ]


def _noted_after(seed: int, missed: pl.DataFrame) -> np.ndarray:
    """How long after somebody is missed the roster says so."""
    draw = Stream(seed, "roster.no_show")
    return (
        30 + draw.integers(80, missed["post"].to_numpy(), missed["starts_us"].to_numpy())
    ) * MINUTE_US


def _swapped(seed: int, rows: pl.DataFrame) -> pl.DataFrame:
    """Swaps that the planner was told of, hours to days ahead."""
    swaps = rows.filter(pl.col("outcome") == "swapped")
    draw = Stream(seed, "roster.swap")
    key = swaps["post"].to_numpy(), swaps["starts_us"].to_numpy(), swaps["person"].to_numpy()
    ahead = pl.Series((150 + draw.integers(4 * 24 * 60, *key)) * MINUTE_US)
    at = pl.max_horizontal(pl.col("starts_us") - ahead, pl.col("assigned_us") + 40_000_000)
    return step(swaps.with_columns(relieved="relieved_by"), 3, at, pl.lit("swapped"))


def _completed(seed: int, rows: pl.DataFrame) -> pl.DataFrame:
    """Shifts that the supervisor closed; without a punch it takes a question first."""
    worked = rows.filter(pl.col("outcome").is_in(("worked", "swapped")))
    closing = closing_us(seed, worked["post"], worked["starts_us"], worked["person"])
    asks = pl.when(pl.col("clock_in_us") < 0).then(_UNCLOCKED_US).otherwise(0)
    return step(worked, 5, pl.col("ends_us") + closing + asks, pl.lit("completed"))
