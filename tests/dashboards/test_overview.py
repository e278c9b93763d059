"""What the Overview says of a company whose sites lie in several time zones."""

from __future__ import annotations

from datetime import date

import pytest

from dashboards.data import overview, source
from vigia.domain.identity import tenant_id
from vigia.store.connection import Database

ACME = tenant_id("acme")
COUNTS = ("tickets_opened", "tickets_resolved", "sla_breached", "fixes", "distance_m", "scans")
MORE = ("tours_missed", "alerts_raised", "no_shows")
MONDAY, TUESDAY = date(2026, 3, 30), date(2026, 3, 31)


@pytest.fixture
def days_of_sites(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Mumbai has begun its Tuesday, Chicago still has Monday."""
    with database.connect() as connection:
        counts = ", ".join(f"{name} integer DEFAULT 1" for name in (*COUNTS, *MORE))
        connection.execute(
            "CREATE TABLE marts.mart_site_day (site text, local_date date, is_today boolean,"
            f" tickets_open integer, {counts})"
        )
        connection.execute("GRANT SELECT ON marts.mart_site_day TO vigia_app")
        connection.cursor().executemany(
            "INSERT INTO marts.mart_site_day VALUES (%s, %s, %s, %s)",
            [
                ("chicago", MONDAY, True, 4),
                ("mumbai", MONDAY, False, 30),
                ("mumbai", TUESDAY, True, 43),
            ],
        )
    monkeypatch.setattr(source, "database", lambda: database)
    source.read.clear()
    return database


@pytest.mark.usefixtures("days_of_sites")
def test_tickets_of_a_site_whose_newest_day_has_not_begun_are_still_open() -> None:
    days = overview.days(ACME).rows_by_key("local_date", named=True, unique=True)
    assert days[MONDAY]["tickets_open"] == 34
    assert days[TUESDAY]["tickets_open"] == 47
    assert (days[MONDAY]["tickets_opened"], days[TUESDAY]["tickets_opened"]) == (2, 1)
