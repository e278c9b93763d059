"""No line may crash the reader; each is an event or is rejected with a reason."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ingest.events import ACME, NOW, at, event, fix
from vigia.domain.dictionary import TABLES
from vigia.domain.telemetry.clock import ClockRule
from vigia.domain.telemetry.frames import REJECTED
from vigia.domain.telemetry.normalise import normalise
from vigia.ingest.envelope import parse_events

GOOD = orjson.loads(fix())


def spoiled(**changes: object) -> bytes:
    return orjson.dumps({**GOOD, **changes})


MALFORMED = {
    "truncated": fix()[:-20],
    "half an escape": b'{"specversion":"1.0","id":"\\u00',
    "not JSON": b"hello",
    "two objects": b"{}{}",
    "trailing comma": b'{"id":"1",}',
    "single quotes": b"{'id':'1'}",
    "NaN": b'{"id":NaN}',
    "Infinity": b'{"id":Infinity}',
    "number too large": b'{"id":1e999}',
    "bad UTF-8": b'{"id":"\xff\xfe"}',
    "UTF-16": '{"id":"1"}'.encode("utf-16"),
    "raw NUL": b'{"id":"a\x00b"}',
    "lone surrogate": b'{"id":"\\ud800"}',
    "deep list": b"[" * 10_000 + b"]" * 10_000,
    "deep object": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "byte order mark": b"\xef\xbb\xbf" + fix(),
    "control character": b'{"id":"\x01"}',
}
NOT_EVENTS = {
    "a number": b"1",
    "a text": b'"event"',
    "null": b"null",
    "a list": b"[" + fix() + b"]",
    "an empty object": b"{}",
    "other version": spoiled(specversion="0.3"),
    "no version": orjson.dumps({k: v for k, v in GOOD.items() if k != "specversion"}),
    "no id": orjson.dumps({k: v for k, v in GOOD.items() if k != "id"}),
    "empty id": spoiled(id=""),
    "number as id": spoiled(id=7),
    "huge number as id": b'{"specversion":"1.0","id":123456789012345678901234567890}',
    "no source": orjson.dumps({k: v for k, v in GOOD.items() if k != "source"}),
    "object as source": spoiled(source={"a": 1}),
    "no type": orjson.dumps({k: v for k, v in GOOD.items() if k != "type"}),
    "list as type": spoiled(type=["vigia.gps_fix.recorded.v1"]),
    "number as time": spoiled(time=1_772_000_000),
    "number as subject": spoiled(subject=1),
    "no data": orjson.dumps({k: v for k, v in GOOD.items() if k != "data"}),
    "data as text": spoiled(data="{}"),
    "data as list": spoiled(data=[1]),
    "data as null": spoiled(data=None),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_line_that_is_not_json_is_malformed(name):
    assert _reasons(MALFORMED[name]) == ["malformed"]


@pytest.mark.parametrize("name", NOT_EVENTS)
def test_json_that_is_no_event_is_told_so(name):
    assert _reasons(NOT_EVENTS[name]) == ["not_an_event"]


def test_an_unknown_type_is_told_so():
    assert _reasons(spoiled(type="vigia.gps_fix.deleted.v1")) == ["unknown_type"]


def test_an_object_where_a_value_belongs_is_a_bad_type():
    parsed = parse_events([fix("a"), fix("b", lat={"deg": 52})], received_at=NOW)
    assert parsed.rejected["reason_code"].to_list() == ["bad_type"]
    assert parsed.frames["gps_fix"]["ce_id"].to_list() == ["a"]


def test_ten_megabytes_are_rejected_quickly_and_kept_in_part():
    line = event("task", "t", {"task_id": "T1", "title": "x" * 10_000_000})
    started = time.perf_counter()
    parsed = parse_events([line], received_at=NOW)
    assert time.perf_counter() - started < 1
    [row] = parsed.rejected.iter_rows(named=True)
    assert row["reason_code"] == "too_large"
    assert len(row["raw"]) == 64 * 1024
    assert row["raw_bytes"] == len(line)


def test_what_is_kept_of_a_bad_line_can_be_stored_and_read():
    parsed = parse_events([b'{"id":"a\x00b\xff"}'], received_at=NOW)
    [raw] = parsed.rejected["raw"]
    assert raw == '{"id":"a\\u0000b\\xff"}'


def test_blank_lines_are_no_events():
    parsed = parse_events([b"", b"  \r\n", fix(), b"\n"], received_at=NOW)
    assert parsed.lines == 1
    assert parsed.frames["gps_fix"]["line_no"].to_list() == [3]


def test_fields_the_dictionary_does_not_name_are_kept_as_sent():
    parsed = parse_events([fix("a"), fix("b", vendor={"x": [1, None]})], received_at=NOW)
    assert parsed.frames["gps_fix"]["extra"].to_list() == [None, '{"vendor":{"x":[1,null]}}']


def test_data_cannot_pretend_to_be_the_envelope():
    parsed = parse_events([fix(received_at=at(0), raw="x", line_no=9)], received_at=NOW)
    frame = parsed.frames["gps_fix"]
    assert frame["received_at"].to_list() == [NOW]
    assert frame["line_no"].to_list() == [1]


@pytest.mark.parametrize("copies", [1, 100], ids=["one by one", "at once"])
def test_an_event_of_a_history_says_when_it_was_received(copies: int):
    lines = [
        spoiled(receivedtime="2026-03-02T09:00:00.25+01:00"),
        spoiled(),
        spoiled(receivedtime=""),
    ]
    parsed = parse_events(lines * copies, received_at=None)
    received = datetime(2026, 3, 2, 8, 0, 0, 250_000, UTC)
    assert parsed.frames["gps_fix"]["received_at"].to_list() == [received, None, None] * copies
    assert parsed.rejected.is_empty()


@pytest.mark.parametrize("copies", [1, 100], ids=["one by one", "at once"])
def test_an_event_that_arrives_now_cannot_say_when(copies: int):
    said = ["2026-01-01T00:00:00Z", "yesterday", 7, None, {}]
    lines = [spoiled(receivedtime=word) for word in said]
    parsed = parse_events(lines * copies, received_at=NOW)
    assert parsed.frames["gps_fix"]["received_at"].to_list() == [NOW] * 5 * copies
    assert parsed.rejected.is_empty()


@pytest.mark.parametrize("neighbours", [1, 100])
@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("yesterday", "bad_type"),
        ("2026-03-02T08:00:00", "bad_type"),
        ("2026-02-30T08:00:00Z", "bad_type"),
        (1_772_000_000, "not_an_event"),
        ({"at": 1}, "not_an_event"),
    ],
)
def test_a_history_with_an_unreadable_arrival_is_told_so(word, code, neighbours: int):
    parsed = parse_events([spoiled()] * neighbours + [spoiled(receivedtime=word)], received_at=None)
    [bad] = parsed.rejected.iter_rows(named=True)
    assert (bad["line_no"], bad["reason_code"]) == (neighbours + 1, code)
    assert "receivedtime" in bad["reason"]
    assert parsed.frames["gps_fix"].height == neighbours


@settings(deadline=None, max_examples=100)
@given(st.lists(st.binary(max_size=100), max_size=5))
def test_whatever_bytes_arrive_every_line_is_accounted_for(lines):
    _account(parse_events(lines, received_at=NOW))


HOSTILE = [
    None, True, 0, -1, 2**63, -(2**63), 2**70, 1e308, -0.0, 52.5, "", " ", "52.5", "x" * 600, "\0",
    "a\0b", "=cmd|' /C calc'!A0", "'; DROP TABLE ops.site; --", "\u202eevil", "${jndi:ldap://x}",
    "Ignore all previous instructions.", "NaN", "1e999", "2026-02-30T00:00:00Z", "0000-00-00",
    "2026-03-02T07:00:00Z", "2026-03-02T07:00:00", "D1", "00000000-0000-0000-0000-000000000000",
    "00000000-0000-0000-0000-00000000000g", [], {}, [1], {"a": {"b": "\0"}}, "gps", "GPS",
]  # fmt: skip
BODIES = st.dictionaries(
    st.sampled_from([*sorted(GOOD["data"]), "seq", "provider", "extra", "fix_id", "new_field"]),
    st.sampled_from(HOSTILE),
    max_size=6,
)


@settings(deadline=None, max_examples=60)
@given(st.lists(BODIES, max_size=4))
def test_whatever_values_data_hold_every_event_is_accepted_or_rejected(bodies):
    lines = [
        json.dumps({**GOOD, "id": str(i), "data": GOOD["data"] | body}).encode()
        for i, body in enumerate(bodies)
    ]
    parsed = parse_events(lines, received_at=NOW)
    _account(parsed)
    for name, frame in parsed.frames.items():
        judged = normalise(frame, TABLES[name], tenant_id=ACME, clock=ClockRule(NOW))
        bad = judged.judgement.rejected()
        assert judged.accepted.height + bad.height == frame.height
        assert bad.schema == REJECTED


def _account(parsed) -> None:
    assert parsed.rejected.schema == REJECTED
    read = sum(frame.height for frame in parsed.frames.values())
    assert read + parsed.rejected.height == parsed.lines


def _reasons(line: bytes) -> list[str]:
    parsed = parse_events([fix("good"), line], received_at=NOW)
    assert parsed.frames["gps_fix"]["ce_id"].to_list() == ["good"]
    assert parsed.rejected.filter(pl.col("reason").str.len_chars() < 20).is_empty()
    return parsed.rejected["reason_code"].to_list()
