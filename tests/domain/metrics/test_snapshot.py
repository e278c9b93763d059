"""Snapshots are exact, and depend on the set of values alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.metrics.plain import Row, aggregate, slot_of
from vigia.domain.metrics import aggregate as engine
from vigia.domain.metrics.snapshot import SAMPLES, SNAPSHOTS, snapshot

START = datetime(2026, 3, 28, 22, tzinfo=UTC)
VALUES = st.floats(-1e6, 1e6) | st.integers(-5, 5).map(float) | st.sampled_from([0.1, 0.2, 0.0])
ROWS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 2),
        st.integers(0, 7200).map(lambda s: START + timedelta(seconds=s)),
        VALUES,
    ),
    max_size=60,
)


def frame(rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SAMPLES, orient="row")


def as_dict(snapshots: pl.DataFrame, window: str = "slot") -> dict:
    return {
        (row["site"], row["metric"], row[window]): {
            name: row[name] for name in ("n", "sum", "sum_sq", "min", "max", "last")
        }
        for row in snapshots.iter_rows(named=True)
    }


def assert_equal(got: dict, expected: dict) -> None:
    assert got.keys() == expected.keys()
    for key, values in expected.items():
        squares = values.pop("sum_sq")
        # Squares are rounded to a millionth each before they are added.
        assert got[key].pop("sum_sq") == pytest.approx(squares, abs=1e-6 * values["n"], rel=1e-12)
        assert got[key] == values


@given(ROWS)
def test_snapshots_equal_a_plain_recomputation(rows) -> None:
    assert_equal(as_dict(snapshot(frame(rows))), aggregate(rows, slot_of))


@given(ROWS, st.randoms(use_true_random=False))
def test_any_order_of_the_same_values_gives_the_same_rows(rows, random) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert snapshot(frame(shuffled)).equals(snapshot(frame(rows)))


@given(ROWS)
def test_sparse_cells_give_the_same_rows_as_dense_ones(rows) -> None:
    dense = snapshot(frame(rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "_DENSE_CELLS", 0)
        assert snapshot(frame(rows)).equals(dense)


def test_a_tenth_added_ten_times_is_one() -> None:
    rows = [(0, 0, START + timedelta(seconds=i), 0.1) for i in range(10)]
    assert snapshot(frame(rows))["sum"].to_list() == [1_000_000]


def test_sums_beyond_64_bits_stay_exact() -> None:
    """Bytes a second, added up over a day, outgrow 64 bits of millionths."""
    rows = [(0, 0, START + timedelta(microseconds=i), 8.9e12) for i in range(9)]
    assert snapshot(frame(rows))["sum"].to_list() == [9 * 8_900_000_000_000_000_000]


def test_a_changed_missing_or_added_value_changes_the_input_hash() -> None:
    rows = [(0, 0, START + timedelta(seconds=i), float(i)) for i in range(5)]
    hashes = {
        snapshot(frame(variant))["input_hash"].item()
        for variant in (
            rows,
            rows[1:],
            [*rows, rows[0]],
            [*rows[:4], (0, 0, rows[4][2], 4.5)],
            [*rows[:4], (0, 0, rows[4][2] + timedelta(seconds=1), 4.0)],
        )
    }
    assert len(hashes) == 5


def test_values_that_are_no_numbers_do_not_count() -> None:
    rows = [(0, 0, START, value) for value in (1.0, float("nan"), float("inf"), 1e13)]
    assert snapshot(frame(rows))["n"].to_list() == [1]


def test_nothing_gives_an_empty_frame_of_the_right_shape() -> None:
    empty = snapshot(frame([]))
    assert empty.is_empty()
    assert empty.schema == SNAPSHOTS
