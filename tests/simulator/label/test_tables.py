"""The truth tables as they are written: names, types, and what refers to what."""

from __future__ import annotations

import polars as pl
import pytest

from tests.simulator.label.cases import ABSENT, case, duty, effect, us
from vigia.simulator.label.build import truth_of
from vigia.simulator.label.oracle import ALLOWED, REMEDIES
from vigia.simulator.truth import TABLES


@pytest.fixture(scope="module")
def truth():
    return truth_of(_happened())


def _happened(*, turned=False):
    """A busy morning; the facts in the order of their making, or turned round."""
    run = {
        "run_code": "R1",
        "duty": 0,
        "site": 0,
        "tour": 0,
        "due_us": 90,
        "deadline_us": 135,
        "started_us": 95,
        "ended_us": 110,
        "status": "completed",
        "fake": 1,
        "planned": 8,
        "scanned": 8,
        "out_from_us": -1,
        "out_to_us": -1,
        "last_scan_us": 108,
    }
    punch = {"duty": 0, "source": "phone/D00001", "kind": "clock_in", "at_us": 1}
    ticket = {
        "number": "INC0000001",
        "site": 0,
        "opened_us": 100,
        "responded_us": 200,
        "resolved_us": 300,
        "priority": "P2",
        "due_us": 580,
        "would_breach": False,
        "sentiment": 2.5,
        "intent": "complaint",
        "urgency": 2,
        "impact": 3,
    }
    alert = {
        "alert_code": "AL1",
        "site": 0,
        "type": "panic",
        "severity": "LOW",
        "raised_us": 100,
        "acked_us": 101,
        "resolved_us": 120,
        "root": "panic-0-1",
    }
    traps = [
        {"trap": 0, "kind": "test_panic", "scope_kind": "person", "site": 0, "duty": 0, "person": 0,
         "device": 0, "from_us": 5, "to_us": 15, "tempting_type": "K07"},
        {"trap": 2, "kind": "drill", "scope_kind": "site", "site": 1, "from_us": 50, "to_us": 80,
         "tempting_type": "K03"},
        {"trap": 3, "kind": "handover_jitter", "scope_kind": "post", "site": 1, "post": 1, "duty": 1,
         "person": 1, "from_us": 0, "to_us": 9, "tempting_type": "K09"},
    ]  # fmt: skip
    down = [effect("network_down", n, 100, 190, 2.0) for n in (0, 1, 2)]
    dying = [effect("failing", 0, 300, 400, episode=1), effect("dark", 0, 400, 600, 1.0, 1)]
    facts = {
        "tour_run": [run, run | {"run_code": "R2", "fake": -1, "started_us": 200}],
        "attendance": [
            punch | {"event_id": "A1", "fraud": ""},
            punch | {"event_id": "A2", "fraud": "buddy"},
        ],
        "ticket": [ticket],
        "alert": [alert],
        "welfare": [
            {"duty": n, "site": n, "due_us": 60, "closes_us": 75, "result": "missed"}
            for n in (0, 1, 2)
        ],
        "panic": [{"panic_code": "P1", "duty": 1, "site": 1, "device": 1, "at_us": 50, "value": 0}],
    }
    gaps = [("site", 0, 100, 190), ("device_G", 1, 300, 400), ("device_P", 2, 300, 400)]
    if turned:
        facts, gaps = {name: rows[::-1] for name, rows in facts.items()}, gaps[::-1]
    return case(
        duty(0),
        duty(1),
        duty(2),
        duty(3, **ABSENT),
        effects=[*down, *dying],
        gaps=gaps,
        traps=traps,
        **facts,
    )


def test_the_truth_does_not_depend_on_the_order_of_the_facts(truth):
    turned = truth_of(_happened(turned=True))
    for name, frame in truth.items():
        assert frame.equals(turned[name]), name


def test_every_table_but_that_of_poison_is_made_in_its_schema(truth):
    assert set(truth) == set(TABLES) - {"gt_poison"}
    for name, frame in truth.items():
        assert frame.schema == TABLES[name], name
        assert frame.height > 0, name


