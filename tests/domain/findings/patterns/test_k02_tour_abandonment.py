"""K02: guards who leave the site in the middle of a tour, or stop inside it."""

from __future__ import annotations

from datetime import time

import pytest

from tests.domain.findings.patterns.ground import (
    beats,
    fence,
    fix,
    phone,
    place,
    point,
    scan,
    stays,
)
from tests.domain.findings.patterns.made import (
    Made,
    assert_one_by_one_is_all_at_once,
    at,
    every,
    found,
    minutes,
)
from vigia.domain.findings.evidence import EVIDENCE
from vigia.domain.findings.known import KNOWN
from vigia.domain.findings.patterns.k02_tour_abandonment import PATTERN

DUTY = -120
"""The guard is on duty since two hours before the tour, and for eight more."""
RING = {"north": (0, 100), "east": (100, 0), "south": (0, -100), "west": (-100, 0)}
LAST_SCAN = 7
OUT = (400, 0)
CORNER = (75, 75)


def tour(kind: str = "fixed_order", *, mandatory: bool = False, planned_min: int = 12) -> Made:
    """A tour of four checkpoints on a ring, begun at minute 0, of which two were scanned."""
    made = fence(Made().site()).post().duty("guard", DUTY, DUTY + 600)
    for name, (x, y) in RING.items():
        point(made, name, x, y)
    made.add(
        "tour_template",
        tour_id="tour",
        site_id="site",
        kind=kind,
        planned_min=planned_min,
        mandatory=mandatory,
    )
    phone(made, "guard's phone", "guard")
    planned = {"tour_id": "tour", "person_id": "guard", "assignment_id": f"guard {DUTY}"}
    made.tour("yesterday", -1440, checkpoints_planned=4, **planned)
    for number, name in enumerate(RING):
        scan(made, "yesterday", name, -1440 + 3 * number, "guard")
    made.tour("run", 0, checkpoints_planned=4, **planned)
    return begun(made)


def begun(made: Made) -> Made:
    made.tour_told("run", 0, "in_progress", person_id="guard", source="phone/1", late_s=1)
    fix(made, "guard", 2, 0, 100)
    scan(made, "run", "north", 3, "guard")
    fix(made, "guard", 4, 40, 60)
    return scan(made, "run", "east", LAST_SCAN, "guard")


def away(made: Made, where: tuple[float, float] = OUT, last: int = 90, **values) -> Made:
    """The guard goes somewhere right after the second scan and stays; the phone lives."""
    stays(made, "guard", LAST_SCAN + 1, last, *where, **values)
    return beats(made, "guard", -30, last)


def raised(made: Made, last: float = 80, first: float = -5):
    return found(made, every(first, last), PATTERN)


def test_a_guard_who_is_outside_without_a_scan_for_half_an_hour_has_abandoned_the_tour():
    (row,) = raised(away(tour())).iter_rows(named=True)
    assert (row["type"], row["subtype"]) == ("CORRELATION_TOUR_ABANDONMENT", "left_site")
    assert (row["scope_kind"], row["scope_id"], row["person_id"]) == ("tour_run", "run", "guard")
    assert (row["severity"], row["site_id"]) == ("HIGH", "site")
    assert minutes(raised(away(tour()))) == [LAST_SCAN + 30]


def test_ten_minutes_outside_are_needed_however_long_nothing_was_scanned():
    made = stays(tour(), "guard", 8, 40, 0, 0)
    stays(made, "guard", 40, 90, *OUT)
    assert minutes(raised(beats(made, "guard", -30, 90))) == [pytest.approx(51, abs=1)]


def test_two_positions_outside_show_nothing_yet():
    made = beats(fix(fix(tour(), "guard", 10, *OUT), "guard", 25, *OUT), "guard", -30, 90)
    assert raised(made, 36).is_empty()
    assert raised(made, 44).is_empty()


