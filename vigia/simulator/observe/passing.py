"""Events of all tables side by side, as the processes on their way see them.

Belongs here: the few numbers of an event that decide when it arrives. They are laid out once for
all tables, because a pass over many rows costs as much as one over few.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from vigia.domain.dictionary import TABLES
from vigia.domain.telemetry.frames import INSTANT
from vigia.simulator.devices.lanes import Lanes
from vigia.simulator.draws import Bools, Ints, Stream
from vigia.simulator.world.model import EventFrames, World

TELEMETRY = ("gps_fix", "device_heartbeat", "phone_event")
CARRIED, FIXED, CENTRAL = range(3)
"""Ways to the server: what people carry (`phone/…`, `tracker/…`), what stands at a site and shares
its network (any other source with a stroke in its name), and systems elsewhere."""
_HEAD = pl.Schema(
    {
        "_site": pl.Int64(),
        "_device": pl.Int64(),
        "_duty": pl.Int64(),
        "ce_source": pl.String(),
        "ce_id": pl.String(),
        "ce_time": INSTANT,
        "received_at": INSTANT,
    }
)
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
        names: Source and id of each event.
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
    names: pl.DataFrame

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
    # One concatenation first: every pass over a column costs the same however short it is.
    heads = pl.concat([_HEAD.to_frame(), *(_head(frame) for frame in frames.values())])
    site, device, duty = (heads[n].fill_null(-1).to_numpy() for n in ("_site", "_device", "_duty"))
    at_us, known_us = (
        heads[n].to_physical().fill_null(-1).to_numpy() // 1_000 * 1_000
        for n in ("ce_time", "received_at")
    )
    source = heads["ce_source"]
    phone = source.str.starts_with("phone/").to_numpy()
    carried = phone | source.str.starts_with("tracker/").to_numpy()
    fixed = source.str.contains("/", literal=True).to_numpy()
    return Passing(
        world,
        frames,
        site=site,
        device=device,
        duty=duty,
        at_us=at_us,
        known_us=np.maximum(known_us, -1),
        way=np.where(carried, CARRIED, np.where(fixed, FIXED, CENTRAL)),
        phone=phone,
        chance=Lanes(
            Stream(world.config.seed, "observe.passing"),
            *_keys(frames, heads["ce_id"], duty, at_us),
        ),
        names=heads.select("ce_source", "ce_id"),
    )


def _joined(frames: list[pl.DataFrame]) -> pl.DataFrame:
    return frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal_relaxed")


def _head(frame: pl.DataFrame) -> pl.DataFrame:
    """The columns of the envelope and the hidden ones, null where the frame has none."""
    return frame.select(
        pl.col(name).cast(kind) if name in frame.columns else pl.lit(None, kind).alias(name)
        for name, kind in _HEAD.items()
    )


def _keys(
    frames: dict[str, pl.DataFrame], ids: pl.Series, duty: Ints, at_us: Ints
) -> tuple[Ints, Ints]:
    """Two numbers that name each event, wherever and with whatever others it is observed.

    A device hardly ever has two events of a kind in one instant; other events are told apart by
    their ids.
    """
    heights = [frame.height for frame in frames.values()]
    rank = np.repeat([_RANK[table] for table in frames], heights).astype(np.int64)
    counted = np.repeat([table in TELEMETRY for table in frames], heights).astype(np.bool_)
    name = duty.copy()
    name[~counted] = _named(ids.filter(pl.Series(~counted)))
    return name, at_us * len(_RANK) + rank


def _named(ids: pl.Series) -> Ints:
    """A number for each id, made of its first bytes."""
    raw = np.array([text.encode() for text in ids], dtype=f"S{8 * len(_FOLD)}")
    words = raw.view("<u8").reshape(-1, len(_FOLD))
    folded: Ints = np.bitwise_xor.reduce(words * _FOLD, axis=1).view(np.int64)
    return folded
