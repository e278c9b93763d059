"""Which category and severity a finding has, whatever it is called.

Three paths, first hit wins: the type is known, or one of the families named by a metric; its words
tell the category; nobody knows it, and it is OPERATIONAL and GENERIC. Never an error: a finding
whose type nobody declared has still to reach somebody.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import polars as pl

from vigia.domain.findings.known import ALIASES, GENERIC, KNOWN, FindingType, family_type, spelled
from vigia.domain.findings.severity import (
    RULES,
    Context,
    SeverityRules,
    severities,
    severity_of,
    traits,
)
from vigia.domain.findings.types import (
    CATEGORY,
    SEVERITIES,
    SEVERITY,
    Category,
    ScopeKind,
    Severity,
)

MAX_NAME = 120
"""Longer names are cut: no type of ours comes near, and what is remembered stays small."""

_WORDS: tuple[tuple[Category, Severity, str], ...] = (
    (
        Category.SAFETY,
        Severity.CRITICAL,
        "PANIC DURESS DISTRESS EMERGENCY CRISIS MAN_DOWN FALL ASSAULT FIRE",
    ),
    (Category.SAFETY, Severity.HIGH, "LONE_WORKER WELFARE SAFETY INJURY"),
    (Category.SECURITY, Severity.HIGH, "INTRUSION TRESPASS THEFT FORCED JAMMING"),
    (
        Category.SECURITY,
        Severity.MEDIUM,
        "TOUR PATROL CHECKPOINT GEOFENCE ACCESS PHANTOM FRAUD SPOOFING VISITOR",
    ),
    (
        Category.DEVICE_HEALTH,
        Severity.MEDIUM,
        "DEVICE OFFLINE GPS BATTERY CONNECTIVITY NETWORK PHONE HEARTBEAT LOCATION SIGNAL SYNC",
    ),
    (
        Category.COMPLIANCE,
        Severity.MEDIUM,
        "COMPLIANCE REPORT ATTENDANCE LEGAL QUALIFICATION LICENCE LICENSE OBLIGATION",
    ),
    (
        Category.OPERATIONAL,
        Severity.MEDIUM,
        "SLA TASK PRODUCTIVITY SCHEDULE SCHEDULING SILENT TICKET BACKLOG STAFFING",
    ),
    (
        Category.OPERATIONAL,
        Severity.MEDIUM,
        "SHORTAGE COVERAGE ESCALATION WORK_ORDER ROSTER",
    ),
)
_KEYWORDS = tuple(
    (f"_{word}_", category, severity)
    for category, severity, words in _WORDS
    for word in words.split()
)
_LATE_FROM_MIN = {
    Category.SAFETY: (None, 30),
    Category.SECURITY: (60, 120),
    Category.DEVICE_HEALTH: (120, None),
    Category.OPERATIONAL: (240, 24 * 60),
    Category.COMPLIANCE: (24 * 60, 7 * 24 * 60),
}
"""When a type that only its words tell is HIGH, and when it is CRITICAL."""


def resolve(name: object) -> FindingType:
    """The type that a name means.

    >>> resolve("silent site").name, resolve("GEOFENCE_EXIT").category.value, resolve(None).name
    ('CORRELATION_SILENT_SITE', 'SECURITY', 'GENERIC')
    """
    found = KNOWN.get(name) if isinstance(name, str) else None
    if found is not None:
        return found
    return _resolved(str(name)[:MAX_NAME]) if name is not None else KNOWN[GENERIC]


def categorise(
    name: object,
    context: Context | Mapping[str, object] | None = None,
    rules: SeverityRules = RULES,
) -> tuple[Category, Severity]:
    """Category and severity of a finding.

    Args:
        name: Its type, known or not.
        context: What is known about the case, as `Context` or as loose values.
        rules: How context moves severity.

    >>> category, severity = categorise("TOUR_OVERDUE", {"overdue_minutes": 120})
    >>> category.value, severity.value
    ('SECURITY', 'CRITICAL')
    """
    kind = resolve(name)
    known = context if context is None or isinstance(context, Context) else Context.of(context)
    is_crisis = kind.follows_subject and known is not None and known.is_crisis
    category = Category.SAFETY if is_crisis else kind.category
    return category, severity_of(kind, known, rules)


def categorised(cases: pl.DataFrame, rules: SeverityRules = RULES) -> pl.DataFrame:
    """Add `category` and `severity` to many findings at once; `categorise` for frames.

    Args:
        cases: One row per finding with `type` and, where known, the columns of
            `severity.severities`.
        rules: How context moves severity.

    Returns:
        The rows in their order, with the columns `category` and `severity`.
    """
    names = cases["type"].unique().to_list()
    kinds = {name: resolve(name) for name in names}
    known = cases.join(
        traits(kinds), on="type", how="left", maintain_order="left", nulls_equal=True
    )
    category = pl.col("_category")
    if "crisis" in cases.columns:
        crisis = pl.col("_follows") & pl.col("crisis").fill_null(value=False)
        category = pl.when(crisis).then(pl.lit(str(Category.SAFETY))).otherwise(category)
    names_of_ranks = dict(enumerate(map(str, SEVERITIES)))
    return known.with_columns(
        category=category.cast(CATEGORY),
        severity=severities(cases, rules).replace_strict(names_of_ranks, return_dtype=SEVERITY),
    ).select(*dict.fromkeys((*cases.columns, "category", "severity")))


@lru_cache(maxsize=4096)
def _resolved(name: str) -> FindingType:
    name = spelled(name)
    name = ALIASES.get(name, name)
    return KNOWN.get(name) or family_type(name) or _by_words(name) or KNOWN[GENERIC]


def _by_words(name: str) -> FindingType | None:
    """The type that the words of a name tell, singular or plural; None where they tell nothing."""
    singular = "_".join(
        word if word.endswith("SS") else word.removesuffix("S") for word in name.split("_")
    )
    for word, category, severity in _KEYWORDS:
        if word in f"_{name}_" or word in f"_{singular}_":
            high, critical = _LATE_FROM_MIN[category]
            # The word alone: who knows what else a name from outside holds.
            title = word.strip("_").replace("_", " ").capitalize()
            return FindingType(name, category, severity, ScopeKind.SITE, title, high, critical)
    return None
