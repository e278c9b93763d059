"""From the data dictionary to dbt: its sources, and one text per column that models reuse.

The two files are committed, because dbt must parse without Python; `tests/dbt` keeps them
equal to the dictionary. Models, marts and their own columns belong in `dbt_project`.
`python -m vigia.store.dbt_sources` writes both after a change of the dictionary.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from vigia.domain.dictionary import TABLES, Column, Table
from vigia.domain.dictionary.model import SHARED_DESCRIPTIONS
from vigia.store.schema import PII_TABLES, SCHEMA

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
SOURCES_FILE = Path("models/staging/_sources.yml")
DOCS_FILE = Path("models/staging/_columns.md")
_REMEDY = "python -m vigia.store.dbt_sources"


def readable_tables() -> tuple[Table, ...]:
    """The tables that the analytics role may read: all but the vault of personal data."""
    return tuple(t for t in TABLES.values() if t.tenant and t.name not in PII_TABLES)


def doc_name(table: Table, column: Column) -> str:
    """Name of the docs block of a column; columns that mean the same everywhere share one."""
    shared = SHARED_DESCRIPTIONS.get(column.name) == column.description and not column.states
    return column.name if shared else f"{table.name}__{column.name}"


def render() -> dict[Path, str]:
    """The generated files: path inside the project to text."""
    return {SOURCES_FILE: _sources_text(), DOCS_FILE: _docs_text()}


def write(project: Path = PROJECT) -> None:
    """Write the generated files into a dbt project."""
    for path, text in render().items():
        (project / path).write_text(text, encoding="utf-8")


def _sources_text() -> str:
    source = {
        "name": SCHEMA,
        "schema": SCHEMA,
        "description": "The operational truth; see the data dictionary.",
        "tables": [_source_table(table) for table in readable_tables()],
    }
    body = yaml.safe_dump({"version": 2, "sources": [source]}, sort_keys=False, width=100)
    return f"# Generated from the data dictionary by `{_REMEDY}`.\n{body}"


def _source_table(table: Table) -> dict[str, object]:
    return {
        "name": table.name,
        "description": table.grain,
        "config": {"meta": {"section": table.section, "kind": table.kind.value}},
        "columns": [
            {
                "name": column.name,
                "data_type": column.type.value,
                "description": f"{{{{ doc('{doc_name(table, column)}') }}}}",
            }
            for column in table.all_columns
        ],
    }


def _docs_text() -> str:
    texts: dict[str, str] = {}
    for table in readable_tables():
        for column in table.all_columns:
            texts.setdefault(doc_name(table, column), ". ".join(_sentences(column)) + ".")
    blocks = [f"{{% docs {name} %}}{text}{{% enddocs %}}\n" for name, text in sorted(texts.items())]
    return f"<!-- Generated from the data dictionary by `{_REMEDY}`. -->\n" + "".join(blocks)


def _sentences(column: Column) -> Iterator[str]:
    text = f"{column.description} ({column.unit})" if column.unit else column.description
    yield text[0].upper() + text[1:]
    if column.states:
        yield f"One of {', '.join(column.states)}"
    if column.minimum is not None and column.maximum is not None:
        yield f"Between {column.minimum:g} and {column.maximum:g}"


if __name__ == "__main__":
    write()
