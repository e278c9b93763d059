import json
from datetime import UTC, date, datetime

import polars as pl
import pytest

from vigia.simulator.emit.text import event_lines, instant_text

AT = datetime(2026, 3, 29, 1, 0, 0, 123_987, tzinfo=UTC)


def _frame(**columns):
    count = len(next(iter(columns.values())))
    envelope = {
        "ce_source": ["phone/D00001"] * count,
        "ce_id": [str(n) for n in range(count)],
        "ce_type": ["vigia.gps_fix.recorded.v1"] * count,
        "ce_subject": ["S0001"] * count,
        "ce_time": [AT] * count,
        "received_at": [AT] * count,
    }
    return pl.DataFrame({**envelope, **columns})


def _data(table, frame):
    return [json.loads(line)["data"] for line in event_lines(table, frame)]


def test_a_line_is_a_cloud_event_with_its_arrival():
    (line,) = event_lines("gps_fix", _frame(lat=[1.5]))
    assert line.endswith("\n")
    assert json.loads(line) == {
        "specversion": "1.0",
        "id": "0",
        "source": "phone/D00001",
        "type": "vigia.gps_fix.recorded.v1",
        "subject": "S0001",
        "time": "2026-03-29T01:00:00.123Z",
        "receivedtime": "2026-03-29T01:00:00.123Z",
        "data": {"lat": 1.5},
    }


def test_values_come_back_as_they_were():
    texts = ['"quoted"', "back\\slash", "line\nbreak", "नमस्ते", "=cmd|' /C calc'!A0"]
    frame = _frame(subject=texts, reopen_count=[0, -1, 2**40, 3, 4])
    assert _data("ticket", frame) == [
        {"subject": text, "reopen_count": number}
        for text, number in zip(texts, [0, -1, 2**40, 3, 4], strict=True)
    ]


def test_dates_truth_and_floats_are_spelled_as_json():
    frame = _frame(hired_on=[date(2026, 2, 3)], mock=[True], lat=[12.000001], accuracy_m=[5.0])
    assert _data("gps_fix", frame) == [
        {"hired_on": "2026-02-03", "mock": True, "lat": 12.000001, "accuracy_m": 5.0}
    ]


def test_what_is_missing_is_left_out():
    frame = _frame(
        lat=[None, 2.0], lon=[1.0, None], speed_mps=pl.Series([None, None], dtype=pl.Float64)
    )
    assert _data("gps_fix", frame) == [{"lon": 1.0}, {"lat": 2.0}]


def test_the_text_of_an_event_does_not_depend_on_its_neighbours():
    frame = _frame(
        lat=[None, 2.0, 3.0],
        lon=[1.0, None, 4.0],
        motion=["still", None, 'say "hi"'],
        valid=[True, None, False],
    ).with_columns(
        fix_time=pl.Series([AT, datetime(2026, 3, 30, tzinfo=UTC), None]), thermal=pl.lit("hot")
    )
    whole = event_lines("gps_fix", frame).to_list()
    alone = [event_lines("gps_fix", part).item() for part in frame.iter_slices(1)]
    shuffled = event_lines("gps_fix", frame.select(reversed(frame.columns))).to_list()
    assert whole == alone == shuffled


def test_a_row_with_no_data_is_still_an_object():
    assert _data("gps_fix", _frame(lat=pl.Series([None], dtype=pl.Float64))) == [{}]


def test_json_columns_are_not_spelled_twice():
    assert _data("calendar", _frame(hours=['{"0":[["08:00","18:00"]]}'])) == [
        {"hours": {"0": [["08:00", "18:00"]]}}
    ]


def test_the_events_own_time_is_told_once():
    frame = _frame(lat=[1.0]).with_columns(fix_time=pl.col("ce_time"))
    assert _data("gps_fix", frame) == [{"lat": 1.0}]
    later = frame.with_columns(pl.col("fix_time").dt.offset_by("1s"))
    assert _data("gps_fix", later) == [{"fix_time": "2026-03-29T01:00:01.123Z", "lat": 1.0}]


def test_hidden_columns_stay_hidden():
    assert _data("gps_fix", _frame(lat=[1.0], _duty=[7], _site=[1])) == [{"lat": 1.0}]


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_a_number_that_json_does_not_know_is_refused(wrong):
    with pytest.raises(ValueError, match="lat: JSON knows no"):
        event_lines("gps_fix", _frame(lat=[wrong]))


def test_instants_are_floored_to_milliseconds_before_1970_too():
    instants = pl.Series([datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), None, AT])
    assert instant_text(instants).to_list() == [
        "1969-12-31T23:59:59.999Z",
        None,
        "2026-03-29T01:00:00.123Z",
    ]
