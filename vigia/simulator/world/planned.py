"""The roster as planned: every shift of every line, and the person whose turn it is.

Belongs here: what the patterns and calendars say. Leave, swaps and what people make of it are
in `leave`, `attendance` and `roster`.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from vigia.domain.calendar import DAY_US, MINUTE_US
from vigia.simulator.draws import Bools, Ints, Stream
from vigia.simulator.world import rotas
from vigia.simulator.world.clock import LocalClock, weekday
from vigia.simulator.world.model import World

PLANNED = pl.Schema(
    {
        "line": pl.Int64(),
        "site": pl.Int64(),
        "post": pl.Int64(),
        "pattern": pl.Int64(),
        "day": pl.Int64(),
        "starts_us": pl.Int64(),
        "ends_us": pl.Int64(),
        "person": pl.Int64(),
        "unneeded": pl.Boolean(),
    }
)
"""One row per line and shift, sorted by (starts_us, site, post, line). `day`: local day on which
it starts, days since 1970. `unneeded`: the calendar closes the site's public side that day, so
that the post may be stood down."""

_NOON_MIN = 720
_CLOSED, _HALF = 1, 2
_FRONT = ("reception", "gate")


def planned(world: World, clock: LocalClock) -> pl.DataFrame:
    """The shifts that start in the world's span (`PLANNED`)."""
    line = rotas.lines(world.config.seed, world.sites.height, world.posts, world.requirements)
    first = world.config.start_us // DAY_US - 1
    days = np.arange(first, first + world.config.days + 2)
    slot, day = (
        a.ravel() for a in np.meshgrid(np.arange(len(line.slot_line)), days, indexing="ij")
    )
    wanted = (line.slot_days[slot] >> weekday(day)) & 1 == 1
    slot, day = slot[wanted], day[wanted]
    site = line.site[line.slot_line[slot]]
    closed = _closures(world, site, day)
    start, end = _minutes(world, line, slot, site, closed)
    kept = end > start
    slot, day, site, closed = slot[kept], day[kept], site[kept], closed[kept]
    midnight = day * DAY_US
    starts = clock.to_utc_us(site, midnight + start[kept] * MINUTE_US)
    chair = line.slot_line[slot]
    frame = pl.DataFrame(
        {
            "line": chair,
            "site": site,
            "post": line.post[chair],
            "pattern": line.pattern[chair],
            "day": day,
            "starts_us": starts,
            "ends_us": clock.to_utc_us(site, midnight + end[kept] * MINUTE_US),
            "person": _whose_turn(world, line, slot, day),
            "unneeded": _unneeded(world, line.post[chair], closed),
        },
        schema=PLANNED,
    )
    inside = pl.col("starts_us").is_between(world.config.start_us, world.config.end_us, "left")
    return frame.filter(inside).sort("starts_us", "site", "post", "line")


def _closures(world: World, site: Ints, day: Ints) -> Ints:
    """Whether each site is closed, or closes at noon, on each day."""
    numbered = world.holidays.with_columns(
        day=pl.col("holiday_on").to_physical().cast(pl.Int64),
        closed=pl.when(pl.col("kind") == "half_day").then(_HALF).otherwise(_CLOSED),
    )
    calendar = world.sites["calendar"].to_numpy()[site]
    asked = pl.DataFrame({"calendar": calendar, "day": day})
    found = asked.join(
        numbered.select("calendar", "day", "closed"),
        on=["calendar", "day"],
        how="left",
        maintain_order="left",
    )
    closures: Ints = found["closed"].fill_null(0).to_numpy().astype(np.int64)
    return closures


def _minutes(
    world: World, line: rotas.Lines, slot: Ints, site: Ints, closed: Ints
) -> tuple[Ints, Ints]:
    """Start and end by the wall clock of the day; nothing is left of a day that is closed."""
    start = line.slot_start[slot]
    end = start + line.slot_minutes[slot]
    shuts = ~world.sites["round_the_clock"].to_numpy()[site]
    end = np.where(shuts & (closed == _HALF), np.minimum(end, _NOON_MIN), end)
    return start, np.where(shuts & (closed == _CLOSED), start, end)


def _unneeded(world: World, post: Ints, closed: Ints) -> Bools:
    front = world.posts["kind"].is_in(_FRONT).to_numpy() & ~world.posts["must_man"].to_numpy()
    unneeded: Bools = front[post] & (closed == _CLOSED)
    return unneeded


def _whose_turn(world: World, line: rotas.Lines, slot: Ints, day: Ints) -> Ints:
    """The person of the crew whose turn it is."""
    longest = max(len(table) for table in rotas.CYCLES.values())
    crews = np.zeros((len(rotas.PATTERNS), longest, rotas.MOST_SLOTS), dtype=np.int64)
    for number, table in enumerate(rotas.CYCLES.values()):
        crews[number, : len(table), : table.shape[1]] = table
    cycle = np.array([len(table) for table in rotas.CYCLES.values()])
    chair = line.slot_line[slot]
    pattern = line.pattern[chair]
    shifted = Stream(world.config.seed, "rota.phase").integers(cycle[pattern], chair)
    # Crews that change every week change on Mondays.
    weekly = pattern == rotas.PATTERNS.index("two shifts")
    phase = np.where(weekly, shifted // 7 * 7, shifted)
    since_monday = day + 3
    crew = crews[pattern, (since_monday + phase) % cycle[pattern], line.slot_number[slot]]
    site_first = np.cumsum(line.staff) - line.staff
    person: Ints = site_first[line.site[chair]] + line.first[chair] + crew
    return person
