"""SLA clocks against an oracle that lives through every minute of a ticket (R-19, R-21)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigia.domain.calendar import Calendar, DayKind
from vigia.domain.identity import tenant_id
from vigia.domain.response import history, sla

TENANT = tenant_id("acme")
OFFICE = {day: ((time(8), time(12)), (time(13), time(17))) for day in range(5)}
MINUTE = timedelta(minutes=1)
TERMINAL = {"resolved", "closed", "cancelled", "merged"}
TARGETS = pl.DataFrame(
    [
        ("p", "P1", None, 5, 240, True),
        ("p", "P3", None, 240, 1440, False),
        ("p", "P3", "field_support", None, 4320, True),
    ],
    schema=sla.TARGETS,
    orient="row",
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass
class Ticket:
    """A ticket of one test: its changes are (instant, status or None, priority or None)."""

    changes: list[tuple[datetime, str | None, str | None]]
    opened_at: datetime | None = None
    first_response_at: datetime | None = None
    resolved_at: datetime | None = None
    category: str | None = "it"

    def clocks(self, calendar: Calendar, as_of: datetime) -> sla.SlaClocks:
        row = {
            "ticket_id": "t",
            "site_id": "s",
            "opened_at": self.opened_at,
            "first_response_at": self.first_response_at,
            "resolved_at": self.resolved_at,
            "category": self.category,
            "policy_id": "p",
            "calendar": 0,
        }
        tickets = pl.DataFrame([row], schema={**history.TICKETS, **sla.SUBJECTS})
        changes = [
            {"ticket_id": "t", "event_time": at, "event_id": f"{i:04}", "status": s, "priority": p}
            for i, (at, s, p) in enumerate(self.changes)
        ]
        moves = pl.DataFrame(changes, schema=history.CHANGES).reverse()
        return sla.sla_clocks(TENANT, tickets, moves, TARGETS, [calendar], as_of)

    def clock(self, kind: str, as_of: str, calendar: Calendar | None = None) -> dict[str, Any]:
        found = self.clocks(calendar or Calendar("UTC", OFFICE), utc(as_of)).clocks
        return found.row(by_predicate=pl.col("kind") == kind, named=True)


def test_a_routine_ticket_counts_business_hours_only() -> None:
    ticket = Ticket(
        [(utc("2016-02-29 15:00"), "new", "P3"), (utc("2016-03-01 09:00"), "resolved", None)]
    )
    clock = ticket.clock("resolve", "2016-03-10")
    assert (clock["state"], clock["elapsed_min"], clock["remaining_min"]) == ("met", 180, 1260)
    assert clock["stopped_at"] == utc("2016-03-01 09:00")
    assert clock["due_at"] == utc("2016-03-03 15:00")


def test_waiting_for_the_requester_pauses_and_moves_the_due_time() -> None:
    ticket = Ticket(
        [
            (utc("2016-02-29 08:00"), "in_progress", "P3"),
            (utc("2016-02-29 09:00"), "pending_requester", None),
            (utc("2016-03-02 09:00"), "in_progress", None),
        ]
    )
    waiting = ticket.clock("resolve", "2016-03-01 12:00")
    assert (waiting["state"], waiting["elapsed_min"]) == ("paused", 60)
    clock = ticket.clock("resolve", "2016-03-02 10:00")
    assert (clock["state"], clock["elapsed_min"]) == ("running", 120)
    assert clock["due_at"] == utc("2016-03-04 17:00")


def test_an_emergency_never_pauses_and_runs_through_the_night() -> None:
    ticket = Ticket(
        [
            (utc("2016-02-29 20:00"), "new", "P1"),
            (utc("2016-02-29 20:04"), "pending_vendor", None),
        ]
    )
    clock = ticket.clock("resolve", "2016-03-01 01:00")
    assert (clock["state"], clock["elapsed_min"]) == ("breached", 300)
    assert clock["breached_at"] == clock["due_at"] == utc("2016-03-01 00:00")
    assert ticket.clock("first_response", "2016-03-01 01:00")["state"] == "met"


def test_stopping_exactly_at_the_due_time_keeps_the_promise() -> None:
    opened = utc("2016-02-29 20:00")
    for minutes, state in ((240, "met"), (241, "breached")):
        ticket = Ticket([(opened, "new", "P1"), (opened + minutes * MINUTE, "resolved", None)])
        clock = ticket.clock("resolve", "2016-03-10")
        assert (clock["state"], clock["due_at"]) == (state, opened + 240 * MINUTE)


def test_a_change_of_priority_retargets_the_clock_from_the_start() -> None:
    ticket = Ticket(
        [
            (utc("2016-02-29 08:00"), "in_progress", "P3"),
            (utc("2016-02-29 13:00"), None, "P1"),
        ]
    )
    assert ticket.clock("resolve", "2016-02-29 12:59")["state"] == "running"
    clock = ticket.clock("resolve", "2016-02-29 13:00")
    assert (clock["target_min"], clock["state"]) == (240, "breached")
    assert clock["breached_at"] == utc("2016-02-29 12:00")


def test_a_priority_given_after_the_resolution_changes_nothing() -> None:
    ticket = Ticket(
        [
            (utc("2016-02-29 08:00"), "new", "P3"),
            (utc("2016-02-29 15:00"), "resolved", None),
            (utc("2016-03-02 15:00"), "closed", "P1"),
        ]
    )
    assert ticket.clock("resolve", "2016-03-10")["target_min"] == 1440


def test_a_reopened_ticket_runs_on_and_the_time_between_waits_for_the_requester() -> None:
    ticket = Ticket(
        [
            (utc("2016-02-29 08:00"), "in_progress", "P3"),
            (utc("2016-02-29 09:00"), "resolved", None),
            (utc("2016-03-01 09:00"), "reopened", None),
            (utc("2016-03-01 10:00"), "resolved", None),
        ]
    )
    calendar = Calendar("UTC", OFFICE)
    clock = ticket.clock("resolve", "2016-03-10")
    assert (clock["elapsed_min"], clock["stopped_at"]) == (120, utc("2016-03-01 10:00"))
    found = ticket.clocks(calendar, utc("2016-03-10"))
    audit = found.segments.filter(pl.col("clock_id") == clock["clock_id"]).sort("from_at")
    assert audit["reason"].to_list() == ["business_hours", "pending_requester", "business_hours"]


def test_the_recorded_resolution_wins_over_the_entry_into_the_status() -> None:
    changes: list[tuple[datetime, str | None, str | None]] = [
        (utc("2016-02-29 01:16"), "new", "P3"),
        (utc("2016-02-29 08:53"), "resolved", None),
        (utc("2016-03-05 12:00"), "closed", None),
    ]
    ticket = Ticket(changes, resolved_at=utc("2016-02-29 11:29"))
    assert ticket.clock("resolve", "2016-03-10")["stopped_at"] == utc("2016-02-29 11:29")
    assert ticket.clock("resolve", "2016-02-29 10:00")["stopped_at"] == utc("2016-02-29 08:53")
    odd = Ticket(changes, resolved_at=utc("2016-02-28"))
    assert odd.clock("resolve", "2016-03-10")["stopped_at"] == utc("2016-02-29 08:53")


def test_a_cancelled_ticket_takes_its_open_clocks_with_it() -> None:
    ticket = Ticket(
        [(utc("2016-02-29 08:00"), "new", "P3"), (utc("2016-02-29 10:00"), "merged", None)]
    )
    for kind in sla.KINDS:
        clock = ticket.clock(kind, "2016-03-10")
        assert (clock["state"], clock["elapsed_min"]) == ("cancelled", 120)
        assert clock["stopped_at"] == utc("2016-02-29 10:00")


def test_a_category_with_its_own_promise_has_that_one_alone() -> None:
    ticket = Ticket([(utc("2016-02-29 08:00"), "new", "P3")], category="field_support")
    clocks = ticket.clocks(Calendar("UTC", OFFICE), utc("2016-02-29 09:00")).clocks
    assert clocks.select("kind", "target_min").rows() == [("resolve", 4320)]
    assert clocks["due_at"].item() == utc("2016-03-03 08:00")


@pytest.mark.parametrize("as_of", ["2016-02-28", "2016-02-29 07:59"])
def test_a_ticket_of_the_future_has_no_clock_yet(as_of: str) -> None:
    ticket = Ticket([(utc("2016-02-29 08:00"), "new", "P3")])
    assert ticket.clocks(Calendar("UTC", OFFICE), utc(as_of)).clocks.is_empty()


def test_a_ticket_opened_this_instant_has_a_running_clock_without_segments() -> None:
    found = Ticket([(utc("2016-02-29 08:00"), "new", "P3")]).clocks(
        Calendar("UTC", OFFICE), utc("2016-02-29 08:00")
    )
    assert found.clocks["state"].to_list() == ["running", "running"]
    assert found.segments.is_empty()


def test_holidays_and_nights_are_named_in_the_audit() -> None:
    office = Calendar("UTC", OFFICE, {date(2016, 3, 1): DayKind.PUBLIC})
    found = Ticket([(utc("2016-02-29 16:00"), "new", "P3")]).clocks(office, utc("2016-03-02 09:00"))
    resolve = found.clocks.filter(kind="resolve")["clock_id"].item()
    audit = found.segments.filter(clock_id=resolve).sort("from_at")
    assert audit["reason"].to_list() == [
        *("business_hours", "outside_hours", "holiday", "outside_hours", "holiday"),
        *("outside_hours", "business_hours"),
    ]


STATUSES = [
    *("open", "assigned", "in_progress", "pending_requester", "pending_vendor", "pending_parts"),
    *("resolved", "reopened", "closed", "cancelled"),
]


@st.composite
def lives(draw: st.DrawFn) -> tuple[Ticket, Calendar, datetime]:
    """A ticket near a clock change, a calendar, and an instant after its opening."""
    zone = draw(st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata"]))
    edge = draw(st.sampled_from(["2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01"]))
    opened = utc(edge) + draw(st.integers(-2000, 2000)) * MINUTE
    steps = draw(
        st.lists(
            st.tuples(
                st.integers(0, 1500),
                st.sampled_from([None, *STATUSES]),
                st.sampled_from([None, None, "P1", "P3"]),
            ),
            max_size=7,
        )
    )
    changes: list[tuple[datetime, str | None, str | None]] = [(opened, "new", "P3")]
    for wait, status, priority in steps:
        changes.append((changes[-1][0] + wait * MINUTE, status, priority))
    days = st.integers(-2, 3).map(lambda n: (opened + timedelta(days=n)).date())
    holidays = draw(st.dictionaries(days, st.sampled_from(list(DayKind)), max_size=2))
    hours = draw(
        st.sampled_from(
            [OFFICE, {d: ((time(22), time(0)), (time(0), time(6)))[::-1] for d in range(7)}]
        )
    )
    return (
        Ticket(changes),
        Calendar(zone, hours, holidays),
        opened + draw(st.integers(0, 9000)) * MINUTE,
    )


def open_at(calendar: Calendar, at: datetime) -> bool:
    local = at.astimezone(ZoneInfo(calendar.tz))
    kind = calendar.holidays.get(local.date())
    if kind is not None and (kind is not DayKind.HALF_DAY or local.hour >= 12):
        return False
    assert calendar.hours is not None
    return any(
        opens <= local.time() and (closes == time(0) or local.time() < closes)
        for opens, closes in calendar.hours.get(local.weekday(), ())
    )


class Oracle:
    """One ticket lived through minute by minute, with plain values only."""

    def __init__(self, ticket: Ticket, calendar: Calendar, as_of: datetime) -> None:
        self.calendar = calendar
        self.known = [change for change in ticket.changes if change[0] <= as_of]
        self.opened = self.known[0][0]
        self.status_now = self.status(as_of)
        self.ended = self._ended()
        # A ticket that ends as it opens has the priority that it is given in that instant.
        priorities = [
            priority
            for at, _, priority in self.known
            if priority and (self.ended is None or at < self.ended or at == self.opened)
        ]
        self.priority = priorities[-1] if priorities else "P3"
        self.stop = self.ended or as_of

    def status(self, at: datetime) -> str:
        return [s for when, s, _ in self.known if s and when <= at][-1]

    def _ended(self) -> datetime | None:
        if self.status_now not in TERMINAL:
            return None
        times = sorted({at for at, _, _ in self.known})
        ended = times[-1]
        for at in reversed(times):
            if self.status(at) not in TERMINAL:
                break
            ended = at
        return ended

    def counts(self, at: datetime) -> bool:
        if self.priority == "P1":
            return True
        status = self.status(at)
        if status.startswith("pending"):
            return False
        is_last_word = self.ended is not None and at >= self.ended
        if status in TERMINAL and not is_last_word:
            return False
        return open_at(self.calendar, at)

    def walk(self, target: int) -> tuple[int, datetime]:
        """Minutes counted until the stop, and the due time."""
        elapsed, counted, due, at = 0, 0, None, self.opened
        while at < self.stop or due is None:
            goes = self.counts(at) if at < self.stop else self.hours_run(at)
            at += MINUTE
            counted += goes
            if at <= self.stop:
                elapsed = counted
            if due is None and counted == target:
                due = at
        return elapsed, due

    def hours_run(self, at: datetime) -> bool:
        return self.priority == "P1" or open_at(self.calendar, at)


@settings(max_examples=100, deadline=None)
@given(lives())
def test_clocks_agree_with_a_life_lived_minute_by_minute(
    life: tuple[Ticket, Calendar, datetime],
) -> None:
    ticket, calendar, as_of = life
    found = ticket.clocks(calendar, as_of)
    clock = found.clocks.row(by_predicate=pl.col("kind") == "resolve", named=True)
    oracle = Oracle(ticket, calendar, as_of)
    target = 240 if oracle.priority == "P1" else 1440
    elapsed, due = oracle.walk(target)
    assert (clock["target_min"], clock["elapsed_min"], clock["due_at"]) == (target, elapsed, due)
    late = elapsed > target
    if late:
        assert (clock["state"], clock["breached_at"]) == ("breached", due)
    elif oracle.ended:
        is_gone = oracle.status_now in ("cancelled", "merged")
        assert clock["state"] == ("cancelled" if is_gone else "met")
    else:
        is_waiting = oracle.status_now.startswith("pending") and oracle.priority != "P1"
        assert clock["state"] == ("paused" if is_waiting else "running")
    check_audit(found, clock)


def check_audit(found: sla.SlaClocks, clock: dict[str, Any]) -> None:
    """The segments tile the clock's life and add up to what it counted."""
    audit = found.segments.filter(pl.col("clock_id") == clock["clock_id"]).sort("from_at")
    end = clock["stopped_at"] or clock["as_of_at"]
    if clock["started_at"] == end:
        assert audit.is_empty()
        return
    assert (audit["from_at"][0], audit["to_at"][-1]) == (clock["started_at"], end)
    assert audit["from_at"][1:].to_list() == audit["to_at"][:-1].to_list()
    counted = audit.filter("counted").select((pl.col("to_at") - pl.col("from_at")).sum()).item()
    assert (counted or timedelta()) / MINUTE == clock["elapsed_min"]
