"""K01: sites of which nothing is heard, suspected and confirmed, and what only looks like it."""

from __future__ import annotations

from datetime import time

import pytest

from tests.domain.findings.patterns.made import (
    Made,
    assert_one_by_one_is_all_at_once,
    at,
    every,
    found,
    minutes,
)
from tests.domain.findings.patterns.phones import beats, fixes, guard
from vigia.domain.findings.evidence import EVIDENCE
from vigia.domain.findings.known import KNOWN
from vigia.domain.findings.patterns.k01_silent_site import PATTERN

SILENT, SUSPECT = PATTERN.kinds


def placed(**values) -> Made:
    """A site with two posts."""
    return Made().site(**values).post().post("second")


def quiet(made: Made | None = None, **values) -> Made:
    """A guard whose phone is heard until minute 30, and then nothing at all."""
    return beats(guard(made or placed()), -60, 31, **values)


def of(made: Made, kind: str = SILENT, last: float = 200):
    return found(made, every(0, last), PATTERN).filter(type=kind)


def test_an_hour_without_any_sign_of_a_manned_site_is_silence():
    (episode,) = of(quiet()).iter_rows(named=True)
    assert (episode["severity"], episode["scope_id"], episode["site_id"]) == (
        "CRITICAL",
        "site",
        "site",
    )
    assert minutes(of(quiet())) == [90]


SIGNS = [
    ("phone_event", {"device_id": "anna", "human": True}),
    ("device_heartbeat", {"device_id": "anna"}),
    ("gps_fix", {"device_id": "anna", "lat": 1.0, "lon": 1.0}),
    ("checkpoint_scan", {"device_id": "anna"}),
    ("welfare_check", {"check_id": "c", "verb": "answered"}),
    ("access_event", {"kind": "granted"}),
    ("asset_reading", {"asset_id": "pump"}),
    ("contact_log", {"outcome": "reached"}),
]


@pytest.mark.parametrize(("table", "values"), SIGNS, ids=[name for name, _ in SIGNS])
def test_any_family_of_signs_breaks_it(table, values):
    assert minutes(of(quiet().add(table, 89, site_id="site", **values))) == [149]


def test_a_sign_that_arrives_late_retracts_it():
    made = quiet().add("device_heartbeat", 60, late_s=3600, device_id="anna", site_id="site")
    (episode,) = of(made).iter_rows(named=True)
    assert (episode["evidence_state"], minutes(of(made), "evidence_at")) == ("retracted", [120])


def test_somebody_must_have_been_on_duty_for_the_whole_hour():
    late = placed().duty("anna", 40, 600)
    assert minutes(of(late)) == [100]
    assert of(quiet().punch("anna", 80, "clock_out")).is_empty()


def test_where_nobody_is_needed_nobody_is_missed():
    made = Made().site().add("post", post_id="post", site_id="site")
    made.add(
        "post_requirement", req_id="r", post_id="post", site_id="site", dow=0, headcount=1,
        start_local=time(6), end_local=time(9),
    )  # fmt: skip
    assert of(quiet(made)).is_empty()
    assert of(quiet(Made().site())).is_empty()
    assert of(quiet(placed(status="suspended"))).is_empty()
    down = placed().add("post_stand_down", stand_down_id="s", post_id="post", site_id="site",
                        from_at=at(0), to_at=at(600))  # fmt: skip
    down.add("post_stand_down", stand_down_id="t", post_id="second", site_id="site",
             from_at=at(0), to_at=at(600))  # fmt: skip
    assert of(quiet(down)).is_empty()


def test_planned_work_mutes_it_and_what_is_still_silent_at_its_end_is_told_then():
    assert minutes(of(quiet().window(60, 150))) == [160]


def test_after_a_call_that_reached_somebody_it_is_one_less_grave():
    made = quiet().add("contact_log", 25, site_id="site", outcome="reached")
    assert of(made, last=144)["severity"].to_list() == ["HIGH"]
    by_person = quiet().add("contact_log", 25, person_id="anna", outcome="reached")
    assert of(by_person, last=144)["severity"].to_list() == ["HIGH"]
    in_vain = quiet().add("contact_log", 25, site_id="site", outcome="no_answer")
    assert of(in_vain, last=144)["severity"].to_list() == ["CRITICAL"]


@pytest.mark.parametrize(
    ("charges", "severity"),
    [((5, 3), "HIGH"), ((5, 6), "CRITICAL"), ((5,), "CRITICAL")],
    ids=["all empty", "one charged", "one alone"],
)
def test_empty_phones_of_two_people_explain_it_a_little(charges, severity):
    made = placed()
    for person, post, charge in zip(("anna", "ben"), ("post", "second"), charges, strict=False):
        beats(guard(made, person, post=post), -60, 31, person, battery_pct=float(charge))
    assert of(made)["severity"].to_list() == [severity]


def test_three_sites_of_an_operator_that_fall_silent_together_are_medium_each():
    made = Made()
    for number, site in enumerate(("a", "b", "c")):
        made.site(site, network_operator="Onda").post(f"{site} post", site)
        guard(made, site, site=site, post=f"{site} post")
        beats(made, -60, 31 + 3 * number, site, step=3, site_id=site)
    assert of(made)["severity"].to_list() == ["MEDIUM"] * 3


def test_it_clears_when_it_has_been_heard_of_for_two_slots():
    assert minutes(of(beats(quiet(), 120, 200)), "cleared_at") == [130]
    assert minutes(of(beats(quiet(), 120, 121)), "cleared_at") == [None]


def test_it_is_suspected_after_a_quarter_of_an_hour_where_one_person_is_alone():
    suspect = of(quiet(), SUSPECT)
    assert (minutes(suspect), suspect["severity"].to_list()) == ([45], ["HIGH"])
    assert minutes(suspect, "cleared_at") == [90]


@pytest.mark.parametrize(("risk", "times"), [(3, []), (4, [45])])
def test_where_two_are_it_is_suspected_at_high_risk_only(risk, times):
    made = placed(risk_tier=risk)
    for person, post in (("anna", "post"), ("ben", "second")):
        beats(guard(made, person, post=post), -60, 31, person)
    assert minutes(of(made, SUSPECT)) == times


def test_without_heartbeats_that_were_due_nothing_is_suspected():
    assert of(beats(guard(placed()), -60, 31, step=20), SUSPECT).is_empty()
    assert of(fixes(guard(placed()), -60, 31), SUSPECT).is_empty()


def test_a_suspicion_ends_when_it_is_heard_of():
    assert minutes(of(beats(quiet(), 60, 200), SUSPECT), "cleared_at") == [60]


def test_a_world_without_sites_or_people_is_quiet():
    assert found(Made(), every(0, 90), PATTERN).is_empty()
    assert of(placed()).is_empty()


def test_looking_one_by_one_finds_the_same():
    made = beats(quiet(), 120, 160)
    assert assert_one_by_one_is_all_at_once(made, every(30, 240, 10), [PATTERN]).height == 4


def test_its_declaration_names_what_exists():
    assert set(PATTERN.kinds) <= set(KNOWN)
    assert set(PATTERN.evidence) <= set(EVIDENCE)
    assert PATTERN.with_policy({"window_min": 30}).policy.window_min == 30
