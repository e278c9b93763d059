"""Baselines in Postgres: samples by day, what is usual, how far days stray, what must not teach.

SQL and the form of samples. What is usual is computed in `vigia.domain.anomalies`; when, in
`vigia.worker.baselines`. Sites are named by their ids, metrics by their names.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np
import polars as pl

from vigia.domain.anomalies.policy import Sensitivity
from vigia.domain.anomalies.samples import SLOTS_A_DAY
from vigia.domain.dictionary import Column, ColumnType
from vigia.domain.dictionary import table as dictionary_table
from vigia.domain.identity import name_uuid
from vigia.domain.windows import INSTANT, SLOT_US
from vigia.store.frames import fetch
from vigia.store.tiers import stage

if TYPE_CHECKING:
    import psycopg

_SAMPLES = pl.Array(pl.Float64(), SLOTS_A_DAY)
_CONDITIONS = ("CORRELATION_SILENT_SITE", "NETWORK_OUTAGE", "CORRELATION_COVERAGE_GAP")
"""Findings whose time says nothing of what is usual."""
SENSITIVITY = "ANOMALY.sensitivity"
"""Name of the threshold of a site that is the place of its sensitivity among all, from 0."""


def pack(samples: pl.Series) -> pl.Series:
    """A day's samples as they are stored: little-endian doubles, deflated."""
    rows = samples.to_numpy().astype("<f8")
    return pl.Series([zlib.compress(row.tobytes(), 1) for row in rows], dtype=pl.Binary)


def unpack(stored: pl.Series) -> pl.Series:
    """Samples from their stored form."""
    rows = [np.frombuffer(zlib.decompress(each), "<f8") for each in stored]
    return pl.Series(np.array(rows).reshape(-1, SLOTS_A_DAY), dtype=_SAMPLES)


def read_slots(
    connection: psycopg.Connection,
    tenant_id: UUID,
    pairs: pl.DataFrame,
    window: tuple[datetime, datetime],
) -> pl.DataFrame:
    """Stored 5-minute rows by the numbers of their pairs: thousands of days of them at a time.

    Args:
        connection: May see the tenant's rows.
        tenant_id: Whose.
        pairs: `pair` (a number), `site_id`, `metric`.
        window: First slot, and the one after the last.

    Returns:
        `pair`, `slot`, `n`, and `sum` in whole millionths.
    """
    types = [ColumnType.BIGINT, ColumnType.UUID, ColumnType.TEXT]
    stage(connection, "measured", pairs.select("pair", "site_id", "metric"), types)
    columns = [Column(name, ColumnType.BIGINT, "") for name in ("pair", "number", "n", "sum")]
    rows = fetch(
        connection,
        "SELECT p.pair, extract(epoch FROM m.slot)::bigint / 300, m.n, (m.sum * 1000000)::bigint"
        " FROM ops.metric_5m m JOIN pg_temp.measured p USING (site_id, metric)"
        " WHERE m.tenant_id = %(tenant)s AND m.slot >= %(from)s AND m.slot < %(to)s",
        {"tenant": tenant_id, "from": window[0], "to": window[1]},
        columns,
    )
    slot = (pl.col("number") * SLOT_US).cast(INSTANT)
    return rows.with_columns(slot.alias("slot")).drop("number")


def measured_since(connection: psycopg.Connection, tenant_id: UUID, since: date) -> pl.DataFrame:
    """Which site has which metric.

    Args:
        connection: May see the tenant's rows.
        tenant_id: Whose sites.
        since: Only what has a value from that local day on.

    Returns:
        `site_id`, `metric`, `first_date`: from when on nothing means 0. That is when the site
        was first heard of, but not before the metric was known anywhere.
    """
    columns = [
        dictionary_table("metric_1d").column("site_id"),
        dictionary_table("metric_1d").column("metric"),
        Column("first_date", ColumnType.DATE, ""),
    ]
    return fetch(
        connection,
        "WITH known AS (SELECT site_id, metric, min(local_date) AS first, max(local_date) AS last"
        " FROM ops.metric_1d WHERE tenant_id = %(tenant)s GROUP BY 1, 2)"
        " SELECT site_id, metric, greatest(min(first) OVER (PARTITION BY site_id),"
        " min(first) OVER (PARTITION BY metric)) FROM known WHERE last >= %(since)s",
        {"tenant": tenant_id, "since": since},
        columns,
    )


