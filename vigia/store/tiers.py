"""Recomputing metrics in Postgres: dirty slots, raw rows, and tiers put in place of old ones.

SQL only. Which slots are due and what a row holds is decided in `vigia.worker.metrics` and
`vigia.domain.metrics`; reading a metric is `vigia.store.metrics`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import polars as pl

from vigia.domain.dictionary import Column, ColumnType
from vigia.domain.dictionary import table as dictionary_table
from vigia.domain.metrics.registry import Metric
from vigia.store.copy import copy_in
from vigia.store.frames import fetch

if TYPE_CHECKING:
    import psycopg

LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
TIERS = ("metric_5m", "metric_1h", "metric_1d")
_MARKS = [
    Column("site_id", ColumnType.UUID, ""),
    Column("slot", ColumnType.TIMESTAMP, ""),
    Column("generation", ColumnType.BIGINT, ""),
]


def dirty_slots(connection: psycopg.Connection, tenant_id: UUID) -> pl.DataFrame:
    """The tenant's marks: `site_id`, `slot`, `generation`."""
    return fetch(
        connection,
        "SELECT site_id, slot, generation FROM ops.dirty_slot WHERE tenant_id = %(tenant)s",
        {"tenant": tenant_id},
        _MARKS,
    )


def clear_marks(connection: psycopg.Connection, tenant_id: UUID, marks: pl.DataFrame) -> None:
    """Remove marks that were worked off; one made again meanwhile has a newer generation."""
    types = [c.type for c in _MARKS]
    stage(connection, "done_marks", marks.select(c.name for c in _MARKS), types)
    connection.execute(
        "DELETE FROM ops.dirty_slot d USING pg_temp.done_marks m WHERE d.tenant_id = %s"
        " AND d.site_id = m.site_id AND d.slot = m.slot AND d.generation = m.generation",
        [tenant_id],
    )


def rows_at(
    connection: psycopg.Connection,
    tenant_id: UUID,
    table: str,
    columns: Sequence[str],
    instants: Sequence[str],
    window: tuple[datetime, datetime],
) -> pl.DataFrame:
    """Rows of a table with any of some instants in a window."""
    spec = dictionary_table(table)
    anywhere = " OR ".join(f"({at} >= %(from)s AND {at} < %(to)s)" for at in instants)
    return fetch(
        connection,
        f"SELECT {', '.join(columns)} FROM ops.{table}"
        f" WHERE tenant_id = %(tenant)s AND site_id IS NOT NULL AND ({anywhere})",
        {"tenant": tenant_id, "from": window[0], "to": window[1]},
        [spec.column(name) for name in columns],
    )


def data_range(
    connection: psycopg.Connection, tenant_id: UUID, metrics: Sequence[Metric]
) -> tuple[datetime, datetime] | None:
    """The oldest and the newest instant that any metric measures; None without data."""
    pairs = sorted({(m.source_table, m.time_column) for m in metrics})
    ends = " UNION ALL ".join(
        f"SELECT min({at}) AS low, max({at}) AS high FROM ops.{table}"
        " WHERE tenant_id = %(tenant)s AND site_id IS NOT NULL"
        for table, at in pairs
    )
    lake = (
        "SELECT min(day)::timestamp AT TIME ZONE 'UTC', max(day)::timestamp AT TIME ZONE 'UTC'"
        " + interval '1 day' FROM ops.lake_file WHERE tenant_id = %(tenant)s"
    )
    row = connection.execute(
        f"SELECT min(low), max(high) FROM ({ends} UNION ALL {lake}) q", {"tenant": tenant_id}
    ).fetchone()
    if row is None or row[0] is None:
        return None
    return row[0], row[1]


def events_a_day(connection: psycopg.Connection, tenant_id: UUID) -> float:
    """About how many events a day of the tenant's history holds."""
    row = connection.execute(
        "SELECT sum(accepted), max(last_event_time) - min(first_event_time)"
        " FROM ops.ingest_batch WHERE tenant_id = %s",
        [tenant_id],
    ).fetchone()
    if row is None or row[0] is None or row[1] is None:
        return 0.0
    span: timedelta = row[1]
    return float(row[0]) / max(1.0, span / timedelta(days=1))


def newest_slot(
    connection: psycopg.Connection, tenant_id: UUID, metrics: Sequence[str]
) -> datetime | None:
    """The newest 5-minute slot that holds any of some metrics."""
    row = connection.execute(
        "SELECT slot FROM ops.metric_5m WHERE tenant_id = %s AND metric = ANY(%s)"
        " ORDER BY slot DESC LIMIT 1",
        [tenant_id, list(metrics)],
    ).fetchone()
    return row[0] if row else None


