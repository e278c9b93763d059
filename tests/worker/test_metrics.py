"""Refreshing metrics on a real database, from events that came in through the real ingest."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.worker.guarded import (
    DERIVED,
    END,
    SITES,
    START,
    TENANT,
    add_company,
    batches,
    event,
    forget,
    late_and_doubled,
    offer,
    refresh,
    stream,
    tables,
)
from vigia.domain.geo import distance_mm
from vigia.store import tiers
from vigia.store.connection import Database, Role
from vigia.store.tenants import create_tenant
from vigia.worker import due, metrics
from vigia.worker.metrics import Summary


@pytest.fixture
def company(database: Database) -> Database:
    return add_company(database)


@pytest.mark.parametrize(
    ("sites", "count", "seeds"),
    [(4, 500, 2), pytest.param(SITES, 3000, 10, marks=pytest.mark.slow)],
)
def test_shuffled_doubled_and_late_streams_end_in_equal_tables(
    company: Database, sites: int, count: int, seeds: int
) -> None:
    """R-05: whatever the order of arrival, and however often metrics were refreshed meanwhile."""
    events = stream(1, count, sites=sites)
    offer(company, events)
    refresh(company)
    expected = tables(company)
    assert all(expected.values())
    for seed in range(seeds):
        forget(company)
        for batch in batches(late_and_doubled(events, seed), 2):
            offer(company, batch)
            refresh(company)
        got = tables(company)
        for table in DERIVED:
            assert got[table] == expected[table], table
    refresh(company, full=True)
    assert tables(company) == expected


def test_a_refresh_without_marks_changes_nothing(company: Database) -> None:
    offer(company, stream(3, 60, sites=2))
    assert refresh(company).marks > 0
    before = tables(company)
    again = refresh(company)
    assert again.marks == 0
    assert tables(company) == before


def test_a_mark_made_during_a_refresh_survives_it(company: Database) -> None:
    offer(company, stream(3, 20, sites=2))
    with company.transaction(Role.WORKER, TENANT) as connection:
        seen = tiers.dirty_slots(connection, TENANT)
    offer(company, stream(4, 1, sites=1))
    with company.transaction(Role.WORKER, TENANT) as connection:
        connection.execute(
            "UPDATE ops.dirty_slot SET generation = generation + 1 WHERE slot = %s"
            " AND site_id = %s",
            [seen["slot"][0], seen["site_id"][0]],
        )
        tiers.clear_marks(connection, TENANT, seen)
        left = tiers.dirty_slots(connection, TENANT)
    assert (seen["slot"][0], seen["site_id"][0]) in left.select("slot", "site_id").rows()
    assert left.height < seen.height


def test_pieces_recomputed_together_give_what_one_after_the_other_gives(
    company: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(company, stream(8, 150, sites=4))
    monkeypatch.setattr(metrics, "_AT_ONCE", 1)
    refresh(company)
    expected = tables(company)
    assert all(expected.values())
    forget(company)
    offer(company, stream(8, 150, sites=4))
    # Every local day of every zone by itself, six at a time.
    monkeypatch.setattr(metrics, "_AT_ONCE", 6)
    monkeypatch.setattr(due, "_ROWS_A_PIECE", 1)
    refresh(company, full=True)
    assert tables(company) == expected


def test_a_piece_that_fails_leaves_all_marks_for_the_next_refresh(
    company: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(company, stream(8, 40, sites=2))
    with company.transaction(Role.WORKER, TENANT) as connection:
        before = tiers.dirty_slots(connection, TENANT)

    def fail(*_: object) -> int:
        raise RuntimeError("on purpose")

    with monkeypatch.context() as patch:
        patch.setattr(tiers, "replace_signals", fail)
        with pytest.raises(RuntimeError, match="on purpose"):
            refresh(company)
    with company.transaction(Role.WORKER, TENANT) as connection:
        assert tiers.dirty_slots(connection, TENANT).height == before.height
    assert refresh(company).marks == before.height


def test_the_number_of_open_tickets_equals_counting_them(company: Database) -> None:
    events = stream(5, 300, sites=2)
    offer(company, events)
    refresh(company)
    opened, closed = {}, {}
    for each in events:
        if each["type"].startswith("vigia.ticket"):
            store = opened if "created" in each["type"] else closed
            store[each["data"]["ticket_id"]] = (
                each["subject"],
                datetime.fromisoformat(each["time"]),
            )
    with company.transaction(Role.APP, TENANT) as connection:
        rows = connection.execute(
            "SELECT s.code, m.slot, m.sum FROM ops.metric_5m m JOIN ops.site s USING (site_id)"
            " WHERE metric = 'tickets_open'"
        ).fetchall()
    assert len(rows) > 500
    for site, slot, height in rows:
        standing = [
            t for t, (where, at) in opened.items()
            if where == site and at <= slot and (t not in closed or slot < closed[t][1])
        ]  # fmt: skip
        assert height == len(standing), (site, slot)


def test_levels_go_on_while_nothing_happens(company: Database) -> None:
    """An hour later the ticket is still open, though its site sent nothing."""
    opened = event(
        "ticket.created", 1, START, 0, ticket_id="T", number="T", opened_at=START.isoformat()
    )
    offer(company, [opened])
    refresh(company)
    later = START + timedelta(hours=1)
    offer(
        company,
        [event("access_event.recorded", 1, later, 1, event_time=later.isoformat(), kind="granted")],
    )
    refresh(company)
    with company.transaction(Role.APP, TENANT) as connection:
        rows = connection.execute(
            "SELECT slot FROM ops.metric_5m WHERE metric = 'tickets_open' ORDER BY slot"
        ).fetchall()
    assert [slot for (slot,) in rows] == [START + i * timedelta(minutes=5) for i in range(13)]


def test_a_standard_tenant_writes_each_tier_only_as_far_back_as_it_is_kept(
    company: Database,
) -> None:
    with company.transaction(Role.WORKER) as connection:
        connection.execute("UPDATE ops.tenant SET retention_profile = 'standard'")
    doors = [
        event("access_event.recorded", days, END - timedelta(days=days), 3, kind="granted",
              event_time=(END - timedelta(days=days)).isoformat())
        for days in (0, 3, 20, 200, 1000)
    ]  # fmt: skip
    offer(company, doors)
    refresh(company)
    with company.transaction(Role.APP, TENANT) as connection:
        counts = [
            connection.execute(
                f"SELECT count(*) FROM ops.metric_{tier} WHERE metric = 'access_events'"
            ).fetchone()
            for tier in ("5m", "1h", "1d")
        ]
    assert counts == [(2,), (3,), (4,)]


def test_a_day_whose_5_minute_rows_are_gone_is_recomputed_whole(company: Database) -> None:
    """Rolling up only the dirty hour of such a day would forget its other hours."""
    with company.transaction(Role.WORKER) as connection:
        connection.execute("UPDATE ops.tenant SET retention_profile = 'standard'")
    old = END - timedelta(days=30)
    times = [old, old + timedelta(hours=4), END]
    doors = [
        event("access_event.recorded", n, at, 3, event_time=at.isoformat(), kind="granted")
        for n, at in enumerate(times)
    ]
    offer(company, [doors[0], doors[2]])
    refresh(company)
    offer(company, [doors[1]])
    refresh(company)
    with company.transaction(Role.APP, TENANT) as connection:
        total = connection.execute(
            "SELECT n FROM ops.metric_1d WHERE metric = 'access_events' ORDER BY local_date LIMIT 1"
        ).fetchone()
    assert total == (2,)


def test_way_and_wait_of_a_person_equal_a_walk_through_the_positions(company: Database) -> None:
    events = [e for e in stream(6, 1200, sites=2) if "gps_fix" in e["type"]]
    offer(company, late_and_doubled(events, 1))
    refresh(company)
    expected: dict[tuple[str, datetime], list[int]] = {}
    for site in ("S0", "S1"):
        before = None
        fixes = [
            e["data"] for e in events if e["subject"] == site and e["data"]["accuracy_m"] <= 100
        ]
        for fix in sorted(fixes, key=lambda f: f["fix_time"]):
            at = datetime.fromisoformat(fix["fix_time"])
            slot = at.replace(minute=at.minute // 5 * 5, second=0, microsecond=0)
            entry = expected.setdefault((site, slot), [0, 0])
            wait = (at - before[0]).total_seconds() if before else 3600
            if before and wait <= 3600:
                entry[0] += distance_mm(before[1]["lat"], before[1]["lon"], fix["lat"], fix["lon"])
            entry[1] = max(entry[1], int(min(wait, 3600)))
            before = (at, fix)
    with company.transaction(Role.APP, TENANT) as connection:
        rows = connection.execute(
            "SELECT s.code, w.slot, w.distance_m, w.max_gap_s FROM ops.signal_window w"
            " JOIN ops.site s USING (site_id) WHERE g_valid > 0"
        ).fetchall()
    assert {(s, at): [round(m * 1000), gap] for s, at, m, gap in rows} == expected


def test_a_tenant_without_events_is_refreshed_to_nothing(database: Database) -> None:
    create_tenant(database, "acme", clock_mode="data")
    assert refresh(database) == Summary()


def test_days_limit_what_is_recomputed(company: Database) -> None:
    offer(company, stream(7, 200, sites=2))
    first = date(2026, 3, 29)
    refresh(company, days=(first, first))
    with company.transaction(Role.WORKER, TENANT) as connection:
        left = tiers.dirty_slots(connection, TENANT)
    assert left.height > 0
    assert first not in set(left["slot"].dt.date())


def test_200_random_numbers_can_be_recomputed_from_the_events(company: Database) -> None:
    """Any number that a page shows traces back to raw events, by code that shares nothing."""
    events = stream(2, 2500)
    offer(company, events)
    refresh(company)
    rng = random.Random(2)
    with company.transaction(Role.APP, TENANT) as connection:
        zones = dict(connection.execute("SELECT site_id, tz FROM ops.site").fetchall())
        codes = dict(connection.execute("SELECT site_id, code FROM ops.site").fetchall())
        rows = [
            (tier, *row)
            for tier, at in (("5m", "slot"), ("1h", "slot"), ("1d", "local_date"))
            for row in connection.execute(
                f"SELECT site_id, metric, {at}, n, sum, min, max, last FROM ops.metric_{tier}"
                f" WHERE metric NOT IN (SELECT name FROM ops.metric WHERE until IS NOT NULL)"
                f" ORDER BY site_id, metric, {at}"
            ).fetchall()
        ]
    values = values_by_hand(events)
    for tier, site, metric, start, *numbers in rng.sample(rows, 200):
        within = [
            (at, value)
            for at, value in values[codes[site], metric]
            if is_within(at, tier, start, zones[site])
        ]
        amounts = [value for _, value in within]
        expected = [len(within), sum(amounts), min(amounts), max(amounts), max(within)[1]]
        assert [float(x) for x in numbers] == pytest.approx(expected, abs=1e-9), (
            tier,
            metric,
            start,
        )


def values_by_hand(  # noqa: C901 - one branch a kind of event
    events: Sequence[dict],
) -> dict[tuple[str, str], list[tuple[datetime, float]]]:
    """(site, metric) to instants and values, straight from the events."""
    values: dict[tuple[str, str], list[tuple[datetime, float]]] = defaultdict(list)
    for each in events:
        data, at = each["data"], datetime.fromisoformat(each["time"])
        thing = each["type"].split(".")[1]
        found: dict[str, float] = {}
        if thing == "gps_fix":
            found["position_accuracy_m"] = data["accuracy_m"]
            if data["accuracy_m"] <= 100:
                found["location_updates"] = 1
        elif thing == "device_heartbeat":
            found = {"heartbeats": 1, "battery_pct": data["battery_pct"]}
        elif thing == "phone_event":
            found = {"phone_events": 1}
            if data["kind"] == "interaction":
                found["phone_interactions"] = 1
        elif thing == "checkpoint_scan":
            found = {"tour_checkpoints": 1, "scans_doubtful": 1}
        elif thing == "access_event":
            found = {"access_events": 1} | (
                {"access_denied": 1} if data["kind"] == "denied" else {}
            )
        elif thing == "metric_sample":
            found = {data["metric"]: data["value"]}
        elif each["type"].endswith("created.v1"):
            found = {"tickets_opened": 1}
        else:
            found = {"tickets_resolved": 1}
        for name, value in found.items():
            values[each["subject"], name].append((at, value))
    # A heartbeat also starts a silence: levels are checked by a test of their own.
    return values


def is_within(at: datetime, tier: str, start: Any, zone: str) -> bool:
    slot = at.replace(minute=at.minute // 5 * 5, second=0, microsecond=0)
    if tier == "1d":
        return slot.astimezone(ZoneInfo(zone)).date() == start
    return start <= slot < start + {"5m": timedelta(minutes=5), "1h": timedelta(hours=1)}[tier]
