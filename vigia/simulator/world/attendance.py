"""What people make of the roster: who comes, when they come and go, and what they clock.

Rates (assumptions and sources in `domain.md` 1.2): 0.4 % of shifts nobody comes without a word,
3 % somebody calls in sick at short notice, 6 % come more than ten minutes late; more on
weekends, after payday, in rain and during a wave of illness, and by habit.
"""

from __future__ import annotations

import calendar
from datetime import date, timedelta

import numpy as np
import polars as pl

from vigia.domain.calendar import MINUTE_US
from vigia.simulator.config import DAY_US
from vigia.simulator.draws import Bools, Floats, Ints, Stream
from vigia.simulator.world.clock import weekday
from vigia.simulator.world.model import World
from vigia.simulator.world.regions import region_of

NO_SHOWS = 0.004
SHORT_NOTICE = 0.03
SWAPS = 0.02
STOOD_DOWN = 0.003
CANCELLED = 0.002
STOOD_DOWN_WHEN_CLOSED = 0.75
FORGOTTEN_IN, FORGOTTEN_OUT = 0.004, 0.008
LEAVES_EARLY = 0.012
_EPOCH = date(1970, 1, 1)
_METHODS = ("kiosk", "app", "nfc", "face")
_WITH_KIOSK = (0.7, 0.15, 0.05, 0.1)
_WITHOUT = (0.0, 0.66, 0.14, 0.2)

# Arrival is a gamma of minutes after the earliest that anybody comes. Whoever opens a post that
# nobody held before comes earlier than somebody who is waited for.
_EARLIEST_MIN = 16.0
_SHAPE = 3.0
_MEAN_MIN = 13.2
_OPENER = 0.72


