"""What the roster system tells of who is on which shift.

Assigned when the week is published, confirmed when the person answers, declined or taken off
when somebody calls in sick, relieved, swapped, missed, and completed when the supervisor closes
the shift. A swap that nobody recorded it never learns of.
"""

from __future__ import annotations

import polars as pl

from vigia.domain.calendar import MINUTE_US
from vigia.simulator.draws import Ints, Stream
from vigia.simulator.world import attendance
from vigia.simulator.world.clock import HOUR_US
from vigia.simulator.world.envelope import changes, closing_us, enveloped, instants, step
from vigia.simulator.world.model import World

DECLINED_BEFORE_US = 8 * HOUR_US
"""Who calls so long before the shift declines it; later the planner takes them off."""
_UNCLOCKED_US = 6 * HOUR_US
_NEVER_US = 2**62


def assignments(world: World, rows: pl.DataFrame) -> pl.DataFrame:
    """Every change of every assignment, in the order of their times.

    Args:
        rows: What `roster_events.known` gives.
    """
    seed = world.config.seed
    events = changes(
        seed,
        "assignment_code",
        step(rows, 1, pl.col("assigned_us"), pl.lit("assigned"), verb="assigned"),
        _confirmed(rows),
        *_off(rows),
        *_missed(seed, rows),
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
    """Answers, but for those that came after the assignment was off."""
    at = pl.max_horizontal("confirmed_us", pl.col("assigned_us") + 30_000_000)
    answered = rows.filter(pl.col("confirmed_us") >= 0, at < pl.col("fate_us") - 1_000_000)
    return step(answered.with_columns(confirmed="confirmed_us"), 2, at, pl.lit("confirmed"))


def fates(seed: int, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with when the planner learns that an assignment is off (`fate_us`), if ever.

    Args:
        seed: Of the world.
        rows: `DUTIES` with `assigned_us` and `called_off_us`.
    """
    absent = pl.max_horizontal(
        pl.Series(attendance.told_us(seed, rows)), pl.col("assigned_us") + 45_000_000
    )
    draw = Stream(seed, "roster.swap")
    key = (rows[name].to_numpy() for name in ("post", "starts_us", "person"))
    ahead = pl.Series((150 + draw.integers(4 * 24 * 60, *key)) * MINUTE_US)
    agreed = pl.max_horizontal(pl.col("starts_us") - ahead, pl.col("assigned_us") + 40_000_000)
    return rows.with_columns(
        pl.when(pl.col("outcome") == "absent")
        .then(absent)
        .when(pl.col("outcome") == "swapped")
        .then(agreed)
        .when(pl.col("called_off_us") >= 0)
        .then(pl.col("called_off_us") + 1_000_000)
        .otherwise(_NEVER_US)
        .alias("fate_us")
    )


def _off(rows: pl.DataFrame) -> list[pl.DataFrame]:
    """Shifts called off, swaps, and who called in sick, with who came instead."""
    called_off = rows.filter(pl.col("called_off_us") >= 0)
    swaps = rows.filter(pl.col("outcome") == "swapped").with_columns(relieved="relieved_by")
    absent = rows.filter(pl.col("outcome") == "absent")
    in_time = pl.col("starts_us") - pl.col("fate_us") >= DECLINED_BEFORE_US
    how = pl.when(in_time).then(pl.lit("declined")).otherwise(pl.lit("cancelled"))
    relieved = absent.filter(pl.col("relieved_by") >= 0).with_columns(relieved="relieved_by")
    at = pl.col("fate_us")
    return [
        step(called_off, 3, at, pl.lit("cancelled")),
        step(swaps, 3, at, pl.lit("swapped")),
        step(absent, 3, at, how),
        step(relieved, 4, at + 7 * MINUTE_US, how),
    ]


def _missed(seed: int, rows: pl.DataFrame) -> list[pl.DataFrame]:
    """Who did not come without a word, and who came instead."""
    missed = rows.filter(pl.col("outcome") == "no_show")
    missed = missed.with_columns(told_us=pl.Series(attendance.told_us(seed, missed)))
    noted = pl.col("told_us") + pl.Series(_noted_after(seed, missed))
    relieved = missed.filter(pl.col("relieved_by") >= 0).with_columns(relieved="relieved_by")
    return [
        step(missed, 3, noted, pl.lit("no_show")),
        step(relieved, 4, pl.col("told_us") + 3 * HOUR_US, pl.lit("no_show")),
    ]


def _noted_after(seed: int, missed: pl.DataFrame) -> Ints:
    """How long after somebody is missed the roster says so."""
    draw = Stream(seed, "roster.no_show")
    return (
        30 + draw.integers(80, missed["post"].to_numpy(), missed["starts_us"].to_numpy())
    ) * MINUTE_US


def _completed(seed: int, rows: pl.DataFrame) -> pl.DataFrame:
    """Shifts that the supervisor closed; without a punch it takes a question first."""
    worked = rows.filter(pl.col("outcome").is_in(("worked", "swapped")))
    closing = closing_us(seed, worked["post"], worked["starts_us"], worked["person"])
    asks = pl.when(pl.col("clock_in_us") < 0).then(_UNCLOCKED_US).otherwise(0)
    return step(worked, 5, pl.col("ends_us") + closing + asks, pl.lit("completed"))
