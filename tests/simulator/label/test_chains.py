from __future__ import annotations

from functools import partial

import polars as pl
import pytest

from tests.simulator.label import cases
from tests.simulator.label.cases import case, classes, duty, effect, only, times
from vigia.simulator.label.chains import chain_breaks

episodes = partial(cases.episodes, finders=(chain_breaks,))


def _alert(acked=-1, severity="HIGH", code="AL1", raised=100):
    return {
        "alert_code": code,
        "site": 0,
        "type": "perimeter_sensor",
        "severity": severity,
        "raised_us": raised,
        "acked_us": acked,
        "resolved_us": raised + 200,
        "root": "x",
    }


def _run(fault="", started=115, code="AL1"):
    return {"run_code": "ER1", "alert_code": code, "started_us": started, "fault": fault}


@pytest.mark.parametrize(("severity", "known"), [("HIGH", 115), ("CRITICAL", 105)])
def test_k10_is_a_grave_alert_that_nobody_takes_and_no_chain_that_starts(severity, known):
    found = only(episodes(case(duty(), alert=[_alert(acked=160, severity=severity)])), "K10")
    assert times(found) == (100, known, 160)
    assert (found["severity"], found["subtype"]) == ("CRITICAL", "nobody_acts")
    assert (found["scope_kind"], found["scope"]) == ("alert", "AL1")


@pytest.mark.parametrize(
    ("alert", "run", "reason"),
    [
        (_alert(acked=110), None, "acknowledged in time, by hand or by voice"),
        (_alert(acked=125), _run(), "the first step answered"),
        (_alert(severity="MEDIUM"), None, "not grave"),
    ],
)
def test_k10_is_nothing_when(alert, run, reason):
    happened = case(duty(), alert=[alert], escalation=[run] if run else [])
    assert "K10" not in classes(episodes(happened)), reason


def test_k10_is_a_chain_whose_first_step_stays_silent():
    found = only(episodes(case(duty(), alert=[_alert(acked=150)], escalation=[_run()])), "K10")
    assert times(found) == (100, 130, 150)


@pytest.mark.parametrize(
    ("fault", "after_s"), [("no_time", 1), ("no_target", 1), ("not_delivered", 300)]
)
def test_k10_is_a_chain_that_cannot_go_on(fault, after_s):
    happened = case(duty(), alert=[_alert(acked=180)], escalation=[_run(fault)])
    found = only(episodes(happened), "K10")
    assert times(found)[1] == pytest.approx(115 + after_s / 60)
    assert found["subtype"] == fault


def test_k10_of_one_fault_have_one_first_that_explains_the_others():
    fault = [effect("escalation_fault", 0, 95, 140, 0.0, 7)]
    alerts = [_alert(acked=160), _alert(acked=170, code="AL2", raised=110)]
    lone = _alert(acked=400, code="AL3", raised=300)
    table = episodes(case(duty(), effects=fault, alert=[*alerts, lone]))
    parents = dict(table.select("scope", "parent").iter_rows())
    first = table.filter(pl.col("scope") == "AL1")["number"][0]
    assert parents == {"AL1": -1, "AL2": first, "AL3": -1}
