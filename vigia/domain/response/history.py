"""A ticket's life as the help desk tells it: which status held from when to when.

Built from the changes alone, so that it can be told as of any instant. What the statuses mean
for a promise belongs to `sla`.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

INSTANT = pl.Datetime("us", "UTC")
TERMINAL = ("resolved", "closed", "cancelled", "merged")
WITHDRAWN = ("cancelled", "merged")
RESPONDED = (
    *("in_progress", "pending_requester", "pending_vendor", "pending_parts"),
    *("resolved", "closed"),
)
"""Statuses that only somebody at work on the ticket gives it."""

CHANGES = pl.Schema(
    {
        "ticket_id": pl.String(),
        "event_time": INSTANT,
        "event_id": pl.String(),
        "status": pl.String(),
        "priority": pl.String(),
    }
)
TICKETS = pl.Schema(
    {
        "ticket_id": pl.String(),
        "opened_at": INSTANT,
        "first_response_at": INSTANT,
        "resolved_at": INSTANT,
    }
)


def pieces(tickets: pl.DataFrame, changes: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Which status each ticket had, from its opening to `as_of`.

    Args:
        tickets: One row per ticket with `TICKETS`. Without `opened_at` its first change opens it.
        changes: One row per change with `CHANGES`, in any order; a missing status or priority
            leaves it as it was. Changes before the opening decide what it opens as.
        as_of: Later changes and tickets are not known yet.

    Returns:
        One row per ticket and stretch of one status and priority: `ticket_id`, `from_at`,
        `to_at`, `status`, `priority`; in order and contiguous. Only the last of a ticket, which
        tells its status at `as_of`, may be empty.
    """
    known = changes.filter(pl.col("event_time") <= as_of).sort(
        "ticket_id", "event_time", "event_id"
    )
    opened = (
        tickets.join(
            known.group_by("ticket_id").agg(first=pl.col("event_time").min()),
            on="ticket_id",
            how="left",
        )
        .select("ticket_id", opened_at=pl.coalesce("opened_at", "first"))
        .filter(pl.col("opened_at") <= as_of)
    )
    births = opened.select(
        "ticket_id",
        at="opened_at",
        rank=pl.lit(0, pl.Int8),
        status=pl.lit("new"),
        priority=pl.lit(None, pl.String),
    )
    moves = known.join(opened, on="ticket_id").select(
        "ticket_id",
        at=pl.max_horizontal("event_time", "opened_at"),
        rank=pl.lit(1, pl.Int8),
        status="status",
        priority="priority",
    )
    to_at = pl.col("at").shift(-1).over("ticket_id").fill_null(pl.lit(as_of, INSTANT))
    return (
        pl.concat([births, moves])
        .sort("ticket_id", "at", "rank", maintain_order=True)
        .with_columns(pl.col("status", "priority").forward_fill().over("ticket_id"))
        .with_columns(pl.col("priority").backward_fill().over("ticket_id"))
        .select("ticket_id", "status", "priority", from_at="at", to_at=to_at)
        .filter((pl.col("to_at") > pl.col("from_at")) | pl.col("ticket_id").is_last_distinct())
        .sort("ticket_id", "from_at", maintain_order=True)
    )


def endings(tickets: pl.DataFrame, pieces: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """When each ticket was opened, first answered and resolved, as known at `as_of`.

    A ticket is resolved at its recorded `resolved_at` where that fits its history, else when its
    last run of terminal statuses began. A reopened ticket is not resolved.

    Returns:
        One row per ticket: `ticket_id`, `opened_at`, `responded_at`, `ended_at` (missing while
        open), `status` now, `withdrawn`, `priority` as it was at the end.
    """
    at_end = pl.lit(as_of, INSTANT)
    is_terminal = pl.col("status").is_in(TERMINAL)
    summary = (
        pieces.with_columns(active_from=last_active())
        .group_by("ticket_id")
        .agg(
            pl.col("active_from").first(),
            opened_at=pl.col("from_at").min(),
            status=pl.col("status").last(),
            ended_at=pl.col("from_at")
            .filter(is_terminal & (pl.col("from_at") >= pl.col("active_from")))
            .min(),
            answered=pl.col("from_at").filter(pl.col("status").is_in(RESPONDED)).min(),
        )
    )
    told = tickets.select("ticket_id", "first_response_at", "resolved_at")
    withdrawn = pl.col("status").is_in(WITHDRAWN)
    resolution_fits = pl.col("resolved_at").is_between("active_from", at_end) & ~withdrawn
    response_fits = pl.col("first_response_at").is_between("opened_at", at_end)
    found = summary.join(told, on="ticket_id").select(
        "ticket_id",
        "opened_at",
        "status",
        withdrawn=withdrawn,
        ended_at=pl.when(is_terminal & resolution_fits)
        .then("resolved_at")
        .when(is_terminal)
        .then("ended_at"),
        responded_at=pl.when(response_fits).then("first_response_at").otherwise("answered"),
    )
    resolved_at = pl.when(~pl.col("withdrawn")).then("ended_at")
    found = found.with_columns(responded_at=pl.min_horizontal("responded_at", resolved_at))
    return found.join(_priority_at_end(found, pieces), on="ticket_id")


def last_active() -> pl.Expr:
    """When the last stretch of each ticket began that was not terminal; else its opening."""
    active = pl.col("from_at").filter(~pl.col("status").is_in(TERMINAL)).max()
    return pl.coalesce(active, pl.col("from_at").min()).over("ticket_id")


def _priority_at_end(found: pl.DataFrame, pieces: pl.DataFrame) -> pl.DataFrame:
    """The priority of the last stretch that began before the ticket ended."""
    open_still = pl.col("ended_at").is_null() | (pl.col("from_at") < pl.col("ended_at"))
    is_first = pl.col("from_at") == pl.col("opened_at")
    return (
        pieces.join(found.select("ticket_id", "opened_at", "ended_at"), on="ticket_id")
        .filter(open_still | is_first)
        .group_by("ticket_id")
        .agg(priority=pl.col("priority").sort_by("from_at").last())
    )
