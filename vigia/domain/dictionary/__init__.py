"""The data dictionary: every table of the product, declared once."""

from __future__ import annotations

from vigia.domain.dictionary import (
    baselines,
    detection,
    facility,
    field_work,
    help_desk,
    metrics,
    organisation,
    people,
    platform,
    telemetry,
)
from vigia.domain.dictionary.model import Column, ColumnType, Kind, Table

TABLES: dict[str, Table] = {
    table.name: table
    for module in (
        organisation,
        people,
        telemetry,
        field_work,
        facility,
        help_desk,
        metrics,
        detection,
        baselines,
        platform,
    )
    for table in module.TABLES
}

EVENT_TYPES: dict[str, Table] = {
    event_type: table for table in TABLES.values() for event_type in table.event_types
}


def table(name: str) -> Table:
    """The table of that name.

    Raises:
        KeyError: The dictionary has no such table.
    """
    return TABLES[name]


__all__ = ["EVENT_TYPES", "TABLES", "Column", "ColumnType", "Kind", "Table", "table"]
