"""What the Site page shows of tracks equals the shipped file, by a reader that shares nothing."""

from __future__ import annotations

import csv
import gzip
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import streamlit as st

from dashboards.data import site, source
from tests.demo import FinishedDemo
from tests.journeys.test_marts import haversine_m
from vigia.config.settings import REPOSITORY

SAMPLE = REPOSITORY / "examples" / "geolife_sample.csv.gz"
ZONE = ZoneInfo("Asia/Shanghai")
HOUR, SLOT = timedelta(hours=1), timedelta(minutes=5)
PersonDay = tuple[str, date]


class Walks:
    """The file, person by person and day by day."""

    def __init__(self) -> None:
        self.positions: Counter[PersonDay] = Counter()
        self.waits: Counter[PersonDay] = Counter()
        self.metres: defaultdict[PersonDay, float] = defaultdict(float)
        self.slots: defaultdict[PersonDay, Counter[datetime]] = defaultdict(Counter)
        self.places: defaultdict[PersonDay, list[tuple[float, float]]] = defaultdict(list)
        with gzip.open(SAMPLE, "rt") as file:
            rows = sorted(csv.DictReader(file), key=lambda row: (row["uid"], row["datetime"]))
        before: dict[str, tuple[datetime, float, float]] = {}
        for row in rows:
            person, lat, lon = row["uid"], float(row["lat"]), float(row["lng"])
            at = datetime.fromisoformat(row["datetime"]).replace(tzinfo=UTC)
            day = (person, at.astimezone(ZONE).date())
            self.positions[day] += 1
            self.slots[day][at - timedelta(seconds=at.timestamp() % SLOT.total_seconds())] += 1
            self.places[day].append((lat, lon))
            then, *place = before.get(person, (at, lat, lon))
            if at - then > HOUR:
                self.waits[day] += 1
            else:
                self.metres[day] += haversine_m(*place, lat, lon)
            before[person] = (at, lat, lon)


@pytest.fixture(scope="module")
def walks() -> Walks:
    return Walks()


@pytest.fixture
def page(finished_demo: FinishedDemo, monkeypatch: pytest.MonkeyPatch):
    """The reads of the Site page over the finished demo, and the ids of tenant and site."""
    monkeypatch.setenv("VIGIA_HOME", str(finished_demo.settings.home))
    st.cache_data.clear()
    st.cache_resource.clear()
    [tenant] = [t.tenant_id for t in source.tenants() if t.slug == "haidian-patrol"]
    [found] = site.sites(tenant)["site_id"].to_list()
    yield tenant, found
    st.cache_data.clear()
    st.cache_resource.clear()


def test_days_ways_and_waits_are_those_of_the_file(page, walks: Walks) -> None:
    shown = site.gps_days(*page)
    days = {(row["employee_no"], row["local_date"]): row for row in shown.to_dicts()}
    assert {day: row["fix_count"] for day, row in days.items()} == walks.positions
    assert {day: row["gap_count"] for day, row in days.items() if row["gap_count"]} == walks.waits
    for day, row in days.items():
        # Stored to the millimetre, step by step.
        assert row["distance_km"] * 1000 == pytest.approx(
            walks.metres[day], abs=0.001 * row["fix_count"]
        )


def test_5_minute_counts_and_paths_are_those_of_the_file(page, walks: Walks) -> None:
    tenant, where = page
    for row in site.gps_days(tenant, where).to_dicts():
        day = (row["employee_no"], row["local_date"])
        start = datetime.combine(row["local_date"], time(), ZONE).astimezone(UTC)
        window = (start, start + timedelta(days=1))
        counts = site.five_minute_counts(tenant, where, row["person_id"], *window)
        assert dict(counts.select("slot", "fixes").iter_rows()) == walks.slots[day], day
        path = site.track(tenant, where, row["device_id"], *window)
        assert sorted(path.select("lat", "lon").iter_rows()) == sorted(walks.places[day]), day
