"""SQL of data quality: the catalogue, samples of rows, references that lead nowhere, verdicts.

What is judged, and how, belongs to `vigia.quality`; what to examine when, to `vigia.worker.quality`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import polars as pl

from vigia.domain.dictionary import Column, ColumnType, Kind, Table
from vigia.store.frames import fetch

if TYPE_CHECKING:
    import psycopg

_NAMES = {
    "timestamp with time zone": "timestamptz",
    "time without time zone": "time",
}
_SUMS = ("n", "sum", "min", "max")
_ZONE = (
    "LEFT JOIN (SELECT site_id, coalesce(s.tz, t.default_tz) AS tz FROM ops.site s"
    " JOIN ops.tenant t USING (tenant_id) WHERE t.tenant_id = %(tenant)s) z USING (site_id)"
)
_ADDED_UP = (
    "SELECT sum(m.n)::bigint, sum(m.sum), min(m.min), max(m.max) FROM ops.{finer} m"
    " WHERE m.tenant_id = %(tenant)s AND m.site_id = r.site_id AND m.metric = r.metric"
)
_FINER = {
    # Of an hour of the wall clock: the hour that comes twice is two, an hour cut by half is one.
    "metric_1h": _ADDED_UP.format(finer="metric_5m")
    + " AND m.slot >= r.slot AND m.slot < r.slot + interval '1 hour'"
    " AND date_trunc('hour', m.slot AT TIME ZONE z.tz)"
    " = date_trunc('hour', r.slot AT TIME ZONE z.tz)",
    # No zone is further than 14 hours ahead or 12 behind.
    "metric_1d": _ADDED_UP.format(finer="metric_1h")
    + " AND m.slot >= r.local_date::timestamp AT TIME ZONE 'UTC' - interval '14 hours'"
    " AND m.slot < r.local_date::timestamp AT TIME ZONE 'UTC' + interval '36 hours'"
    " AND (m.slot AT TIME ZONE z.tz)::date = r.local_date",
}
"""What the rows of the tier below add up to, for a row `r` of a rollup of a site in zone `z.tz`."""


def catalogue_columns(connection: psycopg.Connection) -> dict[str, dict[str, tuple[str, bool]]]:
    """Columns of every table of schema `ops`: table to column to (type, may not be null)."""
    rows = connection.execute(
        "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull"
        " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " WHERE c.relnamespace = 'ops'::regnamespace AND c.relkind IN ('r', 'p')"
        " AND a.attnum > 0 AND NOT a.attisdropped AND NOT c.relispartition"
        " ORDER BY c.relname, a.attnum"
    )
    found: dict[str, dict[str, tuple[str, bool]]] = {}
    for table, column, kind, required in rows:
        found.setdefault(table, {})[column] = (_NAMES.get(str(kind), str(kind)), bool(required))
    return found


def catalogue_checks(connection: psycopg.Connection) -> dict[str, dict[str, str]]:
    """Validated CHECK constraints of schema `ops`: table to constraint to definition."""
    rows = connection.execute(
        "SELECT c.relname, k.conname, pg_get_constraintdef(k.oid)"
        " FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid"
        " WHERE c.relnamespace = 'ops'::regnamespace AND k.contype = 'c' AND k.convalidated"
    )
    found: dict[str, dict[str, str]] = {}
    for table, name, definition in rows:
        found.setdefault(table, {})[name] = definition
    return found


def tenant_ids(connection: psycopg.Connection) -> list[UUID]:
    """Every tenant, in the order of their names."""
    return [row[0] for row in connection.execute("SELECT tenant_id FROM ops.tenant ORDER BY slug")]


def time_column(table: Table) -> Column | None:
    """The column that says which day a row belongs to; None when no column does."""
    names = (table.time, "slot", "local_date", "state_time")
    known = {column.name: column for column in table.all_columns}
    return next((known[name] for name in names if name in known), None)


def newest_day(connection: psycopg.Connection, tenant: UUID, table: Table) -> date | None:
    """The UTC day of a tenant's newest row; None when there is none."""
    column = _time(table)
    newest = f"max({column.name})"
    # The greatest of an index, so the day is taken of it and not of every row.
    day = newest if column.type is ColumnType.DATE else f"({newest} AT TIME ZONE 'UTC')"
    row = connection.execute(
        f"SELECT {day}::date FROM ops.{table.name} WHERE tenant_id = %s", [tenant]
    ).fetchone()
    return row[0] if row else None


def rows_per_day(
    connection: psycopg.Connection, tenant: UUID, table: Table, first: date, last: date
) -> dict[date, int]:
    """Rows of each UTC day that has any, both ends included."""
    column = _time(table)
    day = column.name if column.type is ColumnType.DATE else f"({column.name} AT TIME ZONE 'UTC')"
    rows = connection.execute(
        f"SELECT {day}::date, count(*) FROM ops.{table.name}"
        f" WHERE tenant_id = %(tenant)s AND {_within(column)} GROUP BY 1",
        _window(tenant, column, first, last),
    )
    return dict(rows.fetchall())


