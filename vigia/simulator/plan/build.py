"""The plan of a world: what is made to happen, chosen from what could.

Belongs here: the order of choosing (what has few places comes first), overlaps, and putting the
parts together. What is possible is in the kinds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from vigia.simulator.effects import SCHEMA, Effect, Effects
from vigia.simulator.plan import failures, site_traps, sites
from vigia.simulator.plan.apart import kept_apart
from vigia.simulator.plan.catalogue import COHORT, EPISODES, FOUND, OUTAGE, POSITIVES, TRAPS
from vigia.simulator.plan.draft import Draft
from vigia.simulator.plan.fraud import commit_frauds
from vigia.simulator.plan.kinds import wanted_episodes, wanted_traps
from vigia.simulator.plan.ledger import Ledger
from vigia.simulator.plan.model import FRAUDS, INTENTS, MUTES, Plan
from vigia.simulator.plan.model import TRAPS as TRAP_ROWS
from vigia.simulator.plan.reference import idle_windows, reference_of
from vigia.simulator.plan.scenarios import load_scenario
from vigia.simulator.plan.scene import MINUTE_US, Scene
from vigia.simulator.plan.staging import stage
from vigia.simulator.world.model import World

EffectRow = tuple[Effect, int, int, int, float, int]

LONG_OUTAGE_US = 15 * MINUTE_US
"""A natural outage of this length would be mistaken for what is planned beside it."""


def plan_world(world: World, duties: pl.DataFrame, outages: Iterable[EffectRow]) -> Plan:
    """Choose what happens in a world.

    Args:
        world: The world.
        duties: The natural roster (`DUTIES`).
        outages: Natural failures of networks, as effect rows.
    """
    natural = pl.concat([Effects.of(list(outages)).table, SCHEMA.to_frame()])
    scene = Scene(world, duties)
    windows = idle_windows(scene)
    ordinary = (
        failures.natural_deaths(scene),
        site_traps.task_lists(scene),
        site_traps.idle_alerts(windows),
    )
    natural = pl.concat([natural, *ordinary])
    draft = Draft(scene, Ledger(scene))
    draft.mutes.append(windows)
    draft.ledger.block(_long_outages(natural))
    draft.ledger.block(draft.mutes[0].select("site", "from_us", "to_us").iter_rows())
    if world.config.scenario:
        stage(draft, load_scenario(world.config.scenario, world.config))
    _plan_cohorts(draft)
    _plan_outages(draft)
    _plan_frauds(draft)
    _plan_episodes(draft)
    _plan_traps(draft)
    return _finished(draft, natural)


def _long_outages(natural: pl.DataFrame) -> Iterable[tuple[int, int, int]]:
    long = pl.col("to_us") - pl.col("from_us") >= LONG_OUTAGE_US
    down = natural.filter(long & (pl.col("effect") == Effect.NETWORK_DOWN.value))
    return down.select("scope", "from_us", "to_us").iter_rows()


def _plan_frauds(draft: Draft) -> None:
    """The few who commit them have few duties, so they come before what anybody can have."""
    frauds = commit_frauds(draft.scene, draft.ledger)
    draft.effects += frauds.effects
    draft.frauds.append(frauds.table)


def _plan_episodes(draft: Draft) -> None:
    config = draft.scene.world.config
    counts = {kind.name: wanted_episodes(kind, config) for kind in EPISODES}
    beside = {name: _overlapping(draft.scene, name, n) for name, n in counts.items()}
    for kind in EPISODES:
        draft.fill(kind, counts[kind.name] - beside[kind.name])
    for kind in EPISODES:
        missing = draft.fill(kind, beside[kind.name], overlapping=True)
        draft.fill(kind, missing)


def _plan_outages(draft: Draft) -> None:
    wanted = wanted_episodes(OUTAGE, draft.scene.world.config)
    done = 0
    for group in sites.network_outages(draft.scene, wanted):
        if done == wanted:
            return
        picks = draft.ledger.take_group(OUTAGE, group)
        if picks is not None:
            draft.add(OUTAGE, picks)
            done += 1


def _overlapping(scene: Scene, name: str, count: int) -> int:
    """How many of so many episodes overlap another one of their site."""
    share = scene.world.config.knobs.overlap
    return int(scene.stream(f"overlap.{name}").chance(share, np.arange(count)).sum())


def _trap_counts(draft: Draft) -> dict[str, int]:
    return wanted_traps([*TRAPS, COHORT], POSITIVES, draft.scene.world.config)


def _plan_cohorts(draft: Draft) -> None:
    """Phones of a cohort are taken first: for days nothing else may befall them."""
    for group in site_traps.cohorts(draft.scene, _trap_counts(draft)[COHORT.name]):
        picks = draft.ledger.take_group(COHORT, group)
        if picks is not None:
            draft.add(COHORT, picks)


def _plan_traps(draft: Draft) -> None:
    config, scene = draft.scene.world.config, draft.scene
    counts = _trap_counts(draft)
    if config.knobs.traps > 0:
        for kind in FOUND:
            draft.add(kind, draft.ledger.number(kind.candidates(scene, 0)))
            counts[kind.name] = counts.get(kind.name, 0) - draft.traps[-1].height
    for kind in TRAPS:
        draft.fill(kind, counts[kind.name])


def _finished(draft: Draft, natural: pl.DataFrame) -> Plan:
    """The plan, with episodes and traps numbered in no telling order."""
    order = draft.scene.stream("number").bits(np.arange(draft.ledger.count))
    rank = np.argsort(np.argsort(order, kind="stable"), kind="stable")

    def renumbered(frames: Sequence[pl.DataFrame], schema: pl.Schema, name: str) -> pl.DataFrame:
        frame = pl.concat([schema.to_frame(), *frames])
        old = frame[name].to_numpy()
        new = np.where(old < 0, old, rank[np.maximum(old, 0)] if len(rank) else old)
        return frame.with_columns(pl.Series(name, new, dtype=pl.Int64))

    planned = renumbered(draft.effects, SCHEMA, "episode")
    mutes = renumbered(draft.mutes, MUTES, "trap").sort("site", "from_us", "kind", "post")
    return Plan(
        effects=Effects(kept_apart(planned, natural)),
        intents=renumbered(draft.intents, INTENTS, "episode").sort("episode", "site", "duty"),
        traps=renumbered(draft.traps, TRAP_ROWS, "trap").sort("trap", "device"),
        frauds=pl.concat([FRAUDS.to_frame(), *draft.frauds]).sort("duty"),
        mutes=mutes,
        reference=reference_of(draft.scene, mutes),
    )
