"""Which finding explains which, from when to when, and what a controller sees of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from tests.domain.findings.patterns.made import at, minutes
from vigia.domain.findings.episodes import EPISODES
from vigia.domain.findings.inhibition import SOON, inhibited, shown

OUTAGE, SILENT, SUSPECT = "NETWORK_OUTAGE", "CORRELATION_SILENT_SITE", "SILENT_SITE_SUSPECT"
GPS, LOW = "CORRELATION_DEVICE_GPS_FAILURE", "CRITICAL_SIGNAL_PHONE_EVENTS_LOW"
SOON_MIN = SOON / timedelta(minutes=1)


def episode(
    kind: str,
    raised: float,
    cleared: float | None = None,
    *,
    site: str | None = "a",
    seen: float | None = None,
    sites: list[str] | None = None,
    state: str = "confirmed",
    proven: float = 0,
) -> dict[str, object]:
    """An episode at some minutes; it is seen until just before it clears."""
    last = (cleared or 10_000) - 1 if seen is None else seen
    when: datetime | None = None if cleared is None else at(cleared)
    return {
        "type": kind,
        "scope_kind": "site" if site else "region",
        "scope_id": site or "north",
        "site_id": site,
        "sites": sites,
        "episode_start": at(raised),
        "detected_at": at(raised),
        "seen_at": at(last),
        "cleared_at": when,
        "evidence_state": state,
        "evidence_at": at(proven or raised),
    }


def frame(*episodes: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(episodes, schema=EPISODES)


def outage(raised: float, cleared: float | None = None, **values) -> dict[str, object]:
    return episode(OUTAGE, raised, cleared, site=None, **{"sites": ["a", "b"]} | values)


def explained(*episodes: dict[str, object]) -> list[str | None]:
    """The type of what explains each."""
    names = inhibited(frame(*episodes))["inhibited_by"]
    return [None if name is None else name.split("|")[0] for name in names]


def seen_at(*episodes: dict[str, object]) -> list[float | None]:
    return minutes(shown(frame(*episodes)), "shown_at")


@pytest.mark.parametrize(
    ("parent", "child"), [(SILENT, GPS), (SUSPECT, GPS), (SILENT, LOW), (GPS, LOW)]
)
def test_what_explains_more_mutes_what_explains_less_at_the_same_site(parent, child):
    assert explained(episode(parent, 0), episode(child, 10)) == [None, parent]
    assert explained(episode(parent, 0), episode(child, 10, site="b")) == [None, None]
    assert explained(episode(child, 0), episode(parent, 10))[1] is None


def test_an_outage_mutes_the_sites_that_it_stands_for():
    found = explained(outage(0), episode(SILENT, 50), episode(SILENT, 50, site="c"))
    assert found == [None, OUTAGE, None]


def test_types_of_one_rank_and_those_without_one_do_not_mute_each_other():
    assert explained(episode(SILENT, 0), episode(SUSPECT, 10)) == [None, None]
    assert explained(outage(0), episode("CORRELATION_GUARD_DISTRESS", 10)) == [None, None]
    assert explained(episode("CORRELATION_GUARD_DISTRESS", 0), episode(GPS, 10)) == [None, None]


def test_of_several_the_one_that_explains_most_is_named():
    found = explained(episode(SILENT, 0), outage(20), episode(GPS, 30))
    assert found[2] == OUTAGE


def test_the_name_tells_type_scope_and_start():
    (_, name) = inhibited(frame(outage(0), episode(SILENT, 50)))["inhibited_by"]
    assert name.split("|")[:3] == [OUTAGE, "region", "north"]
    assert datetime.fromisoformat(name.split("|")[3]) == at(0)


def test_what_has_cleared_explains_nothing_any_more():
    assert explained(outage(0, 50), episode(SILENT, 50)) == [None, None]
    assert explained(outage(0, 51), episode(SILENT, 50)) == [None, OUTAGE]


def test_what_was_proven_wrong_explains_nothing_from_then_on():
    wrong = {"state": "retracted", "proven": 40}
    assert explained(episode(SILENT, 0, **wrong), episode(GPS, 40)) == [None, None]
    assert explained(episode(SILENT, 0, **wrong), episode(GPS, 39)) == [None, SILENT]


def test_an_outage_takes_in_what_began_with_it_and_not_what_is_older():
    soon = outage(50 + SOON_MIN)
    assert explained(episode(SILENT, 50), soon) == [OUTAGE, None]
    assert explained(episode(SILENT, 49), soon) == [None, None]
    assert explained(episode(SILENT, 50, 60), outage(61)) == [None, None]


def test_what_is_explained_is_judged_anew_each_time():
    first = inhibited(frame(outage(0), episode(SILENT, 50)))
    again = inhibited(first.filter(pl.col("type") == SILENT))
    assert again["inhibited_by"].to_list() == [None]


def test_a_child_is_shown_when_it_is_raised_unless_a_parent_hides_it():
    assert seen_at(outage(0), episode(SILENT, 50), episode(SILENT, 50, site="c")) == [0, None, 50]


def test_a_child_that_its_parent_takes_in_later_has_been_shown():
    assert seen_at(episode(SILENT, 50), outage(60)) == [50, 60]


def test_a_child_that_outlasts_its_parents_is_shown_when_the_last_of_them_has_cleared():
    assert seen_at(outage(0, 80), episode(SILENT, 50)) == [0, 80]
    three = (outage(0, 80), episode(SILENT, 50, 120), episode(GPS, 60))
    assert seen_at(*three) == [0, 80, 120]


def test_a_child_that_is_over_with_its_parent_is_never_shown():
    assert seen_at(outage(0, 80), episode(SILENT, 50, 90, seen=75)) == [0, None]


def test_without_episodes_there_is_nothing_to_explain():
    assert inhibited(frame()).is_empty()
    assert shown(frame()).is_empty()
    assert explained(episode(GPS, 0, site=None)) == [None]
