"""A request for equipment or a uniform that nobody has met for three days, by the clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from vigia.domain.findings.checks.lasting import lasting
from vigia.domain.findings.checks.tickets import FOR_EQUIPMENT, open_tickets
from vigia.domain.findings.pattern import Pattern, Verdict
from vigia.domain.findings.types import ScopeKind
from vigia.domain.watch.known import Known
from vigia.domain.watch.moments import MINUTE_US

KIND = "FIELD_SUPPORT_DELAYED"


@dataclass(frozen=True, slots=True)
class FieldSupportPolicy:
    """Numbers of the check.

    Attributes:
        open_h: A request may be open so long.
    """

    open_h: float = 72


def judge(known: Known, policy: FieldSupportPolicy) -> Iterator[Verdict]:
    """Requests that have been open for too long."""
    rows = open_tickets(known).filter(pl.col("category").is_in(FOR_EQUIPMENT))
    late_us = pl.col("opened_us") + round(policy.open_h * 60 * MINUTE_US)
    rows = rows.with_columns(due_us="opened_us", from_us=pl.max_horizontal("from_us", late_us))
    yield lasting(known, KIND, ScopeKind.TICKET, rows, policy.open_h * 60)


CHECK = Pattern(
    code=KIND,
    name="Equipment request waits",
    kinds=(KIND,),
    signals=("tickets",),
    look_back=timedelta(days=14),
    precondition="the request is neither met nor called off",
    evidence=("request_age", "ticket_history", "stock"),
    severity="MEDIUM; HIGH from a week on",
    clears="the request is met or called off",
    traps=("requests that were merged or cancelled",),
    policy=FieldSupportPolicy(),
    judge=judge,
)
