"""What the plan hands on: effects for the processes, intentions and look-alikes for the labels.

Belongs here: the frames of a plan. One number space names injected episodes and traps alike, in
no telling order, so the `episode` of an effect does not say which of the two it belongs to.
Instants are microseconds since 1970, UTC, ends excluded; -1 stands for none.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from vigia.simulator.effects import Effects
from vigia.simulator.world.model import EventFrames

_I, _F, _S = pl.Int64(), pl.Float64(), pl.String()

INTENTS = pl.Schema(
    {
        "episode": _I,
        "class": _S,
        "subtype": _S,
        "site": _I,
        "duty": _I,
        "device": _I,
        "from_us": _I,
        "to_us": _I,
        "value": _F,
    }
)
"""One row per episode that was meant to happen and per scope it was meant for (an outage has a
row per site). `class`: K01 … K12, DEVICE_FAILURE, SLA_BREACH, ANOMALY. Whether it did happen is
for `label` to say."""

TRAPS = pl.Schema(
    {
        "trap": _I,
        "kind": _S,
        "scope_kind": _S,
        "site": _I,
        "post": _I,
        "duty": _I,
        "person": _I,
        "device": _I,
        "from_us": _I,
        "to_us": _I,
        "tempting_type": _S,
    }
)
"""One row per innocent look-alike. `scope_kind` (site, post, person, device, duty) says which of
the numbers names its scope; `tempting_type` is the class a careless rule reports."""

FRAUDS = pl.Schema(
    {"duty": _I, "type": _S, "partner": _I, "minutes": _F, "adversarial": pl.Boolean()}
)
"""One row per duty whose attendance is fraudulent. `type`: buddy, spoof, time_theft, ghost or
correction; `partner`: the duty whose device clocks (buddy), or the person who corrects."""

MUTES = pl.Schema({"trap": _I, "kind": _S, "site": _I, "post": _I, "from_us": _I, "to_us": _I})
"""One row per period that the reference data explain. `kind`: maintenance (site), stand_down
(post) or holiday (site); `trap` is -1 for a window in which nothing happens. In these no rule
but the distress rule applies."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is made to happen in a world.

    Attributes:
        effects: Effects of episodes and traps, and the natural ones (episode -1): outages that
            were handed in, and sudden deaths of devices.
        intents: Injected episodes (`INTENTS`).
        traps: Look-alikes (`TRAPS`).
        frauds: Fraudulent duties (`FRAUDS`).
        mutes: Periods that the reference data explain (`MUTES`).
        reference: Events by which the company's systems tell of maintenance windows,
            stand-downs, extra holidays, and fences that were drawn wrong.
    """

    effects: Effects
    intents: pl.DataFrame
    traps: pl.DataFrame
    frauds: pl.DataFrame
    mutes: pl.DataFrame
    reference: EventFrames = field(default_factory=dict)
