"""Lines to frames: only what is asked for, and nothing of what is no event."""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice

import pyarrow as pa
import pytest

from tests.evaluate.streams import at, beat, company, event, fix
from vigia.evaluate.stream import events, parts, read_reference

FIELDS = {"gps_fix": ("device_id", "lat", "steps_delta"), "task": ("task_id", "due_at", "status")}


def _read(folder, fields=FIELDS):
    (part,) = parts(folder)
    return events(part, fields)


def test_fields_come_with_their_types_and_what_an_event_lacks_is_null(tmp_path):
    task = event(
        "task", "created", 2.0, source="tasks", task_id="T1", due_at="2026-03-23T04:00:00Z"
    )
    found = _read(company(tmp_path, [fix(1.0, steps=3), task]))
    assert found["gps_fix"].row(0, named=True) == {
        "received_at": at(1.0),
        "time": at(1.0),
        "site": "S0001",
        "source": "phone/D1",
        "verb": "recorded",
        "device_id": "D1",
        "lat": 40.0,
        "steps_delta": 3.0,
    }
    assert found["task"]["due_at"].to_list() == [at(4.0)]
    assert found["task"]["status"].to_list() == [None]


def test_tables_that_nobody_asked_for_count_as_events_only(tmp_path):
    found = _read(company(tmp_path, [beat(1.0), fix(2.0)]))
    assert found[""].height == 2
    assert set(found) == {"", *FIELDS}


@pytest.mark.parametrize(
    "line",
    [
        "",
        "no JSON",
        "[1, 2]",
        json.dumps(fix(1.0))[:-40],
        json.dumps({**fix(1.0), "type": "vigia.gps_fix.recorded.v2"}, separators=(",", ":")),
        json.dumps({**fix(1.0), "type": "other.gps_fix.recorded.v1"}, separators=(",", ":")),
        json.dumps({**fix(1.0), "receivedtime": "yesterday"}, separators=(",", ":")),
    ],
)
def test_what_is_no_whole_event_of_ours_is_no_fix(tmp_path, line):
    assert _read(company(tmp_path, [line, fix(2.0)]))["gps_fix"].height == 1


def test_numbers_and_instants_that_cannot_be_read_are_unknown(tmp_path):
    strange = {**fix(1.0), "data": {"device_id": "D1", "lat": "north", "steps_delta": None}}
    task = event("task", "created", 2.0, task_id="T1", due_at="2026-99-23T04:00:00Z")
    found = _read(company(tmp_path, [strange, task]))
    assert found["gps_fix"]["lat"].to_list() == [None]
    assert found["task"]["due_at"].to_list() == [None]


def test_reference_data_are_what_exists_at_the_start(tmp_path):
    reference = read_reference(company(tmp_path, [], sites=2, posts=3))
    assert reference.codes("site", "code") == ["S0001", "S0002"]
    assert len(reference.rows["post"]) == 6


def test_days_of_a_world_are_read_like_a_reader_of_json_would(small_world):
    folder = small_world / "sentinel"
    ours, theirs = Counter(), Counter()
    for path, part in islice(zip(_paths(folder), parts(folder), strict=False), 2):
        found = events(part, FIELDS)
        ours.update({t: found[t].height for t in FIELDS})
        ours["devices"] += found["gps_fix"]["device_id"].drop_nulls().len()
        for told in _objects(path):
            table = told["type"].split(".")[1]
            theirs[table] += table in FIELDS
            if table == "gps_fix":
                theirs["devices"] += isinstance(told["data"].get("device_id"), str)
    assert ours["gps_fix"] > 5_000
    assert dict(ours) == {name: theirs[name] for name in ours}


def _paths(folder):
    return sorted(p for p in (folder / "events").iterdir() if not p.name.startswith("00000000"))


def _objects(path):
    """What a reader of JSON takes for whole events that say when they arrived."""
    with pa.input_stream(str(path), compression="zstd") as stream:
        for line in stream.read().split(b"\n"):
            try:
                told = json.loads(line)
            except ValueError:
                continue
            if not isinstance(told, dict) or not isinstance(told.get("data"), dict):
                continue
            is_known = told.get("specversion") == "1.0" and str(told.get("type")).endswith(".v1")
            if is_known and all(told.get(name) for name in ("id", "source", "receivedtime")):
                yield told
