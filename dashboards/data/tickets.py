"""Reads of the Tickets page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from dashboards.data.source import read

if TYPE_CHECKING:
    import polars as pl

SORTS = {
    "Most urgent first": "t.is_open DESC, t.priority, t.sla_remaining_min NULLS LAST, t.ticket_id",
    "Newest first": "t.opened_at DESC, t.ticket_id",
    "Oldest first": "t.opened_at, t.ticket_id",
    "Most reassigned first": "t.reassignment_count DESC NULLS LAST, t.ticket_id",
}


@dataclass(frozen=True, slots=True)
class Queue:
    """Which tickets to show. Empty tuples mean any."""

    open_only: bool = True
    priorities: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    sla_states: tuple[str, ...] = ()
    search: str = ""

    def where(self) -> tuple[str, tuple[object, ...]]:
        """The filter as SQL over `fct_ticket t`, with its parameters."""
        clauses = ["true"]
        parameters: list[object] = []
        if self.open_only:
            clauses.append("t.is_open")
        for column, chosen in (
            ("priority", self.priorities),
            ("status", self.states),
            ("sla_state", self.sla_states),
        ):
            if chosen:
                clauses.append(f"t.{column} = ANY(%s)")
                parameters.append(list(chosen))
        if self.search.strip():
            clauses.append("(t.ticket_number ILIKE %s OR s.site_code ILIKE %s)")
            pattern = "%" + _literal(self.search.strip()) + "%"
            parameters += [pattern, pattern]
        return " AND ".join(clauses), tuple(parameters)


def _literal(text: str) -> str:
    """Text with the pattern characters of LIKE taken literally."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


_FROM = """
    FROM marts.fct_ticket t LEFT JOIN marts.dim_site s USING (tenant_id, site_id)
    LEFT JOIN marts.dim_person p ON p.tenant_id = t.tenant_id AND p.person_id = t.assignee_id
"""


def queue_size(tenant_id: UUID, queue: Queue) -> int:
    """How many tickets the filter leaves."""
    where, parameters = queue.where()
    frame = read(tenant_id, f"SELECT count(*) AS n {_FROM} WHERE {where}", parameters)
    return int(frame["n"][0])


def queue_page(tenant_id: UUID, queue: Queue, sort: str, page: int, page_size: int) -> pl.DataFrame:
    """One page of the queue, from 1."""
    where, parameters = queue.where()
    return read(
        tenant_id,
        f"""
        SELECT t.ticket_number, t.priority, t.status, s.site_code, t.group_name,
            p.employee_no AS assignee, t.opened_at, t.resolved_at,
            coalesce(t.age_min, t.resolution_min) / 60 AS age_h, t.reassignment_count,
            t.sla_state, t.sla_due_at, t.imported_sla_met, t.ticket_id
        {_FROM} WHERE {where} ORDER BY {SORTS[sort]} LIMIT %s OFFSET %s
        """,
        (*parameters, page_size, (page - 1) * page_size),
    )


def totals(tenant_id: UUID) -> pl.DataFrame:
    """One row: the help desk in numbers."""
    return read(
        tenant_id,
        """
        SELECT count(*) AS tickets, count(*) FILTER (WHERE is_open) AS open_tickets,
            count(*) FILTER (WHERE is_open AND sla_state = 'breached') AS open_breached,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY resolution_min) / 60 AS median_resolution_h,
            avg(sla_met::int) * 100 AS sla_met_pct,
            avg(imported_sla_met::int) FILTER (WHERE NOT is_open) * 100 AS imported_met_pct,
            avg(is_sla_agreed::int) * 100 AS agreed_pct
        FROM marts.fct_ticket
        """,
    )


def any_open(tenant_id: UUID) -> bool:
    """Whether any ticket is open; a queue of an ended history would else start empty."""
    return int(totals(tenant_id)["open_tickets"][0]) > 0


def ages(tenant_id: UUID) -> pl.DataFrame:
    """Open tickets by age and priority."""
    return read(
        tenant_id,
        """
        SELECT CASE WHEN age_min < 240 THEN '1 · under 4 h' WHEN age_min < 1440 THEN '2 · under 1 day'
            WHEN age_min < 4320 THEN '3 · 1–3 days' WHEN age_min < 10080 THEN '4 · 3–7 days'
            WHEN age_min < 43200 THEN '5 · 7–30 days' ELSE '6 · over 30 days' END AS age,
            coalesce(priority, 'none') AS priority, count(*) AS tickets
        FROM marts.fct_ticket WHERE is_open GROUP BY 1, 2 ORDER BY 1, 2
        """,
    )


def arrivals(tenant_id: UUID) -> pl.DataFrame:
    """Tickets opened and resolved by week of the last year of data."""
    return read(
        tenant_id,
        """
        SELECT date_trunc('week', local_date)::date AS week, sum(tickets_opened)::bigint AS opened,
            sum(tickets_resolved)::bigint AS resolved
        FROM marts.mart_site_day
        WHERE local_date > (SELECT max(local_date) FROM marts.mart_site_day) - 366
        GROUP BY 1 ORDER BY 1
        """,
    )


def verdicts(tenant_id: UUID) -> pl.DataFrame:
    """Our verdict beside the source's, by priority."""
    return read(
        tenant_id,
        """
        SELECT coalesce(priority, 'none') AS priority, count(*) AS tickets,
            avg(sla_met::int) * 100 AS ours_met_pct, avg(imported_sla_met::int) * 100 AS source_met_pct,
            avg(is_sla_agreed::int) * 100 AS agreed_pct
        FROM marts.fct_ticket WHERE NOT is_open GROUP BY 1 ORDER BY 1
        """,
    )


def choices(tenant_id: UUID, column: str) -> list[str]:
    """The values of a filter column, by name."""
    if column not in ("priority", "status", "sla_state"):
        raise ValueError(f"not a filter of the queue: {column}")
    frame = read(
        tenant_id,
        f"SELECT DISTINCT {column} AS v FROM marts.fct_ticket WHERE {column} IS NOT NULL ORDER BY 1",
    )
    return list(frame["v"])


def history(tenant_id: UUID, ticket_id: str) -> pl.DataFrame:
    """The changes of a ticket, oldest first."""
    return read(
        tenant_id,
        """
        SELECT c.change_no, c.changed_at, c.status, g.code AS group_code, p.employee_no AS assignee,
            c.priority, c.since_previous_min / 60 AS since_previous_h
        FROM marts.fct_ticket_change c
        LEFT JOIN ops.support_group g USING (tenant_id, group_id)
        LEFT JOIN marts.dim_person p ON p.tenant_id = c.tenant_id AND p.person_id = c.assignee_id
        WHERE c.ticket_id = %s ORDER BY c.change_no
        """,
        (ticket_id,),
    )


def clock_segments(tenant_id: UUID, ticket_id: str) -> pl.DataFrame:
    """The stretches of the ticket's resolution clock: the proof of its due date."""
    return read(
        tenant_id,
        """
        SELECT s.from_at, s.to_at, s.counted, s.reason,
            extract(epoch FROM s.to_at - s.from_at) / 60 AS minutes
        FROM ops.sla_clock c JOIN ops.sla_clock_segment s USING (tenant_id, clock_id)
        WHERE c.subject_id = %s AND c.kind = 'resolve' ORDER BY s.from_at
        """,
        (ticket_id,),
    )
