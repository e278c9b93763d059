"""Who is missing and how well devices keep up, against a walk through the events slot by slot."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from tests.ingest.events import ACME, IMPORT, NOW, REFERENCES, add_tenant, event, rows, send
from vigia.store.connection import Database
from vigia.worker.metrics import refresh_metrics

SLOT = timedelta(minutes=5)
HOUR = timedelta(hours=1)
START = NOW - timedelta(hours=30)
SLOTS = [START + i * SLOT for i in range((NOW - START) // SLOT + 1)]
SITES = ("S1", "S2")


@pytest.fixture
def company(database: Database) -> Database:
    add_tenant(database)
    people = [event("person", f"g{n}", {"employee_no": f"G{n}", "role": "guard"}) for n in range(6)]
    send(database, [*REFERENCES, *people])
    return database


def shift(name: str, site: str, start: datetime, hours: float, heads: int, **more: str) -> bytes:
    body = {"shift_id": name, "site_id": site, "starts_at": start.isoformat(), "headcount": heads}
    body |= {"ends_at": (start + hours * HOUR).isoformat(), "status": "confirmed"} | more
    return event("shift", name, body, time=(START - HOUR).isoformat())


def clocking(number: int, person: str, site: str, kind: str, at: datetime) -> bytes:
    body = {"person_id": person, "site_id": site, "kind": kind, "event_time": at.isoformat()}
    return event("attendance_event", f"c{number}", body, time=at.isoformat())


def beat(number: int, site: str, at: datetime, queue: int | None) -> bytes:
    body = {"device_id": "D1", "event_time": at.isoformat(), "queue_depth": queue}
    return event("device_heartbeat", f"b{number}", body, time=at.isoformat(), subject=site)


def found(database: Database, metric: str) -> dict[tuple[str, datetime], float]:
    refresh_metrics(database, None, ACME, now=NOW)
    stored = rows(
        database,
        "SELECT s.code, m.slot, m.sum / m.n FROM ops.metric_5m m JOIN ops.site s"
        " USING (tenant_id, site_id) WHERE m.metric = %s AND m.slot >= %s",
        *(metric, START),
    )
    return {(site, slot): float(mean) for site, slot, mean in stored}


def test_missing_is_required_less_present_at_every_slot(company: Database) -> None:
    dice = random.Random(5)
    shifts = [
        (site, START + dice.randrange(30 * 60) * timedelta(minutes=1), dice.choice([4, 8]), heads)
        for site in SITES
        for heads in (1, 2, 3)
    ]
    times = sorted(dice.sample(range(30 * 3600), 40))
    clockings = [
        (f"G{dice.randrange(6)}", dice.choice(SITES), dice.choice(["clock_in", "clock_out"]), s)
        for s in times
    ]
    lines = [shift(f"H{i}", *each) for i, each in enumerate(shifts)]
    lines += [shift("draft", "S1", START, 30, 50, status="draft")]
    lines += [
        clocking(i, person, site, kind, START + timedelta(seconds=s))
        for i, (person, site, kind, s) in enumerate(clockings)
    ]
    dice.shuffle(lines)
    send(company, lines[:20], batch=IMPORT)
    found(company, "missing")
    send(company, lines[20:], batch=IMPORT)
    expected = {}
    for slot in SLOTS:
        for site in SITES:
            present = _present(clockings, site, slot)
            began = [s for s in shifts if s[0] == site and s[1] <= slot]
            required = sum(heads for _, at, hours, heads in began if slot < at + hours * HOUR)
            if began and present is not None:
                expected[site, slot] = max(0, required - present)
    assert len(set(expected.values())) > 2
    # The draft makes nobody required, and nobody missing.
    assert found(company, "missing") == expected


def _present(
    clockings: Sequence[tuple[str, str, str, int]], site: str, slot: datetime
) -> int | None:
    """Who is clocked in at a slot's start; None where nobody has clocked in yet."""
    newest: dict[str, tuple[str, str, datetime]] = {}
    known = False
    for person, where, kind, seconds in clockings:
        at = START + timedelta(seconds=seconds)
        if at <= slot:
            newest[person] = (where, kind, at)
            known |= (where, kind) == (site, "clock_in")
    stays = [
        kind == "clock_in" and where == site and slot < at + 16 * HOUR
        for where, kind, at in newest.values()
    ]
    return sum(stays) if known else None


