"""The roster as it was lived: who was planned, who came, when, and what was clocked.

Natural behaviour comes first (`roster`); what the plan makes happen is laid over it
(`with_effects`). A colleague who steps in for somebody absent has a duty of his own on the same
shift, and the absent one's `relieved_by` names him; in a swap `relieved_by` is the worker.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from vigia.domain.calendar import DAY_US, MINUTE_US
from vigia.simulator.draws import Bools, Ints, Stream
from vigia.simulator.effects import Effects
from vigia.simulator.world import attendance, befallen, leave, rotas
from vigia.simulator.world.clock import HOUR_US, LocalClock, weekday
from vigia.simulator.world.cover import Diary
from vigia.simulator.world.model import DUTIES, World
from vigia.simulator.world.planned import planned

RELIEF_SOUGHT = {"absent": 0.9, "no_show": 0.75}
LEAST_RELIEF_US = 2 * HOUR_US
UNANSWERED = {"absent": 0.25, "no_show": 0.5}
UNANSWERED_WORKED = 0.06
"""Share of assignments that are never confirmed, by what becomes of them."""
GONE = ("absent", "no_show", "stood_down", "cancelled")
CALLED_OFF = ("stood_down", "cancelled")


def roster(world: World, weather: pl.DataFrame) -> pl.DataFrame:
    """Everybody's duties as they go by themselves (`DUTIES`)."""
    clock = LocalClock(world)
    plan = planned(world, clock)
    diary = Diary(world, plan)
    plan = leave.with_leave(plan, leave.requests(world, clock), diary)
    when = attendance.pressure(world, plan, weather)
    rows = _with_outcomes(world, clock, plan, attendance.outcomes(world, plan, when))
    rows = _with_relief(world, _swapped(rows, diary), diary)
    return _numbered(world, _lived(world, rows, weather))


def with_effects(world: World, duties: pl.DataFrame, effects: Effects) -> pl.DataFrame:
    """The duties after what was made to happen to them and to the sites' kiosks."""
    changed = befallen.befallen(
        duties,
        effects,
        phones(world),
        world.config.seed,
        world.config.knobs.adversarial_fraud,
    )
    return changed.with_columns(lone=alone(changed)).select(DUTIES.names())


def phones(world: World) -> Ints:
    """The phone of each person; -1 without one."""
    held = world.devices.filter(pl.col("kind") == "phone")
    found = np.full(world.people.height, -1, dtype=np.int64)
    found[held["person"].to_numpy()] = held["device"].to_numpy()
    return found


def _with_outcomes(
    world: World, clock: LocalClock, plan: pl.DataFrame, outcome: list[str]
) -> pl.DataFrame:
    """The plan with what becomes of each shift, and when people were told and confirmed."""
    draw = Stream(world.config.seed, "roster.published")
    starts = plan["starts_us"].to_numpy()
    key = plan["line"].to_numpy(), starts
    published = _published(draw, clock, plan["site"].to_numpy(), plan["day"].to_numpy())
    silent = np.array([UNANSWERED.get(o, UNANSWERED_WORKED) for o in outcome])
    after_s = (draw.lognormal(6 * 3600.0, 1.2, *key, 1)).astype(np.int64)
    answers = published + after_s * 1_000_000
    confirmed = ~draw.chance(silent, *key, 2) & (answers < starts - HOUR_US)
    gone = np.isin(outcome, GONE)
    return plan.with_columns(
        outcome=pl.Series(outcome, dtype=pl.String()),
        worker=pl.Series(np.where(gone, -1, plan["person"].to_numpy())),
        shift_us=pl.col("starts_us"),
        published_us=pl.Series(published),
        confirmed_us=pl.Series(np.where(confirmed, answers, -1)),
        relieved_by=pl.lit(-1, dtype=pl.Int64()),
        needed=pl.Series(~np.isin(outcome, CALLED_OFF)),
    )


def _published(draw: Stream, clock: LocalClock, site: Ints, day: Ints) -> Ints:
    """One roster a site and week, published in the afternoon of the Thursday before."""
    thursday = (day - weekday(day) - 4) * DAY_US
    seconds = 14 * 3600 + draw.integers(4 * 3600, site, thursday, 0)
    return clock.to_utc_us(site, thursday + seconds * 1_000_000)


def _swapped(rows: pl.DataFrame, diary: Diary) -> pl.DataFrame:
    """Let colleagues work the shifts that were swapped; without one nothing is swapped."""
    worker, outcome = rows["worker"].to_list(), rows["outcome"].to_list()
    relieved = rows["relieved_by"].to_list()
    shifts = rows.select("site", "starts_us", "ends_us", "person").rows()
    for row in [r for r, what in enumerate(outcome) if what == "swapped"]:
        site, start, end, person = shifts[row]
        other = diary.find(site, start, end, but=(person,))
        if other < 0:
            outcome[row] = "worked"
            continue
        diary.book(other, start, end)
        diary.release(person, start, end)
        worker[row] = relieved[row] = other
    return rows.with_columns(
        outcome=pl.Series(outcome, dtype=pl.String()),
        worker=pl.Series(worker, dtype=pl.Int64()),
        relieved_by=pl.Series(relieved, dtype=pl.Int64()),
    )


