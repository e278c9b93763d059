"""A finding counts from when somebody could see it, whatever explains it later."""

from __future__ import annotations

import polars as pl

from tests.domain.findings.patterns.made import TENANT, at, minutes
from tests.domain.findings.test_inhibition import GPS, SILENT, episode, frame, outage
from vigia.evaluate.detected import detections


def seen(*episodes) -> pl.DataFrame:
    """What becomes of episodes on the scoreboard."""
    found = frame(*episodes).with_columns(pattern=pl.lit("K00"), severity=pl.lit("HIGH"))
    return detections(found, "acme", TENANT, {})


def test_what_a_parent_hides_from_the_start_alarms_nobody():
    found = seen(outage(0), episode(SILENT, 50))
    assert found["inhibited"].to_list() == [False, True]


def test_what_a_parent_takes_in_later_has_alarmed_somebody():
    found = seen(episode(SILENT, 50), outage(60))
    assert found["inhibited"].to_list() == [False, False]
    assert minutes(found) == [50, 60]


def test_what_outlasts_its_parent_alarms_when_the_parent_has_cleared():
    found = seen(outage(0, 80), episode(GPS, 50))
    assert found["inhibited"].to_list() == [False, False]
    assert minutes(found) == [0, 80]
    assert found["detected_at"].to_list() == [at(0), at(80)]


def test_what_tells_of_something_on_its_way_is_no_finding_of_the_class():
    stages = ("SILENT_SITE_SUSPECT", "GPS_JAMMING_SUSPECT")
    assert seen(*(episode(kind, 0) for kind in stages)).is_empty()
