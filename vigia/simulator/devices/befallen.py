"""What befalls a crew: effects on duties, devices and sites, as stretches of time of duties."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from vigia.simulator.devices.crew import MINUTE_US, Crew, Spans
from vigia.simulator.draws import Bools, Floats, Ints, Stream
from vigia.simulator.effects import Effect, Effects

_BY_DUTY = (Effect.PARKED, Effect.CARRIED, Effect.STILL)
_BY_DEVICE = (
    Effect.DARK,
    Effect.GPS_LOST,
    Effect.APP_DEAD,
    Effect.UPLOADS_LATE,
    Effect.FAILING,
    Effect.ON_CHARGER,
    Effect.SPOOFED,
    Effect.SECOND_TRACKER,
    Effect.APP_OUTDATED,
)
_BY_SITE = (Effect.NETWORK_DOWN, Effect.SILENCE, Effect.METRIC_SHIFT, Effect.METRIC_DRIFT)
SHORT_LOSSES = 0.04
"""Share of duties in which a receiver is lost for some minutes by itself."""
SHORT_MIN = 3.0, 16.0
HOW_LOST = 5, 3, 2
"""Weights of the values 0 to 2 of `GPS_LOST`."""
_SCOPES = {"duty": _BY_DUTY, "device": _BY_DEVICE, "site": _BY_SITE}


@dataclass(frozen=True, slots=True)
class Befallen:
    """Stretches of time of a crew, by effect."""

    crew: Crew
    found: dict[str, Spans]

    def spans(self, effect: Effect) -> Spans:
        """The stretches of one effect; none where it befalls nobody."""
        known = self.found.get(effect.value)
        if known is not None:
            return known
        nothing = np.zeros(0, dtype=np.int64)
        return Spans.of(self.crew, nothing, nothing, nothing)

    def cut_off(self) -> Spans:
        """When phones have no network, without those that are on another one."""
        down = self.spans(Effect.NETWORK_DOWN)
        seed, device = self.crew.world.config.seed, self.crew.device[down.pos]
        return down.where(is_cut_off(seed, device, down.from_us, down.depth))


def is_cut_off(seed: int, device: Ints, from_us: Ints, depth: Floats) -> Bools:
    """Whether a network that goes down takes a device with it: as often as its depth says."""
    return Stream(seed, "devices.other_network").chance(depth, device, from_us)


def befallen(effects: Effects, crew: Crew) -> Befallen:
    """What befalls the duties of a crew while their phones are on.

    A stretch keeps its own start and end, even where these lie outside the duty.
    """
    if not len(crew):
        return Befallen(crew, {})
    during = (pl.col("to_us") > int(crew.from_us.min())) & (
        pl.col("from_us") < int(crew.to_us.max())
    )
    table = effects.table.filter(during)
    people = pl.DataFrame(
        {
            "pos": np.arange(len(crew)),
            "duty": crew.duty,
            "device": crew.device,
            "site": crew.site,
            "on_us": crew.from_us,
            "off_us": crew.to_us,
        }
    )
    parts = [_matched(table, people, scope, chosen) for scope, chosen in _SCOPES.items()]
    rows = pl.concat([*parts, _short_losses(crew)]).sort(
        "effect", "pos", "from_us", "episode", "value"
    )
    depth = crew.world.config.knobs.depth
    found = {
        str(name): _spans(crew, part, depth)
        for (name,), part in rows.partition_by("effect", as_dict=True).items()
    }
    return Befallen(crew, found)


def _matched(
    table: pl.DataFrame, people: pl.DataFrame, scope: str, chosen: tuple[Effect, ...]
) -> pl.DataFrame:
    """One row per effect and duty that it befalls."""
    mine = table.filter(pl.col("effect").is_in([effect.value for effect in chosen]))
    meets = (pl.col("to_us") > pl.col("on_us")) & (pl.col("from_us") < pl.col("off_us"))
    matched = mine.join(people, left_on="scope", right_on=scope).filter(meets)
    return matched.select("effect", "pos", "from_us", "to_us", "value", "episode")


def _short_losses(crew: Crew) -> pl.DataFrame:
    """Receivers that are lost and found again in minutes: switched off, shadowed, restarted."""
    stream = Stream(crew.world.config.seed, "devices.short_loss")
    pos = np.flatnonzero(stream.chance(SHORT_LOSSES, crew.duty, crew.device))
    key = crew.duty[pos], crew.device[pos]
    length = (stream.uniform(*key, 0, low=SHORT_MIN[0], high=SHORT_MIN[1]) * MINUTE_US).astype(
        np.int64
    )
    room = np.maximum(crew.to_us[pos] - crew.from_us[pos] - length, 0)
    from_us = crew.from_us[pos] + (stream.uniform(*key, 1) * room).astype(np.int64)
    return pl.DataFrame(
        {
            "effect": pl.Series([Effect.GPS_LOST.value]).new_from_index(0, len(pos)),
            "pos": pos,
            "from_us": from_us,
            "to_us": from_us + length,
            "value": stream.choice(HOW_LOST, *key, 2).astype(np.float64),
            "episode": np.full(len(pos), -1, dtype=np.int64),
        }
    )


def _spans(crew: Crew, rows: pl.DataFrame, depth: float) -> Spans:
    """What happens by itself happens in full; what was planned, as deep as the level says."""
    deep = np.where(rows["episode"].to_numpy() < 0, 1.0, depth)
    pos, from_us, to_us, value = (rows[n].to_numpy() for n in ("pos", "from_us", "to_us", "value"))
    return Spans(crew, pos, from_us, to_us, value, deep)