def pressure(world: World, plan: pl.DataFrame, weather: pl.DataFrame) -> pl.DataFrame:
    """What makes absence and lateness likelier on each shift.

    Args:
        plan: `site`, `day` (local), `starts_us`.
        weather: `WEATHER`.

    Returns:
        `rain`, `sick`, `weekend` and `after_pay` (0 or 1), one row a shift.
    """
    utc_day = ((plan["starts_us"] - world.config.start_us) // DAY_US).alias("day")
    region = world.sites["region"].gather(plan["site"])
    known = pl.DataFrame([region, utc_day]).join(
        weather, on=["region", "day"], how="left", maintain_order="left"
    )
    day = plan["day"].to_numpy()
    first, last = (day.min(), day.max()) if len(day) else (0, 0)
    after = _after_pay(world, first, last)
    place = world.sites["region"].replace_strict(
        list(after), list(range(len(after))), return_dtype=pl.Int64()
    )
    paid = np.stack(list(after.values()))[place.to_numpy()[plan["site"]], day - first]
    return known.select(
        "rain",
        "sick",
        pl.Series("weekend", (weekday(day) >= 5).astype(np.float64)),
        pl.Series("after_pay", paid),
    )


def _after_pay(world: World, first: int, last: int) -> dict[str, Floats]:
    """By region, 1 on the two days after wages came, for every day of the plan."""
    days = [_EPOCH + timedelta(days=int(d)) for d in range(first, last + 1)]
    after = {}
    for code in world.sites["region"].unique().sort():
        payday = region_of(code).payday
        after[code] = np.array([float(_days_since_pay(d, payday) in (1, 2)) for d in days])
    return after


def _days_since_pay(day: date, payday: int) -> int:
    """Days since the last payday; 0 stands for the last day of the month."""
    on = payday or calendar.monthrange(day.year, day.month)[1]
    if day.day >= on:
        return day.day - on
    before = day.replace(day=1) - timedelta(days=1)
    return day.day + before.day - (payday or before.day)


def outcomes(world: World, plan: pl.DataFrame, when: pl.DataFrame) -> list[str]:
    """What becomes of each shift: worked, absent, no_show, swapped, stood_down or cancelled.

    Absences are drawn without replacement, so that their number is what the rates say, and who
    is absent depends on habit and circumstance.

    Args:
        plan: `PLANNED`.
        when: `pressure` of the same rows.
    """
    key = _key(plan)
    draw = Stream(world.config.seed, "attendance.outcome")
    habit = world.people["punctuality"].to_numpy()[plan["person"]]
    odds = _odds(habit, when)
    post = plan["post"].to_numpy()
    # A post is stood down or a shift called off for everybody on it.
    shift = post, plan["starts_us"].to_numpy()
    closed = draw.chance(STOOD_DOWN_WHEN_CLOSED, *shift, 0) & plan["unneeded"].to_numpy()
    dropped = closed | draw.chance(STOOD_DOWN, *shift, 1)
    cancelled = draw.chance(CANCELLED, *shift, 2) & ~world.posts["must_man"].to_numpy()[post]
    planned = ~(dropped | cancelled)
    no_show = _drawn(draw.uniform(*key, 3), np.where(planned, NO_SHOWS * odds, 0.0))
    likely = SHORT_NOTICE * odds * when["sick"].to_numpy()
    absent = _drawn(draw.uniform(*key, 4), np.where(planned & ~no_show, likely, 0.0))
    swapped = draw.chance(SWAPS, *key, 5)
    found: list[str] = np.select(
        [cancelled, dropped, no_show, absent, swapped],
        ["cancelled", "stood_down", "no_show", "absent", "swapped"],
        "worked",
    ).tolist()
    return found


def _key(plan: pl.DataFrame) -> tuple[Ints, Ints]:
    """What names a shift in draws: its line and its start."""
    return plan["line"].to_numpy(), plan["starts_us"].to_numpy()


def _odds(habit: Floats, when: pl.DataFrame) -> Floats:
    """Odds of absence against the average shift."""
    weekend, paid = when["weekend"].to_numpy(), when["after_pay"].to_numpy()
    rain = when["rain"].to_numpy()
    odds = np.exp(1.8 * (0.68 - habit)) * (0.9 + 0.35 * weekend) * (0.97 + 0.5 * paid)
    drawn: Floats = odds * (1 + 0.3 * rain)
    return drawn


def _drawn(uniform: Floats, chance: Floats) -> Bools:
    """As many rows as the chances add up to, each as likely as its chance says.

    The keys are those of P. S. Efraimidis and P. G. Spirakis, Information Processing Letters 97
    (2006).
    """
    hit = np.zeros(len(chance), dtype=bool)
    possible = np.flatnonzero(chance > 0)
    if not len(possible):
        return hit
    wanted = int(chance.sum() + uniform[possible[0]])
    keys = -np.log(uniform[possible]) / chance[possible]
    hit[possible[np.argsort(keys, kind="stable")[:wanted]]] = True
    return hit


def arrivals(world: World, rows: pl.DataFrame, when: pl.DataFrame) -> Ints:
    """When each worker reaches the post, by habit, rain and weekend.

    Args:
        rows: `line`, `starts_us`, `ends_us`, `worker` (-1 where nobody works).
        when: `pressure` of the same rows.
    """
    draw = Stream(world.config.seed, "attendance.arrival")
    worker = rows["worker"].to_numpy()
    habit = world.people["punctuality"].to_numpy()[worker]
    slow = np.exp(0.75 * (0.7 - habit)) * (1 + 0.3 * when["rain"].to_numpy())
    mean = _MEAN_MIN * slow * (1 + 0.05 * when["weekend"].to_numpy())
    mean = mean * np.where(_opens(rows), _OPENER, 1.0)
    late_s = np.rint((draw.gamma(_SHAPE, mean, *_key(rows), worker) - _EARLIEST_MIN) * 60)
    return np.where(
        worker < 0, -1, rows["starts_us"].to_numpy() + late_s.astype(np.int64) * 1_000_000
    )


def _opens(rows: pl.DataFrame) -> Bools:
    """Whether no shift of the line ends as each one starts."""
    before = rows.select("line", starts_us="ends_us", held=pl.lit(value=True)).unique()
    found = rows.join(before, on=["line", "starts_us"], how="left", maintain_order="left")
    opens: Bools = found["held"].is_null().to_numpy()
    return opens


def departures(world: World, rows: pl.DataFrame) -> Ints:
    """When each worker leaves: at the end, or when the next one has come, or out of patience.

    Args:
        rows: `line`, `shift_us` (start of the shift as planned), `starts_us`, `ends_us`,
            `worker`, `arrives_us`, and `needed` (the shift is not called off).
    """
    draw = Stream(world.config.seed, "attendance.departure")
    key = (*_key(rows), rows["worker"].to_numpy())
    end = rows["ends_us"].to_numpy()
    comes, follows = _next_arrival(rows)
    usual = end + draw.integers(8 * 60, *key, 0) * 1_000_000 - 2 * MINUTE_US
    handed = np.maximum(usual, comes + (60 + draw.integers(240, *key, 1)) * 1_000_000)
    waits_min = np.where(draw.chance(0.1, *key, 2), 4, 25 + draw.integers(60, *key, 3))
    # With nobody on the way the control room asks the guard to stay.
    waits_min = np.where(comes < 0, waits_min + draw.integers(60, *key, 4), waits_min)
    patience = end + waits_min * MINUTE_US
    leaves = np.where(follows, np.where(comes < 0, patience, np.minimum(handed, patience)), usual)
    early = draw.chance(LEAVES_EARLY, *key, 5)
    leaves = np.where(early, end - (8 + draw.integers(30, *key, 6)) * MINUTE_US, leaves)
    arrives = rows["arrives_us"].to_numpy()
    return np.where(arrives < 0, -1, np.maximum(leaves, arrives + 10 * MINUTE_US))


def _next_arrival(rows: pl.DataFrame) -> tuple[Ints, Bools]:
    """When the first person of the line's next shift comes (-1: nobody), and whether there is one."""
    came = pl.col("arrives_us").filter(pl.col("arrives_us") >= 0).min()
    following = (
        rows.filter("needed").group_by("line", "shift_us").agg(came.fill_null(-1).alias("comes"))
    )
    found = rows.join(
        following,
        left_on=["line", "ends_us"],
        right_on=["line", "shift_us"],
        how="left",
        maintain_order="left",
    )["comes"]
    return found.fill_null(-1).to_numpy(), found.is_not_null().to_numpy()


def punches(world: World, rows: pl.DataFrame) -> pl.DataFrame:
    """What is clocked: `clock_in_us`, `clock_out_us` (-1 when forgotten) and `method`."""
    draw = Stream(world.config.seed, "attendance.punch")
    worker = rows["worker"].to_numpy()
    key = (*_key(rows), worker)
    arrives, leaves = rows["arrives_us"].to_numpy(), rows["leaves_us"].to_numpy()
    there = arrives >= 0
    clock_in = arrives + (15 + draw.integers(135, *key, 0)) * 1_000_000
    clock_out = leaves - (10 + draw.integers(80, *key, 1)) * 1_000_000
    kiosk = world.sites["has_kiosk"].to_numpy()[rows["site"]]
    method = np.where(kiosk, draw.choice(_WITH_KIOSK, *key, 2), draw.choice(_WITHOUT, *key, 2))
    forgot_in = draw.chance(FORGOTTEN_IN, *key, 3)
    forgot_out = draw.chance(FORGOTTEN_OUT, *key, 4)
    return pl.DataFrame(
        {
            "clock_in_us": np.where(there & ~forgot_in, clock_in, -1),
            "clock_out_us": np.where(there & ~forgot_out, clock_out, -1),
            "method": [_METHODS[m] for m in method],
        }
    )


def told_us(seed: int, rows: pl.DataFrame) -> Ints:
    """When the company knows that somebody does not come.

    Who calls in sick does so before the shift; who does not call is missed some time after its
    start.

    Args:
        rows: `post`, `starts_us`, `person`, `outcome` (absent or no_show).
    """
    draw = Stream(seed, "attendance.told")
    start = rows["starts_us"].to_numpy()
    key = rows["post"].to_numpy(), start, rows["person"].to_numpy()
    before_min = np.clip(draw.lognormal(180.0, 0.9, *key, 0), 15, 14 * 60).astype(np.int64)
    after_min = 12 + draw.integers(28, *key, 1)
    absent = (rows["outcome"] == "absent").to_numpy()
    told: Ints = start + np.where(absent, -before_min, after_min) * MINUTE_US
    return told
