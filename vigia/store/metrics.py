"""Metrics in Postgres: the registry, and reading a metric at the right resolution.

SQL only. Recomputing and writing the tiers is `vigia.store.tiers`; what a metric is, and which
tier answers for which age, is said in `vigia.domain.metrics`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import polars as pl

from vigia.domain.dictionary import Column, ColumnType
from vigia.domain.dictionary import table as dictionary_table
from vigia.domain.metrics.builtin import BUILT_IN
from vigia.domain.metrics.registry import SAMPLE_TABLE, Metric, Until, imported_series
from vigia.domain.metrics.router import Resolution, Segment, route
from vigia.domain.windows import DAY, INSTANT, day_starts, local_date_of
from vigia.store.connection import Database, Role
from vigia.store.frames import fetch

if TYPE_CHECKING:
    import psycopg

_MOMENT = timedelta(microseconds=1)
_VALUES = ("n", "sum", "sum_sq", "min", "max", "last")
_SERIES = pl.Schema(
    {
        "slot": INSTANT,
        "n": pl.Int64(),
        "sum": pl.Decimal(24, 6),
        "sum_sq": pl.Float64(),
        **dict.fromkeys(("min", "max", "last"), pl.Decimal(24, 6)),
        "resolution": pl.String(),
    }
)
_READ = [
    Column("number", ColumnType.INTEGER, ""),
    *(dictionary_table("metric_5m").column(name) for name in ("slot", *_VALUES)),
]
_DEFINITION = (
    "name, title, source_table, unit, kind, family, value_column, at_column, until, row_filter,"
    " concern, imported"
)
_REDEFINED = """DO UPDATE SET (title, source_table, unit, kind, family, value_column, at_column,
    until, row_filter, concern) = (excluded.title, excluded.source_table, excluded.unit,
    excluded.kind, excluded.family, excluded.value_column, excluded.at_column, excluded.until,
    excluded.row_filter, excluded.concern)
    WHERE NOT metric.imported AND to_jsonb(metric) IS DISTINCT FROM to_jsonb(excluded)"""


@dataclass(frozen=True, slots=True)
class Site:
    """A site as metrics need it; `number` is its place in the list, used as a code."""

    number: int
    site_id: str
    zone: str


def sync_registry(connection: psycopg.Connection, tenant_id: UUID) -> list[Metric]:
    """Bring a tenant's registry up to date and read it.

    Built-in metrics get today's definition; series that were imported under a name without a
    row get one.

    Returns:
        All metrics of the tenant, by name.
    """
    _write_definitions(connection, tenant_id, BUILT_IN, _REDEFINED)
    new = connection.execute(
        f"SELECT DISTINCT metric FROM ops.{SAMPLE_TABLE} s WHERE tenant_id = %(tenant)s AND NOT"
        " EXISTS (SELECT FROM ops.metric m WHERE m.tenant_id = %(tenant)s AND m.name = s.metric)",
        {"tenant": tenant_id},
    ).fetchall()
    _write_definitions(
        connection, tenant_id, imported_series(sorted(name for (name,) in new)), "DO NOTHING"
    )
    rows = connection.execute(
        f"SELECT {_DEFINITION} FROM ops.metric WHERE tenant_id = %s ORDER BY name", [tenant_id]
    ).fetchall()
    return [_metric(row) for row in rows]


def _write_definitions(
    connection: psycopg.Connection, tenant_id: UUID, metrics: Sequence[Metric], on_conflict: str
) -> None:
    from psycopg.types.json import Jsonb

    if not metrics:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO ops.metric (tenant_id, {_DEFINITION}) VALUES"
            f" (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            f" ON CONFLICT (tenant_id, name) {on_conflict}",
            [
                (
                    *(tenant_id, m.name, m.title, m.source_table, m.unit, m.kind, m.family),
                    *(m.value_column, m.at_column, Jsonb(m.until.as_json()) if m.until else None),
                    *(Jsonb(dict(m.row_filter)), m.concern, m.imported),
                )
                for m in metrics
            ],
        )


def _metric(row: tuple[Any, ...]) -> Metric:
    name, title, source, unit, kind, family, value, at, until, row_filter, concern, imported = row
    span = Until.from_json(until) if until else None
    return Metric(
        *(name, title, source, unit, kind, family, value, at, span, row_filter or {}),
        *(concern, imported),
    )


def sites(connection: psycopg.Connection, tenant_id: UUID) -> list[Site]:
    """The tenant's sites; a site that names no zone has the tenant's."""
    rows = connection.execute(
        "SELECT s.site_id::text, coalesce(s.tz, t.default_tz) FROM ops.site s"
        " JOIN ops.tenant t USING (tenant_id) WHERE s.tenant_id = %s ORDER BY s.site_id",
        [tenant_id],
    ).fetchall()
    return [Site(number, *row) for number, row in enumerate(rows)]


def keeps_all(connection: psycopg.Connection, tenant_id: UUID) -> bool:
    """Whether the tenant keeps every tier for good."""
    row = connection.execute(
        "SELECT retention_profile FROM ops.tenant WHERE tenant_id = %s", [tenant_id]
    ).fetchone()
    return row is not None and row[0] == "keep_all"


def complete_until(
    connection: psycopg.Connection, tenant_id: UUID, site_id: UUID, since: datetime
) -> datetime | None:
    """The completeness watermark of a site.

    Args:
        connection: May see the tenant's rows.
        tenant_id: Whose site.
        site_id: The site.
        since: Devices that sent a heartbeat from the site since then count.

    Returns:
        The earliest instant up to which one of its devices has sent everything; None when none
        of them says.
    """
    row = connection.execute(
        "SELECT min(known) FROM (SELECT max(w.complete_until_at) AS known"
        " FROM ops.device_watermark w WHERE w.tenant_id = %(tenant)s AND w.device_id IN"
        " (SELECT device_id FROM ops.device_heartbeat WHERE tenant_id = %(tenant)s"
        "  AND site_id = %(site)s AND event_time >= %(since)s) GROUP BY w.device_id) d",
        {"tenant": tenant_id, "site": site_id, "since": since},
    ).fetchone()
    return row[0] if row else None


def query(
    database: Database,
    tenant_id: UUID,
    site_id: UUID,
    metric: str,
    from_: datetime,
    to: datetime,
    now: datetime,
) -> pl.DataFrame:
    """Read a metric of a site over a window, each age of it from the tier that is meant for it.

    Args:
        database: Holds the tiers.
        tenant_id: Whose site.
        site_id: The site.
        metric: Name in the registry.
        from_: Start of the window; the row that holds it is included.
        to: End of the window, exclusive.
        now: The tenant's now, which decides how old is old.

    Returns:
        Oldest first: `slot` (start of the row's window, UTC), `n`, `sum`, `sum_sq`, `min`, `max`,
        `last`, `resolution` (`1d`, `1h` or `5m`). Where a tier has nothing, a finer one answers.
        The mean is `sum / n`; windows without a value have no row.
    """
    with database.transaction(Role.APP, tenant_id) as connection:
        zone = _zone(connection, tenant_id, site_id)
        key = {"tenant": tenant_id, "site": site_id, "metric": metric}
        asked = dict(enumerate(route(from_, to, now, zone)))
        found: dict[int, pl.DataFrame] = {}
        while asked:
            found |= _answers(connection, key, asked, zone)
            asked = {n: finer for n, s in asked.items() if n not in found and (finer := s.finer())}
    return pl.concat([found[n] for n in sorted(found)]) if found else pl.DataFrame(schema=_SERIES)


def _answers(
    connection: psycopg.Connection, key: Mapping[str, Any], asked: dict[int, Segment], zone: str
) -> dict[int, pl.DataFrame]:
    """The rows of numbered segments, read in one go; segments without a row are left out."""
    parameters = dict(key)
    for number, segment in asked.items():
        is_day = segment.resolution is Resolution.DAY
        low, high = segment.from_, segment.to
        parameters[f"from{number}"] = local_date_of(low, zone) if is_day else low
        # A day belongs to the window when it starts before its end.
        last = local_date_of(high - _MOMENT, zone) + DAY if is_day else high
        parameters[f"to{number}"] = last
    selects = " UNION ALL ".join(_select(n, s.resolution) for n, s in asked.items())
    rows = fetch(connection, f"{selects} ORDER BY number, slot", parameters, _READ)
    return {
        number: _series(part, asked[number].resolution, zone)
        for (number,), part in rows.partition_by("number", as_dict=True).items()
    }


def _select(number: int, resolution: Resolution) -> str:
    is_day = resolution is Resolution.DAY
    start = "local_date" if is_day else "slot"
    # Which instant a local day begins is not Postgres's to say: days come as midnights of UTC.
    instant = f"{start}::timestamp AT TIME ZONE 'UTC'" if is_day else start
    return (
        f"SELECT {number} AS number, {instant} AS slot, {', '.join(_VALUES)}"
        f" FROM ops.{resolution.table} WHERE tenant_id = %(tenant)s AND site_id = %(site)s"
        f" AND metric = %(metric)s AND {start} >= %(from{number})s AND {start} < %(to{number})s"
    )


def _series(rows: pl.DataFrame, resolution: Resolution, zone: str) -> pl.DataFrame:
    if resolution is Resolution.DAY:
        starts = day_starts(rows["slot"].dt.date(), zone)
        rows = rows.with_columns(starts.alias("slot"))
    return rows.select("slot", *_VALUES, resolution=pl.lit(resolution.value))


def _zone(connection: psycopg.Connection, tenant_id: UUID, site_id: UUID) -> str:
    row = connection.execute(
        "SELECT coalesce(s.tz, t.default_tz) FROM ops.site s JOIN ops.tenant t USING (tenant_id)"
        " WHERE s.tenant_id = %s AND s.site_id = %s",
        [tenant_id, site_id],
    ).fetchone()
    return row[0] if row else "UTC"
