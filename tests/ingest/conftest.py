"""A database that events are sent to, with a company or without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.databases import copied
from tests.ingest import events
from vigia.ingest.batch import Report
from vigia.store.connection import Database

STORED = (
    *("gps_fix", "ingest_key", "ingest_event", "task", "site", "tenant_clock"),
    *("device_watermark", "outbox"),
)


@dataclass(frozen=True)
class Receiver:
    """Where events of tenant acme arrive, and what became of them."""

    database: Database

    def send(self, lines: list[bytes], **delivery: Any) -> Report:
        """Deliver events; see `tests.ingest.events.send`."""
        return events.send(self.database, lines, **delivery)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a query returns to a worker, who sees all tenants."""
        return events.rows(self.database, query, *values)

    def value(self, query: str, *values: Any) -> Any:
        """The one value a query returns."""
        return events.value(self.database, query, *values)

    def quarantined(self) -> dict[str, str]:
        """Source event id to reason code of open quarantined events."""
        return events.quarantined(self.database)

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """All that a delivery changes, in order."""
        found = {t: self.rows(f"SELECT * FROM ops.{t} ORDER BY {t}::text") for t in STORED}
        found["dirty_slot"] = self.rows("SELECT site_id, slot FROM ops.dirty_slot ORDER BY 1, 2")
        return found


@pytest.fixture(scope="session")
def company_template(template_database: Database) -> Iterator[Database]:
    """A database to copy, with tenant acme, sites S1 and S2, device D1 and person P1."""
    with copied(template_database) as template:
        events.add_company(template)
        yield template


@pytest.fixture
def company(company_template: Database) -> Iterator[Receiver]:
    """Tenant acme with sites S1 and S2, device D1 and person P1."""
    with copied(company_template) as database:
        yield Receiver(database)


@pytest.fixture
def newcomer(database: Database) -> Receiver:
    """Tenant acme without anything."""
    events.add_tenant(database)
    return Receiver(database)
