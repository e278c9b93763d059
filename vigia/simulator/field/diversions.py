"""What takes people off their everyday ways: effects that change where somebody is.

Belongs here: stops put in place of others, one effect at a time, for they are few. What the
effect does to work is in the module of the work.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from vigia.simulator.draws import Bools, Ints, Stream
from vigia.simulator.effects import Effect
from vigia.simulator.field.crew import MINUTE_US, SECOND_US, Crew
from vigia.simulator.field.dice import quarters, times_us
from vigia.simulator.field.path import Stops, gates
from vigia.simulator.field.rounds import PACE_MPS, RIDE_MPS
from vigia.simulator.field.rows import by_row_and_time, new_run
from vigia.simulator.field.schedule import Schedule
from vigia.simulator.field.sway import Spells, Sway

ORDER = (
    Effect.STILL,
    Effect.LEAVES_SITE,
    Effect.STALLED,
    Effect.PARKED,
    Effect.ON_CHARGER,
    Effect.ON_INCIDENT,
    Effect.SILENCE,
)
"""Effects that change where somebody is, the one that wins first; carried phones come last."""
BACK_MPS = 1.4
RUN_MPS, RUN_US = 2.6, 45 * SECOND_US
"""How somebody runs before a fall."""
OUTDOORS = False


@dataclass(frozen=True, slots=True)
class Outings:
    """Times that people spent outside fence and buffer while on duty: row, from, to."""

    row: Ints
    from_us: Ints
    to_us: Ints


@dataclass(frozen=True, slots=True)
class _Place:
    """A stop in the making."""

    at_us: int
    x_m: float
    y_m: float
    indoor: bool = OUTDOORS
    leg_us: int = 0
    rides: bool = False


@dataclass(slots=True)
class _Trail:
    """Stops in order, and what is changed about them."""

    stops: Stops
    first: Ints
    last: Ints
    keep: Bools
    leg_us: Ints
    taken: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    added: list[tuple[int, _Place]] = field(default_factory=list)

    @classmethod
    def of(cls, stops: Stops, rows: int) -> _Trail:
        first = np.searchsorted(stops.row, np.arange(rows))
        last = np.searchsorted(stops.row, np.arange(rows), side="right") - 1
        return cls(stops, first, last, np.ones(len(stops.row), dtype=bool), stops.leg_us.copy())

    def place(self, row: int, at_us: int) -> _Place:
        """Where somebody is at an instant, if nothing is changed."""
        stops, last = self.stops, int(self.last[row])
        mine = stops.at_us[self.first[row] : last + 1]
        k = int(self.first[row]) + max(int(np.searchsorted(mine, at_us, side="right")) - 1, 0)
        x, y, indoor = float(stops.x_m[k]), float(stops.y_m[k]), bool(stops.indoor[k])
        if at_us == stops.at_us[k]:
            return _Place(at_us, x, y, indoor, int(stops.leg_us[k]), bool(stops.rides[k]))
        if k == last:
            return _Place(at_us, x, y, indoor)
        leg = int(stops.leg_us[k + 1])
        went = at_us - (int(stops.at_us[k + 1]) - leg)
        if went <= 0:
            return _Place(at_us, x, y, indoor)
        share = went / max(leg, 1)
        x += share * (float(stops.x_m[k + 1]) - x)
        y += share * (float(stops.y_m[k + 1]) - y)
        return _Place(
            at_us, x, y, indoor and bool(stops.indoor[k + 1]), went, bool(stops.rides[k + 1])
        )

    def free(self, row: int, from_us: int, to_us: int) -> bool:
        """Whether no other change touches an interval of a row."""
        return all(end <= from_us or start >= to_us for start, end in self.taken.get(row, []))

    def divert(self, row: int, to_us: int, places: list[_Place]) -> None:
        """Be at other places from the first of them until an instant, then go back to work."""
        start, end = places[0].at_us, places[-1]
        stops, last = self.stops, int(self.last[row])
        k = int(self.first[row]) + int(
            np.searchsorted(stops.at_us[self.first[row] : last + 1], start, side="left")
        )
        self.taken.setdefault(row, []).append((start, to_us))
        self.added += [(row, place) for place in places]
        leaves = max(to_us, end.at_us)
        while k <= last:
            way = float(np.hypot(stops.x_m[k] - end.x_m, stops.y_m[k] - end.y_m))
            needs = round(way / BACK_MPS * SECOND_US)
            room = int(stops.at_us[k]) - leaves
            if room >= needs or (k == last and room > 0):
                self.leg_us[k] = min(max(int(self.leg_us[k]), needs), room)
                return
            self.keep[k] = False
            k += 1

    def result(self) -> Stops:
        """The changed stops, in order."""
        stops = replace(self.stops, leg_us=self.leg_us).where(self.keep)
        if not self.added:
            return stops
        rows = np.array([row for row, _ in self.added])
        numbers = np.array([(p.at_us, p.leg_us) for _, p in self.added], dtype=np.int64)
        points = np.array([(p.x_m, p.y_m) for _, p in self.added])
        flags = np.array([(p.indoor, p.rides) for _, p in self.added], dtype=bool)
        more = Stops(rows, *numbers.T, *points.T, *flags.T)
        return _by_time(Stops.together(stops, more))


def _by_time(stops: Stops) -> Stops:
    """In order, no way longer than the time since the stop before."""
    stops = stops.where(by_row_and_time(stops.row, stops.at_us))
    gap = np.where(new_run(stops.row), 0, stops.at_us - np.roll(stops.at_us, 1))
    return replace(stops, leg_us=np.minimum(stops.leg_us, gap))


def diverted(crew: Crew, sway: Sway, plan: Schedule, stops: Stops) -> tuple[Stops, Outings]:
    """The stops of a crew after all that takes people off their ways, and who was outside."""
    trail = _Trail.of(stops, len(crew))
    outings: list[tuple[int, int, int]] = []
    guide = _Guide(crew, plan, trail, crew.stream("diversion"))
    for effect in ORDER:
        spells = sway.of_rows(effect)
        if effect is Effect.ON_INCIDENT:
            spells = _joined(spells, plan.incidents)
        for row, start, end, value in zip(
            spells.row, spells.from_us, spells.to_us, spells.value, strict=True
        ):
            if crew.here[row] and trail.free(row, start, end):
                outings += guide.follow(effect, (int(row), int(start), int(end)), float(value))
    stops = _carried(crew, sway, trail.result())
    table = np.array(outings, dtype=np.int64).reshape(-1, 3)
    return stops, Outings(table[:, 0], table[:, 1], table[:, 2])


def _joined(one: Spells, other: Spells) -> Spells:
    names = Spells.__dataclass_fields__
    return Spells(*(np.concatenate([getattr(one, n), getattr(other, n)]) for n in names))


@dataclass(frozen=True, slots=True)
class _Guide:
    """Finds the places that an effect leads to."""

    crew: Crew
    plan: Schedule
    trail: _Trail
    draw: Stream

    def follow(
        self, effect: Effect, spell: tuple[int, int, int], value: float
    ) -> list[tuple[int, int, int]]:
        """Divert one person; give the time outside fence and buffer, if there was any."""
        row, start, end = spell
        if effect is Effect.LEAVES_SITE:
            return self._out(row, start, end, value)
        if effect is Effect.ON_CHARGER:
            x, y = (float(at[row]) for at in self.crew.post_at)
            self.trail.divert(row, end, self._lingering(row, (start, end), (x, y)))
        elif effect in (Effect.STALLED, Effect.ON_INCIDENT):
            spot = (
                self._quiet_spot(row, start) if effect is Effect.STALLED else self._spot(row, start)
            )
            self.trail.divert(row, end, self._lingering(row, (start, end), spot))
        elif effect is Effect.STILL and value == 1.0:
            self.trail.divert(row, end, self._fall(row, start))
        else:
            self.trail.divert(row, end, [self.trail.place(row, start)])
        return []

    def _unit(self, row: int, at_us: int, *more: int) -> float:
        return float(self.draw.uniform(int(self.crew.duty[row]), at_us, *more))

    def _radius(self, row: int) -> float:
        return float(self.crew.of_site("fence_radius_m")[row])

    def _fall(self, row: int, at_us: int) -> list[_Place]:
        """A run across the site that ends abruptly."""
        begin = self.trail.place(row, at_us - RUN_US)
        angle = 2 * np.pi * self._unit(row, at_us, 1)
        reach = 0.6 * self._radius(row)
        goal_x, goal_y = reach * np.cos(angle), reach * np.sin(angle)
        way = max(float(np.hypot(goal_x - begin.x_m, goal_y - begin.y_m)), 1.0)
        part = RUN_MPS * RUN_US / SECOND_US / way
        x = begin.x_m + part * (goal_x - begin.x_m)
        y = begin.y_m + part * (goal_y - begin.y_m)
        return [begin, _Place(at_us, x, y, OUTDOORS, RUN_US)]

    def _out(self, row: int, start: int, end: int, reach: float) -> list[tuple[int, int, int]]:
        """Out by the gate, a while at a distance, and back by the end."""
        begin = self.trail.place(row, start)
        bearing = float(gates(self.crew)[2][row]) + 0.9 * (self._unit(row, start, 1) - 0.5)
        x, y = reach * np.cos(bearing), reach * np.sin(bearing)
        way = float(np.hypot(x - begin.x_m, y - begin.y_m))
        leg = round(way / PACE_MPS * SECOND_US)
        rides = leg > 0.3 * (end - start)
        leg = min(round(way / RIDE_MPS * SECOND_US), (end - start) // 4) if rides else leg
        there = start + leg
        places = [begin, _Place(there, x, y, OUTDOORS, leg, rides)]
        places += self._pottering(row, (there, end - leg), (x, y), 12.0)
        back = round(float(np.hypot(x, y)) / max(way, 1.0) * leg)
        home = self.trail.place(row, end)
        places.append(_Place(end, home.x_m, home.y_m, home.indoor, max(back, leg), rides))
        self.trail.divert(row, end, places)
        limit = self._radius(row) + float(self.crew.of_site("buffer_m")[row])
        if reach <= limit:
            return []
        inside = min(max((limit - float(np.hypot(begin.x_m, begin.y_m))) / max(way, 1.0), 0.0), 1.0)
        return [(row, start + round(inside * leg), end - round(inside * leg))]

    def _lingering(
        self, row: int, span: tuple[int, int], spot: tuple[float, float]
    ) -> list[_Place]:
        """Go to a spot and stay around it."""
        begin = self.trail.place(row, span[0])
        way = float(np.hypot(spot[0] - begin.x_m, spot[1] - begin.y_m))
        leg = min(round(way / PACE_MPS * SECOND_US), (span[1] - span[0]) // 3)
        there = span[0] + leg
        places = [begin, _Place(there, *spot, OUTDOORS, leg)]
        return places + self._pottering(row, (there, span[1]), spot, 4.0)

    def _pottering(
        self, row: int, span: tuple[int, int], spot: tuple[float, float], reach: float
    ) -> list[_Place]:
        """A few steps every few minutes around a spot."""
        most = np.arange((span[1] - span[0]) // (3 * MINUTE_US) + 1)
        draws = quarters(self.draw, int(self.crew.duty[row]), span[0], most)
        wait, angle, away, _ = draws
        at = span[0] + np.cumsum(times_us(3.0 + 5.0 * wait, MINUTE_US))
        x = spot[0] + reach * away * np.cos(2 * np.pi * angle)
        y = spot[1] + reach * away * np.sin(2 * np.pi * angle)
        leg = times_us(1.0 + reach * away, SECOND_US)
        inside = at <= span[1] - MINUTE_US // 2
        stops = zip(*(c[inside].tolist() for c in (at, x, y, leg)), strict=True)
        return [_Place(t, east, north, OUTDOORS, took) for t, east, north, took in stops]

    def _spot(self, row: int, at_us: int) -> tuple[float, float]:
        """Anywhere inside."""
        angle, away = 2 * np.pi * self._unit(row, at_us, 5), self._unit(row, at_us, 6)
        reach = 0.8 * self._radius(row) * float(np.sqrt(away))
        return reach * float(np.cos(angle)), reach * float(np.sin(angle))

    def _quiet_spot(self, row: int, at_us: int) -> tuple[float, float]:
        """The place inside that is farthest from the checkpoints that are still open."""
        runs, visits = self.plan.runs, self.plan.visits
        mine = (runs.row == row) & runs.pulled
        open_ = mine[visits.run] & (visits.order >= runs.pause_after[visits.run])
        if not open_.any():
            return self._spot(row, at_us)
        angle = np.linspace(0, 2 * np.pi, 24, endpoint=False) + self._unit(row, at_us, 7)
        reach = 0.85 * self._radius(row) * np.repeat((0.35, 0.7, 1.0), len(angle))
        angle = np.tile(angle, 3)
        x, y = reach * np.cos(angle), reach * np.sin(angle)
        away = np.hypot(x[:, None] - visits.x_m[open_], y[:, None] - visits.y_m[open_]).min(axis=1)
        best = int(np.argmax(away))
        return float(x[best]), float(y[best])


def _carried(crew: Crew, sway: Sway, stops: Stops) -> Stops:
    """Phones that another person of the shard carries follow that person."""
    spells = sway.of_rows(Effect.CARRIED)
    if not len(spells):
        return stops
    trail = _Trail.of(stops, len(crew))
    offsets = crew.stream("carried")
    rows = {int(duty): row for row, duty in enumerate(crew.duty)}
    for row, start, end, value in zip(
        spells.row, spells.from_us, spells.to_us, spells.value, strict=True
    ):
        partner = rows.get(int(value), -1)
        if partner < 0 or not (crew.here[row] and crew.here[partner]):
            continue
        if trail.free(row, start, end):
            turn = 2 * np.pi * float(offsets.uniform(int(crew.duty[row]), int(start)))
            aside = 3.0 * float(np.cos(turn)), 3.0 * float(np.sin(turn))
            trail.divert(
                row, int(end), _beside(trail, (int(row), partner), (int(start), int(end)), aside)
            )
    return trail.result()


def _beside(
    trail: _Trail, who: tuple[int, int], span: tuple[int, int], aside: tuple[float, float]
) -> list[_Place]:
    """The ways of a partner, a few metres aside, once the phone has changed hands."""
    row, partner = who
    begin, meets = trail.place(row, span[0]), trail.place(partner, span[0])
    way = float(np.hypot(meets.x_m - begin.x_m, meets.y_m - begin.y_m))
    handed = span[0] + round(way / BACK_MPS * SECOND_US)
    stops = trail.stops
    mine = np.arange(trail.first[partner], trail.last[partner] + 1)
    mine = mine[(stops.at_us[mine] > handed) & (stops.at_us[mine] < span[1])]
    then = trail.place(partner, handed)
    places = [
        begin,
        _Place(handed, then.x_m + aside[0], then.y_m + aside[1], then.indoor, handed - span[0]),
    ]
    for k in mine:
        x, y = float(stops.x_m[k]) + aside[0], float(stops.y_m[k]) + aside[1]
        leg = min(int(stops.leg_us[k]), int(stops.at_us[k]) - places[-1].at_us)
        places.append(
            _Place(int(stops.at_us[k]), x, y, bool(stops.indoor[k]), leg, bool(stops.rides[k]))
        )
    return places
