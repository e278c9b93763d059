"""Two replays held against each other: new, gone, earlier, later, the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from vigia.domain.findings.episodes import EPISODES
from vigia.domain.findings.whatif import CHANGES, DIFFERENCE, difference

START = datetime(2026, 3, 1, tzinfo=UTC)


def found(*rows: tuple[str, int, int | None]) -> pl.DataFrame:
    """Episodes of a type and scope as (scope, minute of detection, minute of its end)."""
    return pl.DataFrame(
        [
            {
                "type": "CORRELATION_SILENT_SITE",
                "scope_kind": "site",
                "scope_id": scope,
                "site_id": scope,
                "severity": "CRITICAL",
                "detected_at": START + timedelta(minutes=at),
                "cleared_at": None if end is None else START + timedelta(minutes=end),
            }
            for scope, at, end in rows
        ],
        schema={name: EPISODES[name] for name in (
            "type", "scope_kind", "scope_id", "site_id", "severity", "detected_at", "cleared_at"
        )},
    )  # fmt: skip


def changes(before: pl.DataFrame, after: pl.DataFrame) -> list[tuple[str, str, float | None]]:
    told = difference(before, after)
    assert told.schema == DIFFERENCE
    return list(told.select("change", "scope_id", "minutes").iter_rows())


def test_a_bolder_policy_finds_the_same_earlier_and_something_new():
    before = found(("a", 60, 90))
    after = found(("a", 45, 90), ("b", 10, 20))
    assert changes(before, after) == [("new", "b", None), ("earlier", "a", -15.0)]


def test_a_calmer_policy_finds_later_or_not_at_all():
    before = found(("a", 60, 90), ("b", 10, None))
    assert changes(before, found(("a", 75, 90))) == [("gone", "b", None), ("later", "a", 15.0)]


def test_what_does_not_overlap_is_another_finding():
    assert changes(found(("a", 0, 10)), found(("a", 20, 30))) == [
        ("gone", "a", None),
        ("new", "a", None),
    ]


def test_one_long_finding_is_not_two_short_ones():
    told = changes(found(("a", 0, 100)), found(("a", 5, 20), ("a", 50, 80)))
    assert sorted(told) == [("later", "a", 5.0), ("new", "a", None)]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 50), st.integers(51, 90))),
       st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 50), st.integers(51, 90))))  # fmt: skip
def test_every_finding_of_both_is_told_once(one, other):
    told = difference(found(*one), found(*other))
    assert told["before_at"].count() == len(one)
    assert told["after_at"].count() == len(other)
    assert set(told["change"]) <= set(CHANGES)
    same = difference(found(*one), found(*one))
    assert set(same["change"]) <= {"same"}
