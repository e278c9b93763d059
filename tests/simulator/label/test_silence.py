from __future__ import annotations

from functools import partial

import pytest

from tests.simulator.label import cases
from tests.simulator.label.cases import case, classes, duty, effect, only, times
from vigia.simulator.label.silence import gps_failures, phone_failures, silent_sites

episodes = partial(cases.episodes, finders=(silent_sites, gps_failures, phone_failures))


def test_k01_is_an_hour_in_which_nothing_arrives_of_a_manned_site():
    found = only(episodes(case(duty(), gaps=[("site", 0, 100, 190)])), "K01")
    assert times(found) == (100, 160, 190)
    assert (found["scope_kind"], found["scope"]) == ("site", "S0001")
    assert (found["severity"], found["person"]) == ("CRITICAL", 0)
    assert found["expected_type"] == "CORRELATION_SILENT_SITE"


@pytest.mark.parametrize(
    ("gap", "reason"),
    [
        ((100, 159), "shorter than an hour"),
        ((680, 790), "the guard clocked out before the hour was over"),
        ((730, 900), "nobody is on duty any more"),
    ],
)
def test_k01_is_nothing_when(gap, reason):
    assert "K01" not in classes(episodes(case(duty(), gaps=[("site", 0, *gap)]))), reason


def test_k01_needs_one_guard_for_the_whole_window_not_two_in_turn():
    first, second = duty(end=150), duty(start=150, person=4)
    assert "K01" not in classes(episodes(case(first, second, gaps=[("site", 0, 100, 205)])))
    assert "K01" in classes(episodes(case(first, second, gaps=[("site", 0, 100, 211)])))


def test_k01_starts_with_the_guard_where_the_site_was_silent_before():
    found = only(episodes(case(duty(start=60), gaps=[("site", 0, 0, 200)])), "K01")
    assert times(found) == (60, 120, 200)


def test_k01_counts_only_those_who_are_checked_in():
    unclocked = duty(clock_in_us=-1)
    assert "K01" not in classes(episodes(case(unclocked, gaps=[("site", 0, 100, 190)])))


def test_k01_names_nobody_where_two_guards_are_silent():
    both = duty(), duty(person=4, lone=False)
    assert only(episodes(case(*both, gaps=[("site", 0, 100, 190)])), "K01")["person"] == -1


def test_k01_in_a_maintenance_window_is_muted_and_known_at_its_end_if_it_lasts():
    window = {"kind": "maintenance", "site": 0, "from_us": 90, "to_us": 200}
    silent = case(duty(), gaps=[("site", 0, 100, 190)], mutes=[window])
    assert "K01" not in classes(episodes(silent))
    longer = case(duty(), gaps=[("site", 0, 100, 260)], mutes=[window])
    assert times(only(episodes(longer), "K01")) == (100, 200, 260)


def test_k01_is_explained_by_the_outage_of_its_operator():
    down = [effect("network_down", site, 100, 190, 2.0) for site in (0, 1, 2)]
    gaps = [("site", site, 100, 190) for site in (0, 1, 2)]
    table = episodes(case(duty(0), duty(1), duty(2), effects=down, gaps=gaps))
    outage = only(table, "K11")
    silent = [row for row in table.iter_rows(named=True) if row["class"] == "K01"]
    assert len(silent) == 3
    assert {row["parent"] for row in silent} == {outage["number"]}
    assert {row["subtype"] for row in silent} == {"network"}


def test_k01_is_injected_where_it_was_meant_and_natural_elsewhere():
    meant = {"class": "K01", "site": 0, "episode": 3, "from_us": 95, "to_us": 185}
    gaps = [("site", 0, 100, 190), ("site", 1, 100, 190)]
    table = episodes(case(duty(0), duty(1), gaps=gaps, intents=[meant]))
    causes = dict(table.filter(table["class"] == "K01").select("scope", "cause").iter_rows())
    assert causes == {"S0001": "injected", "S0002": "natural"}


def test_an_intention_that_came_to_nothing_is_no_episode():
    meant = {"class": "K01", "site": 0, "episode": 3, "from_us": 95, "to_us": 185}
    assert "K01" not in classes(episodes(case(duty(), intents=[meant])))


