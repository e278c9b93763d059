"""Strangers: who comes to a site, in what, and how long they stay."""

from __future__ import annotations

import numpy as np
import polars as pl

from vigia.simulator.draws import Bools, Ints
from vigia.simulator.effects import Effect
from vigia.simulator.field.codes import hashes, heads, lettered, numbered
from vigia.simulator.field.crew import HOUR_US, MINUTE_US, SECOND_US, Crew
from vigia.simulator.field.dice import quarters, times_us
from vigia.simulator.field.frames import Column, Origin, instants, recorded
from vigia.simulator.field.names import Names, index, named, sparse
from vigia.simulator.field.rhythm import Rhythm, day_heads
from vigia.simulator.field.sway import Sway

A_DAY = {
    "office": 11.0, "warehouse": 9.0, "hospital": 16.0, "mall": 6.0, "construction": 7.0,
    "residential": 7.0, "bank_atm": 2.0, "data_centre": 3.0, "factory": 9.0, "campus": 12.0,
    "event": 12.0,
}  # fmt: skip
"""Visitors on a working day."""
REGULARS = 120
"""Strangers whom a site knows."""
DENIED, OVERSTAYS, DRIVES = 0.02, 0.03, 0.35
STATES = pl.Series(["in", "denied"])


def visitor_events(names: Names, sway: Sway, rhythm: Rhythm) -> list[pl.DataFrame]:
    """Visits of strangers: coming, and going or being sent away."""
    crew = names.crew
    comings = rhythm.comings("visitor", A_DAY)
    site, at = comings.site, comings.at_us
    if not len(site):
        return []
    fate, who, drives, _ = quarters(crew.stream("visit"), site, at)
    denied = fate < DENIED
    head = heads("V", day_heads(crew, site))
    codes = numbered(head, comings.number)
    source = names.at_sites(site, "reception/")
    person = (who * REGULARS).astype(np.int64)
    columns: dict[str, Column] = {
        "visit_id": codes,
        "person_hash": hashes(crew.stream("visitor.hash"), site, person),
        "in_at": instants(at),
        "vehicle_hash": _vehicles(crew, site, person, drives < DRIVES),
        "status": named(STATES, denied.astype(np.int64)),
    }
    origin = Origin.place(names, source, codes, site, at)
    came = recorded("visitor_visit", "registered", origin, columns)
    gone = np.flatnonzero(~denied)
    out = _leaving(crew, sway, site[gone], at[gone])
    ids = numbered(lettered(head, "v")[gone], comings.number[gone])
    columns = {"visit_id": codes[index(gone)], "out_at": instants(out), "status": "out"}
    origin = Origin.place(names, source[index(gone)], ids, site[gone], out)
    return [came, recorded("visitor_visit", "updated", origin, columns)]


def _leaving(crew: Crew, sway: Sway, site: Ints, at_us: Ints) -> Ints:
    """When visitors are signed out; who leaves while nothing is recorded, afterwards."""
    stay, long, more, _ = quarters(crew.stream("visit.stay"), site, at_us)
    minutes = crew.stream("visit.minutes").lognormal(45.0, 0.7, site, at_us)
    out = at_us + times_us(np.clip(minutes, 3.0, 600.0), MINUTE_US)
    out = np.where(long < OVERSTAYS, out + times_us(2.0 + 3.0 * more, HOUR_US), out)
    silence = sway.intervals(Effect.SILENCE)
    if not len(silence):
        return out
    found = silence.covering(site, out)
    after = silence.to_us[found] + times_us(30.0 + 400.0 * stay, SECOND_US)
    return np.where(found >= 0, after, out)


def _vehicles(crew: Crew, site: Ints, person: Ints, drives: Bools) -> pl.Series:
    mine = np.flatnonzero(drives)
    return sparse(len(site), mine, hashes(crew.stream("vehicle.hash"), site[mine], person[mine]))
