"""From true events to those that arrive: the whole way of a shard's events, in one pass.

Belongs here: the order of the steps. What each does is in the sibling modules.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from vigia.domain.telemetry.reasons import Reason
from vigia.simulator.devices.failing import dark_phones
from vigia.simulator.draws import Bools, Ints
from vigia.simulator.effects import Intervals
from vigia.simulator.observe.clocks import (
    REASONS,
    Stamps,
    errors_us,
    instants,
    judged_us,
    stamped,
    unbelievable,
)
from vigia.simulator.observe.delay import delays_us
from vigia.simulator.observe.drift import drifted
from vigia.simulator.observe.duplicates import repeats
from vigia.simulator.observe.network import arrivals_us
from vigia.simulator.observe.passing import TELEMETRY, Passing, passing
from vigia.simulator.observe.poison import poisoned
from vigia.simulator.truth import POISON
from vigia.simulator.world.model import EventFrames, Shard, World

RAW_TABLE = "_raw"
"""Name of the frame that holds lines as they are."""
_RENAMED = len(REASONS)
_CODES = pl.Series([None, *(str(reason) for reason in REASONS[1:]), str(Reason.UNKNOWN_STATE)])
_KINDS = pl.Series([None, "clock", "clock", "clock", "schema_drift"])


def observe(shard: Shard, events: EventFrames) -> tuple[EventFrames, pl.DataFrame]:
    """Let events travel.

    Args:
        shard: Where they come from. Its duties say which phones are dark; its effects hold
            events back.
        events: True events of any tables, `ce_time` being the true time. `received_at` is kept
            where it is known.

    Returns:
        The same tables, one frame each: what is sent twice is in it twice, `ce_time` and other
        times that phones stamp are as their clocks show them, `received_at` is filled, and the
        hidden column `_true_us` keeps the true time; and the frame `_raw` (`poison.RAW`), if
        there is any. Besides, what a receiver has to put aside (`truth.POISON`).
    """
    going = passing(shard.world, _sent(shard, events))
    if not len(going):
        return {}, POISON.to_frame()
    arrives = arrivals_us(going, shard.effects, delays_us(going))
    error = errors_us(going, shard.effects)
    judged = judged_us(going, error)
    rows, again = repeats(going, arrives)
    why = unbelievable(judged, arrives)
    why_again = unbelievable(judged[rows], again)
    stamps = Stamps.of(going.at_us, error, arrives)
    seen: dict[str, pl.DataFrame] = {}
    for table, frame, mine in going.slices():
        shown = stamped(table, frame, stamps.slice(mine))
        if table == "device_heartbeat":
            shown, renamed = drifted(going, shown, mine)
            _mark_renamed(renamed, mine, why, rows, why_again)
        seen[table] = shown
    lines = poisoned(going, seen, why > 0)
    listed = [
        _listed(going, np.arange(len(going)), why),
        _listed(going, rows, why_again),
        _listed_lines(shard, lines),
    ]
    found = _with_repeats(going, seen, rows, instants(again))
    if lines.height:
        found[RAW_TABLE] = [lines]
    return found, pl.concat(listed)


def _sent(shard: Shard, events: EventFrames) -> EventFrames:
    """The events without those of phones that were dark: these neither send nor store."""
    dark = dark_phones(shard)
    if not len(dark):
        return events
    return {
        table: frames if table in TELEMETRY else [_lit(frame, dark) for frame in frames]
        for table, frames in events.items()
    }


def _lit(frame: pl.DataFrame, dark: Intervals) -> pl.DataFrame:
    """The rows that no dark phone would have sent."""
    if "_device" not in frame.columns or not frame.height:
        return frame
    device = frame["_device"].cast(pl.Int64).fill_null(-1).to_numpy()
    at_us = frame["ce_time"].to_physical().to_numpy()
    silent = frame["ce_source"].str.starts_with("phone/").to_numpy() & dark.covers(device, at_us)
    return frame.filter(pl.Series(~silent)) if silent.any() else frame


def _mark_renamed(renamed: Bools, mine: slice, why: Ints, rows: Ints, why_again: Ints) -> None:
    """Note events that say a word which the receiver does not know, and their repeats."""
    if not renamed.any():
        return
    why[mine][renamed & (why[mine] == 0)] = _RENAMED
    repeated = (rows >= mine.start) & (rows < mine.stop)
    repeated[repeated] = renamed[rows[repeated] - mine.start]
    why_again[repeated & (why_again == 0)] = _RENAMED


def _with_repeats(
    going: Passing, seen: dict[str, pl.DataFrame], rows: Ints, again: pl.Series
) -> EventFrames:
    """The tables with what arrives a second time."""
    found: EventFrames = {}
    for table, _, mine in going.slices():
        found[table] = [seen[table]]
        first, after = np.searchsorted(rows, [mine.start, mine.stop]).tolist()
        if after > first:
            twice = seen[table][rows[first:after] - mine.start]
            twice = twice.with_columns(received_at=again.slice(first, after - first))
            found[table] = [pl.concat([seen[table], twice])]
    return found


def _listed(going: Passing, rows: Ints, why: Ints) -> pl.DataFrame:
    """The truth about events that are put aside, given why each row is (0: it is not)."""
    bad = np.flatnonzero(why)
    rows, why = rows[bad], why[bad]
    named = going.names[rows]
    none = np.full(len(rows), -1, dtype=np.int64)
    return pl.DataFrame(
        {
            "tenant": _slugs(going.world, going.site[rows], none),
            "source": named["ce_source"],
            "source_event_id": named["ce_id"],
            "reason_code": _CODES.gather(why),
            "kind": _KINDS.gather(why),
        },
        schema=POISON,
    )


def _listed_lines(shard: Shard, lines: pl.DataFrame) -> pl.DataFrame:
    """The truth about lines that are put aside."""
    bad = lines.filter(pl.col("reason_code").is_not_null())
    owner = bad["_tenant"].fill_null(-1).to_numpy()
    return bad.select(
        _slugs(shard.world, bad["_site"].to_numpy(), owner).alias("tenant"),
        pl.col("ce_source").alias("source"),
        pl.col("ce_id").alias("source_event_id"),
        "reason_code",
        "kind",
    )


def _slugs(world: World, site: Ints, owner: Ints) -> pl.Series:
    """The tenant of each event: that of its site, or the one that it names itself."""
    of_site = world.sites["tenant"].to_numpy()[np.maximum(site, 0)]
    tenant = np.where(site >= 0, of_site, np.maximum(owner, 0))
    return world.tenants["slug"].gather(tenant)
