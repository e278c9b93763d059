"""K11: sites that fall silent together, what they share, and what only looks like it."""

from __future__ import annotations

import pytest

from tests.domain.findings.patterns.made import (
    Made,
    assert_one_by_one_is_all_at_once,
    every,
    found,
    minutes,
)
from tests.domain.findings.patterns.phones import beats, guard
from vigia.domain.findings.evidence import EVIDENCE
from vigia.domain.findings.known import KNOWN
from vigia.domain.findings.patterns import k01_silent_site
from vigia.domain.findings.patterns.k11_network_outage import PATTERN

THREE = {"one": 60.0, "two": 62.0, "three": 64.0}
"""Sites, with the minute from which nothing comes."""


def dark(ends: dict[str, float], back: float = 600, over: float = 600, **values: object) -> Made:
    """Sites of one region and operator, each with one guard whose phone sends until a minute."""
    made = Made()
    for site, last in ends.items():
        made.site(site, **{"region": "north", "network_operator": "Onda"} | values)
        made.post(f"{site} post", site)
        person = f"{site} guard"
        guard(made, person, site=site, post=f"{site} post", ends=over)
        for first, until in ((-60, last), (back, 300)):
            beats(made, first, until, person, step=2, site_id=site)
    return made


def of(made: Made, last: float = 250):
    return found(made, every(0, last), PATTERN)


def test_three_sites_of_one_operator_that_go_dark_within_ten_minutes_are_one_outage():
    (episode,) = of(dark(THREE)).iter_rows(named=True)
    assert (episode["scope_kind"], episode["scope_id"]) == ("region", "north")
    assert sorted(episode["sites"]) == ["one", "three", "two"]
    assert episode["severity"] == "HIGH"
    (raised,) = minutes(of(dark(THREE)))
    assert 64 < raised <= 74


@pytest.mark.parametrize(
    "ends",
    [
        {"one": 60, "two": 62},
        {"one": 60, "two": 62, "three": 600},
        {"one": 60, "two": 72, "three": 84},
    ],
    ids=["two sites", "two of three", "one after the other"],
)
def test_fewer_sites_or_one_after_the_other_are_no_outage(ends):
    assert of(dark(ends)).is_empty()


def test_sites_that_share_nothing_are_no_outage_and_those_of_one_feeder_are():
    made = dark(THREE, network_operator=None)
    assert of(made).is_empty()
    assert of(dark(THREE, network_operator=None, power_feeder="F1")).height == 1


def test_sites_of_different_operators_are_no_outage():
    made = dark({"one": 60.0, "two": 62.0})
    other = dark({"three": 64.0}, network_operator="Dana")
    for name, rows in other.rows.items():
        made.rows[name].extend(rows)
    assert of(made).is_empty()


def test_sites_whose_peoples_duty_is_over_lose_nothing():
    assert of(dark(THREE, over=64)).is_empty()


def test_a_site_with_too_few_signals_is_no_measure():
    made = Made()
    for site in THREE:
        made.site(site, network_operator="Onda").post(f"{site} post", site)
        guard(made, site, site=site, post=f"{site} post")
        beats(made, -60, 60, site, step=5, site_id=site)
    assert of(made).is_empty()


@pytest.mark.parametrize(
    ("values", "severity"),
    [({}, "HIGH"), ({"risk_tier": 3}, "HIGH"), ({"risk_tier": 4}, "CRITICAL")],
)
def test_a_dark_site_of_high_risk_makes_it_critical(values, severity):
    assert of(dark(THREE, **values))["severity"].to_list() == [severity]


def test_a_dark_post_that_must_be_manned_makes_it_critical():
    made = dark(THREE).add("post", post_id="one post", site_id="one", must_man=True)
    assert of(made)["severity"].to_list() == ["CRITICAL"]


def test_ten_dark_sites_make_it_critical():
    assert of(dark({f"s{n}": 60.0 + n / 5 for n in range(10)}))["severity"].to_list() == [
        "CRITICAL"
    ]
    assert of(dark({f"s{n}": 60.0 + n / 5 for n in range(9)}))["severity"].to_list() == ["HIGH"]


def test_it_clears_when_half_of_the_signals_have_been_back_for_two_slots():
    (cleared,) = minutes(of(dark(THREE, back=150)), "cleared_at")
    assert cleared is not None
    assert 160 <= cleared <= 170


def test_it_goes_on_for_as_long_as_the_sites_are_dark():
    assert minutes(of(dark(THREE)), "cleared_at") == [None]


def test_a_change_of_shift_in_the_dark_does_not_end_it():
    assert minutes(of(dark(THREE, over=120)), "cleared_at") == [None]


def test_one_site_that_is_back_is_not_half_of_three():
    made = beats(dark(THREE), 150, 300, "one guard", step=0.5, site_id="one")
    assert minutes(of(made), "cleared_at") == [None]


def test_what_was_stored_and_comes_with_the_network_is_no_signal_of_the_time_before():
    made = dark(THREE, back=150)
    for site in THREE:
        for minute in range(66, 140, 2):
            beats(
                made, minute, minute + 1, f"{site} guard", site_id=site, late_s=60 * (150 - minute)
            )
    assert minutes(of(made)) == minutes(of(dark(THREE)))
    assert of(made).height == 1


def test_phones_of_another_network_keep_a_site_from_being_dark_but_not_from_being_part():
    """One site is dark, of the two others a half of the phones."""
    made = dark(THREE)
    for site in ("two", "three"):
        made.post(f"{site} second", site)
        guard(made, f"{site} second", site=site, post=f"{site} second")
        beats(made, -60, 300, f"{site} second", step=2, site_id=site)
    (episode,) = of(made).iter_rows(named=True)
    (raised,) = minutes(of(made))
    assert 75 <= raised <= 80
    assert episode["sites"] == ["one"]


def test_silence_of_its_sites_is_explained_by_it():
    episodes = found(dark(THREE), every(0, 200), k01_silent_site.PATTERN, PATTERN)
    silent = episodes.filter(type="CORRELATION_SILENT_SITE")
    assert silent["severity"].unique().to_list() == ["MEDIUM"]
    assert silent.height == 3
    for parent in episodes.filter(pattern="K01")["inhibited_by"]:
        assert parent.startswith("NETWORK_OUTAGE|region|north|")


def test_a_world_without_regions_sites_or_signals_is_quiet():
    assert of(Made()).is_empty()
    assert of(dark(THREE, region=None)).is_empty()
    assert of(Made().site("one").site("two").site("three")).is_empty()


def test_looking_one_by_one_finds_the_same():
    made = dark(THREE, back=120)
    episodes = assert_one_by_one_is_all_at_once(made, every(60, 160, 5), [PATTERN])
    assert episodes.height == 1


def test_its_declaration_names_what_exists():
    assert set(PATTERN.kinds) <= set(KNOWN)
    assert set(PATTERN.evidence) <= set(EVIDENCE)
    assert PATTERN.with_policy({"sites": 4}).policy.sites == 4
