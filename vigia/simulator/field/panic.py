"""Calls for help: true ones, tests, presses in a pocket, and those under duress."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from vigia.simulator.draws import Ints
from vigia.simulator.effects import Effect
from vigia.simulator.field.crew import MINUTE_US, SECOND_US, Crew
from vigia.simulator.field.dice import quarters, times_us
from vigia.simulator.field.frames import Column, Origin, instants, recorded, table_of
from vigia.simulator.field.movement import Movement
from vigia.simulator.field.names import Names, named
from vigia.simulator.field.positions import measured
from vigia.simulator.field.rows import new_run, rank_in_runs, stretches
from vigia.simulator.field.sway import Sway

SOURCE = "alarm-desk"
TRUE, TEST, POCKET, DURESS = range(4)
SOURCES = pl.Series(["button", "shake", "man_down", "fall", "duress_pin"])
WEIGHTS = {TRUE: (62, 12, 14, 12, 0), TEST: (94, 6, 0, 0, 0), POCKET: (80, 20, 0, 0, 0)}
CLOSED = pl.Series(["closed_true", "closed_test", "closed_false", "closed_true"])
CLOSED_AFTER_MIN = ((8.0, 45.0), (2.0, 7.0), (0.07, 0.22), (15.0, 50.0))
"""From the call to its closing; a press in the pocket is called off within 15 seconds."""
OUTCOMES = (
    (
        "Medical help called",
        "Aggressor left the site",
        "Police attended",
        "Guard escorted to safety",
    ),
    ("Test confirmed by voice",),
    ("Cancelled by the guard",),
    ("Police attended", "Guard relieved"),
)
JOINS_THE_DRILL = 0.5


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls for help, by row of the crew and time.

    Attributes:
        row: Row of the crew.
        number: Number within the duty.
        at_us: When.
        kind: `TRUE`, `TEST`, `POCKET` or `DURESS`.
    """

    row: Ints
    number: Ints
    at_us: Ints
    kind: Ints


def calls_for_help(crew: Crew, sway: Sway) -> Calls:
    """The calls that a crew makes."""
    made, drills = sway.of_rows(Effect.PANIC), sway.of_rows(Effect.DRILL)
    joins, wait, _, _ = quarters(crew.stream("drill"), crew.duty[drills.row], drills.from_us)
    at = np.maximum(drills.from_us, crew.arrives_us[drills.row]) + times_us(
        1.0 + 9.0 * wait, MINUTE_US
    )
    joined = (joins < JOINS_THE_DRILL) & (at < drills.to_us)
    row = np.concatenate([made.row, drills.row[joined]])
    when = np.concatenate([made.from_us, at[joined]])
    kind = np.concatenate([made.value.astype(np.int64), np.full(int(joined.sum()), TEST)])
    able = crew.here[row] & (crew.arrives_us[row] <= when) & (when < crew.leaves_us[row])
    able &= ~sway.any_of((Effect.DARK, Effect.SILENCE), row, when)
    order = np.lexsort((when[able], row[able]))
    row, when, kind = row[able][order], when[able][order], kind[able][order]
    return Calls(row, rank_in_runs(new_run(row))[0], when, kind)


def panic_events(
    names: Names, movement: Movement, calls: Calls
) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """Events and facts of calls for help."""
    crew, row = names.crew, calls.row
    codes = names.codes("P", row, calls.number)
    frames = (
        []
        if not len(row)
        else [
            _triggered(names, movement, calls, codes),
            _acknowledged(names, calls, codes),
            *(_closed(names, calls, codes, cancelled=cancelled) for cancelled in (False, True)),
        ]
    )
    facts: dict[str, Column] = {
        "panic_code": codes,
        "duty": crew.duty[row],
        "site": crew.site[row],
        "device": crew.device[row],
        "at_us": calls.at_us,
        "value": calls.kind,
    }
    return [frame for frame in frames if frame.height], table_of(facts, len(row))