def snapshots_between(
    connection: psycopg.Connection,
    tenant_id: UUID,
    window: tuple[datetime, datetime],
    site_ids: Sequence[str],
    metrics: Sequence[str],
) -> pl.DataFrame:
    """Stored 5-minute rows of some sites and metrics, with the columns of `ops.metric_5m`."""
    spec = dictionary_table("metric_5m")
    names = ", ".join(c.name for c in spec.columns)
    return fetch(
        connection,
        f"SELECT {names} FROM ops.metric_5m WHERE tenant_id = %(tenant)s AND slot >= %(from)s"
        " AND slot < %(to)s AND site_id = ANY(%(sites)s::uuid[]) AND metric = ANY(%(metrics)s)",
        {
            "tenant": tenant_id,
            "from": window[0],
            "to": window[1],
            "sites": list(site_ids),
            "metrics": list(metrics),
        },
        spec.columns,
    )


def replace_tier(
    connection: psycopg.Connection,
    tenant_id: UUID,
    tier: str,
    rows: pl.DataFrame,
    spans: pl.DataFrame,
    metrics: Sequence[str],
) -> int:
    """Put new rows in place of all old ones of some stretches of time.

    Args:
        connection: Of the worker role, inside a transaction.
        tenant_id: Whose rows.
        tier: One of `TIERS`.
        rows: The tier's columns; `site_id` as 16 bytes, values in whole millionths.
        spans: `site_id` (16 bytes), `from`, `to`: instants, or dates for days, end exclusive.
        metrics: Names of the metrics that were computed.

    Returns:
        How many rows were written.
    """
    window = "local_date" if tier == "metric_1d" else "slot"
    kind = ColumnType.DATE if tier == "metric_1d" else ColumnType.TIMESTAMP
    # Metric by metric, as the key is ordered: what others hold there is not even looked at.
    names = pl.DataFrame({"metric": list(metrics)}, schema={"metric": pl.String()})
    staged = spans.select("site_id", from_at="from", to_at="to").join(names, how="cross")
    stage(connection, "spans", staged, [ColumnType.UUID, kind, kind, ColumnType.TEXT])
    connection.execute(
        f"DELETE FROM ops.{tier} m USING pg_temp.spans s WHERE m.tenant_id = %s"
        " AND m.site_id = s.site_id AND m.metric = s.metric"
        f" AND m.{window} >= s.from_at AND m.{window} < s.to_at",
        [tenant_id],
    )
    if rows.is_empty():
        return 0
    return _insert(connection, tenant_id, tier, rows, kind)


def _insert(
    connection: psycopg.Connection,
    tenant_id: UUID,
    tier: str,
    rows: pl.DataFrame,
    window: ColumnType,
) -> int:
    # Sums beyond 64 bits are rare and travel as text.
    is_wide = rows.select(pl.col("sum").abs().max()).item() >= 2**63
    total = ColumnType.TEXT if is_wide else ColumnType.BIGINT
    types = [ColumnType.UUID, ColumnType.TEXT, window, ColumnType.BIGINT, total]
    types += [ColumnType.DOUBLE, *([ColumnType.BIGINT] * 4)]
    names = [c.name for c in dictionary_table(tier).columns]
    staged = rows.select(names).with_columns(pl.col("sum").cast(pl.String if is_wide else pl.Int64))
    stage(connection, "fresh_metrics", staged, types, joined=False)
    values = [
        f"{n}::numeric * 0.000001" if n in ("sum", "min", "max", "last") else n for n in names
    ]
    connection.execute(
        f"INSERT INTO ops.{tier} (tenant_id, {', '.join(names)})"
        f" SELECT %s, {', '.join(values)} FROM pg_temp.fresh_metrics",
        [tenant_id],
    )
    return rows.height


def ensure_signal_days(connection: psycopg.Connection, rows: pl.DataFrame) -> None:
    """Make the partitions that signal windows need.

    Each new one locks the table itself: call it in a transaction of its own, before the one that
    replaces the rows, or two of those wait for each other.
    """
    days = rows["slot"].dt.date().unique().sort().to_list()
    connection.execute("SELECT pg_advisory_xact_lock(hashtext('partitions signal_window'))")
    connection.execute("SELECT ops.ensure_partitions('signal_window', %s::date[])", [days])


