"""Doors with access control, used by the client's staff and by guards on their way to work."""

from __future__ import annotations

import numpy as np
import polars as pl

from vigia.simulator.draws import Bools, Floats, Ints
from vigia.simulator.effects import Effect
from vigia.simulator.field.codes import hashes, shuffled, spelled
from vigia.simulator.field.crew import SECOND_US, Crew
from vigia.simulator.field.dice import quarters, times_us
from vigia.simulator.field.frames import Column, Origin, recorded
from vigia.simulator.field.names import Names, named
from vigia.simulator.field.rhythm import Rhythm, day_heads
from vigia.simulator.field.rows import new_run, rank_in_runs, stretches
from vigia.simulator.field.sway import Sway

A_DAY = {
    "office": 22.0, "warehouse": 12.0, "hospital": 26.0, "mall": 12.0, "construction": 4.0,
    "residential": 9.0, "bank_atm": 8.0, "data_centre": 14.0, "factory": 18.0, "campus": 20.0,
    "event": 8.0,
}  # fmt: skip
"""Uses of the doors that are logged on a working day."""
KINDS = pl.Series(["granted", "denied", "held_open", "forced"])
WEIGHTS = (965, 29, 5, 1)
DENIED, HELD_OPEN = 1, 2
STAFF = 60
STRANGERS = 1_000_000
UNKNOWN = 0.02
"""Share of uses with a card that is nobody's the client knows of."""
WITHOUT_A_CARD = 0.02
"""Share of uses with no card at all: opened from inside, or by the porter."""
UNKNOWN_IF_DENIED = 0.4
FORCED_WITHOUT = 0.7
"""Share of doors that are forced or held open without a card before."""
DOORS = 4
LABELS = pl.Series(["Main entrance", *(f"Door {n}" for n in range(2, DOORS + 1))])
BADGES = 0.8
"""Share of guards who badge in and out."""


def door_events(names: Names, sway: Sway, rhythm: Rhythm) -> list[pl.DataFrame]:
    """What the doors of a shard record of the client's staff and of guards."""
    return [f for f in (_staff(names, rhythm), _guards(names, sway)) if f.height]


def access_columns(names: Names, site: Ints, which: Ints) -> dict[str, Column]:
    """Door and the zone behind it: the doors of a site are spread over its zones."""
    zones = names.crew.shard.world.zones["site"].to_numpy()
    first, end = stretches(zones, site)
    inside = first + which % np.maximum(end - first, 1)
    zone = named(names.zones, np.where(end > first, inside, -1))
    return {"zone_id": zone, "door": named(LABELS, which)}


def access_source(names: Names, site: Ints) -> pl.Series:
    """The access control system of each site, as a source of events."""
    return names.at_sites(site, "access/")


def _staff(names: Names, rhythm: Rhythm) -> pl.DataFrame:
    crew = names.crew
    has = crew.shard.world.sites["has_access_control"].to_numpy()[crew.shard.sites.to_numpy()]
    comings = rhythm.comings("door", A_DAY, has)
    site, at = comings.site, comings.at_us
    who, door, card, _ = quarters(crew.stream("door.use"), site, at)
    kind = crew.stream("door.kind").choice(WEIGHTS, site, at)
    unknown = card > 1.0 - np.where(kind == DENIED, UNKNOWN_IF_DENIED, UNKNOWN)
    strange = STAFF + crew.stream("door.stranger").integers(STRANGERS, site, at)
    person = np.where(unknown, strange, (who * STAFF).astype(np.int64))
    holder = hashes(crew.stream("staff.hash"), site, person)
    badge = hashes(crew.stream("badge.hash"), site, person)
    bare = without_a_card(kind, card)
    columns: dict[str, Column] = {
        **access_columns(names, site, (door * DOORS).astype(np.int64)),
        "person_hash": holder.set(pl.Series(bare | unknown), None),
        "credential_hash": badge.set(pl.Series(bare), None),
        "kind": named(KINDS, kind),
    }
    codes = door_codes(crew, site, comings.number)
    origin = Origin.place(names, access_source(names, site), codes, site, at)
    return recorded("access_event", "recorded", origin, columns)


def without_a_card(kind: Ints, luck: Floats) -> Bools:
    """Whether each use of a door is one without a card."""
    bare: Bools = luck < np.where(kind >= HELD_OPEN, FORCED_WITHOUT, WITHOUT_A_CARD)
    return bare


def door_codes(crew: Crew, site: Ints, number: Ints) -> pl.Series:
    """Codes of uses of the doors of a site on the shard's day, in a secret order."""
    return spelled("D", shuffled(crew.stream("door.code"), day_heads(crew, site), number))


def _guards(names: Names, sway: Sway) -> pl.DataFrame:
    """Guards who badge in when they come, and out when they go."""
    crew = names.crew
    has = crew.shard.world.sites["has_access_control"].to_numpy()[crew.site]
    badges, before, after, _ = quarters(crew.stream("door.guard"), crew.duty)
    mine = np.flatnonzero(crew.here & has & (badges < BADGES))
    row = np.tile(mine, 2)
    at = np.concatenate(
        [
            crew.arrives_us[mine] + times_us(60.0 * before[mine] - 15.0, SECOND_US),
            crew.leaves_us[mine] + times_us(50.0 * after[mine] - 40.0, SECOND_US),
        ]
    )
    order = np.lexsort((at, row))
    order = order[~sway.on(Effect.SILENCE, row[order], at[order])]
    row, at = row[order], at[order]
    site = crew.site[row]
    zeros = np.zeros(len(row), dtype=np.int64)
    columns: dict[str, Column] = {
        **access_columns(names, site, zeros),
        "person_id": named(names.worker_of, row),
        "credential_hash": hashes(crew.stream("guard.badge"), crew.worker[row]),
        "kind": "granted",
    }
    origin = Origin.place(
        names,
        access_source(names, site),
        names.codes("U", row, rank_in_runs(new_run(row))[0]),
        site,
        at,
    )
    origin.duty = crew.duty[row]
    return recorded("access_event", "recorded", origin, columns)
