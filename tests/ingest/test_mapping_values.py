"""Carrying out a mapping: rows of text become event frames, or rejections that say why."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from vigia.ingest.mapped import KNOWN_SINCE, Mapped, apply_mapping
from vigia.ingest.mapping import Mapping
from vigia.ingest.rows import FILE, LINE, Chunk


def a_mapping(**changes: Any) -> Mapping:
    given: dict[str, Any] = {
        "name": "test",
        "kind": "gps",
        "description": "A test.",
        "event": "vigia.gps_fix.recorded.v1",
        "source": "here",
        "identity": "row",
        "time": "t",
        "columns": {"lat": "lat"},
    }
    return Mapping.model_validate(given | changes)


def mapped(mapping: Mapping, **columns: list[str | None]) -> Mapped:
    height = len(next(iter(columns.values())))
    if "t" not in columns:
        columns["t"] = ["2020-01-01T00:00:00Z"] * height
    rows = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)).with_columns(
        pl.int_range(2, height + 2).alias(LINE), pl.lit("a_file").alias(FILE)
    )
    return apply_mapping(mapping, Chunk(rows), key=b"secret")


def value(spec: object, texts: list[str | None], column: str = "speed_mps", **more: Any) -> list:
    mapping = a_mapping(columns={column: spec}, **more)
    return mapped(mapping, a=texts).events[column].to_list()


@pytest.mark.parametrize(
    ("spec", "text", "expected"),
    [
        ("a", " x ", "x"),
        ("a", "", None),
        ({"from": "a", "missing": ["-777"]}, "-777", None),
        ({"from": "a", "unit": "knots"}, "1", 0.5144444444444445),
        ({"from": "a", "unit": "km/h"}, "36", 10.0),
        ({"from": "a", "unit": "feet"}, "10", 3.048),
        ({"constant": 7}, "ignored", "7"),
        ({"constant": True}, "ignored", "true"),
        ({"template": "{a}-{$file}"}, "x", "x-a_file"),
        ({"template": "{a}-{$file}"}, "", None),
        ({"from": "a", "values": {"x": 1}}, "x", "1"),
        ({"from": "a.sat"}, '{"sat": 5}', "5"),
        ({"from": "a.sat"}, "not json", None),
        ({"from": ["gone", "a"]}, "x", "x"),
        ({"from": "gone", "optional": True}, "x", None),
    ],
)
def test_a_value_is_read_as_the_mapping_says(spec: object, text: str, expected: object) -> None:
    [found] = value(spec, [text])
    assert found == (pytest.approx(expected) if isinstance(expected, float) else expected)


@pytest.mark.parametrize(
    ("word", "truth"), [("true", True), ("NO", False), ("1", True), ("", None)]
)
def test_truth_is_read_from_many_words(word: str, truth: bool | None) -> None:
    assert value("a", [word], column="mock") == [truth]


@pytest.mark.parametrize(
    ("formats", "zone", "text", "expected"),
    [
        ((), "UTC", "2020-06-01 10:00:00", datetime(2020, 6, 1, 10, tzinfo=UTC)),
        ((), "Europe/Madrid", "2020-06-01T10:00:00", datetime(2020, 6, 1, 8, tzinfo=UTC)),
        ((), "Europe/Madrid", "2020-06-01T10:00:00+09:00", datetime(2020, 6, 1, 1, tzinfo=UTC)),
        ((), "UTC", "2020-06-01T10:00:00.250Z", datetime(2020, 6, 1, 10, 0, 0, 250000, UTC)),
        (("%d/%m/%Y %H:%M",), "UTC", "29/2/2016 01:16", datetime(2016, 2, 29, 1, 16, tzinfo=UTC)),
        (("epoch_s",), "UTC", "1577836800", datetime(2020, 1, 1, tzinfo=UTC)),
        (("epoch_ms",), "UTC", "1577836800500", datetime(2020, 1, 1, 0, 0, 0, 500000, UTC)),
        # The autumn fold: the hour happens twice, and the first of the two is taken.
        ((), "Europe/Berlin", "2020-10-25 02:30:00", datetime(2020, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_their_format_and_zone(
    formats: tuple[str, ...], zone: str, text: str, expected: datetime
) -> None:
    mapping = a_mapping(time_formats=formats, time_zone=zone)
    assert mapped(mapping, lat=["1"], t=[text]).events["ce_time"].to_list() == [expected]


def test_a_time_that_the_spring_change_skips_rejects_the_row() -> None:
    mapping = a_mapping(time_zone="Europe/Berlin")
    result = mapped(mapping, lat=["1"], t=["2020-03-29 02:30:00"])
    assert result.events.is_empty()
    assert "'2020-03-29 02:30:00' for time is not a time" in result.rejected["reason"][0]


def test_rows_of_one_minute_are_ordered_by_the_systems_own_counter() -> None:
    mapping = a_mapping(time={"from": "t", "then_by": "n"})
    times = mapped(mapping, lat=["1", "1"], n=["12", "3"]).events["ce_time"]
    assert times.dt.millisecond().to_list() == [12, 3]


@pytest.mark.parametrize(
    ("spec", "text", "code", "said"),
    [
        ({"from": "a", "values": {"x": 1}}, "-100", "unknown_state", "'-100' for speed_mps is not"),
        ({"from": "a", "unit": "knots"}, "fast", "bad_type", "'fast' for speed_mps is not a num"),
    ],
)
def test_what_does_not_read_rejects_its_row_and_only_that(
    spec: object, text: str, code: str, said: str
) -> None:
    result = mapped(
        a_mapping(columns={"speed_mps": spec, "lat": "lat"}), a=[text, None], lat=["1", "2"]
    )
    assert result.events["lat"].to_list() == ["2"]
    [row] = result.rejected.to_dicts()
    assert (row["line_no"], row["reason_code"]) == (2, code)
    assert said in row["reason"]
    assert text in row["raw"]


def test_a_value_is_taken_only_from_rows_in_the_named_state() -> None:
    spec = {"from": "a", "only": {"s": ["Done"]}}
    mapping = a_mapping(columns={"speed_mps": spec})
    assert mapped(mapping, a=["1", "2", "3"], s=["Done", "New", None]).events[
        "speed_mps"
    ].to_list() == ["1", None, None]


def test_a_time_after_the_row_was_written_is_not_known_yet() -> None:
    mapping = a_mapping(columns={"device_time": {"from": "a", "past": True}})
    texts = ["2019-12-31T00:00:00Z", "2020-01-01T00:00:00Z", "2020-01-01T00:00:01Z", None]
    known = mapped(mapping, a=texts).events["device_time"].is_not_null().to_list()
    assert known == [True, True, False, False]


def test_equal_rows_have_one_identity_whatever_the_order_of_the_columns() -> None:
    mapping = a_mapping()
    one = mapped(mapping, lat=["1", "1", "2"], b=["x", "x", "x"]).events["ce_id"]
    other = mapped(mapping, b=["x"], lat=["1"]).events["ce_id"]
    assert one[0] == one[1] == other[0]
    assert one[0] != one[2]


def test_values_that_swap_columns_are_not_the_same_row() -> None:
    ids = mapped(a_mapping(), lat=["1", "2"], b=["2", "1"]).events["ce_id"]
    assert ids[0] != ids[1]


def test_a_row_without_what_identifies_it_is_rejected() -> None:
    result = mapped(a_mapping(identity=["id"]), lat=["1", "2"], id=["", "7"])
    assert result.events["ce_id"].to_list() == ["7"]
    assert result.rejected["reason_code"].to_list() == ["missing_field"]


def test_unused_columns_are_kept_under_names_that_mean_nothing_else() -> None:
    mapping = a_mapping(ignore=["noise"])
    events = mapped(mapping, lat=["1"], lon=["9"], note=["?"], tenant_id=["x"], noise=["z"]).events
    assert events["source_lon"].to_list() == ["9"]
    assert events["source_tenant_id"].to_list() == ["x"]
    assert events["note"].to_list() == ["?"]
    assert "lon" not in events.columns
    assert "noise" not in events.columns


def test_a_keyed_hash_is_stable_and_does_not_hold_the_text() -> None:
    spec = {"from": "a", "keyed_hash": True}
    first, again, other = value(spec, ["card 7", "card 7", "card 8"], column="motion")
    assert isinstance(first, bytes)
    assert len(first) == 32
    assert first == again != other


def test_things_are_made_once_and_only_from_rows_that_are_accepted() -> None:
    mapping = a_mapping(
        columns={"lat": "lat", "speed_mps": {"from": "v", "unit": "knots"}},
        reference=[{"create": "site", "columns": {"code": "s", "tz": {"constant": "UTC"}}}],
    )
    result = mapped(
        mapping, lat=["1"] * 4, s=["A", "A", None, "B"], v=["1", "1", "1", "not a number"]
    )
    sites = result.references["site"]
    assert sites["code"].to_list() == ["A"]
    assert sites["ce_type"].to_list() == ["vigia.site.upserted.v1"]
    assert sites["ce_time"].to_list() == [KNOWN_SINCE]


def test_hostile_text_is_only_text() -> None:
    texts = [
        "'; DROP TABLE ops.tenant; --",
        "{t}",
        "=cmd|' /C calc'!A0",
        "\u202egnp.exe",
        "😀" * 50,
    ]
    assert value("a", list(texts), column="motion") == texts
