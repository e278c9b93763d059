"""A plan in the making: what has been chosen so far, and what follows from it.

Belongs here: keeping choices and their consequences together. What to choose is for `build` and
`staging`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from vigia.simulator.plan.kinds import Kind
from vigia.simulator.plan.ledger import Ledger
from vigia.simulator.plan.model import INTENTS, TRAPS
from vigia.simulator.plan.reference import mutes_of
from vigia.simulator.plan.scene import Scene

TRIALS = 6
"""How often other intervals are offered when the first ones do not suffice."""


@dataclass
class Draft:
    """What has been chosen so far.

    Attributes:
        scene: The world.
        ledger: Who has been given what.
        intents: Episodes (`INTENTS`).
        traps: Look-alikes (`TRAPS`).
        frauds: Fraudulent duties (`FRAUDS`).
        effects: Effect rows.
        mutes: Periods that are explained (`MUTES`).
    """

    scene: Scene
    ledger: Ledger
    intents: list[pl.DataFrame] = field(default_factory=list)
    traps: list[pl.DataFrame] = field(default_factory=list)
    frauds: list[pl.DataFrame] = field(default_factory=list)
    effects: list[pl.DataFrame] = field(default_factory=list)
    mutes: list[pl.DataFrame] = field(default_factory=list)

    def add(self, kind: Kind, picks: pl.DataFrame) -> None:
        """Keep what was chosen for a kind, and what makes it."""
        if kind.tempting:
            self.traps.append(_as_traps(kind, picks))
            self.mutes.append(mutes_of(kind, picks, self.scene))
        else:
            self.intents.append(_as_intents(kind, picks))
        self.effects += kind.effects(picks, self.scene)

    def fill(self, kind: Kind, wanted: int, *, overlapping: bool = False) -> int:
        """Choose so many of a kind, or as many as there is room for; how many are missing."""
        for trial in range(TRIALS):
            if wanted <= 0:
                break
            offered = kind.candidates(self.scene, trial)
            picks = self.ledger.take(kind, offered, wanted, overlapping=overlapping)
            self.add(kind, picks)
            wanted -= picks.height
        return wanted


def _as_intents(kind: Kind, picks: pl.DataFrame) -> pl.DataFrame:
    named = picks.with_columns(pl.lit(kind.episode_class).alias("class"))
    direct = pl.lit(kind.name.partition(".")[2])
    return named.with_columns(
        subtype=pl.when(pl.col("subtype") == "").then(direct).otherwise(pl.col("subtype"))
    ).select(pl.col(name).cast(dtype) for name, dtype in INTENTS.items())


def _as_traps(kind: Kind, picks: pl.DataFrame) -> pl.DataFrame:
    return picks.with_columns(
        trap="episode",
        kind=pl.lit(kind.name),
        scope_kind=pl.lit(kind.scope_kind),
        tempting_type=pl.lit(kind.tempting),
    ).select(pl.col(name).cast(dtype) for name, dtype in TRAPS.items())
