"""What a world is made from: size, span, seed, and how hard it is to read.

Belongs here: the parameters and their limits. What the numbers do is in the processes that read
them. The whole configuration is in the manifest, so that a world can be made again.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from vigia.domain.errors import VigiaError

MAX_SITES = 2_000
MAX_DAYS = 400
DAY_US = 86_400_000_000
ARCHETYPES = (
    "office",
    "warehouse",
    "hospital",
    "mall",
    "construction",
    "residential",
    "bank_atm",
    "data_centre",
    "factory",
    "campus",
    "event",
)


class Level(StrEnum):
    """How hard a world is to read."""

    EASY = "easy"
    STANDARD = "standard"
    HARD = "hard"
    BRUTAL = "brutal"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class Knobs:
    """What makes a world hard; the levels are four settings of these, and `quiet` a fifth.

    Attributes:
        episodes: Episodes of each class against the standard count.
        depth: Share of an episode's signals that really disappear or appear.
        overlap: Share of episodes that overlap another one of the same site.
        noise: Scale of position error and of the jitter of behaviour.
        missing_heartbeats: Share of heartbeats that are never sent.
        late: Scale of the share of events that arrive late.
        clock_error: Scale of the share of devices whose clock is off.
        indoor: Share added to the indoor posts of each site.
        shift: Change of activity between the learning span and the test span.
        adversarial_fraud: Share of frauds that mimic roster and noise.
        traps: Traps against the positives of the same class.
        label_delay: Scale of the delay of operators' answers.
        wrong_reference: Share of fences and rosters that are wrong in the reference data.
        wave: Flu-like wave of absences (once, ten days).
    """

    episodes: float = 1.0
    depth: float = 1.0
    overlap: float = 0.15
    noise: float = 1.0
    missing_heartbeats: float = 0.01
    late: float = 1.0
    clock_error: float = 1.0
    indoor: float = 0.0
    shift: float = 0.0
    adversarial_fraud: float = 0.0
    traps: float = 1.5
    label_delay: float = 1.0
    wrong_reference: float = 0.0
    wave: bool = False


LEVELS: dict[Level, Knobs] = {
    Level.EASY: Knobs(
        overlap=0.0, noise=0.5, missing_heartbeats=0.0, late=0.5, clock_error=0.5, traps=0.5
    ),
    Level.STANDARD: Knobs(),
    Level.HARD: Knobs(
        episodes=0.7,
        depth=0.9,
        overlap=0.25,
        noise=1.6,
        missing_heartbeats=0.06,
        late=1.8,
        clock_error=2.0,
        indoor=0.15,
        shift=0.15,
        adversarial_fraud=0.4,
        traps=2.5,
        label_delay=2.0,
        wrong_reference=0.02,
        wave=True,
    ),
    Level.BRUTAL: Knobs(
        episodes=0.4,
        depth=0.8,
        overlap=0.35,
        noise=2.5,
        missing_heartbeats=0.15,
        late=3.0,
        clock_error=4.0,
        indoor=0.3,
        shift=0.3,
        adversarial_fraud=0.8,
        traps=4.0,
        label_delay=4.0,
        wrong_reference=0.05,
        wave=True,
    ),
    Level.QUIET: Knobs(episodes=0.0, traps=1.5),
}
"""Settings of the knobs by level. `quiet` has no episode, and the traps of `standard`."""


@dataclass(frozen=True, slots=True)
class WorldConfig:
    """One world: the same configuration gives the same bytes.

    Attributes:
        seed: Any whole number.
        sites: Sites of all tenants together.
        learn_days: Days before the first episode, for baselines to learn from.
        test_days: Days in which episodes and traps happen.
        start_on: First day (UTC). The default lets the test span cross a change of the clocks.
        tenants: Guarding companies; the sites are dealt out among them.
        level: Which knobs.
        knobs: The knobs in force; those of the level unless a scenario changed them.
        archetypes: Kinds of sites to choose from; all when empty.
        scenario: Name of the scenario whose events are added, or empty.
    """

    seed: int = 1
    sites: int = 20
    learn_days: int = 28
    test_days: int = 7
    start_on: date = date(2026, 2, 23)
    tenants: int = 1
    level: Level = Level.STANDARD
    knobs: Knobs = field(default_factory=Knobs)
    archetypes: tuple[str, ...] = ()
    scenario: str = ""

    @classmethod
    def at_level(cls, level: Level, **changes: Any) -> WorldConfig:
        """A world with the knobs of a level."""
        return replace(cls(level=level, knobs=LEVELS[level]), **changes).checked()

    def checked(self) -> WorldConfig:
        """The configuration itself, if a world can be made from it.

        Raises:
            VigiaError: It cannot; the text says which value to change.
        """
        for name, low, high in (
            ("sites", 1, MAX_SITES),
            ("learn_days", 0, MAX_DAYS),
            ("test_days", 1, MAX_DAYS),
            ("tenants", 1, self.sites),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise VigiaError(f"{name} is {value}; a world takes {low} to {high}.")
        unknown = sorted(set(self.archetypes) - set(ARCHETYPES))
        if unknown:
            raise VigiaError(
                f"There is no kind of site {unknown[0]!r}; choose from {', '.join(ARCHETYPES)}."
            )
        return self

    @property
    def days(self) -> int:
        """Days from the first event to the last."""
        return self.learn_days + self.test_days

    @property
    def start_us(self) -> int:
        """First instant, microseconds since 1970."""
        midnight = datetime(self.start_on.year, self.start_on.month, self.start_on.day, tzinfo=UTC)
        return (midnight - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)

    @property
    def test_us(self) -> int:
        """First instant of the test span."""
        return self.start_us + self.learn_days * DAY_US

    @property
    def end_us(self) -> int:
        """First instant after the world."""
        return self.start_us + self.days * DAY_US

    def as_dict(self) -> dict[str, Any]:
        """For the manifest."""
        return asdict(self) | {"start_on": self.start_on.isoformat(), "level": self.level.value}
