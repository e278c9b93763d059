"""What is promised, to whom, on which hours: the shape of a service level policy.

How a policy is read from a file belongs to `vigia.config.policy`; keeping clocks to `sla`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, Literal

Priority = Literal["P1", "P2", "P3", "P4"]
_STRICT = {"extra": "forbid"}


@dataclass(frozen=True, slots=True)
class Target:
    """What is promised for a priority, or for one category of it.

    Attributes:
        priority: Of the tickets it serves.
        category: Only tickets of this category; the rest when missing.
        first_response_min: Counted minutes to the first answer; nothing promised when missing.
        resolve_min: Counted minutes to the resolution; nothing promised when missing.
        at_risk_pct: Share of the target at which it is at risk.
        round_the_clock: Every hour counts, not the calendar's alone.
    """

    # Whoever reads one from a file refuses keys that mean nothing.
    __pydantic_config__: ClassVar = _STRICT

    priority: Priority
    category: str | None = None
    first_response_min: int | None = None
    resolve_min: int | None = None
    at_risk_pct: float = 80
    round_the_clock: bool = False

    def __post_init__(self) -> None:
        promised = [m for m in (self.first_response_min, self.resolve_min) if m is not None]
        if not promised or min(promised) <= 0:
            raise ValueError("a target promises at least one thing, in minutes above 0")
        if not 0 < self.at_risk_pct <= 100:
            raise ValueError("at_risk_pct is a percentage above 0")

    @property
    def code(self) -> str:
        """What names the target within its policy."""
        return f"{self.priority}:{self.category or ''}"


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """The calendar of a policy as it is written: hours by wall clock, days that differ.

    Attributes:
        hours: Weekday (0 = Monday) to [open, close] pairs of HH:MM.
        tz: IANA zone; the site's own when missing.
        holidays: Day to kind: public, client, closed, half_day.
    """

    # Whoever reads one from a file refuses keys that mean nothing.
    __pydantic_config__: ClassVar = _STRICT

    code: str
    name: str
    hours: Mapping[int, Sequence[tuple[str, str]]]
    tz: str | None = None
    holidays: Mapping[date, Literal["public", "client", "closed", "half_day"]] = field(
        default_factory=dict
    )


@dataclass(frozen=True, slots=True)
class SlaPolicy:
    """A named set of promises."""

    # Whoever reads one from a file refuses keys that mean nothing.
    __pydantic_config__: ClassVar = _STRICT

    code: str
    name: str
    calendar: BusinessHours
    targets: tuple[Target, ...]

    def __post_init__(self) -> None:
        codes = [target.code for target in self.targets]
        if twice := {code for code in codes if codes.count(code) > 1}:
            raise ValueError(f"promised twice: {', '.join(sorted(twice))}")
