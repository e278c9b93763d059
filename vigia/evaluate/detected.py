"""What the product finds in a world, in the words of its truth.

The product's own rules look at the stream as it had arrived by each instant; nothing of the truth
is at hand here. Only names are translated: ids into the codes by which truth tells scopes apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import polars as pl

from vigia.domain.findings.detect import detect
from vigia.domain.findings.episodes import EPISODES
from vigia.domain.findings.inhibition import inhibited, shown
from vigia.domain.findings.pattern import Pattern
from vigia.domain.findings.patterns import PATTERNS
from vigia.domain.telemetry.ids import reference_bytes
from vigia.domain.watch.facts import Facts
from vigia.domain.watch.moments import Moments
from vigia.evaluate.matching import DETECTIONS

STAGES = frozenset(
    {
        "SILENT_SITE_SUSPECT",
        "SLA_STORM_EMERGING",
        "GPS_JAMMING_SUSPECT",
        "CHECKIN_MISSING",
        "ESCALATION_CHAIN_HOLE",
    }
)
"""Types of something on its way, or of another kind than the class of their pattern."""
_CHUNK = timedelta(days=1)
_TABLES = {
    "site": "site",
    "post": "post",
    "person": "person",
    "device": "device",
    "tour_run": "tour_run",
    "ticket": "ticket",
    "alert": "alert",
}


def episodes(
    facts: Facts,
    step: timedelta,
    after: datetime,
    until: datetime,
    patterns: Sequence[Pattern] = PATTERNS,
) -> pl.DataFrame:
    """Replay a span: every step, day by day, what is open handed on.

    Args:
        facts: What arrived.
        step: Between two evaluations.
        after: Before the first one.
        until: The last one.
        patterns: Which patterns, with what numbers.

    Returns:
        `EPISODES` with `inhibited_by`.
    """
    done: list[pl.DataFrame] = []
    going: pl.DataFrame | None = None
    start = after
    while start < until:
        end = min(start + _CHUNK, until)
        found = detect(facts, Moments.every(step, start, end), going, patterns)
        is_over = pl.col("cleared_at").is_not_null()
        done.append(found.filter(is_over))
        going, start = found.filter(~is_over), end
    if going is not None:
        done.append(going)
    found = pl.concat(done, how="diagonal") if done else EPISODES.to_frame()
    # What explains an episode may have cleared on another day.
    return inhibited(found)


def detections(
    found: pl.DataFrame, tenant: str, tenant_id: UUID, codes: dict[str, pl.Series]
) -> pl.DataFrame:
    """Episodes as `DETECTIONS`, each at the instant at which somebody could first see it.

    What is explained only after it was seen has alarmed somebody all the same.

    Args:
        found: What `episodes` gave.
        tenant: Slug of the company.
        tenant_id: Its id.
        codes: By kind of scope, the codes that are to be told by their names.
    """
    seen = shown(found).filter(~pl.col("type").is_in(list(STAGES)))
    names = {
        str(UUID(bytes=reference_bytes(tenant_id, _TABLES[kind], code))): code
        for kind, all_codes in codes.items()
        if kind in _TABLES
        for code in all_codes.drop_nulls().unique().to_list()
    }

    def named(column: str) -> pl.Expr:
        return pl.col(column).replace(names) if names else pl.col(column)

    return seen.select(
        pl.format("{}/{}/{}", "type", "scope_id", pl.col("detected_at").to_physical()).alias(
            "detection"
        ),
        pl.lit(tenant).alias("tenant"),
        pl.col("pattern").alias("class"),
        "scope_kind",
        named("scope_id").alias("scope"),
        named("site_id").alias("site"),
        pl.coalesce("shown_at", "detected_at").alias("detected_at"),
        "severity",
        pl.col("shown_at").is_null().alias("inhibited"),
        (pl.col("evidence_state") == "retracted").alias("retracted"),
    ).cast(DETECTIONS)


def day(instant_us: int) -> datetime:
    """Microseconds since 1970 as an instant."""
    return datetime.fromtimestamp(instant_us / 1_000_000, UTC)
