"""A world's metrics as the product would have stored them, and what of them left its baseline.

The product's own functions on the stream that the rules look at too, without a database: values,
snapshots, samples by day, what is usual, judging. A slot is judged by what had arrived when it is,
and by days before its own. Only metrics that raise findings are measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from vigia.domain.anomalies.baseline import profiles
from vigia.domain.anomalies.detect import judge, judged
from vigia.domain.anomalies.policy import ANOMALY_POLICY, AnomalyPolicy
from vigia.domain.anomalies.samples import EXCLUDED, MEASURED, SLOTS_A_DAY, slot_days
from vigia.domain.anomalies.strays import strays
from vigia.domain.anomalies.views import LOOK_BACK
from vigia.domain.dictionary import table
from vigia.domain.findings.anomalies import CODE, KNOWN_AFTER, LEFT
from vigia.domain.metrics.builtin import BUILT_IN
from vigia.domain.metrics.registry import Metric, matches
from vigia.domain.metrics.snapshot import SAMPLES, snapshot
from vigia.domain.watch.facts import Facts
from vigia.domain.watch.known import Known
from vigia.domain.watch.moments import Bools, Moments, instants
from vigia.domain.watch.things import Things
from vigia.domain.windows import DAY, INSTANT, SLOT, SLOT_US, day_start, floor_to, local_date_of

CONDITIONS = ("CORRELATION_SILENT_SITE", "NETWORK_OUTAGE", "CORRELATION_COVERAGE_GAP")
"""Findings whose time is out of the ordinary, as the store has it (`not_teaching`)."""
_NO_HOLD = 0
_TOGETHER = 6
"""Slots judged at once, by what had arrived when the last of them is known."""


@dataclass(frozen=True)
class Measured:
    """What was measured in a world.

    Attributes:
        site_ids: Sites by code.
        metrics: Metrics by code.
        pairs: `detect.JUDGED`.
        complete: Snapshots of all that ever arrived, to learn from.
        arrivals: Values with `received_at`, by time, to judge what had arrived.
        excluded: `EXCLUDED` with `known_at`: planned work, closed days, conditions that were found.
    """

    site_ids: pl.Series
    metrics: tuple[Metric, ...]
    pairs: pl.DataFrame
    complete: pl.DataFrame
    arrivals: pl.DataFrame
    excluded: pl.DataFrame


def measure(
    facts: Facts,
    found: pl.DataFrame | None = None,
    policy: AnomalyPolicy = ANOMALY_POLICY,
) -> Measured:
    """Measure what a company's stream says.

    Args:
        facts: All of it.
        found: `EPISODES` of patterns, of which `CONDITIONS` count.
        policy: Which metrics raise findings.
    """
    metrics = tuple(metric for metric in BUILT_IN if metric.name in policy.raising)
    sites = Things(facts).site
    zones = sites["tz"].fill_null("UTC")
    parts = [_values(facts, m, code, sites["site_id"]) for code, m in enumerate(metrics)]
    values = pl.concat(parts).sort("time")
    complete = snapshot(values.select(*SAMPLES))
    pairs = _pairs(complete, zones, metrics)
    return Measured(
        sites["site_id"],
        metrics,
        judged(pairs, dict(enumerate(metrics)), policy=policy),
        complete.select("site", "metric", "slot", "n", "sum"),
        values,
        _excluded(facts, complete, found),
    )


def what_left(
    measured: Measured, first: date, last: date, policy: AnomalyPolicy = ANOMALY_POLICY
) -> pl.DataFrame:
    """Judge some days, each by those before it.

    Args:
        measured: What `measure` gave.
        first: First UTC day.
        last: Last one.
        policy: How.

    Returns:
        `LEFT`.
    """
    zones = measured.pairs["zone"].unique().to_list()
    learned_from = local_date_of(measured.complete["slot"].min(), "UTC")  # type: ignore[arg-type]
    parts = [pl.DataFrame(schema=LEFT)]
    for number in range((last - first).days + 1):
        begin = day_start(first + number * DAY, "UTC")
        before = min(local_date_of(begin, zone) for zone in zones) - DAY
        oldest = max(learned_from, before - timedelta(days=policy.training_days - 1))
        out = _known_by(measured, begin)
        days = slot_days(measured.complete, measured.pairs, oldest, before, out)
        usual = profiles(days, before, policy)
        learned = (usual, strays(days, usual, measured.pairs, before, policy))
        for start in range(0, SLOTS_A_DAY, _TOGETHER):
            between = (begin + start * SLOT, begin + (start + _TOGETHER - 1) * SLOT)
            now = between[1] + KNOWN_AFTER
            rows = _arrived(measured, between[0] - LOOK_BACK, now)
            out = _known_by(measured, now)
            scores = judge(rows, measured.pairs, learned, between, out, policy)
            parts.append(_named(measured, scores.filter("is_anomaly", "raises")))
    return pl.concat(parts)


def _known_by(measured: Measured, at: datetime) -> pl.DataFrame:
    """`EXCLUDED` as far as it was known at an instant."""
    return measured.excluded.filter(pl.col("known_at") <= at).select(*EXCLUDED)


def _arrived(measured: Measured, start: datetime, until: datetime) -> pl.DataFrame:
    """Snapshots from an instant on, of what had arrived by another."""
    low, high = (measured.arrivals["time"].search_sorted(at) for at in (start, until))
    known = measured.arrivals.slice(low, high - low).filter(pl.col("received_at") <= until)
    return snapshot(known.select(*SAMPLES)).select("site", "metric", "slot", "n", "sum")


def _named(measured: Measured, scores: pl.DataFrame) -> pl.DataFrame:
    names = pl.Series([metric.name for metric in measured.metrics], dtype=pl.String)
    return (
        scores.with_columns(
            site_id=pl.lit(measured.site_ids).gather(pl.col("site")),
            metric=pl.lit(names).gather(pl.col("metric")),
            score=pl.col("z"),
        )
        .select(*LEFT)
        .cast(LEFT)
    )


def _values(facts: Facts, metric: Metric, code: int, site_ids: pl.Series) -> pl.DataFrame:
    """The values of a metric, with when each was told."""
    frame = facts[metric.source_table]
    if metric.time_column not in frame.columns:
        frame = frame.with_columns(pl.col("at").alias(metric.time_column))
    if "verb" in frame.columns:
        frame = _last_known(frame, metric)
    sites = pl.DataFrame({"site_id": site_ids, "site": range(len(site_ids))})
    rows = frame.join(sites, on="site_id").filter(matches(metric.row_filter))
    return rows.select(
        pl.col("site").cast(pl.Int64),
        pl.lit(code, pl.Int64).alias("metric"),
        pl.col(metric.time_column).alias("time"),
        pl.lit(1.0).alias("value"),
        "received_at",
    ).drop_nulls("time")


def _last_known(history: pl.DataFrame, metric: Metric) -> pl.DataFrame:
    """Things as they ended, with when the instant that counts was first told."""
    at = metric.time_column
    key = table(metric.source_table).key[0]
    told = history.filter(pl.col(at).is_not_null())
    first = told.group_by(key).agg(pl.col("received_at").min())
    columns = [c for c in ("site_id", *metric.columns) if c in history.columns]
    things = history.sort("at", maintain_order=True).group_by(key, maintain_order=True)
    return things.agg(pl.col(columns).drop_nulls().last()).join(first, on=key)


def _pairs(complete: pl.DataFrame, zones: pl.Series, metrics: tuple[Metric, ...]) -> pl.DataFrame:
    start, end = complete["slot"].min(), complete["slot"].max()
    found = complete.select("site", "metric").unique().sort("site", "metric")
    kinds = {code: "count" if m.kind == "count" else "gauge" for code, m in enumerate(metrics)}
    return found.select(
        "site",
        "metric",
        kind=pl.col("metric").replace_strict(kinds, return_dtype=pl.String),
        zone=pl.lit(zones).gather(pl.col("site")),
        since=pl.lit(start, INSTANT),
        until=pl.lit(end, INSTANT) + SLOT,
    ).select(*MEASURED)


def _excluded(facts: Facts, complete: pl.DataFrame, found: pl.DataFrame | None) -> pl.DataFrame:
    """`EXCLUDED`: what planned work mutes, closed days, and conditions that were found."""
    start, end = complete["slot"].min(), complete["slot"].max()
    moments = Moments.every(SLOT, floor_to(start, SLOT) - SLOT, end)  # type: ignore[arg-type]
    known = Known(facts, moments)
    muted = known.muting.of_sites(CODE, "OPERATIONAL", _NO_HOLD)
    parts = [_stretches(muted | known.presence.is_closed_day, moments)]
    if found is not None:
        sites = pl.DataFrame({"site_id": known.things.site_ids}).with_row_index("site")
        whose = pl.coalesce("sites", pl.concat_list("site_id"))
        held = found.filter(pl.col("type").is_in(CONDITIONS)).select(
            whose.alias("site_id"), "window_from", "cleared_at", known_at="detected_at"
        )
        rows = (
            held.explode("site_id")
            .join(sites, on="site_id")
            .select(
                pl.col("site").cast(pl.Int64),
                pl.lit(None, pl.Int64).alias("metric"),
                pl.col("window_from").alias("from"),
                pl.col("cleared_at").fill_null(end).alias("to"),
                "known_at",
            )
        )
        parts.append(rows)
    return pl.concat(parts)


def _stretches(cells: Bools, moments: Moments) -> pl.DataFrame:
    """Where cells (site by slot) hold, as windows with `known_at`."""
    padded = np.pad(cells.astype(np.int8), ((0, 0), (1, 1)))
    change = np.diff(padded, axis=1)
    site, first = np.nonzero(change == 1)
    end = np.nonzero(change == -1)[1]
    at = moments.at_us
    return pl.DataFrame(
        {
            "site": site.astype(np.int64),
            "metric": pl.Series([None] * len(site), dtype=pl.Int64),
            "from": instants(at[first]),
            "to": instants(at[end - 1] + SLOT_US),
            # What is planned is known when it begins.
            "known_at": instants(at[first]),
        },
        {**EXCLUDED, "known_at": INSTANT},
    )
