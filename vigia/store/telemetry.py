"""Reading recorded telemetry: one answer, wherever the rows lie.

The one reader that unites the hot table and the lake. Writing the lake belongs to
`vigia.worker.archive`; what the rows mean belongs to `vigia.domain`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import polars as pl

from vigia.domain.dictionary import Column, Kind, Table
from vigia.domain.dictionary import table as dictionary_table
from vigia.store.connection import Database, Role
from vigia.store.frames import fetch
from vigia.store.lake import Lake, verified_paths

if TYPE_CHECKING:
    import psycopg


def read(  # noqa: PLR0913 - a window, a place and two choices are what a reader asks with
    database: Database,
    lake: Lake | None,
    tenant_id: UUID,
    table: str,
    from_: datetime,
    to: datetime,
    *,
    columns: Sequence[str] | None = None,
    site_ids: Sequence[UUID] | None = None,
) -> pl.DataFrame:
    """Read a tenant's rows of a window, each once.

    Args:
        database: Holds the hot rows and the lake's manifest.
        lake: The archive; None reads the hot table alone.
        tenant_id: Whose rows.
        table: A record table of the dictionary, or another one with a time column.
        from_: Start of the window, inclusive.
        to: End of the window, exclusive.
        columns: Columns wanted, in this order; all but `tenant_id` when None.
        site_ids: Sites wanted; rows of every site and of none when None.

    Returns:
        One row per record, in no order; ids are strings, times UTC in microseconds.

    Raises:
        KeyError: The dictionary has no such table or column.
        ValueError: The table has no time column, or an instant has no zone.
    """
    spec = dictionary_table(table)
    if spec.time is None:
        raise ValueError(f"ops.{table} has no time column, so no window of it can be read")
    if from_.tzinfo is None or to.tzinfo is None:
        raise ValueError("a window needs instants with a zone, such as 2016-02-29T00:00Z")
    window = (from_.astimezone(UTC), to.astimezone(UTC))
    wanted = _columns(spec, columns)
    # Keys ride along: they tell rows that lie in both places.
    carried = [*wanted, *(spec.column(k) for k in spec.key if k not in {c.name for c in wanted})]
    with database.transaction(Role.APP, tenant_id) as connection:
        # Hot rows first: what retention deletes meanwhile is in the manifest by then.
        hot = _read_hot(connection, spec, carried, window, site_ids)
        paths = _lake_paths(connection, lake, tenant_id, spec, window)
    names = [column.name for column in wanted]
    if lake is None or not paths:
        return hot.select(names)
    cold = _read_lake(lake.scan(spec, paths), spec, carried, window, site_ids)
    if not hot.is_empty():
        cold = cold.join(hot.lazy().select(spec.key), on=list(spec.key), how="anti")
    return pl.concat([hot.lazy().select(names), cold.select(names)]).collect(engine="streaming")


def _columns(table: Table, names: Sequence[str] | None) -> list[Column]:
    if names is None:
        return [c for c in table.all_columns if c.name != "tenant_id"]
    return [table.column(name) for name in names]


def _lake_paths(
    connection: psycopg.Connection,
    lake: Lake | None,
    tenant_id: UUID,
    table: Table,
    window: tuple[datetime, datetime],
) -> list[str]:
    if lake is None or table.kind is not Kind.RECORD or window[0] >= window[1]:
        return []
    first = window[0].date()
    last = (window[1] - timedelta(microseconds=1)).date()
    return verified_paths(connection, tenant_id, table.name, first, last)


def _read_hot(
    connection: psycopg.Connection,
    table: Table,
    columns: Sequence[Column],
    window: tuple[datetime, datetime],
    site_ids: Sequence[UUID] | None,
) -> pl.DataFrame:
    names = ", ".join(column.name for column in columns)
    sites = "" if site_ids is None else " AND site_id = ANY(%(sites)s)"
    return fetch(
        connection,
        f"SELECT {names} FROM ops.{table.name}"
        f" WHERE {table.time} >= %(from)s AND {table.time} < %(to)s{sites}",
        {"from": window[0], "to": window[1], "sites": list(site_ids or ())},
        columns,
    )


def _read_lake(
    rows: pl.LazyFrame,
    table: Table,
    columns: Sequence[Column],
    window: tuple[datetime, datetime],
    site_ids: Sequence[UUID] | None,
) -> pl.LazyFrame:
    time = pl.col(str(table.time))
    kept = rows.filter(time >= window[0], time < window[1])
    if site_ids is not None:
        kept = kept.filter(pl.col("site_id").is_in([str(site) for site in site_ids]))
    return kept.select(column.name for column in columns)
