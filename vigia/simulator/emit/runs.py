"""Lines on their way to a file: what one piece of work made, by when it arrives.

Belongs here: turning event frames into lines that can be put in order. What an event means is
not known here, but for the signal family that it counts for (`gaps`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from vigia.domain.dictionary import TABLES
from vigia.simulator.draws import Ints
from vigia.simulator.emit.gaps import signal_families
from vigia.simulator.emit.text import event_lines
from vigia.simulator.world.model import EventFrames

RAW = "_raw"
"""Name of the frames that carry lines as they are (`line`), for what is no event at all."""
_RANK = {name: rank for rank, name in enumerate([RAW, *sorted(TABLES)])}
_SITES = 1 << 12


_I = pl.Int64()
RUN = pl.Schema(
    {
        "arrives_us": _I,
        "order": _I,
        "tenant": _I,
        "site": _I,
        "device": _I,
        "family": _I,
        "line": pl.String(),
    }
)
"""One row per event, in any order: when it arrives, what decides between arrivals of the same
instant (table and site), whose stream it goes to, its site and the device that sent it (-1 none),
the signal family it counts for (`gaps.FAMILIES`, 0 none), and its text, line end included."""


def arrival_order(run: pl.DataFrame) -> Ints:
    """The order of arrival: by instant, then table and site, then as they were made."""
    first = np.argsort(run["order"].to_numpy(), kind="stable")
    return first[np.argsort(run["arrives_us"].to_numpy()[first], kind="stable")]


def run_of(events: EventFrames, tenant_of_site: Ints) -> pl.DataFrame:
    """The lines (`RUN`) of some event frames, table by table."""
    parts = [
        _run(table, frame, tenant_of_site)
        for table in sorted(events)
        for frame in events[table]
        if frame.height
    ]
    return pl.concat([RUN.to_frame(), *parts])


def counts_of(events: Mapping[str, list[pl.DataFrame]]) -> dict[str, int]:
    """Events by table."""
    return {table: sum(f.height for f in frames) for table, frames in sorted(events.items())}


def _run(table: str, frame: pl.DataFrame, tenant_of_site: Ints) -> pl.DataFrame:
    site = _numbers(frame, "_site")
    known = tenant_of_site[np.maximum(site, 0)]
    tenant = np.where(site >= 0, known, np.maximum(_numbers(frame, "_tenant"), 0))
    columns = {
        "arrives_us": frame["received_at"].to_physical(),
        "order": np.int64(_RANK[table] * _SITES) + site + 1,
        "tenant": tenant,
        "site": site,
        "device": _numbers(frame, "_device"),
        "family": signal_families(table, frame),
        "line": frame["line"] if table == RAW else event_lines(table, frame),
    }
    return pl.DataFrame(columns, schema=RUN)


def _numbers(frame: pl.DataFrame, name: str) -> Ints:
    """A hidden column of numbers; -1 where the frame has none."""
    if name not in frame.columns:
        return np.full(frame.height, -1, dtype=np.int64)
    numbers: Ints = frame[name].cast(pl.Int64).fill_null(-1).to_numpy()
    return numbers
