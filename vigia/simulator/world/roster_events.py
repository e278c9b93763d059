"""What the roster system tells: shifts, posts that are stood down, and leave.

It knows what a planner knows at the time: a week when it is published, what is called off when
the client says so, attendance hours after the shift, when the supervisor closes it. Who is on a
shift is in `assignment_events`.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from vigia.domain.calendar import MINUTE_US
from vigia.simulator.draws import Bools, Ints, Stream
from vigia.simulator.world import leave
from vigia.simulator.world.assignment_events import assignments, fates
from vigia.simulator.world.clock import HOUR_US, LocalClock
from vigia.simulator.world.envelope import changes, closing_us, enveloped, instants, step
from vigia.simulator.world.model import EventFrames, World

FIRST_LOAD_US = HOUR_US // 2
"""What was published before the world starts is loaded so long before it."""
KEPT_ON_ROSTER = 0.3
"""Share of shifts that stay on the roster although their post was stood down."""
REASONS = ("Client closed", "Client request", "Event moved", "Works on site")
_CALLED_OFF = ("stood_down", "cancelled")
_OWNER = (".site_code", "_site", "_tenant")


def roster_events(world: World, duties: pl.DataFrame) -> EventFrames:
    """Everything that the roster system tells over the whole span.

    Args:
        duties: `DUTIES`, after what befell them.
    """
    rows = known(world, duties)
    shifts = _by_shift(rows)
    return {
        "shift": [_shifts(world, shifts)],
        "shift_assignment": [assignments(world, rows)],
        "post_stand_down": [_stand_downs(world, shifts)],
        "leave_request": [_leave_requests(world, duties)],
    }


def known(world: World, duties: pl.DataFrame) -> pl.DataFrame:
    """The duties with when the planner learns what.

    Returns:
        Also `relief` (stepped in for somebody), `assigned_us`, `called_off_us` (-1 unless the
        roster is told), `fate_us`, `post_code`, and the columns of the owner.
    """
    came = pl.col("outcome").is_in(("absent", "no_show")) & (pl.col("relieved_by") >= 0)
    stepped_in = duties.filter(came).select(
        "shift_code", person="relieved_by", relief=pl.lit(value=True)
    )
    rows = duties.join(stepped_in, on=["shift_code", "person"], how="left", maintain_order="left")
    draw = Stream(world.config.seed, "roster.event")
    loaded = world.config.start_us - FIRST_LOAD_US
    relief = rows["relief"].is_not_null().to_numpy()
    # A planner's system writes a week's roster within a minute, and changes after it.
    writes_s = 2 + draw.integers(58, rows["duty"].to_numpy(), 0) + np.where(relief, 90, 0)
    assigned = np.maximum(rows["published_us"].to_numpy(), loaded) + writes_s * 1_000_000
    rows = rows.with_columns(
        world.posts["code"].gather(rows["post"]).alias("post_code"),
        world.sites["code"].gather(rows["site"]).alias(".site_code"),
        world.sites["tenant"].gather(rows["site"]).alias("_tenant"),
        pl.col("site").alias("_site"),
        relief=pl.Series(relief),
        assigned_us=pl.Series(assigned),
        called_off_us=pl.Series(_called_off(draw, rows, assigned)),
    )
    return fates(world.config.seed, rows)


def _called_off(draw: Stream, rows: pl.DataFrame, assigned: Ints) -> Ints:
    """When the roster was told that each duty is called off; -1 where it was not.

    One draw a shift, so that everybody on it is told at once. What a stand-down says already is
    often never entered.
    """
    shift = rows["post"].to_numpy(), rows["starts_us"].to_numpy()
    before_min = 240 + draw.integers(4 * 24 * 60, *shift, 1)
    told = np.maximum(shift[1] - before_min * MINUTE_US, assigned + 90 * 1_000_000)
    off: Bools = rows["outcome"].is_in(_CALLED_OFF).to_numpy()
    kept = (rows["outcome"] == "stood_down").to_numpy() & draw.chance(KEPT_ON_ROSTER, *shift, 2)
    return np.where(off & ~kept, told, -1)


def _by_shift(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a shift, without those who stepped in."""
    called_off = pl.col("called_off_us") >= 0
    outcome = pl.col("outcome")
    return (
        rows.filter(~pl.col("relief"))
        .group_by("shift_code", maintain_order=True)
        .agg(
            pl.first("post", "post_code", "starts_us", "ends_us", "local_date", "pattern"),
            pl.first(*_OWNER),
            pl.len().cast(pl.Int64).alias("headcount"),
            pl.col("published_us").min(),
            # The shift is written just before the first person is put on it.
            (pl.col("assigned_us").min() - 1_500_000).alias("written_us"),
            (~called_off).sum().cast(pl.Int64).alias("left"),
            pl.col("called_off_us").max(),
            outcome.eq("stood_down").all().alias("stood_down"),
            outcome.is_in(_CALLED_OFF).all().alias("empty"),
        )
    )


