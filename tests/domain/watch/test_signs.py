"""Which events are signs of life, of whom, and until when; held against each instant by itself."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.findings.patterns.made import Made, at, every
from vigia.domain.watch.moments import LONG_AGO_US, MINUTE_US, Moments, micros
from vigia.domain.watch.signs import GOOD_ACCURACY_M, P_AUTO, P_HUMAN, STRAGGLER_US, G, H, P, W, X

STRAGGLER_S = STRAGGLER_US // 1_000_000


def made() -> Made:
    found = Made().site().add("device", device_id="phone", kind="phone", app_version="4.9")
    return found.add(
        "device_assignment", device_assignment_id="a", device_id="phone", person_id="anna",
        from_at=at(-1000),
    ).add("person", person_id="anna", role="guard")  # fmt: skip


def fix(made: Made, minute: float, lat: float = 1.0, **values) -> Made:
    usual = {"device_id": "phone", "site_id": "site", "lat": lat, "lon": 2.0, "accuracy_m": 5.0}
    return made.add("gps_fix", minute, **usual | values)


def families(made: Made) -> list[int]:
    return made.known(Moments.of(at(0))).signs.table.sort("at_us")["family"].to_list()


def usable(made: Made) -> list[bool]:
    return made.known(Moments.of(at(0))).signs.fixes.sort("at")["usable"].to_list()


OF_FAMILY = [
    ("phone_event", {"device_id": "phone", "human": False}, [P_AUTO]),
    ("phone_event", {"device_id": "phone", "human": True}, [P_HUMAN]),
    ("phone_event", {"device_id": "phone"}, [P_AUTO]),
    ("device_heartbeat", {"device_id": "phone"}, [P_AUTO]),
    ("attendance_event", {"device_id": "phone", "kind": "clock_in"}, [P_HUMAN]),
    ("attendance_event", {"kind": "clock_in", "method": "supervisor"}, []),
    ("gps_fix", {"device_id": "phone", "lat": 1.0, "lon": 1.0}, [G]),
    ("gps_fix", {"device_id": "phone", "lat": 1.0, "lon": 1.0, "valid": False}, []),
    ("checkpoint_scan", {"device_id": "phone"}, [W]),
    ("task", {"task_id": "t", "source": "phone/1", "assignee_id": "anna"}, [W]),
    ("task", {"task_id": "t", "source": "tasks", "assignee_id": "anna"}, []),
    ("tour_run", {"run_id": "r", "source": "tours"}, []),
    ("tour_run", {"run_id": "r", "source": "phone/1"}, [W]),
    ("incident_report", {"incident_id": "i", "source": "phone/1"}, [W]),
    ("welfare_check", {"check_id": "c", "verb": "answered"}, [H]),
    ("welfare_check", {"check_id": "c", "verb": "missed"}, []),
    ("access_event", {"kind": "granted"}, [X]),
    ("asset_reading", {"asset_id": "pump"}, [X]),
    ("contact_log", {"outcome": "reached"}, [X]),
    ("contact_log", {"outcome": "no_answer"}, []),
]


@pytest.mark.parametrize(("table", "values", "expected"), OF_FAMILY)
def test_a_sign_is_what_somebody_or_something_at_the_site_sent(table, values, expected):
    assert families(made().add(table, 0, site_id="site", **values)) == expected


@pytest.mark.parametrize(
    ("values", "is_usable"),
    [
        ({}, True),
        ({"accuracy_m": GOOD_ACCURACY_M}, True),
        ({"accuracy_m": GOOD_ACCURACY_M + 0.1}, False),
        ({"accuracy_m": None}, True),
        ({"valid": False}, False),
        ({"valid": True, "outdated": False}, True),
        ({"outdated": True}, False),
    ],
)
def test_a_position_is_usable_when_it_is_valid_fresh_and_accurate(values, is_usable):
    assert usable(fix(made(), 0, **values)) == [is_usable]


def test_a_position_that_is_the_last_one_again_is_no_position():
    still = fix(fix(fix(fix(made(), 0), 1), 2, lat=1.1), 3, lat=1.1)
    assert usable(still) == [True, False, True, False]
    assert usable(fix(fix(made(), 0), 1, device_id="other")) == [True, True]


def test_a_position_is_held_against_the_one_that_arrived_before_it_not_one_that_comes_later():
    assert usable(fix(fix(made(), 0, late_s=600), 1)) == [False, True]


def test_a_position_is_made_up_when_it_says_so_or_is_repeated_without_any_satellite():
    rows = fix(fix(made(), 0, satellites=0), 1, satellites=0)
    rows = fix(fix(rows, 2, lat=3.0, mock=True), 3, lat=3.0, satellites=0, outdated=True)
    rows = fix(fix(rows, 4, lat=4.0, satellites=7), 5, lat=4.0, satellites=7)
    found = rows.known(Moments.of(at(0))).signs.fixes.sort("at")["made_up"].to_list()
    assert found == [False, True, True, False, False, False]


def test_a_sign_is_of_the_person_it_names_else_of_who_holds_the_device():
    rows = fix(fix(made(), 0), 1, lat=1.5, person_id="ben")
    known = rows.known(Moments.of(at(2)))
    people = known.things.person_ids.to_list()
    who = known.signs.table.sort("at_us")["person"].to_list()
    assert [people[number] for number in who] == ["anna", "ben"]
    assert people[int(known.signs.holder_of_device[0, 0])] == "ben"


def test_a_straggler_says_nothing_of_now_but_counts_where_it_is_asked_for():
    rows = made().add("device_heartbeat", 0, late_s=STRAGGLER_S, device_id="phone", site_id="site")
    rows.add("device_heartbeat", 5, late_s=STRAGGLER_S + 1, device_id="phone", site_id="site")
    known = rows.known(Moments.of(at(9), at(10), at(16)))
    zero, five = micros(at(0)), micros(at(5))
    assert known.signs.newest("device", *P).tolist() == [[LONG_AGO_US, zero, zero]]
    late = known.signs.newest("device", *P, fresh=False)
    assert late.tolist() == [[LONG_AGO_US, zero, five]]
    assert known.signs.count("site", 60 * MINUTE_US)[0].tolist() == [0, 1, 2]
    assert known.signs.count("site", 60 * MINUTE_US, fresh=True)[0].tolist() == [0, 1, 1]


SIGNS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 25), st.booleans()),
    min_size=1,
    max_size=10,
    unique_by=lambda sign: sign[0],
)


@given(SIGNS, st.integers(1, 40))
@settings(max_examples=15, deadline=None)
def test_counts_and_newest_signs_are_those_of_each_instant_by_itself(signs, window):
    rows = made()
    for minute, late, human in signs:
        rows.add(
            "phone_event", minute, late_s=60 * late, device_id="phone", site_id="site", human=human
        )
    known = rows.known(every(0, 90, 5))
    counts = known.signs.count("site", window * MINUTE_US, P_HUMAN)[0]
    newest = known.signs.newest("person", P_HUMAN)[0]
    for place, us in enumerate(known.moments.at_us):
        now = (us - micros(at(0))) // MINUTE_US
        there = [(m, late) for m, late, human in signs if human and m + late <= now]
        assert counts[place] == sum(now - window <= m < now for m, _ in there)
        fresh = [m for m, late in there if late * MINUTE_US <= STRAGGLER_US]
        expected = micros(at(max(fresh))) if fresh else LONG_AGO_US
        assert newest[place] == expected


def test_only_phones_are_expected_to_send_phone_events():
    rows = made().add("device", device_id="tracker", kind="tracker").add("device", device_id="x")
    known = rows.known(Moments.of(at(0)))
    kinds = dict(zip(known.things.device_ids, known.signs.is_phone.tolist(), strict=True))
    assert kinds == {"phone": True, "tracker": False, "x": False}
