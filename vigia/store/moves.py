"""Who is seen at more than one site: a stay at one ends where the next begins.

SQL only. What that means for levels is decided in `vigia.worker.due`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import polars as pl

from vigia.domain.dictionary import Column, ColumnType
from vigia.domain.dictionary import table as dictionary_table
from vigia.store.frames import fetch

if TYPE_CHECKING:
    import psycopg

_PAIR = [Column("site_id", ColumnType.UUID, ""), Column("other_id", ColumnType.UUID, "")]


def shared_sites(
    connection: psycopg.Connection,
    tenant_id: UUID,
    table: str,
    column: str,
    window: tuple[datetime, datetime],
) -> pl.DataFrame:
    """Pairs of sites at which rows of a window name the same person or device.

    Args:
        connection: Of the worker role.
        tenant_id: Whose rows.
        table: A table of records.
        column: Its column with the person or device.
        window: First instant, and the first after it.

    Returns:
        Each pair in both directions: `site_id`, `other_id`.
    """
    time = dictionary_table(table).time
    return fetch(
        connection,
        f"WITH seen AS (SELECT DISTINCT {column}, site_id FROM ops.{table}"
        f" WHERE tenant_id = %(tenant)s AND {time} >= %(from)s AND {time} < %(to)s"
        f" AND site_id IS NOT NULL AND {column} IS NOT NULL)"
        " SELECT DISTINCT a.site_id, b.site_id AS other_id FROM seen a"
        f" JOIN seen b USING ({column}) WHERE a.site_id <> b.site_id",
        {"tenant": tenant_id, "from": window[0], "to": window[1]},
        _PAIR,
    )
