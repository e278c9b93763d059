from __future__ import annotations

from functools import partial

import pytest

from tests.simulator.label import cases
from tests.simulator.label.cases import case, classes, duty, effect, only, times
from vigia.simulator.label.rounds import abandoned_tours, phantom_guards

episodes = partial(cases.episodes, finders=(abandoned_tours, phantom_guards))

CHECK = {"duty": 0, "site": 0, "due_us": 240, "closes_us": 255, "result": "missed"}


def _run(**changes):
    """A round due at 90, begun at 95, left at 105 and not taken up again."""
    return {
        "run_code": "R0000000-000",
        "duty": 0,
        "site": 0,
        "tour": 0,
        "due_us": 90,
        "deadline_us": 135,
        "started_us": 95,
        "ended_us": 200,
        "planned": 8,
        "scanned": 3,
        "last_scan_us": 103,
        "scan_before_us": 103,
        "status": "abandoned",
        "out_from_us": 105,
        "out_to_us": 180,
        "fake": -1,
    } | changes


def test_k02_is_a_guard_outside_for_ten_minutes_without_a_scan_for_half_an_hour():
    found = only(episodes(case(duty(), tour_run=[_run()])), "K02")
    assert times(found) == (105, 133, 180)
    assert (found["scope_kind"], found["scope"]) == ("tour_run", "R0000000-000")
    assert (found["severity"], found["subtype"], found["person"]) == ("HIGH", "left_site", 0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"out_from_us": -1, "out_to_us": -1}, "never outside"),
        ({"out_to_us": 132}, "back before the half hour was over"),
        ({"started_us": -1}, "never begun"),
        ({"status": "completed", "ended_us": 120}, "completed before"),
    ],
)
def test_k02_is_nothing_when(changes, reason):
    assert "K02" not in classes(episodes(case(duty(), tour_run=[_run(**changes)]))), reason


def test_k02_is_one_also_when_the_round_is_completed_afterwards():
    run = _run(status="completed", ended_us=230, last_scan_us=228, scanned=8)
    found = only(episodes(case(duty(), tour_run=[run])), "K02")
    assert times(found) == (105, 133, 180)
    assert found["severity"] == "MEDIUM", "nearly everything was scanned in the end"


def test_k02_counts_from_the_start_where_nothing_was_scanned():
    run = _run(scan_before_us=-1, last_scan_us=-1, scanned=0)
    assert times(only(episodes(case(duty(), tour_run=[run])), "K02"))[1] == 125


def test_k02_is_graver_where_a_must_man_post_is_left():
    run = _run(site=1)
    assert only(episodes(case(duty(1), tour_run=[run])), "K02")["severity"] == "CRITICAL"


def test_k02_is_no_guard_who_was_called_to_an_incident_and_no_round_on_wheels():
    called = [effect("on_incident", 0, 100, 190)]
    assert "K02" not in classes(episodes(case(duty(), effects=called, tour_run=[_run()])))
    driven = _run(site=3, tour=1)
    assert "K02" not in classes(episodes(case(duty(3), tour_run=[driven])))


def test_k02_stalled_is_forty_five_minutes_without_a_scan_inside():
    run = _run(out_from_us=-1, out_to_us=-1)
    halt = [effect("stalled", 0, 105, 180)]
    found = only(episodes(case(duty(), effects=halt, tour_run=[run])), "K02")
    assert times(found) == (105, 148, 180)
    assert (found["severity"], found["subtype"]) == ("MEDIUM", "stalled")
    short = [effect("stalled", 0, 105, 140)]
    assert "K02" not in classes(episodes(case(duty(), effects=short, tour_run=[run])))


def _work(*minutes):
    return [{"duty": 0, "slot_us": at, "w_count": 1} for at in minutes]


def test_k04_is_two_hours_without_work_or_answer_while_a_check_goes_unanswered():
    happened = case(duty(), work=_work(100, 400), welfare=[CHECK])
    found = only(episodes(happened), "K04")
    assert times(found) == (105, 255, 400)
    assert (found["scope_kind"], found["scope"]) == ("person", "G00001")
    assert (found["severity"], found["subtype"]) == ("MEDIUM", "off_task")


def test_k04_ends_when_the_guard_leaves():
    happened = case(duty(end=480), work=_work(100), welfare=[CHECK])
    assert times(only(episodes(happened), "K04"))[2] == 480


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"work": _work(100, 200, 310), "welfare": [CHECK]}, "work in every two hours"),
        (
            {"work": _work(100, 400), "welfare": [CHECK | {"result": "ok", "answered_us": 241}]},
            "the check was answered",
        ),
        ({"work": _work(100, 400)}, "nothing was due"),
    ],
)
def test_k04_is_nothing_when(facts, reason):
    assert "K04" not in classes(episodes(case(duty(), **facts))), reason


def test_k04_is_nothing_where_no_work_is_expected_of_whom_is_not_there():
    absent = duty(arrives_us=-1, leaves_us=-1)
    assert "K04" not in classes(episodes(case(absent, welfare=[CHECK])))


def test_k04_needs_positions_that_show_the_guard():
    gaps = [("device_G", 0, 110, 390)]
    happened = case(duty(), gaps=gaps, work=_work(100, 400), welfare=[CHECK])
    assert "K04" not in classes(episodes(happened))


def test_k04_says_how_it_is_hidden_and_is_graver_then():
    parked = [effect("parked", 0, 100, 390, episode=1)]
    happened = case(duty(), effects=parked, work=_work(100, 400), welfare=[CHECK])
    found = only(episodes(happened), "K04")
    assert (found["severity"], found["subtype"]) == ("HIGH", "parked_phone")


def test_k04_on_must_man_ground_alone_is_graver_still():
    check = CHECK | {"site": 1}
    parked = [effect("carried", 0, 100, 390, 5.0)]
    happened = case(duty(1), effects=parked, work=_work(100, 400), welfare=[check])
    found = only(episodes(happened), "K04")
    assert (found["severity"], found["subtype"]) == ("CRITICAL", "carried_phones")