def _triggered(names: Names, movement: Movement, calls: Calls, codes: pl.Series) -> pl.DataFrame:
    crew, row = names.crew, calls.row
    draw = crew.stream("panic.source")
    how = np.full(len(row), len(SOURCES) - 1)
    for kind, weights in WEIGHTS.items():
        how = np.where(calls.kind == kind, draw.choice(weights, crew.duty[row], calls.at_us), how)
    at = movement.at(crew.duty[row], calls.at_us)
    key = crew.duty[row], calls.at_us
    stream = crew.stream("panic.place")
    found = measured(crew.shard.world, stream, key, crew.site[row], (at.x_m, at.y_m, at.indoor))
    columns: dict[str, Column] = {
        "panic_id": codes,
        "person_id": named(names.worker_of, row),
        "device_id": named(names.phone_of, row),
        "panic_source": named(SOURCES, how),
        "triggered_at": instants(calls.at_us),
        **found.columns(),
        "state": "open",
    }
    origin = Origin.phone(names, ("N", row, calls.number), calls.at_us)
    return recorded("panic_event", "triggered", origin, columns)


def _acknowledged(names: Names, calls: Calls, codes: pl.Series) -> pl.DataFrame:
    """The control room takes a call that was not called off before it could."""
    mine = np.flatnonzero(calls.kind != POCKET)
    row, number = calls.row[mine], calls.number[mine]
    wait = names.crew.stream("panic.ack").lognormal(24.0, 0.5, names.crew.duty[row], number)
    at = calls.at_us[mine] + times_us(np.clip(wait, 7.0, 90.0), SECOND_US)
    columns: dict[str, Column] = {
        "panic_id": codes[mine],
        "state": "acknowledged",
        "acked_by": named(names.people, _controllers(names.crew, row, number)),
        "acked_at": instants(at),
    }
    origin = Origin.system(names, SOURCE, ("Q", row, number), at)
    return recorded("panic_event", "acknowledged", origin, columns)


def _closed(names: Names, calls: Calls, codes: pl.Series, *, cancelled: bool) -> pl.DataFrame:
    """How calls end: at the desk, or cancelled on the phone."""
    mine = np.flatnonzero((calls.kind == POCKET) == cancelled)
    crew = names.crew
    row, number, kind = calls.row[mine], calls.number[mine], calls.kind[mine]
    wait, which, _, _ = quarters(crew.stream("panic.close"), crew.duty[row], number)
    low, high = np.array(CLOSED_AFTER_MIN)[kind].reshape(-1, 2).T
    at = calls.at_us[mine] + times_us(low + (high - low) * wait, MINUTE_US)
    at = np.minimum(
        at, np.maximum(crew.latest_us[row] - SECOND_US, calls.at_us[mine] + 100 * SECOND_US)
    )
    outcome = [OUTCOMES[k][int(w * len(OUTCOMES[k]))] for k, w in zip(kind, which, strict=True)]
    closer = crew.worker[row] if cancelled else _controllers(crew, row, number)
    columns: dict[str, Column] = {
        "panic_id": codes[mine],
        "state": named(CLOSED, kind),
        "closed_by": named(names.people, closer),
        "outcome": pl.Series(outcome, dtype=pl.String),
    }
    ids = "Z", row, number
    origin = (
        Origin.phone(names, ("n", row, number), at)
        if cancelled
        else Origin.system(names, SOURCE, ids, at)
    )
    return recorded("panic_event", "closed", origin, columns)


def _controllers(crew: Crew, row: Ints, number: Ints) -> Ints:
    """A controller of each row's company; -1 where it has none."""
    world = crew.shard.world
    staff = world.people.filter(pl.col("role") == "controller").select("tenant", "person")
    tenants = staff["tenant"].to_numpy()
    order = np.argsort(tenants, kind="stable")
    mine = world.sites["tenant"].to_numpy()[crew.site[row]]
    first, end = stretches(tenants[order], mine)
    turn = crew.stream("controller").integers(np.maximum(end - first, 1), crew.duty[row], number)
    if not len(order):
        return np.full(len(row), -1, dtype=np.int64)
    chosen = staff["person"].to_numpy()[order][np.minimum(first + turn, len(order) - 1)]
    return np.where(end > first, chosen, -1)
