"""What the plan makes happen, as the rows of a crew feel it.

Belongs here: which effect holds for whom and when. What an effect does is for the process.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vigia.simulator.config import DAY_US
from vigia.simulator.draws import Bools, Floats, Ints
from vigia.simulator.effects import Effect, Intervals
from vigia.simulator.field.crew import Crew

OF_DEVICE = frozenset(
    {
        Effect.DARK,
        Effect.UPLOADS_LATE,
        Effect.SPOOFED,
        Effect.GPS_LOST,
        Effect.ON_CHARGER,
    }
)
OF_SITE = frozenset(
    {
        Effect.NETWORK_DOWN,
        Effect.SILENCE,
        Effect.TASK_BACKLOG,
        Effect.TASKS_MISDATED,
        Effect.TASKS_ASKED,
        Effect.TOURS_DELAYED,
        Effect.INTRUSION,
        Effect.KIOSK_DOWN,
        Effect.DRILL,
        Effect.METRIC_SHIFT,
        Effect.METRIC_DRIFT,
    }
)
"""Everything else that the ground knows befalls a duty."""

UNRECORDED = (
    Effect.NO_WORK,
    Effect.PARKED,
    Effect.CARRIED,
    Effect.STILL,
    Effect.DARK,
    Effect.SILENCE,
)
"""While one of these holds, nobody scans, finishes a task or answers a check on the phone."""

NOWHERE = np.zeros(0, dtype=np.int64)
NOTHING = Intervals(NOWHERE, NOWHERE, NOWHERE, np.zeros(0))


@dataclass(frozen=True)
class Sway:
    """The effects that can touch a crew.

    Attributes:
        crew: Whom.
    """

    crew: Crew

    @cached_property
    def _near(self) -> dict[str, Intervals]:
        """Effects of the shard's days, by name."""
        shard = self.crew.shard
        start = shard.world.config.start_us + shard.day * DAY_US
        table = shard.effects.table
        from_us, to_us = table["from_us"].to_numpy(), table["to_us"].to_numpy()
        near = np.flatnonzero((from_us < start + 3 * DAY_US) & (to_us > start - DAY_US))
        scope, value = table["scope"].to_numpy()[near], table["value"].to_numpy()[near]
        names = np.array(table["effect"][near].to_list(), dtype=object)
        from_us, to_us = from_us[near], to_us[near]
        found = {}
        for name in sorted(set(names.tolist())):
            mine = np.flatnonzero(names == name)
            mine = mine[np.lexsort((from_us[mine], scope[mine]))]
            found[name] = Intervals(scope[mine], from_us[mine], to_us[mine], value[mine])
        return found

    def intervals(self, effect: Effect) -> Intervals:
        """Intervals of an effect around the shard's day, of all scopes, sorted."""
        return self._near.get(effect.value, NOTHING)

    def scope(self, effect: Effect, row: Ints) -> Ints:
        """The scope numbers of rows for an effect."""
        if effect in OF_SITE:
            return self.crew.site[row]
        return (self.crew.device if effect in OF_DEVICE else self.crew.duty)[row]

    def on(self, effect: Effect, row: Ints, at_us: Ints) -> Bools:
        """Whether an effect holds for each row at each instant."""
        known = self.intervals(effect)
        if not len(known):
            return np.zeros(len(row), dtype=bool)
        return known.covers(self.scope(effect, row), at_us)

    def any_of(self, effects: tuple[Effect, ...], row: Ints, at_us: Ints) -> Bools:
        """Whether one of several effects holds for each row at each instant."""
        held = np.zeros(len(row), dtype=bool)
        for effect in effects:
            if len(self.intervals(effect)):
                held |= self.on(effect, row, at_us)
        return held

    def covering(self, effect: Effect, row: Ints, at_us: Ints) -> Ints:
        """Position of the interval that holds for each row at each instant; -1 none."""
        known = self.intervals(effect)
        if not len(known):
            return np.full(len(row), -1, dtype=np.int64)
        return known.covering(self.scope(effect, row), at_us)

    def of_rows(self, effect: Effect) -> Spells:
        """The intervals of an effect that overlap the time of a row, one entry a row and interval.

        A row's time is its presence, or its planned time where nobody comes.
        """
        known, crew = self.intervals(effect), self.crew
        if not len(known) or not len(crew):
            return Spells(NOWHERE, NOWHERE, NOWHERE, np.zeros(0))
        scope = self.scope(effect, np.arange(len(crew)))
        row, which = np.nonzero(scope[:, None] == known.scope[None, :])
        begin = np.where(crew.here, crew.arrives_us, crew.starts_us)[row]
        end = np.where(crew.here, crew.leaves_us, crew.ends_us)[row]
        touches = (known.from_us[which] < end) & (known.to_us[which] > begin)
        row, which = row[touches], which[touches]
        return Spells(row, known.from_us[which], known.to_us[which], known.value[which])

    def beginning(self, effect: Effect) -> list[tuple[int, int, int, float]]:
        """Intervals of an effect on sites of the shard that begin on its day.

        Each is scope, start, end and value; they are in the order of site and start.
        """
        known, shard = self.intervals(effect), self.crew.shard
        start = shard.world.config.start_us + shard.day * DAY_US
        today = (known.from_us >= start) & (known.from_us < start + DAY_US)
        mine = np.flatnonzero(today & np.isin(known.scope, shard.sites.to_numpy()))
        columns = (known.scope, known.from_us, known.to_us, known.value)
        return list(zip(*(c[mine].tolist() for c in columns), strict=True))

    def activity(self, site: Ints, at_us: Ints) -> Floats:
        """How much is asked for at each site and instant against the usual; 1 is the usual."""
        config = self.crew.shard.world.config
        factor = self.zeal(site, at_us)
        if config.knobs.shift:
            moved = self.crew.stream("activity.shift").uniform(site, low=-1.0, high=1.0)
            shifted = factor * (1.0 + config.knobs.shift * moved)
            factor = np.where(at_us >= config.test_us, shifted, factor)
        return factor

    def zeal(self, site: Ints, at_us: Ints) -> Floats:
        """How much of what is planned is done at each site and instant; 1 is the usual.

        A change of the population asks for more or less, but nobody walks fewer tours for it.
        """
        factor = np.ones(len(site))
        for effect in (Effect.METRIC_SHIFT, Effect.METRIC_DRIFT):
            known = self.intervals(effect)
            if len(known):
                factor = factor * self._factor(effect, known, site, at_us)
        return factor

    def _factor(self, effect: Effect, known: Intervals, site: Ints, at_us: Ints) -> Floats:
        found = known.covering(site, at_us)
        start, end = known.from_us[found], known.to_us[found]
        grown = 1.0
        if effect is Effect.METRIC_DRIFT:
            grown = (at_us - start) / np.maximum(end - start, 1)
        change = (known.value[found] - 1.0) * self.crew.knobs.depth * grown
        return np.where(found >= 0, np.maximum(1.0 + change, 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class Spells:
    """Intervals by row of a crew.

    Attributes:
        row: Row of the crew.
        from_us: Start.
        to_us: End, excluded.
        value: What the effect means by it.
    """

    row: Ints
    from_us: Ints
    to_us: Ints
    value: Floats

    def __len__(self) -> int:
        """How many there are."""
        return len(self.row)
