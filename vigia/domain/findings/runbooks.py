"""What to do about a finding: the runbook, how it reads as text, and which one a finding gets.

A runbook is Markdown: front matter for the machine, a paragraph that says what is the matter, and
numbered steps for people. Reading files and YAML belongs to `vigia.config.runbooks`, what may
happen by itself to `actions`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from itertools import pairwise
from typing import Any, ClassVar

import polars as pl

from vigia.domain.errors import VigiaError
from vigia.domain.findings.actions import AutoAction, recommended
from vigia.domain.findings.categorise import resolve
from vigia.domain.findings.evidence import EVIDENCE
from vigia.domain.findings.known import GENERIC, KNOWN, spelled
from vigia.domain.findings.personal_data import ANYBODY
from vigia.domain.findings.types import Category, Severity

MIN_STEPS, MAX_STEPS = 4, 7
_ID = re.compile(r"[A-Z][A-Z0-9-]{1,39}")
_FRONT = re.compile(r"\A---\n(?P<front>.*?)^---\n(?P<body>.*)\Z", re.DOTALL | re.MULTILINE)
_STEP = re.compile(r"(\d+)\. +(\S.*)")
_SEVERITIES = frozenset(map(str, Severity))
_SAY_NOTHING = frozenset({"CORRELATION", "LOW", "BELOW", "ABOVE", "ABSENT"})


class RunbookError(VigiaError):
    """A runbook that cannot be relied on."""


class Role(StrEnum):
    """Who owns a finding or is told next: roles of people, then rotas and desks."""

    CONTROLLER = "controller"
    SUPERVISOR = "supervisor"
    OPS_MANAGER = "ops_manager"
    SENIOR_MANAGER = "senior_manager"
    COMPLIANCE = "compliance"
    LOGISTICS = "logistics"
    SECURITY_SUPERVISOR = "security_supervisor"
    ON_CALL_MANAGER = "on_call_manager"
    DEVICE_DESK = "device_desk"


ROTAS = frozenset({Role.SECURITY_SUPERVISOR, Role.ON_CALL_MANAGER, Role.DEVICE_DESK})
"""Roles that nobody holds by contract: who has them now is in the on-call plan."""


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What a runbook says to the machine.

    Attributes:
        id: Unique among the shared ones, or among a tenant's own.
        finding_type: The type it is for; GENERIC is for whatever has none.
        category: Of that type.
        severity: Of that type before context.
        title: For people.
        owner: Role that works it.
        escalate_after_min: Minutes until somebody must own the finding; 0 pages at once.
        escalate_to: Who is told then, in order.
        evidence_required: Kinds of evidence that a finding of it must carry.
        done_when: When the finding may be closed, in words.
        version: Rises with every change.
        auto_actions: What may happen by itself, once enabled.
        also_for: Other types that it is exactly right for.
    """

    # Whoever reads one from a file refuses keys that mean nothing.
    __pydantic_config__: ClassVar = {"extra": "forbid"}

    id: str
    finding_type: str
    category: Category
    severity: Severity
    title: str
    owner: Role
    escalate_after_min: int
    escalate_to: tuple[Role, ...]
    evidence_required: tuple[str, ...]
    done_when: str
    version: int
    auto_actions: tuple[AutoAction, ...] = ()
    also_for: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for problem in (*self._wrong_names(), *self._missing()):
            raise ValueError(problem)

    @property
    def types(self) -> tuple[str, ...]:
        """Every type that it is exactly right for."""
        return (self.finding_type, *self.also_for)

    def _wrong_names(self) -> Iterable[str]:
        if not _ID.fullmatch(self.id):
            yield f"id {self.id!r}: capitals, digits and hyphens, such as R28"
        for name in self.types:
            if not name or name != spelled(name):
                yield f"{name!r} is not spelled as a type of finding: {spelled(name) or GENERIC}"
        known = KNOWN.get(self.finding_type)
        if known and known.category is not self.category:
            yield f"{self.finding_type} is {known.category}, not {self.category}"
        if unknown := set(self.evidence_required) - set(EVIDENCE):
            yield f"no such evidence: {', '.join(sorted(unknown))}; there is: {', '.join(EVIDENCE)}"

    def _missing(self) -> Iterable[str]:
        for name in ("title", "done_when"):
            if not getattr(self, name).strip():
                yield f"{name} is empty"
        if self.escalate_after_min < 0 or self.version < 1:
            yield "escalate_after_min counts from 0 and version from 1"
        if not self.escalate_to or len(set(self.escalate_to)) < len(self.escalate_to):
            yield "escalate_to names at least one role, and each once"
        if not self.evidence_required:
            yield "evidence_required names at least one kind of evidence"


