"""The benchmarks run, and what they compare is equal. How fast it is decides nothing here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from bench.run import exponent, run_engine
from bench.telemetry import write_snapshots, write_values


@pytest.mark.parametrize(
    ("work", "write"), [("snapshots", write_values), ("rollups", write_snapshots)]
)
def test_both_engines_give_the_same_rows(work, write, tmp_path: Path) -> None:
    files = write(tmp_path / "in", 20_000, 1)
    for engine in ("vigia", "duckdb"):
        assert run_engine(work, engine, files, tmp_path)["rows"] > 0
    results = sorted(tmp_path.glob("vigia-*.parquet"))
    assert results
    for ours in results:
        theirs = ours.with_name(ours.name.replace("vigia", "duckdb"))
        assert pl.read_parquet(ours).equals(pl.read_parquet(theirs)), ours.name


def test_the_same_seed_gives_the_same_telemetry(tmp_path: Path) -> None:
    one, other = (write_values(tmp_path / name, 5000, 7)[0] for name in ("a", "b"))
    assert one.read_bytes() == other.read_bytes()


def test_cost_that_grows_with_the_square_has_exponent_two() -> None:
    assert exponent([1, 2, 4], [1.0, 4.0, 16.0]) == pytest.approx(2)


def test_the_command_prints_one_object_of_the_promised_shape() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("vigia")), "bench", "snapshots", "--size", "4000", "--json"],
        capture_output=True, check=True,
    )  # fmt: skip
    printed = json.loads(done.stdout)
    assert printed.keys() == {"name", "reference", "ratio", "exponent", "peak_mb", "figures"}
    assert printed["name"] == "snapshots"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["router", "ingest"])
def test_the_benchmarks_on_a_database_run(name: str) -> None:
    from bench import database

    assert getattr(database, name)(4000).ratio > 0


@pytest.mark.slow
def test_every_page_is_painted_over_a_company() -> None:
    from bench.pages import HOME, pages

    found = pages(12_000)
    views = sorted(page.stem for page in (HOME.parent / "views").glob("*.py"))
    assert found.figures["page"] == views
    assert all(seconds > 0 for seconds in found.figures["first_paint_s"])
