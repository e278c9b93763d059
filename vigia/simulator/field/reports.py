"""What guards write down besides their rounds: incidents, handovers, keys, and fences crossed."""

from __future__ import annotations

import numpy as np
import polars as pl

from vigia.simulator.draws import Ints
from vigia.simulator.effects import Effect
from vigia.simulator.field.crew import MINUTE_US, SECOND_US, looked_up
from vigia.simulator.field.dice import quarters, times_us
from vigia.simulator.field.diversions import Outings
from vigia.simulator.field.frames import Column, Origin, instants, recorded, table_of
from vigia.simulator.field.names import Names, index, named
from vigia.simulator.field.rows import new_run, rank_in_runs
from vigia.simulator.field.schedule import Schedule
from vigia.simulator.field.sway import UNRECORDED, Sway

TYPES = pl.Series(
    [
        "theft",
        "trespass",
        "fire",
        "medical",
        "assault",
        "damage",
        "safety",
        "access",
        "equipment",
        "other",
    ]
)
TYPE_WEIGHTS = (6, 16, 2, 9, 3, 14, 16, 14, 12, 8)
SEVERITIES = pl.Series(["low", "medium", "high", "critical"])
SEVERITY_WEIGHTS = (52, 34, 12, 2)
REVIEWED = 0.6
HANDED_OVER = 0.7
KEYS_ARE_COMPLETE = 0.985
KEY_HOLDERS = {"office": 0.4, "bank_atm": 0.7, "data_centre": 0.7, "campus": 0.5, "hospital": 0.4}
KEYS = 6
CROSSINGS = pl.Series(["exit", "enter"])
FENCE_WATCHERS = 0.3
"""Share of phones that report when they cross the site's fence."""
FENCES = Effect.GPS_LOST, Effect.DARK, Effect.SILENCE, Effect.SPOOFED


def incident_events(
    names: Names, sway: Sway, plan: Schedule
) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """Reports of incidents, and when each was made by which duty (`duty`, `reported_us`)."""
    crew = names.crew
    made = sway.of_rows(Effect.ON_INCIDENT)
    row = np.concatenate([made.row, plan.incidents.row])
    start = np.concatenate([made.from_us, plan.incidents.from_us])
    end = np.concatenate([made.to_us, plan.incidents.to_us])
    wait, review, later, _ = quarters(crew.stream("incident.report"), crew.duty[row], start)
    told = start + times_us((0.4 + 0.7 * wait) * (end - start), 1)
    told = np.minimum(told, crew.leaves_us[row] - MINUTE_US)
    writes = crew.here[row] & (told > start) & ~sway.any_of(UNRECORDED, row, told)
    order = np.lexsort((start[writes], row[writes]))
    row, start, told = (a[writes][order] for a in (row, start, told))
    review, later = review[writes][order], later[writes][order]
    number = rank_in_runs(new_run(row))[0]
    codes = names.codes("I", row, number)
    draw = crew.stream("incident.kind")
    columns: dict[str, Column] = {
        "ir_id": codes,
        "person_id": named(names.worker_of, row),
        "type": named(TYPES, draw.choice(TYPE_WEIGHTS, crew.duty[row], start, 0)),
        "severity": named(SEVERITIES, draw.choice(SEVERITY_WEIGHTS, crew.duty[row], start, 1)),
        "occurred_at": instants(start),
        "reported_at": instants(told),
        "status": "submitted",
    }
    origin = Origin.phone(names, ("I", row, number), told)
    reported = recorded("incident_report", "reported", origin, columns)
    read_at = told + times_us(6.0 + 50.0 * later, MINUTE_US)
    read = np.flatnonzero((review < REVIEWED) & (read_at < crew.latest_us[row]))
    reviewed = recorded(
        "incident_report",
        "updated",
        Origin.system(names, "incident-desk", ("I", row[read], number[read]), read_at[read]),
        {"ir_id": codes[index(read)], "status": "under_review"},
    )
    facts = table_of({"duty": crew.duty[row], "reported_us": told}, len(row))
    return [f for f in (reported, reviewed) if f.height], facts


def handovers(names: Names, sway: Sway) -> list[pl.DataFrame]:
    """Handovers of posts, as the one who leaves records them.

    The one who comes is named where both shifts are of one day; phones of the next day's shift
    have not been paired yet.
    """
    crew = names.crew
    told, when, keys, _ = quarters(crew.stream("handover"), crew.duty)
    at = crew.leaves_us - times_us(20.0 + 200.0 * when, SECOND_US)
    every = np.arange(len(crew))
    row = np.flatnonzero(crew.here & (told < HANDED_OVER) & (at > crew.arrives_us))
    row = row[~sway.any_of(UNRECORDED, row, at[row])]
    following = {
        (post, start): place
        for place, post, start in zip(every, crew.post, crew.starts_us, strict=True)
        if crew.here[place]
    }
    pairs = zip(crew.post[row], crew.ends_us[row], strict=True)
    after = np.array([following.get(pair, -1) for pair in pairs], dtype=np.int64)
    came = (after >= 0) & (crew.arrives_us[after] <= at[row]) if len(row) else after >= 0
    columns: dict[str, Column] = {
        "post_id": named(names.posts, crew.post[row]),
        "from_person_id": named(names.worker_of, row),
        "to_person_id": named(names.people, np.where(came, crew.worker[after], -1)),
        "keys_ok": keys[row] < KEYS_ARE_COMPLETE,
    }
    origin = Origin.phone(names, ("H", row, np.zeros(len(row), dtype=np.int64)), at[row])
    return [recorded("handover", "recorded", origin, columns)] if len(row) else []


