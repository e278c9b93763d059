"""Anomalies as findings: enough of them, one a site, the same in one run as in many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigia.domain.findings.anomalies import (
    FRAME,
    KNOWN_AFTER,
    LEFT,
    anomaly_verdict,
    followed,
    is_anomaly,
)
from vigia.domain.findings.detect import detect
from vigia.domain.findings.episodes import EPISODES
from vigia.domain.watch.facts import Facts, shaped
from vigia.domain.watch.moments import Moments
from vigia.domain.windows import SLOT

START = datetime(2026, 3, 2, tzinfo=UTC)
SITES = pl.Series(["a", "b", "c"])
STEP = timedelta(minutes=5)


def left(*rows):
    """Rows of (site, number of the slot, metric, direction, score)."""
    table = [
        (site, metric, START + slot * SLOT, side, 12, 3.0, 9.0, score, 10.0 ** -abs(score))
        for site, slot, metric, side, score in rows
    ]
    return pl.DataFrame(table, LEFT, orient="row")


def run(frame, *, until=400, cuts=(), before=None):
    """Episodes of all instants, looked at in one run or cut into several."""
    done, open_ = [], EPISODES.to_frame() if before is None else before
    for first, last in zip([0, *cuts], [*cuts, until], strict=True):
        moments = Moments.every(STEP, START + first * STEP, START + last * STEP)
        found = followed(anomaly_verdict(frame, SITES, moments), moments, open_)
        done.append(found.filter(pl.col("cleared_at").is_not_null()))
        open_ = found.filter(pl.col("cleared_at").is_null())
    return pl.concat([*done, open_]).sort("scope_id", "detected_at")


def below(site, slots, metric="phone_events", score=-4.5):
    return [(site, slot, metric, "below", score) for slot in slots]


def test_six_anomalous_slots_of_the_last_twelve_are_a_finding_and_five_are_none():
    found = run(left(*below("a", [20, 21, 23, 25, 27, 28]), *below("b", [20, 21, 23, 25, 27])))
    assert found["scope_id"].to_list() == ["a"]
    row = found.row(0, named=True)
    assert row["type"] == "ANOMALY_PHONE_EVENTS_BELOW"
    assert row["detected_at"] == START + 28 * SLOT + KNOWN_AFTER
    assert (row["scope_kind"], row["site_id"], row["severity"]) == ("site", "a", "MEDIUM")
    assert '"expected":9.0' in row["figures"]


def test_what_several_metrics_show_is_told_once_by_the_one_that_told_it_first():
    rows = [
        *below("a", range(20, 60)),
        *below("a", range(40, 90), "tasks_completed", -6.5),
        *below("b", range(40, 60), "tour_checkpoints"),
    ]
    found = run(left(*rows))
    assert found.select("scope_id", "type").rows() == [
        ("a", "ANOMALY_PHONE_EVENTS_BELOW"),
        ("b", "ANOMALY_TOUR_CHECKPOINTS_BELOW"),
    ]
    # The worst that it was.
    assert found["severity"].to_list() == ["HIGH", "HIGH"]


def test_a_finding_is_over_when_six_hours_went_by_without_any():
    rows = [*below("a", range(20, 30)), *below("a", range(60, 70)), *below("a", range(200, 210))]
    found = run(left(*rows))
    assert found.height == 2
    cleared = found["cleared_at"].to_list()
    assert cleared[0] == START + (69 + 12) * SLOT + KNOWN_AFTER + timedelta(hours=6)
    assert found["episode_start"][1] == START + 205 * SLOT + KNOWN_AFTER


@pytest.mark.parametrize(
    ("score", "severity"), [(-4.5, "MEDIUM"), (-6.2, "HIGH"), (-11, "CRITICAL")]
)
def test_the_further_out_the_worse(score, severity):
    found = run(left(*below("a", range(20, 30), score=score)))
    assert found["severity"].to_list() == [severity]


@settings(max_examples=25)
@given(st.data())
def test_any_cuts_of_the_time_give_the_same_findings(data):
    place = st.tuples(
        st.sampled_from("abc"),
        st.integers(0, 398),
        st.sampled_from(["phone_events", "tasks_completed"]),
    )
    chosen = data.draw(st.lists(place, min_size=30, max_size=250, unique=True))
    rows = [(site, slot, metric, "below", -4.5) for site, slot, metric in chosen]
    cuts = sorted(data.draw(st.sets(st.integers(1, 399), max_size=5)))
    frame = left(*rows)
    assert run(frame, cuts=cuts).equals(run(frame))


def site_facts(**frames):
    row = pl.DataFrame({"site_id": ["a"], "received_at": [START - timedelta(days=40)]})
    known = row.with_columns(at=pl.col("received_at"), verb=pl.lit("upserted"))
    return Facts(UUID(int=1), {"site": shaped("site", known), **frames})


def test_anomalies_are_told_beside_patterns_where_somebody_looked_for_any():
    frame = left(*below("a", range(20, 40)))
    moments = Moments.every(STEP, START, START + 60 * STEP)
    found = detect(site_facts(**{FRAME: frame}), moments)
    told = found.filter(is_anomaly(pl.col("type")))
    assert told["scope_id"].to_list() == ["a"]
    later = Moments.every(STEP, START + 60 * STEP, START + 300 * STEP)
    kept = detect(site_facts(), later, found)
    assert kept.filter(is_anomaly(pl.col("type")))["cleared_at"].to_list() == [None]
    over = detect(site_facts(**{FRAME: frame}), later, found)
    assert over.filter(is_anomaly(pl.col("type")))["cleared_at"].null_count() == 0
