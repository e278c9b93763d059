"""What the query planner knows: refreshed after bulk writes, which outrun autovacuum.

A join planned for tables that were empty a moment ago has been seen to run for hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from vigia.domain.dictionary import TABLES

if TYPE_CHECKING:
    import psycopg

BULK_ROWS = 1_000
"""Writes smaller than this leave plans as good as they were."""


def refresh_statistics(connection: psycopg.Connection, written: Mapping[str, int]) -> None:
    """Look anew at the tables that a bulk write has changed.

    Tables stored by day are left out: looking at one means looking at all of its days, and their
    readers ask for a few days by an index.

    Args:
        connection: Of the app or the worker role.
        written: Table of the dictionary to rows written.
    """
    changed = sorted(
        name for name, rows in written.items() if rows >= BULK_ROWS and not TABLES[name].partitioned
    )
    if changed:
        connection.execute("SELECT ops.refresh_statistics(%s)", [changed])