def sample_rows(
    connection: psycopg.Connection, tenant: UUID, table: Table, days: tuple[date, date], every: int
) -> pl.DataFrame:
    """One row in `every` of a tenant's rows of some UTC days, the same ones each time.

    Rows of a rollup carry what the rows of the tier below add up to, as `finer__<column>`, null
    where those are gone.
    """
    column = _time(table)
    columns = list(table.all_columns)
    key = " || ".join(f"r.{name}::text" for name in (table.key or ("tenant_id",)))
    rows = (
        f"SELECT {', '.join(f'r.{c.name}' for c in columns)} FROM ops.{table.name} r"
        f" WHERE r.tenant_id = %(tenant)s AND {_within(column, 'r.')}"
        f" AND abs(hashtext({key})::bigint) %% %(every)s = 0"
    )
    if table.name in _FINER:
        rows = f"SELECT r.*, f.* FROM ({rows}) r {_ZONE} LEFT JOIN LATERAL ({_FINER[table.name]}) f"
        rows += " ON true"
        columns += [Column(f"finer__{n}", table.column(n).type, "") for n in _SUMS]
    return fetch(connection, rows, {**_window(tenant, column, *days), "every": every}, columns)


def orphans(
    connection: psycopg.Connection, tenant: UUID, table: Table, first: date, last: date
) -> dict[str, int]:
    """Rows of some UTC days whose reference leads nowhere: column to count, no zeros.

    The database itself holds only the references of state tables.
    """
    if table.kind is not Kind.RECORD:
        return {}
    column = _time(table)
    references = [c for c in table.columns if c.references]
    if not references:
        return {}
    names = [c.name for c in references]
    lost = [
        f"sum(often) FILTER (WHERE {c.name} IS NOT NULL AND NOT EXISTS (SELECT FROM"
        f" ops.{c.references} o WHERE o.tenant_id = %(tenant)s AND o.{_key_of(c)} = r.{c.name}))"
        for c in references
    ]
    # Many rows refer to few things: each thing is looked for once.
    row = connection.execute(
        f"SELECT {', '.join(lost)} FROM (SELECT {', '.join(names)}, count(*) AS often"
        f" FROM ops.{table.name} WHERE tenant_id = %(tenant)s AND {_within(column)}"
        f" GROUP BY GROUPING SETS ({', '.join(f'({name})' for name in names)})) r",
        _window(tenant, column, first, last),
    ).fetchone()
    return {name: int(n) for name, n in zip(names, row or (), strict=True) if n}


def repeated_numbers(
    connection: psycopg.Connection, tenant: UUID, table: Table, first: date, last: date
) -> int:
    """Rows of some UTC days beyond the first that a device gave one of its numbers to.

    They are kept as they came: a device that counts wrongly is evidence, and is flagged.
    """
    column = _time(table)
    row = connection.execute(
        "SELECT coalesce(sum(often - 1), 0)::bigint FROM (SELECT count(*) AS often"
        f" FROM ops.{table.name} WHERE tenant_id = %(tenant)s AND {_within(column)}"
        " AND seq IS NOT NULL GROUP BY device_id, boot_id, seq HAVING count(*) > 1) numbers",
        _window(tenant, column, first, last),
    ).fetchone()
    return int(row[0]) if row else 0


def save_verdicts(connection: psycopg.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Keep verdicts: columns of `ops.quality_result`; a later one of a day replaces the earlier."""
    from psycopg.types.json import Jsonb

    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO ops.quality_result (tenant_id, table_name, check_name, day, from_date,"
            " passed, examined_count, failed_count, sample, ran_at) VALUES (%(tenant_id)s,"
            " %(table_name)s, %(check_name)s, %(day)s, %(from_date)s, %(passed)s,"
            " %(examined_count)s, %(failed_count)s, %(sample)s, %(ran_at)s)"
            " ON CONFLICT (tenant_id, table_name, check_name, day) DO UPDATE SET"
            " from_date = excluded.from_date, passed = excluded.passed,"
            " examined_count = excluded.examined_count, failed_count = excluded.failed_count,"
            " sample = excluded.sample, ran_at = excluded.ran_at",
            [{**row, "sample": Jsonb(list(row["sample"]))} for row in rows],
        )


def _time(table: Table) -> Column:
    column = time_column(table)
    if column is None:
        raise ValueError(f"ops.{table.name} has no column that says which day a row belongs to")
    return column


def _within(column: Column, prefix: str = "") -> str:
    return f"{prefix}{column.name} >= %(from)s AND {prefix}{column.name} < %(to)s"


def _window(tenant: UUID, column: Column, first: date, last: date) -> dict[str, Any]:
    end = last + timedelta(days=1)
    if column.type is ColumnType.DATE:
        return {"tenant": tenant, "from": first, "to": end}
    return {
        "tenant": tenant,
        "from": datetime.combine(first, time(), UTC),
        "to": datetime.combine(end, time(), UTC),
    }


def _key_of(column: Column) -> str:
    from vigia.domain.dictionary import TABLES

    return TABLES[str(column.references)].key[0]
