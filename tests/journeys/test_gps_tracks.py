"""The real GPS tracks, and what is stored against what a few plain lines read in the file."""

import csv
import gzip
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from vigia.ingest.loader import LoadRequest, load
from vigia.store.connection import Database

NOW = datetime(2026, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.data


def test_all_tracks_load_and_equal_the_file(
    database: Database,
    tenant: UUID,
    ask: Callable[[str], list[tuple[Any, ...]]],
    real_data: Callable[[str], Path],
) -> None:
    path = real_data("gps/geolife_sample.txt.gz")
    report = load(database, tenant, LoadRequest(path, "gps"), now=NOW)

    with gzip.open(path, "rt") as file:
        rows = list(csv.DictReader(file))
    # A fix is its whole row; the file repeats none, so none may be missing.
    distinct = {tuple(row.values()) for row in rows}
    assert (report.rows, report.accepted, report.duplicate) == (217_653, len(distinct), 0)
    assert report.duplicate == len(rows) - len(distinct)

    by_person_and_day = Counter((row["uid"], row["datetime"][:10]) for row in rows)
    stored = ask(
        "SELECT employee_no, (fix_time AT TIME ZONE 'UTC')::date::text, count(*)"
        " FROM ops.gps_fix JOIN ops.person USING (tenant_id, person_id) GROUP BY 1, 2"
    )
    assert {(person, day): fixes for person, day, fixes in stored} == by_person_and_day

    [(lat, lon, first, last, accuracies, sites)] = ask(
        "SELECT sum(lat::numeric), sum(lon::numeric), min(fix_time), max(fix_time),"
        " count(accuracy_m), count(DISTINCT site_id) FROM ops.gps_fix"
    )
    assert float(lat) == pytest.approx(sum(float(row["lat"]) for row in rows), rel=1e-12)
    assert float(lon) == pytest.approx(sum(float(row["lng"]) for row in rows), rel=1e-12)
    times = sorted(row["datetime"] for row in rows)
    for stored_time, text in ((first, times[0]), (last, times[-1])):
        assert stored_time == datetime.fromisoformat(text).replace(tzinfo=UTC)
    assert accuracies == 0, "the file has no accuracy, so none may be stored"
    assert sites == 1
    assert ask("SELECT latest_event_time FROM ops.tenant_clock") == [(last,)]

    again = load(database, tenant, LoadRequest(path, "gps"), now=NOW)
    assert (again.accepted, again.duplicate) == (0, report.accepted)
    assert ask("SELECT count(*) FROM ops.gps_fix") == [(len(distinct),)]
