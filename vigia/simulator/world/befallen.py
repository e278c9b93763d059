"""What the plan makes happen to duties: absence, lateness, unrecorded swaps, punches lost.

The effects and their values are those of `vigia.simulator.effects`; nothing else of a duty
changes, so what was made to happen looks like what happens by itself.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from vigia.domain.calendar import MINUTE_US
from vigia.simulator.draws import Floats, Ints
from vigia.simulator.effects import Effect, Effects

LEAST_PRESENCE_US = 10 * MINUTE_US
_TIMES = ("arrives_us", "leaves_us", "clock_in_us", "clock_out_us")


def befallen(duties: pl.DataFrame, effects: Effects, phones: Ints) -> pl.DataFrame:
    """The duties after everything that befell them.

    Args:
        duties: `DUTIES`.
        effects: Of the whole world; those of duties and kiosks are used.
        phones: The phone of each person, -1 without one.
    """
    changed = _swapped(duties, *_of(effects, Effect.SWAP_UNRECORDED), phones)
    changed = _late(changed, *_of(effects, Effect.LATE_BY))
    changed = _early(changed, *_of(effects, Effect.LEAVES_EARLY))
    changed = _absent(changed, *_of(effects, Effect.ABSENT))
    unclocked, _ = _of(effects, Effect.UNCLOCKED)
    clock_in = changed["clock_in_us"].to_numpy().copy()
    clock_in[unclocked] = -1
    return _kiosk_down(changed.with_columns(clock_in_us=pl.Series(clock_in)), effects)


def _of(effects: Effects, effect: Effect) -> tuple[Ints, Floats]:
    """Duties that an effect befalls, and its values."""
    found = effects.intervals(effect)
    return found.scope, found.value


def _swapped(duties: pl.DataFrame, duty: Ints, value: Floats, phones: Ints) -> pl.DataFrame:
    worker, device = duties["worker"].to_numpy().copy(), duties["device"].to_numpy().copy()
    worker[duty] = value.astype(np.int64)
    device[duty] = phones[worker[duty]]
    return duties.with_columns(worker=pl.Series(worker), device=pl.Series(device))


def _late(duties: pl.DataFrame, duty: Ints, value: Floats) -> pl.DataFrame:
    """Come so many minutes after the start; the punch moves along."""
    start, leaves = duties["starts_us"].to_numpy()[duty], duties["leaves_us"].to_numpy()[duty]
    wanted = start + np.rint(value * 60).astype(np.int64) * 1_000_000
    return _moved(
        duties, duty, "arrives_us", "clock_in_us", np.minimum(wanted, leaves - LEAST_PRESENCE_US)
    )


def _early(duties: pl.DataFrame, duty: Ints, value: Floats) -> pl.DataFrame:
    """Leave so many minutes before the end; the punch moves along."""
    end, arrives = duties["ends_us"].to_numpy()[duty], duties["arrives_us"].to_numpy()[duty]
    wanted = end - np.rint(value * 60).astype(np.int64) * 1_000_000
    return _moved(
        duties, duty, "leaves_us", "clock_out_us", np.maximum(wanted, arrives + LEAST_PRESENCE_US)
    )


def _moved(duties: pl.DataFrame, duty: Ints, being: str, punch: str, to: Ints) -> pl.DataFrame:
    """Move a time of presence, and the punch that goes with it, where somebody was there at all."""
    at, punched = duties[being].to_numpy().copy(), duties[punch].to_numpy().copy()
    there = at[duty] >= 0
    duty, to = duty[there], to[there]
    punched[duty] = np.where(punched[duty] < 0, -1, to + punched[duty] - at[duty])
    at[duty] = to
    return duties.with_columns(pl.Series(being, at), pl.Series(punch, punched))


def _absent(duties: pl.DataFrame, duty: Ints, value: Floats) -> pl.DataFrame:
    outcome = np.array(duties["outcome"].to_list(), dtype=object)
    outcome[duty] = np.where(value >= 1, "no_show", "absent")
    gone = {}
    for name in ("worker", "device", "relieved_by", *_TIMES):
        values = duties[name].to_numpy().copy()
        values[duty] = -1
        gone[name] = pl.Series(values)
    return duties.with_columns(outcome=pl.Series(outcome.tolist(), dtype=pl.String()), **gone)


def _kiosk_down(duties: pl.DataFrame, effects: Effects) -> pl.DataFrame:
    """Lose what was clocked at a kiosk while it was down."""
    down = effects.intervals(Effect.KIOSK_DOWN)
    kiosk = (duties["method"] == "kiosk").to_numpy()
    site = duties["site"].to_numpy()
    lost = {}
    for name in ("clock_in_us", "clock_out_us"):
        at = duties[name].to_numpy()
        lost[name] = pl.Series(np.where(kiosk & down.covers(site, at), -1, at))
    return duties.with_columns(**lost)