def test_a_long_way_between_checkpoints_gives_more_patience():
    made = away(tour(planned_min=52))
    assert minutes(raised(made)) == [LAST_SCAN + 3 * 52 / 4]


@pytest.mark.parametrize("accuracy_m", [231.0, 100.0])
def test_what_accuracy_may_explain_is_not_outside(accuracy_m):
    made = away(tour(), (210, 0), accuracy_m=min(accuracy_m, 100.0))
    assert raised(made, 45).is_empty()


def test_along_the_fence_within_its_buffer_nobody_is_outside():
    assert raised(away(tour(), (160, 0)), 45).is_empty()


def test_back_inside_the_streak_is_broken():
    made = stays(tour(), "guard", 8, 33, *OUT)
    stays(made, "guard", 33, 60, 90, 10)
    assert raised(beats(made, "guard", -30, 60), 50).is_empty()


def test_mobile_tours_lead_outside():
    assert raised(away(tour("mobile"))).is_empty()


def test_near_an_outlying_checkpoint_the_guard_is_on_the_way():
    assert raised(away(point(tour(), "outpost", 380, 0)), 45).is_empty()


def test_a_fence_drawn_too_small_accuses_nobody_near_the_checkpoints():
    made = fence(tour(), radius_m=20)
    assert raised(away(made, (95, 20)), 45).is_empty()


def test_two_guards_who_are_both_outside_are_an_evacuation_or_a_wrong_fence():
    made = away(tour()).duty("colleague", DUTY, DUTY + 600)
    stays(made, "colleague", 0, 90, -400, 0)
    assert raised(made, 45).is_empty()


def test_who_reported_an_incident_was_called_away():
    made = away(tour()).add(
        "incident_report",
        20,
        verb="reported",
        source="phone/1",
        ir_id="incident",
        site_id="site",
        person_id="guard",
        occurred_at=at(9),
    )
    assert raised(made, 45).is_empty()


def test_an_incident_that_is_reported_later_takes_the_finding_back():
    made = away(tour()).add(
        "incident_report",
        50,
        verb="reported",
        source="phone/1",
        ir_id="incident",
        site_id="site",
        person_id="guard",
        occurred_at=at(9),
    )
    (state,) = raised(made, 60)["evidence_state"]
    assert state == "retracted"


def test_around_a_change_of_shifts_the_site_is_judged_and_not_the_person():
    made = away(tour())
    # Somebody more is needed from minute 40 on: the zone lasts until minute 55.
    made.add(
        "post_requirement",
        req_id="more",
        post_id="post",
        site_id="site",
        dow=0,
        start_local=time(8, 40),
        end_local=time(20),
        headcount=1,
    )
    assert minutes(raised(made)) == [56]


def test_who_is_not_on_duty_walks_no_tour():
    made = away(tour()).punch("guard", 20, "clock_out", assignment=f"guard {DUTY}")
    assert raised(made).is_empty()


def test_whoever_is_on_a_break_may_leave():
    made = away(tour()).punch("guard", 9, "break_start")
    assert raised(made, 60).is_empty()


def test_a_fire_watch_is_graver_and_a_tour_that_is_nearly_done_less_grave():
    assert raised(away(tour("fire_watch", mandatory=True)))["severity"].to_list() == ["CRITICAL"]
    made = scan(scan(tour(), "run", "south", LAST_SCAN, "guard"), "run", "fifth", 7, "guard")
    made.rows["tour_run"][1]["checkpoints_planned"] = 5
    assert raised(away(made))["severity"].to_list() == ["MEDIUM"]


def test_it_clears_when_the_guard_is_back_and_scans():
    made = stays(tour(), "guard", 8, 53, *OUT)
    stays(beats(made, "guard", -30, 90), "guard", 53, 90, 0, -95)
    scan(made, "run", "south", 60, "guard")
    assert minutes(raised(made), "cleared_at") == [61]


def test_it_clears_when_the_tour_is_closed():
    made = away(tour()).tour_told("run", 55, "abandoned")
    assert minutes(raised(made), "cleared_at") == [55]


