"""The height of a level at each slot equals counting the intervals that cover its start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from vigia.domain.metrics.levels import INTERVALS, intervals, levels
from vigia.domain.metrics.registry import Metric, Until

START = datetime(2026, 3, 1, tzinfo=UTC)
END = START + timedelta(hours=2)
SLOTS = [START + i * timedelta(minutes=5) for i in range(24)]
INSTANTS = st.integers(-3000, 9000).map(lambda s: START + timedelta(seconds=s))
SPANS = st.lists(
    st.tuples(
        st.integers(0, 2), st.just(0), INSTANTS, st.none() | INSTANTS, st.none(), st.just(1.0)
    ),
    max_size=12,
)


@given(SPANS)
def test_levels_equal_counting_by_hand(spans) -> None:
    frame = pl.DataFrame(spans, schema=INTERVALS, orient="row")
    got = {(r["site"], r["time"]): r["value"] for r in levels(frame, START, END).to_dicts()}
    expected = {
        (site, slot): sum(
            1.0 for s, _, low, high, *_ in spans
            if s == site and low <= slot and (high is None or slot < high)
        )
        for site in {s for s, *_ in spans}
        for slot in SLOTS
        # A zero can be told from nothing only after the first interval began.
        if any(low <= slot for s, _, low, *_ in spans if s == site)
    }  # fmt: skip
    assert got == expected


def test_an_interval_ends_at_the_next_row_of_the_same_person_or_when_it_is_too_long() -> None:
    metric = Metric(
        "present", "", "attendance_event", kind="gauge",
        until=Until(next="person_id", cap_s=3600), row_filter={"kind": ["clock_in"]},
    )  # fmt: skip
    minutes = [(0, "a", "clock_in"), (30, "a", "clock_out"), (40, "b", "clock_in")]
    clocked = pl.DataFrame(
        {
            "site": [0, 0, 0],
            "event_time": [START + timedelta(minutes=m) for m, *_ in minutes],
            "person_id": [p for _, p, _ in minutes],
            "kind": [k for *_, k in minutes],
        }
    )
    heights = levels(intervals(clocked, metric, 0), START, END)["value"].to_list()
    # Until minute 100 the site is known to clock at all; afterwards it is silent, not empty.
    assert heights == [1.0] * 6 + [0.0] * 2 + [1.0] * 12


def test_a_silent_device_counts_as_offline_after_a_delay() -> None:
    metric = Metric(
        "offline", "", "device_heartbeat", until=Until(next="device_id", delay_s=1800, cap_s=86400)
    )
    beats = pl.DataFrame(
        {
            "site": [0, 0],
            "event_time": [START, START + timedelta(minutes=50)],
            "device_id": ["d", "d"],
        }
    )
    heights = levels(intervals(beats, metric, 0), START, END)
    offline = heights.filter(pl.col("value") > 0)["time"].to_list()
    assert offline == SLOTS[6:10] + SLOTS[16:]
