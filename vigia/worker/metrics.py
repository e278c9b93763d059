"""Refreshing metrics: from dirty slots to snapshots, hours, local days and signal windows.

Derived rows are recomputed from raw rows and put in place of the old ones, never patched, so
that any order of arrival ends in the same tables. What a row holds is decided in
`vigia.domain.metrics`, what is due in `vigia.worker.due`; when to refresh is orchestration's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

import polars as pl

from vigia.domain.metrics import signals
from vigia.domain.metrics.levels import INTERVALS, intervals, levels, lowered
from vigia.domain.metrics.registry import Metric, samples
from vigia.domain.metrics.rollup import roll_up_days, roll_up_hours
from vigia.domain.metrics.router import Resolution, kept_since
from vigia.domain.metrics.snapshot import SAMPLES, SNAPSHOTS, snapshot
from vigia.domain.windows import DAY, SLOT, floor_to, local_date
from vigia.store import telemetry, tiers
from vigia.store.connection import Database, Role
from vigia.store.statistics import refresh_statistics
from vigia.worker.due import Due, Tenant, due, read_tenant, within

if TYPE_CHECKING:
    import psycopg

    from vigia.store.lake import Lake

_AT_ONCE = 2
"""Pieces in work at once: more would only wait for the server, and hold memory."""
_LOOK_BACK = timedelta(seconds=signals.LOOK_BACK_S)


@dataclass(slots=True)
class Summary:
    """What a refresh did.

    Attributes:
        marks: Dirty slots worked off.
        sites: Sites recomputed.
        from_: Start of what was recomputed; None when nothing was.
        to: End of it.
        rows: Table to rows written.
    """

    marks: int = 0
    sites: int = 0
    from_: datetime | None = None
    to: datetime | None = None
    rows: dict[str, int] = field(default_factory=dict)

    def add(self, table: str, rows: int) -> None:
        """Count written rows."""
        self.rows[table] = self.rows.get(table, 0) + rows


def refresh_metrics(
    database: Database,
    lake: Lake | None,
    tenant_id: UUID,
    *,
    now: datetime,
    days: tuple[date, date] | None = None,
    full: bool = False,
) -> Summary:
    """Bring a tenant's metrics up to date; repeating it changes nothing.

    Args:
        database: Holds raw rows, marks and tiers.
        lake: The archive of closed days; None when there is none.
        tenant_id: Whose metrics.
        now: The wall clock; a tenant that lives by its data's clock has its own now.
        days: First and last UTC day to look at; everything when None.
        full: Recompute those days whole, whatever is marked.

    Returns:
        What was done. A crash in between leaves the marks, and the next refresh does it again.
    """
    summary = Summary()
    with _one_at_a_time(database, tenant_id):
        with database.transaction(Role.WORKER) as connection:
            tenant = read_tenant(connection, tenant_id, now)
            work = due(connection, tenant, days=days, full=full) if tenant else None
        if tenant is None or work is None:
            return summary
        summary.sites = len(work.sites)
        summary.from_, summary.to = work.window
        for rows in _recomputed(_Sources(database, lake, work.tenant), work.pieces()):
            for table, count in rows:
                summary.add(table, count)
        with database.transaction(Role.WORKER) as connection:
            tiers.clear_marks(connection, tenant_id, work.marks)
            refresh_statistics(connection, summary.rows)
        summary.marks = work.marks.height
    return summary


@contextmanager
def _one_at_a_time(database: Database, tenant_id: UUID) -> Iterator[None]:
    """Keep a second refresh of the tenant waiting; a killed one lets go by itself."""
    with database.connect(Role.WORKER) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 1))", [tenant_id.hex])
        yield


def _recomputed(sources: _Sources, pieces: Iterable[Due]) -> Iterator[list[tuple[str, int]]]:
    """Recompute pieces, each by itself: while the server stores one, the next is computed."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(partial(_recompute, sources), pieces)