def test_a_guard_inside_who_is_far_from_all_that_remains_has_stalled():
    (row,) = raised(away(tour(), CORNER)).iter_rows(named=True)
    assert (row["subtype"], row["severity"]) == ("stalled", "MEDIUM")
    assert minutes(raised(away(tour(), CORNER))) == [LAST_SCAN + 45]


def test_near_a_checkpoint_that_remains_the_guard_still_walks():
    assert raised(away(tour(), (-60, -60))).is_empty()


def test_scans_that_come_hours_later_do_not_make_a_stop_of_a_walk():
    """The phone keeps the scans; its positions pass where they were made."""
    made = fix(fix(tour(), "guard", 10, 0, -95), "guard", 12, -95, 0)
    scan(made, "run", "south", 10, "guard", late_s=7200)
    scan(made, "run", "west", 12, "guard", late_s=7200)
    assert raised(away(made, CORNER)).is_empty()


def test_an_app_that_is_not_heard_of_could_not_have_sent_a_scan():
    made = stays(tour(), "guard", 8, 90, *CORNER)
    assert raised(beats(made, "guard", -30, 10)).is_empty()


def test_while_the_phone_holds_events_ten_minutes_more_are_waited():
    made = stays(tour(), "guard", 8, 90, *OUT)
    beats(beats(made, "guard", -30, 8), "guard", 10, 90, queue=40)
    episodes = raised(made)
    assert minutes(episodes) == [LAST_SCAN + 40]
    assert episodes["evidence_state"].to_list() == ["provisional"]


def test_scans_that_arrive_just_now_may_not_be_the_last():
    made = stays(tour(), "guard", 8, 90, *OUT)
    scan(beats(made, "guard", -30, 90), "run", "north", 4, "guard", late_s=30 * 60)
    assert minutes(raised(made)) == [pytest.approx(44, abs=1)]


def test_a_tour_with_everything_scanned_is_over_though_its_end_was_not_told():
    made = scan(scan(tour(), "run", "south", 7, "guard"), "run", "west", 7, "guard")
    assert raised(away(made)).is_empty()


def test_who_has_begun_the_next_tour_has_not_stopped_in_the_one_before():
    made = away(tour()).tour("next", 20, tour_id="tour", person_id="guard", checkpoints_planned=4)
    made.tour_told("next", 20, "in_progress", person_id="guard", source="phone/1")
    assert "run" not in raised(made, 45)["scope_id"]


@pytest.mark.parametrize("lacks", ["geofence", "device", "tour_template", "checkpoint"])
def test_where_reference_data_lack_nothing_is_made_up(lacks):
    made = away(tour())
    del made.rows[lacks]
    expected = {"geofence": 0, "device": 1, "tour_template": 1, "checkpoint": 1}[lacks]
    assert raised(made).height == expected


def test_a_guard_with_two_devices_is_where_the_newest_position_says():
    made = away(tour())
    stays(made, "guard", 10, 90, 0, -60, device="tracker")
    assert raised(made, 60).is_empty()


def test_instants_one_by_one_give_the_same():
    made = away(tour(), last=70).tour_told("run", 66, "abandoned")
    episodes = assert_one_by_one_is_all_at_once(made, every(30, 70, 10), [PATTERN])
    assert (minutes(episodes), minutes(episodes, "cleared_at")) == ([40], [70])
    stalled = away(tour(), CORNER, last=70)
    assert minutes(assert_one_by_one_is_all_at_once(stalled, every(45, 60, 5), [PATTERN])) == [55]


def test_the_declaration_names_what_exists():
    assert set(PATTERN.kinds) <= set(KNOWN)
    assert set(PATTERN.evidence) <= set(EVIDENCE)
    assert PATTERN.is_muted
    assert raised(away(tour()).window(0, 200)).is_empty()
    assert place(0, 0) == {"lat": 48.0, "lon": 11.0}
