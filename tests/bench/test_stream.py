"""The mixed stream of the benchmarks: legal events, from a seed, in the order of arrival."""

from __future__ import annotations

import orjson
import pytest

from bench import stream
from bench.stream import START, mixed_events
from vigia.domain.dictionary import EVENT_TYPES, TABLES, Kind
from vigia.domain.identity import tenant_id
from vigia.domain.telemetry.clock import LATE, ClockRule
from vigia.domain.telemetry.normalise import normalise
from vigia.ingest.envelope import parse_events

COUNT = 6000


@pytest.fixture(autouse=True)
def small_company(monkeypatch: pytest.MonkeyPatch) -> None:
    """Days of it are made in no time."""
    monkeypatch.setattr(stream, "SITES", 2)


def test_a_seed_gives_legal_events_in_the_order_of_arrival_an_eighth_of_them_changes() -> None:
    lines = list(mixed_events(COUNT, 1))
    assert lines == list(mixed_events(COUNT, 1))
    arrivals = [orjson.loads(line)["receivedtime"] for line in lines]
    assert arrivals == sorted(arrivals)
    parsed = parse_events(lines, received_at=None)
    assert parsed.lines == COUNT
    clock = ClockRule(START + LATE)
    for name, frame in parsed.frames.items():
        judged = normalise(frame, TABLES[name], tenant_id=tenant_id("bench"), clock=clock)
        assert judged.accepted.height == frame.height
    lively = [name for name in parsed.frames if TABLES[name].verbs != ("upserted",)]
    share = {
        kind: sum(parsed.frames[n].height for n in lively if TABLES[n].kind is kind)
        for kind in Kind
    }
    assert 0.1 < share[Kind.STATE] / (share[Kind.STATE] + share[Kind.RECORD]) < 0.15


def test_changes_can_be_had_alone() -> None:
    types = {orjson.loads(line)["type"] for line in mixed_events(COUNT, 1, records=False)}
    assert {EVENT_TYPES[name].kind for name in types} == {Kind.STATE}
