"""K05: phones that live and have no position, and what only looks like it."""

from __future__ import annotations

import orjson
import pytest

from tests.domain.findings.patterns.made import (
    Made,
    assert_one_by_one_is_all_at_once,
    every,
    found,
    minutes,
)
from tests.domain.findings.patterns.phones import beats, carried, fixes, guard
from vigia.domain.findings.evidence import EVIDENCE
from vigia.domain.findings.known import KNOWN
from vigia.domain.findings.patterns.k05_device_gps_failure import PATTERN

FAILURE, JAMMING = PATTERN.kinds


def placed(**values) -> Made:
    """A site with a post."""
    return Made().site().post(**values)


def lost(made: Made | None = None, last: float = 300, **values) -> Made:
    """A phone that is heard of, with its last position at minute 30."""
    return fixes(beats(guard(made or placed()), 1, last, **values), 0, 31)


def of(made: Made, kind: str = FAILURE, last: float = 200):
    return found(made, every(0, last), PATTERN).filter(type=kind)


def test_a_phone_that_lives_an_hour_without_a_position_has_lost_it():
    (episode,) = of(lost()).iter_rows(named=True)
    assert (episode["severity"], episode["scope_id"], episode["site_id"]) == (
        "HIGH",
        "anna",
        "site",
    )
    assert (episode["subtype"], episode["evidence_state"]) == ("no_position", "confirmed")
    assert minutes(of(lost())) == [90]


def test_one_usable_position_within_the_hour_is_enough():
    assert minutes(of(fixes(lost(), 89, 90))) == [149]


@pytest.mark.parametrize(
    "flaw",
    [{"valid": False}, {"outdated": True}, {"accuracy_m": 100.1}, {"lat": 40.0, "lon": 2.0}],
    ids=["invalid", "outdated", "inaccurate", "frozen"],
)
def test_positions_that_cannot_be_used_are_none(flaw):
    made = fixes(lost(), 31, 32, lat=40.0)
    assert minutes(of(fixes(made, 32, 200, **flaw))) == [91]


def test_positions_that_somebody_makes_up_are_no_failure_of_the_phone():
    assert of(fixes(lost(), 31, 200, lat=40.0, satellites=0)).is_empty()
    assert of(fixes(lost(), 31, 200, lat=40.0, mock=True)).is_empty()


@pytest.mark.parametrize(("step", "times"), [(12, [90]), (15, [])])
def test_fewer_than_five_phone_events_in_the_hour_show_no_life(step, times):
    made = fixes(guard(placed()), 0, 31)
    assert minutes(of(beats(made, 1, 200, step=step))) == times


def test_after_a_time_without_a_phone_event_the_hour_counts_anew():
    made = beats(beats(fixes(guard(placed()), 0, 31), 1, 42), 80, 250)
    assert minutes(of(made)) == [140]


@pytest.mark.parametrize(
    "made",
    [
        Made().site().post(gps_expected=False),
        Made().site(gps_expectation="none").post(),
        Made().site(status="closed").post(),
    ],
    ids=["post", "site", "closed site"],
)
def test_where_no_position_is_expected_none_is_missed(made):
    assert of(lost(made)).is_empty()


def test_scans_make_it_less_grave_and_a_lone_post_graver():
    scanned = lost().add("checkpoint_scan", 60, device_id="anna", site_id="site")
    assert of(scanned, last=119)["severity"].to_list() == ["MEDIUM"]
    assert of(scanned, last=121)["severity"].to_list() == ["HIGH"]
    assert of(lost(placed(lone=True)))["severity"].to_list() == ["CRITICAL"]


def test_under_a_roof_it_is_low_whatever_else():
    made = Made().site().add("zone", zone_id="hall", site_id="site", indoor=True)
    (episode,) = of(lost(made.post(zone_id="hall", lone=True))).iter_rows(named=True)
    assert (episode["severity"], episode["subtype"]) == ("LOW", "indoor")


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"location_permission": "denied"}, "permission_denied"),
        ({"gps_enabled": False}, "switched_off"),
        ({"power_save": True}, "power_save"),
    ],
)
def test_the_phone_says_itself_what_is_behind_it(values, word):
    assert of(lost(**values))["subtype"].to_list() == [word]


def test_a_tracker_that_goes_along_supplies_the_positions():
    made = carried(lost(), "tracker", "anna", kind="tracker")
    assert of(fixes(made, 31, 200, "tracker", person_id="anna")).is_empty()
    inaccurate = carried(lost(), "tracker", "anna", kind="tracker")
    assert of(fixes(inaccurate, 31, 60, "tracker", person_id="anna", accuracy_m=400.0)).is_empty()


def test_one_guard_with_two_phones_is_known_by_either():
    made = carried(lost(), "second", "anna")
    assert of(fixes(made, 31, 200, "second", person_id="anna")).is_empty()


def test_what_may_not_have_been_sent_is_waited_for_and_then_told_as_provisional():
    (episode,) = of(lost(queue_depth=7)).iter_rows(named=True)
    assert episode["evidence_state"] == "provisional"
    assert minutes(of(lost(queue_depth=7))) == [100]


