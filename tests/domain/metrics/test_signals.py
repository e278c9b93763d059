"""Signal windows: what counts where, how far a person went, and how long nothing was heard."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from vigia.domain.geo import distance_mm
from vigia.domain.metrics.signals import HOLDERS, SIGNALS, WATERMARKS, signal_windows
from vigia.domain.windows import INSTANT

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOBODY = pl.DataFrame(schema=HOLDERS)
UNKNOWN = pl.DataFrame(schema=WATERMARKS)
FIX = {
    "site_id": "s", "device_id": "d", "person_id": "p", "lat": 48.0, "lon": 11.0,
    "accuracy_m": None, "valid": None, "outdated": None,
}  # fmt: skip
TYPES = {"accuracy_m": pl.Float32(), "valid": pl.Boolean(), "outdated": pl.Boolean()}


def fixes(*rows: dict) -> pl.DataFrame:
    made = [
        {**FIX, "fix_id": str(n), **row, "fix_time": START + timedelta(seconds=row["s"])}
        for n, row in enumerate(rows)
    ]
    return pl.DataFrame(made, schema_overrides={**TYPES, "fix_time": INSTANT}).drop("s")


def test_way_and_wait_lie_in_the_slot_of_the_later_position() -> None:
    got = signal_windows(
        {"gps_fix": fixes({"s": 0}, {"s": 290, "lat": 48.001}, {"s": 320, "lat": 48.003})},
        NOBODY,
        UNKNOWN,
    )
    first, second = distance_mm(48, 11, 48.001, 11), distance_mm(48.001, 11, 48.003, 11)
    assert got["distance_m"].to_list() == [first / 1000, second / 1000]
    assert got["max_gap_s"].to_list() == [3600, 30]
    assert got["g_valid"].to_list() == [2, 1]


def test_a_gap_of_more_than_an_hour_is_no_way_and_an_hour_of_waiting() -> None:
    got = signal_windows({"gps_fix": fixes({"s": 0}, {"s": 3601, "lat": 49.0})}, NOBODY, UNKNOWN)
    assert got["distance_m"].to_list() == [0.0, 0.0]
    assert got["max_gap_s"].to_list() == [3600, 3600]


def test_an_inaccurate_position_counts_as_invalid_and_is_no_step_of_the_way() -> None:
    got = signal_windows(
        {"gps_fix": fixes({"s": 0}, {"s": 10, "lat": 50.0, "accuracy_m": 400.0}, {"s": 20})},
        NOBODY,
        UNKNOWN,
    )
    assert got.select("g_valid", "g_invalid", "distance_m").row(0) == (2, 1, 0.0)


def test_a_heartbeat_counts_for_who_holds_the_device_then() -> None:
    beats = pl.DataFrame(
        {
            "site_id": ["s"] * 3,
            "device_id": ["d"] * 3,
            "event_time": [START + timedelta(hours=h) for h in (0, 2, 5)],
        }
    )
    held = pl.DataFrame(
        [("d", "early", None, START + timedelta(hours=1)),
         ("d", "late", START + timedelta(hours=1), START + timedelta(hours=4))],
        schema=HOLDERS, orient="row",
    )  # fmt: skip
    got = signal_windows({"device_heartbeat": beats}, held, UNKNOWN)
    assert got.select("person_id", "p_auto").rows() == [("early", 1), ("late", 1)]


def test_phone_events_are_split_into_human_and_automatic() -> None:
    kinds = ["interaction", "network_change", "call_in", "interaction"]
    events = pl.DataFrame(
        {
            "site_id": "s", "person_id": "p", "device_id": "d", "event_time": [START] * 4,
            "kind": kinds, "human": [None, None, None, False],
        },
        schema_overrides={"human": pl.Boolean()},
    )  # fmt: skip
    got = signal_windows({"phone_event": events}, NOBODY, UNKNOWN)
    assert got.select("p_human", "p_auto").row(0) == (2, 2)


def test_answers_to_check_calls_are_told_from_missed_ones() -> None:
    later = START + timedelta(minutes=1)
    checks = pl.DataFrame(
        {
            "site_id": "s", "person_id": "p", "due_at": [START] * 4,
            "answered_at": [later, later, None, None],
            "result": ["ok", "late", "missed", "pending"],
        }
    )  # fmt: skip
    got = signal_windows({"welfare_check": checks}, NOBODY, UNKNOWN)
    assert got.select("h_ok", "h_missed").row(0) == (1, 2)


def test_the_watermark_reaches_the_slots_end_at_most() -> None:
    marks = pl.DataFrame([("d", START + timedelta(seconds=400))], schema=WATERMARKS, orient="row")
    got = signal_windows({"gps_fix": fixes({"s": 0}, {"s": 300})}, NOBODY, marks)
    assert got["watermark_at"].to_list() == [
        START + timedelta(seconds=300),
        START + timedelta(seconds=400),
    ]


def test_the_order_of_rows_makes_no_difference() -> None:
    rows = fixes(*({"s": s * 37, "lat": 48 + s % 7 / 1000} for s in range(200)))
    expected = signal_windows({"gps_fix": rows}, NOBODY, UNKNOWN)
    for seed in range(5):
        mixed = rows.sample(fraction=1, shuffle=True, seed=seed)
        assert signal_windows({"gps_fix": mixed}, NOBODY, UNKNOWN).equals(expected)
    assert expected.schema == SIGNALS
