"""K09: a post has fewer people than it needs for longer than its grace, and that matters.

It matters where the post must be manned, or where a task, a tour or a check call is due there.
Somebody on its roster who is at the site without having clocked in covers it: that is no gap, but
a clock-in that is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from vigia.domain.findings.pattern import Leg, Pattern, Verdict, scopes
from vigia.domain.findings.types import ScopeKind, Severity
from vigia.domain.watch.known import Known
from vigia.domain.watch.moments import MINUTE_US, Bools, Grid, Ints
from vigia.domain.watch.signs import P_AUTO, P_HUMAN, G


@dataclass(frozen=True, slots=True)
class CoverageGapPolicy:
    """Numbers of K09.

    Attributes:
        grace_min: So long nobody need be there.
        strict_grace_min: The same where the post must be manned or the risk is high.
        risk_tier: From which risk on.
        covered_min: How long a post must be covered to be clear.
        unheard_min: After so long without a sign from any phone of the site, somebody may be there
            whose clock-in waits in a phone.
    """

    grace_min: float = 15
    strict_grace_min: float = 10
    risk_tier: float = 4
    covered_min: float = 5
    unheard_min: float = 10


def judge(known: Known, policy: CoverageGapPolicy) -> Iterator[Verdict]:
    """Posts without the people they need, and people at posts who have not clocked in."""
    things = known.things
    gaps = _due(known, _graced(known, policy, known.cover.lacking("bare")))
    present, missing, bare = (_counted(known, n) for n in ("present", "missing", "bare"))
    site = things.site_of_post
    heard_min = known.moments.minutes_since(known.signs.newest("site", P_AUTO, P_HUMAN, G))
    shape = missing.shape
    of = scopes(things.post_ids, site_id=things.post["site_id"])
    must = np.broadcast_to(_is_grave(known)[:, None], shape)
    partial = present > 0
    active = np.append(things.is_active, False)[site][:, None]
    raised = _held(known, gaps) & active
    legs = (
        Leg("people missing", missing, 1),
        Leg("people missing whom nothing shows to be there", bare, 1),
        Leg("minutes without them", _minutes(known), _grace(known, policy)[:, None]),
    )
    figures = {"present": present, "required": _counted(known, "required")}
    yield Verdict(
        "CORRELATION_COVERAGE_GAP",
        ScopeKind.POST,
        of,
        raised,
        np.select(
            [must, partial], [Severity.CRITICAL.rank, Severity.MEDIUM.rank], Severity.HIGH.rank
        ),
        timedelta(minutes=policy.grace_min),
        cleared=(missing < 1) & (_counted(known, "dark") < 1),
        hold=timedelta(minutes=policy.covered_min),
        legs=legs,
        figures=figures,
        subtype=partial.astype(np.int64),
        subtypes=("total", "partial"),
        late=_late_clockings(known, gaps),
        provisional=(heard_min >= policy.unheard_min)[site],
    )
    unclocked = _due(known, _graced(known, policy, known.cover.lacking("missing")))
    yield Verdict(
        "CHECKIN_MISSING",
        ScopeKind.POST,
        of,
        _held(known, unclocked) & active & (bare < 1),
        np.full(shape, Severity.LOW.rank),
        timedelta(minutes=policy.grace_min),
        cleared=(missing < 1) | raised,
        hold=timedelta(minutes=policy.covered_min),
        legs=legs[:1],
        figures=figures,
    )


def _grace(known: Known, policy: CoverageGapPolicy) -> np.ndarray:
    """Minutes that each post may lack somebody."""
    things = known.things
    risky = np.append(things.risk >= policy.risk_tier, False)[things.site_of_post]
    strict = things.post_is("must_man") | risky
    return np.where(strict, policy.strict_grace_min, policy.grace_min)


def _is_grave(known: Known) -> Bools:
    """Posts at which a gap is a danger to life or to the contract."""
    grave: Bools = known.things.post_is("must_man") | known.things.post_is("armed")
    return grave


def _graced(known: Known, policy: CoverageGapPolicy, gaps: pl.DataFrame) -> pl.DataFrame:
    """Gaps that outlast their grace: `post` (row), `begins_us`, `from_us` (end of the grace)."""
    things = known.things
    post = things.posts(gaps["post_id"])
    grace_us = (_grace(known, policy) * MINUTE_US).astype(np.int64)
    graced = gaps.with_columns(
        post=pl.Series(post, dtype=pl.Int64),
        begins_us="from_us",
        must=pl.Series(np.append(things.post_is("must_man"), False)[post]),
        from_us=pl.col("from_us") + pl.Series(np.append(grace_us, 0)[post]),
    )
    return graced.filter(pl.col("post") >= 0, pl.col("from_us") < pl.col("until_us"))


def _due(known: Known, gaps: pl.DataFrame) -> pl.DataFrame:
    """Gaps that matter: of posts that must be manned, or from when something is due there."""
    duties = known.presence.duties.select(
        "assignment_id", "person_id", "post_id", "starts_us", "ends_us"
    )
    due = known.work.due.filter(pl.col("until_us") > pl.col("due_us")).drop("site_id")
    named = due.drop_nulls("assignment_id").join(
        duties.select("assignment_id", "post_id"), on="assignment_id"
    )
    whose = due.filter(pl.col("assignment_id").is_null()).join(
        duties.drop("assignment_id"), on="person_id"
    )
    whose = whose.filter(pl.col("due_us").is_between("starts_us", "ends_us", closed="left"))
    columns = ("post_id", "due_us", pl.col("from_us").alias("known_us"))
    both = pl.concat([named.select(*columns), whose.select(*columns)])
    # What is told after it was due counts from then on.
    both = both.with_columns(due_us=pl.max_horizontal("due_us", "known_us")).sort("due_us")
    first = gaps.sort("begins_us").join_asof(
        both.select("post_id", "due_us"),
        left_on="begins_us",
        right_on="due_us",
        by="post_id",
        strategy="forward",
        check_sortedness=False,
    )
    needed = pl.when("must").then("from_us").otherwise(pl.max_horizontal("from_us", "due_us"))
    matters = pl.col("must") | pl.col("due_us").is_not_null()
    return (
        first.filter(matters)
        .with_columns(from_us=needed)
        .filter(pl.col("from_us") < pl.col("until_us"))
    )


def _held(known: Known, gaps: pl.DataFrame) -> Bools:
    held = known.moments.level(
        len(known.things.post_ids),
        gaps["post"].to_numpy(),
        gaps["from_us"].to_numpy(),
        gaps["until_us"].to_numpy(),
    )
    return held > 0


def _counted(known: Known, column: str) -> Grid:
    """A number of `Cover.stretches` by post and instant."""
    rows = known.cover.stretches.filter(pl.col(column) > 0)
    return known.moments.level(
        len(known.things.post_ids),
        known.things.posts(rows["post_id"]),
        rows["from_us"].to_numpy(),
        rows["until_us"].to_numpy(),
        rows[column].to_numpy(),
    )


def _minutes(known: Known) -> np.ndarray:
    """For how long each post has lacked somebody at each instant; 0 where it does not."""
    gaps = known.cover.lacking("bare")
    posts, moments = known.things.posts(gaps["post_id"]), known.moments
    first: Ints = gaps["from_us"].to_numpy()
    newest = moments.newest(len(known.things.post_ids), posts, first, first)
    lacks = _counted(known, "bare") > 0
    return np.where(lacks, moments.minutes_since(newest), 0.0)


def _late_clockings(known: Known, gaps: pl.DataFrame) -> pl.DataFrame:
    """Clock-ins made before a gap was told, and known after: with as many as lacked there was none.

    They count until the end of the grace, for the rows of a verdict.
    """
    stays = known.presence.stays.drop_nulls("post_id").select("post_id", "in_us", told_us="from_us")
    lacked = gaps.sort("from_us").join_asof(
        known.cover.stretches.select("post_id", at_us="from_us", lack="bare").sort("at_us"),
        left_on="from_us",
        right_on="at_us",
        by="post_id",
        check_sortedness=False,
    )
    late = (
        lacked.drop("at_us")
        .join(stays, on="post_id")
        .filter(pl.col("in_us") <= pl.col("from_us"), pl.col("told_us") > pl.col("from_us"))
    )
    nth = pl.int_range(pl.len()).over("post_id", "from_us") + 1
    proven = late.sort("post_id", "from_us", "told_us").filter(nth == pl.col("lack"))
    return proven.select(row="post", at_us=pl.col("from_us") - 1, received_us="told_us")


PATTERN = Pattern(
    code="K09",
    name="Coverage gap",
    kinds=("CORRELATION_COVERAGE_GAP", "CHECKIN_MISSING"),
    signals=("attendance", "roster", "positions", "doors", "tasks, tours and check calls"),
    look_back=timedelta(hours=26),
    precondition="the post needs somebody then, by requirements less what was called off",
    evidence=("roster", "presence", "staffing", "due_work", "contact_log", "relief_options"),
    severity="total HIGH, partial MEDIUM; CRITICAL where the post must be manned or is armed",
    clears="the post has been covered for five minutes",
    traps=(
        "handover that overlaps or is a few minutes late",
        "clock-in made offline that arrives late",
        "swap that was agreed and never told",
        "post stood down, site shut for the day",
        "kiosk down: nobody can clock in",
        "change of clocks",
    ),
    policy=CoverageGapPolicy(),
    judge=judge,
)
