"""The truth of a world, table by table."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from vigia.simulator.label.case import Case
from vigia.simulator.label.coverage import deficits, shift_gaps
from vigia.simulator.label.episodes import all_episodes
from vigia.simulator.label.failures import device_deaths
from vigia.simulator.label.lookalikes import traps
from vigia.simulator.label.oracle import resolutions, verdicts
from vigia.simulator.label.things import labels
from vigia.simulator.prepare import Made


def label(
    made: Made, facts: Mapping[str, pl.DataFrame], gaps: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """Every truth table but that of poison, which the observation layer knows.

    Args:
        made: The world, its roster, plan and desk.
        facts: True facts of the ground, of all shards.
        gaps: Silence by the clock of arrival (`emit.gaps.GAP`).
    """
    case = Case(made.world, made.duties, made.plan, {**facts, **made.desk_facts}, gaps)
    return truth_of(case)


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
