"""What most parts of what is known stand on."""

from __future__ import annotations

from dataclasses import dataclass

from vigia.domain.watch.facts import Facts
from vigia.domain.watch.moments import Moments
from vigia.domain.watch.things import Things


@dataclass(frozen=True)
class Part:
    """One topic of what is known at some instants; computed when it is first asked for.

    Attributes:
        facts: What arrived.
        things: What exists.
        moments: When it is looked at.
    """

    facts: Facts
    things: Things
    moments: Moments
