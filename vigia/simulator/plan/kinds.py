"""What can be planned: how often, where, by which effects, and what it needs for itself.

Belongs here: the shape of a kind, and how counts follow from the size of a world. The kinds
themselves are in `guards`, `sites`, `failures`, `anomalies` and `lookalikes`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

import polars as pl

from vigia.simulator.config import WorldConfig
from vigia.simulator.plan.scene import Scene

STANDARD_SITE_DAYS = 100 * 14
"""The rates of `domain.md` 6.5 are for 100 sites and 14 days."""
LEAST = 3

Choices: TypeAlias = Callable[[Scene, int], pl.DataFrame]
"""Candidates (`CANDIDATE`) of a scene; another trial gives others."""
Doing: TypeAlias = Callable[[pl.DataFrame, Scene], Sequence[pl.DataFrame]]
"""Effect rows of what was picked (`CANDIDATE` and its `episode`)."""


class Claim(IntEnum):
    """What a planned thing needs for itself, beside its duty and device."""

    DEVICE = -1
    """Its duty and device alone, whatever goes on around it."""
    DUTY = 0
    """Nothing else: other things may go on at the site."""
    SITE = 1
    """The site, unless it is meant to overlap."""
    ALONE = 2
    """The site, with nothing beside it at all: it silences or hides the rest."""
    BACKGROUND = 3
    """No other slow change of the site."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of episode or trap.

    Attributes:
        name: Class of the episode, or kind of the trap.
        rate: Per 100 sites and 14 days.
        claim: What it needs for itself.
        candidates: Where and when it could be.
        effects: How it is made.
        scope_kind: What it befalls: duty, device, person, post or site.
        tempting: For a trap, the class that a careless rule reports; empty for an episode.
        least: Fewest in a world that has any.
    """

    name: str
    rate: float
    claim: Claim
    candidates: Choices
    effects: Doing
    scope_kind: str = "duty"
    tempting: str = ""
    least: int = LEAST

    @property
    def episode_class(self) -> str:
        """The class of its episodes: kinds of K07 share one."""
        return self.name.partition(".")[0]


def scale(config: WorldConfig) -> float:
    """Size of a world's test span against that of the standard rates.

    >>> scale(WorldConfig(sites=50, test_days=14))
    0.5
    """
    return config.sites * config.test_days / STANDARD_SITE_DAYS


def wanted_episodes(kind: Kind, config: WorldConfig) -> int:
    """How many episodes of a kind a world gets; none where the knob is at zero."""
    if config.knobs.episodes <= 0:
        return 0
    return max(kind.least, round(kind.rate * scale(config) * config.knobs.episodes))


def wanted_traps(kinds: Sequence[Kind], positives: float, config: WorldConfig) -> dict[str, int]:
    """How many traps of each kind a world gets.

    Args:
        kinds: All kinds of traps; their rates are proportions.
        positives: Episodes of all kinds per 100 sites and 14 days, as the standard has them: a
            quiet world has the traps of the standard, and rarer episodes are not easier to see.
    """
    if config.knobs.traps <= 0:
        return {kind.name: 0 for kind in kinds}
    factor = config.knobs.traps * positives * scale(config) / sum(kind.rate for kind in kinds)
    return {kind.name: max(1, round(kind.rate * factor)) for kind in kinds}
