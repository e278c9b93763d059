"""Only evaluation may know what was true: by import, by name, and by the rights of the files."""

from __future__ import annotations

import ast
import stat

import polars as pl

from vigia.simulator.emit.files import TRUTH, WorldFolder
from vigia.simulator.truth import TABLES

MAY_READ = ("vigia.evaluate.", "vigia.cli.evaluate.", "bench.pictures.week.")
"""Whoever may import the reader of the truth; a picture for people marks what was wrong."""
MAY_KNOW = ("vigia.evaluate.", "vigia.simulator.")
"""Whoever may know what truth looks like; the simulator writes it and reads none."""


def test_the_truth_is_read_in_one_place_and_known_to_evaluation_alone(modules):
    strangers = [
        (module.name, name)
        for module in modules
        for name in module.imports()
        if name == "vigia.evaluate.truth" and not f"{module.name}.".startswith(MAY_READ)
    ]
    assert not strangers


def test_nothing_that_finds_or_shows_anything_knows_the_schemas_of_the_truth(modules):
    strangers = [
        (module.name, name)
        for module in modules
        for name in module.imports()
        if name in ("vigia.simulator.truth", "vigia.simulator.label")
        and not f"{module.name}.".startswith(MAY_KNOW)
    ]
    assert not strangers


def test_no_other_code_names_the_folder_or_a_table_of_the_truth(modules):
    named = [
        (module.name, value)
        for module in modules
        # Benchmarks time how truth comes about, and call that by its name; they find nothing.
        if not f"{module.name}.".startswith((*MAY_KNOW, "bench."))
        for value in _texts(module.tree)
        if value == TRUTH or value.startswith((f"{TRUTH}/", "gt_")) or f"/{TRUTH}/" in value
    ]
    assert not named


def test_no_code_but_evaluation_takes_the_name_of_the_folder_from_the_simulator(modules):
    takers = {
        module.name
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and node.module == "vigia.simulator.emit.files"
        if any(alias.name == "TRUTH" for alias in node.names)
    }
    assert takers == {"vigia.evaluate.truth"}


def test_the_simulator_reads_no_truth(modules):
    readers = [
        module.name
        for module in modules
        if f"{module.name}.".startswith("vigia.simulator.")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in ("read_parquet", "scan_parquet")
    ]
    assert not readers


def test_the_truth_is_readable_by_its_owner_alone(tmp_path):
    folder = WorldFolder(tmp_path / "world")
    folder.prepare(["acme"])
    folder.write_truth({"gt_episode": pl.DataFrame(schema=TABLES["gt_episode"])})
    truth = tmp_path / "world" / TRUTH
    assert stat.S_IMODE(truth.stat().st_mode) == 0o700
    files = sorted(truth.iterdir())
    assert [file.stem for file in files] == sorted(TABLES)
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def _texts(tree):
    """Every text in code; docstrings are for people."""
    spoken = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        if node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and id(node) not in spoken:
            yield node.value
