"""The benchmark's scoring against its definition by hand, and the command over a tiny corpus."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from bench import nab
from bench.nab import Cost, Labelled, curve, scaled_sigmoid
from vigia.cli.bench import bench
from vigia.cli.main import app
from vigia.config.settings import default_data
from vigia.domain.errors import VigiaError

STANDARD = Cost(found=1, missed=1, false_alarm=0.11)
START = datetime(2026, 3, 2, tzinfo=UTC)
REAL = (default_data() or Path("missing")) / "nab"


def labelled(rows, windows, name="a/b.csv"):
    times = [START + i * timedelta(minutes=5) for i in range(rows)]
    return Labelled(name, pl.DataFrame({"time": times, "value": [0.0] * rows}), windows)


def alarms(rows, *at):
    scores = np.zeros(rows)
    scores[list(at)] = 1.0
    return scores


def score(file, *at, cost=STANDARD):
    return curve([file], [alarms(file.series.height, *at)], cost).at(1.0)


def sigmoid(x):
    return 2 / (1 + math.exp(5 * x)) - 1


def test_never_alarming_is_0_and_the_first_row_of_every_window_100():
    file = labelled(1000, ((300, 399), (700, 799)))
    for cost in (STANDARD, Cost(1, 2, 0.11), Cost(1, 1, 0.22)):
        assert score(file, cost=cost) == 0
        assert score(file, 300, 700, cost=cost) == pytest.approx(100)


def test_an_alarm_is_worth_less_the_later_in_its_window_and_the_best_one_counts():
    file = labelled(1000, ((300, 399),))
    middle, last = sigmoid(-0.5) / sigmoid(-1), sigmoid(-0.01) / sigmoid(-1)
    assert score(file, 350) == pytest.approx(50 * (1 + middle))
    assert score(file, 399) == pytest.approx(50 * (1 + last))
    assert score(file, 350, 360, 399) == pytest.approx(50 * (1 + middle))


def test_a_false_alarm_costs_in_full_before_the_first_window_and_little_just_behind_one():
    file = labelled(1000, ((300, 399),))
    assert score(file, 300, 200) == pytest.approx(100 - 50 * 0.11)
    assert score(file, 300, 409) == pytest.approx(100 + 50 * 0.11 * sigmoid(10 / 99))
    assert score(file, 300, 999) == pytest.approx(100 - 50 * 0.11)
    assert float(scaled_sigmoid(3.001)) == -1


def test_the_first_15_percent_or_750_rows_are_not_scored():
    assert labelled(1000, ()).probation == 150
    assert labelled(1001, ()).probation == 150
    assert labelled(9000, ()).probation == 750
    file = labelled(1000, ((300, 399),))
    assert score(file, 149, 300) == pytest.approx(100)
    assert score(file, 150, 300) == pytest.approx(100 - 50 * 0.11)


def test_the_curve_is_the_score_by_definition_at_every_threshold():
    rng = np.random.default_rng(4)
    files = [labelled(400, ((80, 119), (200, 219))), labelled(300, ()), labelled(200, ((10, 49),))]
    scores = [np.round(rng.random(f.series.height) ** 3, 2) for f in files]
    cost = Cost(1, 2, 0.22)
    found = curve(files, scores, cost)
    assert list(found.thresholds) == sorted(set(found.thresholds), reverse=True)
    for threshold, raw in zip(found.thresholds, found.raw, strict=True):
        total = 0.0
        for file, each in zip(files, scores, strict=True):
            total += by_definition(file, each, threshold, cost)
        assert raw == pytest.approx(total)
    assert found.best() == found.thresholds[found.raw.argmax()]


def by_definition(file, scores, threshold, cost):
    """The benchmark's rules, row by row for one threshold."""
    rows = range(file.probation, len(scores))
    total = 0.0
    for first, last in file.windows:
        hits = [i for i in rows if first <= i <= last and scores[i] >= threshold]
        width = last - first + 1
        gains = [sigmoid(-(last - i + 1) / width) / sigmoid(-1) * cost.found for i in hits]
        total += max([-cost.missed, *gains])
    for i in rows:
        if scores[i] >= threshold and not any(a <= i <= b for a, b in file.windows):
            behind = [(i - b) / (b - a) for a, b in file.windows if b < i]
            # The nearest window behind counts; far behind, or before the first, all is lost.
            place = behind[-1] if behind else 4
            total += cost.false_alarm * (-1 if place > 3 else sigmoid(place))
    return total


