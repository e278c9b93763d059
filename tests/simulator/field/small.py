"""Small worlds for tests of the ground: a few sites, one day, and what is made to happen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from uuid import UUID

import polars as pl

from vigia.domain.telemetry.clock import ClockRule
from vigia.simulator.config import DAY_US, Knobs, WorldConfig
from vigia.simulator.effects import Effect, Effects
from vigia.simulator.field.simulate import Ground, simulate_field
from vigia.simulator.world.build import build_world
from vigia.simulator.world.conditions import weather
from vigia.simulator.world.model import Shard, World
from vigia.simulator.world.roster import roster, with_effects

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAY = 1
"""The day of the shards: a Tuesday."""
TENANT = UUID(int=7)
CLOCK = ClockRule(now=datetime(2030, 1, 1, tzinfo=UTC))

Row = tuple[Effect, int, int, int, float]


@lru_cache(maxsize=4)
def lived(sites: int = 16, seed: int = 1) -> tuple[World, pl.DataFrame]:
    """A world and its natural duties."""
    config = WorldConfig(seed=seed, sites=sites, learn_days=1, test_days=2)
    world = build_world(config)
    return world, roster(world, weather(world))


def shard(
    rows: list[Row] | None = None,
    *,
    sites: tuple[int, int] | None = None,
    day: int = DAY,
    seed: int = 1,
    **knobs: float,
) -> Shard:
    """A shard of the small world: sites from one to another (excluded), and effects."""
    world, duties = lived(seed=seed)
    if knobs:
        world = replace(world, config=replace(world.config, knobs=Knobs(**knobs)))
    effects = Effects.of([(*row, -1) for row in rows or []])
    duties = with_effects(world, duties, effects)
    start = world.config.start_us + day * DAY_US
    first, end = sites or (0, world.sites.height)
    mine = duties.filter(
        pl.col("starts_us").is_between(start, start + DAY_US, closed="left"),
        pl.col("site").is_between(first, end - 1),
    )
    return Shard(world, world.sites["site"].slice(first, end - first), day, mine, effects)


@lru_cache(maxsize=1)
def plain() -> tuple[Shard, Ground]:
    """A day on which nothing is made to happen."""
    quiet = shard()
    return quiet, simulate_field(quiet)


def ground(rows: list[Row], **more: float) -> tuple[Shard, Ground]:
    """A day with effects."""
    busy = shard(rows, **more)
    return busy, simulate_field(busy)


def duties(at: Shard, **wanted: object) -> pl.DataFrame:
    """Duties that somebody works from start to end, with what is known of post and site."""
    posts = at.world.posts.select("post", "kind", "work_expected")
    sites = at.world.sites.select(
        "site", "fence_radius_m", "buffer_m", "risk_tier", "has_access_control"
    )
    tours = at.world.tours.select("post", "interval_min", "planned_min", "tour")
    long = pl.col("ends_us") - pl.col("starts_us") >= 8 * HOUR_US
    known = (
        at.duties.filter(pl.col("worker") >= 0, pl.col("device") >= 0, long)
        .join(posts, on="post")
        .join(sites, on="site")
        .join(tours, on="post", how="left")
        .sort("duty")
    )
    return known.filter(*(pl.col(name) == value for name, value in wanted.items()))


def toured(at: Shard) -> dict[str, int]:
    """A duty of a patrol with tours, as a row."""
    return duties(at, kind="patrol").filter(pl.col("tour").is_not_null()).row(0, named=True)


def events(made: Ground, table: str) -> pl.DataFrame:
    """All events of a table, by time."""
    frames = made.events.get(table, [])
    if not frames:
        return pl.DataFrame(schema={"_duty": pl.Int64(), "_site": pl.Int64()})
    return pl.concat(frames, how="diagonal_relaxed").sort("ce_time")


def of_duty(made: Ground, table: str, duty: int) -> pl.DataFrame:
    """Events of one duty."""
    return events(made, table).filter(pl.col("_duty") == duty)


def micros(column: str) -> pl.Expr:
    """An instant as microseconds."""
    return pl.col(column).to_physical()
