"""Worlds judged and added up: what counts, what is kept, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from tests.evaluate import detectors
from tests.evaluate.conftest import SMALL
from vigia.domain.errors import VigiaError
from vigia.evaluate import board, naive
from vigia.evaluate.board import Judged, in_test_span, judge_new, scoreboard
from vigia.evaluate.levels_page import levels_page
from vigia.evaluate.matching import match
from vigia.evaluate.truth import read_truth
from vigia.simulator.config import Level
from vigia.simulator.truth import TRAP


def test_the_plain_rules_find_some_of_a_world_and_raise_many_false_alarms(judged):
    told = scoreboard([judged])
    assert set(told.naive.classes) == set(naive.CLASSES)
    assert sum(score.found for score in told.naive.classes.values()) > 10
    assert sum(score.false_alarms for score in told.naive.classes.values()) > 100
    assert 0 < told.naive.f1 < 0.5
    assert told.naive.per_site_day > 1


def test_the_product_beats_the_plain_rules_and_alarms_a_tenth_as_often(judged):
    told = scoreboard([judged])
    assert told.margin > 0.1
    assert told.product.per_site_day < told.naive.per_site_day / 10


def test_every_episode_of_the_test_span_is_counted_and_no_other(judged, small_world):
    truth = read_truth(small_world).episodes
    since = pl.lit(SMALL.test_us).cast(pl.Datetime("us", "UTC"))
    expected = truth.filter(pl.col("onset") >= since).group_by("class").len()
    counted = judged.naive.blocks.group_by("class").agg(pl.col("episodes").sum())
    both = counted.filter(pl.col("episodes") > 0).sort("class")
    assert list(both.iter_rows()) == list(expected.sort("class").iter_rows())
    assert expected["len"].sum() < truth.height


def test_what_was_judged_survives_being_written_down(judged):
    kept = Judged.from_dict(json.loads(json.dumps(judged.as_dict())))
    assert scoreboard([kept]).as_dict() == scoreboard([judged]).as_dict()


def test_a_board_has_the_shape_that_others_rely_on(judged):
    told = scoreboard([judged]).as_dict()
    assert told["level"] == "standard"
    assert told["seeds"] == [5]
    k01 = told["naive"]["K01"]
    assert {"precision", "recall", "f1", "episodes", "found", "delay_p95_s"} <= set(k01)
    assert {"precision", "recall", "f1", "episodes", "found"} <= set(told["classes"]["K01"])
    # What is not built yet has no figures, not even zeros; and this world is not a quiet one.
    assert not {"quiet_per_site_day", "noise"} & set(told)


def test_traps_to_what_the_plain_rules_do_not_look_for_are_left_out(judged, small_world):
    kinds = read_truth(small_world).traps.filter(tempting_type="FRAUD")["kind"].unique()
    assert len(kinds)
    assert not set(kinds) & set(judged.naive.traps["kind"])


def test_two_worlds_together_are_the_sum_of_both(judged):
    sheet = judged.naive
    again = replace(sheet, blocks=sheet.blocks.with_columns(world=pl.lit("standard/6")))
    other = replace(judged, seed=6, naive=again)
    one, two = scoreboard([judged]), scoreboard([judged, other])
    assert two.seeds == (5, 6)
    assert two.naive.per_site_day == one.naive.per_site_day
    for name, score in one.naive.classes.items():
        assert two.naive.classes[name].episodes == 2 * score.episodes
        assert two.naive.classes[name].f1 == score.f1


def test_worlds_of_different_levels_are_not_added_up(judged):
    with pytest.raises(VigiaError, match="levels hard, standard"):
        scoreboard([judged, replace(judged, level="hard")])


def test_a_world_that_was_judged_before_is_not_made_again(judged, tmp_path, monkeypatch):
    made = []

    def make(config, root, *, workers):
        made.append((config.seed, workers, root.parent))

    monkeypatch.setattr(board, "generate", make)
    monkeypatch.setattr(board, "judge", lambda *_words: judged)
    cache = tmp_path / "scores"
    first = judge_new(SMALL, cache=cache, workers=2)
    again = judge_new(SMALL, cache=cache)
    assert [(seed, workers) for seed, workers, _ in made] == [(5, 2)]
    assert not made[0][2].exists()
    assert scoreboard([again]).as_dict() == scoreboard([first]).as_dict()
    judge_new(replace(SMALL, seed=6), cache=cache)
    assert [seed for seed, _, _ in made] == [5, 6]
    assert {path.suffix for path in cache.iterdir()} == {".json"}


def test_findings_of_the_learning_days_and_of_episodes_that_began_in_them_do_not_count():
    episodes = detectors.truth()
    found = match(detectors.perfect(episodes), episodes, TRAP.to_frame())
    since = episodes["onset"].sort()[episodes.height // 2] + timedelta(minutes=5)
    late = in_test_span(found, int(since.timestamp() * 1e6))
    assert late.episodes["onset"].min() >= since
    assert 0 < late.episodes.height < episodes.height
    # Some begin just before the span and are found within it.
    straddling = episodes.filter((pl.col("onset") < since) & (pl.col("detectable_at") >= since))
    assert straddling.height
    assert set(late.detections["episode"]) == set(late.episodes["episode"])


def test_a_page_of_levels_has_a_column_a_level_and_a_row_a_class(judged):
    boards = [scoreboard([replace(judged, level=level.value)]) for level in Level]
    page = levels_page(boards, "vigia evaluate --levels")
    header = "| Class | easy | standard | hard | brutal | quiet |"
    assert header in page
    assert "`vigia evaluate --levels`" in page
    for name in naive.CLASSES:
        rows = [line for line in page.splitlines() if line.startswith(f"| {name} |")]
        assert rows
        assert {row.count("|") for row in rows} == {header.count("|")}
    assert f"{judged.hardness['late_share'] * 100:.1f} %" in page


def test_a_page_of_levels_says_where_the_plain_rules_do_well(judged):
    def page_of(blocks):
        other = replace(judged, naive=replace(judged.naive, blocks=blocks))
        return levels_page([scoreboard([other])], "")

    blocks = judged.naive.blocks
    assert "0.5 here: nowhere." in page_of(blocks.with_columns(found=pl.lit(0)))
    sure = pl.when(pl.col("class") == "K10").then(0).otherwise("false").alias("false")
    page = page_of(blocks.with_columns(sure, found=pl.col("episodes")))
    (line,) = [line for line in page.splitlines() if "0.5 here:" in line]
    assert "K10" in line
    assert line.endswith("on standard.")
