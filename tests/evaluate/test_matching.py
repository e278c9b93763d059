"""The matching rule, corner by corner, and against brute force."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigia.evaluate.matching import DETECTIONS, match
from vigia.simulator.truth import EPISODE, TRAP

START = datetime(2026, 3, 23, tzinfo=UTC)


def _at(minute):
    return None if minute is None else START + timedelta(minutes=minute)


def episode(
    name, onset, end, *, kind="K01", scope="S0001", tenant="t", parent=None, detectable=None
):
    return {
        "episode": name,
        "tenant": tenant,
        "class": kind,
        "scope_kind": "site",
        "scope": scope,
        "site": scope,
        "onset": _at(onset),
        "detectable_at": _at(onset if detectable is None else detectable),
        "end": _at(end),
        "parent": parent,
    }


def detection(name, at, *, kind="K01", scope="S0001", tenant="t", **rest):
    return {
        "detection": name,
        "tenant": tenant,
        "class": kind,
        "scope_kind": "site",
        "scope": scope,
        "site": scope,
        "detected_at": _at(at),
        "severity": "HIGH",
        "inhibited": rest.get("inhibited", False),
        "retracted": rest.get("retracted", False),
    }


def matched(detections, episodes, traps=()):
    found = match(
        pl.DataFrame(list(detections), DETECTIONS, orient="row"),
        pl.DataFrame(list(episodes), EPISODE, orient="row"),
        pl.DataFrame(list(traps), TRAP, orient="row"),
    )
    alarms = dict(found.detections.select("detection", "verdict").iter_rows())
    truths = dict(found.episodes.select("episode", "verdict").iter_rows())
    return alarms, truths


def test_a_detection_inside_an_episode_finds_it():
    assert matched([detection("d", 30)], [episode("e", 0, 60)]) == ({"d": "true"}, {"e": "found"})


def test_two_detections_of_one_episode_are_one_find_and_one_repeat():
    alarms, truths = matched([detection("a", 10), detection("b", 20)], [episode("e", 0, 60)])
    assert alarms == {"a": "true", "b": "repeat"}
    assert truths == {"e": "found"}


def test_one_detection_over_two_overlapping_episodes_finds_one():
    alarms, truths = matched([detection("d", 30)], [episode("e", 0, 60), episode("f", 20, 90)])
    assert alarms == {"d": "true"}
    assert truths == {"e": "found", "f": "missed"}


def test_two_detections_over_two_overlapping_episodes_find_both():
    episodes = [episode("long", 0, 90), episode("short", 20, 40)]
    alarms, truths = matched([detection("a", 30), detection("b", 80)], episodes)
    assert set(alarms.values()) == {"true"}
    assert set(truths.values()) == {"found"}


def test_a_detection_before_the_onset_is_false():
    assert matched([detection("d", -1)], [episode("e", 0, 60)]) == ({"d": "false"}, {"e": "missed"})


@pytest.mark.parametrize(("at", "verdict"), [(60, "true"), (75, "true"), (76, "false")])
def test_grace_ends_a_quarter_of_an_hour_after_the_episode(at, verdict):
    assert matched([detection("d", at)], [episode("e", 0, 60)])[0] == {"d": verdict}


@pytest.mark.parametrize("other", [{"scope": "S0002"}, {"kind": "K02"}, {"tenant": "u"}])
def test_another_scope_class_or_tenant_does_not_match(other):
    alarms, truths = matched([detection("d", 30, **other)], [episode("e", 0, 60)])
    assert alarms == {"d": "false"}
    assert truths == {"e": "missed"}


def test_a_retracted_detection_may_find_and_is_false_where_nothing_was():
    episodes = [episode("e", 0, 60)]
    assert matched([detection("d", 30, retracted=True)], episodes)[0] == {"d": "true"}
    assert matched([detection("d", 300, retracted=True)], episodes)[0] == {"d": "false"}


def test_an_inhibited_detection_finds_nothing_and_is_no_false_alarm():
    alarms, truths = matched([detection("d", 30, inhibited=True)], [episode("e", 0, 60)])
    assert alarms == {"d": "inhibited"}
    assert truths == {"e": "missed"}


def _outage():
    return [
        episode("outage", 0, 60, kind="K11", scope="R1"),
        episode("child", 0, 60, parent="outage"),
    ]


def test_a_child_is_covered_when_its_parent_was_found():
    alarms, truths = matched([detection("p", 10, kind="K11", scope="R1")], _outage())
    assert truths == {"outage": "found", "child": "covered"}
    assert alarms == {"p": "true"}


def test_an_inhibited_child_is_covered_by_its_parent():
    parent = detection("p", 10, kind="K11", scope="R1")
    alarms, truths = matched([parent, detection("c", 61, inhibited=True)], _outage())
    assert truths["child"] == "covered"
    assert alarms == {"p": "true", "c": "inhibited"}


def test_a_child_that_was_found_besides_its_parent_is_found():
    parent = detection("p", 10, kind="K11", scope="R1")
    alarms, truths = matched([parent, detection("c", 20), detection("again", 30)], _outage())
    assert truths == {"outage": "found", "child": "found"}
    assert alarms == {"p": "true", "c": "true", "again": "repeat"}


def test_a_child_must_be_found_when_its_parent_was_missed():
    assert matched([], _outage())[1] == {"outage": "missed", "child": "missed"}


def test_a_parent_that_is_not_true_is_a_false_alarm_and_covers_nothing():
    false_parent = detection("p", 10, kind="K11", scope="R1")
    alarms, truths = matched([false_parent], [episode("e", 0, 60)])
    assert alarms == {"p": "false"}
    assert truths == {"e": "missed"}


def test_a_test_press_is_neutral():
    trap = {
        "trap": "x",
        "tenant": "t",
        "kind": "test_panic",
        "scope_kind": "person",
        "scope": "G1",
        "site": "S0001",
        "from": _at(0),
        "to": _at(5),
        "tempting_type": "K07",
    }
    press = detection("d", 1, kind="K07")
    assert matched([press], [], [trap])[0] == {"d": "neutral"}
    assert matched([detection("d", 1)], [], [trap])[0] == {"d": "false"}
    assert matched([press], [], [{**trap, "kind": "pocket_press"}])[0] == {"d": "neutral"}
    drill = {**trap, "kind": "drill", "tempting_type": "K03"}
    assert matched([press], [], [drill])[0] == {"d": "neutral"}
    assert matched([detection("d", 1, kind="K03")], [], [drill])[0] == {"d": "false"}
    assert matched([press], [], [{**trap, "kind": "charger_on_desk"}])[0] == {"d": "false"}


def test_an_episode_that_never_ended_can_be_found_at_any_time():
    alarms, truths = matched([detection("d", 9000)], [episode("e", 0, None)])
    assert (alarms, truths) == ({"d": "true"}, {"e": "found"})


def test_nothing_found_and_nothing_true_are_no_error():
    assert matched([], [episode("e", 0, 60)]) == ({}, {"e": "missed"})
    assert matched([detection("d", 0)], []) == ({"d": "false"}, {})
    assert matched([], []) == ({}, {})


def test_delay_is_told_from_the_onset_and_from_when_it_could_be_known():
    found = match(
        pl.DataFrame([detection("d", 65)], DETECTIONS, orient="row"),
        pl.DataFrame([episode("e", 0, 90, detectable=60)], EPISODE, orient="row"),
        TRAP.to_frame(),
    )
    assert found.episodes.select("delay_onset_s", "delay_detectable_s").row(0) == (3900.0, 300.0)


spans = st.tuples(st.integers(0, 60), st.integers(1, 60)).map(lambda s: (s[0], s[0] + s[1]))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 130), max_size=5, unique=True), st.lists(spans, max_size=5))
def test_no_other_pairing_finds_more(times, episodes):
    alarms, truths = matched(
        [detection(f"d{t}", t) for t in times],
        [episode(f"e{n}", onset, end) for n, (onset, end) in enumerate(episodes)],
    )
    best = 0
    padded = times + [None] * len(episodes)
    for order in set(permutations(padded, len(episodes))):
        best = max(
            best,
            sum(
                at is not None and onset <= at <= end + 15
                for at, (onset, end) in zip(order, episodes, strict=True)
            ),
        )
    assert list(truths.values()).count("found") == best
    assert list(alarms.values()).count("true") == best