def _shifts(world: World, shifts: pl.DataFrame) -> pl.DataFrame:
    """Shifts published, called off in part or whole, and completed."""
    seed = world.config.seed
    fewer = shifts.filter(pl.col("left") < pl.col("headcount"))
    goes_on = pl.when(pl.col("left") > 0).then(pl.lit("assigned")).otherwise(pl.lit("cancelled"))
    worked = shifts.filter(~pl.col("empty"))
    closed = pl.col("ends_us") + closing_us(seed, worked["post"], worked["starts_us"])
    left = pl.col("left").alias("headcount")
    events = changes(
        seed,
        "shift_code",
        step(shifts, 1, pl.col("written_us"), pl.lit("assigned"), verb="published"),
        step(fewer.with_columns(left), 2, pl.col("called_off_us"), goes_on),
        step(worked.with_columns(left), 3, closed, pl.lit("completed")),
    )
    named = events.select(
        pl.col("shift_code").alias("shift_id"),
        pl.col(".site_code").alias("site_id"),
        pl.col("post_code").alias("post_id"),
        instants(pl.col("starts_us")).alias("starts_at"),
        instants(pl.col("ends_us")).alias("ends_at"),
        "local_date",
        "pattern",
        "headcount",
        instants(pl.col("published_us")).alias("published_at"),
        "status",
        ".id",
        ".verb",
        ".at_us",
        *_OWNER,
    )
    return _told(named, "shift")


def _told(named: pl.DataFrame, table: str) -> pl.DataFrame:
    """Rows with `.id`, `.verb` and `.at_us` as events of the roster system."""
    return enveloped(
        named,
        table,
        source="roster",
        ids=pl.col(".id"),
        verb=pl.col(".verb"),
        at_us=pl.col(".at_us"),
    )


def _stand_downs(world: World, shifts: pl.DataFrame) -> pl.DataFrame:
    """Posts that need not be manned, approved by the guards' supervisor."""
    rows = shifts.filter("stood_down")
    draw = Stream(world.config.seed, "roster.stand_down")
    shift = rows["post"].to_numpy(), rows["starts_us"].to_numpy()
    entered = pl.Series((3 + draw.integers(40, *shift, 0)) * MINUTE_US)
    earliest = pl.col("written_us") + 60_000_000
    before = pl.col("starts_us") - 5 * HOUR_US - entered
    told = pl.when(pl.col("called_off_us") >= 0).then(pl.col("called_off_us") - entered)
    reason = draw.integers(len(REASONS), *shift, 1)
    named = rows.with_columns(reason=pl.Series([REASONS[r] for r in reason], dtype=pl.String()))
    at = pl.max_horizontal(told.fill_null(before), earliest)
    named = named.with_columns(pl.format("X{}", pl.col("shift_code").str.slice(1)).alias("code"))
    events = changes(world.config.seed, "code", step(named, 1, at, pl.lit(""), verb="upserted"))
    return _told(
        events.select(
            pl.col("code").alias("stand_down_id"),
            pl.col("post_code").alias("post_id"),
            instants(pl.col("starts_us")).alias("from_at"),
            instants(pl.col("ends_us")).alias("to_at"),
            "reason",
            _approver(world, events["_site"]).alias("approved_by"),
            ".id",
            ".verb",
            ".at_us",
            *_OWNER,
        ),
        "post_stand_down",
    )


def _approver(world: World, site: pl.Series) -> pl.Series:
    """Code of the supervisor of each site's guards."""
    guards = world.people.filter(pl.col("role") == "guard")
    first = guards.group_by("home_site").agg(pl.col("supervisor").min()).sort("home_site")
    leader = first["supervisor"].gather(site)
    return world.people["code"].gather(leader)


def _leave_requests(world: World, duties: pl.DataFrame) -> pl.DataFrame:
    """Leave as it was asked for and decided: refused where somebody is on the roster then."""
    asked = leave.requests(world, LocalClock(world))
    loaded = world.config.start_us - FIRST_LOAD_US
    rows = asked.with_columns(
        granted=leave.granted(asked, duties),
        code=pl.format("L{}", (pl.col("request") + 1).cast(pl.String).str.zfill(7)),
        asks=pl.max_horizontal("requested_us", loaded),
    )
    decided = pl.max_horizontal("decided_us", pl.col("asks") + MINUTE_US)
    granted = pl.when("granted").then(pl.lit("approved")).otherwise(pl.lit("rejected"))
    events = changes(
        world.config.seed,
        "code",
        step(rows, 1, pl.col("asks"), pl.lit("requested"), verb="requested"),
        step(rows, 2, decided, granted, verb="decided"),
    )
    return _told(
        events.select(
            pl.col("code").alias("leave_id"),
            world.people["code"].gather(events["person"]).alias("person_id"),
            instants(pl.col("from_us")).alias("from_at"),
            instants(pl.col("to_us")).alias("to_at"),
            "kind",
            "status",
            ".id",
            ".verb",
            ".at_us",
            world.sites["code"].gather(events["site"]).alias(".site_code"),
            pl.col("site").alias("_site"),
            world.sites["tenant"].gather(events["site"]).alias("_tenant"),
        ),
        "leave_request",
    )
