"""What a refresh of metrics has to recompute: stretches of time by site, in pieces of local days.

From marks to stretches; recomputing them is `vigia.worker.metrics`. A stretch is made of
whole hours of the site's wall clock, so that hours nest in it; it is widened to whole local days where the
5-minute rows beside it are no longer kept, because a day is rolled up from those.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import polars as pl

from vigia.domain.dictionary import table as dictionary_table
from vigia.domain.metrics.registry import Metric
from vigia.domain.metrics.router import FIVE_MINUTES_FOR, first_whole_day
from vigia.domain.metrics.signals import LOOK_BACK_S, SOURCES
from vigia.domain.metrics.snapshot import SNAPSHOTS
from vigia.domain.windows import (
    DAY,
    INSTANT,
    SLOT,
    day_start,
    hour_end,
    hour_start,
    local_date,
    local_date_of,
)
from vigia.store import metrics as store
from vigia.store import moves, tiers
from vigia.store.clock import tenant_now
from vigia.store.connection import Database, Role

if TYPE_CHECKING:
    import psycopg

SPANS = pl.Schema({"site": pl.Int64(), "from": INSTANT, "to": INSTANT})
NEIGHBOURS = pl.Schema({"site": pl.Int64(), "other": pl.Int64()})
LATE_LIMIT = timedelta(hours=73)
_ROWS_A_PIECE = 750_000
_DAYS_A_PIECE = 31


@dataclass(frozen=True, slots=True)
class Tenant:
    """What a refresh knows about a tenant; sites and metrics have small numbers as codes."""

    tenant_id: UUID
    now: datetime
    keeps_all: bool
    metrics: Sequence[Metric]
    sites: Sequence[store.Site]
    tables: frozenset[str]
    holders: pl.DataFrame
    watermarks: pl.DataFrame
    events_a_day: float
    neighbours: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=NEIGHBOURS))
    """Sites that share a person or a device: `NEIGHBOURS`, each pair in both directions."""

    @property
    def codes(self) -> dict[str, int]:
        """Code of each metric's name."""
        return {metric.name: number for number, metric in enumerate(self.metrics)}

    @property
    def site_codes(self) -> pl.DataFrame:
        """`site_id` and `site`, its code."""
        return pl.DataFrame(
            {"site_id": [s.site_id for s in self.sites], "site": [s.number for s in self.sites]},
            schema={"site_id": pl.String(), "site": pl.Int64()},
        )

    def site_bytes(self, site: pl.Expr) -> pl.Expr:
        """Ids, as 16 bytes, of a column of codes."""
        ids = pl.Series([UUID(s.site_id).bytes for s in self.sites], dtype=pl.Binary())
        return pl.lit(ids).gather(site)

    def ids_of(self, sites: pl.Series) -> list[str]:
        """Ids of some codes."""
        return [self.sites[number].site_id for number in sites]

    def as_names(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows with `site_id` (16 bytes) and `metric` (name) in place of codes."""
        names = pl.Series([m.name for m in self.metrics], dtype=pl.String())
        return rows.with_columns(
            site_id=self.site_bytes(pl.col("site")), metric=pl.lit(names).gather(pl.col("metric"))
        )

    def as_codes(self, stored: pl.DataFrame) -> pl.DataFrame:
        """Stored 5-minute rows as `snapshot.SNAPSHOTS`."""
        names = pl.DataFrame(
            list(self.codes.items()),
            schema={"metric": pl.String(), "code": pl.Int64()},
            orient="row",
        )
        coded = stored.join(self.site_codes, on="site_id").join(names, on="metric")
        micro = pl.col("sum", "min", "max", "last").to_physical()
        return (
            coded.with_columns(micro, metric=pl.col("code"))
            .select(SNAPSHOTS.names())
            .cast(SNAPSHOTS)
        )

    def has_column(self, table: str, column: str) -> bool:
        """Whether a table has a column."""
        return any(c.name == column for c in dictionary_table(table).all_columns)

    def with_neighbours(self, site_ids: Sequence[UUID]) -> list[UUID]:
        """Some sites and those that share a person or a device with them."""
        codes = [s.number for s in self.sites if UUID(s.site_id) in set(site_ids)]
        others = self.neighbours.filter(pl.col("site").is_in(codes))["other"]
        found = [UUID(site) for site in self.ids_of(others.unique())]
        return sorted({*site_ids, *found})

    def worker(self, database: Database) -> AbstractContextManager[psycopg.Connection]:
        """A transaction of the worker role."""
        return database.transaction(Role.WORKER, self.tenant_id)


def read_tenant(connection: psycopg.Connection, tenant_id: UUID, wall: datetime) -> Tenant | None:
    """What a refresh must know; None while the tenant has no data."""
    now = tenant_now(connection, tenant_id, wall)
    sites = store.sites(connection, tenant_id)
    if now is None or not sites:
        return None
    metrics = store.sync_registry(connection, tenant_id)
    tables = {m.source_table for m in metrics} | SOURCES.keys()
    return Tenant(
        tenant_id,
        now,
        store.keeps_all(connection, tenant_id),
        metrics,
        sites,
        frozenset(tiers.tables_with_rows(connection, tenant_id, sorted(tables))),
        tiers.holders(connection, tenant_id),
        tiers.watermarks(connection, tenant_id),
        tiers.events_a_day(connection, tenant_id),
    )


@dataclass(frozen=True, slots=True)
class Due:
    """Stretches to recompute of the sites of one zone, each `SPANS`, disjoint and sorted.

    Attributes:
        events: For what happened.
        levels: For levels.
        signals: For signal windows.
    """

    zone: str
    events: pl.DataFrame
    levels: pl.DataFrame
    signals: pl.DataFrame
    site_ids: list[UUID]

    @property
    def window(self) -> tuple[datetime, datetime]:
        """From the first start to the last end."""
        spans = pl.concat([self.events, self.levels, self.signals])
        return spans["from"].min(), spans["to"].max()  # type: ignore[return-value]

    def whole_days(self, spans: pl.DataFrame) -> pl.DataFrame:
        """Spans widened to whole local days."""
        return merged(widened(spans, self.zone))


@dataclass(frozen=True, slots=True)
class Work:
    """All that is due: by zone, and the marks that it settles."""

    zones: Sequence[Due]
    marks: pl.DataFrame
    tenant: Tenant

    @property
    def sites(self) -> set[UUID]:
        """Sites with anything due."""
        return {site for piece in self.zones for site in piece.site_ids}

    @property
    def window(self) -> tuple[datetime, datetime] | tuple[None, None]:
        """From the first start to the last end."""
        if not self.zones:
            return None, None
        windows = [zone.window for zone in self.zones]
        return min(w[0] for w in windows), max(w[1] for w in windows)

    def pieces(self) -> Iterator[Due]:
        """The work in pieces of some local days each, so that memory stays bounded."""
        days = int(_ROWS_A_PIECE / max(1.0, self.tenant.events_a_day))
        step = timedelta(days=min(_DAYS_A_PIECE, max(1, days)))
        for due_in_zone in self.zones:
            zone = due_in_zone.zone
            start, end = due_in_zone.window
            day = local_date_of(start, zone)
            while day_start(day, zone) < end:
                window = day_start(day, zone), day_start(day + step, zone)
                piece = _cut(due_in_zone, window, self.tenant)
                if piece is not None:
                    yield piece
                day += step


def due(
    connection: psycopg.Connection,
    tenant: Tenant,
    *,
    days: tuple[date, date] | None,
    full: bool,
) -> Work:
    """Find out what has to be recomputed.

    Args:
        connection: Of the worker role.
        tenant: Whose metrics.
        days: First and last UTC day to look at; everything when None.
        full: Those days whole, whatever is marked.
    """
    marks = tiers.dirty_slots(connection, tenant.tenant_id)
    window: tuple[datetime, datetime] | None = None
    if days is not None:
        window = _instant(days[0]), _instant(days[1]) + DAY
        marks = marks.filter(pl.col("slot") >= window[0], pl.col("slot") < window[1])
    elif full:
        window = tiers.data_range(connection, tenant.tenant_id, tenant.metrics)
    zones: dict[str, list[store.Site]] = {}
    for site in tenant.sites:
        zones.setdefault(site.zone, []).append(site)
    # Levels go on while nothing happens, up to now.
    known_to = _known_to(connection, tenant) if _reaches(days, tenant.now) else None
    low = window[0] if full and window else min(_instants(marks, known_to), default=None)
    tenant = replace(tenant, neighbours=_neighbours(connection, tenant, low))
    found = []
    for zone, sites in sorted(zones.items()):
        if full:
            spans = _everything(sites, zone, window, tenant) if window else None
        else:
            spans = _marked(connection, marks, sites, zone, tenant, known_to)
        if spans is not None:
            found.append(spans)
    return Work(found, marks, tenant)


def _reaches(days: tuple[date, date] | None, now: datetime) -> bool:
    return days is None or days[0] <= now.astimezone(UTC).date() <= days[1]


def _known_to(connection: psycopg.Connection, tenant: Tenant) -> datetime | None:
    """Up to when levels are known."""
    names = [m.name for m in tenant.metrics if m.is_level]
    return tiers.newest_slot(connection, tenant.tenant_id, names)


def _instants(marks: pl.DataFrame, known_to: datetime | None) -> list[datetime]:
    return [at for at in (marks["slot"].min(), known_to) if at is not None]  # type: ignore[misc]


def _neighbours(
    connection: psycopg.Connection, tenant: Tenant, low: datetime | None
) -> pl.DataFrame:
    """Sites whose levels depend on each other's rows from an instant on: `NEIGHBOURS`."""
    found = [pl.DataFrame(schema=NEIGHBOURS)]
    if low is None:
        return found[0]
    codes = tenant.site_codes
    others = codes.rename({"site_id": "other_id", "site": "other"})
    for table, column, reach in sorted(
        {
            (m.source_table, m.until.next, m.until.reach_s)
            for m in tenant.metrics
            if m.until and m.until.next and m.source_table in tenant.tables
        }
    ):
        window = (low - timedelta(seconds=reach), tenant.now + SLOT)
        pairs = moves.shared_sites(connection, tenant.tenant_id, table, column, window)
        coded = pairs.join(codes, on="site_id").join(others, on="other_id")
        found.append(coded.select(NEIGHBOURS.names()))
    return pl.concat(found).unique()


def _everything(
    sites: Sequence[store.Site], zone: str, window: tuple[datetime, datetime], tenant: Tenant
) -> Due:
    """Whole local days of every site."""
    spans = pl.DataFrame(
        [(site.number, window[0], window[1]) for site in sites], schema=SPANS, orient="row"
    )
    spans = widened(spans, zone)
    until_now = spans.with_columns(
        to=pl.max_horizontal("to", pl.lit(tenant.now).cast(INSTANT) + SLOT)
    )
    return _due(zone, spans, widened(until_now, zone), spans, tenant)


def _marked(
    connection: psycopg.Connection,
    marks: pl.DataFrame,
    sites: Sequence[store.Site],
    zone: str,
    tenant: Tenant,
    known_to: datetime | None,
) -> Due | None:
    """Stretches that follow from the marks of the sites of a zone."""
    numbers = [site.number for site in sites]
    slots = marks.join(tenant.site_codes, on="site_id").filter(pl.col("site").is_in(numbers))
    touched = slots.select("site", pl.col("slot").alias("from"), pl.col("slot").alias("to"))
    late = pl.col("to") + pl.duration(seconds=LOOK_BACK_S)
    unsettled = tiers.unsettled_signals(
        connection,
        tenant.tenant_id,
        tenant.ids_of(touched["site"].unique()),
        tenant.now - LATE_LIMIT,
    ).join(tenant.site_codes, on="site_id")
    waiting = unsettled.select("site", pl.col("slot").alias("from"), pl.col("slot").alias("to"))
    signals = in_hours(pl.concat([touched.with_columns(late), waiting]), zone)
    now = pl.lit(tenant.now).cast(INSTANT)
    since = _since(marks, numbers, tenant)
    if known_to is not None:
        every = pl.DataFrame(
            {"site": numbers, "from": known_to}, schema=dict(list(SPANS.items())[:2])
        )
        since = pl.concat([since, every]).group_by("site").agg(pl.col("from").min())
    standing = in_hours(since.filter(pl.col("from") <= now).with_columns(to=now), zone)
    happened = in_hours(touched, zone)
    if happened.is_empty() and standing.is_empty():
        return None
    return _due(
        zone,
        _kept_or_whole(happened, zone, tenant),
        _kept_or_whole(standing, zone, tenant),
        signals,
        tenant,
    )


def _since(marks: pl.DataFrame, numbers: Sequence[int], tenant: Tenant) -> pl.DataFrame:
    """From when on the levels of some sites are out of date, by their marks and their neighbours'."""
    touched = marks.join(tenant.site_codes, on="site_id").select(
        "site", pl.col("slot").alias("from")
    )
    first = touched.group_by("site").agg(pl.col("from").min())
    shared = first.join(tenant.neighbours, on="site").select(pl.col("other").alias("site"), "from")
    both = pl.concat([first, shared]).filter(pl.col("site").is_in(numbers))
    return both.group_by("site").agg(pl.col("from").min())


def _due(
    zone: str, events: pl.DataFrame, levels: pl.DataFrame, signals: pl.DataFrame, tenant: Tenant
) -> Due:
    sites = pl.concat([events, levels, signals])["site"].unique().sort()
    ids = [UUID(site) for site in tenant.ids_of(sites)]
    return Due(zone, merged(events), merged(levels), merged(signals), ids)


def _cut(whole: Due, window: tuple[datetime, datetime], tenant: Tenant) -> Due | None:
    """The part of what is due that lies in a window."""
    low, high = (pl.lit(edge).cast(INSTANT) for edge in window)

    def inside(spans: pl.DataFrame) -> pl.DataFrame:
        cut = spans.with_columns(pl.max_horizontal("from", low), pl.min_horizontal("to", high))
        return cut.select(SPANS.names()).filter(pl.col("from") < pl.col("to"))

    part = _due(
        *(whole.zone, inside(whole.events), inside(whole.levels), inside(whole.signals)), tenant
    )
    return part if part.site_ids else None


def in_hours(spans: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Spans widened to whole hours of the wall clock; the hour that holds `to` is included."""
    # Many marks share a slot: hours are looked up once for each.
    starts = spans.select(pl.col("from").unique()).with_columns(
        _first=hour_start(pl.col("from"), zone)
    )
    ends = spans.select(pl.col("to").unique()).with_columns(
        _last=hour_end(hour_start(pl.col("to"), zone), zone)
    )
    return (
        spans.join(starts, on="from")
        .join(ends, on="to")
        .select("site", pl.col("_first").alias("from"), pl.col("_last").alias("to"))
    )


def widened(spans: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Spans widened to whole local days of a zone."""
    if spans.is_empty():
        return spans
    last = pl.col("to") - pl.duration(microseconds=1)
    dated = spans.with_columns(_a=local_date(pl.col("from"), zone), _b=local_date(last, zone))
    days = set(dated["_a"]) | {day + DAY for day in dated["_b"]}
    starts = {day: day_start(day, zone) for day in days}
    return dated.with_columns(
        pl.col("_a").replace_strict(starts, return_dtype=INSTANT).alias("from"),
        (pl.col("_b") + DAY).replace_strict(starts, return_dtype=INSTANT).alias("to"),
    ).select(SPANS.names())


def _kept_or_whole(spans: pl.DataFrame, zone: str, tenant: Tenant) -> pl.DataFrame:
    """Spans, those widened to whole days whose neighbours are no longer kept."""
    if tenant.keeps_all or spans.is_empty():
        return spans
    kept = pl.col("from") >= first_whole_day(tenant.now - FIVE_MINUTES_FOR, zone)
    return pl.concat([spans.filter(kept), widened(spans.filter(~kept), zone)])


def merged(spans: pl.DataFrame) -> pl.DataFrame:
    """Spans of each site with those that touch made one, sorted."""
    ordered = spans.sort("site", "from", "to")
    before = pl.col("to").cum_max().shift(1).over("site")
    group = (pl.col("from") > before).fill_null(value=True).cum_sum().over("site")
    return (
        ordered.with_columns(_group=group)
        .group_by("site", "_group")
        .agg(pl.col("from").min(), pl.col("to").max())
        .sort("site", "from")
        .select(SPANS.names())
    )


def within(rows: pl.DataFrame, instant: str, spans: pl.DataFrame) -> pl.DataFrame:
    """Rows whose instant lies in a span of their site; spans of a site are disjoint."""
    edges = spans.select("site", pl.col("from").alias("_from"), pl.col("to").alias("_to"))
    at = pl.col(instant)
    return (
        rows.lazy()
        .join(edges.lazy(), on="site")
        .filter(at >= pl.col("_from"), at < pl.col("_to"))
        .drop("_from", "_to")
        .collect()
    )


def _instant(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