def kept_days(
    connection: psycopg.Connection, tenant_id: UUID, first: date, last: date
) -> pl.DataFrame:
    """Samples that are kept: `site_id`, `metric`, `local_date`, `values`."""
    spec = dictionary_table("baseline_day")
    rows = fetch(
        connection,
        f"SELECT {', '.join(c.name for c in spec.columns)} FROM ops.baseline_day"
        " WHERE tenant_id = %(tenant)s AND local_date BETWEEN %(first)s AND %(last)s",
        {"tenant": tenant_id, "first": first, "last": last},
        spec.columns,
    )
    return rows.with_columns(unpack(rows["samples"]).alias("values")).drop("samples")


def kept_dates(connection: psycopg.Connection, tenant_id: UUID) -> set[date]:
    """Local days of which samples are kept."""
    rows = connection.execute(
        "SELECT DISTINCT local_date FROM ops.baseline_day WHERE tenant_id = %s", [tenant_id]
    ).fetchall()
    return {day for (day,) in rows}


def replace_days(
    connection: psycopg.Connection, tenant_id: UUID, rows: pl.DataFrame, first: date, last: date
) -> None:
    """Put the samples of some local days in place of those kept of them."""
    connection.execute(
        "DELETE FROM ops.baseline_day WHERE tenant_id = %s AND local_date BETWEEN %s AND %s",
        [tenant_id, first, last],
    )
    packed = rows.with_columns(pack(rows["values"]).alias("samples"))
    insert(connection, tenant_id, "baseline_day", packed)


def forget_days(connection: psycopg.Connection, tenant_id: UUID, before: date) -> int:
    """Delete samples that no baseline needs any more; returns how many rows."""
    return connection.execute(
        "DELETE FROM ops.baseline_day WHERE tenant_id = %s AND local_date < %s",
        [tenant_id, before],
    ).rowcount


def replace_baselines(
    connection: psycopg.Connection, tenant_id: UUID, profiles: pl.DataFrame, strays: pl.DataFrame
) -> tuple[int, int]:
    """Put new baselines in place of all old ones.

    Args:
        connection: Of the worker role, inside a transaction.
        tenant_id: Whose.
        profiles: Columns of `ops.baseline_profile`.
        strays: Columns of `ops.baseline_stray`.

    Returns:
        How many pairs of site and metric got their first baseline, and how many a new one.
    """
    before = connection.execute(
        "SELECT DISTINCT site_id::text, metric FROM ops.baseline_profile WHERE tenant_id = %s"
        " AND hour_of_week = 0",
        [tenant_id],
    ).fetchall()
    for table, rows in (("baseline_profile", profiles), ("baseline_stray", strays)):
        connection.execute(f"DELETE FROM ops.{table} WHERE tenant_id = %s", [tenant_id])
        insert(connection, tenant_id, table, rows)
    pairs = set(profiles.select("site_id", "metric").unique().iter_rows())
    known = pairs & set(before)
    return len(pairs) - len(known), len(known)