def key_events(names: Names, sway: Sway) -> list[pl.DataFrame]:
    """Keys that guards take for their shift and bring back."""
    crew = names.crew
    takes, when, which, back = quarters(crew.stream("key"), crew.duty)
    share = looked_up(crew.shard.world.sites["archetype"], KEY_HOLDERS, 0.1)[crew.site]
    out_at = crew.arrives_us + times_us(2.0 + 5.0 * when, MINUTE_US)
    back_at = crew.leaves_us - times_us(1.0 + 4.0 * back, MINUTE_US)
    row = np.flatnonzero(crew.here & (takes < share) & (out_at < back_at))
    row = row[~sway.on(Effect.SILENCE, row, out_at[row])]
    returned = row[~sway.on(Effect.SILENCE, row, back_at[row])]
    zeros = np.zeros(len(row), dtype=np.int64)
    key = (1 + which[row] * KEYS).astype(np.int64)
    sites = named(names.site_of, row).to_list()
    columns: dict[str, Column] = {
        "key_log_id": names.codes("K", row, zeros),
        "key_code": pl.Series(
            [f"{code}-K{k}" for code, k in zip(sites, key, strict=True)], dtype=pl.String
        ),
        "holder_id": named(names.worker_of, row),
        "out_at": instants(out_at[row]),
        "status": "issued",
    }
    origin = Origin.system(names, "keys", ("K", row, zeros), out_at[row])
    issued = recorded("key_log", "issued", origin, columns)
    zeros = np.zeros(len(returned), dtype=np.int64)
    origin = Origin.system(names, "keys", ("k", returned, zeros), back_at[returned])
    columns = {
        "key_log_id": names.codes("K", returned, zeros),
        "back_at": instants(back_at[returned]),
        "status": "held",
    }
    brought = recorded("key_log", "updated", origin, columns)
    return [f for f in (issued, brought) if f.height]


def fence_events(names: Names, sway: Sway, outings: Outings) -> list[pl.DataFrame]:
    """Crossings of the site's fence that phones report."""
    crew = names.crew
    watches = crew.stream("fence.watch").chance(FENCE_WATCHERS, crew.device) & crew.here
    watches &= crew.device >= 0
    mine = np.flatnonzero(watches)
    out = np.flatnonzero(watches[outings.row])
    row = np.concatenate([mine, mine, outings.row[out], outings.row[out]])
    enters = np.concatenate(
        [np.ones(len(mine)), np.zeros(len(mine)), np.zeros(len(out)), np.ones(len(out))]
    ).astype(np.int64)
    at = np.concatenate(
        [crew.arrives_us[mine], crew.leaves_us[mine], outings.from_us[out], outings.to_us[out]]
    )
    lag, sure, _, _ = quarters(crew.stream("fence"), crew.duty[row], at)
    at = at + times_us(8.0 + 60.0 * lag, SECOND_US)
    order = np.lexsort((at, row))
    order = order[~sway.any_of(FENCES, row[order], at[order])]
    row, at, enters, sure = row[order], at[order], enters[order], sure[order]
    columns: dict[str, Column] = {
        "device_id": named(names.phone_of, row),
        "geofence_id": names.at_sites(crew.site[row], "", "-F1"),
        "kind": named(CROSSINGS, enters),
        "confidence": (0.7 + 0.3 * sure).round(2),
    }
    origin = Origin.phone(names, ("G", row, rank_in_runs(new_run(row))[0]), at)
    frame = recorded("geofence_event", "recorded", origin, columns)
    return [frame] if frame.height else []


def work_done(parts: list[tuple[Ints, Ints]]) -> pl.DataFrame:
    """Work of each duty by 5-minute slot: duties and instants of scans, tasks done and reports."""
    slot = 5 * MINUTE_US
    duty = np.concatenate([d for d, _ in parts])
    at = np.concatenate([t for _, t in parts]) // slot * slot
    order = np.lexsort((at, duty))
    duty, at = duty[order], at[order]
    first = np.flatnonzero(new_run(duty, at))
    count = np.diff(first, append=len(duty))
    return table_of({"duty": duty[first], "slot_us": at[first], "w_count": count}, len(first))
