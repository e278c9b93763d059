"""Events to let travel: telemetry of a hand-made world, and a few tables besides."""

from __future__ import annotations

import numpy as np
import polars as pl

from tests.simulator.devices.small import MINUTE_US, Circling, shard_of
from vigia.domain.telemetry.frames import INSTANT
from vigia.simulator.devices.simulate import simulate_devices
from vigia.simulator.observe.observe import observe


def telemetry(shard):
    """What the phones of a shard truly send."""
    return simulate_devices(shard, Circling())


def arrived(shard, events=None):
    """Everything as it arrives, all tables in one frame, and the truth about poison."""
    seen, poison = observe(shard, telemetry(shard) if events is None else events)
    return together(seen), poison


def together(seen):
    """The envelopes of all tables; lines that are no events left out."""
    names = (
        "ce_source",
        "ce_id",
        "ce_time",
        "received_at",
        "_true_us",
        "_site",
        "_device",
        "_duty",
    )
    frames = [f.select(*names, table=pl.lit(t)) for t, (f,) in seen.items() if t != "_raw"]
    return pl.concat(frames).with_columns(
        delay_s=(pl.col("received_at").to_physical() - pl.col("_true_us")) / 1e6
    )


def beside(shard, table, source, *, every_min=10, **columns):
    """Events of another table, one every few minutes of each duty."""
    duties = shard.duties
    steps = np.arange(0, 720, every_min)
    at_us = (duties["starts_us"].to_numpy()[:, None] + steps * MINUTE_US).ravel()
    duty = np.repeat(duties["duty"].to_numpy(), len(steps))
    device = np.repeat(duties["device"].to_numpy(), len(steps))
    site = np.repeat(duties["site"].to_numpy(), len(steps))
    code = shard.world.sites["code"].gather(site)
    named = {
        "phone": "phone/" + shard.world.devices["code"].gather(device),
        "access": "access/" + code,
    }
    serial = np.arange(len(at_us)) % len(steps)
    frame = pl.DataFrame(
        {
            "ce_source": named.get(source, pl.Series([source]).new_from_index(0, len(at_us))),
            "ce_id": [f"{table[:2]}{d:05}-{n:02}" for d, n in zip(duty, serial, strict=True)],
            "ce_type": [f"vigia.{table}.{columns.pop('verb', 'recorded')}.v1"] * len(at_us),
            "ce_subject": code,
            "ce_time": pl.Series(at_us).cast(INSTANT),
            "received_at": pl.Series([None], dtype=INSTANT).new_from_index(0, len(at_us)),
            "_site": site,
            "_device": device if source == "phone" else np.full(len(at_us), -1),
            "_duty": duty,
        }
    )
    return {table: [frame.with_columns(**columns)]}


def scans(shard):
    """Scans of checkpoints by phone."""
    return beside(shard, "checkpoint_scan", "phone", checkpoint_id=pl.lit("S0001-C01"))


def small_shard(world, **changes):
    """A shard of the first test day."""
    return shard_of(world, day=1, **changes)
