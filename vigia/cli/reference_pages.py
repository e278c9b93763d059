"""The reference pages as Markdown, made from what the product itself is made of.

Belongs here: one pure function per page, from declarations to text. Does not belong here:
anything a person wrote about the product (`docs/`), or where the pages are put (`docs.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Any

from vigia.domain.dictionary import Column, ColumnType, Kind, Table
from vigia.domain.telemetry.normalise import reference_target

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

_KINDS = {
    Kind.STATE: "Latest state of a thing, folded from its events by event time.",
    Kind.RECORD: "An observed fact: the row is the event and never changes.",
    Kind.DERIVED: "Computed from other tables; rebuilt, never edited.",
    Kind.PLATFORM: "The product's own bookkeeping.",
}
_HOUSEKEEPING = frozenset(
    {
        "tenant_id",
        "extra",
        "received_at",
        "state_time",
        "created_at",
        "updated_at",
        "row_version",
    }
)
_EXAMPLE_FIELDS = 7
_EXAMPLE_TIME = "2026-03-02T08:15:00Z"
_EXAMPLE_END = "2026-03-02T16:00:00Z"
_EXAMPLE_SITE = "HYD-014"
_EXAMPLE_BY_NAME: Mapping[str, Any] = {
    "lat": 17.4239,
    "lon": 78.4738,
    "tz": "Asia/Kolkata",
    "code": _EXAMPLE_SITE,
    "name": "Harbour Office Park",
    "number": "INC0010001",
    "employee_no": "E-1042",
    "subject": "Gate 2 does not close",
    "original_language": "en",
    "confidence": 0.9,
    "ends_at": _EXAMPLE_END,
    "to_at": _EXAMPLE_END,
    "valid_to": _EXAMPLE_END,
}
_EXAMPLE_BY_TYPE: Mapping[ColumnType, Any] = {
    ColumnType.TIMESTAMP: _EXAMPLE_TIME,
    ColumnType.DATE: "2026-03-02",
    ColumnType.TIME: "08:00",
    ColumnType.INTEGER: 1,
    ColumnType.BIGINT: 1,
    ColumnType.REAL: 1.5,
    ColumnType.DOUBLE: 1.5,
    ColumnType.DECIMAL: 1.5,
    ColumnType.BOOLEAN: True,
    ColumnType.BYTES: "00" * 32,
    ColumnType.JSON: {},
}


def data_dictionary(tables: Iterable[Table]) -> str:
    """Describe every table and column.

    Args:
        tables: In reading order; tables of one section follow each other.

    Returns:
        Markdown with one heading per section and table.
    """
    lines = ["# Data dictionary", "", "All instants are UTC. Tables live in schema `ops`.", ""]
    for section, members in groupby(tables, key=lambda table: table.section):
        lines += [f"## {section}", ""]
        for table in members:
            lines += _table_text(table)
    return "\n".join(lines)


def event_reference(tables: Iterable[Table]) -> str:
    """Describe every event type an integrator can send: its fields, units and an example.

    Args:
        tables: Tables of the dictionary; those that no event feeds are left out.

    Returns:
        Markdown with one heading per table that events feed.
    """
    lines = ["# Events", "", _EVENT_INTRODUCTION, ""]
    for table in tables:
        if table.event_types:
            lines += _event_text(table)
    return "\n".join(lines)


def settings_reference(fields: Mapping[str, FieldInfo], prefix: str) -> str:
    """Describe every setting.

    Args:
        fields: The settings model's fields by name.
        prefix: What the environment variable has before the field's name.

    Returns:
        Markdown with one table row per setting.
    """
    lines = [
        "# Settings",
        "",
        "Read from the environment, or from a `.env` file beside the repository's root.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for name, field in fields.items():
        default = "" if field.default_factory or field.default is None else f"`{field.default}`"
        lines.append(f"| `{prefix}{name.upper()}` | {default} | {_cell(field.description or '')} |")
    return "\n".join([*lines, ""])


def example_event(event_type: str, table: Table) -> dict[str, Any]:
    """Compose a small legal event of that type, as CloudEvents JSON.

    Args:
        event_type: One of the table's own event types.
        table: The table it feeds.

    Returns:
        An envelope whose data carry the required fields and the first few others.
    """
    sent = [c for c in _sent_columns(table) if not _is_computed(c, table)]
    sent.sort(key=lambda column: not (column.required or column.name == table.time))
    needed = sum(column.required for column in sent)
    return {
        "specversion": "1.0",
        "type": event_type,
        "source": "urn:example:sender",
        "id": "0001",
        "time": _EXAMPLE_TIME,
        "subject": _EXAMPLE_SITE,
        "data": {c.name: _example(c, table) for c in sent[: max(needed, _EXAMPLE_FIELDS)]},
    }


_EVENT_INTRODUCTION = """\
Every event is a [CloudEvents 1.0](https://cloudevents.io) envelope in JSON. `source` and `id`
together name the event: sending the same pair again changes nothing. `time` says when it happened,
`subject` is the code of the site it concerns, and `data` carries the fields below. A reference
(`-> table`) is either the UUID of the row or the sender's own code for it. What cannot be read is
set aside with a reason and can be replayed; nothing is dropped silently.

An event that is sent arrives when it is sent. Only a history, loaded with `vigia load`, may say when
the system that recorded it received it: in the extension attribute `receivedtime` (RFC 3339 with its
offset). Left out, the event arrived as it happened."""


def _table_text(table: Table) -> list[str]:
    key = ", ".join(f"`{name}`" for name in table.key)
    lines = [f"### {table.name}", "", f"{table.grain} {_KINDS[table.kind]} Key: {key}.", ""]
    lines += ["| column | type | unit | required | meaning |", "|---|---|---|---|---|"]
    return [*lines, *(_column_row(column) for column in table.all_columns), ""]


def _event_text(table: Table) -> list[str]:
    types = ", ".join(f"`{event_type}`" for event_type in table.event_types)
    example = json.dumps(example_event(table.event_types[0], table), indent=2)
    lines = [f"## {table.name}", "", f"{types}", "", f"{table.grain}", ""]
    lines += ["| field | type | unit | required | meaning |", "|---|---|---|---|---|"]
    lines += [_column_row(column, table) for column in _sent_columns(table)]
    return [*lines, "", "```json", example, "```", ""]


def _column_row(column: Column, table: Table | None = None) -> str:
    """One row of a table of columns; of what a sender sends when the table is given."""
    kind = f"{column.type.value} -> {column.references}" if column.references else column.type.value
    meaning = column.description
    if column.states:
        meaning += f"; one of {', '.join(column.states)}"
    if column.minimum is not None or column.maximum is not None:
        meaning += f"; from {_bound(column.minimum)} to {_bound(column.maximum)}"
    needed = "yes" if column.required else ""
    if table and _is_computed(column, table):
        names = ", ".join(f"`{name}`" for name in table.natural_key)
        meaning, needed = f"{meaning}; computed from {names}: leave it out", ""
    return f"| `{column.name}` | {kind} | {column.unit or ''} | {needed} | {_cell(meaning)} |"


def _sent_columns(table: Table) -> list[Column]:
    """Columns that a sender fills; a record's key is computed from the envelope."""
    computed = set(table.key) if table.kind is Kind.RECORD else set()
    return [c for c in table.columns if c.name not in computed | _HOUSEKEEPING]


def _is_computed(column: Column, table: Table) -> bool:
    """Whether the id follows from the thing's natural key, so that senders leave it out."""
    return bool(table.natural_key) and column.name in table.key


def _example(column: Column, table: Table) -> Any:
    if column.states:
        return column.states[0]
    if column.name in _EXAMPLE_BY_NAME:
        return _EXAMPLE_BY_NAME[column.name]
    if column.type is ColumnType.UUID:
        target = reference_target(table, column)
        return _EXAMPLE_SITE if target == "site" else f"{target.upper()}-1"
    if column.type is ColumnType.TEXT:
        return column.name.replace("_", " ")
    if column.minimum is not None and column.type in (ColumnType.INTEGER, ColumnType.BIGINT):
        return int(column.minimum)
    return _EXAMPLE_BY_TYPE[column.type]


def _bound(value: float | None) -> str:
    return "any" if value is None else f"{value:g}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
