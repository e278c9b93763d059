"""Where each person of a shard is at any instant, for very many instants at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vigia.simulator.draws import Bools, Floats, Ints
from vigia.simulator.field.path import Stops
from vigia.simulator.field.rows import new_run, total_before

STILL, WALKING, RIDING = 0, 1, 2
_EVER_US = 1 << 50


class Position(NamedTuple):
    """Positions at instants.

    Attributes:
        x_m: Metres east of the site's centre; NaN for duties that nobody works.
        y_m: Metres north.
        mode: `STILL`, `WALKING` or `RIDING`.
        indoor: Under a roof.
        speed_mps: Speed over ground.
    """

    x_m: Floats
    y_m: Floats
    mode: npt.NDArray[np.int8]
    indoor: Bools
    speed_mps: Floats


@dataclass(frozen=True, slots=True)
class Movement:
    """The ways of a shard's people, one entry per stop and the way on from it.

    Before the first stop of a duty its person is taken to be there, after the last likewise.

    Attributes:
        duty: Duties of the shard, ascending.
        first: First entry of each duty; -1 where nobody works it.
        key: Duty and arrival of each entry in one number.
        origin_us: Before every arrival.
        span_us: Longer than all arrivals lie apart.
        t0_us: Arrival at the stop.
        go_us: Departure from it.
        t1_us: Arrival at the next stop.
        x0_m: The stop.
        y0_m: The stop.
        x1_m: The next stop.
        y1_m: The next stop.
        mode: How the person moves from departure to arrival.
        indoor: At the stop.
        indoor_next: At the next stop.
        before_mm: Way on foot until the stop.
        way_mm: Way on foot to the next one.
    """

    duty: Ints
    first: Ints
    key: Ints
    origin_us: int
    span_us: int
    t0_us: Ints
    go_us: Ints
    t1_us: Ints
    x0_m: Floats
    y0_m: Floats
    x1_m: Floats
    y1_m: Floats
    mode: npt.NDArray[np.int8]
    indoor: Bools
    indoor_next: Bools
    before_mm: Ints
    way_mm: Ints

    @classmethod
    def of(cls, duty: Ints, stops: Stops) -> Movement:
        """The movement along stops that are in order; `stops.row` are places in `duty`."""
        first = np.full(len(duty), -1, dtype=np.int64)
        if len(stops.row):
            changed = new_run(stops.row)
            first[stops.row[changed]] = np.flatnonzero(changed)
        else:
            stops, changed = _NOBODY, np.ones(1, dtype=bool)
        row, at = stops.row, stops.at_us
        last = np.ones(len(row), dtype=bool)
        last[:-1] = changed[1:]
        following = np.where(last, np.arange(len(row)), np.arange(len(row)) + 1)
        x1, y1 = stops.x_m[following], stops.y_m[following]
        t1 = np.where(last, at + _EVER_US, at[following])
        go = np.where(last, t1, t1 - stops.leg_us[following])
        rides = stops.rides[following]
        way = np.rint(1000 * np.hypot(x1 - stops.x_m, y1 - stops.y_m)).astype(np.int64)
        way = np.where(rides, 0, way)
        begins = np.flatnonzero(changed)
        owner = np.cumsum(changed) - 1
        origin = int(at.min())
        span = int(at.max()) - origin + 1
        return cls(
            duty=duty,
            first=first,
            key=row * span + at - origin,
            origin_us=origin,
            span_us=span,
            t0_us=at,
            go_us=go,
            t1_us=t1,
            x0_m=stops.x_m,
            y0_m=stops.y_m,
            x1_m=x1,
            y1_m=y1,
            mode=np.where(rides, RIDING, WALKING).astype(np.int8),
            indoor=stops.indoor,
            indoor_next=stops.indoor[following],
            before_mm=total_before(way, begins, owner),
            way_mm=way,
        )

    def at(self, duty: Ints, t_us: Ints) -> Position:
        """Positions of the people of duties at instants."""
        entry, known, share = self._found(duty, t_us)
        moves = (share > 0.0) & known
        x0, y0, x1, y1 = (a[entry] for a in (self.x0_m, self.y0_m, self.x1_m, self.y1_m))
        x, y = x0 + share * (x1 - x0), y0 + share * (y1 - y0)
        took = np.maximum(self.t1_us[entry] - self.go_us[entry], 1) * 1e-6
        speed = np.where(moves, np.hypot(x1 - x0, y1 - y0) / took, 0.0)
        indoor = self.indoor[entry] & (~moves | self.indoor_next[entry])
        mode = np.where(moves, self.mode[entry], STILL).astype(np.int8)
        if not known.all():
            x, y = np.where(known, x, np.nan), np.where(known, y, np.nan)
        return Position(x, y, mode, indoor, speed)

    def walked_m(self, duty: Ints, t_us: Ints) -> Floats:
        """Metres on foot from a duty's first stop until an instant; 0 for nobody."""
        entry, known, share = self._found(duty, t_us)
        walked: Floats = (self.before_mm[entry] + share * self.way_mm[entry]) / 1000.0
        return np.where(known, walked, 0.0)

    def _found(self, duty: Ints, t_us: Ints) -> tuple[Ints, Bools, Floats]:
        """Entry, whether there is one, and which share of the way on is done."""
        row = np.minimum(np.searchsorted(self.duty, duty), max(len(self.duty) - 1, 0))
        first = self.first[row]
        known = (first >= 0) & (self.duty[row] == duty)
        inside = np.clip(t_us - self.origin_us, 0, self.span_us - 1)
        entry = np.searchsorted(self.key, row * self.span_us + inside, side="right") - 1
        entry = np.where(known, np.maximum(entry, first), 0)
        went = np.maximum(t_us - self.go_us[entry], 0)
        took = np.maximum(self.t1_us[entry] - self.go_us[entry], 1)
        return entry, known, np.minimum(went / took, 1.0)


_ZERO, _NOWHERE, _NO = np.zeros(1, dtype=np.int64), np.zeros(1), np.zeros(1, dtype=bool)
_NOBODY = Stops(_ZERO, _ZERO, _ZERO, _NOWHERE, _NOWHERE, _NO, _NO)
"""An entry for shards in which nobody works, so that looking up needs no exception."""
