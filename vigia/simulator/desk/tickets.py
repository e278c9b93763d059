"""The life of tickets: what they are about, who writes them, who works on them, how they end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from vigia.simulator.desk.agents import serve
from vigia.simulator.desk.model import Log
from vigia.simulator.desk.promises import PRIORITIES, business_time, due_instants
from vigia.simulator.desk.texts import CATEGORIES, LANGUAGES, REMINDERS, REPLIES, write
from vigia.simulator.draws import Floats, Ints, Stream
from vigia.simulator.world.model import World

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
SOURCE = "help-desk"
GROUPS = {
    "facility": "FAC",
    "equipment": "LOG",
    "access": "SEC",
    "security": "SEC",
    "safety": "SEC",
    "hr": "OPS",
    "it": "ITS",
    "field_support": "LOG",
    "crisis": "SEC",
}
_PRIORITY_MIX = (3, 12, 60, 25)
_CATEGORY_MIX = (26, 10, 14, 14, 8, 8, 12, 8, 0)
_WORK_MEDIAN_MIN = {
    "facility": 95,
    "equipment": 50,
    "access": 25,
    "security": 60,
    "safety": 70,
    "hr": 30,
    "it": 40,
    "field_support": 45,
    "crisis": 35,
}
_PAUSES = ("pending_requester", "pending_vendor", "pending_parts")
_CHANNELS = ("app", "web", "email", "phone")
_LANGUAGES_BY_ZONE = {
    "Asia/Kolkata": (0.4, 0.35, 0.25, 0.0),
    "Europe/Madrid": (0.2, 0.0, 0.0, 0.8),
    "America/Chicago": (0.8, 0.0, 0.0, 0.2),
}
_ELSEWHERE = (0.7, 0.3, 0.0, 0.0)
BUSY_SHARE = 0.55
"""Share of an agent's time that work takes on average; the queue decides how many there are."""


@dataclass(frozen=True, slots=True)
class _Latent:
    """What is true of each ticket before anybody works on it."""

    site: Ints
    opened_us: Ints
    category: Ints
    rank: Ints
    language: Ints
    sentiment: Floats
    forced: np.ndarray[Any, np.dtype[np.bool_]]


def ticket_life(world: World, tenant: int, arrivals: pl.DataFrame, log: Log) -> pl.DataFrame:
    """Live the tickets of one tenant; events go to the log.

    Args:
        world: The world.
        tenant: Number of the tenant.
        arrivals: Its tickets (`arrivals.ARRIVALS`), in the order of their opening.
        log: Takes the events.

    Returns:
        The fact `ticket`: what is true of each.
    """
    if not arrivals.height:
        nothing = _facts(world, tenant, _latent(world, arrivals), *(np.zeros(0, np.int64),) * 4)
        return nothing.with_columns(arrivals["cause"])
    latent = _latent(world, arrivals)
    draw = Stream(world.config.seed, "desk.work")
    key = latent.site, latent.opened_us
    median = np.array([_WORK_MEDIAN_MIN[c] for c in CATEGORIES], dtype=np.float64)
    work = draw.lognormal(median[latent.category] * MINUTE_US, 0.8, *key, 0)
    work = np.minimum(work / np.array([0, 2.0, 1.4, 1.0, 1.0])[latent.rank], 12.0 * HOUR_US)
    started, agent = _served(world, tenant, latent, work)
    paused = _pauses(world, latent)
    resolved = started + work.astype(np.int64) + paused
    due = due_instants(world, tenant, latent.opened_us, _priorities(latent.rank))
    late = due + paused + draw.lognormal(90.0 * MINUTE_US, 0.7, *key, 1).astype(np.int64)
    resolved = np.where(latent.forced, np.maximum(resolved, late), resolved)
    facts = _facts(world, tenant, latent, started, resolved, paused, due)
    facts = facts.with_columns(arrivals["cause"])
    _tell(world, tenant, facts, agent, log)
    return facts


def _latent(world: World, arrivals: pl.DataFrame) -> _Latent:
    site, opened = arrivals["site"].to_numpy(), arrivals["opened_us"].to_numpy()
    cause = arrivals["cause"]
    draw = Stream(world.config.seed, "desk.ticket")
    category = draw.choice(_CATEGORY_MIX, site, opened, 0)
    rank = draw.choice(_PRIORITY_MIX, site, opened, 1) + 1
    rank = np.where((cause == "bulk").to_numpy(), 4, rank)
    surge = (cause == "surge").to_numpy()
    rank = np.where(surge, np.minimum(rank, 3), rank)
    # Most of those that will breach are P2: a P3 is due only days later.
    urgent = np.where(draw.chance(0.7, site, opened, 4), 2, 3)
    rank = np.where((cause == "forced").to_numpy(), urgent, rank)
    crisis = (rank == 1) & draw.chance(0.3, site, opened, 2)
    category = np.where(crisis, CATEGORIES.index("crisis"), category)
    mood = 5.6 - 0.5 * (4 - rank) - 1.2 * surge + 2.0 * draw.normal(site, opened, 3)
    return _Latent(
        site,
        opened,
        category,
        rank,
        _languages(world, site, opened),
        np.clip(mood, 0.0, 10.0),
        (cause == "forced").to_numpy(),
    )


