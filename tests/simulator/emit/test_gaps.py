import numpy as np
import polars as pl

from vigia.simulator.emit.gaps import FAMILIES, MINUTE_US, GapFinder, signal_families

P, G, X = FAMILIES["P"], FAMILIES["G"], FAMILIES["X"]


def _found(pieces, end_min=600):
    finder = GapFinder(start_us=0)
    for rows in pieces:
        columns = [np.array(c, dtype=np.int64) for c in zip(*rows, strict=True)]
        finder.add(columns[0] * MINUTE_US, *columns[1:])
    gaps = finder.finish(end_min * MINUTE_US)
    return {
        (kind, number, start // MINUTE_US, end // MINUTE_US)
        for kind, number, start, end in gaps.iter_rows()
    }


def test_a_gap_lies_between_two_arrivals_even_across_pieces():
    first = [(10, 1, 5, P), (20, 1, 5, P)]
    second = [(60, 1, 5, P), (70, 1, 5, P)]
    found = _found([first, second], end_min=80)
    assert found == {
        ("site", 1, 20, 60),
        ("device_P", 5, 20, 60),
    }


def test_silence_before_the_first_arrival_and_after_the_last_counts():
    assert _found([[(40, 1, 5, P)]], end_min=90) == {
        ("site", 1, 0, 40),
        ("site", 1, 40, 90),
        ("device_P", 5, 0, 40),
        ("device_P", 5, 40, 90),
    }


def test_positions_and_phone_are_silent_each_by_itself():
    rows = [(minute, 1, 5, P) for minute in range(0, 100, 5)] + [(0, 1, 5, G), (95, 1, 5, G)]
    assert _found([sorted(rows)], end_min=100) == {("device_G", 5, 0, 95)}


def test_what_is_no_sign_of_life_breaks_no_silence():
    rows = [(0, 1, -1, X), (10, 1, -1, 0), (20, 1, -1, 0), (30, 1, -1, X)]
    assert _found([rows], end_min=40) == {("site", 1, 0, 30)}


def test_only_usable_positions_and_what_devices_send_are_signs_of_life():
    fixes = pl.DataFrame(
        {
            "valid": [True, False, True, True],
            "accuracy_m": [10.0, 10.0, 101.0, None],
            "outdated": [False, False, False, True],
        }
    )
    assert signal_families("gps_fix", fixes).tolist() == [G, 0, 0, 0]
    runs = pl.DataFrame({"_device": [3, -1]})
    assert signal_families("tour_run", runs).tolist() == [FAMILIES["W"], 0]
    assert signal_families("access_event", pl.DataFrame({"_device": [-1]})).tolist() == [X]
    assert signal_families("shift", runs).tolist() == [0, 0]


def test_a_straggler_is_no_sign_of_life():
    beats = pl.DataFrame(
        {
            "_device": [1, 1, 1],
            "_true_us": [0, 0, None],
            "received_at": pl.Series([10, 11, 99]).cast(pl.Duration("us")) * MINUTE_US
            + pl.Series([0]).cast(pl.Datetime("us", "UTC")),
        }
    )
    assert signal_families("device_heartbeat", beats).tolist() == [P, 0, P]


def test_numbers_may_be_as_large_as_they_like():
    wide = 70_000
    rows = [(0, 1, 5, P), (10, 2, wide, P), (50, 1, 5, P), (90, 2, wide, P)]
    assert _found([rows], end_min=100) >= {("device_P", 5, 0, 50), ("device_P", wide, 10, 90)}
