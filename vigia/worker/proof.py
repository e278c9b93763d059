"""What must be proved before recorded rows or metrics may be deleted.

Raw rows: each of them lies in a verified file of the lake that still reads as it was written,
no derived row of their day is out of date, and what they add up to, computed again from them,
equals the stored hours and days. Metrics of a finer tier: the coarser tiers hold the same.
Deciding and deleting belong to `vigia.worker.retention`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import polars as pl

from vigia.domain.dictionary import Table
from vigia.domain.metrics.registry import Metric, samples
from vigia.domain.metrics.router import Resolution, kept_since
from vigia.domain.metrics.snapshot import snapshot
from vigia.domain.windows import HOUR, INSTANT, day_bounds, hour_start, local_date
from vigia.store import telemetry
from vigia.store.connection import Database
from vigia.store.lake import Lake, parts_of_day
from vigia.store.metrics import Site
from vigia.store.retention import Past, has_marks, keys_between, tier_rows
from vigia.worker.archive import DAY, archived_tables, day_window

if TYPE_CHECKING:
    import psycopg

COARSER = {"metric_5m": ("metric_1h", "metric_1d"), "metric_1h": ("metric_1d",), "metric_1d": ()}
_KEY = ["site_id", "metric", "at"]
_SUMS = ["n", "sum", "min", "max"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where proof is looked for.

    Attributes:
        connection: Of the worker role, in the transaction that will delete.
        metrics: The tenant's registry.
        sites: The tenant's sites with their zones.
        clock: The tenant's now; a coarser tier past its own time is asked for nothing.
        past: What retention did before; what it deleted is asked for nothing either.
    """

    database: Database
    lake: Lake
    connection: psycopg.Connection
    tenant_id: UUID
    metrics: Sequence[Metric]
    sites: Sequence[Site]
    clock: datetime
    past: Past

    def fault(self, table: Table, day: date) -> str | None:
        """Why rows of a day must stay; None when all is proved."""
        start, end = day_window(day)
        if table.name == "metric_1d":
            return self._last_tier_fault(day)
        if has_marks(self.connection, self.tenant_id, (start - HOUR, end)):
            return "metrics of the day are out of date: refresh them, then run retention again"
        if table.name in COARSER:
            return self._tier_fault(table.name, day)
        if table.name == "signal_window":
            return None
        return self._lake_fault(table, day) or self.metrics_fault(table, day)

    def _lake_fault(self, table: Table, day: date) -> str | None:
        parts = parts_of_day(self.connection, self.tenant_id, table.name, day)
        whole = [part for part, verified in parts if verified]
        if damaged := [part.path for part in whole if not self.lake.holds(part)]:
            return f"{damaged[0]} is missing or damaged: restore the lake from its backup"
        hot = keys_between(self.connection, self.tenant_id, table, day_window(day))
        keys = list(table.key)
        known = self.lake.scan(table, [part.path for part in whole]).select(keys).collect()
        missing = hot.join(known, on=keys, how="anti").height
        return f"{missing} rows are not in the lake: run the archive first" if missing else None

    def _last_tier_fault(self, day: date) -> str | None:
        """Days are the last that account for raw rows, some of which are kept longer."""
        last = replace(self, clock=_END_OF_TIME[0])
        faults = (last.metrics_fault(table, day, ("metric_1d",)) for table in archived_tables())
        return next(filter(None, faults), None)

    def metrics_fault(
        self, table: Table, day: date, tiers: Sequence[str] = COARSER["metric_5m"]
    ) -> str | None:
        """Compute the day's metrics again from raw rows, with the local days around it."""
        measured = [
            m
            for m in self.metrics
            if m.source_table == table.name and m.is_record and not m.is_level
        ]
        if not measured:
            return None
        start, end = day_window(day)
        wanted = dict.fromkeys(["site_id", *(c for m in measured for c in m.columns)])
        rows = telemetry.read(
            *(self.database, self.lake, self.tenant_id, table.name, start - DAY, end + DAY),
            columns=list(wanted),
        )
        numbers = pl.DataFrame(
            [(s.site_id, s.number) for s in self.sites],
            schema={"site_id": pl.String(), "site": pl.Int64()},
            orient="row",
        )
        codes = {metric.name: code for code, metric in enumerate(measured)}
        named = pl.DataFrame(
            list(codes.items()),
            schema={"name": pl.String(), "metric": pl.Int64()},
            orient="row",
        )
        fine = snapshot(samples(rows.join(numbers, on="site_id"), measured, codes))
        fine = fine.join(numbers, on="site").join(named, on="metric")
        fine = fine.select("site_id", "slot", *_SUMS, metric="name")
        return self._unaccounted(fine, tiers, day, set())

    def _tier_fault(self, tier: str, day: date) -> str | None:
        start, end = day_window(day)
        window = (start - DAY, end + DAY)
        fine = tier_rows(self.connection, self.tenant_id, tier, window).rename({"at": "slot"})
        gone = self.past.deleted.get(tier, set()) & {day - DAY, day + DAY}
        return self._unaccounted(fine, COARSER[tier], day, gone)

    def _unaccounted(
        self, fine: pl.DataFrame, tiers: Sequence[str], day: date, gone: set[date]
    ) -> str | None:
        """Compare the windows that touch a day with the stored ones of coarser tiers.

        Args:
            fine: Rows of the day and of those beside it: `site_id`, `metric`, `slot`, sums.
            tiers: Coarser tiers.
            day: UTC day that is to be deleted.
            gone: Days beside it of which `fine` holds no rows any more. Windows that reach into
                them were compared before those days went.
        """
        for tier in tiers:
            expected = pl.concat(
                [pl.DataFrame(schema=_EXPECTED[tier])]
                + [
                    self._windows(fine.filter(pl.col("site_id").is_in(ids)), tier, zone, day, gone)
                    for zone, ids in self._zones()
                ]
            )
            start, end = day_window(day)
            stored = tier_rows(
                self.connection, self.tenant_id, tier, (start - DAY, end + DAY)
            ).with_columns(pl.col(*_SUMS).cast(pl.Int128))
            missing = expected.join(stored, on=[*_KEY, *_SUMS], how="anti").height
            if missing:
                return (
                    f"{missing} windows of {tier} do not account for the rows of the day: refresh "
                    "its metrics in full, then run retention again"
                )
        return None

    def _zones(self) -> list[tuple[str, list[str]]]:
        zones: dict[str, list[str]] = {}
        for site in self.sites:
            zones.setdefault(site.zone, []).append(site.site_id)
        return list(zones.items())

    def _windows(
        self, fine: pl.DataFrame, tier: str, zone: str, day: date, gone: set[date]
    ) -> pl.DataFrame:
        """Windows of one zone's sites that touch the day and can be compared."""
        start, end = day_window(day)
        whole = [_END_OF_TIME[0] if day - DAY not in gone else start]
        whole.append(_END_OF_TIME[1] if day + DAY not in gone else end)
        is_day = tier == "metric_1d"
        at = local_date(pl.col("slot"), zone) if is_day else hour_start(pl.col("slot"), zone)
        summed = fine.group_by("site_id", "metric", at=at).agg(
            pl.col("n", "sum").cast(pl.Int128).sum(),
            pl.col("min").cast(pl.Int128).min(),
            pl.col("max").cast(pl.Int128).max(),
        )
        lapsed = self.past.deleted.get(tier, set())
        since = kept_since(_RESOLUTIONS[tier], self.clock, zone)
        kept = [
            window
            for window in summed["at"].unique()
            for low, high in [day_bounds(window, zone) if is_day else (window, window + HOUR)]
            if low < end and high > start and whole[0] <= low and high <= whole[1]
            if low >= since
            if (window if is_day else window.date()) not in lapsed
        ]
        return summed.filter(pl.col("at").is_in(kept)).select(*_KEY, *_SUMS)


_RESOLUTIONS = {"metric_1h": Resolution.HOUR, "metric_1d": Resolution.DAY}
_END_OF_TIME = (datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
_EXPECTED = {
    tier: pl.Schema(
        {"site_id": pl.String(), "metric": pl.String(), "at": at}
        | dict.fromkeys(_SUMS, pl.Int128())
    )
    for tier, at in (("metric_1h", INSTANT), ("metric_1d", pl.Date()))
}
