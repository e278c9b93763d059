"""Specs of assets that are tables of the dictionary: key, grain, columns.

Owner, group, kinds and retries are the same for whole families and are set once, in
`orchestration.build`.
"""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg

from vigia.domain.dictionary import TABLES, Column, Table

SCHEMA_METADATA = "dagster/column_schema"


def ops_key(name: str) -> dg.AssetKey:
    """The asset key of a table of schema `ops`."""
    return dg.AssetKey(["ops", name])


def ops_spec(name: str, *, deps: Iterable[str] = ()) -> dg.AssetSpec:
    """The spec of a table of the dictionary.

    Args:
        name: A table of the dictionary.
        deps: Tables of the dictionary that it is computed from.
    """
    table = TABLES[name]
    return dg.AssetSpec(
        ops_key(name),
        description=table.grain,
        deps=[ops_key(dep) for dep in deps],
        metadata={SCHEMA_METADATA: column_schema(table), "section": table.section},
    )


def column_schema(table: Table) -> dg.TableSchema:
    """The table's columns as Dagster shows them."""
    return dg.TableSchema([_column(table, column) for column in table.all_columns])


def contract_spec(name: str) -> dg.AssetCheckSpec:
    """The check that a table looks as the dictionary says; what depends on it waits for it."""
    return dg.AssetCheckSpec(
        "contract",
        asset=ops_key(name),
        blocking=True,
        description="Columns, types, nullability and legal states are the dictionary's.",
    )


def _column(table: Table, column: Column) -> dg.TableColumn:
    constraints = dg.TableColumnConstraints(
        nullable=not (column.required or column.name in table.key),
        unique=table.key == (column.name,),
        other=[f"one of {', '.join(column.states)}"] if column.states else [],
    )
    unit = f" ({column.unit})" if column.unit else ""
    return dg.TableColumn(
        column.name, column.type.value, f"{column.description}{unit}", constraints
    )