def test_episodes_are_in_order_and_lie_between_onset_and_end(truth):
    table = truth["gt_episode"]
    assert table["onset"].is_sorted()
    assert (table["onset"] <= table["detectable_at"]).all()
    assert (table["detectable_at"] <= table["end"]).all()
    assert table["episode"].is_unique().all()
    assert set(table["cause"]) <= {"injected", "natural"}
    assert table["severity"].is_in(["LOW", "MEDIUM", "HIGH", "CRITICAL"]).all()


def test_a_parent_is_an_episode_of_the_table_and_a_region_has_no_site(truth):
    table = truth["gt_episode"]
    silent = table.filter(pl.col("class") == "K01").row(0, named=True)
    outage = table.filter(pl.col("class") == "K11").row(0, named=True)
    assert silent["parent"] == outage["episode"]
    assert (outage["site"], outage["scope"], outage["tenant"]) == (None, "IN-MUM", "sentinel")
    assert (silent["site"], silent["person"]) == ("S0001", "G00001")


def test_an_episode_of_a_device_names_device_and_person(truth):
    failed = truth["gt_episode"].filter(pl.col("class") == "DEVICE_FAILURE").row(0, named=True)
    assert (failed["scope"], failed["device"], failed["person"]) == ("D00001", "D00001", "G00001")


def test_things_are_labelled_by_the_names_that_events_use(truth):
    table = truth["gt_label"]
    found = {
        (kind, label, subject): (value, detail)
        for kind, label, subject, value, detail in table.select(
            "subject_kind", "label", "subject", "value", "detail"
        ).iter_rows()
    }
    assert found["attendance_event", "fraud", "phone/D00001#A1"] == (0, "none")
    assert found["attendance_event", "fraud", "phone/D00001#A2"] == (1, "buddy")
    assert found["tour_run", "fake", "R1"] == (1, "one_spot")
    assert found["shift", "gap_minutes", "H3-0"] == (720, None)
    assert found["shift", "gap_minutes", "H0-0"] == (0, None)
    assert found["device", "failure", "D00001"] == (1, "gradual")
    assert found["ticket", "sentiment", "INC0000001"] == (2.5, None)
    assert found["ticket", "intent", "INC0000001"] == (None, "complaint")
    assert found["ticket", "urgency", "INC0000001"] == (2, None)
    assert found["ticket", "impact", "INC0000001"] == (3, None)
    assert found["ticket", "would_breach", "INC0000001"] == (0, None)
    assert found["alert", "root_cause", "AL1"] == (None, "panic-0-1")
    death = table.filter(pl.col("label") == "failure")["at"].dt.epoch("us")[0]
    assert death == us(400)


def test_traps_name_their_scope_by_its_kind(truth):
    scopes = truth["gt_trap"].select("kind", "scope_kind", "scope", "person").sort("kind").rows()
    assert scopes == [
        ("drill", "site", "S0002", None),
        ("handover_jitter", "post", "S0002-P1", "G00002"),
        ("test_panic", "person", "G00001", "G00001"),
    ]


def test_every_episode_can_be_helped_by_allowed_actions_only(truth):
    table = truth["gt_resolution"]
    assert set(table["episode"]) == set(truth["gt_episode"]["episode"])
    assert set(table["action"]) <= set(ALLOWED)
    assert table["probability"].is_between(0, 1).all()
    assert (table["after_s"] > 0).all()
    assert {a.action for some in REMEDIES.values() for a in some} <= set(ALLOWED)


def test_an_operator_answers_every_episode_and_every_trap_once(truth):
    table = truth["gt_verdict"]
    asked = truth["gt_episode"].height + truth["gt_trap"]["trap"].n_unique()
    assert table.select("subject_kind", "subject").is_unique().all()
    assert table.height == asked
    assert (table["delay_s"] > 0).all()


def test_an_operator_is_right_nineteen_times_in_twenty():
    presses = [
        {"panic_code": f"P{n}", "duty": 0, "site": 0, "device": 0, "at_us": 10 + n, "value": 0}
        for n in range(600)
    ]
    verdicts = truth_of(case(duty(), panic=presses))["gt_verdict"]
    right = (verdicts["answer"] == "true_positive").mean()
    assert 0.92 <= right <= 0.98
    assert 250 <= verdicts["delay_s"].median() <= 650


def test_a_world_in_which_nothing_is_known_has_empty_truth():
    truth = truth_of(case(duty()))
    assert truth["gt_episode"].is_empty()
    assert truth["gt_label"]["label"].unique().to_list() == ["gap_minutes"]
