"""Silence, by the clock of arrival: how long nothing came from a site or a device.

Truth about silence is what a perfect observer of arrivals could know, so it is measured on the
stream as it goes out. Whether anything was expected in a gap is for whoever labels it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from vigia.simulator.draws import Bools, Ints

MINUTE_US = 60_000_000
LEAST_US = 25 * MINUTE_US
STRAGGLER_US = 10 * MINUTE_US
GOOD_ACCURACY_M = 100.0
_NARROW = 1 << 16
P, G, W, H, X = 1, 2, 3, 4, 5
FAMILIES = {"P": P, "G": G, "W": W, "H": H, "X": X}
"""Phone and app, usable position, work, welfare answer, and what the site itself reports."""
_OF_DEVICES = {
    "phone_event": P,
    "device_heartbeat": P,
    "attendance_event": P,
    "panic_event": P,
    "checkpoint_scan": W,
    "tour_run": W,
    "task": W,
    "incident_report": W,
    "welfare_check": H,
}
_OF_SITES = {"access_event": X, "asset_reading": X}

GAP = pl.Schema(
    {"kind": pl.String(), "number": pl.Int64(), "from_us": pl.Int64(), "to_us": pl.Int64()}
)
"""One row per silence of 25 minutes or more: `kind` site, device_P or device_G; the last arrival
before it and the first after it."""


def signal_families(table: str, frame: pl.DataFrame) -> Ints:
    """The family that each event is a sign of life in; 0 for none.

    What people and systems plan is none, and neither is a straggler: an event that arrives more
    than ten minutes after it happened says nothing of now.
    """
    family = _families(table, frame)
    if "_true_us" in frame.columns:
        delay = frame["received_at"].to_physical() - frame["_true_us"]
        family[(delay > STRAGGLER_US).fill_null(value=False).to_numpy()] = 0
    return family


def _families(table: str, frame: pl.DataFrame) -> Ints:
    if table == "contact_log":
        return np.where((frame["outcome"] == "reached").fill_null(value=False), X, 0).astype(
            np.int64
        )
    if table in _OF_SITES:
        return np.full(frame.height, _OF_SITES[table], dtype=np.int64)
    if table == "gps_fix":
        return np.where(_usable(frame), G, 0).astype(np.int64)
    family = _OF_DEVICES.get(table, 0)
    if not family or "_device" not in frame.columns:
        return np.zeros(frame.height, dtype=np.int64)
    return np.where(frame["_device"].fill_null(-1).to_numpy() >= 0, family, 0).astype(np.int64)


def _usable(frame: pl.DataFrame) -> Bools:
    usable = np.ones(frame.height, dtype=bool)
    if "valid" in frame.columns:
        usable &= frame["valid"].fill_null(value=True).to_numpy()
    if "outdated" in frame.columns:
        usable &= ~frame["outdated"].fill_null(value=False).to_numpy()
    if "accuracy_m" in frame.columns:
        usable &= frame["accuracy_m"].fill_null(0.0).to_numpy() <= GOOD_ACCURACY_M
    return usable


@dataclass(slots=True)
class GapFinder:
    """Finds the gaps of a stream that comes in pieces, in the order of arrival.

    Attributes:
        start_us: When the stream starts: the first silence counts from there.
    """

    start_us: int
    _last: dict[tuple[str, int], int] = field(default_factory=dict)
    _found: list[pl.DataFrame] = field(default_factory=list)

    def add(self, arrives_us: Ints, site: Ints, device: Ints, family: Ints) -> None:
        """Take the next piece; arrivals are not before those of earlier pieces."""
        alive = family > 0
        self._look("site", site, arrives_us, alive & (site >= 0))
        self._look("device_P", device, arrives_us, (family == P) & (device >= 0))
        self._look("device_G", device, arrives_us, (family == G) & (device >= 0))

    def finish(self, end_us: int) -> pl.DataFrame:
        """All gaps (`GAP`), those that last to the end included."""
        open_ = [
            (kind, number, last, end_us)
            for (kind, number), last in sorted(self._last.items())
            if end_us - last >= LEAST_US
        ]
        found = pl.concat([GAP.to_frame(), *self._found, pl.DataFrame(open_, GAP, orient="row")])
        return found.sort("kind", "number", "from_us")

    def _look(self, kind: str, number: Ints, arrives_us: Ints, chosen: Bools) -> None:
        keys, times = number[chosen], arrives_us[chosen]
        # Of numbers this small a stable sort is one pass over each byte, and times stay in order.
        narrow = keys.astype(np.uint16) if len(keys) and keys.max() < _NARROW else keys
        order = np.argsort(narrow, kind="stable")
        keys, times = keys[order], times[order]
        first = np.flatnonzero(np.diff(keys, prepend=-1))
        before = np.roll(times, 1)
        known = keys[first].tolist()
        before[first] = [self._last.get((kind, key), self.start_us) for key in known]
        long = times - before >= LEAST_US
        if long.any():
            times_of = {"number": keys[long], "from_us": before[long], "to_us": times[long]}
            found = pl.DataFrame(times_of).select(pl.lit(kind).alias("kind"), pl.all())
            self._found.append(found)
        last = times[np.append(first[1:], len(times)) - 1].tolist() if len(times) else []
        self._last |= {(kind, key): time for key, time in zip(known, last, strict=True)}