def test_k05_is_an_hour_of_phone_events_without_a_usable_position():
    found = only(episodes(case(duty(), gaps=[("device_G", 0, 100, 190)])), "K05")
    assert times(found) == (100, 160, 190)
    assert (found["scope"], found["person"], found["severity"]) == ("D00001", 0, "CRITICAL")


def test_k05_is_nothing_while_the_phone_is_silent_too():
    dead = [("device_G", 0, 100, 190), ("device_P", 0, 101, 189)]
    assert "K05" not in classes(episodes(case(duty(), gaps=dead)))
    partly = [("device_G", 0, 100, 260), ("device_P", 0, 100, 150)]
    assert times(only(episodes(case(duty(), gaps=partly)), "K05")) == (150, 210, 260)


def test_k05_counts_from_the_arrival_of_the_guard_and_only_while_there():
    found = only(episodes(case(duty(start=60), gaps=[("device_G", 0, -600, 150)])), "K05")
    assert times(found) == (60, 120, 150)
    assert "K05" not in classes(episodes(case(duty(), gaps=[("device_G", 0, 670, 900)])))


def test_k05_under_a_roof_is_low_and_scans_that_prove_presence_take_one_off():
    roof = only(episodes(case(duty(3), gaps=[("device_G", 3, 100, 190)])), "K05")
    assert roof["severity"] == "LOW"
    work = [{"duty": 0, "slot_us": 120, "w_count": 2}]
    seen = only(episodes(case(duty(), gaps=[("device_G", 0, 100, 190)], work=work)), "K05")
    assert seen["severity"] == "HIGH"
    paired = case(duty(lone=False), gaps=[("device_G", 0, 100, 190)], work=work)
    assert only(episodes(paired), "K05")["severity"] == "MEDIUM"


def test_k05_takes_frozen_positions_for_none_and_a_second_tracker_for_enough():
    frozen = case(duty(), effects=[effect("gps_lost", 0, 100, 190, 3.0)])
    assert times(only(episodes(frozen), "K05")) == (100, 160, 190)
    tracked = [effect("second_tracker", 0, 0, 720)]
    gaps = [("device_G", 0, 100, 190)]
    assert "K05" not in classes(episodes(case(duty(), effects=tracked, gaps=gaps)))


def test_k06_is_an_hour_of_positions_without_a_phone_event():
    found = only(episodes(case(duty(), gaps=[("device_P", 0, 100, 190)])), "K06")
    assert times(found) == (100, 160, 190)
    assert found["severity"] == "HIGH"


def test_k06_is_nothing_for_a_dead_phone_or_an_app_without_heartbeats():
    dead = [("device_P", 0, 100, 190), ("device_G", 0, 100, 190)]
    assert "K06" not in classes(episodes(case(duty(), gaps=dead)))
    outdated = [effect("app_outdated", 0, 0, 720)]
    gaps = [("device_P", 0, 100, 190)]
    assert "K06" not in classes(episodes(case(duty(), effects=outdated, gaps=gaps)))


def test_k11_is_three_manned_sites_of_one_operator_within_ten_minutes():
    down = [effect("network_down", n, 100 + 3 * n, 190 + n, 2.0) for n in (0, 1, 2)]
    found = only(episodes(case(duty(0), duty(1), duty(2), effects=down)), "K11")
    assert times(found) == (100, 116, 191)
    assert (found["scope_kind"], found["scope"]) == ("region", "IN-MUM")
    assert found["severity"] == "CRITICAL", "the post of one site must be manned"
    assert found["cause"] == "natural"


@pytest.mark.parametrize(
    ("starts", "sites", "reason"),
    [
        ((100, 100), (0, 1), "two sites only"),
        ((100, 105, 111), (0, 1, 2), "not within ten minutes"),
        ((100, 100, 100), (0, 1, 3), "of two operators"),
    ],
)
def test_k11_is_nothing_when(starts, sites, reason):
    down = [
        effect("network_down", site, start, 190, 2.0)
        for site, start in zip(sites, starts, strict=True)
    ]
    happened = case(*(duty(site) for site in sites), effects=down)
    assert "K11" not in classes(episodes(happened)), reason


def test_k11_needs_sites_that_would_have_sent_something():
    down = [effect("network_down", n, 100, 190, 2.0) for n in (0, 1, 2)]
    assert "K11" not in classes(episodes(case(duty(0), duty(1), effects=down)))
