"""Tickets as the checks look at them: stretches of one owner, status and priority."""

from __future__ import annotations

import polars as pl

from vigia.domain.watch.known import Known
from vigia.domain.watch.moments import NEVER_US
from vigia.domain.watch.work import TICKET_OVER, first_known, stretches

FOR_EQUIPMENT = ("field_support", "equipment")
CRISIS = "crisis"


def open_tickets(known: Known) -> pl.DataFrame:
    """Open tickets, one row a stretch over which nothing about them changes.

    `scope_id`, `site_id`, `person_id` (always null: who owns a ticket is not whom it is about),
    `category`, `priority`, `status`, `assignee_id`, `opened_us`, `from_us`, `until_us`.
    """
    told = stretches(
        known.facts["ticket"],
        "ticket_id",
        ("priority", "category", "status", "assignee_id", "opened_at"),
    )
    opened = pl.col("opened_at").to_physical().fill_null(pl.col("created_us"))
    return told.filter(~pl.col("status").fill_null("new").is_in(TICKET_OVER)).select(
        pl.col("ticket_id").alias("scope_id"),
        "site_id",
        pl.lit(None, pl.String).alias("person_id"),
        "category",
        "priority",
        "status",
        "assignee_id",
        opened.alias("opened_us"),
        "from_us",
        "until_us",
    )


def escalated_us(known: Known) -> pl.DataFrame:
    """When each ticket was known to be escalated: `scope_id`, `escalated_us`."""
    runs = known.facts["escalation_run"].filter(pl.col("subject_kind") == "ticket")
    named = runs.with_columns(
        scope_id=pl.coalesce(known.facts.named("ticket", runs["subject_ref"]), "subject_ref")
    )
    by_code = first_known(named, "scope_id", "escalated_us")
    by_id = first_known(runs.rename({"subject_ref": "scope_id"}), "scope_id", "escalated_us")
    both = pl.concat([by_code, by_id])
    return both.group_by("scope_id").agg(pl.col("escalated_us").min().fill_null(NEVER_US))