@pytest.mark.parametrize(("last", "times"), [(77, [90]), (76, [100])])
def test_heartbeats_that_are_lost_leave_it_open_whether_everything_was_sent(last, times):
    made = beats(lost(last=last), last, 200, queue_depth=1)
    assert minutes(of(made)) == times


def test_a_provisional_finding_is_confirmed_when_everything_has_been_sent():
    made = beats(lost(last=110, queue_depth=7), 111, 200)
    (episode,) = of(made).iter_rows(named=True)
    assert episode["evidence_state"] == "confirmed"
    assert (minutes(of(made)), minutes(of(made), "evidence_at")) == ([100], [111])


def test_a_position_that_comes_late_retracts_it():
    made = fixes(lost(), 60, 61, late_s=50 * 60)
    (episode,) = of(made).iter_rows(named=True)
    assert episode["evidence_state"] == "retracted"
    assert (minutes(of(made)), minutes(of(made), "evidence_at")) == ([90], [110])


def test_it_clears_when_a_position_comes_again():
    assert minutes(of(fixes(lost(), 150, 151)), "cleared_at") == [155]


def test_it_clears_when_the_guard_goes():
    assert minutes(of(lost().punch("anna", 150, "clock_out")), "cleared_at") == [155]


@pytest.mark.parametrize(("ends", "times"), [(90, []), (91, [90])])
def test_no_phone_is_judged_from_the_planned_end_of_its_duty_on(ends, times):
    made = fixes(beats(guard(placed(), ends=ends), 1, 300), 0, 31)
    assert minutes(of(made)) == times


def test_a_guard_who_forgot_to_clock_in_is_known_by_the_phone():
    made = lost()
    made.rows["attendance_event"].clear()
    assert minutes(of(made)) == [90]


def crew(made: Made, losses: dict[str, float], *, sites: bool = False, **values) -> Made:
    """Guards with phones, each with the minute of the last position."""
    for person, last in losses.items():
        site = person if sites else "site"
        post = f"{person} post"
        if sites:
            made.site(site)
        made.post(post, site)
        guard(made, person, site=site, post=post, **values)
        fixes(beats(made, 1, 200, person, site_id=site), 0, last + 1, person, site_id=site)
    return made


def test_half_of_a_sites_phones_at_once_are_jammed_and_told_as_one():
    made = crew(Made().site(), {"anna": 30, "ben": 35, "cleo": 300, "dan": 300})
    jamming = of(made, JAMMING)
    assert (minutes(jamming), jamming["severity"].to_list()) == ([95], ["HIGH"])
    assert jamming["scope_id"].to_list() == ["site"]
    assert orjson.loads(jamming["figures"][0])["phones that lost their position"] == 2
    assert of(made)["scope_id"].to_list() == ["anna"]
    together = crew(Made().site(), {"anna": 30, "ben": 30, "cleo": 300, "dan": 300})
    assert (of(together).height, of(together, JAMMING).height) == (0, 1)


@pytest.mark.parametrize(
    "losses",
    [
        {"anna": 30, "ben": 45},
        {"anna": 30, "ben": 300},
        {"anna": 30, "ben": 30, "cleo": 300, "dan": 300, "eve": 300},
    ],
    ids=["apart", "one of two", "less than half"],
)
def test_fewer_or_one_after_the_other_are_failures_of_each(losses):
    made = crew(Made().site(), losses)
    assert of(made, JAMMING).is_empty()
    assert of(made).height == sum(last < 200 for last in losses.values())


def test_phones_of_one_new_version_are_one_fault_told_once():
    made = crew(Made(), {"anna": 30, "ben": 40, "cleo": 33}, sites=True, version="5.0")
    crew(made, {"dan": 300, "eve": 300, "fay": 300}, sites=True)
    (episode,) = of(made).iter_rows(named=True)
    assert (episode["subtype"], episode["scope_id"]) == ("cohort", "anna")


def test_where_other_versions_fail_as_well_it_is_not_the_version():
    made = crew(Made(), {"anna": 30, "ben": 40, "cleo": 33}, sites=True, version="5.0")
    crew(made, {"dan": 30, "eve": 300, "fay": 300}, sites=True)
    assert of(made).height == 4


def test_a_world_without_devices_roster_or_fence_is_quiet():
    assert of(placed()).is_empty()
    assert of(fixes(beats(carried(placed(), "anna", "anna"), 1, 200), 0, 31)).is_empty()


def test_looking_one_by_one_finds_the_same():
    made = crew(Made().site(), {"anna": 10, "ben": 30, "cleo": 35})
    fixes(made, 120, 121, "anna", late_s=400)
    assert assert_one_by_one_is_all_at_once(made, every(60, 150, 5), [PATTERN]).height > 1


def test_its_declaration_names_what_exists():
    assert set(PATTERN.kinds) <= set(KNOWN)
    assert set(PATTERN.evidence) <= set(EVIDENCE)
    assert PATTERN.with_policy({"phone_events": 9}).policy.phone_events == 9
