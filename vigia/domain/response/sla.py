"""Promises on service times, and the clocks that keep count of them.

The rules, each of which has a test:

- A clock starts when the ticket is opened. `first_response` stops when somebody first worked on
  it, `resolve` when it was resolved for good.
- Only time that the promise's calendar counts goes by: the site's business hours, or every hour
  where the promise runs round the clock.
- A clock pauses only for a named reason: while the ticket waits for its requester, a vendor or
  parts, and between a resolution and its reopening, when the requester has the word. P1 never
  pauses.
- A change of priority re-targets the clock from the start: the priority the ticket had at its
  end (or has now) decides about all of its life.
- Stopping exactly at the due time keeps the promise.
- A ticket that is cancelled or merged takes its open clocks with it; a promise that was broken
  before stays broken.

The source system's own verdict plays no part here; it is carried on the ticket beside ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import polars as pl

from vigia.domain.calendar import MINUTE_US, ROUND_THE_CLOCK, Calendar, CountedTime
from vigia.domain.identity import reference_id
from vigia.domain.response.history import INSTANT, TERMINAL, endings, last_active, pieces

KINDS = ("first_response", "resolve")
NEVER_PAUSES = "P1"
PENDING = ("pending_requester", "pending_vendor", "pending_parts")
AFTER_RESOLUTION = "pending_requester"
ALWAYS = -1
"""Number of the calendar that counts every hour."""

TARGETS = pl.Schema(
    {
        "policy_id": pl.String(),
        "priority": pl.String(),
        "category": pl.String(),
        "first_response_min": pl.Int32(),
        "resolve_min": pl.Int32(),
        "round_the_clock": pl.Boolean(),
    }
)
SUBJECTS = pl.Schema(
    {
        "ticket_id": pl.String(),
        "site_id": pl.String(),
        "category": pl.String(),
        "policy_id": pl.String(),
        "calendar": pl.Int32(),
    }
)
CLOCKS = pl.Schema(
    {
        "clock_id": pl.String(),
        "site_id": pl.String(),
        "subject_kind": pl.String(),
        "subject_id": pl.String(),
        "kind": pl.String(),
        "policy_id": pl.String(),
        "started_at": INSTANT,
        "stopped_at": INSTANT,
        "due_at": INSTANT,
        "state": pl.String(),
        "breached_at": INSTANT,
        "target_min": pl.Int32(),
        "elapsed_min": pl.Float32(),
        "remaining_min": pl.Float32(),
        "as_of_at": INSTANT,
    }
)
SEGMENTS = pl.Schema(
    {
        "clock_id": pl.String(),
        "from_at": INSTANT,
        "to_at": INSTANT,
        "counted": pl.Boolean(),
        "reason": pl.String(),
    }
)


@dataclass(frozen=True, slots=True)
class SlaClocks:
    """Clocks and the audit of their due times.

    Attributes:
        clocks: One row per ticket and promise, with `CLOCKS`.
        segments: One row per stretch of a clock from its start to its stop (or now), with
            `SEGMENTS`; the stretches of a clock are contiguous and never overlap.
    """

    clocks: pl.DataFrame
    segments: pl.DataFrame


def sla_clocks(
    tenant_id: UUID,
    tickets: pl.DataFrame,
    changes: pl.DataFrame,
    targets: pl.DataFrame,
    calendars: Sequence[Calendar],
    as_of: datetime,
) -> SlaClocks:
    """Compute the clocks of tickets from their changes, as known at an instant.

    Args:
        tenant_id: Names the clocks: the same ticket and promise always have the same id.
        tickets: One row per ticket with `history.TICKETS` and `SUBJECTS`; `calendar` is an
            index into `calendars`.
        changes: One row per change with `history.CHANGES`, in any order.
        targets: One row per policy, priority and category with `TARGETS`; one without a
            category serves the categories that have none of their own.
        calendars: Business calendars of the sites.
        as_of: Now; the data clock of an imported history.

    Returns:
        Clocks of every ticket that is known, has a priority, and was promised something.
    """
    as_of = as_of.astimezone(UTC)
    stretches = pieces(tickets, changes, as_of)
    ends = endings(tickets, stretches, as_of)
    promised = _promises(tickets.select(SUBJECTS.names()).join(ends, on="ticket_id"), targets)
    promised = _named(tenant_id, promised, as_of)
    worked = _clock_pieces(promised, stretches)
    spans = _laid_out(calendars, promised, as_of)
    clocks: list[pl.DataFrame] = []
    segments: list[pl.DataFrame] = []
    for number in promised["calendar"].unique().sort():
        mine = promised.filter(pl.col("calendar") == number)
        ours = worked.join(mine.select("clock_id", "target_us"), on="clock_id")
        counted = _counted(spans[number], ours)
        clocks.append(_closed(spans[number], mine, counted, as_of))
        segments.append(_audit(spans[number], counted))
    return SlaClocks(
        pl.concat([pl.DataFrame(schema=CLOCKS), *clocks]),
        pl.concat([pl.DataFrame(schema=SEGMENTS), *segments]),
    )


def _promises(subjects: pl.DataFrame, targets: pl.DataFrame) -> pl.DataFrame:
    """One row per ticket and promise that applies to it, a category's own before the general."""
    keys = ["policy_id", "priority", "category"]
    own = targets.filter(pl.col("category").is_not_null()).with_columns(specific=True)
    general = targets.filter(pl.col("category").is_null()).drop("category")
    chosen = subjects.join(own, on=keys, how="left").join(
        general, on=keys[:2], how="left", suffix="_general"
    )
    values = ["first_response_min", "resolve_min", "round_the_clock"]
    chosen = chosen.with_columns(
        pl.when("specific").then(name).otherwise(f"{name}_general").alias(name) for name in values
    )
    kinds = [
        chosen.with_columns(
            kind=pl.lit(kind),
            target_min=pl.col(f"{kind}_min"),
            stopped_at=pl.col("responded_at" if kind == "first_response" else "ended_at"),
        )
        for kind in KINDS
    ]
    return pl.concat(kinds).filter(pl.col("target_min").is_not_null())


