"""Dagster's definitions load in a fresh interpreter, with nothing configured and nothing heavy."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ("great_expectations", "lancedb", "mlflow", "sentence_transformers", "torch")
LOAD = """
import json, sys
import orchestration.definitions as module
from dagster import Definitions
assert any(isinstance(value, Definitions) for value in vars(module).values())
print(json.dumps([name for name in {heavy!r} if name in sys.modules]))
"""


@pytest.fixture(scope="module")
def loaded(root):
    return subprocess.run(
        [sys.executable, "-c", LOAD.format(heavy=HEAVY)],
        cwd=root,
        env={},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_definitions_load_with_an_empty_environment(loaded):
    assert loaded.returncode == 0, loaded.stderr


def test_loading_definitions_imports_nothing_heavy(loaded):
    assert json.loads(loaded.stdout.splitlines()[-1]) == []
