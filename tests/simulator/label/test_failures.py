from __future__ import annotations

from functools import partial

import polars as pl
import pytest

from tests.simulator.label import cases
from tests.simulator.label.cases import case, classes, duty, effect, only, times, us
from vigia.simulator.label.case import DRAINED, Case
from vigia.simulator.label.failures import (
    anomalies,
    broken_promises,
    device_deaths,
    device_failures,
    intrusions,
)


def _failed(happened):
    return device_failures(happened, device_deaths(happened))


episodes = partial(cases.episodes, finders=(intrusions, broken_promises, anomalies, _failed))


def _seen(site, start=1300, end=1320):
    return {"site": site, "from_us": start, "to_us": end}


def test_k12_is_activity_at_a_closed_site_graver_at_high_risk():
    table = episodes(case(duty(2), intrusion=[_seen(2), _seen(1)]))
    assert dict(table.select("scope", "severity").iter_rows()) == {
        "S0003": "MEDIUM",
        "S0002": "HIGH",
    }
    assert times(table.row(0, named=True)) == (1300, 1300, 1320)


def test_k12_is_nothing_while_somebody_is_rostered():
    night = duty(2, start=1200, end=1400)
    assert "K12" not in classes(episodes(case(night, intrusion=[_seen(2)])))
    stood_down = night | cases.ABSENT | {"outcome": "stood_down"}
    assert "K12" in classes(episodes(case(stood_down, intrusion=[_seen(2)])))


def test_k12_is_not_excused_by_a_holiday():
    mute = {"kind": "holiday", "site": 2, "from_us": 1200, "to_us": 2000}
    assert "K12" in classes(episodes(case(duty(2), intrusion=[_seen(2)], mutes=[mute])))


def test_a_gradual_failure_lasts_from_its_first_trace_to_the_death():
    dying = [effect("failing", 0, 100, 300, episode=1), effect("dark", 0, 300, 800, 1.0, 1)]
    found = only(episodes(case(duty(), effects=dying)), "DEVICE_FAILURE")
    assert times(found) == (100, 115, 300)
    assert (found["subtype"], found["cause"], found["device"]) == ("gradual", "injected", 0)


def test_a_sudden_failure_is_known_ten_minutes_after_it_and_natural_where_nobody_planned_it():
    found = only(episodes(case(duty(), effects=[effect("dark", 0, 300, 500)])), "DEVICE_FAILURE")
    assert times(found) == (300, 310, 500)
    assert (found["subtype"], found["cause"]) == ("sudden", "natural")


def test_a_phone_that_dies_while_nobody_works_is_no_failure():
    dark = [effect("dark", 0, 800, 900), effect("dark", 5, 100, 200)]
    assert not classes(episodes(case(duty(), effects=dark)))


def test_a_battery_that_dies_by_itself_announces_it():
    plain = case(duty())
    drained = pl.DataFrame([(0, us(400), us(700))], schema=DRAINED, orient="row")
    happened = Case(plain.world, plain.duties, plain.plan, {}, plain.gaps, drained)
    found = only(episodes(happened), "DEVICE_FAILURE")
    assert times(found) == (280, 295, 400)
    assert (found["subtype"], found["cause"]) == ("gradual", "natural")


def _ticket(**changes):
    return {
        "number": "INC0000001",
        "site": 0,
        "opened_us": 100,
        "responded_us": 200,
        "resolved_us": 900,
        "paused_us": 30,
        "priority": "P2",
        "due_us": 580,
        "would_breach": True,
    } | changes


def test_a_broken_promise_is_to_be_foreseen_two_hours_before_it_and_waits_out_its_pauses():
    found = only(episodes(case(duty(), ticket=[_ticket()])), "SLA_BREACH")
    assert times(found) == (490, 610, 900)
    assert (found["scope"], found["severity"], found["cause"]) == ("INC0000001", "HIGH", "natural")


def test_a_promise_kept_is_none_and_one_that_was_forced_is_injected():
    assert "SLA_BREACH" not in classes(episodes(case(duty(), ticket=[_ticket(would_breach=False)])))
    forced = [effect("ticket_surge", 0, 100, 110, 0.0, 4)]
    happened = case(duty(), effects=forced, ticket=[_ticket()])
    assert only(episodes(happened), "SLA_BREACH")["cause"] == "injected"


@pytest.mark.parametrize(
    ("name", "value", "subtype", "direction"),
    [
        ("metric_shift", 0.4, "level_shift", "BELOW"),
        ("metric_shift", 2.5, "level_shift", "ABOVE"),
        ("metric_shift", 0.0, "silence", "BELOW"),
        ("metric_drift", 2.5, "drift", "ABOVE"),
        ("metric_drift", 0.2, "slow_fade", "BELOW"),
    ],
)
def test_an_anomaly_is_named_by_its_shape_and_direction(name, value, subtype, direction):
    change = [effect(name, 0, 100, 900, value, 2)]
    found = only(episodes(case(duty(), effects=change)), "ANOMALY")
    assert (found["subtype"], found["expected_type"]) == (
        subtype,
        f"ANOMALY_PHONE_EVENTS_{direction}",
    )
    assert times(found)[1] == (500 if "drift" in name else 110)
