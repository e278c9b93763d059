"""Anomalies in Postgres: written for a window of time, read for pages and rules.

What is one is computed in `vigia.domain.anomalies`; when, in `vigia.worker.baselines`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import polars as pl

from vigia.domain.dictionary import ColumnType
from vigia.domain.dictionary import table as dictionary_table
from vigia.domain.findings.anomalies import KNOWN_AFTER, LEFT, TELLING
from vigia.domain.identity import name_uuid
from vigia.domain.windows import SLOT
from vigia.store.baselines import insert
from vigia.store.frames import fetch
from vigia.store.tiers import stage

if TYPE_CHECKING:
    import psycopg


def replace_anomalies(
    connection: psycopg.Connection, tenant_id: UUID, rows: pl.DataFrame, spans: pl.DataFrame
) -> None:
    """Put the anomalies of some stretches of time in place of all old ones.

    Args:
        connection: Of the worker role, inside a transaction.
        tenant_id: Whose.
        rows: Columns of `ops.anomaly` but for the id.
        spans: `site_id`, `from`, `to`: first slot and the one after the last that was judged.
    """
    types = [ColumnType.UUID, ColumnType.TIMESTAMP, ColumnType.TIMESTAMP]
    staged = spans.select("site_id", from_at="from", to_at="to")
    stage(connection, "judged", staged, types)
    connection.execute(
        "DELETE FROM ops.anomaly a USING pg_temp.judged j WHERE a.tenant_id = %s"
        " AND a.site_id = j.site_id AND a.slot >= j.from_at AND a.slot < j.to_at",
        [tenant_id],
    )
    insert(connection, tenant_id, "anomaly", rows.with_columns(_ids(tenant_id, rows)))


def read_anomalies(
    connection: psycopg.Connection,
    tenant_id: UUID,
    window: tuple[datetime, datetime],
    *,
    raising_only: bool = False,
) -> pl.DataFrame:
    """Anomalies of the slots of a window, end exclusive: rows of `ops.anomaly`."""
    columns = dictionary_table("anomaly").columns
    return fetch(
        connection,
        f"SELECT {', '.join(c.name for c in columns)} FROM ops.anomaly"
        " WHERE tenant_id = %(tenant)s AND slot >= %(from)s AND slot < %(to)s"
        " AND (raises OR NOT %(raising)s) ORDER BY slot, site_id, metric",
        {"tenant": tenant_id, "from": window[0], "to": window[1], "raising": raising_only},
        columns,
    )


def read_left(
    connection: psycopg.Connection, tenant_id: UUID, first: datetime, last: datetime
) -> pl.DataFrame:
    """What the rules on anomalies look at between two instants: `findings.anomalies.LEFT`."""
    window = (first - KNOWN_AFTER - TELLING.of_slots * SLOT, last)
    rows = read_anomalies(connection, tenant_id, window, raising_only=True)
    return rows.select(*LEFT).cast(LEFT)


def _ids(tenant_id: UUID, rows: pl.DataFrame) -> pl.Series:
    keys = rows.select("site_id", "metric", pl.col("slot").dt.to_string("iso:strict"))
    named = [name_uuid("anomaly", tenant_id.hex, *key).bytes for key in keys.iter_rows()]
    return pl.Series("anomaly_id", named, pl.Binary)
