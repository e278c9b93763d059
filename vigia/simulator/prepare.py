"""What is settled before any event: the world, its roster, what will befall it, its help desk."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from vigia.simulator.config import DAY_US, WorldConfig
from vigia.simulator.days import by_day
from vigia.simulator.draws import Ints
from vigia.simulator.effects import Effects
from vigia.simulator.plan.model import Plan
from vigia.simulator.world.model import EventFrames, World


@dataclass(frozen=True)
class Made:
    """A world before its first event.

    Attributes:
        duties: `DUTIES`, after everything that befalls the roster.
        plan: What is made to happen, and what of it is a trap.
        desk_facts: True facts of help desk and control room.
        reference: What exists, as events.
        system: Events of rosters, help desk and control room over the whole span.
    """

    world: World
    weather: pl.DataFrame
    duties: pl.DataFrame
    plan: Plan
    desk_facts: dict[str, pl.DataFrame]
    reference: EventFrames = field(repr=False)
    system: EventFrames = field(repr=False)

    @property
    def effects(self) -> Effects:
        """Everything that was made to happen, and what happened by itself."""
        return self.plan.effects

    @cached_property
    def tenant_of_site(self) -> Ints:
        """The tenant of each site, by number."""
        numbers: Ints = self.world.sites["tenant"].to_numpy()
        return numbers

    def duties_of(self, sites: pl.Series, day: int) -> pl.DataFrame:
        """The duties of some sites that are planned to start on a day of the world."""
        start = self.world.config.start_us + day * DAY_US
        mine = pl.col("site").is_between(sites.min(), sites.max())
        return self._duties_by_day.get(start // DAY_US, self.duties.clear()).filter(mine)

    def system_events(self, day: int) -> EventFrames:
        """Events of one day; those from before the world come with its first day."""
        return self._system_by_day.get(day, {})

    def reference_tables(self, tenant: int) -> dict[str, pl.DataFrame]:
        """What exists for one tenant, one frame a table, in the columns of its events."""
        tables = {}
        for table, frames in sorted(self.reference.items()):
            rows = [self._of_tenant(frame, tenant) for frame in frames]
            tables[table] = pl.concat(rows, how="diagonal_relaxed")
        return tables

    def _of_tenant(self, frame: pl.DataFrame, tenant: int) -> pl.DataFrame:
        owner = self.world.sites["tenant"]
        site = pl.col("_site")
        known = site.replace_strict(self.world.sites["site"], owner, default=None)
        given = pl.col("_tenant") if "_tenant" in frame.columns else pl.lit(0)
        mine = frame.filter(pl.coalesce(known, given) == tenant)
        return mine.select(n for n in frame.columns if not n.startswith(("_", "ce_")))

    @cached_property
    def _duties_by_day(self) -> dict[int, pl.DataFrame]:
        return by_day(self.duties, pl.col("starts_us"))

    @cached_property
    def _system_by_day(self) -> dict[int, EventFrames]:
        first = self.world.config.start_us // DAY_US
        found: dict[int, EventFrames] = {}
        for table, frames in self.system.items():
            for frame in frames:
                at = pl.col("ce_time").to_physical().clip(lower_bound=first * DAY_US)
                for day, part in by_day(frame, at).items():
                    found.setdefault(day - first, {}).setdefault(table, []).append(part)
        return found


def prepare(config: WorldConfig) -> Made:
    """Settle everything that is not an event yet; deterministic in the configuration."""
    from vigia.simulator.desk.reference import desk_reference_events
    from vigia.simulator.desk.simulate import simulate_desk
    from vigia.simulator.plan.build import plan_world
    from vigia.simulator.plan.scenarios import load_scenario
    from vigia.simulator.world.build import build_world
    from vigia.simulator.world.conditions import natural_outages, weather
    from vigia.simulator.world.reference import reference_events
    from vigia.simulator.world.roster import roster, with_effects
    from vigia.simulator.world.roster_events import roster_events

    if config.scenario:
        config = load_scenario(config.scenario, config).applied(config)
    world = build_world(config)
    skies = weather(world)
    planned = roster(world, skies)
    plan = plan_world(world, planned, natural_outages(world))
    duties = with_effects(world, planned, plan.effects)
    desk = simulate_desk(world, skies, duties, plan.effects, plan.mutes)
    return Made(
        world,
        skies,
        duties,
        plan,
        desk.facts,
        merged(reference_events(world), desk_reference_events(world), plan.reference),
        merged(roster_events(world, duties), desk.events),
    )


def merged(*parts: EventFrames) -> EventFrames:
    """Event frames of several makers, side by side."""
    together: EventFrames = {}
    for part in parts:
        for table, frames in part.items():
            together.setdefault(table, []).extend(frames)
    return together
