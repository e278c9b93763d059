"""The router's segments cover a window once, with seams on starts of local days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigia.domain.metrics.router import Resolution, first_whole_day, kept_since, route
from vigia.domain.windows import day_start, local_date_of

NOW = datetime(2026, 4, 20, 10, 7, tzinfo=UTC)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"])
AGES = st.integers(0, 800 * 24 * 60).map(lambda m: timedelta(minutes=m))


@given(ZONES, AGES, AGES)
def test_segments_meet_without_gap_or_overlap(zone, one, other) -> None:
    from_, to = NOW - max(one, other), NOW - min(one, other)
    segments = route(from_, to, NOW, zone)
    if from_ == to:
        assert segments == []
        return
    assert segments[0].from_ <= from_
    assert segments[-1].to == to
    for earlier, later in pairwise(segments):
        assert earlier.to == later.from_
        assert day_start(local_date_of(later.from_, zone), zone) == later.from_


@given(ZONES, AGES)
def test_what_a_segment_asks_for_is_still_kept(zone, age) -> None:
    for segment in route(NOW - age, NOW, NOW, zone):
        if age < timedelta(days=700):
            assert segment.from_ >= kept_since(segment.resolution, NOW, zone)


@pytest.mark.parametrize(
    ("days", "resolutions"),
    [
        (2, [Resolution.FIVE_MINUTES]),
        (30, [Resolution.HOUR, Resolution.FIVE_MINUTES]),
        (730, [Resolution.DAY, Resolution.HOUR, Resolution.FIVE_MINUTES]),
    ],
)
def test_age_decides_the_resolution(days: int, resolutions: list[Resolution]) -> None:
    segments = route(NOW - timedelta(days=days), NOW, NOW, "Europe/Berlin")
    assert [s.resolution for s in segments] == resolutions


def test_a_window_in_the_future_is_answered_by_5_minutes() -> None:
    segments = route(NOW, NOW + timedelta(days=1), NOW, "UTC")
    assert [s.resolution for s in segments] == [Resolution.FIVE_MINUTES]


def test_a_seam_lies_after_the_instant_at_which_rows_may_be_gone() -> None:
    cut = NOW - timedelta(days=7)
    assert cut < first_whole_day(cut, "Asia/Kolkata") <= cut + timedelta(days=1)
