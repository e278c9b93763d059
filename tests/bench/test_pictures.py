"""The pictures of a simulated company are drawn, small, and from the stream alone."""

from __future__ import annotations

import polars as pl
import pytest
from PIL import Image

from bench.pictures import __main__ as pictures
from bench.pictures import tickets
from bench.pictures.observed import Want, observed
from vigia.simulator.config import Level, WorldConfig
from vigia.simulator.generate import generate

CONFIG = WorldConfig.at_level(Level.STANDARD, seed=1, sites=4, learn_days=2, test_days=2)
MOST_BYTES, WIDTH = 120_000, 1440


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("pictures") / "world"
    generate(CONFIG, root)
    return root


def test_chosen_events_come_in_the_order_of_their_arrival_and_poison_is_left_out(world):
    wants = {
        "beat": Want({"battery_pct": pl.Float64()}, "device_heartbeat"),
        "here": Want({}, mark='"subject":"S0001"'),
    }
    found = observed(world / "sentinel", wants)
    assert found["beat"]["table"].unique().to_list() == ["device_heartbeat"]
    assert found["beat"]["battery_pct"].is_between(0, 100).mean() > 0.99
    assert found["here"]["site"].unique().to_list() == ["S0001"]
    assert found["here"]["table"].n_unique() > 5
    for frame in found.values():
        assert frame["received_at"].drop_nulls().is_sorted()


@pytest.mark.slow
def test_every_picture_is_drawn_and_small(world, tmp_path, monkeypatch):
    monkeypatch.setattr(tickets, "SITES", 8)
    monkeypatch.setattr(tickets, "DAYS", 8)
    files = pictures.draw(CONFIG, world, tmp_path)
    names = {"world-week.png", "world-night.png", "world-tickets.png", "world-batteries.png"}
    assert {file.name for file in files} == names
    for file in files:
        assert file.stat().st_size < MOST_BYTES
        with Image.open(file) as image:
            assert image.width == WIDTH
            assert len(image.getcolors()) > 10
