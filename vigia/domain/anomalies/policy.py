"""How baselines are learned and how readily a metric is called anomalous: numbers, no rules.

What the numbers do belongs to `baseline` and `detect`; how a company's own are read from a file
belongs to `vigia.config.policy`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from vigia.domain.metrics.registry import Metric


class Sensitivity(StrEnum):
    """How readily a site's metrics are called anomalous; each finds all that the one before does."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a sensitivity means.

    Attributes:
        false_discovery_limit: Share of what is called anomalous in a run that may be chance.
        floor_factor: What the least deviations are multiplied with.
    """

    false_discovery_limit: float
    floor_factor: float


@dataclass(frozen=True, slots=True)
class AnomalyPolicy:
    """How metrics of sites are learned and judged.

    Attributes:
        version: Stored with every row that it led to.
        training_days: Local days of a site that its baseline is learned from.
        stable_samples: Samples that make a bucket of the baseline stable.
        readiness: Of each sensitivity, from the least to the most ready.
        floors: Unit to the least deviation from what is expected that matters; `1` for counts
            and levels, and for units that are not listed.
        relative_floor_counts: The same as a share of what is expected, for counts; the greater
            of both is meant.
        relative_floor_values: The same for what is no count.
        raising: Metrics whose anomalies are findings of their own: what people do, which no
            pattern watches. Of other built-in metrics patterns and checks tell, and their
            anomalies are shown beside them. Imported series all raise.
    """

    version: str = "1"
    training_days: int = 30
    stable_samples: int = 30
    readiness: Mapping[Sensitivity, Readiness] = field(
        default_factory=lambda: {
            Sensitivity.LOW: Readiness(0.001, 1.5),
            Sensitivity.MEDIUM: Readiness(0.01, 1.0),
            Sensitivity.HIGH: Readiness(0.05, 0.75),
        }
    )
    floors: Mapping[str, float] = field(
        default_factory=lambda: {"1": 2.0, "%": 5.0, "dBm": 6.0, "m": 5.0, "s": 60.0}
    )
    relative_floor_counts: float = 0.3
    relative_floor_values: float = 0.1
    raising: tuple[str, ...] = ("phone_events", "tour_checkpoints", "tasks_completed")

    def __post_init__(self) -> None:
        if self.training_days < 1 or self.stable_samples < 2:
            raise ValueError("a baseline needs a day and two samples at least")
        ordered = [self.readiness[each] for each in Sensitivity]
        limits = [each.false_discovery_limit for each in ordered]
        factors = [each.floor_factor for each in ordered]
        if limits != sorted(limits) or factors != sorted(factors, reverse=True):
            raise ValueError("a higher sensitivity must find all that a lower one does")
        floors = [factors[-1], self.relative_floor_counts, self.relative_floor_values]
        if not 0 < limits[0] <= limits[-1] < 1 or min(floors) < 0:
            raise ValueError("limits are shares between 0 and 1, floors are not negative")

    def readiness_of(self, sensitivity: str) -> Readiness:
        """What a sensitivity means, by its name."""
        return self.readiness[Sensitivity(sensitivity)]

    def raises(self, metric: Metric) -> bool:
        """Whether an anomaly of a metric is a finding."""
        return metric.imported or metric.name in self.raising

    def floor(self, metric: Metric) -> float:
        """The least absolute deviation of a metric that matters; of others' series none is known."""
        return 0.0 if metric.imported else self.floors.get(metric.unit, self.floors["1"])


ANOMALY_POLICY = AnomalyPolicy()
