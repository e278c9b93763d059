"""`vigia evaluate` as a person and a machine meet it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from vigia.cli import evaluate as command
from vigia.cli.main import app
from vigia.evaluate import board
from vigia.evaluate.naive import CLASSES


def _run(*words):
    return CliRunner().invoke(app, ["evaluate", *map(str, words)])


@pytest.fixture
def quick(judged, monkeypatch):
    """Worlds that were all judged before; notes what was asked for."""
    asked = []

    def judge_new(config, **_options):
        asked.append(config)
        return board.Judged.from_dict(
            judged.as_dict() | {"level": config.level.value, "seed": config.seed}
        )

    monkeypatch.setattr(board, "judge_new", judge_new)
    return asked


def test_a_world_on_disk_is_scored_as_one_object(small_world):
    run = _run("--world", small_world, "--json")
    assert run.exit_code == 0
    told = json.loads(run.stdout)
    assert told["level"] == "standard"
    assert set(told["naive"]) == set(CLASSES)


def test_a_person_sees_a_line_a_class_within_eighty_columns(quick):
    run = _run("--seeds", "4,9", "--level", "hard")
    assert run.exit_code == 0
    lines = run.stdout.splitlines()
    assert "hard (seeds 4, 9)" in lines[0]
    for name in CLASSES:
        (line,) = [line for line in lines if line.strip().startswith(name)]
        assert len(line) <= 80
        assert "…" not in line


def test_seeds_size_and_level_reach_the_worlds(quick):
    run = _run("--seeds", "4,9", "--sites", 12, "--days", 9, "--test-days", 2, "--json")
    assert run.exit_code == 0
    assert [(c.seed, c.sites, c.learn_days, c.test_days) for c in quick] == [
        (4, 12, 7, 2),
        (9, 12, 7, 2),
    ]
    assert json.loads(run.stdout)["seeds"] == [4, 9]


def test_every_level_is_scored_on_the_same_seeds_and_told_on_a_page(quick, tmp_path):
    page = tmp_path / "levels.md"
    run = _run("--levels", "--seeds", "1,2", "--sites", 8, "--page", page, "--json")
    assert run.exit_code == 0
    levels = [told["level"] for told in json.loads(run.stdout)["levels"]]
    assert levels == ["easy", "standard", "hard", "brutal", "quiet"]
    assert [(c.level.value, c.seed) for c in quick] == [(n, s) for n in levels for s in (1, 2)]
    assert "vigia evaluate --levels --sites 8 --days 35 --test-days 7 --seeds 1,2" in (
        page.read_text()
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--seeds", "one"], "--seeds is 'one'"),
        (["--seeds", ","], "--seeds is ','"),
        (["--seeds", "1,1"], "each once"),
        (["--sites", "0"], "sites is 0"),
        (["--days", "0"], "test_days is 0"),
        (["--world", "/nowhere/at/all"], "holds no world"),
        (["--page", "/tmp/page.md"], "--levels"),
    ],
)
def test_wrong_options_say_what_to_write(words, said):
    run = _run(*words)
    assert run.exit_code == 1
    assert said in run.stderr


def test_the_command_that_a_page_names_is_the_one_that_made_it():
    assert command.command_text(8, 35, 7, "1,2").startswith("vigia evaluate --levels --sites 8")
