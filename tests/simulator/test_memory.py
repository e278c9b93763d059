"""The allocators are told in time, and the command imports nothing heavy before."""

from __future__ import annotations

import subprocess
import sys

TOLD = """
import os, sys
from vigia.cli.simulate import app
from vigia.simulator.config import Level, WorldConfig
from vigia.simulator.memory import keep_freed_memory
assert "polars" not in sys.modules
os.environ["_RJEM_MALLOC_CONF"] = sys.argv[1]
if not sys.argv[1]:
    del os.environ["_RJEM_MALLOC_CONF"]
keep_freed_memory()
print(os.environ["_RJEM_MALLOC_CONF"])
import polars, numpy
assert polars.Series(numpy.zeros(5_000_000)).sum() == 0
"""


def told(before):
    done = subprocess.run(
        [sys.executable, "-c", TOLD, before], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_memory_is_kept_from_before_polars_starts():
    assert "dirty_decay_ms" in told("")


def test_whoever_asked_for_something_else_is_heard():
    assert told("dirty_decay_ms:1") == "dirty_decay_ms:1"
