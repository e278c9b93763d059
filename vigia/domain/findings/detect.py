"""All rules over some instants: from what arrived and what was open to findings.

The one entrance for audits, replay, evaluation and the live path.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise

import numpy as np
import polars as pl

from vigia.domain.findings import anomalies
from vigia.domain.findings.checks import CHECKS
from vigia.domain.findings.episodes import EPISODES, track
from vigia.domain.findings.inhibition import inhibited
from vigia.domain.findings.known import KNOWN
from vigia.domain.findings.pattern import Pattern, Verdict
from vigia.domain.findings.patterns import PATTERNS
from vigia.domain.findings.types import Category
from vigia.domain.watch.facts import Facts
from vigia.domain.watch.known import Known
from vigia.domain.watch.moments import Bools, Moments

RULES: tuple[Pattern, ...] = (*PATTERNS, *CHECKS)
"""Everything that is looked for."""
_MICROSECOND = timedelta(microseconds=1)


def detect(
    facts: Facts,
    moments: Moments,
    before: pl.DataFrame | None = None,
    patterns: Sequence[Pattern] = RULES,
) -> pl.DataFrame:
    """Look at all instants with all patterns.

    Args:
        facts: What arrived, from as long before the first instant as the patterns look back; with
            a frame of anomalies (`anomalies.LEFT`) those are told as well.
        moments: The instants.
        before: `EPISODES` of earlier runs; without any nothing is open.
        patterns: Which, with what numbers.

    Returns:
        `EPISODES` with `inhibited_by` (`inhibition`): those that went on, began or ended.
    """
    earlier = EPISODES.to_frame() if before is None else before.select(EPISODES.names())
    done: list[pl.DataFrame] = []
    for some in _between_news(facts, moments):
        found = _detected(facts.told_by(some.first_us), some, earlier, patterns)
        is_over = pl.col("cleared_at").is_not_null()
        done.append(found.filter(is_over))
        earlier = found.filter(~is_over)
    return inhibited(pl.concat([*done, earlier]))


def _between_news(facts: Facts, moments: Moments) -> Iterator[Moments]:
    """Instants between which nothing new is told of what exists."""
    news = moments.place(np.unique(np.concatenate([[moments.first_us], facts.news_us])))
    edges = np.unique(np.append(news[news < len(moments)], len(moments)))
    yield from (Moments(moments.at_us[start:end]) for start, end in pairwise(edges))


def _detected(
    facts: Facts, moments: Moments, earlier: pl.DataFrame, patterns: Sequence[Pattern]
) -> pl.DataFrame:
    known = Known(facts, moments)
    found = [
        track(pattern.code, _audible(known, pattern, verdict), moments, earlier)
        for pattern in patterns
        for verdict in pattern.judge(known, pattern.policy)
    ]
    kinds = [kind for pattern in patterns for kind in pattern.kinds]
    others = earlier.filter(~pl.col("type").is_in(kinds))
    if anomalies.FRAME in facts.frames:
        found.append(_anomalies(known, earlier))
        others = others.filter(~anomalies.is_anomaly(pl.col("type")))
    return pl.concat([EPISODES.to_frame(), *found, others])


def _anomalies(known: Known, earlier: pl.DataFrame) -> pl.DataFrame:
    """Findings of anomalies, where somebody has looked for any."""
    left = known.facts.frames[anomalies.FRAME]
    verdict = anomalies.anomaly_verdict(left, known.things.site_ids, known.moments)
    window_us = verdict.window // _MICROSECOND
    where = known.muting.of_sites(anomalies.CODE, str(Category.OPERATIONAL), window_us)
    return anomalies.followed(verdict.muted(where), known.moments, earlier)


def _audible(known: Known, pattern: Pattern, verdict: Verdict) -> Verdict:
    """A verdict less what planned work mutes."""
    if not pattern.is_muted:
        return verdict
    category = str(KNOWN[verdict.kind].category) if verdict.kind in KNOWN else "OPERATIONAL"
    where = known.muting.of_sites(verdict.kind, category, verdict.window // _MICROSECOND)
    if not where.any():
        return verdict
    return verdict.muted(_by_scope(known, verdict, where))


def _by_scope(known: Known, verdict: Verdict, where: Bools) -> Bools:
    """What mutes sites, by the scopes of a verdict."""
    if verdict.site is not None:
        columns = range(where.shape[1])
        return where[verdict.site, columns] & (verdict.site >= 0)
    rows = known.things.sites(verdict.scopes["site_id"])
    muted: Bools = where[rows] & (rows >= 0)[:, None]
    return muted
