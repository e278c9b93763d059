"""Why a pattern raised nothing: which condition failed at an instant, and by how much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vigia.domain.findings.known import KNOWN
from vigia.domain.findings.pattern import Leg, Pattern, Verdict
from vigia.domain.watch.known import Known
from vigia.domain.watch.moments import Ints


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a pattern at an instant.

    Attributes:
        name: What is asked, with its unit.
        value: What it was; None where nothing is known.
        bound: What it is held against.
        at_least: It must reach the bound; else it must not exceed it.
        holds: It is met.
    """

    name: str
    value: float | None
    bound: float
    at_least: bool
    holds: bool

    @property
    def lacks(self) -> float | None:
        """By how much it is missed; 0 where it is met, None where nothing is known."""
        if self.value is None:
            return None
        return 0.0 if self.holds else abs(self.bound - self.value)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a pattern made of one scope at one instant.

    Attributes:
        kind: Type of the finding.
        scope_kind: What it is about.
        scope_id: Which.
        raised: It is a case.
        muted: Planned work mutes it there.
        conditions: What was asked, in the pattern's order.
    """

    kind: str
    scope_kind: str
    scope_id: str
    raised: bool
    muted: bool
    conditions: tuple[Condition, ...]

    @property
    def failed(self) -> int:
        """How many conditions are not met."""
        return sum(not condition.holds for condition in self.conditions)


def explain(known: Known, pattern: Pattern, site: int) -> Iterator[Explanation]:
    """Every scope of a pattern at a site at the only instant, the nearest to a case first.

    Args:
        known: What is known at one instant.
        pattern: Which pattern, with what numbers.
        site: Row of the site.
    """
    for verdict in pattern.judge(known, pattern.policy):
        rows = _rows_at(known, verdict, site)
        told = [_explained(known, pattern, verdict, int(row), site) for row in rows]
        yield from sorted(told, key=lambda each: (not each.raised, each.failed, each.scope_id))


def _rows_at(known: Known, verdict: Verdict, site: int) -> Ints:
    if verdict.site is not None:
        found: Ints = np.flatnonzero(verdict.site[:, 0] == site)
        return found
    rows: Ints = np.flatnonzero(known.things.sites(verdict.scopes["site_id"]) == site)
    return rows


def _explained(
    known: Known, pattern: Pattern, verdict: Verdict, row: int, site: int
) -> Explanation:
    category = str(KNOWN[verdict.kind].category)
    window_us = round(verdict.window.total_seconds() * 1_000_000)
    where = known.muting.of_sites(verdict.kind, category, window_us)
    return Explanation(
        verdict.kind,
        str(verdict.scope_kind),
        verdict.scopes["scope_id"][row],
        bool(verdict.raised[row, 0]),
        pattern.is_muted and bool(where[site, 0]),
        tuple(_condition(leg, row) for leg in verdict.legs),
    )


def _condition(leg: Leg, row: int) -> Condition:
    value = float(np.broadcast_to(leg.value, leg.holds.shape)[row, 0])
    bound = float(np.broadcast_to(leg.bound, leg.holds.shape)[row, 0])
    return Condition(
        leg.name,
        value if np.isfinite(value) else None,
        bound,
        leg.at_least,
        bool(leg.holds[row, 0]),
    )
