"""An emergency that was not escalated within two minutes, or that nobody owns after five.

Both are about crisis tickets, count every minute, and are muted by nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from vigia.domain.findings.checks.lasting import lasting
from vigia.domain.findings.checks.tickets import CRISIS, escalated_us, open_tickets
from vigia.domain.findings.pattern import Pattern, Verdict
from vigia.domain.findings.types import ScopeKind
from vigia.domain.watch.known import Known
from vigia.domain.watch.moments import MINUTE_US, NEVER_US

NOT_ESCALATED = "EMERGENCY_ESCALATION_DELAYED"
NOT_OWNED = "EMERGENCY_TICKET_UNASSIGNED"


@dataclass(frozen=True, slots=True)
class EscalationDelayPolicy:
    """Numbers of the check of escalations.

    Attributes:
        escalate_min: An emergency must be escalated within so long.
    """

    escalate_min: float = 2


@dataclass(frozen=True, slots=True)
class AssignmentDelayPolicy:
    """Numbers of the check of owners.

    Attributes:
        assign_min: An emergency must have an owner within so long.
    """

    assign_min: float = 5


def _crises(known: Known, after_min: float) -> pl.DataFrame:
    """Emergencies that are open for so long, since they were opened or became one."""
    tickets = open_tickets(known).with_columns(first_us=pl.col("from_us").min().over("scope_id"))
    rows = tickets.filter(pl.col("category") == CRISIS)
    begun_us = pl.col("from_us").min().over("scope_id")
    due_us = pl.when(begun_us == pl.col("first_us")).then("opened_us").otherwise(begun_us)
    late_us = due_us + round(after_min * MINUTE_US)
    return rows.with_columns(due_us=due_us, from_us=pl.max_horizontal("from_us", late_us))


def judge_escalation(known: Known, policy: EscalationDelayPolicy) -> Iterator[Verdict]:
    """Emergencies that nobody escalated."""
    rows = _crises(known, policy.escalate_min).join(
        escalated_us(known), on="scope_id", how="left", maintain_order="left"
    )
    until = pl.min_horizontal("until_us", pl.col("escalated_us").fill_null(NEVER_US))
    rows = rows.with_columns(until_us=until)
    yield lasting(known, NOT_ESCALATED, ScopeKind.TICKET, rows, policy.escalate_min)


def judge_assignment(known: Known, policy: AssignmentDelayPolicy) -> Iterator[Verdict]:
    """Emergencies that nobody owns."""
    rows = _crises(known, policy.assign_min).filter(pl.col("assignee_id").is_null())
    yield lasting(known, NOT_OWNED, ScopeKind.TICKET, rows, policy.assign_min)


ESCALATION = Pattern(
    code=NOT_ESCALATED,
    name="Emergency not escalated",
    kinds=(NOT_ESCALATED,),
    signals=("tickets", "escalations"),
    look_back=timedelta(hours=24),
    precondition="the ticket is a crisis and not over",
    evidence=("chain_timeline", "chain_snapshot", "ticket_history", "on_call"),
    severity="CRITICAL",
    clears="it is escalated, or over",
    traps=("tickets that became a crisis later", "tickets that were merged"),
    policy=EscalationDelayPolicy(),
    judge=judge_escalation,
    is_muted=False,
)
ASSIGNMENT = Pattern(
    code=NOT_OWNED,
    name="Emergency without an owner",
    kinds=(NOT_OWNED,),
    signals=("tickets",),
    look_back=timedelta(hours=24),
    precondition="the ticket is a crisis and not over",
    evidence=("ticket_history", "on_call", "open_incidents"),
    severity="CRITICAL",
    clears="it has an owner, or is over",
    traps=("a group without a person is no owner", "tickets that were merged"),
    policy=AssignmentDelayPolicy(),
    judge=judge_assignment,
    is_muted=False,
)
