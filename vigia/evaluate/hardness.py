"""How hard a world is to read, measured on what can be observed of it.

Belongs here: figures that say what a level does to the stream. What was asked for (the knobs) is in
the manifest; these are what came of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from vigia.evaluate.truth import Truth

LATE_S = 5.0
"""An event that takes longer to arrive is late."""
HEARTBEAT_S = 300.0
_LONGEST_GAP = 12
"""In heartbeats: a longer silence is a phone that is off, or nobody's."""
_STILL_GAP_S = (200.0, 400.0)
_EARTH_M = 111_320.0


@dataclass(slots=True)
class Hardness:
    """Adds up over the parts of a stream.

    Attributes:
        beats: Heartbeats so far: `device_id` and `time`.
    """

    beats: list[pl.DataFrame] = field(default_factory=list)
    _late: list[tuple[int, int]] = field(default_factory=list)
    _apart_m: list[np.ndarray] = field(default_factory=list)

    def add(self, found: dict[str, pl.DataFrame]) -> None:
        """Take the events of one part (`stream.events`)."""
        fixes = found["gps_fix"].filter(pl.col("time").is_not_null())
        # A position carries the time of the satellites, whatever the phone's own clock says.
        delay_s = (fixes["received_at"] - fixes["time"]).dt.total_milliseconds() / 1e3
        self._late.append((int((delay_s > LATE_S).sum()), fixes.height))
        self._apart_m.append(_apart_at_rest(fixes))
        self.beats.append(found["device_heartbeat"].select("device_id", "time"))

    def figures(self, truth: Truth) -> dict[str, float]:
        """Late share, missing heartbeats, error of positions at rest, traps against episodes.

        A figure that cannot be told is left out.
        """
        late, every = (sum(column) for column in zip(*self._late, strict=True))
        found = {"late_share": late / every} if every else {}
        missing = _missing(pl.concat(self.beats))
        if missing is not None:
            found["missing_heartbeats"] = missing
        apart = np.concatenate(self._apart_m)
        if len(apart):
            found["position_error_m"] = float(np.median(apart))
        injected = truth.episodes.filter(cause="injected").height
        if injected:
            found["traps_per_episode"] = truth.traps.height / injected
        return {name: round(value, 4) for name, value in found.items()}


def _missing(beats: pl.DataFrame) -> float | None:
    """Share of heartbeats that should be there, between two that are, and never came."""
    times = beats.drop_nulls().unique().sort("device_id", "time")
    gap = times.select(pl.col("time").diff().over("device_id").dt.total_milliseconds() / 1e3)
    steps = (gap["time"].drop_nulls() / HEARTBEAT_S).round()
    between = steps.filter(steps.is_between(1, _LONGEST_GAP))
    expected = float(between.sum())
    return 1 - len(between) / expected if expected else None


def _apart_at_rest(fixes: pl.DataFrame) -> np.ndarray:
    """Metres between one position and the next of a phone that made no step in between."""
    still = pl.col("motion") == "still"
    ordered = fixes.drop_nulls(["lat", "lon"]).sort("device_id", "time")
    before = {name: pl.col(name).shift(1).over("device_id") for name in ("lat", "lon", "time")}
    gap_s = (pl.col("time") - before["time"]).dt.total_milliseconds() / 1e3
    north = (pl.col("lat") - before["lat"]) * _EARTH_M
    east = (pl.col("lon") - before["lon"]) * _EARTH_M * (pl.col("lat").radians().cos())
    rested = ordered.with_columns(
        gap_s=gap_s,
        apart_m=(north.pow(2) + east.pow(2)).sqrt(),
        rests=still & still.shift(1).over("device_id") & (pl.col("steps_delta") == 0),
    )
    chosen = rested.filter(pl.col("rests") & pl.col("gap_s").is_between(*_STILL_GAP_S))
    apart: np.ndarray = chosen["apart_m"].drop_nulls().to_numpy()
    return apart