def _recompute(sources: _Sources, piece: Due) -> list[tuple[str, int]]:
    """Recompute some local days of the sites of one zone, and commit them together.

    Returns:
        Tables and rows written.
    """
    tenant = sources.tenant
    happened = [m for m in tenant.metrics if not m.is_level]
    standing = [m for m in tenant.metrics if m.is_level]
    rows = sources.rows(happened, piece)
    fresh = snapshot(_happened(rows, happened, piece, tenant))
    heights = snapshot(_standing(sources, standing, piece))
    windows = _signals(rows, piece, tenant)
    written: list[tuple[str, int]] = []
    if not windows.is_empty():
        with tenant.worker(sources.database) as connection:
            tiers.ensure_signal_days(connection, windows)
    with tenant.worker(sources.database) as connection:
        for snapshots, metrics, spans in (
            (fresh, happened, piece.events),
            (heights, standing, piece.levels),
        ):
            if not spans.is_empty():
                names = [m.name for m in metrics]
                writer = _Writer(connection, tenant, piece, spans, names)
                written += writer.write(snapshots)
        if not piece.signals.is_empty():
            spans = piece.signals.with_columns(site_id=tenant.site_bytes(pl.col("site")))
            count = tiers.replace_signals(connection, tenant.tenant_id, windows, spans)
            written.append(("signal_window", count))
    return written


def _happened(
    rows: dict[str, pl.DataFrame], metrics: Sequence[Metric], piece: Due, tenant: Tenant
) -> pl.DataFrame:
    """Values of what happened, within the stretches to recompute."""
    frames = [
        samples(rows[table], [m for m in metrics if m.source_table == table], tenant.codes)
        for table in sorted({m.source_table for m in metrics} & rows.keys())
    ]
    if not frames:
        return pl.DataFrame(schema=SAMPLES)
    return within(pl.concat(frames), "time", piece.events)


def _standing(sources: _Sources, metrics: Sequence[Metric], piece: Due) -> pl.DataFrame:
    """Heights of levels, within the stretches to recompute and not beyond now."""
    if piece.levels.is_empty():
        return pl.DataFrame(schema=SAMPLES)
    start = piece.levels["from"].min()
    end = min(piece.levels["to"].max(), floor_to(sources.tenant.now, SLOT) + SLOT)  # type: ignore[type-var]
    spans = [
        intervals(sources.interval_rows(m, start, end, piece), m, sources.tenant.codes[m.name])  # type: ignore[arg-type]
        for m in metrics
        if m.source_table in sources.tenant.tables
    ]
    if not spans or start >= end:  # type: ignore[operator]
        return pl.DataFrame(schema=SAMPLES)
    known = pl.concat([pl.DataFrame(schema=INTERVALS), *spans])
    known = known.join(piece.levels.select("site").unique(), on="site", how="semi")
    heights = levels(known, start, end)  # type: ignore[arg-type]
    heights = lowered(heights, metrics, sources.tenant.codes)
    return within(heights, "time", piece.levels)


def _signals(rows: dict[str, pl.DataFrame], piece: Due, tenant: Tenant) -> pl.DataFrame:
    """Signal windows within the stretches to recompute, ids as bytes."""
    padded = piece.signals.with_columns(pl.col("from") - _LOOK_BACK)
    known = {}
    for table in signals.SOURCES.keys() & rows.keys():
        at = pl.coalesce(signals.SOURCES[table].times)
        known[table] = within(rows[table].with_columns(at=at), "at", padded).drop("at")
    windows = signals.signal_windows(known, tenant.holders, tenant.watermarks)
    coded = windows.join(tenant.site_codes, on="site_id")
    return within(coded, "slot", piece.signals).drop("site")