def _languages(world: World, site: Ints, opened: Ints) -> Ints:
    zones = world.sites["tz"].to_list()
    table = np.array([_LANGUAGES_BY_ZONE.get(zone, _ELSEWHERE) for zone in zones]).cumsum(axis=1)
    drawn = Stream(world.config.seed, "desk.language").uniform(site, opened)
    language: Ints = (drawn[:, None] > table[site]).sum(axis=1)
    return np.minimum(language, len(LANGUAGES) - 1)


def _served(world: World, tenant: int, latent: _Latent, work: Floats) -> tuple[Ints, Ints]:
    """The start of work on each ticket, by group; and the agent's number among the tenant's."""
    groups = sorted(set(GROUPS.values()))
    mine = np.array([groups.index(GROUPS[c]) for c in CATEGORIES])[latent.category]
    hours = business_time(world, tenant)
    span = world.config.days * 10 * HOUR_US
    started, agent = np.zeros(len(mine), np.int64), np.zeros(len(mine), np.int64)
    taken = 0
    for group in range(len(groups)):
        rows = np.flatnonzero(mine == group)
        agents = max(2, int(np.ceil(work[rows].sum() / span / BUSY_SHARE)))
        served = serve(latent.opened_us[rows], latent.rank[rows], work[rows], agents, hours)
        started[rows], agent[rows] = served.started_us, served.agent + taken
        taken += agents
    return started, agent


def _pauses(world: World, latent: _Latent) -> Ints:
    """How long each waits for somebody outside; P1 never does."""
    draw = Stream(world.config.seed, "desk.pause")
    key = latent.site, latent.opened_us
    waits = draw.chance(0.2, *key, 0) & (latent.rank > 1)
    length = draw.lognormal(5.0 * HOUR_US, 1.0, *key, 1)
    return np.where(waits, length.astype(np.int64), 0)


def _priorities(rank: Ints) -> pl.Series:
    return pl.Series([PRIORITIES[r - 1] for r in rank], dtype=pl.String)


def _facts(
    world: World,
    tenant: int,
    latent: _Latent,
    started: Ints,
    resolved: Ints,
    paused: Ints,
    due: Ints,
) -> pl.DataFrame:
    count = len(latent.site)
    draw = Stream(world.config.seed, "desk.fact")
    key = latent.site, latent.opened_us
    impact = np.clip(latent.rank + draw.integers(3, *key, 0) - 1, 1, 4)
    urgency = np.clip(latent.rank + draw.integers(3, *key, 1) - 1, 1, 4)
    intents = ("report", "report", "request", "question", "complaint")
    intent = draw.integers(len(intents), *key, 2)
    intent = np.where(latent.sentiment < 2.5, 4, intent)
    return pl.DataFrame(
        {
            "number": [f"INC{tenant}{n + 1:06}" for n in range(count)],
            "site": latent.site,
            "opened_us": latent.opened_us,
            "responded_us": started,
            "resolved_us": resolved,
            "paused_us": paused,
            "priority": _priorities(latent.rank),
            "due_us": due,
            "would_breach": resolved - paused > due,
            "sentiment": latent.sentiment,
            "intent": pl.Series([intents[i] for i in intent], dtype=pl.String),
            "urgency": urgency,
            "impact": impact,
            "language": pl.Series([LANGUAGES[i] for i in latent.language], dtype=pl.String),
            "category": pl.Series([CATEGORIES[i] for i in latent.category], dtype=pl.String),
            "tenant": pl.repeat(tenant, count, dtype=pl.Int64, eager=True),
        }
    )


def _tell(world: World, tenant: int, facts: pl.DataFrame, agent: Ints, log: Log) -> None:
    staff = world.people.filter(
        (pl.col("tenant") == tenant)
        & pl.col("role").is_in(["technician", "controller", "logistics"])
    )["code"].to_list() or [None]
    teller = _Teller(world, tenant, staff, log)
    for position, ticket in enumerate(facts.iter_rows(named=True)):
        teller.tell(ticket, int(agent[position]), position)