def _with_relief(world: World, rows: pl.DataFrame, diary: Diary) -> pl.DataFrame:
    """All rows, and one more for every colleague who steps in for somebody missing."""
    missing = rows.with_row_index("row").filter(pl.col("outcome").is_in(list(RELIEF_SOUGHT)))
    told, starts = _relief_starts(world, missing)
    found = np.full(missing.height, -1, dtype=np.int64)
    shifts = missing.select("site", "ends_us", "person").rows()
    for place in np.flatnonzero(starts >= 0).tolist():
        site, end, person = shifts[place]
        start = int(starts[place])
        found[place] = diary.find(site, start, end, but=(person,))
        if found[place] >= 0:
            diary.book(int(found[place]), start, end)
    relieved = rows["relieved_by"].to_numpy().copy()
    relieved[missing["row"].to_numpy()] = found
    came = found >= 0
    relief = missing.filter(came).drop("row")
    relief = relief.with_columns(
        person=pl.Series(found[came]),
        worker=pl.Series(found[came]),
        starts_us=pl.Series(starts[came]),
        published_us=pl.Series(told[came] + 5 * MINUTE_US),
        confirmed_us=pl.Series(told[came] + 12 * MINUTE_US),
        outcome=pl.lit("worked"),
    )
    return pl.concat([rows.with_columns(relieved_by=pl.Series(relieved)), relief])


def _relief_starts(world: World, missing: pl.DataFrame) -> tuple[Ints, Ints]:
    """When the absence was known, and from when relief is sought; -1 where it is not."""
    draw = Stream(world.config.seed, "roster.relief")
    key = missing["line"].to_numpy(), missing["starts_us"].to_numpy()
    told = attendance.told_us(world.config.seed, missing)
    notice_min = np.clip(draw.lognormal(65.0, 0.45, *key, 0), 30, 180).astype(np.int64)
    five = 5 * MINUTE_US
    earliest = -(-(told + notice_min * MINUTE_US) // five) * five
    starts = np.maximum(missing["starts_us"].to_numpy(), earliest)
    sought = draw.chance([RELIEF_SOUGHT[o] for o in missing["outcome"]], *key, 1)
    worthwhile = starts + LEAST_RELIEF_US <= missing["ends_us"].to_numpy()
    inside = starts < world.config.end_us
    return told, np.where(sought & worthwhile & inside, starts, -1)


def _lived(world: World, rows: pl.DataFrame, weather: pl.DataFrame) -> pl.DataFrame:
    """The rows with presence and punches."""
    when = attendance.pressure(world, rows, weather)
    rows = rows.with_columns(arrives_us=pl.Series(attendance.arrivals(world, rows, when)))
    rows = rows.with_columns(leaves_us=pl.Series(attendance.departures(world, rows)))
    return pl.concat([rows, attendance.punches(world, rows)], how="horizontal")


def _numbered(world: World, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows in order, with numbers, codes and what follows from them."""
    rows = rows.sort("starts_us", "site", "post", "person").with_row_index("duty")
    shift = ["shift_us", "site", "post", "ends_us"]
    shifts = rows.select(shift).unique().sort(shift).with_row_index("shift")
    rows = rows.join(shifts, on=shift, how="left", maintain_order="left")
    held = phones(world)
    worker = rows["worker"].to_numpy()
    numbered = rows.with_columns(
        shift_code=pl.format("H{}", (pl.col("shift") + 1).cast(pl.String).str.zfill(7)),
        assignment_code=pl.format("A{}", (pl.col("duty") + 1).cast(pl.String).str.zfill(7)),
        device=pl.Series(np.where(worker < 0, -1, held[worker])),
        local_date=pl.col("day").cast(pl.Int32).cast(pl.Date),
        pattern=pl.Series([rotas.PATTERNS[p] for p in rows["pattern"]], dtype=pl.String()),
        lone=alone(rows),
    )
    return numbered.select(DUTIES.names()).cast(DUTIES)


def alone(rows: pl.DataFrame) -> pl.Series:
    """Whether nobody else is on duty at the site during any part of each duty, as planned."""
    works = rows["worker"].to_numpy() >= 0
    site, start, end = (rows[name].to_numpy() for name in ("site", "starts_us", "ends_us"))
    origin = start.min() if len(start) else 0
    span = (end.max() if len(end) else 0) - origin + 1
    began = np.sort((site * span + start - origin)[works])
    ended = np.sort((site * span + end - origin)[works])
    before_end = np.searchsorted(began, site * span + end - origin, side="left")
    over = np.searchsorted(ended, site * span + start - origin, side="right")
    others: Bools = before_end - over - works <= 0
    return pl.Series("lone", others)