@dataclass(frozen=True, slots=True)
class Runbook:
    """A runbook, read and checked.

    Attributes:
        front: What it says to the machine.
        purpose: What is the matter, and what it may be instead.
        steps: What people do, in order.
    """

    front: FrontMatter
    purpose: str
    steps: tuple[str, ...]

    def __post_init__(self) -> None:
        if not MIN_STEPS <= len(self.steps) <= MAX_STEPS:
            raise RunbookError(
                f"{self.id} has {len(self.steps)} steps; {MIN_STEPS} to {MAX_STEPS} are what a "
                "person can follow under pressure"
            )
        if not self.purpose:
            raise RunbookError(f"{self.id}: say above the steps what is the matter")
        for text in self._texts():
            if hits := ANYBODY.hits(text):
                raise RunbookError(
                    f"{self.id} holds personal data ({hits[0].kind}) in {text[:60]!r}: name roles "
                    "instead"
                )

    @property
    def id(self) -> str:
        """Its id."""
        return self.front.id

    def _texts(self) -> Iterable[str]:
        yield from (self.front.title, self.front.done_when, self.purpose, *self.steps)
        for found in self.front.auto_actions:
            yield from (found.does, found.when or "")

    @property
    def recommended(self) -> tuple[dict[str, Any], ...]:
        """What a finding that gets it recommends."""
        return recommended(self.steps, self.front.owner, self.front.auto_actions)


class Level(IntEnum):
    """How well a runbook fits."""

    EXACT = 1
    CATEGORY_AND_SEVERITY = 2
    CATEGORY = 3
    GENERIC = 4


@dataclass(frozen=True, slots=True)
class Match:
    """The runbook that a finding gets, and how well it fits."""

    runbook: Runbook
    level: Level


