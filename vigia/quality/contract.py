"""Contracts: what a stored table must look like, compared with what it does look like.

Derived from the data dictionary, so a contract cannot be forgotten or grow stale. Rules about
values belong in `vigia.quality.rules`; reading the catalogue belongs to `vigia.store.quality`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from vigia.domain.dictionary import Column, Table


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """One column as the database's catalogue describes it."""

    type: str
    required: bool


@dataclass(frozen=True, slots=True)
class StoredTable:
    """One table as the database's catalogue describes it.

    Attributes:
        columns: By name.
        checks: Definitions of its validated CHECK constraints, by name.
    """

    columns: Mapping[str, StoredColumn]
    checks: Mapping[str, str] = field(default_factory=dict)


def violations(table: Table, stored: StoredTable | None) -> list[str]:
    """Say in which ways a stored table breaks its contract; empty when it keeps it."""
    if stored is None:
        return [f"ops.{table.name} does not exist: run `vigia migrate`"]
    promised = {column.name: column for column in table.all_columns}
    found = [f"{name} is missing" for name in promised if name not in stored.columns]
    found += [f"{name} is not in the dictionary" for name in stored.columns if name not in promised]
    for name, column in promised.items():
        if name in stored.columns:
            found += _column_violations(table, column, stored)
    return found


def _column_violations(table: Table, column: Column, stored: StoredTable) -> Iterator[str]:
    actual = stored.columns[column.name]
    if actual.type != column.type.value:
        yield f"{column.name} is {actual.type}, not {column.type.value}"
    required = column.required or column.name in table.key or column.name == "tenant_id"
    if required and not actual.required:
        yield f"{column.name} may be null"
    check = stored.checks.get(f"{column.name}_is_legal", "")
    if column.states and column in table.columns:
        unknown = [state for state in column.states if f"'{state}'" not in check]
        if unknown:
            yield f"{column.name} is not held to its states ({', '.join(unknown)})"
