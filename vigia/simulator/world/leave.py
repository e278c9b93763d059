"""Leave: who asks for it, and the roster with colleagues in their place.

A request is granted when the planner does not mind and every shift it touches can be covered, so
somebody on leave is never on the roster.
"""

from __future__ import annotations

from bisect import insort

import numpy as np
import polars as pl

from vigia.simulator.config import DAY_US
from vigia.simulator.draws import Stream
from vigia.simulator.world.clock import HOUR_US, LocalClock
from vigia.simulator.world.cover import Diary
from vigia.simulator.world.model import World

SHARE_OF_TIME = 0.045
MEAN_DAYS = 5
WELCOME = 0.9
_KINDS = (("holiday", 0.7), ("family", 0.15), ("training", 0.15))

REQUESTS = pl.Schema(
    {
        "request": pl.Int64(),
        "person": pl.Int64(),
        "site": pl.Int64(),
        "from_us": pl.Int64(),
        "to_us": pl.Int64(),
        "kind": pl.String(),
        "requested_us": pl.Int64(),
        "decided_us": pl.Int64(),
        "welcome": pl.Boolean(),
    }
)
"""One row per leave that a guard asked for, sorted by person and start; whole local days. Leave
that is not `welcome` is refused even if somebody could stand in."""


def requests(world: World, clock: LocalClock) -> pl.DataFrame:
    """The leave that guards ask for (`REQUESTS`)."""
    config = world.config
    guards = world.people.filter(pl.col("role") == "guard")
    draw = Stream(config.seed, "leave")
    count = draw.poisson(config.days * SHARE_OF_TIME / MEAN_DAYS, guards["person"].to_numpy(), 0)
    row = np.repeat(np.arange(guards.height), count)
    turn = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    person, site = (guards[name].to_numpy()[row] for name in ("person", "home_site"))
    first = config.start_us // DAY_US + draw.integers(config.days, person, turn, 1)
    length = 2 + draw.integers(2 * MEAN_DAYS - 3, person, turn, 2)
    start = clock.to_utc_us(site, first * DAY_US)
    asked = start - (10 * DAY_US + draw.integers(30 * 24, person, turn, 3) * HOUR_US)
    waits = HOUR_US + draw.integers(72 * 60, person, turn, 4) * (HOUR_US // 60)
    frame = pl.DataFrame(
        {
            "person": person,
            "site": site,
            "from_us": start,
            "to_us": clock.to_utc_us(site, (first + length) * DAY_US),
            "kind": [_KINDS[k][0] for k in draw.choice([w for _, w in _KINDS], person, turn, 5)],
            "requested_us": asked,
            "decided_us": asked + waits,
            "welcome": draw.chance(WELCOME, person, turn, 6),
        }
    ).sort("person", "from_us")
    # Somebody who asks twice for the same days is counted once.
    again = pl.col("from_us") < pl.col("to_us").cum_max().shift(1).over("person")
    frame = frame.filter(~again.fill_null(value=False)).with_row_index("request")
    return frame.select(REQUESTS.names()).cast(REQUESTS)


def with_leave(planned: pl.DataFrame, asked: pl.DataFrame, diary: Diary) -> pl.DataFrame:
    """The plan with colleagues in place of those whose leave is granted.

    Args:
        planned: `PLANNED`, sorted by start.
        asked: `REQUESTS`.
        diary: Of the plan; changed along with it.
    """
    person = planned["person"].to_list()
    own: dict[int, list[int]] = {}
    for row, number in enumerate(person):
        own.setdefault(number, []).append(row)
    shifts = planned.select("site", "starts_us", "ends_us").rows()
    welcome = asked.filter("welcome").select("person", "from_us", "to_us")
    for number, start, end in welcome.iter_rows():
        rows = [r for r in own.get(number, []) if shifts[r][2] > start and shifts[r][1] < end]
        stand_ins = _stand_ins(diary, number, [shifts[r] for r in rows])
        if stand_ins is None:
            continue
        diary.send_away(number, start, end)
        for row, other in zip(rows, stand_ins, strict=True):
            person[row] = other
            own[number].remove(row)
            insort(own.setdefault(other, []), row)
    return planned.with_columns(person=pl.Series(person, dtype=pl.Int64()))


def _stand_ins(diary: Diary, person: int, shifts: list[tuple[int, int, int]]) -> list[int] | None:
    """Somebody for every shift, booked; or nobody at all when one finds nobody."""
    found: list[int] = []
    for site, start, end in shifts:
        other = diary.find(site, start, end, but=(person,))
        if other < 0:
            for booked, (_, from_, to) in zip(found, shifts, strict=False):
                diary.release(booked, from_, to)
            return None
        diary.book(other, start, end)
        found.append(other)
    for _, start, end in shifts:
        diary.release(person, start, end)
    return found


def granted(asked: pl.DataFrame, duties: pl.DataFrame) -> pl.Series:
    """Whether each request was granted: nobody on the roster is on leave.

    Args:
        asked: `REQUESTS`.
        duties: `DUTIES`; only what was planned counts, whatever became of it.
    """
    planned = duties.select("person", "starts_us", "ends_us")
    clashes = asked.join(planned, on="person").filter(
        (pl.col("starts_us") < pl.col("to_us")) & (pl.col("ends_us") > pl.col("from_us"))
    )
    return asked["welcome"] & ~asked["request"].is_in(clashes["request"].unique().implode())
