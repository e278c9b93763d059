"""The reference pages say what is needed to send a legal event and to set a setting."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, Field

from vigia.cli.reference_pages import event_reference, example_event, settings_reference
from vigia.domain.dictionary import EVENT_TYPES, Kind


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_an_example_carries_what_is_required_and_only_legal_values(event_type):
    table = EVENT_TYPES[event_type]
    data = example_event(event_type, table)["data"]
    for column in table.columns:
        computed = column.name in table.key and table.kind is Kind.RECORD
        if column.required and not computed:
            assert column.name in data
        if column.name in data:
            assert not column.states or data[column.name] in column.states


def test_a_table_that_no_event_feeds_is_not_offered_to_senders():
    from vigia.domain.dictionary import TABLES

    page = event_reference(TABLES.values())
    for table in TABLES.values():
        assert (f"\n## {table.name}\n" in page) == bool(table.event_types)


def test_a_setting_shows_its_default_and_a_bar_in_its_text_stays_text():
    class Sample(BaseModel):
        port: int = Field(default=3000, description="TCP | loopback")

    assert "| `X_PORT` | `3000` | TCP \\| loopback |" in settings_reference(
        Sample.model_fields, "X_"
    )