def read_baselines(
    connection: psycopg.Connection, tenant_id: UUID
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The newest baselines: rows of `ops.baseline_profile` and of `ops.baseline_stray`."""
    names = ("baseline_profile", "baseline_stray")
    profiles, strays = (_read(connection, tenant_id, name) for name in names)
    return profiles, strays


def not_teaching(
    connection: psycopg.Connection, tenant_id: UUID, window: tuple[datetime, datetime]
) -> pl.DataFrame:
    """Stretches that teach nothing: planned work, and conditions that were found.

    Returns:
        `site_id` (null: every site), `from`, `to`.
    """
    columns = [
        dictionary_table("finding").column("site_id"),
        Column("from", ColumnType.TIMESTAMP, ""),
        Column("to", ColumnType.TIMESTAMP, ""),
    ]
    return fetch(
        connection,
        "SELECT site_id, window_from AS from, coalesce(cleared_at, closed_at, window_to) AS to"
        " FROM ops.finding WHERE tenant_id = %(tenant)s AND type = ANY(%(types)s)"
        " AND evidence_state <> 'retracted' AND state <> 'false_positive'"
        " AND window_from < %(until)s AND coalesce(cleared_at, closed_at, window_to) > %(since)s"
        " UNION ALL SELECT s.site_id, w.starts_at, w.ends_at FROM ops.maintenance_window w"
        " LEFT JOIN ops.site s ON s.tenant_id = w.tenant_id"
        " AND (w.matcher->'site_id' ? s.code OR w.matcher->'site_id' ? s.site_id::text)"
        " WHERE w.tenant_id = %(tenant)s AND w.state IS DISTINCT FROM 'cancelled'"
        " AND (s.site_id IS NOT NULL OR w.matcher->'site_id' IS NULL)"
        " AND w.starts_at < %(until)s AND w.ends_at > %(since)s",
        {
            "tenant": tenant_id,
            "types": list(_CONDITIONS),
            "since": window[0],
            "until": window[1],
        },
        columns,
    )


def closed_days(
    connection: psycopg.Connection, tenant_id: UUID, first: date, last: date
) -> pl.DataFrame:
    """Local days on which sites are closed: `site_id`, `local_date`."""
    columns = [
        dictionary_table("site").column("site_id"),
        Column("local_date", ColumnType.DATE, ""),
    ]
    return fetch(
        connection,
        "SELECT DISTINCT s.site_id, h.holiday_on FROM ops.holiday h JOIN ops.site s"
        " USING (tenant_id, calendar_id) WHERE tenant_id = %(tenant)s AND h.kind = 'closed'"
        " AND h.holiday_on BETWEEN %(first)s AND %(last)s",
        {"tenant": tenant_id, "first": first, "last": last},
        columns,
    )


def sensitivities(
    connection: psycopg.Connection, tenant_id: UUID, at: datetime
) -> dict[str, Sensitivity]:
    """Sensitivity of every site that has one of its own at an instant, by its id."""
    rows = connection.execute(
        "SELECT DISTINCT ON (scope_id) scope_id::text, new_value FROM ops.threshold_history"
        " WHERE tenant_id = %(tenant)s AND scope_kind = 'site' AND name = %(name)s"
        " AND changed_at <= %(at)s AND (reverted_at IS NULL OR reverted_at > %(at)s)"
        " ORDER BY scope_id, changed_at DESC",
        {"tenant": tenant_id, "name": SENSITIVITY, "at": at},
    ).fetchall()
    levels = list(Sensitivity)
    return {site: levels[int(value)] for site, value in rows}


def set_sensitivity(
    connection: psycopg.Connection,
    tenant_id: UUID,
    site_id: UUID,
    level: Sensitivity,
    *,
    actor: str,
    reason: str,
    at: datetime,
) -> None:
    """Give a site a sensitivity of its own; the change is kept with who made it and why."""
    levels = list(Sensitivity)
    before = sensitivities(connection, tenant_id, at).get(str(site_id), Sensitivity.MEDIUM)
    change = name_uuid("threshold", tenant_id.hex, site_id.hex, SENSITIVITY, at.isoformat())
    connection.execute(
        "INSERT INTO ops.threshold_history (tenant_id, change_id, scope_kind, scope_id, name,"
        " old_value, new_value, reason, actor, changed_at)"
        " VALUES (%s, %s, 'site', %s, %s, %s, %s, %s, %s, %s)",
        [
            *(tenant_id, change, site_id, SENSITIVITY),
            *(levels.index(before), levels.index(level), reason, actor, at),
        ],
    )


def _read(connection: psycopg.Connection, tenant_id: UUID, table: str) -> pl.DataFrame:
    columns = dictionary_table(table).columns
    return fetch(
        connection,
        f"SELECT {', '.join(c.name for c in columns)} FROM ops.{table}"
        " WHERE tenant_id = %(tenant)s",
        {"tenant": tenant_id},
        columns,
    )


def insert(connection: psycopg.Connection, tenant_id: UUID, table: str, rows: pl.DataFrame) -> None:
    """Add rows to a table of the dictionary that holds nothing in their place."""
    if rows.is_empty():
        return
    columns: Sequence[Column] = dictionary_table(table).columns
    names = [c.name for c in columns]
    stage(connection, f"fresh_{table}", rows.select(names), [c.type for c in columns], joined=False)
    listed = ", ".join(names)
    connection.execute(
        f"INSERT INTO ops.{table} (tenant_id, {listed})"
        f" SELECT %s, {listed} FROM pg_temp.fresh_{table}",
        [tenant_id],
    )
