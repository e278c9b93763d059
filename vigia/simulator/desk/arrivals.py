"""When tickets come: by place, hour, weekday, holiday and weather, and in bursts.

Rates are those of published help desks where there are any: an inhomogeneous Poisson process with
late-morning peaks and strong Mondays, with bursts that excite themselves (branching 0.2, decay
45 minutes; A. G. Hawkes, Biometrika 58, 1971).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from vigia.simulator.config import DAY_US
from vigia.simulator.draws import Bools, Floats, Ints, Stream
from vigia.simulator.effects import Effect, Effects
from vigia.simulator.world.clock import HOUR_US, LocalClock, weekday
from vigia.simulator.world.model import World

PER_SITE_DAY = 0.27
"""Before bursts, rain and the size of the site: about 0.35 with them."""
BRANCHING = 0.2
DECAY_US = 45 * 60_000_000
GENERATIONS = 3

OFFICE = (1, 1, 1, 1, 1, 2, 4, 8, 16, 24, 28, 20, 14, 12, 20, 16, 12, 8, 5, 3, 2, 2, 1, 1)
_FLAT = (7, 6, 6, 6, 6, 6, 7, 8, 9, 10, 10, 9, 9, 9, 9, 9, 9, 9, 9, 8, 8, 8, 7, 7)
_MALL = (1, 1, 1, 1, 1, 1, 2, 4, 6, 10, 14, 14, 12, 12, 12, 12, 14, 18, 20, 20, 16, 10, 4, 2)
_EVENING = (2, 1, 1, 1, 1, 3, 6, 10, 10, 8, 8, 8, 8, 8, 8, 8, 10, 14, 24, 26, 24, 16, 8, 4)
PROFILES: dict[str, tuple[int, ...]] = {
    "hospital": _FLAT,
    "data_centre": _FLAT,
    "bank_atm": _FLAT,
    "mall": _MALL,
    "event": _MALL,
    "residential": _EVENING,
}
"""Weight of each hour of the local day; other archetypes follow an office."""
_WEEK = {"mall": (0.9, 0.9, 0.9, 1.0, 1.1, 1.4, 1.3), "event": (0.6, 0.6, 0.7, 0.8, 1.2, 1.8, 1.6)}
_FLAT_WEEK = (1.1, 1.0, 1.0, 1.0, 1.0, 0.95, 0.95)
_OFFICE_WEEK = (1.25, 1.05, 1.0, 1.0, 0.95, 0.3, 0.3)

ARRIVALS = pl.Schema({"site": pl.Int64(), "opened_us": pl.Int64(), "cause": pl.String()})
"""One row per ticket; `cause`: usual, burst, surge, forced or bulk."""


def ticket_arrivals(world: World, weather: pl.DataFrame, effects: Effects) -> pl.DataFrame:
    """Tickets (`ARRIVALS`) of the whole span, in the order of their opening."""
    usual = _usual(world, weather)
    rows = [usual, *_bursts(world, usual), *_made(world, effects)]
    inside = pl.col("opened_us").is_between(world.config.start_us, world.config.end_us - 1)
    return pl.concat(rows).filter(inside).sort("opened_us", "site", maintain_order=True)


def _usual(world: World, weather: pl.DataFrame) -> pl.DataFrame:
    """Counts by site and hour, then a place in the hour for each ticket."""
    sites, hours = world.sites.height, world.config.days * 24
    site = np.repeat(np.arange(sites), hours)
    hour = np.tile(np.arange(hours), sites)
    rate = _rate(world, weather, site, world.config.start_us + hour * HOUR_US)
    count = Stream(world.config.seed, "desk.arrivals").poisson(rate, site, hour)
    each = np.repeat(np.arange(len(count)), count)
    place = np.arange(len(each)) - np.repeat(np.cumsum(count) - count, count)
    within = Stream(world.config.seed, "desk.minute").uniform(site[each], hour[each], place)
    opened = world.config.start_us + ((hour[each] + within) * HOUR_US).astype(np.int64)
    return _rows(site[each], opened, "usual")


def expected_by_hour(world: World, weather: pl.DataFrame) -> Floats:
    """Expected tickets of the whole span, bursts and what is made to happen aside, by UTC hour."""
    sites, hours = world.sites.height, world.config.days * 24
    site, hour = np.repeat(np.arange(sites), hours), np.tile(np.arange(hours), sites)
    rate = _rate(world, weather, site, world.config.start_us + hour * HOUR_US)
    total: Floats = np.bincount(hour % 24, weights=rate, minlength=24).astype(np.float64)
    return total


def _rate(world: World, weather: pl.DataFrame, site: Ints, at_us: Ints) -> Floats:
    """Expected tickets of a site in the hour that starts at an instant."""
    clock = LocalClock(world)
    local = clock.to_local_us(site, at_us)
    day = local // DAY_US
    kinds = world.sites["archetype"].to_list()
    profile = np.array([PROFILES.get(kind, OFFICE) for kind in kinds], dtype=np.float64)
    profile /= profile.sum(axis=1, keepdims=True)
    week = np.array([_week(kind) for kind in kinds])
    posts = np.bincount(world.posts["site"].to_numpy(), minlength=len(kinds))
    size = 0.5 + 0.25 * np.maximum(posts, 1)
    rate = PER_SITE_DAY * size[site] * profile[site, (local % DAY_US) // HOUR_US]
    rate *= week[site, weekday(day)] * np.where(_holiday(world, site, day), 0.4, 1.0)
    rained: Floats = rate * (1.0 + 0.5 * _rain(world, weather, site, at_us))
    return rained


def _week(kind: str) -> tuple[float, ...]:
    if kind in _WEEK:
        return _WEEK[kind]
    return _FLAT_WEEK if PROFILES.get(kind) is not None else _OFFICE_WEEK


def _holiday(world: World, site: Ints, local_day: Ints) -> Bools:
    days = world.holidays["holiday_on"].to_physical().cast(pl.Int64).to_numpy()
    wide = np.int64(1 << 20)
    known = world.holidays["calendar"].to_numpy() * wide + days
    found: Bools = np.isin(world.sites["calendar"].to_numpy()[site] * wide + local_day, known)
    return found


def _rain(world: World, weather: pl.DataFrame, site: Ints, at_us: Ints) -> Floats:
    regions = {code: n for n, code in enumerate(weather["region"].unique().sort())}
    number = weather["region"].replace_strict(regions, return_dtype=pl.Int64).to_numpy()
    table = np.zeros((len(regions), world.config.days + 1))
    table[number, np.minimum(weather["day"].to_numpy(), world.config.days)] = weather["rain"]
    mine = world.sites["region"].replace_strict(regions, return_dtype=pl.Int64).to_numpy()
    day = np.clip((at_us - world.config.start_us) // DAY_US, 0, world.config.days)
    rain: Floats = table[mine[site], day]
    return rain


def _bursts(world: World, parents: pl.DataFrame) -> list[pl.DataFrame]:
    """Tickets that other tickets cause, a few generations of them."""
    draw = Stream(world.config.seed, "desk.burst")
    found = []
    for generation in range(GENERATIONS):
        site, opened = parents["site"].to_numpy(), parents["opened_us"].to_numpy()
        count = draw.poisson(BRANCHING, site, opened, generation)
        each = np.repeat(np.arange(len(count)), count)
        place = np.arange(len(each)) - np.repeat(np.cumsum(count) - count, count)
        wait = draw.exponential(float(DECAY_US), site[each], opened[each], place)
        parents = _rows(site[each], opened[each] + wait.astype(np.int64), "burst")
        found.append(parents)
    return found


def _made(world: World, effects: Effects) -> list[pl.DataFrame]:
    """Tickets that were made to come: surges, a single one that will breach, bulk imports."""
    draw = Stream(world.config.seed, "desk.made")
    found = []
    for effect, cause in ((Effect.TICKET_SURGE, "surge"), (Effect.TICKETS_IMPORTED, "bulk")):
        spans = effects.intervals(effect)
        for site, start, end, value in zip(
            spans.scope, spans.from_us, spans.to_us, spans.value, strict=True
        ):
            if cause == "bulk":
                # An import writes a few a second.
                opened = start + np.arange(int(value)) * 400_000
            elif value == 0:
                found.append(_rows(np.array([site]), np.array([start]), "forced"))
                continue
            else:
                count = round(value * (end - start) / HOUR_US)
                share = draw.uniform(site, start, np.arange(count))
                opened = start + (share * (end - start)).astype(np.int64)
            found.append(_rows(np.full(len(opened), site), opened, cause))
    return found


def _rows(site: Ints, opened: Ints, cause: str) -> pl.DataFrame:
    frame = pl.DataFrame(
        {"site": site, "opened_us": opened}, schema=dict(list(ARRIVALS.items())[:2])
    )
    return frame.with_columns(pl.lit(cause).alias("cause"))
