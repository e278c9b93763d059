"""Thresholds that learn from what people say of findings: a step a day, within bounds, reversible.

Each dial is one number of one pattern with the figure that is held against it. What people called
no case moves it to where it would have been quieter, unless more true ones than allowed would have
gone too: both are counted over the findings of the last weeks before anything moves. What people
hardly ever call no case moves a dial back towards its default. Safety has no dials.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from vigia.domain.findings.pattern import Pattern

LOOK_BACK = timedelta(days=28)
"""Verdicts of so long count."""
REST = timedelta(days=28)
"""So long a dial stays where a person put it back."""
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Dial:
    """One number that may move.

    Attributes:
        pattern: Code of the pattern.
        number: Name of the number in its policy.
        kind: Type of finding whose verdicts move it.
        figure: Figure of the finding that is held against it.
        step: How far it moves in a day; upwards is quieter.
        low: It never goes below.
        high: It never goes above.
        grows: The figure grows by one a minute for as long as the episode lasts.
    """

    pattern: str
    number: str
    kind: str
    figure: str
    step: float
    low: float
    high: float
    grows: bool = False

    @property
    def name(self) -> str:
        """What the history calls it."""
        return f"{self.pattern}.{self.number}"


DIALS: tuple[Dial, ...] = (
    Dial("K02", "quiet_min", "CORRELATION_TOUR_ABANDONMENT", "minutes without a scan", 5, 20, 60,
         grows=True),
    Dial("K03", "overdue_tasks", "CORRELATION_SLA_STORM", "overdue tasks", 1, 3, 12),
    Dial("K03", "alerts", "CORRELATION_SLA_STORM", "different alerts", 1, 6, 20),
    Dial("K04", "window_min", "CORRELATION_PHANTOM_GUARD", "minutes without work or answer", 15, 90,
         240, grows=True),
    Dial("K05", "window_min", "CORRELATION_DEVICE_GPS_FAILURE",
         "minutes on duty without a usable position", 10, 40, 120, grows=True),
    Dial("K06", "window_min", "CORRELATION_DEVICE_PHONE_FAILURE",
         "minutes at work without a phone event", 10, 40, 120, grows=True),
    Dial("K08", "load_pct", "CORRELATION_RESOURCE_SHORTAGE", "work in % of what people can do", 10,
         100, 200),
)  # fmt: skip
"""Every number that may move by itself."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When a dial moves.

    Attributes:
        least: Verdicts that there must be.
        too_many: Share of no cases that is surely exceeded before a dial moves to be quieter.
        few: Share of no cases that is surely not reached before it moves back.
        most_lost: Share of true ones that may go with a step.
    """

    least: int = 10
    too_many: float = 0.2
    few: float = 0.1
    most_lost: float = 0.02


@dataclass(frozen=True, slots=True)
class Case:
    """A finding of which a person said what it was.

    Attributes:
        kind: Its type.
        is_true: It was one.
        figures: Its numbers when it was raised.
        lasted_min: Minutes from then until it was seen last.
    """

    kind: str
    is_true: bool
    figures: Mapping[str, float | None]
    lasted_min: float

    def reached(self, dial: Dial) -> float | None:
        """The most that the figure of a dial came to; None where it was not told."""
        value = self.figures.get(dial.figure)
        if value is None:
            return None
        return value + self.lasted_min if dial.grows else value


@dataclass(frozen=True, slots=True)
class Change:
    """A move of a dial, with what it would have meant for the findings that moved it.

    Attributes:
        dial: Which.
        old: Value before.
        new: Value afterwards.
        reason: Why, for people.
        true: True findings that were judged.
        false: No cases that were judged.
        true_lost: True findings that would not have been raised.
        false_gone: No cases that would not have been raised.
    """

    dial: Dial
    old: float
    new: float
    reason: str
    true: int
    false: int
    true_lost: int
    false_gone: int

    @property
    def evidence(self) -> dict[str, int]:
        """The counts, as the history keeps them."""
        counts = ("true", "false", "true_lost", "false_gone")
        return {name: getattr(self, name) for name in counts}


def share_bounds(hits: int, total: int) -> tuple[float, float]:
    """Bounds of a share with 95 % confidence (Wilson 1927, doi:10.1080/01621459.1927.10502953).

    >>> low, high = share_bounds(5, 10)
    >>> round(low, 3), round(high, 3)
    (0.237, 0.763)
    """
    if total == 0:
        return 0.0, 1.0
    share, z2 = hits / total, _Z**2
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    spread = share * (1 - share) / total + z2 / (4 * total**2)
    width = _Z * math.sqrt(spread) / (1 + z2 / total)
    return max(middle - width, 0.0), min(middle + width, 1.0)


def change_of(
    dial: Dial, value: float, default: float, cases: Iterable[Case], limits: Limits = Limits()
) -> Change | None:
    """How a dial moves; None where it stays.

    Args:
        dial: Which.
        value: Where it is.
        default: Where its pattern has it.
        cases: Judged findings; those of other types are passed over.
        limits: When it moves.
    """
    # What would not be raised any more as the dial is now was taken into account before.
    judged = [case for case in cases if case.kind == dial.kind and _is_raised(case, dial, value)]
    false = sum(not case.is_true for case in judged)
    if len(judged) < limits.least:
        return None
    low, high = share_bounds(false, len(judged))
    told = f"{false} of {len(judged)} were no case"
    if low > limits.too_many:
        quieter = _counted(dial, value, min(value + dial.step, dial.high), judged, told)
        true = max(quieter.true, 1)
        helps = quieter.false_gone > 0 and quieter.true_lost / true <= limits.most_lost
        return quieter if helps and quieter.new > value else None
    if high < limits.few and value > default:
        return _counted(dial, value, max(value - dial.step, default, dial.low), judged, told)
    return None


def _is_raised(case: Case, dial: Dial, value: float) -> bool:
    most = case.reached(dial)
    return most is None or most >= value


def _counted(dial: Dial, old: float, new: float, judged: Sequence[Case], reason: str) -> Change:
    gone = [case for case in judged if not _is_raised(case, dial, new)]
    lost = sum(case.is_true for case in gone)
    true = sum(case.is_true for case in judged)
    return Change(
        *(dial, old, new, reason, true, len(judged) - true),
        true_lost=lost,
        false_gone=len(gone) - lost,
    )


@dataclass(frozen=True, slots=True)
class Moved:
    """When a dial moved last, and when a person put it back last."""

    changed_at: datetime | None = None
    reverted_at: datetime | None = None


def rests(moved: Moved, now: datetime) -> bool:
    """Whether a dial stays as it is today: it moved today, or a person put it back not long ago."""
    changed_today = moved.changed_at is not None and moved.changed_at.date() >= now.date()
    put_back = moved.reverted_at is not None and now - moved.reverted_at < REST
    return changed_today or put_back


def tuned(patterns: Iterable[Pattern], values: Mapping[str, float]) -> tuple[Pattern, ...]:
    """Patterns with the numbers that were moved; names of dials that are gone are passed over."""
    known = {dial.name: dial for dial in DIALS}
    changes: dict[str, dict[str, float]] = {}
    for name, value in values.items():
        if (dial := known.get(name)) is not None:
            changes.setdefault(dial.pattern, {})[dial.number] = value
    return tuple(p.with_policy(changes[p.code]) if p.code in changes else p for p in patterns)