def _named(tenant_id: UUID, promised: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Give each clock its id, its calendar, and where it ends: at its stop, else now."""
    ids = [
        str(reference_id(tenant_id, "sla_clock", f"{ticket}:{kind}"))
        for ticket, kind in promised.select("ticket_id", "kind").iter_rows()
    ]
    given_up = pl.when("withdrawn").then("ended_at")
    end = pl.coalesce("stopped_at", given_up, pl.lit(as_of, INSTANT))
    return promised.select(
        "ticket_id",
        "site_id",
        "policy_id",
        "kind",
        "priority",
        "opened_at",
        "stopped_at",
        "target_min",
        withdrawn=pl.col("withdrawn")
        & pl.col("ended_at").is_not_null()
        & (pl.col("stopped_at").is_null() | (pl.col("kind") == "resolve")),
        clock_id=pl.Series(ids, dtype=pl.String),
        calendar=pl.when(pl.col("round_the_clock").fill_null(value=False))
        .then(pl.lit(ALWAYS, pl.Int32))
        .otherwise("calendar"),
        end_at=end,
        waiting=pl.col("status").is_in(PENDING) & (pl.col("priority") != NEVER_PAUSES),
        ended_at="ended_at",
        target_us=pl.col("target_min").cast(pl.Int64) * MINUTE_US,
    )


def _clock_pieces(promised: pl.DataFrame, stretches: pl.DataFrame) -> pl.DataFrame:
    """Cut each ticket's stretches to its clocks; neighbours with the same pause are one.

    Returns:
        `clock_id`, `from`, `to` in microseconds and `pause` (missing while the clock runs), in
        order of clock and time.
    """
    is_final = pl.col("from_at") >= pl.col("last_active")
    pause = (
        pl.when(pl.col("priority_right") == NEVER_PAUSES)
        .then(None)
        .when(pl.col("status").is_in(PENDING))
        .then("status")
        .when(pl.col("status").is_in(TERMINAL) & ~is_final)
        .then(pl.lit(AFTER_RESOLUTION))
    )
    ours = promised.select("ticket_id", "clock_id", "end_at", "priority")
    cut = (
        stretches.with_columns(last_active=last_active())
        .join(ours, on="ticket_id")
        .with_columns(pause=pause, to_at=pl.min_horizontal("to_at", "end_at"))
        .filter(pl.col("from_at") < pl.col("to_at"))
        .sort("clock_id", "from_at")
        .with_columns(run=pl.struct("clock_id", "pause").rle_id())
    )
    return cut.group_by("run", maintain_order=True).agg(
        pl.col("clock_id", "pause").first(),
        pl.col("from_at").first().to_physical().alias("from"),
        pl.col("to_at").last().to_physical().alias("to"),
    )


def _laid_out(
    calendars: Sequence[Calendar], promised: pl.DataFrame, as_of: datetime
) -> dict[int, CountedTime]:
    used = promised["calendar"].unique().to_list()
    if not used:
        return {}
    first = promised["opened_at"].min()
    assert isinstance(first, datetime)
    return {
        number: CountedTime.over(
            ROUND_THE_CLOCK if number == ALWAYS else calendars[number], first, as_of
        )
        for number in used
    }


def _counted(time: CountedTime, worked: pl.DataFrame) -> pl.DataFrame:
    """Add to each piece what it counted, what its clock had counted before, and the due time.

    `due` is set in the one piece of a clock in which its target was reached.
    """
    running = worked["pause"].is_null().to_numpy()
    from_, to = worked["from"].to_numpy(), worked["to"].to_numpy()
    counted = np.where(running, time.elapsed(from_, to), 0)
    pieces_ = worked.with_columns(counted=pl.Series(counted, dtype=pl.Int64)).with_columns(
        before=pl.col("counted").cum_sum().over("clock_id") - pl.col("counted")
    )
    left = pl.col("target_us") - pl.col("before")
    reached = pieces_.select((left > 0) & (left <= pl.col("counted"))).to_series()
    start, need = pieces_.select("from", left).filter(reached).get_columns()
    due = np.full(pieces_.height, -1, np.int64)
    due[reached.to_numpy()] = time.add(start.to_numpy(), need.to_numpy())
    return pieces_.with_columns(due=pl.Series(due, dtype=pl.Int64))


def _closed(
    time: CountedTime, promised: pl.DataFrame, counted: pl.DataFrame, as_of: datetime
) -> pl.DataFrame:
    """Sum the pieces of each clock and judge it."""
    sums = counted.group_by("clock_id").agg(
        elapsed=pl.col("counted").sum(),
        reached=pl.col("due").max(),
    )
    judged = promised.join(sums, on="clock_id", how="left").with_columns(
        pl.col("elapsed").fill_null(0),
        pl.col("reached").fill_null(-1),
    )
    left = (judged["target_us"] - judged["elapsed"]).clip(0)
    ahead = time.add(judged["end_at"].to_physical().to_numpy(), left.to_numpy())
    due = (
        pl.when(pl.col("reached") >= 0).then("reached").otherwise(pl.Series(ahead, dtype=pl.Int64))
    )
    late = pl.col("elapsed") > pl.col("target_us")
    state = (
        pl.when(late)
        .then(pl.lit("breached"))
        .when("withdrawn")
        .then(pl.lit("cancelled"))
        .when(pl.col("stopped_at").is_not_null())
        .then(pl.lit("met"))
        .when("waiting")
        .then(pl.lit("paused"))
        .otherwise(pl.lit("running"))
    )
    minutes = pl.col("elapsed") / MINUTE_US
    judged = judged.with_columns(due_at=due.cast(INSTANT), state=state)
    return judged.select(
        "clock_id",
        "site_id",
        subject_kind=pl.lit("ticket"),
        subject_id="ticket_id",
        kind="kind",
        policy_id="policy_id",
        started_at="opened_at",
        stopped_at=pl.when("withdrawn").then("ended_at").otherwise("stopped_at"),
        due_at="due_at",
        state="state",
        breached_at=pl.when(pl.col("state") == "breached").then("due_at"),
        target_min="target_min",
        elapsed_min=minutes.cast(pl.Float32),
        remaining_min=(pl.col("target_min") - minutes).cast(pl.Float32),
        as_of_at=pl.lit(as_of, INSTANT),
    ).cast(CLOCKS)


def _audit(time: CountedTime, counted: pl.DataFrame) -> pl.DataFrame:
    """Lay running pieces over the calendar's tiles; a paused piece is one segment."""
    running = counted.filter(pl.col("pause").is_null())
    from_, to = running["from"].to_numpy(), running["to"].to_numpy()
    first, last = time.tile_of(from_), time.tile_of(to - 1)
    repeats = last - first + 1
    piece = np.repeat(np.arange(running.height), repeats)
    step = np.arange(piece.size) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    tile = first[piece] + step
    ticking = pl.DataFrame(
        {
            "clock_id": running["clock_id"].gather(piece),
            "from_at": np.maximum(from_[piece], time.starts[tile]),
            "to_at": np.minimum(to[piece], time.ends[tile]),
            "counted": time.counted[tile],
            "reason": time.reasons[tile],
        }
    )
    waiting = counted.filter(pl.col("pause").is_not_null()).select(
        "clock_id", from_at="from", to_at="to", counted=pl.lit(value=False), reason="pause"
    )
    return pl.concat([ticking.cast(SEGMENTS), waiting.cast(SEGMENTS)])
