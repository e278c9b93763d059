"""What all checks of single things share: rows that are wrong for a while, and how bad that is.

A tour or a ticket is wrong from an instant to another; the longer, the worse, as its type says.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl

from vigia.domain.findings.known import KNOWN
from vigia.domain.findings.pattern import Leg, Verdict, scopes
from vigia.domain.findings.types import ScopeKind, Severity
from vigia.domain.watch.known import Known
from vigia.domain.watch.moments import MINUTE_US, Floats, Ints

KEPT_US = 24 * 60 * MINUTE_US
"""What ended so long before the first instant was cleared long ago."""


def lasting(
    known: Known,
    kind: str,
    scope_kind: ScopeKind,
    rows: pl.DataFrame,
    bound_min: float,
) -> Verdict:
    """A verdict over things that are wrong for a while.

    Args:
        known: What is known.
        kind: Type of the findings.
        scope_kind: What the rows are.
        rows: One or more a thing: `scope_id`, `site_id`, `person_id`, `due_us` (from when the
            delay counts), `from_us` and `until_us` (between which it is wrong).
        bound_min: So many minutes of delay are too many; for `explain`.
    """
    moments = known.moments
    alive = rows.filter(
        pl.col("until_us") > pl.col("from_us"),
        pl.col("from_us") <= moments.last_us,
        pl.col("until_us") > moments.first_us - KEPT_US,
    ).sort("scope_id", "from_us")
    things = alive.group_by("scope_id", maintain_order=True).agg(
        pl.col("site_id", "person_id").first(), pl.col("due_us").min()
    )
    ids = things["scope_id"]
    number = alive["scope_id"].cast(pl.Enum(ids)).to_physical().cast(pl.Int64).to_numpy()
    wrong = moments.level(
        len(ids), number, alive["from_us"].to_numpy(), alive["until_us"].to_numpy()
    )
    due_us: Ints = things["due_us"].to_numpy()[:, None]
    delay_min = np.maximum((moments.at_us - due_us) / MINUTE_US, 0.0)
    site = known.things.sites(things["site_id"])
    # What belongs to no site is as much of a promise as anything else.
    guarded = np.append(known.things.is_active, True)[site][:, None]
    return Verdict(
        kind,
        scope_kind,
        scopes(ids, site_id=things["site_id"], person_id=things["person_id"], subject_ref=ids),
        (wrong > 0) & guarded,
        severities(kind, delay_min),
        timedelta(minutes=bound_min),
        legs=(Leg("minutes of delay", delay_min, bound_min),),
    )


def severities(kind: str, delay_min: Floats) -> Ints:
    """Ranks of a type's severity as its delay grows."""
    told = KNOWN[kind]
    ranks = np.full(delay_min.shape, told.severity.rank, np.int64)
    floors = ((told.high_from_min, Severity.HIGH), (told.critical_from_min, Severity.CRITICAL))
    for from_min, severity in floors:
        if from_min is not None:
            ranks = np.where(delay_min >= from_min, np.maximum(ranks, severity.rank), ranks)
    return ranks
