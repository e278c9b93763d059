"""From verdicts to findings: when an episode begins, goes on, ends, and what late signs do to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from vigia.domain.findings.episodes import EPISODES, track
from vigia.domain.findings.pattern import Leg, Verdict, scopes
from vigia.domain.findings.types import ScopeKind
from vigia.domain.watch.moments import MINUTE_US, Moments

START = datetime(2026, 3, 1, 10, 2, tzinfo=UTC)
KIND = "CORRELATION_SILENT_SITE"


def moments(count: int) -> Moments:
    return Moments.of(*(START + timedelta(minutes=minute) for minute in range(count)))


def verdict(raised, cleared=None, *, severity=None, hold_min=0, **others) -> Verdict:
    table = np.array(raised, bool)
    ids = pl.Series([f"site {row}" for row in range(len(table))])
    return Verdict(
        KIND,
        ScopeKind.SITE,
        scopes(ids, site_id=ids),
        table,
        np.full(table.shape, 2) if severity is None else np.array(severity),
        timedelta(minutes=30),
        cleared=None if cleared is None else np.array(cleared, bool),
        hold=timedelta(minutes=hold_min),
        **others,
    )


def followed(said: Verdict, before=None) -> pl.DataFrame:
    count = said.raised.shape[1]
    return track("K01", said, moments(count), EPISODES.to_frame() if before is None else before)


def minutes(found: pl.DataFrame, column: str) -> list[int | None]:
    return [None if at is None else (at - START) // timedelta(minutes=1) for at in found[column]]


def test_an_episode_begins_when_it_is_raised_and_ends_when_it_is_not():
    found = followed(verdict([[0, 1, 1, 0, 0, 1]]))
    assert minutes(found, "detected_at") == [1, 5]
    assert minutes(found, "cleared_at") == [3, None]


def test_an_episode_is_named_by_the_slot_in_which_it_was_first_true():
    (start,) = followed(verdict([[0, 1]]))["episode_start"]
    assert start == datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


def test_the_clear_rule_must_hold_for_its_time_without_a_break():
    raised = [[1, 0, 0, 0, 0, 0, 0, 0]]
    cleared = [[0, 1, 1, 0, 1, 1, 1, 1]]
    found = followed(verdict(raised, cleared, hold_min=3))
    assert minutes(found, "cleared_at") == [7]
    assert minutes(found, "clear_since") == [4]


def test_what_is_raised_again_before_it_cleared_is_the_same_episode():
    found = followed(verdict([[1, 0, 1, 0, 0, 0]], [[0, 1, 0, 1, 1, 1]], hold_min=2))
    assert minutes(found, "detected_at") == [0]
    assert minutes(found, "seen_at") == [2]
    assert minutes(found, "cleared_at") == [5]


def test_severity_is_the_worst_so_far():
    found = followed(verdict([[1, 1, 1]], severity=[[1, 4, 2]]))
    assert found["severity"].to_list() == ["CRITICAL"]


def test_the_figures_are_those_of_the_instant_at_which_it_was_raised():
    silent = np.array([[10.0, 60.5, 90.0]])
    (figures,) = followed(verdict([[0, 1, 1]], legs=(Leg("silent_min", silent, 60),)))["figures"]
    assert figures == '{"silent_min":60.5}'


def test_a_late_sign_from_the_window_retracts_and_one_from_before_it_does_not():
    def with_late(minute: int) -> str:
        at = moments(1).first_us + minute * MINUTE_US
        late = pl.DataFrame({"row": [0], "at_us": [at], "received_us": [at + 60 * MINUTE_US]})
        (state,) = followed(verdict([[0, 1, 1]], late=late))["evidence_state"]
        return state

    assert with_late(-10) == "retracted"
    assert with_late(-40) == "confirmed"


def test_what_the_watermark_confirms_later_was_provisional_first():
    waits = np.array([[False, True, True, False]])
    found = followed(verdict([[0, 1, 1, 1]], provisional=waits))
    assert found["evidence_state"].to_list() == ["confirmed"]
    assert minutes(found, "evidence_at") == [3]
    early = followed(verdict([[0, 1, 1]], provisional=waits[:, :3]))
    assert early["evidence_state"].to_list() == ["provisional"]


@st.composite
def courses(draw):
    scope_count, count = draw(st.integers(1, 3)), draw(st.integers(1, 24))
    size = scope_count * count
    bits = st.lists(st.booleans(), min_size=size, max_size=size)
    raised = np.array(draw(bits)).reshape(scope_count, count)
    cleared = np.array(draw(bits)).reshape(scope_count, count) & ~raised
    cuts = draw(st.lists(st.integers(1, count), max_size=4))
    return raised, cleared, draw(st.integers(0, 4)), sorted({0, *cuts, count})


@settings(max_examples=200, deadline=None)
@given(courses())
def test_instants_in_any_pieces_give_the_same_episodes_as_one_by_one_in_plain_words(course):
    raised, cleared, hold_min, edges = course
    all_moments = moments(raised.shape[1])
    going, done = EPISODES.to_frame(), []
    for start, end in pairwise(edges):
        said = verdict(raised[:, start:end], cleared[:, start:end], hold_min=hold_min)
        found = track("K01", said, Moments(all_moments.at_us[start:end]), going)
        done.append(found.filter(pl.col("cleared_at").is_not_null()))
        going = found.filter(pl.col("cleared_at").is_null())
    rows = pl.concat([*done, going]).sort("scope_id", "detected_at")
    columns = ("detected_at", "seen_at", "clear_since", "cleared_at")
    told = list(zip(rows["scope_id"], *(minutes(rows, c) for c in columns), strict=True))
    assert told == [
        row
        for scope in range(len(raised))
        for row in _plainly(f"site {scope}", raised[scope], cleared[scope], hold_min)
    ]


def _plainly(scope, raised, cleared, hold_min):
    """The same, an instant after the other."""
    rows, opened, seen, since = [], None, None, None
    for minute, (is_raised, is_cleared) in enumerate(zip(raised, cleared, strict=True)):
        if opened is None:
            if is_raised:
                opened, seen, since = minute, minute, None
            continue
        if is_raised:
            seen = minute
        if not is_cleared:
            since = None
            continue
        since = minute if since is None else since
        if minute - since >= hold_min:
            rows.append((scope, opened, seen, since, minute))
            opened = None
    if opened is not None:
        rows.append((scope, opened, seen, since, None))
    return rows
