"""A past window looked at as if live: every step, seeing only what had arrived by then.

Nothing is stored. Reads day by day, so that memory does not grow with the window. What the
patterns are belongs to `vigia.domain.findings`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import polars as pl

from vigia.domain.errors import VigiaError
from vigia.domain.findings.detect import RULES, detect
from vigia.domain.findings.episodes import EPISODES
from vigia.domain.findings.explain import Explanation, explain
from vigia.domain.findings.inhibition import inhibited
from vigia.domain.findings.pattern import Pattern
from vigia.domain.watch.known import Known
from vigia.domain.watch.moments import Moments
from vigia.store.connection import Database, Role
from vigia.store.facts import read_facts

_PIECE = timedelta(days=1)
WARM_UP = timedelta(hours=6)
"""Looked at before the window, so that what was open when it began is known to be."""


def replay(
    database: Database,
    tenant_id: UUID,
    *,
    first: datetime,
    last: datetime,
    step: timedelta,
    policies: Sequence[Sequence[Pattern]] = (RULES,),
    progress: Callable[[datetime], None] = lambda _at: None,
) -> list[pl.DataFrame]:
    """Look at every step of a window.

    Args:
        database: Holds what arrived.
        tenant_id: Whose.
        first: Start of the window.
        last: Its end, which is looked at too.
        step: Between two looks.
        policies: Patterns with their numbers; the window is read once for all of them.
        progress: Told how far it is.

    Returns:
        For each of `policies`, `EPISODES` with `inhibited_by` that were raised in the window.
    """
    if first >= last:
        raise VigiaError("The window is empty: --to has to be after --from.")
    going: list[pl.DataFrame | None] = [None] * len(policies)
    done: list[list[pl.DataFrame]] = [[] for _ in policies]
    start = first - WARM_UP
    while start < last:
        end = min(start + _PIECE, last)
        moments = Moments.every(step, start, end)
        if len(moments):
            with database.transaction(Role.WORKER) as connection:
                facts = read_facts(connection, tenant_id, moments.times[0], moments.times[-1])
            for number, patterns in enumerate(policies):
                found = detect(facts, moments, going[number], patterns)
                is_over = pl.col("cleared_at").is_not_null()
                done[number].append(found.filter(is_over))
                going[number] = found.filter(~is_over)
        progress(end)
        start = end
    return [_within(parts, rest, first) for parts, rest in zip(done, going, strict=True)]


def _within(parts: list[pl.DataFrame], rest: pl.DataFrame | None, first: datetime) -> pl.DataFrame:
    parts = [part.select(EPISODES.names()) for part in (*parts, *([] if rest is None else [rest]))]
    # What explains an episode may have cleared in an earlier piece.
    found = inhibited(pl.concat([EPISODES.to_frame(), *parts]))
    return found.filter(pl.col("detected_at") > first).sort("detected_at", "type", "scope_id")


def explain_at(
    database: Database, tenant_id: UUID, pattern: Pattern, site: str, at: datetime
) -> list[Explanation]:
    """What a pattern made of a site at an instant, by what had arrived by then.

    Args:
        database: Holds what arrived.
        tenant_id: Whose.
        pattern: Which, with what numbers.
        site: Code or id of the site.
        at: The instant.
    """
    with database.transaction(Role.WORKER) as connection:
        facts = read_facts(connection, tenant_id, at, at)
    known = Known(facts, Moments.of(at))
    (row,) = known.things.sites(facts.named("site", pl.Series([site], dtype=pl.String)))
    if row < 0:
        raise VigiaError(
            f"Nothing was known of site {site!r} at {at.isoformat()}. The dashboard lists the sites "
            "by their codes."
        )
    return list(explain(known, pattern, int(row)))
