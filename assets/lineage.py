"""Which mart is computed from which tables, read from the texts of the dbt project.

Light on purpose: dbt itself takes seconds to import, and the graph must load in one. A test
compares the answer with dbt's own. Building the marts belongs to `assets.marts`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import yaml

from vigia.domain.dictionary import TABLES
from vigia.store.dbt_sources import PROJECT

_REF = re.compile(r"ref\(\s*'(\w+)'\s*(~)?")
_SOURCE = re.compile(r"source\(\s*'(\w+)'\s*,\s*(?:'(\w+)'|(\w+))\s*\)")
_QUOTED = re.compile(r"'(\w+)'")


@dataclass(frozen=True, slots=True)
class Mart:
    """One table of schema `marts`.

    Attributes:
        name: The model's name.
        description: "One row per …".
        columns: (name, type, description) as the model promises them.
        models: Every other model on the way to it, views included.
        marts: The marts among those that it reads first, not through another mart.
        tables: Tables of schema `ops` that it reads, not through another mart.
    """

    name: str
    description: str
    columns: tuple[tuple[str, str, str], ...]
    models: frozenset[str]
    marts: frozenset[str]
    tables: frozenset[str]


def read_marts(project: Path = PROJECT) -> tuple[Mart, ...]:
    """The marts of a dbt project, each after those that it reads."""
    texts = {path.stem: path.read_text() for path in sorted((project / "models").rglob("*.sql"))}
    parents = {name: _parents(text, texts) for name, text in texts.items()}
    names = [path.stem for path in sorted((project / "models" / "marts").rglob("*.sql"))]
    promised = _promises(project / "models" / "marts")
    marts = {name: _mart(name, promised[name], parents, frozenset(names)) for name in names}
    order = TopologicalSorter({name: sorted(mart.marts) for name, mart in marts.items()})
    return tuple(marts[name] for name in order.static_order())


def _parents(text: str, models: Iterable[str]) -> frozenset[str]:
    """What a model reads: models by name, sources as `schema.table`."""
    found: set[str] = set()
    for schema, name, variable in _SOURCE.findall(text):
        # source('ops', variable) in a loop: every table that the text lists.
        names = [name] if not variable else [q for q in _QUOTED.findall(text) if q in TABLES]
        found |= {f"{schema}.{table}" for table in names}
    for name, goes_on in _REF.findall(text):
        # ref('int_site_day_' ~ part): every model whose name goes on from there.
        found |= {m for m in models if m.startswith(name)} if goes_on else {name}
    return frozenset(found)


def _mart(
    name: str,
    promise: Mapping[str, object],
    parents: Mapping[str, frozenset[str]],
    marts: frozenset[str],
) -> Mart:
    direct: set[str] = set()
    everything: set[str] = set()
    waiting = list(parents[name])
    while waiting:
        parent = waiting.pop()
        direct.add(parent)
        if parent not in marts:
            waiting += parents.get(parent, frozenset()) - direct
    waiting = list(parents[name])
    while waiting:
        parent = waiting.pop()
        everything.add(parent)
        waiting += parents.get(parent, frozenset()) - everything
    return Mart(
        name=name,
        description=str(promise["description"]),
        columns=tuple(_columns(promise)),
        models=frozenset(m for m in everything if m in parents),
        marts=frozenset(direct & marts),
        tables=frozenset(t.removeprefix("ops.") for t in direct if t.startswith("ops.")),
    )


def _columns(promise: Mapping[str, object]) -> Iterable[tuple[str, str, str]]:
    columns = promise.get("columns")
    for column in columns if isinstance(columns, list) else []:
        said = str(column.get("description", ""))
        # A text shared with the dictionary is shown there.
        text = "" if said.startswith("{{") else said
        yield column["name"], str(column.get("data_type", "")), text


def _promises(folder: Path) -> dict[str, Mapping[str, object]]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    documents = [yaml.load(p.read_text(), loader) for p in sorted(folder.rglob("*.yml"))]  # noqa: S506
    return {m["name"]: m for d in documents if d for m in d.get("models", [])}
