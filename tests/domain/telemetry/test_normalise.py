"""Every rule on one event at a time: what is accepted, what it becomes, and each reason."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import orjson
import polars as pl
import pytest

from vigia.domain.dictionary import EVENT_TYPES, TABLES, table
from vigia.domain.identity import event_id, reference_id, tenant_id
from vigia.domain.telemetry.clock import ClockRule
from vigia.domain.telemetry.normalise import Normalised, normalise
from vigia.domain.telemetry.reasons import EXPLANATIONS, Reason

ACME = tenant_id("acme")
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
EARLIER = NOW - timedelta(minutes=10)
FIX = {"device_id": "D1", "fix_time": EARLIER, "lat": 52.5, "lon": 13.4}
BY_NOW = ClockRule(NOW)
ENVELOPE = {"ce_source": "test", "ce_id": "e1", "received_at": NOW, "line_no": 1}


def judge(name: str, *, clock: ClockRule = BY_NOW, **columns: object) -> Normalised:
    frame = pl.DataFrame([{**ENVELOPE, **columns}])
    return normalise(frame, table(name), tenant_id=ACME, clock=clock)


def reason(name: str, **columns: object) -> str | None:
    judged = judge(name, **columns)
    codes = judged.judgement.rejected()["reason_code"].to_list()
    assert judged.accepted.height + len(codes) == 1
    return codes[0] if codes else None


def accepted(name: str, **columns: object) -> dict[str, object]:
    judged = judge(name, **columns)
    assert judged.judgement.rejected().to_dicts() == []
    return judged.accepted.row(0, named=True)


REJECTIONS = [
    # field, value, reason
    ("ce_id", None, "missing_field"),
    ("ce_id", "", "missing_field"),
    ("ce_source", None, "missing_field"),
    ("ce_id", "x" * 513, "too_large"),
    ("ce_source", "a\0b", "bad_text"),
    ("ce_type", "vigia.site.upserted.v1", "unknown_type"),
    ("tenant_id", "other", "wrong_tenant"),
    ("tenant_id", str(tenant_id("other")), "wrong_tenant"),
    ("device_id", None, "missing_field"),
    ("device_id", "", "missing_field"),
    ("device_id", "D" * 600, "too_large"),
    ("lat", None, "missing_field"),
    ("lat", "north", "bad_type"),
    ("lat", "NaN", "bad_type"),
    ("lat", float("nan"), "bad_type"),
    ("lat", float("inf"), "bad_type"),
    ("lat", True, "bad_type"),
    ("lat", 90.5, "out_of_range"),
    ("lon", -181, "out_of_range"),
    ("course_deg", 361, "out_of_range"),
    ("accuracy_m", 1e39, "bad_type"),
    ("seq", 1.5, "bad_type"),
    ("seq", 2.0**70, "bad_type"),
    ("satellites", 2**31, "bad_type"),
    ("mock", "maybe", "bad_type"),
    ("mock", 2, "bad_type"),
    ("provider", "glonass", "unknown_state"),
    ("provider", "GPS", "unknown_state"),
    ("motion", "'; DROP TABLE ops.site; --", "unknown_state"),
    ("fix_time", "yesterday", "bad_type"),
    ("fix_time", "2026-02-30T00:00:00Z", "bad_type"),
    ("fix_time", "2026-03-02T07:50:00", "bad_type"),
    ("fix_time", 1_772_000_000, "bad_type"),
    ("fix_time", "1970-01-01T00:00:00Z", "absurd_time"),
    ("fix_time", "2038-01-19T03:14:07Z", "absurd_time"),
    ("fix_time", "9999-12-31T23:59:59Z", "absurd_time"),
    ("fix_time", "2026-03-02T08:02:01Z", "from_the_future"),
    ("fix_time", "2026-02-27T07:59:59Z", "late_over_72h"),
    ("ce_subject", "S\0", "bad_text"),
    ("extra", '{"a":"\\u0000"}', "bad_text"),
]


@pytest.mark.parametrize(("field", "value", "expected"), REJECTIONS)
def test_a_position_that_breaks_a_rule_is_rejected_with_its_reason(field, value, expected):
    assert reason("gps_fix", **{**FIX, field: value}) == expected


ACCEPTED = [
    ("tenant_id", "acme"),
    ("tenant_id", str(ACME)),
    ("lat", "52.5"),
    ("lat", 90),
    ("lon", -180.0),
    ("seq", "12"),
    ("seq", 12.0),
    ("mock", "false"),
    ("mock", 0),
    ("fix_time", "2026-03-02T08:02:00Z"),
    ("fix_time", "2026-02-27T08:00:00Z"),
    ("fix_time", "2026-03-02T09:50:00.123456+02:00"),
    ("provider", ""),
    ("ce_subject", "=HYPERLINK(1)"),
]


@pytest.mark.parametrize(("field", "value"), ACCEPTED)
def test_what_reads_as_its_type_and_lies_on_the_border_is_accepted(field, value):
    assert reason("gps_fix", **{**FIX, field: value}) is None


def test_a_reason_names_field_and_value_and_says_what_to_do():
    [row] = judge("gps_fix", **FIX | {"lat": 95.25}).judgement.rejected().to_dicts()
    assert row["reason"].startswith("lat is '95.25' and above 90. ")
    assert "Check the unit" in row["reason"]


def test_every_reason_has_an_explanation_of_what_to_do():
    assert set(EXPLANATIONS) == set(Reason)
    assert all(len(text) > 40 for text in EXPLANATIONS.values())


def test_a_record_becomes_its_row_with_computed_ids():
    row = accepted("gps_fix", **FIX | {"ce_subject": "S1", "seq": 7})
    assert UUID(bytes=row["fix_id"]) == event_id(ACME, "test", "e1")
    assert UUID(bytes=row["device_id"]) == reference_id(ACME, "device", "D1")
    assert UUID(bytes=row["site_id"]) == reference_id(ACME, "site", "S1")
    assert row["event_time"] == row["fix_time"] == EARLIER
    assert row["seq"] == 7
    assert "altitude_m" not in row


def test_a_uuid_names_itself_and_native_ids_are_taken_as_they_are():
    device = UUID(int=99)
    assert accepted("gps_fix", **FIX | {"device_id": str(device)})["device_id"] == device.bytes
    assert accepted("gps_fix", **FIX | {"device_id": device.bytes})["device_id"] == device.bytes


def test_the_site_in_the_data_outranks_the_subject():
    row = accepted("gps_fix", **FIX | {"ce_subject": "S1", "site_id": "S2"})
    assert UUID(bytes=row["site_id"]) == reference_id(ACME, "site", "S2")


def test_the_time_of_the_envelope_stands_in_for_a_missing_one():
    columns = {"asset_id": "A1", "metric": "power", "value": 3, "ce_time": EARLIER.isoformat()}
    assert accepted("asset_reading", **columns)["event_time"] == EARLIER


def test_a_record_without_any_time_is_rejected():
    assert reason("asset_reading", asset_id="A1", metric="power", value=3) == "missing_field"


def test_a_history_arrived_as_it_happened():
    old = datetime(2008, 10, 23, tzinfo=UTC)
    row = accepted("gps_fix", **FIX | {"fix_time": old, "received_at": None})
    assert row["received_at"] == old


def test_a_history_cannot_come_from_the_future_either():
    columns = FIX | {"fix_time": NOW + timedelta(days=1), "received_at": None}
    assert reason("gps_fix", **columns) == "from_the_future"


def test_late_events_pass_when_a_person_decided_so():
    late = FIX | {"fix_time": NOW - timedelta(days=30)}
    assert reason("gps_fix", **late) == "late_over_72h"
    assert reason("gps_fix", clock=ClockRule(NOW, accept_late=True), **late) is None


def test_a_heartbeat_is_judged_and_stored_by_the_repaired_clock():
    ahead = {"device_id": "D1", "event_time": NOW + timedelta(minutes=15)}
    assert reason("device_heartbeat", **ahead) == "from_the_future"
    row = accepted("device_heartbeat", **ahead, clock_offset_ms=15 * 60_000)
    assert row["event_time"] == NOW


def test_a_thing_is_named_by_its_natural_key():
    row = accepted("site", code="S1", tz="UTC", ce_time=EARLIER)
    assert UUID(bytes=row["entity_id"]) == reference_id(ACME, "site", "S1")
    payload = orjson.loads(row["payload"])
    assert payload == {
        "code": "S1", "tz": "UTC", "site_id": str(reference_id(ACME, "site", "S1")),
    }  # fmt: skip


def test_a_code_in_the_place_of_the_id_is_the_natural_key():
    row = accepted("ticket", ticket_id="INC1", ce_type="vigia.ticket.created.v1")
    assert UUID(bytes=row["entity_id"]) == reference_id(ACME, "ticket", "INC1")
    assert orjson.loads(row["payload"])["number"] == "INC1"


def test_an_id_that_is_not_its_codes_is_rejected():
    assert reason("site", code="S1", site_id=str(UUID(int=3))) == "id_mismatch"
    assert reason("site", code="S1", site_id="S2") == "id_mismatch"
    assert reason("site", code="S1", site_id=str(reference_id(ACME, "site", "S1"))) is None


def test_a_thing_without_natural_key_is_named_by_code_or_uuid():
    created = {"ce_type": "vigia.task.created.v1"}
    row = accepted("task", task_id="T1", **created)
    assert UUID(bytes=row["entity_id"]) == reference_id(ACME, "task", "T1")
    assert accepted("task", task_id=str(UUID(int=4)), **created)["entity_id"] == UUID(int=4).bytes
    assert reason("task", title="no id", **created) == "missing_field"


def test_personal_data_belong_to_the_person_of_that_code():
    row = accepted("person_pii", person_id="P1", full_name="Ann")
    assert UUID(bytes=row["entity_id"]) == reference_id(ACME, "person", "P1")


def test_fields_that_contradict_each_other_are_rejected():
    window = {"mw_id": "M1", "starts_at": NOW, "ends_at": EARLIER}
    assert reason("maintenance_window", **window) == "broken_rule"


def test_values_keep_their_form_in_the_payload():
    row = accepted(
        "client",
        code="C1",
        contract_from_on="2026-01-31",
        penalty_terms='{"schema_version": 1, "late": null}',
    )
    payload = orjson.loads(row["payload"])
    assert payload["contract_from_on"] == date(2026, 1, 31).isoformat()
    assert payload["penalty_terms"] == {"schema_version": 1, "late": None}


def test_bytes_are_read_from_hexadecimal():
    digest = "ab" * 32
    columns = {"kind": "granted", "event_time": EARLIER}
    row = accepted("access_event", credential_hash=digest, **columns)
    assert row["credential_hash"] == bytes.fromhex(digest)
    assert reason("access_event", credential_hash="xyz", **columns) == "bad_type"


def test_what_the_dictionary_does_not_name_is_kept():
    row = accepted("gps_fix", **FIX | {"vendor": "x", "fix_id": "mine", "extra": '{"a":1}'})
    assert orjson.loads(row["extra"]) == {"a": 1, "vendor": "x", "fix_id": "mine"}


def test_a_rejected_row_of_a_prepared_frame_is_kept_as_the_event_it_spells():
    [row] = (
        judge("gps_fix", **FIX | {"lat": 95.0, "ce_subject": "S1"}).judgement.rejected().to_dicts()
    )
    spelled = orjson.loads(row["raw"])
    assert spelled["type"] == "vigia.gps_fix.recorded.v1"
    assert spelled["subject"] == "S1"
    assert spelled["data"]["lat"] == 95.0
    assert spelled["data"]["fix_time"] == EARLIER.isoformat()


def test_the_content_hash_sees_values_and_not_their_spelling():
    as_text = accepted("gps_fix", **FIX | {"lat": "52.5", "seq": "7"})
    as_numbers = accepted("gps_fix", **FIX | {"seq": 7, "altitude_m": None})
    assert as_text["body_hash"] == as_numbers["body_hash"]
    assert accepted("gps_fix", **FIX | {"seq": 8})["body_hash"] != as_text["body_hash"]


def test_the_content_hash_never_changes_between_versions():
    """Stored hashes are compared with those of later releases."""
    row = accepted("gps_fix", **FIX | {"seq": 7, "provider": "gps", "speed_mps": 1.25})
    assert row["body_hash"] == PINNED_HASH


def test_every_input_table_takes_an_empty_frame():
    for name in {t.name for t in EVENT_TYPES.values()}:
        frame = pl.DataFrame(schema={"ce_id": pl.String, "ce_source": pl.String})
        judged = normalise(frame, TABLES[name], tenant_id=ACME, clock=ClockRule(NOW))
        assert judged.accepted.is_empty()


def test_a_table_that_no_event_feeds_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="no event becomes a row of metric_5m"):
        judge("metric_5m")


def test_instants_without_a_zone_in_a_frame_are_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="time zone"):
        judge("gps_fix", **FIX | {"fix_time": NOW.replace(tzinfo=None)})


PINNED_HASH = 1391541611017160006
