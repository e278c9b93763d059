"""How bad a finding is: its type first, then what is known about the case.

The order is fixed: where the type follows a subject, one step above that; then steps for the
priority of the ticket and for how far a value is off; last the floors that a delay reaches. Floors
come last and only lift, so severity never falls as a delay grows. Once for a single finding and
once for columns.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from vigia.domain.findings.known import FindingType
from vigia.domain.findings.types import SEVERITIES, Category, Severity

_HIGH, _TOP = Severity.HIGH.rank, Severity.CRITICAL.rank
_RANKS = {str(severity): severity.rank for severity in SEVERITIES}
DELAY_KEYS = ("delay_min", "overdue_min", "delay_minutes", "overdue_minutes")
"""What sources call the minutes that something is late; the longest counts."""


@dataclass(frozen=True, slots=True)
class Context:
    """What is known about a case and bears on its severity.

    Attributes:
        delay_min: Minutes past the time it was due.
        z_score: How far the value is from the usual, in robust standard deviations.
        priority: P1 to P4, of the ticket or task it is about.
        subject: Severity of the alert or ticket it is about.
        is_crisis: What it is about is a crisis.
    """

    delay_min: float | None = None
    z_score: float | None = None
    priority: str | None = None
    subject: Severity | None = None
    is_crisis: bool = False

    @classmethod
    def of(cls, values: Mapping[str, object]) -> Context:
        """Read a context from loose values; what has no meaning here is passed over.

        >>> Context.of({"overdue_minutes": 120, "colour": "red"}).delay_min
        120.0
        """
        delay: float | None = None
        for key in DELAY_KEYS:
            found = _number(values[key]) if key in values else None
            if found is not None and (delay is None or found > delay):
                delay = found
        subject = values.get("subject_severity")
        priority = values.get("priority")
        return cls(
            delay,
            _number(values.get("z_score")),
            priority if isinstance(priority, str) else None,
            Severity(subject) if isinstance(subject, str) and subject in _RANKS else None,
            values.get("crisis") is True,
        )


@dataclass(frozen=True, slots=True)
class SeverityRules:
    """How context moves severity; the delays that count are the type's own.

    Attributes:
        z_steps: Absolute z-score from which it is so many steps worse, rising.
        priority_steps: Steps by priority; a step down never eases a finding about safety.
    """

    z_steps: tuple[tuple[float, int], ...] = ((6.0, 1), (10.0, 2))
    priority_steps: Mapping[str, int] = field(default_factory=lambda: {"P1": 1, "P4": -1})

    def __post_init__(self) -> None:
        bounds, steps = [z for z, _ in self.z_steps], [n for _, n in self.z_steps]
        if bounds != sorted(bounds) or steps != sorted(steps) or any(n < 0 for n in steps):
            raise ValueError("a larger deviation must not be less severe: z_steps has to rise")


RULES = SeverityRules()


def severity_of(
    kind: FindingType, context: Context | None = None, rules: SeverityRules = RULES
) -> Severity:
    """How bad a finding of that type is in that context."""
    rank = kind.severity.rank
    if context is None:
        return SEVERITIES[rank]
    if kind.follows_subject:
        if context.is_crisis:
            return Severity.CRITICAL
        if context.subject is not None:
            rank = context.subject.rank + 1
    step = rules.priority_steps.get(context.priority, 0) if context.priority else 0
    rank += max(step, 0) if _never_eased(kind) else step
    if context.z_score is not None:
        rank += _z_steps(abs(context.z_score), rules)
    return SEVERITIES[max(min(max(rank, 0), _TOP), _floor(kind, context.delay_min))]


def severities(cases: pl.DataFrame, rules: SeverityRules = RULES) -> pl.Expr:
    """Rank of severity of every row, 0 to 4: `severity_of` for columns.

    Args:
        cases: Which of the optional columns are there: `delay_min`, `z_score` (numbers),
            `priority`, `subject_severity` (text), `crisis` (boolean). Beside them the expression
            reads what `traits` gives: one row's type.
        rules: How context moves severity.
    """
    there = cases.columns
    rank = pl.col("_rank")
    if "subject_severity" in there:
        subject = pl.col("subject_severity").cast(pl.String)
        above = subject.replace_strict(_RANKS, default=None, return_dtype=pl.Int64) + 1
        rank = pl.when("_follows").then(pl.coalesce(above, rank)).otherwise(rank)
    if "priority" in there:
        step = (
            pl.col("priority")
            .cast(pl.String)
            .replace_strict(dict(rules.priority_steps), default=0, return_dtype=pl.Int64)
        )
        rank = rank + pl.when("_never_eased").then(step.clip(0)).otherwise(step)
    if "z_score" in there:
        rank = rank + _z_column(rules)
    rank = rank.clip(0, _TOP)
    if "delay_min" in there:
        rank = pl.max_horizontal(rank, _floor_column())
    if "crisis" in there:
        crisis = pl.col("_follows") & pl.col("crisis").fill_null(value=False)
        rank = pl.when(crisis).then(_TOP).otherwise(rank)
    return rank


def traits(kinds: Mapping[str, FindingType]) -> pl.DataFrame:
    """What `severities` has to know of types: one row per name, columns with an underscore."""
    found = kinds.values()
    return pl.DataFrame(
        {
            "type": pl.Series(list(kinds), dtype=pl.String),
            "_category": pl.Series([str(k.category) for k in found], dtype=pl.String),
            "_rank": pl.Series([k.severity.rank for k in found], dtype=pl.Int64),
            "_high_from": pl.Series([k.high_from_min for k in found], dtype=pl.Float64),
            "_critical_from": pl.Series([k.critical_from_min for k in found], dtype=pl.Float64),
            "_follows": pl.Series([k.follows_subject for k in found], dtype=pl.Boolean),
            "_never_eased": pl.Series([_never_eased(k) for k in found], dtype=pl.Boolean),
        }
    )


def _never_eased(kind: FindingType) -> bool:
    return kind.is_safety_flagged or kind.category is Category.SAFETY


def _z_steps(deviation: float, rules: SeverityRules) -> int:
    reached = 0
    for bound, steps in rules.z_steps:
        if deviation < bound:
            break
        reached = steps
    return reached


def _z_column(rules: SeverityRules) -> pl.Expr:
    # A value that is no number compares as the largest: it is no deviation at all.
    deviation = pl.col("z_score").cast(pl.Float64).fill_nan(None).abs()
    reached = [pl.when(deviation >= bound).then(steps) for bound, steps in rules.z_steps]
    return pl.max_horizontal(pl.lit(0), *reached)


def _floor(kind: FindingType, delay_min: float | None) -> int:
    if delay_min is None:
        return 0
    if kind.critical_from_min is not None and delay_min >= kind.critical_from_min:
        return _TOP
    return _HIGH if kind.high_from_min is not None and delay_min >= kind.high_from_min else 0


def _floor_column() -> pl.Expr:
    delay = pl.col("delay_min").cast(pl.Float64).fill_nan(None)
    return (
        pl.when(delay >= pl.col("_critical_from"))
        .then(_TOP)
        .when(delay >= pl.col("_high_from"))
        .then(_HIGH)
        .otherwise(0)
    )


def _number(value: object) -> float | None:
    """The value where it is a number that can be compared."""
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return None
    return float(value)
