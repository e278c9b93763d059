"""The benchmarks run, and what they compare is equal. How fast it is decides nothing here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from bench import baseline, detection
from bench.run import exponent, run_engine
from bench.telemetry import write_snapshots, write_values
from bench.world import _STAGES, measure, simulate
from vigia.cli import bench as command


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


@pytest.fixture(scope="module")
def made():
    return measure([1], 2, rounds=1).as_dict()


def test_making_a_world_is_measured_against_spelling_ready_events(made) -> None:
    assert made.keys() == {"name", "reference", "ratio", "exponent", "peak_mb", "figures"}
    assert made["name"] == "simulate"
    figures = made["figures"]
    assert figures["sites"] == [1]
    assert figures["events"][0] > 500
    assert made["ratio"] > 0
    assert figures["packed_bytes_per_event"] < figures["bytes_per_event"] / 3


def test_every_stage_of_a_world_has_its_share_of_the_cost(made) -> None:
    us = made["figures"]["us_per_event"]
    assert us.keys() == {*_STAGES, "rest"}
    assert all(value > 0 for value in us.values())


@pytest.mark.slow
def test_worlds_of_several_sizes_tell_how_cost_grows() -> None:
    found = simulate(50_000)
    assert found.figures["sites"] == [1, 2]
    assert found.exponent is not None
    assert all(found.figures["marginal_events_per_s"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["router", "ingest"])
def test_the_benchmarks_on_a_database_run(name: str) -> None:
    from bench import database

    assert getattr(database, name)(4000).ratio > 0


def test_figures_with_names_are_shown_under_each_other(capsys) -> None:
    figures = {"sizes": [1000, 2000], "us": {"text": 1.5, "write": 0.9}, "marginal": [None]}
    result = {"name": "n", "reference": "r", "ratio": 0.5, "exponent": None, "peak_mb": 1}
    command._show({**result, "figures": figures})
    shown = capsys.readouterr().out
    assert "1,000  2,000" in shown
    assert "write 0.9" in shown


@pytest.mark.slow
def test_every_page_is_painted_over_a_company() -> None:
    from bench.pages import HOME, pages

    found = pages(12_000)
    views = sorted(page.stem for page in (HOME.parent / "views").glob("*.py"))
    assert found.figures["page"] == views
    assert all(seconds > 0 for seconds in found.figures["first_paint_s"])


def test_rules_and_replay_are_measured_in_the_promised_shape() -> None:
    rules, replay = detection.rules(4000).as_dict(), detection.replay(11_000).as_dict()
    shape = {"name", "reference", "ratio", "exponent", "peak_mb", "figures"}
    assert rules.keys() == replay.keys() == shape
    assert len(rules["figures"]["findings_per_s"]) == 3
    assert replay["figures"]["sites"] == 2
    assert all(times > 0 for times in replay["figures"]["times_real_time"])


@pytest.mark.slow
def test_an_audit_is_measured_beside_the_usual_loop() -> None:
    audit = detection.audit(4 * detection.EVENTS_A_SITE).as_dict()
    assert audit["figures"]["sites"] == [1, 2, 4]
    assert audit["ratio"] > 0


def test_baselines_are_those_of_the_reference_query() -> None:
    days = baseline.samples(4)
    ours = baseline.full(days).select(
        "site", "metric", "hour_of_week", "n", "mean", "var", "p50", "mad"
    )
    theirs = baseline.by_duckdb(baseline.as_rows(days))
    assert ours.height == theirs.height == 4 * 168
    for name, other in zip(ours.columns, theirs.columns, strict=True):
        assert ours[name].cast(pl.Float64).to_list() == pytest.approx(
            theirs[other].cast(pl.Float64).to_list()
        ), name


def test_a_slot_taken_in_moves_the_moments_of_its_hour() -> None:
    kept, moments = np.full((2, 3, 288), np.nan), np.zeros((3, 2, 3))
    values = np.random.default_rng(1).poisson(3.0, (5, 2, 3)).astype(float)
    for fresh in values:
        baseline.take_in(kept, moments, fresh)
    assert (kept[:, :, 100] == values[-1]).all()
    assert moments[1] == pytest.approx(values.mean(axis=0))
    assert moments[2] / 4 == pytest.approx(values.var(axis=0, ddof=1))
