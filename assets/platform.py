"""What asset bodies are given: the database, the lake, the home folder, the time.

A plain object, so that tests pass one of their own. Where its parts come from belongs to
`orchestration.resources`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from vigia.store import quality
from vigia.store.connection import Database, Role
from vigia.store.lake import Lake


@dataclass(frozen=True, slots=True)
class Platform:
    """The installation that a run works on.

    Attributes:
        database: The operational database, migrated.
        lake: The archive of days that can no longer change.
        home: VIGIA_HOME, for files that tools leave.
        clock: The wall clock; what it says is an argument of every duty.
    """

    database: Database
    lake: Lake
    home: Path
    clock: Callable[[], datetime]

    def tenants(self) -> list[UUID]:
        """Every tenant, in the order of their names."""
        with self.database.transaction(Role.WORKER) as connection:
            return quality.tenant_ids(connection)