def replace_signals(
    connection: psycopg.Connection, tenant_id: UUID, rows: pl.DataFrame, spans: pl.DataFrame
) -> int:
    """Put new signal windows in place of all old ones of some stretches of time.

    Args:
        connection: Of the worker role, inside a transaction.
        tenant_id: Whose rows.
        rows: `signals.SIGNALS`, ids as 16 bytes; their days have partitions.
        spans: `site_id` (16 bytes), `from`, `to`, end exclusive.

    Returns:
        How many rows were written.
    """
    types = [ColumnType.UUID, ColumnType.TIMESTAMP, ColumnType.TIMESTAMP]
    staged = spans.select("site_id", pl.col("from").alias("from_at"), pl.col("to").alias("to_at"))
    stage(connection, "spans", staged, types)
    low, high = spans["from"].min(), spans["to"].max()
    connection.execute(
        "DELETE FROM ops.signal_window w USING pg_temp.spans s WHERE w.tenant_id = %s"
        " AND w.site_id = s.site_id AND w.slot >= s.from_at AND w.slot < s.to_at"
        " AND w.slot >= %s AND w.slot < %s",
        [tenant_id, low, high],
    )
    if rows.is_empty():
        return 0
    spec = dictionary_table("signal_window")
    names = [c.name for c in spec.columns]
    types = [c.type for c in spec.columns]
    stage(connection, "fresh_signals", rows.select(names), types, joined=False)
    listed = ", ".join(names)
    connection.execute(
        f"INSERT INTO ops.signal_window (tenant_id, {listed})"
        f" SELECT %s, {listed} FROM pg_temp.fresh_signals",
        [tenant_id],
    )
    return rows.height


def unsettled_signals(
    connection: psycopg.Connection,
    tenant_id: UUID,
    site_ids: Sequence[str],
    since: datetime,
) -> pl.DataFrame:
    """Slots whose device was not known to be complete when they were computed.

    Returns:
        One row per site and slot: `site_id`, `slot`.
    """
    return fetch(
        connection,
        "SELECT DISTINCT site_id, slot FROM ops.signal_window WHERE tenant_id = %(tenant)s"
        " AND site_id = ANY(%(sites)s::uuid[]) AND slot >= %(since)s"
        " AND watermark_at < slot + interval '5 minutes'",
        {"tenant": tenant_id, "sites": list(site_ids), "since": since},
        _MARKS[:2],
    )


def holders(connection: psycopg.Connection, tenant_id: UUID) -> pl.DataFrame:
    """Who holds which device when: `signals.HOLDERS`."""
    spec = dictionary_table("device_assignment")
    columns = [spec.column(n) for n in ("device_id", "person_id", "from_at", "to_at")]
    return fetch(
        connection,
        "SELECT device_id, person_id, from_at, to_at FROM ops.device_assignment"
        " WHERE tenant_id = %(tenant)s AND person_id IS NOT NULL",
        {"tenant": tenant_id},
        columns,
    )


def watermarks(connection: psycopg.Connection, tenant_id: UUID) -> pl.DataFrame:
    """Until when each device has sent everything: `signals.WATERMARKS`, one row a device."""
    spec = dictionary_table("device_watermark")
    return fetch(
        connection,
        "SELECT device_id, max(complete_until_at) FROM ops.device_watermark"
        " WHERE tenant_id = %(tenant)s GROUP BY device_id",
        {"tenant": tenant_id},
        [spec.column("device_id"), spec.column("complete_until_at")],
    )


def stage(
    connection: psycopg.Connection,
    name: str,
    frame: pl.DataFrame,
    types: Sequence[ColumnType],
    *,
    joined: bool = True,
) -> None:
    """Put a frame into a temporary table, and tell the planner of it where it will be joined."""
    columns = ", ".join(
        f"{column} {kind.value}" for column, kind in zip(frame.columns, types, strict=True)
    )
    connection.execute(f"DROP TABLE IF EXISTS pg_temp.{name}")
    connection.execute(f"CREATE TEMPORARY TABLE {name} ({columns}) ON COMMIT DROP")
    ids = [c for c, kind in zip(frame.columns, types, strict=True) if kind is ColumnType.UUID]
    binary = frame.with_columns(as_bytes(c) for c in ids if frame.schema[c] == pl.String)
    copy_in(connection, f"pg_temp.{name}", binary, types)
    if joined:
        connection.execute(f"ANALYZE pg_temp.{name}")


def as_bytes(column: str) -> pl.Expr:
    """Ids written with hyphens as 16 bytes."""
    return pl.col(column).str.replace_all("-", "", literal=True).str.decode("hex")


def tables_with_rows(
    connection: psycopg.Connection, tenant_id: UUID, tables: Sequence[str]
) -> set[str]:
    """Which of some tables hold anything of the tenant, in the database or in the lake."""
    probes = " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT FROM ops.{table} WHERE tenant_id = %(tenant)s)"
        for table in sorted(tables)
    )
    archived = "SELECT DISTINCT table_name FROM ops.lake_file WHERE tenant_id = %(tenant)s"
    rows = connection.execute(f"{probes} UNION ALL {archived}", {"tenant": tenant_id}).fetchall()
    return {name for (name,) in rows}
