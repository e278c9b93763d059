"""Refusing to ingest into a server that may lose what it acknowledged.

Belongs here: the check of the settings that durability rests on. Does not belong here: setting
them; PostgreSQL's defaults are right, somebody must have turned them off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vigia.domain.errors import VigiaError

if TYPE_CHECKING:
    import psycopg

# `local` and the remote levels all flush this server's own disk before they acknowledge.
REQUIRED_ON = ("fsync", "full_page_writes", "synchronous_commit")


class UndurableServerError(VigiaError):
    """The database server acknowledges commits that a crash may lose."""


def refuse_undurable(connection: psycopg.Connection) -> None:
    """Raise when an acknowledged commit might not survive a crash of the server or the machine.

    Reads the settings as this connection sees them, so a value set for its role or its database
    counts as well.

    Raises:
        UndurableServerError: one of fsync, full_page_writes or synchronous_commit is off.
    """
    rows = connection.execute(
        "SELECT name FROM pg_catalog.pg_settings "
        "WHERE name = ANY(%s) AND setting = 'off' ORDER BY name",
        [list(REQUIRED_ON)],
    ).fetchall()
    if rows:
        names = " and ".join(str(row[0]) for row in rows)
        raise UndurableServerError(
            f"This database runs with {names} off: a crash would lose events that were already "
            f"acknowledged. Turn {names} on (postgresql.conf, or ALTER SYSTEM / ROLE / DATABASE … "
            "SET) and reload the server, then try again."
        )
