"""All that the phones of a shard would send, at its true time, numbered as devices number it.

Belongs here: putting together what the other modules make, as event frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from vigia.domain.telemetry.frames import INSTANT
from vigia.simulator.devices.battery import power_of
from vigia.simulator.devices.befallen import Befallen, befallen
from vigia.simulator.devices.crew import Moments, crew_of
from vigia.simulator.devices.failing import dark_of, restarts_of
from vigia.simulator.devices.heartbeats import beats, health, never_sent, queue_depths
from vigia.simulator.devices.numbering import Numbers, Senders, numbered, senders_of
from vigia.simulator.devices.phone import KINDS, Touches, touches
from vigia.simulator.devices.positions import measured, provider_names
from vigia.simulator.devices.sampling import Sampled, sampled
from vigia.simulator.devices.steps import motions, steps_delta
from vigia.simulator.devices.trackers import tracked
from vigia.simulator.draws import Ints
from vigia.simulator.effects import Effect
from vigia.simulator.world.model import EventFrames, Shard

if TYPE_CHECKING:
    from vigia.simulator.field.movement import Movement


def simulate_devices(shard: Shard, movement: Movement) -> EventFrames:
    """Positions, heartbeats and phone events of a shard's duties.

    Args:
        shard: Whose.
        movement: Where everybody truly is.

    Returns:
        One frame a table with true times in `ce_time` (of a position: when it was measured),
        sorted by duty and time. Instants are in whole milliseconds.
    """
    crew = crew_of(shard)
    if not len(crew):
        return {}
    happens = befallen(shard.effects, crew)
    power = power_of(crew, happens)
    dark = dark_of(power, happens)
    restarts = restarts_of(crew, happens, dark)
    trackers = tracked(shard, crew, movement)
    nobody = np.zeros(0, dtype=np.int64)
    carrier, tracker = (trackers.carrier, trackers.crew.device) if trackers else (nobody, nobody)
    spared = happens.spans(Effect.SECOND_TRACKER)
    spared = spared.where(np.isin(spared.pos, carrier))
    taken = sampled(crew, happens, dark.and_also(spared), movement)
    beating = beats(crew, happens, dark)
    touched = touches(crew, happens, dark, restarts)

    keys = [taken.moments.key, beating.moments.key, touched.moments.key]
    senders = senders_of(crew, restarts, carrier, tracker)
    if trackers:
        sender = len(crew) + carrier[trackers.taken.moments.pos]
        keys.append(crew.packed(sender, trackers.taken.moments.at_us))
    (of_fixes, of_beats, of_touches, *of_trackers), in_order = numbered(senders, keys)
    sent = ~never_sent(beating)
    state = health(beating, power, happens, shard.effects)
    state["queue_depth"] = queue_depths(beating, happens, of_beats, in_order)
    heartbeat = _frame("device_heartbeat", senders, beating.moments, of_beats)
    fixes = [_fixes(senders, taken.moments.pos, taken, of_fixes, happens, movement)]
    if trackers:
        theirs = trackers.taken, of_trackers[0], trackers.befallen
        fixes.append(_fixes(senders, sender, *theirs, movement))
    return {
        "gps_fix": fixes,
        "device_heartbeat": [heartbeat.with_columns(**state).filter(pl.Series(sent))],
        "phone_event": [_phone_events(senders, touched, of_touches)],
    }


def _fixes(
    senders: Senders,
    sender: Ints,
    taken: Sampled,
    numbers: Numbers,
    happens: Befallen,
    movement: Movement,
) -> pl.DataFrame:
    """Positions; the envelope's time is when they were measured, by the satellites' clock."""
    found = measured(taken, happens)
    outdated = pl.Series(found.outdated)
    frame = _frame("gps_fix", senders, taken.moments, numbers, sender)
    return frame.with_columns(
        person_id=_persons(taken.moments),
        lat=pl.Series(found.lat),
        lon=pl.Series(found.lon),
        accuracy_m=pl.Series(found.accuracy_m),
        speed_mps=pl.Series(found.speed_mps),
        satellites=pl.Series(found.satellites),
        provider=provider_names(found.provider),
        mock=pl.Series(found.mock),
        valid=pl.Series(found.valid),
        # Said only where it is so: hardly ever.
        outdated=outdated.set(~outdated, None),
        steps_delta=pl.Series(steps_delta(taken, happens, movement)),
        motion=motions(taken),
    )


def _phone_events(senders: Senders, touched: Touches, numbers: Numbers) -> pl.DataFrame:
    frame = _frame("phone_event", senders, touched.moments, numbers)
    return frame.with_columns(
        person_id=_persons(touched.moments),
        kind=pl.Series(KINDS).gather(touched.kind),
        human=pl.Series(touched.human),
    )


def _persons(moments: Moments) -> pl.Series:
    crew = moments.crew
    return crew.world.people["code"].gather(crew.person).gather(moments.pos)


def _frame(
    table: str, senders: Senders, moments: Moments, numbers: Numbers, sender: Ints | None = None
) -> pl.DataFrame:
    """What every event of a device carries: envelope, device, boot and number."""
    crew, pos = moments.crew, moments.pos
    sender = pos if sender is None else sender
    device = senders.device[sender]
    site = crew.site[pos]
    kind = pl.Series([f"vigia.{table}.recorded.v1"])
    return pl.DataFrame(
        {
            "ce_source": senders.source.gather(sender),
            "ce_id": numbers.ids,
            "ce_type": kind.new_from_index(0, len(pos)),
            "ce_subject": crew.world.sites["code"].gather(site),
            "ce_time": pl.Series(moments.at_us).cast(pl.Datetime("us")).cast(INSTANT),
            "device_id": crew.world.devices["code"].gather(device),
            "boot_id": numbers.boot,
            "seq": pl.Series(numbers.seq),
            "_site": pl.Series(site),
            "_device": pl.Series(device),
            "_duty": pl.Series(crew.duty[pos]),
        }
    )
