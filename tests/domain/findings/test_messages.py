"""Titles and messages of findings hold no personal data, whatever is known of the case (U18)."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.findings.canaries import CANARIES, NAMES
from vigia.domain.findings.known import KNOWN, anomaly_type, critical_signal_type
from vigia.domain.findings.messages import SLOTS, TEMPLATES, code, initials, message, title
from vigia.domain.findings.personal_data import Scanner
from vigia.domain.metrics.builtin import BUILT_IN

SCANNER = Scanner(NAMES)
SINCE = datetime(2026, 3, 1, 22, 5, tzinfo=UTC)
TYPES = (
    *KNOWN,
    *(anomaly_type(m.name, d) for m in BUILT_IN for d in ("BELOW", "ABOVE", "ABSENT")),
    *(critical_signal_type(m.name) for m in BUILT_IN),
    *("GEOFENCE_BREACH", "PANIC_OF_ASHA_RAO", "ANOMALY_RAVI_KUMAR_ABOVE", "NOBODY_KNOWS"),
)
READ = (
    *("site", "post", "run", "ticket", "alert", "device", "region", "person", "person_id"),
    *("count", "observed", "expected", "delay_min", "since"),
)
NOT_READ = ("person_name", "phone", "lat", "lon", "note", "site_name", "evidence")
CLEAN = {
    "site": "S0007",
    "post": "P-2",
    "run": "T-12",
    "ticket": "INC-2026000123",
    "alert": "A-77",
    "device": "D0042",
    "region": "NORTH",
    "person": "RK",
    "person_id": UUID(int=0x1234567890ABCDEF1234567890ABCDEF),
    "count": 4,
    "observed": 3.25,
    "expected": 1234567,
    "delay_min": 1505,
    "since": SINCE,
}
VALUES = (
    st.sampled_from([canary.text for canary in CANARIES])
    | st.text(max_size=40)
    | st.integers()
    | st.floats()
    | st.none()
)


@given(
    st.sampled_from(TYPES),
    st.dictionaries(st.sampled_from([*READ, *NOT_READ]), VALUES, max_size=12),
)
@settings(max_examples=250)
def test_nothing_personal_comes_through_any_slot(finding_type, planted):
    for text in (title(finding_type), message(finding_type, CLEAN | planted)):
        assert SCANNER.hits(text) == ()
        assert not any(canary.text in text for canary in CANARIES)
    assert "{" not in message(finding_type, planted)


@pytest.mark.slow
def test_a_hundred_thousand_messages_hold_nothing_personal():
    """Every other value is one of somebody who does not exist."""
    rng = np.random.default_rng(11)
    keys, texts = (*READ, *NOT_READ), [canary.text for canary in CANARIES]
    clean = CLEAN | dict.fromkeys(NOT_READ, "")
    for number in range(100_000):
        draws = rng.integers(0, 2 * len(texts), len(keys))
        context = {
            key: texts[draw] if draw < len(texts) else clean[key]
            for key, draw in zip(keys, draws.tolist(), strict=True)
        }
        finding_type = TYPES[number % len(TYPES)]
        assert SCANNER.hits(message(finding_type, context)) == (), context
    assert not [name for name in TYPES if SCANNER.hits(title(name))]


def test_the_canaries_are_caught_where_they_do_appear():
    """So that finding none means something."""
    for canary in CANARIES:
        assert SCANNER.hits(f"seen: {canary.text}."), canary


@pytest.mark.parametrize("finding_type", KNOWN)
def test_every_known_type_has_a_title_and_a_sentence_of_its_own(finding_type):
    told = message(finding_type, CLEAN)
    assert told.endswith(".")
    assert told[0].isupper() or told[0].isdigit()
    assert title(finding_type)
    plain = message(finding_type, {})
    assert plain != told
    assert "{" not in told + plain


def test_templates_name_known_types_and_slots_only():
    assert set(TEMPLATES) <= set(KNOWN)
    slots = {part.split("}")[0] for text in TEMPLATES.values() for part in text.split("{")[1:]}
    assert slots == set(SLOTS)


def test_messages_say_what_is_known():
    overdue = {"run": "T-12", "site": "S0007", "delay_min": 125}
    assert message("TOUR_OVERDUE", overdue) == "Tour T-12 at site S0007 is 2 h 5 min overdue."
    assert message("CORRELATION_SILENT_SITE", CLEAN) == (
        "Nothing has come from site S0007 for 1 d 1 h; 4 on duty."
    )
    assert message("ANOMALY_LOCATION_UPDATES_BELOW", CLEAN) == (
        "Valid positions: lower than usual. 3.2 at site S0007 since 2026-03-01 22:05 UTC; "
        "usual: 1,234,567."
    )
    assert message("CORRELATION_GUARD_DISTRESS", {"person_id": CLEAN["person_id"]}) == (
        "Guard #123456 at a site may need help, since an unknown time."
    )


@pytest.mark.parametrize(
    ("value", "kept"),
    [("RK", "RK"), ("R.K.", "RK"), ("R K", "RK"), ("ABC", "ABC"), ("ŁW", "ŁW")],
)
def test_initials_pass(value, kept):
    assert initials(value) == kept


@pytest.mark.parametrize("value", ["", "rk", "Rao", "ABCD", "R1", "R. Kumar", None, 7, "రావు"])
def test_what_is_more_than_initials_does_not_pass(value):
    assert initials(value) is None


@pytest.mark.parametrize("value", ["S0007", "BER-HQ", "D0042", "tours/T-12", "INC-2026000123"])
def test_codes_pass(value):
    assert code(value) == value


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Rao",
        "Asha Rao",
        "9845012345",
        "a@b.example",
        "S 7",
        "x" * 41,
        "=cmd",
        None,
        12,
        "52.52001",
    ],
)
def test_what_is_no_code_does_not_pass(value):
    assert code(value) is None


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (0, "0 min"),
        (0.9, "0 min"),
        (59, "59 min"),
        (60, "1 h"),
        (1440, "1 d"),
        (1501, "1 d 1 h"),
        (-5, "some time"),
        (float("inf"), "some time"),
        (float("nan"), "some time"),
        (True, "some time"),
    ],
)
def test_delays_are_said_as_people_say_them(minutes, said):
    told = message("DAILY_REPORT_MISSING", {"site": "S1", "delay_min": minutes})
    assert told == f"The daily report of site S1 is {said} late."
