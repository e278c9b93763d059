"""Where planned work mutes what, held against a plain account of each instant."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.findings.patterns.made import Made, at, every
from vigia.domain.watch.moments import MINUTE_US, Moments, micros
from vigia.domain.watch.muting import SETTLING_US

KIND, CATEGORY = "CORRELATION_SILENT_SITE", "OPERATIONAL"
SETTLING_MIN = SETTLING_US // MINUTE_US
HOUR_US = 60 * MINUTE_US


def muted(made: Made, *minutes: float, kind: str = KIND, window_us: int = HOUR_US) -> list[bool]:
    """Whether findings at the first site are muted at some minutes."""
    known = made.known(Moments.of(*(at(minute) for minute in minutes)))
    return known.muting.of_sites(kind, CATEGORY, window_us)[0].tolist()


def planned(made: Made, begins: float, ends: float, *, told: float = -600, **values) -> Made:
    """Planned work, told at a minute."""
    usual = {
        "mw_id": f"{begins} {ends}",
        "site_id": "site",
        "matcher": "{}",
        "mode": "recover",
        "state": "planned",
    }
    times = {"starts_at": at(begins), "ends_at": at(ends)}
    return made.add("maintenance_window", told, **usual | times | values)


def works(matcher: object = None, **values) -> Made:
    """Planned work for the first hour."""
    text = orjson.dumps(matcher or {}).decode()
    return planned(Made().site(), 0, 60, matcher=text, **values)


def test_a_window_mutes_its_site_until_what_it_stopped_can_be_heard_of_again():
    end = 60 + SETTLING_MIN
    assert muted(works(), -1, 0, 60, end - 1, end) == [False, True, True, True, False]


def test_one_that_does_not_recover_mutes_until_no_window_of_the_rule_reaches_back_into_it():
    assert muted(works(mode="suppress"), 119, 120) == [True, False]
    assert muted(works(mode="suppress"), 74, 75, window_us=15 * MINUTE_US) == [True, False]


def test_a_window_that_is_told_late_mutes_from_when_it_is_told():
    made = planned(Made().site(), 0, 60, told=20)
    known = made.known(every(0, 30, 10))
    muted = known.muting.of_sites(KIND, CATEGORY, HOUR_US)[0].tolist()
    assert muted == [False, False, True, True]


def test_a_window_that_was_called_off_mutes_nothing():
    assert muted(works(state="cancelled"), 30) == [False]


def test_a_window_mutes_no_other_site():
    made = works().site("second")
    known = made.known(Moments.of(at(30)))
    found = known.muting.of_sites(KIND, CATEGORY, HOUR_US)[:, 0].tolist()
    assert dict(zip(known.things.site_ids, found, strict=True)) == {"site": True, "second": False}


@pytest.mark.parametrize(
    ("matcher", "mutes"),
    [
        ({}, True),
        ({"schema_version": 1}, True),
        ({"type": KIND}, True),
        ({"type": ["NETWORK_OUTAGE", KIND]}, True),
        ({"type": "NETWORK_OUTAGE"}, False),
        ({"category": CATEGORY}, True),
        ({"category": ["SECURITY"]}, False),
        ({"type": KIND, "category": "SECURITY"}, False),
        ({"site_id": "site"}, True),
        ({"site_id": ["elsewhere", "site"]}, True),
        ({"site_id": "elsewhere"}, False),
        ({"colour": "red"}, False),
        ({"type": KIND, "colour": "red"}, False),
    ],
)
def test_all_fields_of_a_matcher_must_match_and_one_that_nobody_knows_matches_nothing(
    matcher, mutes
):
    assert muted(works(matcher), 30) == [mutes]


def test_a_window_of_no_site_is_about_all_of_them():
    made = planned(Made().site().site("second"), 0, 60, site_id=None)
    known = made.known(Moments.of(at(30)))
    assert known.muting.of_sites(KIND, CATEGORY, HOUR_US).all()


def test_without_windows_nothing_is_muted():
    assert muted(Made().site(), 0) == [False]


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(1, 60), st.sampled_from(["recover", "suppress"])),
        max_size=4,
    )
)
@settings(max_examples=15, deadline=None)
def test_windows_that_overlap_mute_where_any_of_them_does(windows):
    made = Made().site()
    for number, (begins, length, mode) in enumerate(windows):
        planned(made, begins, begins + length, mode=mode, mw_id=f"w{number}")
    known = made.known(every(0, 200, 5))
    found = known.muting.of_sites(KIND, CATEGORY, 30 * MINUTE_US)[0]
    for place, us in enumerate(known.moments.at_us):
        now = (us - micros(at(0))) / MINUTE_US
        rest = {"recover": SETTLING_MIN, "suppress": 30}
        assert found[place] == any(
            begins <= now < begins + length + rest[mode] for begins, length, mode in windows
        )
