"""Events of all tables side by side, as the processes on their way see them.

Belongs here: the few numbers of an event that decide when it arrives. They are laid out once for
all tables, because a pass over many rows costs as much as one over few.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from vigia.domain.dictionary import TABLES
from vigia.simulator.devices.lanes import Lanes
from vigia.simulator.draws import Bools, Ints, Stream
from vigia.simulator.world.model import EventFrames, World

TELEMETRY = ("gps_fix", "device_heartbeat", "phone_event")
CARRIED, FIXED, CENTRAL = range(3)
"""Ways to the server: what people carry (`phone/…`, `tracker/…`), what stands at a site and shares
its network (any other source with a stroke in its name), and systems elsewhere."""
_RANK = {table: rank for rank, table in enumerate(sorted(TABLES))}
_FOLD = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Passing:
    """All events, table after table.

    Attributes:
        world: Where they come from.
        frames: One frame a table, in the order of the rows.
        site: Number of the site, -1 none.
        device: Number of the device, -1 none.
        duty: Number of the duty, -1 none.
        at_us: True time, whole milliseconds.
        known_us: When it arrives, where whoever made it knows that; else -1.
        way: `CARRIED`, `FIXED` or `CENTRAL`.
        phone: Sent by a phone, whose clock may be wrong.
        chance: Four draws an event.
    """

    world: World
    frames: dict[str, pl.DataFrame]
    site: Ints
    device: Ints
    duty: Ints
    at_us: Ints
    known_us: Ints
    way: Ints
    phone: Bools
    chance: Lanes

    def __len__(self) -> int:
        """How many events there are."""
        return len(self.at_us)

    def slices(self) -> Iterator[tuple[str, pl.DataFrame, slice]]:
        """Each table, its frame and its rows."""
        start = 0
        for table, frame in self.frames.items():
            yield table, frame, slice(start, start + frame.height)
            start += frame.height


def passing(world: World, events: EventFrames) -> Passing:
    """Lay out the events of all tables."""
    frames = {t: _joined(events[t]) for t in sorted(events) if any(f.height for f in events[t])}
    parts = list(frames.values())
    site, device, duty = (
        _together(_numbers(frame, name) for frame in parts)
        for name in ("_site", "_device", "_duty")
    )
    at_us, known_us = (
        _together(_instants(frame, name) for frame in parts) for name in ("ce_time", "received_at")
    )
    phone = _together(_starts(frame, "phone/") for frame in parts) > 0
    carried = phone | (_together(_starts(frame, "tracker/") for frame in parts) > 0)
    fixed = _together(_has_stroke(frame) for frame in parts) > 0
    way = np.where(carried, CARRIED, np.where(fixed, FIXED, CENTRAL))
    stream = Stream(world.config.seed, "observe.passing")
    chance = Lanes(stream, *_keys(frames, duty, at_us))
    return Passing(world, frames, site, device, duty, at_us, known_us, way, phone, chance)


def _together(parts: Iterable[Ints]) -> Ints:
    """Arrays one after the other; none at all are an empty one."""
    return np.concatenate([_none(0), *parts])


def _joined(frames: list[pl.DataFrame]) -> pl.DataFrame:
    return frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal_relaxed")


def _none(count: int) -> Ints:
    return np.full(count, -1, dtype=np.int64)


def _numbers(frame: pl.DataFrame, name: str) -> Ints:
    """A hidden column of numbers; -1 where there is none."""
    if name not in frame.columns:
        return _none(frame.height)
    numbers: Ints = frame[name].cast(pl.Int64).fill_null(-1).to_numpy()
    return numbers


def _instants(frame: pl.DataFrame, name: str) -> Ints:
    """A column of instants in whole milliseconds; -1 where there is none."""
    if name not in frame.columns or frame[name].null_count() == frame.height:
        return _none(frame.height)
    physical = frame[name].to_physical().cast(pl.Int64)
    return np.where(
        physical.is_null().to_numpy(), -1, physical.fill_null(0).to_numpy() // 1_000 * 1_000
    )


def _starts(frame: pl.DataFrame, prefix: str) -> Ints:
    return frame["ce_source"].str.starts_with(prefix).to_numpy().astype(np.int64)


def _has_stroke(frame: pl.DataFrame) -> Ints:
    return frame["ce_source"].str.contains("/", literal=True).to_numpy().astype(np.int64)


def _keys(frames: dict[str, pl.DataFrame], duty: Ints, at_us: Ints) -> tuple[Ints, Ints]:
    """Two numbers that name each event, wherever and with whatever others it is observed.

    A device hardly ever has two events of a kind in one instant; other events are told apart by
    their ids.
    """
    names: list[Ints] = []
    kinds: list[Ints] = []
    start = 0
    for table, frame in frames.items():
        mine = slice(start, start + frame.height)
        start += frame.height
        names.append(duty[mine] if table in TELEMETRY else _named(frame["ce_id"]))
        kinds.append(np.full(frame.height, _RANK[table]))
    return _together(names), at_us * len(_RANK) + _together(kinds)


def _named(ids: pl.Series) -> Ints:
    """A number for each id, made of its first bytes."""
    raw = np.array([text.encode() for text in ids], dtype=f"S{8 * len(_FOLD)}")
    words = raw.view("<u8").reshape(-1, len(_FOLD))
    folded: Ints = np.bitwise_xor.reduce(words * _FOLD, axis=1).view(np.int64)
    return folded
