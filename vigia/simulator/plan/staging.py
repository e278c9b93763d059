"""Putting a scenario into a plan: its items find their places before anything else does."""

from __future__ import annotations

import numpy as np
import polars as pl

from vigia.domain.errors import VigiaError
from vigia.simulator.effects import Effect
from vigia.simulator.plan.catalogue import BY_NAME, OUTAGE
from vigia.simulator.plan.draft import Draft
from vigia.simulator.plan.fraud import OFFERS, commit
from vigia.simulator.plan.kinds import Claim, Kind
from vigia.simulator.plan.scenarios import Item, Scenario
from vigia.simulator.plan.scene import candidates, no_choice, rows
from vigia.simulator.plan.sites import sharing

TRIALS = 24
"""Intervals that are offered to each duty, so that some lie in the time asked for."""
CLASS_OF_EFFECT = {
    Effect.NETWORK_DOWN: "K01",
    Effect.SILENCE: "K01",
    Effect.TASK_BACKLOG: "K08",
    Effect.TICKET_SURGE: "K08",
    Effect.TOURS_DELAYED: "K03",
    Effect.ALERT_SURGE: "K03",
    Effect.ESCALATION_FAULT: "K10",
    Effect.INTRUSION: "K12",
    Effect.METRIC_SHIFT: "ANOMALY",
    Effect.METRIC_DRIFT: "ANOMALY",
}
"""The class that an effect of a scenario is meant for, where it is meant for one."""


def stage(draft: Draft, scenario: Scenario) -> None:
    """Place every item of a scenario.

    Raises:
        VigiaError: There is no place for one of them in this world.
    """
    scenario.applied(draft.scene.world.config)
    for number, item in enumerate(scenario.items, 1):
        if not _PLACE[item.what](draft, item):
            raise VigiaError(
                f"The scenario {scenario.name!r} finds no place for episode {number} "
                f"({item.what} {item.name}); give it more time, or the world more sites."
            )


def _span(draft: Draft, item: Item) -> tuple[int, int]:
    start = draft.scene.world.config.test_us
    return start + item.from_us, start + item.to_us


def _in_time(draft: Draft, item: Item, offered: pl.DataFrame) -> pl.DataFrame:
    """Candidates that start in the item's time, on no more sites than it wants."""
    start, end = _span(draft, item)
    offered = offered.filter(pl.col("from_us").is_between(start, end, "left"))
    if not item.sites:
        return offered
    best = offered.group_by("site").len().sort("len", "site", descending=[True, False])
    return offered.join(best.head(item.sites), on="site", how="semi", maintain_order="left")


def _place_kind(draft: Draft, item: Item) -> int:
    if item.name == OUTAGE.name:
        return _place_outage(draft, item)
    kind = BY_NAME[item.name]
    offered = pl.concat([kind.candidates(draft.scene, trial) for trial in range(TRIALS)])
    picks = draft.ledger.take(kind, _in_time(draft, item, offered), item.count)
    draft.add(kind, picks)
    return picks.height


def _place_outage(draft: Draft, item: Item) -> int:
    """The largest groups of sites that share an operator or a feeder."""
    done = 0
    for group in sorted(sharing(draft.scene.world.sites), key=lambda g: -g.height):
        sites = group.head(item.sites) if item.sites >= 3 else group
        picks = draft.ledger.take_group(OUTAGE, _during(draft, item, sites))
        if picks is not None:
            draft.add(OUTAGE, picks)
            done += 1
        if done == item.count:
            break
    return done


def _during(draft: Draft, item: Item, sites: pl.DataFrame) -> pl.DataFrame:
    """Sites for the whole of the item's time, a minute or two apart."""
    start, end = _span(draft, item)
    number = sites["site"].to_numpy()
    apart = draft.scene.stream(f"scenario.{item.name}").uniform(number, start, high=120e6)
    return candidates(
        sites.select("site"),
        from_us=pl.Series(start + apart.astype(np.int64)),
        to_us=pl.Series(end + apart.astype(np.int64)),
        value=pl.lit(item.value),
    )


def _place_effect(draft: Draft, item: Item) -> int:
    effect = Effect(item.name)
    kind = Kind(
        CLASS_OF_EFFECT.get(effect, "K03"),
        0,
        Claim.SITE,
        no_choice,
        lambda picks, _: [rows(picks, effect, "site", value=pl.col("value"))],
        "site",
    )
    offered = _during(draft, item, draft.scene.world.sites)
    picks = draft.ledger.take(kind, offered, max(item.sites, item.count))
    draft.add(kind, picks)
    return picks.height


def _place_fraud(draft: Draft, item: Item) -> int:
    offered = _in_time(draft, item, OFFERS[item.name](draft.scene))
    frauds = commit(draft.scene, draft.ledger, item.name, offered, item.count)
    draft.frauds.append(frauds.table)
    draft.effects += frauds.effects
    return frauds.table.height


_PLACE = {
    "class": _place_kind,
    "trap": _place_kind,
    "effect": _place_effect,
    "fraud": _place_fraud,
}
