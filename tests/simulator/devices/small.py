"""A hand-made world for the tests of devices and of the observation layer.

Every site has two posts (the second under a roof), each manned round the clock in two duties of
twelve hours. People walk in a circle for the first third of every hour and stand for the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

import numpy as np
import polars as pl

from vigia.simulator.config import DAY_US, Knobs, WorldConfig
from vigia.simulator.effects import Effects
from vigia.simulator.world import model
from vigia.simulator.world.model import Shard, World

HOUR_US = 3_600_000_000
MINUTE_US = 60_000_000
ENVIRONMENTS = ("open", "urban", "canyon")
STEP_MPS = 1.2


class Place(NamedTuple):
    """What `Movement.at` of the ground gives."""

    x_m: np.ndarray
    y_m: np.ndarray
    mode: np.ndarray
    indoor: np.ndarray
    speed_mps: np.ndarray


@dataclass(frozen=True)
class Circling:
    """A stand-in for the ground: everybody circles at 20 metres from the post, then stands.

    Attributes:
        indoor: Duties that are under a roof all the time.
        vehicle: Duties that drive instead of walking.
    """

    indoor: frozenset[int] = frozenset()
    vehicle: frozenset[int] = frozenset()

    def at(self, duty, t_us):
        """Where everybody is."""
        walked = self.walked_m(duty, t_us)
        walks = t_us % HOUR_US < HOUR_US // 3
        mode = np.where(walks, np.where(np.isin(duty, list(self.vehicle)), 2, 1), 0)
        indoor = np.isin(duty, list(self.indoor))
        speed = np.where(walks, STEP_MPS, 0.0)
        angle = walked / 20.0
        return Place(20 * np.cos(angle), 20 * np.sin(angle), mode.astype(np.int8), indoor, speed)

    def walked_m(self, duty, t_us):
        """Metres on foot since 1970."""
        hours, rest = np.divmod(t_us, HOUR_US)
        seconds = hours * 1_200 + np.minimum(rest, HOUR_US // 3) / 1e6
        return seconds % 864_000 * STEP_MPS


def frame(schema, count, **columns):
    """A frame of a schema; what is not given holds numbers, names or emptiness."""
    fillers = {pl.Int64: 0, pl.Float64: 0.5, pl.String: "x", pl.Boolean: False}
    values = {
        name: columns[name]
        if name in columns
        else [fillers.get(kind.base_type()) for _ in range(count)]
        for name, kind in schema.items()
    }
    return pl.DataFrame(values, schema=schema)


def world_of(sites=3, *, days=3, test_days=2, seed=7, knobs=None, trackers=False, teams=1):
    """A world with four people and phones a site and team, and maybe a tracker at each post."""
    config = WorldConfig(
        seed=seed,
        sites=sites,
        learn_days=days - test_days,
        test_days=test_days,
        start_on=date(2026, 3, 2),
        knobs=knobs or Knobs(),
    )
    site, post, person = np.arange(sites), np.arange(2 * sites), np.arange(4 * sites * teams)
    home = person % (4 * sites) // 4
    phones = len(person)
    kinds = ["phone"] * phones + (["tracker"] * len(post) if trackers else [])
    count = len(kinds)
    return World(
        config=config,
        tenants=frame(model.TENANTS, 1, slug=["sentinel"]),
        clients=frame(model.CLIENTS, 1),
        calendars=frame(model.CALENDARS, 1),
        holidays=frame(model.HOLIDAYS, 0),
        sites=frame(
            model.SITES,
            sites,
            site=site,
            code=[f"S{n + 1:04}" for n in site],
            lat=40.4 + 0.01 * site,
            lon=-3.7 + 0.01 * site,
            tz=["Europe/Madrid"] * sites,
            gps_expectation=["good"] * sites,
            environment=[ENVIRONMENTS[n % 3] for n in site],
        ),
        zones=frame(model.ZONES, 0),
        posts=frame(
            model.POSTS,
            len(post),
            post=post,
            code=[f"S{n // 2 + 1:04}-P{n % 2 + 1}" for n in post],
            site=post // 2,
            indoor=post % 2 == 1,
            x_m=np.zeros(len(post)),
            y_m=np.zeros(len(post)),
        ),
        requirements=frame(model.REQUIREMENTS, 0),
        people=frame(
            model.PEOPLE,
            len(person),
            person=person,
            code=[f"G{n + 1:05}" for n in person],
            home_site=home,
            phone_care=(person % 10) / 10,
        ),
        devices=frame(
            model.DEVICES,
            count,
            device=np.arange(count),
            code=[f"D{n + 1:05}" for n in range(count)],
            kind=kinds,
            person=[*person, *[-1] * (count - phones)],
            post=[*[-1] * phones, *range(count - phones)],
            site=[*home, *[n // 2 for n in range(count - phones)]],
            drain_pct_h=[5.0] * count,
            dozes=[n % 4 == 2 for n in range(count)],
        ),
        checkpoints=frame(model.CHECKPOINTS, 0),
        tours=frame(model.TOURS, 0),
    )


def duties_of(world, day=0, team=0):
    """Four duties a site: both posts from 06:00 and from 18:00 UTC, twelve hours each."""
    count = 4 * world.sites.height
    number = np.arange(count)
    site, turn = number // 4, number // 2 % 2
    starts = world.config.start_us + day * DAY_US + 6 * HOUR_US + turn * 12 * HOUR_US
    worker = team * count + number
    return frame(
        model.DUTIES,
        count,
        duty=day * count + number,
        site=site,
        post=2 * site + number % 2,
        person=worker,
        worker=worker,
        device=worker,
        starts_us=starts,
        ends_us=starts + 12 * HOUR_US,
        arrives_us=starts - 4 * MINUTE_US,
        leaves_us=starts + 12 * HOUR_US + 3 * MINUTE_US,
        clock_in_us=starts - 2 * MINUTE_US,
        method=["app"] * count,
        outcome=["worked"] * count,
    )


def shard_of(world, *, day=0, effects=(), sites=None, duties=None, team=0):
    """The duties of one day, of all sites or some; `effects` in the order of `effects.SCHEMA`."""
    chosen = world.sites["site"] if sites is None else pl.Series(sites)
    duties = duties_of(world, day, team) if duties is None else duties
    mine = duties.filter(pl.col("site").is_in(chosen.to_list()))
    return Shard(world, chosen, day, mine, Effects.of(list(effects)))


def indoor_duties(world, days=3):
    """Duties of the posts that are under a roof."""
    return frozenset(range(1, 4 * world.sites.height * days, 2))


def with_knobs(world, **changes):
    """The same world, harder or easier to read."""
    knobs = replace(world.config.knobs, **changes)
    return replace(world, config=replace(world.config, knobs=knobs))
