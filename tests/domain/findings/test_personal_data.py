"""The net under texts that should hold no personal data: what it catches, what it lets pass (S-07)."""

from __future__ import annotations

import pytest

from vigia.domain.findings.personal_data import ANYBODY, Scanner

CAUGHT = [
    ("phone", "call +49 30 901820 at once"),
    ("phone", "098450-12345"),
    ("phone", "(030) 901 820 11"),
    ("phone", "tel 9845012345."),
    ("phone", "0044/20/79460000"),
    ("phone", "९८४५०१२३४५"),
    ("email", "write to a.rao+night@mail.example.co.in today"),
    ("email", "rao @ example.org"),
    ("coordinates", "seen at 52.52001, 13.40495"),
    ("coordinates", "-33.868/151.209"),
    ("coordinates", "52,5200; 13,4049"),
    ("coordinates", "latitude 52.5"),
    ("coordinates", "lat: 52"),
    ("coordinates", "52° 31' 12 N"),
    ("coordinates", "9F4MGC22+22"),
    ("coordinates", "drifted to 13.404954"),
    ("name", "Asha Rao left the post"),
    ("name", "José García is late"),
    ("name", "Anne-Marie O’Neill"),
]
LET_PASS = [
    "Tour T-12 at site S0007 is 2 h 5 min overdue.",
    "Guard RK at site BER-2 may need help, since 2026-03-01 22:05 UTC.",
    "Ticket INC-2026000123 at site S0007 has waited 3 d 2 h.",
    "1,234,567 events at site S0007; usual: 98.5.",
    "277ab5c6-4e0d-8b3c-b228-713ca4a2ce60",
    "12345678-1234-8123-8123-123456789012",
    "2026-03-01T22:05:00.123456+00:00",
    "TOUR_OVERDUE|tour_run|run-1|2026-03-01T10:05:00+00:00",
    "3 of 12 checkpoints, 47.5 % charged, -87 dBm, app 4.12.0",
    "Look at GPS first. Then call.",
]


@pytest.mark.parametrize(("kind", "text"), CAUGHT)
def test_personal_data_are_caught_by_their_shape(kind, text):
    assert kind in {hit.kind for hit in ANYBODY.hits(text)}


@pytest.mark.parametrize("text", LET_PASS)
def test_codes_figures_ids_and_instants_pass(text):
    assert ANYBODY.hits(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "ask RAO",
        "rao left",
        "Rao's phone",
        "asha-rao",
        "గార్డు ఆశ రావు",
        "ask \uff32\uff21\uff2f",
        "reddy",
    ],
)
def test_known_names_are_found_in_any_case_script_and_compound(text):
    scanner = Scanner(["Asha Rao", "ఆశ రావు", "K. Reddy"])
    assert {hit.kind for hit in scanner.hits(text)} == {"name"}


def test_names_are_whole_words_and_short_ones_say_nothing():
    scanner = Scanner(["Asha Rao", "Li Xu"])
    assert scanner.hits("the raoul of a li and a xu") == ()


def test_a_hit_says_where_it_is():
    text = "call 9845012345 now"
    (hit,) = ANYBODY.hits(text)
    assert text[hit.start : hit.end] == "9845012345"
