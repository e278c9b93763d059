"""Where people are: the stops that a day's work makes of a guard's way.

A stop is a place reached at an instant, after a way that took some time; before the way the
guard stayed at the stop before. Belongs here: the ways of everyday work. What takes a guard off
them is in `diversions`, positions at instants are in `movement`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vigia.simulator.draws import Bools, Floats, Ints
from vigia.simulator.field.crew import DIP_ACTIVITY, MINUTE_US, SECOND_US, Crew, one_of
from vigia.simulator.field.dice import quarters, times_us
from vigia.simulator.field.rounds import FAST, HONEST, PACE_MPS, RIDE_MPS, Runs
from vigia.simulator.field.rows import by_row_and_time, new_run, spread
from vigia.simulator.field.schedule import Schedule

COMES_US = 10 * MINUTE_US
"""The last part of the way to work, and the first part of the way home."""
RIDES_TO_WORK = 0.35
HURRY_MPS = 1.6
WANDER_US = 10 * MINUTE_US
WANDER_M = 15.0
WANDERS = {True: 0.8, False: 0.5}
"""Chance of a few steps in each stretch of ten minutes, by whether the post is on foot."""
ON_FOOT = ("patrol", "mobile")


@dataclass(frozen=True, slots=True)
class Stops:
    """Places of people, one row per stop; once in order, by row of the crew and time.

    Attributes:
        row: Row of the crew.
        at_us: When it is reached.
        leg_us: How long the way there took; 0 where it follows from the distance.
        x_m: Metres east of the site's centre.
        y_m: Metres north.
        indoor: Under a roof.
        rides: The way there was not on foot.
    """

    row: Ints
    at_us: Ints
    leg_us: Ints
    x_m: Floats
    y_m: Floats
    indoor: Bools
    rides: Bools

    @classmethod
    def together(cls, *parts: Stops) -> Stops:
        """Stops of several kinds."""
        names = cls.__dataclass_fields__
        return cls(*(np.concatenate([getattr(p, n) for p in parts]) for n in names))

    def where(self, chosen: Bools | Ints) -> Stops:
        """Some of the stops."""
        return Stops(*(getattr(self, n)[chosen] for n in self.__dataclass_fields__))

    def in_order(self) -> Stops:
        """By row and time, each way as long as it can be."""
        stops = self.where(by_row_and_time(self.row, self.at_us))
        first = new_run(stops.row)
        gap = np.where(first, 0, stops.at_us - np.roll(stops.at_us, 1))
        way = np.hypot(stops.x_m - np.roll(stops.x_m, 1), stops.y_m - np.roll(stops.y_m, 1))
        least = times_us(way / HURRY_MPS, SECOND_US)
        usual = times_us(way / PACE_MPS, SECOND_US)
        leg = np.where(stops.leg_us > 0, np.maximum(stops.leg_us, least), usual)
        leg = np.minimum(np.where(stops.rides, stops.leg_us, leg), gap)
        return Stops(stops.row, stops.at_us, leg, stops.x_m, stops.y_m, stops.indoor, stops.rides)


def everyday_path(crew: Crew, plan: Schedule) -> Stops:
    """The ways of a crew as its work asks for them, in order."""
    work = Stops.together(_tours(crew, plan), _tasks(crew, plan), _breaks(crew, plan))
    work = work.where(work.at_us <= crew.leaves_us[work.row] - MINUTE_US)
    coming = _comings(crew)
    fixed = Stops.together(coming, work)
    return Stops.together(fixed, _wanders(crew, plan, fixed)).in_order()


def gates(crew: Crew) -> tuple[Floats, Floats, Floats]:
    """Where people enter the sites of a crew: east, north, and the bearing of it."""
    bearing = crew.stream("gate").uniform(crew.site, high=2 * np.pi)
    radius = 0.92 * crew.of_site("fence_radius_m")
    return radius * np.cos(bearing), radius * np.sin(bearing), bearing


def break_spots(crew: Crew) -> tuple[Floats, Floats]:
    """Where people of a post take their break: a room not far from it."""
    angle, away, _, _ = quarters(crew.stream("break.room"), crew.post)
    reach = 8.0 + 22.0 * away
    x, y = _pulled_in(crew, 30.0)
    return x + reach * np.cos(2 * np.pi * angle), y + reach * np.sin(2 * np.pi * angle)


def _pulled_in(crew: Crew, room_m: float) -> tuple[Floats, Floats]:
    """The posts, moved inwards as far as there must be room around them inside the fence."""
    x, y = crew.post_at
    free = np.maximum(crew.of_site("fence_radius_m") - room_m, 1.0)
    share = np.minimum(free / np.maximum(np.hypot(x, y), 1.0), 1.0)
    return x * share, y * share


def _at_posts(crew: Crew, row: Ints, at_us: Ints, leg_us: Ints | None = None) -> Stops:
    x, y = crew.post_at
    return Stops(
        row,
        at_us,
        np.zeros(len(row), dtype=np.int64) if leg_us is None else leg_us,
        x[row],
        y[row],
        crew.post_is("indoor")[row],
        np.zeros(len(row), dtype=bool),
    )


def _comings(crew: Crew) -> Stops:
    """The way in by the gate to the post, and out again."""
    row = np.flatnonzero(crew.here)
    gate_x, gate_y, bearing = (a[row] for a in gates(crew))
    vehicle, far, turn, _ = quarters(crew.stream("commute"), crew.duty[row])
    rides = vehicle < RIDES_TO_WORK
    reach = crew.of_site("fence_radius_m")[row] + np.where(rides, 800 + 1700 * far, 120 + 380 * far)
    angle = bearing + 0.8 * (turn - 0.5)
    home_x, home_y = reach * np.cos(angle), reach * np.sin(angle)
    way = np.hypot(home_x - gate_x, home_y - gate_y)
    leg = np.minimum(times_us(way / np.where(rides, RIDE_MPS, PACE_MPS), SECOND_US), COMES_US)
    none, outdoor = np.zeros(len(row), dtype=np.int64), np.zeros(len(row), dtype=bool)
    arrives, leaves = crew.arrives_us[row], crew.leaves_us[row]
    post_x, post_y = (at[row] for at in crew.post_at)
    inside = times_us(np.hypot(post_x - gate_x, post_y - gate_y) / PACE_MPS, SECOND_US)
    return Stops.together(
        Stops(row, arrives - COMES_US, none, home_x, home_y, outdoor, rides),
        Stops(row, arrives, leg, gate_x, gate_y, outdoor, rides),
        _at_posts(crew, row, arrives + inside, inside),
        Stops(row, leaves, none, gate_x, gate_y, outdoor, outdoor),
        Stops(row, leaves + COMES_US, leg, home_x, home_y, outdoor, rides),
    )


def _tours(crew: Crew, plan: Schedule) -> Stops:
    """Checkpoints on tours that are really walked, and the way back to the post."""
    runs, visits = plan.runs, plan.visits
    walks = plan.walked & ((runs.fake == HONEST) | (runs.fake == FAST))
    seen = visits.kept & walks[visits.run]
    run = visits.run[seen]
    indoor = crew.shard.world.checkpoints["indoor"].to_numpy()[visits.checkpoint[seen]]
    rides = _rides(crew, runs)
    reached = Stops(
        runs.row[run],
        plan.visit_us[seen],
        visits.leg_us[seen],
        visits.x_m[seen],
        visits.y_m[seen],
        indoor.astype(bool),
        rides[run],
    )
    back = np.flatnonzero(walks)
    return Stops.together(
        reached, _at_posts(crew, runs.row[back], (plan.run_starts_us + runs.length_us)[back])
    )


def _rides(crew: Crew, runs: Runs) -> Bools:
    mobile = one_of(crew.shard.world.tours["kind"], ("mobile",))
    rides: Bools = mobile[runs.tour] | (runs.fake == FAST)
    return rides


def _tasks(crew: Crew, plan: Schedule) -> Stops:
    """Places of tasks, and the way back to the post."""
    tasks, taken = plan.tasks, np.flatnonzero(plan.taken)
    row, start = tasks.row[taken], plan.task_starts_us[taken]
    way, work = tasks.way_us[taken], tasks.work_us[taken]
    there = Stops(
        row,
        start + way,
        way,
        tasks.x_m[taken],
        tasks.y_m[taken],
        tasks.indoor[taken],
        np.zeros(len(row), dtype=bool),
    )
    return Stops.together(there, _at_posts(crew, row, start + 2 * way + work, way))


def _breaks(crew: Crew, plan: Schedule) -> Stops:
    """Rooms in which breaks are taken, and the way back to the post."""
    wishes = plan.breaks.wishes
    x, y = break_spots(crew)
    row, count = wishes.row, len(wishes.row)
    room = Stops(
        row,
        wishes.want_us + MINUTE_US // 2,
        np.zeros(count, dtype=np.int64),
        x[row],
        y[row],
        np.ones(count, dtype=bool),
        np.zeros(count, dtype=bool),
    )
    return Stops.together(room, _at_posts(crew, row, wishes.want_us + wishes.length_us))


def _wanders(crew: Crew, plan: Schedule, fixed: Stops) -> Stops:
    """A few steps around the post when nothing else is to do."""
    stay = np.where(crew.here, crew.leaves_us - crew.arrives_us, 0)
    row, nth = spread(np.maximum(stay // WANDER_US - 1, 0))
    chance, when, angle, away = quarters(crew.stream("wander"), crew.duty[row], nth)
    at = crew.arrives_us[row] + 4 * MINUTE_US + nth * WANDER_US + times_us(when, WANDER_US)
    on_foot = one_of(crew.shard.world.posts["kind"][crew.post], ON_FOOT)
    often = np.where(on_foot, WANDERS[True], WANDERS[False])[row]
    free = chance < often * np.where(crew.dips(row, at), DIP_ACTIVITY, 1.0)
    free &= ~plan.busy.covers(row, at) & _uncrowded(fixed, row, at)
    row, at = row[free], at[free]
    reach = WANDER_M * np.sqrt(away[free])
    x, y = (at_post[row] for at_post in _pulled_in(crew, WANDER_M))
    return Stops(
        row,
        at,
        np.zeros(len(row), dtype=np.int64),
        x + reach * np.cos(2 * np.pi * angle[free]),
        y + reach * np.sin(2 * np.pi * angle[free]),
        crew.post_is("indoor")[row],
        np.zeros(len(row), dtype=bool),
    )


def _uncrowded(fixed: Stops, row: Ints, at_us: Ints) -> Bools:
    """Whether no other stop is within half a minute before or two minutes after."""
    origin = int(fixed.at_us.min()) if len(fixed.at_us) else 0
    span = (int(fixed.at_us.max()) - origin if len(fixed.at_us) else 0) + 10 * MINUTE_US
    packed = np.sort(fixed.row * span + fixed.at_us - origin)
    key = row * span + at_us - origin
    before = np.searchsorted(packed, key - MINUTE_US // 2)
    free: Bools = before == np.searchsorted(packed, key + 2 * MINUTE_US)
    return free