def split(text: str) -> tuple[str, str]:
    """Front matter and body of a runbook's text.

    Raises:
        RunbookError: It does not begin with front matter.
    """
    found = _FRONT.match(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    if found is None:
        raise RunbookError("a runbook begins with front matter between two lines of ---")
    return found["front"], found["body"]


def body_of(body: str) -> tuple[str, tuple[str, ...]]:
    """Purpose and steps of a runbook's body. Headings are for the reader alone.

    Raises:
        RunbookError: The steps are not numbered from 1 upwards, or something follows them.
    """
    purpose: list[str] = []
    steps: list[str] = []
    for line in body.splitlines():
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        step = _STEP.match(line)
        if step is not None:
            if int(step[1]) != len(steps) + 1:
                raise RunbookError(f"step {step[1]} follows step {len(steps)}: number from 1")
            steps.append(step[2].strip())
        elif not steps:
            purpose.append(text)
        elif line.startswith((" ", "\t")):
            steps[-1] += f" {text}"
        else:
            raise RunbookError(f"the steps end a runbook, but this follows: {text[:40]!r}")
    return " ".join(purpose), tuple(steps)


class Book:
    """The runbooks of a tenant: the shared ones, and its own before them.

    Four levels, most exact first: the type; category and severity; category; GENERIC. Within a
    level a tenant's own comes first, then the one whose type shares most words with the finding's,
    then the nearest severity. A type that nobody knows is GENERIC, unless somebody said that it is
    of another category.
    """

    def __init__(self, shared: Iterable[Runbook], own: Iterable[Runbook] = ()) -> None:
        groups = (_checked(own), _checked(shared))
        self._exact: dict[str, Runbook] = {}
        self._by_category: dict[str, list[_Candidate]] = {}
        for rank, runbooks in enumerate(groups):
            for runbook in runbooks:
                for name in runbook.front.types:
                    self._exact.setdefault(name, runbook)
                if runbook.front.finding_type != GENERIC:
                    siblings = self._by_category.setdefault(runbook.front.category, [])
                    words = tuple(_words(name) for name in runbook.front.types)
                    siblings.append(_Candidate(runbook, rank, words))
        if GENERIC not in self._exact:
            raise RunbookError(
                f"no runbook for {GENERIC}: without it a finding could be left without any"
            )

    def match(self, finding_type: str | None, category: str, severity: str) -> Match:
        """The runbook for a finding; there always is one."""
        found = self._exact.get(finding_type) if finding_type is not None else None
        if found is None:
            found = self._exact.get(name := resolve(finding_type).name)
            if name == GENERIC and category != KNOWN[GENERIC].category:
                found = None
        if found is not None:
            is_generic = found.front.finding_type == GENERIC
            return Match(found, Level.GENERIC if is_generic else Level.EXACT)
        return self._nearest(finding_type or "", category, severity)

    def matched(self, cases: pl.DataFrame) -> pl.DataFrame:
        """`match` for frames.

        Args:
            cases: One row per finding with `type`, `category`, `severity`.

        Returns:
            The rows in their order, with `runbook` (its id) and `runbook_level` (1 to 4).
        """
        key = ("type", "category", "severity")
        kinds = cases.select(key).unique()
        found = [self.match(*row) for row in kinds.rows()]
        known = kinds.with_columns(
            pl.Series("runbook", [m.runbook.id for m in found], pl.String),
            pl.Series("runbook_level", [int(m.level) for m in found], pl.Int8),
        )
        return cases.join(known, on=key, how="left", maintain_order="left", nulls_equal=True)

    def _nearest(self, name: str, category: str, severity: str) -> Match:
        siblings = self._by_category.get(category, [])
        if not siblings:
            return Match(self._exact[GENERIC], Level.GENERIC)
        alike = [found for found in siblings if found.runbook.front.severity == severity]
        words = _words(name)
        wanted = Severity(severity) if severity in _SEVERITIES else KNOWN[GENERIC].severity
        nearest = min(alike or siblings, key=lambda found: found.distance(words, wanted.rank))
        return Match(nearest.runbook, Level.CATEGORY_AND_SEVERITY if alike else Level.CATEGORY)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A runbook that may do for other types of its category; `rank` 0 is the tenant's own."""

    runbook: Runbook
    rank: int
    words: tuple[frozenset[str], ...]

    def distance(self, words: frozenset[str], severity: int) -> tuple[int, int, int, str]:
        shared = max(len(words & own) for own in self.words)
        off = abs(self.runbook.front.severity.rank - severity)
        return self.rank, -shared, off, self.runbook.id


def as_row(runbook: Runbook) -> Mapping[str, Any]:
    """A runbook as the table of runbooks keeps it, but for the tenant and the id of the row."""
    front = runbook.front
    return {
        "code": front.id,
        "finding_type": front.finding_type,
        "also_for": list(front.also_for),
        "category": str(front.category),
        "severity": str(front.severity),
        "title": front.title,
        "purpose": runbook.purpose,
        "steps": list(runbook.steps),
        "evidence_required": list(front.evidence_required),
        "escalation_sla_min": front.escalate_after_min,
        "escalate_to": [str(role) for role in front.escalate_to],
        "auto_actions": [
            {
                "action": found.action,
                "does": found.does,
                "highest_mode": str(found.highest_mode),
                "when": found.when,
            }
            for found in front.auto_actions
        ],
        "done_when": front.done_when,
        "version": front.version,
        "owner": str(front.owner),
    }


def _checked(runbooks: Iterable[Runbook]) -> list[Runbook]:
    """In order of id; two that claim one id or one type are refused."""
    ordered = sorted(runbooks, key=lambda found: found.id)
    for one, next_ in pairwise(ordered):
        if one.id == next_.id:
            raise RunbookError(f"two runbooks have the id {one.id}")
    claims: dict[str, str] = {}
    for runbook in ordered:
        for name in runbook.front.types:
            if name in claims:
                raise RunbookError(f"{claims[name]} and {runbook.id} both claim {name}")
            claims[name] = runbook.id
    return ordered


def _words(name: str) -> frozenset[str]:
    """The words of a type that say what it is about, in the singular."""
    words = spelled(name).split("_")
    return frozenset(w if w.endswith("SS") else w.removesuffix("S") for w in words) - _SAY_NOTHING
