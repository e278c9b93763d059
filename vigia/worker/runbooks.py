"""Giving tenants the product's runbooks, when they are made and after the product changed.

Reading files belongs to `vigia.config.runbooks`, SQL to `vigia.store.runbooks`.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from vigia.config.runbooks import product_runbooks
from vigia.store.connection import Database, Role
from vigia.store.runbooks import Seeded, seed_runbooks


def seed(database: Database, tenant_id: UUID, *, now: datetime) -> Seeded:
    """Give a tenant the runbooks that the product ships; doing it again changes nothing.

    Args:
        database: Holds the tenant.
        tenant_id: Whose.
        now: The wall clock, for the books.

    Raises:
        RunbookError: A shipped runbook cannot be relied on.
    """
    runbooks = product_runbooks()
    with database.transaction(Role.WORKER) as connection:
        return seed_runbooks(connection, tenant_id, runbooks, now)
