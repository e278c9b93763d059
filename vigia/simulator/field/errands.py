"""Breaks, and small incidents between tours: what else takes a guard's time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vigia.simulator.draws import Ints
from vigia.simulator.field.agenda import Wishes
from vigia.simulator.field.crew import MINUTE_US, Crew
from vigia.simulator.field.dice import quarters, times_us
from vigia.simulator.field.rows import spread

HOUR_US = 60 * MINUTE_US
INCIDENTS = 0.006
"""Chance of an incident outside tours in twelve hours, for each step of the site's risk."""


@dataclass(frozen=True, slots=True)
class Errands:
    """Things to do that are no tour and no task, by row of the crew and time.

    Attributes:
        wishes: When and how long.
        number: Number within the duty.
    """

    wishes: Wishes
    number: Ints


def plan_breaks(crew: Crew) -> Errands:
    """Breaks: one in a shift from six hours on, two from ten."""
    stay = np.where(crew.here, crew.leaves_us - crew.arrives_us, 0)
    count = (stay >= 6 * HOUR_US).astype(np.int64) + (stay >= 10 * HOUR_US)
    row, number = spread(count)
    when, how_long, _, _ = quarters(crew.stream("break"), crew.duty[row], number)
    middle = stay[row] * (number + 1) // (count[row] + 1)
    want = crew.arrives_us[row] + middle + times_us(80.0 * when - 40.0, MINUTE_US)
    length = times_us(18.0 + 17.0 * how_long, MINUTE_US)
    return Errands(Wishes(row, want, length, want + 100 * MINUTE_US), number)


def plan_incidents(crew: Crew) -> Errands:
    """Small incidents that a guard sees to when nothing else is going on."""
    happens, when, how_long, _ = quarters(crew.stream("incident"), crew.duty)
    stay = np.where(crew.here, crew.leaves_us - crew.arrives_us, 0)
    chance = INCIDENTS * crew.of_site("risk_tier") * stay / (12 * HOUR_US)
    row = np.flatnonzero(happens < chance)
    want = crew.arrives_us[row] + times_us((0.05 + 0.85 * when[row]) * stay[row], 1)
    length = times_us(8.0 + 30.0 * how_long[row] ** 2, MINUTE_US)
    latest = crew.leaves_us[row] - length - 3 * MINUTE_US
    return Errands(Wishes(row, want, length, latest), np.zeros(len(row), dtype=np.int64))
