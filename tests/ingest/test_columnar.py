"""Reading many lines at once gives what reading them one by one gives, whatever they hold."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.ingest.events import ACME, NOW, event, fix
from vigia.domain.dictionary import TABLES, ColumnType
from vigia.domain.telemetry.clock import ClockRule
from vigia.domain.telemetry.normalise import normalise
from vigia.ingest import envelope
from vigia.ingest.envelope import Parsed, parse_events

CLEAN = fix("clean", seq=7, mock=True, provider="gps")
BARE = event("gps_fix", "bare", {"fix_time": "2026-03-02T07:00:00Z"}, subject="S1")
VALUES = [
    "1", "-1", "0", "-0", "-0.0", "0.0", "1.0", "1e2", "1E+2", "01", "1.", ".5", "+1", "1e999", "-1e999",
    "1e-999", "NaN", "Infinity", "9223372036854775807", "9223372036854775808", "-9223372036854775809",
    "18446744073709551616", "123456789012345678901234567890", "1.7976931348623157e308", "5e-324",
    "52.123456789012345678", "true", "false", "null", "tru", '"52.5"', '""', '" "', '"a\\u0000b"',
    '"\\ud800"', '"\\udc00"', '"\\ud83d\\ude00"', '"\\/\\n"', '"\\x"', '"a\tb"', '"\x00"', '"\x7f"',
    '"ä😀"', '"unclosed', '""""', "1 2", "/**/1", "[]", "{}", "[1]", '{"a":{"b":1}}', '{"$line":0}',
    '"$line"', '"2026-03-02T07:00:00Z"', '"\\"type\\": \\"vigia.task.created.v1\\""',
]  # fmt: skip
"""How a value may be spelled, legally or not."""
FIELDS = ["lat", "seq", "satellites", "mock", "provider", "device_id", "tenant_id", "fix_id"]
STRANGE = [*FIELDS, "new", "extra", "$line", "l\\u0061t", "", "type", "received_at", "data"]
ATTRIBUTES = ["specversion", "id", "source", "type", "subject", "time", "receivedtime", "data", "x"]


def telling(line: bytes, name: str, value: str) -> bytes:
    """The line with one more field in its data, spelled as given."""
    return line.replace(b'"data":{', f'"data":{{"{name}":{value},'.encode())


def both_ways(lines: list[bytes], **arguments: object) -> tuple[Parsed, Parsed]:
    """What is read at once where possible, and what is read one by one."""
    results = []
    for few in (2, 10**9):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(envelope, "FEW", few)
            results.append(parse_events(lines, **{"received_at": None} | arguments))
    return results[0], results[1]


def assert_same(lines: list[bytes], **arguments: object) -> None:
    once, singly = both_ways(lines, **arguments)
    assert once.lines == singly.lines
    assert_frame_equal(once.rejected, singly.rejected)
    assert once.frames.keys() == singly.frames.keys()
    for name, frame in singly.frames.items():
        assert_frame_equal(once.frames[name], frame, check_exact=True)
        for column in frame:  # equal numbers may differ in their sign
            assert str(column.to_list()) == str(once.frames[name][column.name].to_list())


@pytest.mark.parametrize("value", VALUES)
def test_a_value_of_any_spelling_in_any_field_is_read_the_same(value: str) -> None:
    for name in FIELDS:
        line = telling(BARE, name, value)
        assert_same([CLEAN, line, CLEAN])
        assert_same([line, BARE], received_at=NOW)
        assert_same([line, telling(line, name, value)])


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_an_attribute_of_any_spelling_twice_or_once_is_read_the_same(name: str) -> None:
    for value in [*VALUES, '"1.0"', '{"device_id":"D1"}']:
        spelled = f'"{name}":{value}'.encode()
        without = orjson.dumps({k: v for k, v in orjson.loads(CLEAN).items() if k != name})
        first, last = b"{" + spelled + b"," + without[1:], CLEAN[:-1] + b"," + spelled + b"}"
        assert_same([CLEAN, first], received_at=None)
        assert_same([last, CLEAN], received_at=NOW)


@st.composite
def hostile_lines(draw: st.DrawFn) -> list[bytes]:
    """Clean lines with some spoiled ones between them."""
    lines = [CLEAN] * draw(st.integers(0, 3))
    for _ in range(draw(st.integers(1, 4))):
        name, value = draw(st.sampled_from(STRANGE)), draw(st.sampled_from(VALUES))
        line = telling(draw(st.sampled_from([BARE, BARE, CLEAN])), name, value)
        kind = draw(st.sampled_from(["as it is", "spoil", "cut", "twice", "glue", "pad", "bytes"]))
        place = draw(st.integers(0, len(line) - 1))
        if kind == "spoil":
            line = line[:place] + draw(st.binary(min_size=1, max_size=1)) + line[place + 1 :]
        lines += {
            "cut": [line[:place], line[place:]],
            "twice": [line + line],
            "glue": [line[:-1] + b',"x":', b'{"a":1}}'],
            "pad": [b" " + line, line + b" \r\n", b"", b"\xef\xbb\xbf" + line],
            "bytes": [draw(st.binary(max_size=20))],
        }.get(kind, [line])
    return draw(st.permutations(lines))


