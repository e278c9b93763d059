"""The truth of a world, table by table."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from vigia.simulator.devices.failing import dark_phones
from vigia.simulator.effects import Effect
from vigia.simulator.label.case import DRAINED, Case
from vigia.simulator.label.coverage import deficits, shift_gaps
from vigia.simulator.label.episodes import all_episodes
from vigia.simulator.label.failures import device_deaths
from vigia.simulator.label.lookalikes import traps
from vigia.simulator.label.oracle import resolutions, verdicts
from vigia.simulator.label.things import labels
from vigia.simulator.prepare import Made
from vigia.simulator.world.model import Shard


def label(
    made: Made, facts: Mapping[str, pl.DataFrame], gaps: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """Every truth table but that of poison, which the observation layer knows.

    Args:
        made: The world, its roster, plan and desk.
        facts: True facts of the ground, of all shards.
        gaps: Silence by the clock of arrival (`emit.gaps.GAP`).
    """
    known = {**facts, **made.desk_facts}
    return truth_of(Case(made.world, made.duties, made.plan, known, gaps, drained_phones(made)))


def drained_phones(made: Made) -> pl.DataFrame:
    """Phones whose battery died without anybody planning it (`case.DRAINED`)."""
    planned, sites = made.effects.intervals(Effect.DARK), made.world.sites["site"]
    parts = [DRAINED.to_frame()]
    for day in range(made.world.config.days):
        shard = Shard(made.world, sites, day, made.duties_of(sites, day), made.effects)
        dark = dark_phones(shard)
        own = ~planned.covers(dark.scope, dark.from_us)
        columns = [column[own] for column in (dark.scope, dark.from_us, dark.to_us)]
        parts.append(pl.DataFrame(columns, schema=DRAINED))
    return pl.concat(parts)


def truth_of(case: Case) -> dict[str, pl.DataFrame]:
    """The truth tables of a case."""
    lack = deficits(case)
    shifts, deaths = shift_gaps(case, lack), device_deaths(case)
    episodes = all_episodes(case, lack, shifts, deaths).named(case)
    looks = traps(case)
    return {
        "gt_episode": episodes,
        "gt_trap": looks,
        "gt_label": labels(case, shifts, deaths),
        "gt_resolution": resolutions(case, episodes),
        "gt_verdict": verdicts(case, episodes, looks),
    }
