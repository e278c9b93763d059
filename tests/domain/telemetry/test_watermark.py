"""What a set of events says about how completely their device has reported."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from vigia.domain.telemetry.watermark import NO_BOOT, SEEN, seen

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DEVICE = bytes(15) + b"\x01"


def events(*numbers: int | None, **columns: object) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "device_id": [DEVICE] * len(numbers),
            "event_time": [NOON + timedelta(minutes=i) for i in range(len(numbers))],
            "seq": pl.Series(numbers, dtype=pl.Int64),
            **columns,
        }
    )


def test_numbers_and_times_are_summarised_by_device_and_start():
    [row] = seen(events(5, 7, 6, 7)).to_dicts()
    assert (row["first_seq"], row["last_seq"], row["seen_count"]) == (5, 7, 3)
    assert row["boot_id"] == NO_BOOT
    assert row["last_event_at"] == NOON + timedelta(minutes=3)


def test_the_newest_heartbeat_says_how_much_is_left():
    depths = pl.Series([0, 9, None], dtype=pl.Int32)
    [row] = seen(events(1, 2, 3, queue_depth=depths)).to_dicts()
    assert row["queue_depth"] == 9
    assert row["heartbeat_at"] == NOON + timedelta(minutes=1)
    assert row["drained_at"] == NOON


def test_the_order_of_events_does_not_matter():
    depths = pl.Series([4, 0, 2, 0], dtype=pl.Int32)
    frame = events(4, 2, 8, 1, queue_depth=depths)
    assert seen(frame).equals(seen(frame.reverse()))


def test_events_without_number_and_queue_say_nothing():
    silent = seen(events(None, None))
    assert silent.is_empty()
    assert silent.schema == SEEN
