"""The reference pages say what is needed to send a legal event and to set a setting."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from pydantic import BaseModel, Field

from vigia.cli.reference_pages import event_reference, example_event, settings_reference
from vigia.domain.dictionary import EVENT_TYPES, TABLES
from vigia.domain.identity import tenant_id
from vigia.domain.telemetry.clock import ClockRule
from vigia.domain.telemetry.normalise import normalise
from vigia.ingest.envelope import parse_events

ARRIVAL = datetime(2026, 3, 2, 8, 16, tzinfo=UTC)


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_every_example_is_accepted_as_it_stands(event_type):
    table = EVENT_TYPES[event_type]
    line = json.dumps(example_event(event_type, table)).encode()
    parsed = parse_events([line], received_at=ARRIVAL)
    assert parsed.rejected.is_empty()
    judged = normalise(
        parsed.frames[table.name],
        table,
        tenant_id=tenant_id("acme"),
        clock=ClockRule(now=ARRIVAL),
    )
    assert judged.judgement.rejected().is_empty()
    assert judged.accepted.height == 1


def test_a_table_that_no_event_feeds_is_not_offered_to_senders():
    page = event_reference(TABLES.values())
    for table in TABLES.values():
        assert (f"\n## {table.name}\n" in page) == bool(table.event_types)


def test_a_setting_shows_its_default_and_a_bar_in_its_text_stays_text():
    class Sample(BaseModel):
        port: int = Field(default=3000, description="TCP | loopback")

    assert "| `X_PORT` | `3000` | TCP \\| loopback |" in settings_reference(
        Sample.model_fields, "X_"
    )