@settings(deadline=None, max_examples=150)
@given(hostile_lines())
def test_hostile_lines_among_clean_ones_are_read_the_same(lines: list[bytes]) -> None:
    assert_same(lines, first_line_no=3)


def test_the_type_of_an_event_is_its_envelopes_whatever_its_data_call_a_type() -> None:
    line = event("alert", "a", {"site_id": "S1", "type": "vigia.incident_report.reported.v1"})
    shuffled = {"data": orjson.loads(line)["data"]} | orjson.loads(line)
    once, singly = both_ways([orjson.dumps(shuffled)] * 3)
    assert once.frames.keys() == singly.frames.keys() == {"alert"}


def test_two_objects_on_a_line_never_stand_for_the_halves_on_others() -> None:
    halves = [CLEAN[:-1] + b',"x":', b'{"a":1}}']
    forged = [CLEAN + b'{"$line":0,' + CLEAN[1:], CLEAN[:-1] + b',"$line":0}']
    for lines in ([CLEAN + CLEAN, *halves], [*halves, CLEAN + CLEAN], forged):
        assert_same([CLEAN, *lines])


@pytest.mark.parametrize("name", [n for n, table in TABLES.items() if table.verbs])
def test_lines_that_fit_their_table_are_never_read_one_by_one(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vigia.cli.reference_pages import example_event

    table = TABLES[name]
    told = example_event(table.event_types[0], table)["data"]
    loose = {column.name for column in table.columns if column.type is ColumnType.JSON}
    body = {key: value for key, value in told.items() if key not in loose}
    lines = [event(name, f"e{n}", body, datacontenttype="application/json") for n in range(100)]
    monkeypatch.setattr(envelope, "_read", lambda *_, **__: pytest.fail("read one by one"))
    assert parse_events(lines, received_at=NOW).frames[name].height == 100


def test_a_sender_that_knows_more_fields_is_read_one_by_one_and_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = [fix(f"f{n}", **({"thermal": "hot"} if n % 10 == 3 else {})) for n in range(2000)]
    real, singly = envelope._read, []
    monkeypatch.setattr(envelope, "_read", lambda raw, **k: singly.append(raw) or real(raw, **k))
    parsed = parse_events(lines, received_at=NOW)
    assert singly == [line for line in lines if b"thermal" in line]
    extra = parsed.frames["gps_fix"].select("ce_id", "extra").drop_nulls()
    assert extra["ce_id"].to_list() == [f"f{n}" for n in range(2000) if n % 10 == 3]
    assert set(extra["extra"]) == {'{"thermal":"hot"}'}


def test_a_number_sent_as_text_changes_nothing_about_its_neighbours() -> None:
    large = 2**53 + 1
    odd = [fix("t", seq="1.0"), fix("x", seq="one"), fix("b", seq=True)]
    lines = [fix("n", seq=large), *odd, *[fix("o")] * 200]
    parsed = parse_events(lines, received_at=NOW)
    judged = normalise(
        parsed.frames["gps_fix"], TABLES["gps_fix"], tenant_id=ACME, clock=ClockRule(NOW)
    )
    assert judged.accepted["seq"].head(3).to_list() == [large, 1, None]
    bad = judged.judgement.rejected().select("source_event_id", "reason_code", "reason").rows()
    assert [row[:2] for row in bad] == [("x", "bad_type"), ("b", "bad_type")]
    assert "seq is 'one' and not a whole number" in bad[0][2]
    assert "seq is 'true' and not a whole number" in bad[1][2]


def test_one_odd_line_among_thousands_is_rejected_and_the_others_keep_their_order() -> None:
    lines = [fix(f"f{n}", seq=n) for n in range(5000)]
    lines[3210] = lines[3210][:-9]
    parsed = parse_events(lines, received_at=NOW)
    assert parsed.rejected["line_no"].to_list() == [3211]
    expected = [number for number in range(1, 5001) if number != 3211]
    assert parsed.frames["gps_fix"]["line_no"].to_list() == expected
    assert parsed.frames["gps_fix"]["seq"].to_list() == [number - 1 for number in expected]
