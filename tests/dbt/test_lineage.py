"""The light reading of the dbt project agrees with dbt's own."""

from __future__ import annotations

import json

import pytest

from assets.lineage import read_marts


@pytest.fixture(scope="module")
def manifest(built):
    return json.loads((built.home / "dbt" / "target" / "manifest.json").read_text())


def _reached(manifest, start, marts):
    """Everything on the way to a model: (without passing through a mart, at all)."""

    def walk(name, stop):
        found, waiting = set(), list(manifest["parent_map"][name])
        while waiting:
            parent = waiting.pop()
            if parent not in found:
                found.add(parent)
                if not (stop and parent in marts):
                    waiting += manifest["parent_map"].get(parent, [])
        return found

    return walk(start, stop=True), walk(start, stop=False)


def test_lineage_equals_what_dbt_parses(manifest):
    nodes = {**manifest["nodes"], **manifest["sources"]}
    marts = {
        i for i, n in nodes.items() if n["resource_type"] == "model" and n["schema"] == "marts"
    }
    expected = {}
    for mart in marts:
        direct, everything = _reached(manifest, mart, marts)
        expected[nodes[mart]["name"]] = (
            {nodes[i]["name"] for i in direct & marts},
            {nodes[i]["name"] for i in direct if i.startswith("source.")},
            {nodes[i]["name"] for i in everything if i.startswith("model.")},
        )
    found = {m.name: (set(m.marts), set(m.tables), set(m.models)) for m in read_marts()}
    assert found == expected


def test_every_mart_says_what_one_row_is_and_names_its_columns():
    for mart in read_marts():
        assert mart.description.startswith("One row per "), mart.name
        assert mart.columns, mart.name
