"""Counting who or what is somewhere at an instant, for many places and instants at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from vigia.simulator.draws import Bools, Ints


@dataclass(frozen=True, slots=True)
class Crowd:
    """Comings and goings by scope, ready to be counted at many scopes and instants at once."""

    starts: Ints
    ends: Ints
    origin: int
    span: int

    @classmethod
    def of(cls, frame: pl.DataFrame, scope: str, start: str, end: str) -> Crowd:
        """Count rows of a frame from one column of instants to another."""
        if frame.is_empty():
            empty = np.zeros(0, dtype=np.int64)
            return cls(empty, empty, 0, 1)
        origin = int(frame[start].to_numpy().min()) - 1
        span = int(frame[end].to_numpy().max()) - origin + 2
        base = frame[scope].to_numpy() * span - origin
        return cls(
            np.sort(base + frame[start].to_numpy()),
            np.sort(base + frame[end].to_numpy()),
            origin,
            span,
        )

    def _until(self, packed: Ints, scope: Ints, at_us: Ints) -> Ints:
        inside = np.clip(at_us - self.origin, 0, self.span - 1)
        upto = np.searchsorted(packed, scope * self.span + inside, side="right")
        before = np.searchsorted(packed, scope * self.span, side="left")
        return (upto - before).astype(np.int64)

    def at(self, scope: Ints, at_us: Ints) -> Ints:
        """How many have come and not gone."""
        here: Ints = self._until(self.starts, scope, at_us) - self._until(self.ends, scope, at_us)
        return here

    def between(self, scope: Ints, from_us: Ints, to_us: Ints) -> Ints:
        """How many came after one instant, up to another."""
        came: Ints = self._until(self.starts, scope, to_us) - self._until(
            self.starts, scope, from_us
        )
        return came

    def touches(self, scope: Ints, from_us: Ints, to_us: Ints) -> Bools:
        """Whether anything is there at the start of an interval or comes before its end."""
        found: Bools = (self.at(scope, from_us) > 0) | (self.between(scope, from_us, to_us) > 0)
        return found
