"""The reader of the truth: every table with its columns, or a refusal that says what to do."""

from __future__ import annotations

import shutil

import polars as pl
import pytest

from vigia.domain.errors import VigiaError
from vigia.evaluate.truth import read_truth
from vigia.simulator.truth import TABLES


@pytest.fixture
def copied(small_world, tmp_path):
    """The truth of the small world, to be spoiled."""
    shutil.copytree(small_world / "truth", tmp_path / "truth")
    return tmp_path


def test_every_table_comes_with_its_columns(small_world):
    truth = read_truth(small_world)
    assert {name: frame.schema for name, frame in truth.tables.items()} == TABLES
    assert truth.episodes.height > 10
    assert truth.traps.height > 10


def test_a_world_without_truth_is_refused(tmp_path):
    with pytest.raises(VigiaError, match=r"gt_episode\.parquet cannot be read"):
        read_truth(tmp_path)


def test_a_table_of_another_version_is_refused(copied):
    path = copied / "truth" / "gt_trap.parquet"
    pl.read_parquet(path).drop("kind").write_parquet(path)
    with pytest.raises(VigiaError, match="another version"):
        read_truth(copied)


def test_a_file_that_is_no_table_is_refused(copied):
    (copied / "truth" / "gt_trap.parquet").write_text("nonsense")
    with pytest.raises(VigiaError, match="cannot be read"):
        read_truth(copied)
