"""What a pattern is, and what it says: its declaration, and its verdict over all instants.

Belongs here: the shape that every pattern has. Does not belong here: any pattern (`patterns`), or
how verdicts become findings (`episodes`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from vigia.domain.errors import VigiaError
from vigia.domain.findings.types import ScopeKind
from vigia.domain.watch.known import Known
from vigia.domain.watch.moments import Bools, Ints

Numbers = npt.NDArray[Any]

SCOPES = pl.Schema(
    {
        "scope_id": pl.String(),
        "site_id": pl.String(),
        "person_id": pl.String(),
        "device_id": pl.String(),
        "subject_ref": pl.String(),
    }
)
"""What each row of a verdict is about; null where it does not apply."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One condition of a pattern, with by how much it holds.

    Attributes:
        name: As `vigia explain` shows it, with its unit.
        value: By scope and instant.
        bound: What it is held against.
        at_least: The value must reach the bound; else it must not exceed it.
    """

    name: str
    value: Numbers
    bound: float | Numbers
    at_least: bool = True

    @property
    def holds(self) -> Bools:
        """Where it is met."""
        met: Bools = self.value >= self.bound if self.at_least else self.value <= self.bound
        return met


@dataclass(frozen=True)
class Verdict:
    """What a pattern says of its scopes (rows) at all instants (columns).

    Attributes:
        kind: Type of the findings.
        scope_kind: What they are about.
        scopes: `SCOPES`, a row a row.
        raised: Everything that the pattern asks for is there.
        severity: Rank of severity, 0 to 4.
        cleared: The rule that ends it holds; without one, whatever is not raised is cleared.
        hold: How long it must hold.
        legs: Conditions, for `explain`.
        figures: Numbers that explain it, kept with the finding as they were when it was raised.
        site: Row of the site at each instant, where a scope moves between sites (`site_ids`).
        site_ids: Ids of the rows of `site`.
        subtype: A word by scope and instant as a place in `subtypes`.
        subtypes: The words.
        late: Signs that came late and prove that it was none: `row`, `at_us`, `received_us`.
        window: How far it looks back; a late sign within it before the detection retracts.
        covers: Sites that each row stands for at each instant, beside its own: a region's.
        provisional: The watermark is behind; without it nothing is.
    """

    kind: str
    scope_kind: ScopeKind
    scopes: pl.DataFrame
    raised: Bools
    severity: Ints
    window: timedelta
    cleared: Bools | None = None
    hold: timedelta = timedelta()
    legs: tuple[Leg, ...] = ()
    figures: Mapping[str, Numbers] = field(default_factory=dict)
    site: Ints | None = None
    site_ids: pl.Series | None = None
    subtype: Ints | None = None
    subtypes: tuple[str, ...] = ()
    late: pl.DataFrame | None = None
    covers: Callable[[int, int], list[str]] | None = None
    provisional: Bools | None = None

    def muted(self, where: Bools) -> Verdict:
        """The same with nothing raised where planned work mutes it."""
        return replace(self, raised=self.raised & ~where)


@dataclass(frozen=True)
class Pattern:
    """A pattern as it is declared.

    Attributes:
        code: K01 to K12.
        name: For people.
        kinds: Types of findings that it raises.
        signals: What it looks at, for people.
        look_back: How much before an instant it must know.
        precondition: When it applies, for people.
        evidence: Kinds of evidence it comes with (`evidence.EVIDENCE`).
        severity: How severity follows, for people.
        clears: When it ends, for people.
        traps: Innocent look-alikes that it must tell apart, for people.
        policy: Its defaults; a frozen dataclass of numbers with units in their names.
        judge: From what is known and the numbers to verdicts.
        is_muted: Planned work mutes it.
    """

    code: str
    name: str
    kinds: tuple[str, ...]
    signals: tuple[str, ...]
    look_back: timedelta
    precondition: str
    evidence: tuple[str, ...]
    severity: str
    clears: str
    traps: tuple[str, ...]
    policy: Any
    judge: Callable[[Known, Any], Iterator[Verdict]]
    is_muted: bool = True

    def with_policy(self, changes: Mapping[str, Any]) -> Pattern:
        """The same pattern with other numbers.

        Raises:
            VigiaError: It has no such number, or the value is none; the text says which it has.
        """
        known = {each.name: getattr(self.policy, each.name) for each in fields(self.policy)}
        for name, value in changes.items():
            if name not in known:
                raise VigiaError(f"{self.code} has no {name}; it has {', '.join(known)}")
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                raise VigiaError(f"{self.code}.{name} is {value!r}: a number from 0 on is needed")
        return replace(self, policy=replace(self.policy, **changes))


def scopes(ids: pl.Series, **others: pl.Series) -> pl.DataFrame:
    """`SCOPES` of some ids.

    Args:
        ids: What the rows are about.
        others: Further columns of `SCOPES`.
    """
    columns = {"scope_id": ids, **others}
    return pl.DataFrame(
        [
            columns[name].cast(pl.String).alias(name)
            if name in columns
            else pl.Series(name, [None] * len(ids), pl.String)
            for name in SCOPES.names()
        ]
    )


def ranks(base: int, *steps: tuple[int, Bools]) -> Ints:
    """A rank of severity, moved by steps where they apply, within INFO and CRITICAL."""
    total = np.asarray(base, np.int64)
    for step, where in steps:
        total = total + step * where
    moved: Ints = np.clip(total, 0, 4)
    return moved
