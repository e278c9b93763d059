from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
import yaml

from tests.simulator.plan.conftest import planned
from vigia.domain.errors import VigiaError
from vigia.simulator.config import DAY_US, Level, WorldConfig
from vigia.simulator.plan.scenarios import (
    FOLDER,
    load_scenario,
    read_scenario,
    scenario_names,
)

CONFIG = WorldConfig(sites=20, learn_days=1, test_days=5)


def _scenario(**item):
    episode = {"from": "day 1 08:00", "to": "day 1 12:00"} | item
    return {"name": "x", "notice": "y", "episodes": [episode]}


def test_four_scenarios_come_with_the_product_and_say_what_to_notice():
    assert scenario_names() == ["bad_night", "fraud_ring", "month_end", "operator_outage"]
    for name in scenario_names():
        scenario = load_scenario(name, CONFIG)
        assert scenario.name == name
        assert len(scenario.notice.split()) > 60
        assert yaml.safe_load((FOLDER / f"{name}.yaml").read_text())["needs"]


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"class": "K99"}, "no class 'K99'"),
        ({"effect": "teleport"}, "no effect 'teleport'"),
        ({"fraud": "bribe"}, "no fraud 'bribe'"),
        ({"class": "K01", "from": "day 2 08:00"}, "before it starts"),
        ({"class": "K01", "to": "day 6 08:00"}, "test span has 5 days"),
        ({"class": "K01", "from": "tomorrow"}, "such as 'day 2 22:30'"),
        ({"class": "K11", "sites": 21}, "the world has 20"),
        ({"class": "K01", "count": 0}, "whole number from 1"),
        ({"class": "K01", "trap": "drill"}, "exactly one of"),
        ({"class": "K01", "when": "now"}, "has 'when'"),
    ],
)
def test_a_contradiction_is_named_with_the_line_it_is_on(item, message):
    with pytest.raises(VigiaError, match="Episode 1 of the scenario") as caught:
        read_scenario(_scenario(**item), CONFIG)
    assert message in str(caught.value)


def test_a_file_that_is_no_scenario_is_refused_with_what_is_wrong(tmp_path):
    with pytest.raises(VigiaError, match="there are bad_night"):
        load_scenario("good_night", CONFIG)
    broken = tmp_path / "broken.yaml"
    broken.write_text("name: [")
    with pytest.raises(VigiaError, match="cannot be read"):
        load_scenario(str(broken), CONFIG)
    with pytest.raises(VigiaError, match="lacks 'notice'"):
        read_scenario({"name": "x", "episodes": []}, CONFIG)
    with pytest.raises(VigiaError, match="no knob"):
        read_scenario(_scenario(**{"class": "K01"}) | {"knobs": {"speed": 2}}, CONFIG)


def test_a_world_that_is_too_small_for_a_scenario_is_told_so():
    small = replace(CONFIG, sites=3)
    scenario = load_scenario("bad_night", small)
    with pytest.raises(VigiaError, match="needs 15 sites"):
        scenario.applied(small)


def test_a_scenario_sets_its_knobs_and_its_name():
    raw = _scenario(**{"class": "K01"}) | {"knobs": {"noise": 2.0}}
    applied = read_scenario(raw, CONFIG).applied(CONFIG)
    assert (applied.knobs.noise, applied.knobs.traps) == (2.0, CONFIG.knobs.traps)
    assert applied.scenario == "x"


@pytest.mark.parametrize("name", scenario_names())
def test_everything_a_scenario_asks_for_happens_in_its_time(name):
    night = planned(
        Level.QUIET, sites=20, learn_days=1, test_days=5, scenario=name, knobs={"traps": 0.0}
    )
    config = night.world.config
    items = load_scenario(name, config).items
    for what, table, column in (
        ("class", night.plan.intents, "class"),
        ("trap", night.plan.traps, "kind"),
    ):
        for item in (i for i in items if i.what == what):
            rows = table.filter(pl.col(column) == item.name.partition(".")[0])
            since = (rows["from_us"] - config.test_us) / DAY_US
            assert rows.height >= item.count
            assert since.is_between(item.from_us / DAY_US, item.to_us / DAY_US).any()
    wanted = sum(item.count for item in items if item.what == "fraud")
    assert night.plan.frauds.height == wanted


def test_an_outage_of_a_scenario_lasts_for_its_time_and_takes_the_largest_group():
    world = planned(Level.QUIET, sites=20, learn_days=1, test_days=3, scenario="operator_outage")
    outage = world.meant("K11")
    assert outage.height >= 3
    hours = (outage["to_us"] - outage["from_us"]) / 3.6e9
    assert hours.is_between(2.4, 2.6).all()


def test_a_scenario_that_finds_no_place_says_which_part(tmp_path):
    file = tmp_path / "storm.yaml"
    file.write_text(yaml.safe_dump(_scenario(**{"class": "K12", "to": "day 1 08:01"})))
    with pytest.raises(VigiaError, match=r"no place for episode 1 \(class K12\)"):
        planned(Level.QUIET, sites=3, learn_days=0, test_days=2, scenario=str(file))


def test_an_effect_of_a_scenario_befalls_as_many_sites_as_asked(tmp_path):
    file = tmp_path / "surge.yaml"
    item = {"effect": "alert_surge", "sites": 3, "value": 25.0}
    file.write_text(yaml.safe_dump(_scenario(**item)))
    world = planned(
        Level.QUIET, sites=6, learn_days=0, test_days=2, scenario=str(file), knobs={"traps": 0.0}
    )
    surge = world.effects("alert_surge")
    assert surge["value"].to_list() == [25.0] * 3
    assert surge["scope"].is_unique().all()