def test_that_nobody_came_shows_as_long_as_the_site_is_known_to_clock(company: Database) -> None:
    """A day after the only clocking nobody comes for the next shift."""
    send(
        company,
        [
            clocking(1, "G1", "S1", "clock_in", START),
            clocking(2, "G1", "S1", "clock_out", START + 8 * HOUR),
            shift("night", "S1", NOW - 4 * HOUR, 3, 2),
            shift("silent", "S2", NOW - 4 * HOUR, 3, 2),
        ],
        batch=IMPORT,
    )
    missing = found(company, "missing")
    assert {site for site, _ in missing} == {"S1"}, "S2 sends no clockings: nothing is known there"
    overdue = [slot for (_, slot), value in missing.items() if value == 2]
    assert (min(overdue), max(overdue) + SLOT) == (NOW - 4 * HOUR, NOW - HOUR)


@pytest.mark.parametrize("site", ["S2", "S3"], ids=["another zone", "the same zone"])
def test_who_clocks_elsewhere_has_left_whichever_was_heard_of_first(
    company: Database, site: str
) -> None:
    """The site that was left gets no row of its own, and its count must change all the same."""
    send(company, [event("site", "s3", {"code": "S3", "tz": "Europe/Madrid"})])
    came = clocking(1, "G1", "S1", "clock_in", NOW - 4 * HOUR)
    went = clocking(2, "G1", site, "clock_in", NOW - 2 * HOUR)
    still = clocking(3, "G2", "S1", "clock_in", NOW - 5 * HOUR)
    send(company, [came, still], batch=IMPORT)
    found(company, "present")
    send(company, [went], batch=IMPORT)
    in_turn = found(company, "present")
    refresh_metrics(company, None, ACME, now=NOW, full=True)
    assert found(company, "present") == in_turn
    here = {slot: value for (where, slot), value in in_turn.items() if where == "S1"}
    assert [here[NOW - h * HOUR] for h in (5, 4, 3, 2, 1)] == [1, 2, 2, 1, 1]


def test_levels_of_a_silent_site_go_on_when_its_days_are_looked_after(company: Database) -> None:
    """What the five-minute cadence does: it looks at days, and nothing was sent."""
    days = (NOW.date() - timedelta(days=3), NOW.date())
    opened = {"number": "INC1", "site_id": "S1", "status": "new", "opened_at": NOW.isoformat()}
    send(company, [event("ticket", "t1", opened, time=NOW.isoformat())])
    for hour in range(3):
        refresh_metrics(company, None, ACME, now=NOW + hour * HOUR, days=days)
    stored = "SELECT count(*), max(slot) FROM ops.metric_5m WHERE metric = 'tickets_open'"
    assert rows(company, stored) == [(25, NOW + 2 * HOUR)]


def test_sync_health_is_the_share_of_heartbeats_with_an_empty_queue(company: Database) -> None:
    dice = random.Random(6)
    beats = [
        (dice.choice(SITES), dice.randrange(30 * 3600), dice.choice([0, 0, 3, None]))
        for _ in range(200)
    ]
    lines = [
        beat(i, site, START + timedelta(seconds=s), queue)
        for i, (site, s, queue) in enumerate(beats)
    ]
    send(company, lines, batch=IMPORT)
    told: dict[tuple[str, datetime], list[float]] = defaultdict(list)
    for site, seconds, queue in beats:
        if queue is not None:
            told[site, START + seconds // 300 * SLOT].append(100.0 * (queue == 0))
    expected = {key: pytest.approx(sum(v) / len(v), abs=1e-6) for key, v in told.items()}
    assert found(company, "sync_health") == expected
