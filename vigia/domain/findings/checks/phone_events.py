"""Too few signs from the phones of a site: its people should send a heartbeat every five minutes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from vigia.domain.findings.checks.signals import sent, too_few, window_us
from vigia.domain.findings.pattern import Pattern, Verdict
from vigia.domain.watch.known import Known
from vigia.domain.watch.signs import P_AUTO, P_HUMAN

KIND = "CRITICAL_SIGNAL_PHONE_EVENTS_LOW"


@dataclass(frozen=True, slots=True)
class PhoneEventsPolicy:
    """Numbers of the check.

    Attributes:
        window_min: How far back it looks.
        heartbeat_min: How often a phone sends a heartbeat.
        low_pct: A smaller share of what should come is too few.
    """

    window_min: float = 60
    heartbeat_min: float = 5
    low_pct: float = 25


def judge(known: Known, policy: PhoneEventsPolicy) -> Iterator[Verdict]:
    """Sites whose phones send too little for the people on duty all the while."""
    back_us = window_us(policy.window_min)
    came = known.signs.count("site", back_us, P_AUTO, P_HUMAN)
    people = known.presence.on_for(back_us)
    expected = people * sent(policy.window_min, policy.heartbeat_min)
    yield too_few(known, KIND, came, expected, policy.window_min, policy.low_pct)


CHECK = Pattern(
    code=KIND,
    name="Too few phone events",
    kinds=(KIND,),
    signals=("phone", "attendance"),
    look_back=timedelta(hours=2),
    precondition="somebody is on duty for the whole window",
    evidence=("last_signals", "battery", "network", "roster"),
    severity="HIGH",
    clears="a quarter of what should come has come for ten minutes",
    traps=("nobody on duty", "outage of the operator", "heartbeats that a version leaves out"),
    policy=PhoneEventsPolicy(),
    judge=judge,
)