def test_split_halves_are_scored_at_each_others_threshold():
    files = [labelled(1000, ((300, 399),)) for _ in range(4)]
    early, late = alarms(1000, 300) * 0.9, alarms(1000, 350) * 0.2
    late[[500, 600]] = 0.1
    found = nab.split_half(files, [early, late, early, late], STANDARD)
    middle = 50 * (1 + sigmoid(-0.5) / sigmoid(-1))
    # The even half's threshold is too high for the odd one; the odd half's suits the even one.
    assert found == pytest.approx((0 + 100) / 2)
    assert curve(files[1::2], [late, late], STANDARD).at(0.2) == pytest.approx(middle)


@pytest.fixture
def corpus(tmp_path):
    rng = np.random.default_rng(6)
    folder = tmp_path / "nab"
    windows = {}
    for number in range(4):
        values = rng.normal(50, 1, 1500)
        values[1000:1040] += 30
        name = f"kind/series_{number}.csv"
        times = [START + i * timedelta(minutes=5) for i in range(1500)]
        (folder / "data" / "kind").mkdir(parents=True, exist_ok=True)
        pl.DataFrame(
            {"timestamp": [f"{t:%Y-%m-%d %H:%M:%S}" for t in times], "value": values}
        ).write_csv(folder / "data" / name)
        windows[name] = [[f"{times[i]:%Y-%m-%d %H:%M:%S}.000000" for i in (990, 1050)]]
    cost = {"tpWeight": 1.0, "fnWeight": 1.0, "fpWeight": 0.11, "tnWeight": 1.0}
    written = {
        "labels/combined_windows.json": windows,
        "config/profiles.json": {each: {"CostMatrix": cost} for each in nab.PROFILES.values()},
        "results/final_results.json": {
            "null": dict.fromkeys(nab.PROFILES.values(), 0.0),
            "other": dict.fromkeys(nab.PROFILES.values(), 40.0),
        },
    }
    for name, content in written.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(content))
    return folder


def test_the_command_scores_the_detector_beside_the_published_table(corpus, monkeypatch):
    from typer.testing import CliRunner

    monkeypatch.setenv("VIGIA_DATA", str(corpus.parent))
    done = CliRunner().invoke(app, ["bench", "nab", "--json"])
    found = json.loads(done.stdout)
    assert found["name"] == "nab"
    figures = found["figures"]
    assert list(figures["published"]) == ["other", "null"]
    assert found["ratio"] == pytest.approx(figures["standard"] / 40, abs=1e-3)
    assert figures["standard"] == figures["low_fp"] > 80
    assert figures["files"] == figures["windows"] == 4
    assert all(0 <= each <= figures["standard"] for each in figures["split_half"])
    assert all(each > 80 for each in figures["split_half_level"])


def test_where_the_data_are_missing_the_text_says_where_they_belong(tmp_path, monkeypatch):
    with pytest.raises(VigiaError, match="VIGIA_DATA"):
        nab.nab(folder=tmp_path)
    monkeypatch.setenv("VIGIA_DATA", str(tmp_path))
    with pytest.raises(VigiaError, match="VIGIA_DATA"):
        bench("nab")


def test_all_benchmarks_go_without_those_whose_data_are_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("VIGIA_DATA", str(tmp_path))
    monkeypatch.setattr("vigia.cli.bench.NAMES", ("nab",))
    bench("all")
    assert capsys.readouterr().err.startswith("nab is left out. ")


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.skipif(not REAL.is_dir(), reason="the Numenta Anomaly Benchmark is not there")
def test_one_frozen_configuration_reaches_what_was_promised_on_the_whole_benchmark():
    figures = nab.nab(folder=REAL).figures
    assert (figures["files"], figures["windows"]) == (58, 116)
    assert figures["standard"] >= 65
    assert figures["split_half"][0] >= 60
    assert figures["split_half_level"][0] >= 60