class _Teller:
    """Tells the help desk's events of one ticket after the other."""

    def __init__(self, world: World, tenant: int, staff: list[str | None], log: Log) -> None:
        self.seed = world.config.seed
        self.end_us = world.config.end_us
        self.clients = dict(world.sites.select("site", "client").iter_rows())
        self.client_codes = world.clients["code"].to_list()
        self.tenant = tenant
        self.staff = staff
        self.log = log
        self.draw = Stream(self.seed, "desk.life")

    def tell(self, ticket: dict[str, Any], agent: int, position: int) -> None:
        number = tenant_wide(self.tenant, position)
        opened, started, resolved = (ticket[f"{n}_us"] for n in ("opened", "responded", "resolved"))
        text = write(self.seed, number, ticket["category"], ticket["language"], ticket["sentiment"])
        group = GROUPS[ticket["category"]]
        created = {
            "client_id": self.client_codes[self.clients[ticket["site"]]],
            "requester_ref": f"REQ-{int(self.draw.integers(9000, number, 0)) + 1000}",
            "channel": _CHANNELS[int(self.draw.choice((5, 2, 3, 2), number, 1))],
            "category": ticket["category"],
            "priority": ticket["priority"],
            "impact": ticket["impact"],
            "urgency": ticket["urgency"],
            "subject": text.subject,
            "body_ref": text.body_ref,
            "original_language": text.language,
            "opened_at": opened,
            "status": "new",
        }
        self._event(ticket, "created", opened, created)
        self._message(ticket, opened + 1000, "requester", text.body_ref)
        self._event(
            ticket,
            "updated",
            started - 30_000_000,
            {"status": "open", "group_id": f"{group}{self.tenant}"},
        )
        working = {
            "status": "in_progress",
            "assignee_id": self.staff[agent % len(self.staff)],
            "first_response_at": started,
        }
        self._event(ticket, "updated", started, working)
        self._message(ticket, started + 1000, "agent", _ref(REPLIES[text.language]))
        if ticket["paused_us"]:
            self._pause(ticket, number, started, resolved)
        self._chase(ticket, text.language, number)
        self._end(ticket, number, resolved)

    def _pause(self, ticket: dict[str, Any], number: int, started: int, resolved: int) -> None:
        worked = resolved - started - ticket["paused_us"]
        begin = started + int(worked * 0.4)
        state = _PAUSES[int(self.draw.integers(len(_PAUSES), number, 2))]
        self._event(ticket, "updated", begin, {"status": state})
        self._event(ticket, "updated", begin + ticket["paused_us"], {"status": "in_progress"})

    def _chase(self, ticket: dict[str, Any], language: str, number: int) -> None:
        """A reminder of those whom it takes too long."""
        if ticket["resolved_us"] > ticket["due_us"] and self.draw.chance(0.6, number, 3):
            self._message(ticket, ticket["due_us"], "requester", _ref(REMINDERS[language]))

    def _end(self, ticket: dict[str, Any], number: int, resolved: int) -> None:
        """Solved, perhaps opened again once, and closed some time after."""
        self._event(ticket, "resolved", resolved, {"status": "resolved", "resolved_at": resolved})
        if self.draw.chance(0.03, number, 4):
            again = resolved + int(self.draw.exponential(6.0 * HOUR_US, number, 5)) + MINUTE_US
            self._event(ticket, "updated", again, {"status": "reopened", "reopen_count": 1})
            resolved = again + int(self.draw.lognormal(2.0 * HOUR_US, 0.6, number, 6))
            self._event(
                ticket, "resolved", resolved, {"status": "resolved", "resolved_at": resolved}
            )
        closed = resolved + int(self.draw.lognormal(20.0 * HOUR_US, 0.5, number, 7))
        self._event(ticket, "closed", closed, {"status": "closed", "closed_at": closed})

    def _event(self, ticket: dict[str, Any], verb: str, at: int, values: dict[str, Any]) -> None:
        if at < self.end_us:
            about = {
                "ticket_id": ticket["number"],
                "number": ticket["number"],
                "_site": ticket["site"],
            }
            self.log.add("ticket", verb, SOURCE, ticket["number"], at, {**about, **values})

    def _message(self, ticket: dict[str, Any], at: int, author: str, body_ref: str) -> None:
        if at < self.end_us:
            values = {
                "ticket_id": ticket["number"],
                "author_kind": author,
                "language": ticket["language"],
                "internal": False,
                "body_ref": body_ref,
                "_site": ticket["site"],
            }
            self.log.add("ticket_message", "recorded", SOURCE, f"{ticket['number']}m", at, values)


def tenant_wide(tenant: int, position: int) -> int:
    """A number that no other ticket of any tenant has."""
    return tenant * 10_000_000 + position


def _ref(text: str) -> str:
    from urllib.parse import quote

    return f"data:text/plain;charset=utf-8,{quote(text)}"