@dataclass(frozen=True, slots=True)
class _Sources:
    """Where raw rows come from."""

    database: Database
    lake: Lake | None
    tenant: Tenant

    def rows(self, metrics: Sequence[Metric], piece: Due) -> dict[str, pl.DataFrame]:
        """Rows of every table that metrics or signals need, with `site`, by table."""
        spans = pl.concat([piece.events, piece.signals])
        if spans.is_empty():
            return {}
        window = (spans["from"].min() - _LOOK_BACK, spans["to"].max())  # type: ignore[operator]
        needs: dict[str, set[str]] = {}
        instants: dict[str, set[str]] = {}
        for metric in metrics:
            needs.setdefault(metric.source_table, set()).update(metric.columns)
            if not metric.is_record:
                instants.setdefault(metric.source_table, set()).add(metric.time_column)
        for table, source in signals.SOURCES.items():
            kept = {c for c in source.columns if self.tenant.has_column(table, c)}
            needs.setdefault(table, set()).update(kept)
            if table in instants:
                instants[table].update(source.times)
        return {
            table: self._read(
                *(table, sorted(columns), instants.get(table), window, piece.site_ids)  # type: ignore[arg-type]
            )
            for table, columns in needs.items()
            if table in self.tenant.tables
        }

    def interval_rows(
        self, metric: Metric, start: datetime, end: datetime, piece: Due
    ) -> pl.DataFrame:
        """Rows whose intervals could cover a window."""
        assert metric.until is not None
        columns = list(metric.columns)
        if metric.until.next:
            window = (start - timedelta(seconds=metric.until.reach_s), end)
            # Where the next row lies does not matter: it ends the stay here.
            everywhere = self.tenant.with_neighbours(piece.site_ids)
            return self._read(metric.source_table, columns, None, window, everywhere)
        # All that began before: a ticket opened long ago may still be open.
        window = (tiers.LONG_AGO, end)
        instants = {metric.time_column}
        return self._read(metric.source_table, columns, instants, window, piece.site_ids)

    def _read(
        self,
        table: str,
        columns: Sequence[str],
        instants: set[str] | None,
        window: tuple[datetime, datetime],
        site_ids: Sequence[UUID],
    ) -> pl.DataFrame:
        columns = ["site_id", *(c for c in columns if c != "site_id")]
        tenant_id = self.tenant.tenant_id
        if instants is None:
            rows = telemetry.read(
                *(self.database, self.lake, tenant_id, table, *window),
                columns=columns,
                site_ids=site_ids,
            )
        else:
            with self.tenant.worker(self.database) as connection:
                rows = tiers.rows_at(
                    connection, tenant_id, table, columns, sorted(instants), window
                )
        return rows.join(self.tenant.site_codes, on="site_id")


@dataclass(frozen=True, slots=True)
class _Writer:
    """Puts recomputed tiers in place of the old ones."""

    connection: psycopg.Connection
    tenant: Tenant
    piece: Due
    spans: pl.DataFrame
    metrics: Sequence[str]

    def write(self, snapshots: pl.DataFrame) -> Iterator[tuple[str, int]]:
        """Write 5-minute rows and what they roll up to; yields tables and counts."""
        zone = self.piece.zone
        whole = pl.concat([snapshots, self._stored_beside()])
        spans = self.spans
        dates = spans.with_columns(
            local_date(pl.col("from"), zone),
            local_date(pl.col("to") - pl.duration(microseconds=1), zone) + DAY,
        )
        yield self._replace(Resolution.FIVE_MINUTES, snapshots, spans)
        yield self._replace(Resolution.HOUR, roll_up_hours(snapshots, zone), spans)
        yield self._replace(Resolution.DAY, roll_up_days(whole, zone), dates)

    def _stored_beside(self) -> pl.DataFrame:
        """Stored 5-minute rows of the touched local days that are not recomputed."""
        around = self.piece.whole_days(self.spans)
        if around.equals(self.spans):
            return pl.DataFrame(schema=SNAPSHOTS)
        stored = tiers.snapshots_between(
            self.connection,
            self.tenant.tenant_id,
            (around["from"].min(), around["to"].max()),  # type: ignore[arg-type]
            self.tenant.ids_of(around["site"].unique()),
            self.metrics,
        )
        coded = self.tenant.as_codes(stored)
        inside = within(coded, "slot", self.spans).select("site", "metric", "slot")
        return within(coded, "slot", around).join(inside, on=["site", "metric", "slot"], how="anti")

    def _replace(
        self, resolution: Resolution, rows: pl.DataFrame, spans: pl.DataFrame
    ) -> tuple[str, int]:
        tenant, start = self.tenant, rows.columns[2]
        if not tenant.keeps_all:
            since = kept_since(resolution, tenant.now, self.piece.zone)
            is_kept = pl.col(start) >= (
                since if start == "slot" else local_date(pl.lit(since), self.piece.zone)
            )
            rows = rows.filter(is_kept)
        count = tiers.replace_tier(
            self.connection,
            tenant.tenant_id,
            resolution.table,
            tenant.as_names(rows),
            spans.with_columns(site_id=tenant.site_bytes(pl.col("site"))),
            self.metrics,
        )
        return resolution.table, count
