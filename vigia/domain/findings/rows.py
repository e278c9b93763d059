"""From episodes to findings as they are stored: id, category, message, runbook, what mutes them.

Belongs here: what a finding says beyond its episode. Does not belong here: how episodes come about
(`episodes`), or what becomes of findings afterwards (`lifecycle`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
import polars as pl

from vigia.domain.findings.anomalies import CODE as ANOMALY
from vigia.domain.findings.anomalies import KNOWN_AFTER
from vigia.domain.findings.categorise import categorise, resolve
from vigia.domain.findings.messages import message
from vigia.domain.findings.pattern import Pattern
from vigia.domain.findings.runbooks import Book, Runbook
from vigia.domain.findings.types import (
    Category,
    EvidenceState,
    ScopeKind,
    State,
    dedup_key,
    finding_id,
)
from vigia.domain.windows import INSTANT, SLOT

_TEXT = (
    *("finding_id", "type", "scope_kind", "scope_id", "dedup_key", "category", "severity"),
    *("state", "evidence_state", "site_id", "person_id", "device_id", "subject_ref", "runbook_id"),
    *("message", "recommended", "inhibited_by", "policy_version", "figures"),
)
_TIMES = (
    *("episode_start", "window_from", "window_to", "detected_at", "detectable_at", "cleared_at"),
)
FINDINGS = pl.Schema(
    {
        **dict.fromkeys(_TEXT, pl.String()),
        **dict.fromkeys(_TIMES, INSTANT),
        "confidence": pl.Float64(),
    }
)
"""One row per finding: what detection says of it; ids as text, JSON as text."""

CONFIDENCE: Mapping[str, float] = {
    EvidenceState.PROVISIONAL: 0.6,
    EvidenceState.CONFIRMED: 0.9,
    EvidenceState.RETRACTED: 0.1,
}
"""How sure a rule is, by how sure its data are."""

_STORM = ("overdue tasks", "late tours", "different alerts")
_SPOKEN: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "CORRELATION_SILENT_SITE": {"count": ("people on duty for the whole window",)},
    "CORRELATION_SLA_STORM": {"count": _STORM},
    "SLA_STORM_EMERGING": {"count": _STORM},
    "CHECKPOINT_COVERAGE_LOW": {"count": ("checkpoints left out",)},
    "GPS_JAMMING_SUSPECT": {"count": ("phones that lost their position",)},
    "CORRELATION_RESOURCE_SHORTAGE": {"observed": ("work in % of what people can do",)},
    "CORRELATION_COVERAGE_GAP": {"count": ("people missing",), "expected": ("required",)},
    "ESCALATION_CHAIN_HOLE": {"count": ("steps that reach nobody",)},
    "NETWORK_OUTAGE": {"count": ("dark sites that share an operator or a feeder",)},
}
"""By type, which figures fill a slot of its message; several are added up."""
_SAID_AS_IT_IS = ("observed", "expected")
"""Figures that are slots of messages by themselves."""
_SUBJECTS: Mapping[str, str] = {
    ScopeKind.TOUR_RUN: "run",
    ScopeKind.TICKET: "ticket",
    ScopeKind.ALERT: "alert",
    ScopeKind.POST: "post",
    ScopeKind.DEVICE: "device",
    ScopeKind.REGION: "region",
}


@dataclass(frozen=True, slots=True)
class Names:
    """What people call things.

    Attributes:
        codes: Id to code, of whatever has one.
        initials: Id of a person to initials.
    """

    codes: Mapping[str, str] = field(default_factory=dict)
    initials: Mapping[str, str] = field(default_factory=dict)


def findings(
    tenant_id: UUID,
    episodes: pl.DataFrame,
    patterns: Sequence[Pattern],
    shelf: tuple[Book, Mapping[Runbook, UUID]],
    names: Names,
) -> pl.DataFrame:
    """Findings of episodes.

    Args:
        tenant_id: Whose.
        episodes: `EPISODES` with `inhibited_by`, as `detect` gives them, and `is_muted`: what
            explains it is still open.
        patterns: Those that were looked for, for the version of their numbers.
        shelf: Runbooks, and the ids of their rows.
        names: What the message calls things.

    Returns:
        `FINDINGS`, in the order of the episodes.
    """
    versions = {pattern.code: policy_version(pattern) for pattern in patterns}
    told = episodes.with_columns(_parent=_parent())
    rows = [
        _finding(tenant_id, row, versions.get(row["pattern"], row["pattern"]), shelf, names)
        for row in told.iter_rows(named=True)
    ]
    return pl.DataFrame(rows, schema=FINDINGS, orient="row")


def policy_version(pattern: Pattern) -> str:
    """What names the numbers of a pattern: its code, and a hash of what its policy says."""
    numbers = orjson.dumps(asdict(pattern.policy), option=orjson.OPT_SORT_KEYS)
    return f"{pattern.code}-{sha256(numbers).hexdigest()[:8]}"


def _finding(
    tenant_id: UUID,
    row: Mapping[str, Any],
    version: str,
    shelf: tuple[Book, Mapping[Runbook, UUID]],
    names: Names,
) -> dict[str, Any]:
    kind, scope, start = row["type"], ScopeKind(row["scope_kind"]), row["episode_start"]
    category, _ = categorise(kind)
    book, ids = shelf
    runbook = book.match(kind, category, row["severity"]).runbook
    parent = row["_parent"]
    is_muted = row["is_muted"] and category is not Category.SAFETY
    return {
        **{name: row[name] for name in FINDINGS.names() if name in row},
        "finding_id": str(finding_id(tenant_id, kind, scope, row["scope_id"], start)),
        "dedup_key": dedup_key(kind, scope, row["scope_id"], start),
        "category": str(category),
        "state": str(State.SUPPRESSED if is_muted else State.NEW),
        "window_to": row["cleared_at"] or row["seen_at"],
        "detectable_at": None,
        "confidence": CONFIDENCE[row["evidence_state"]],
        "runbook_id": str(ids[runbook]),
        "recommended": orjson.dumps(runbook.recommended).decode(),
        "inhibited_by": None if parent is None else _id_of(tenant_id, parent),
        "message": message(kind, context(row, names)),
        "policy_version": version,
    }


def context(row: Mapping[str, Any], names: Names) -> dict[str, object]:
    """What the message of an episode may say: codes, initials, and its figures."""
    figures: dict[str, float | None] = orjson.loads(row["figures"])
    person = row["person_id"]
    spoken: dict[str, object] = {
        "site": names.codes.get(row["site_id"] or ""),
        "device": names.codes.get(row["device_id"] or ""),
        "person": names.initials.get(person or ""),
        "person_id": None if person is None else _uuid(person),
        "since": row["window_from"],
        "delay_min": _delay_min(figures, row["window_from"], row["detected_at"]),
    }
    if (slot := _SUBJECTS.get(row["scope_kind"])) is not None:
        spoken[slot] = names.codes.get(row["scope_id"], _code(row["scope_id"]))
    if row["pattern"] == ANOMALY:
        spoken |= {name: figures.get(name) for name in ("observed", "expected")}
        over = (figures.get("over_slots") or 1) * SLOT
        spoken["since"] = row["detected_at"] - KNOWN_AFTER + SLOT - over
    spoken |= {name: figures[name] for name in _SAID_AS_IT_IS if name in figures}
    for slot, sources in _SPOKEN.get(resolve(row["type"]).name, {}).items():
        values = [figures.get(name) for name in sources]
        if None not in values:
            spoken[slot] = sum(value for value in values if value is not None)
    return spoken


def _delay_min(
    figures: Mapping[str, float | None], window_from: datetime, detected_at: datetime
) -> float:
    """Minutes that it has lasted: the first figure that counts them, or the window."""
    told = (value for name, value in figures.items() if name.startswith("minutes"))
    known = next((value for value in told if value is not None), None)
    return (detected_at - window_from) / timedelta(minutes=1) if known is None else known


def _parent() -> pl.Expr:
    """Type, scope and start of what mutes each episode, apart; null for none."""
    return pl.col("inhibited_by").str.split("|")


def _id_of(tenant_id: UUID, parent: Sequence[str]) -> str:
    kind, scope, identity, start = parent
    at = datetime.fromisoformat(start)
    return str(finding_id(tenant_id, kind, ScopeKind(scope), identity, at))


def _code(scope: str) -> str | None:
    """What a scope is called where it has no other name: an id says nothing to people."""
    return None if _uuid(scope) else scope


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def scopes_of(episodes: pl.DataFrame) -> Iterator[tuple[str, str]]:
    """Kind and id of whatever episodes are about or at, for looking up their names."""
    for name, kind in (("site_id", "site"), ("device_id", "device"), ("person_id", "person")):
        yield from ((kind, value) for value in episodes[name].drop_nulls().unique())
    yield from episodes.select("scope_kind", "scope_id").unique().iter_rows()
