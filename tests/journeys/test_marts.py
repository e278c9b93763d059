"""From the real files to the marts, against what a few plain lines read in the files."""

from __future__ import annotations

import csv
import gzip
import io
import math
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from vigia.ingest.loader import LoadRequest, load
from vigia.store.connection import Database
from vigia.store.tenants import create_tenant
from vigia.worker.analytics import build_marts
from vigia.worker.metrics import refresh_metrics
from vigia.worker.sla import refresh_sla

Ask = Callable[[str], list[tuple[Any, ...]]]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")

pytestmark = [pytest.mark.data, pytest.mark.slow]


def test_the_marts_of_both_real_data_sets_equal_their_files(
    database: Database, tenant: UUID, ask: Ask, real_data: Callable[[str], Path], tmp_path: Path
) -> None:
    log, tracks = (
        real_data("incidents/incident_event_log.csv.zip"),
        real_data("gps/geolife_sample.txt.gz"),
    )
    walkers = create_tenant(database, "walkers", clock_mode="data").tenant_id
    load(database, tenant, LoadRequest(log, "tickets"), now=NOW)
    load(database, walkers, LoadRequest(tracks, "gps"), now=NOW)
    refresh_sla(database, tenant, now=NOW)
    refresh_metrics(database, None, walkers, now=NOW)

    result = build_marts(database, tmp_path)

    assert result.failed == (), "a rule of the marts is broken by real data"
    tickets_equal_the_log(ask, log)
    verdicts_stand_beside_each_other(ask)
    ways_equal_the_tracks(ask, tracks)


def tickets_equal_the_log(ask: Ask, archive: Path) -> None:
    with zipfile.ZipFile(archive) as opened, opened.open("incident_event_log.csv") as file:
        rows = [
            r
            for r in csv.DictReader(io.TextIOWrapper(file, "utf-8"))
            if r["incident_state"] != "-100"
        ]
    last = {row["number"]: row for row in rows}
    changes = Counter(row["number"] for row in rows)

    def minutes(row: dict[str, str]) -> float | None:
        ends = row["resolved_at"]
        if ends == "?":
            return None
        return (instant(ends) - instant(row["opened_at"])).total_seconds() / 60

    expected = {
        number: (
            f"P{row['priority'][0]}",
            row["incident_state"] != "Closed" and row["incident_state"] != "Resolved",
            int(row["reassignment_count"]),
            row["made_sla"] == "true",
            minutes(row),
            changes[number],
        )
        for number, row in last.items()
    }
    stored = ask(
        "SELECT ticket_number, priority, is_open, reassignment_count, imported_sla_met,"
        " resolution_min, change_count FROM marts.fct_ticket"
    )
    assert {number: tuple(rest) for number, *rest in stored} == expected

    # Moves between known groups; a group that reads "?" leaves the last one known in place.
    moves: Counter[str] = Counter()
    group: dict[str, str] = {}
    for row in rows:
        number, named = row["number"], row["assignment_group"]
        if named != "?":
            moves[number] += group.get(number, named) != named
            group[number] = named
    stored = ask("SELECT ticket_number, group_change_count FROM marts.fct_ticket")
    assert dict(stored) == {number: moves[number] for number in last}

    placeless = sum(r["location"] == "?" for r in last.values())
    counted = ask("SELECT sum(tickets_opened) FROM marts.mart_site_day")
    assert counted == [(len(last) - placeless,)]


def instant(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=UTC)


def verdicts_stand_beside_each_other(ask: Ask) -> None:
    """Ours follows a stated policy, so it must neither be missing nor a copy of the log's."""
    [(ours, agreed, differed)] = ask(
        "SELECT count(sla_met), count(*) FILTER (WHERE is_sla_agreed),"
        " count(*) FILTER (WHERE NOT is_sla_agreed) FROM marts.fct_ticket"
    )
    assert ours > 20_000
    assert agreed > 0
    assert differed > 0


def ways_equal_the_tracks(ask: Ask, path: Path) -> None:
    with gzip.open(path, "rt") as file:
        fixes = [
            (
                row["uid"],
                datetime.fromisoformat(row["datetime"]).replace(tzinfo=UTC),
                float(row["lat"]),
                float(row["lng"]),
            )
            for row in csv.DictReader(file)
        ]
    counts: Counter[tuple[str, date]] = Counter()
    gaps: Counter[tuple[str, date]] = Counter()
    ways: defaultdict[tuple[str, date], float] = defaultdict(float)
    before: dict[str, tuple[datetime, float, float]] = {}
    for uid, at, lat, lon in sorted(fixes, key=lambda fix: fix[:2]):
        day = (uid, at.astimezone(SHANGHAI).date())
        counts[day] += 1
        if uid in before:
            then, *place = before[uid]
            gaps[day] += at - then > timedelta(hours=1)
            if at - then <= timedelta(hours=1):
                ways[day] += haversine_m(*place, lat, lon)
        before[uid] = (at, lat, lon)

    stored = ask(
        "SELECT employee_no, local_date, fix_count, gap_count, distance_m"
        " FROM marts.fct_gps_day JOIN marts.dim_person USING (tenant_id, person_id)"
    )
    assert {(uid, day): (n, gap) for uid, day, n, gap, _ in stored} == {
        day: (counts[day], gaps[day]) for day in counts
    }
    for uid, day, n, _, way in stored:
        assert way == pytest.approx(ways[uid, day], abs=0.001 * n)


def haversine_m(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    a = (
        math.sin(math.radians(lat2 - lat1) / 2) ** 2
        + math.cos(math.radians(lat1)) * math.cos(math.radians(lat2))
        * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    )  # fmt: skip
    return 2 * 6_371_008.8 * math.asin(math.sqrt(a))
