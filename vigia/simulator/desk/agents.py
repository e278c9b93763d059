"""Agents at work: who takes which ticket when, with the queue's priorities and their hours.

A desk is a queue with several servers and priorities that do not interrupt (Kleinrock, Queueing
Systems, vol. 2, 1976). Volumes are hundreds a day at most, so one ticket is handled at a time.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

from vigia.domain.calendar import CountedTime
from vigia.simulator.draws import Floats, Ints

PREPARATION_US = 90 * 1_000_000
"""Least time between a ticket's opening and somebody's first look."""


@dataclass(frozen=True, slots=True)
class Served:
    """When each ticket was taken up, and by which of the agents (a number from 0)."""

    started_us: Ints
    agent: Ints


def serve(opened_us: Ints, rank: Ints, work_us: Floats, agents: int, hours: CountedTime) -> Served:
    """Deal tickets out to agents.

    Args:
        opened_us: Openings, ascending.
        rank: 1 to 4, the priority; 1 and 2 are worked on at any hour.
        work_us: How long each keeps an agent.
        agents: How many there are.
        hours: Business hours, in which 3 and 4 are worked on.

    Returns:
        The start of work on each.
    """
    started = np.zeros(len(opened_us), dtype=np.int64)
    agent_of = np.zeros(len(opened_us), dtype=np.int64)
    free = [(0, number) for number in range(agents)]
    waiting: list[tuple[int, int, int]] = []
    arrivals = list(enumerate(opened_us.tolist()))[::-1]
    while arrivals or waiting:
        at, agent = free[0]
        while arrivals and (arrivals[-1][1] <= at or not waiting):
            number, opened = arrivals.pop()
            heapq.heappush(waiting, (int(rank[number]), opened, number))
            at = max(at, opened)
        priority, opened, number = heapq.heappop(waiting)
        begin = max(at, opened + PREPARATION_US)
        if priority > 2:
            begin = _in_hours(hours, begin)
        started[number], agent_of[number] = begin, agent
        heapq.heapreplace(free, (begin + int(work_us[number]), agent))
    return Served(started, agent_of)


def _in_hours(hours: CountedTime, at_us: int) -> int:
    """The instant itself if it is in business hours, else the next opening."""
    tile = int(np.searchsorted(hours.starts, at_us, "right")) - 1
    while not hours.counted[tile]:
        tile += 1
        at_us = int(hours.starts[tile])
    return at_us
