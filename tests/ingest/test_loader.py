"""Loading files into a real database: accounts that add up, and nothing twice."""

import gzip
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml

from vigia.domain.errors import VigiaError
from vigia.ingest import remap
from vigia.ingest.loader import LoadReport, LoadRequest, load
from vigia.ingest.mapping import Mapping, read_mapping, shipped
from vigia.ingest.quarantine import replay
from vigia.store.connection import Database, Role
from vigia.store.tenants import create_tenant

EXAMPLES = Path(__file__).parents[2] / "examples"
TABLES = [
    "ticket",
    "site",
    "person",
    "support_group",
    "gps_fix",
    "device",
    "ingest_key",
    "ingest_event",
]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
POSITIONS = (
    "lat,lng,datetime,uid\n39.9,116.3,2008-10-23 05:53:05,001\n40,116,2008-10-23 06:00:00,002\n"
)


@pytest.fixture
def tenant(database: Database) -> UUID:
    return create_tenant(database, "acme", clock_mode="data").tenant_id


def put(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def loaded(database: Database, tenant: UUID, path: Path, kind: Any, **more: Any) -> LoadReport:
    report = load(database, tenant, LoadRequest(path, kind, **more), now=NOW)
    assert report.rows == report.accepted + report.duplicate + report.quarantined
    return report


def ask(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.transaction(Role.WORKER) as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type]


def count(database: Database, table: str) -> int:
    return int(ask(database, f"SELECT count(*) FROM ops.{table}")[0][0])


def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table: ask(database, f"SELECT md5(t::text) FROM ops.{table} t ORDER BY 1")
        for table in TABLES
    }


@pytest.mark.parametrize(
    ("file", "kind", "rows", "put_aside"),
    [
        ("incident_event_log_sample.csv.gz", "tickets", 2161, {"unknown_state": 3}),
        ("geolife_sample.csv.gz", "gps", 5625, {}),
    ],
)
def test_the_shipped_samples_load_and_a_second_time_change_nothing(
    database: Database, tenant: UUID, file: str, kind: str, rows: int, put_aside: dict[str, int]
) -> None:
    first = loaded(database, tenant, EXAMPLES / file, kind)
    assert (first.rows, first.duplicate, dict(first.reasons)) == (rows, 0, put_aside)
    before = everything(database)
    again = loaded(database, tenant, EXAMPLES / file, kind)
    assert (again.duplicate, again.accepted) == (first.accepted, 0)
    assert dict(again.reasons) == put_aside
    assert everything(database) == before
    assert count(database, "ingest_quarantine") == sum(put_aside.values())


def test_a_dry_run_judges_every_row_and_stores_nothing(database: Database, tenant: UUID) -> None:
    path = EXAMPLES / "incident_event_log_sample.csv.gz"
    report = loaded(database, tenant, path, "tickets", dry_run=True)
    assert (report.rows, report.accepted, dict(report.reasons)) == (
        2161,
        2158,
        {"unknown_state": 3},
    )
    [example, *_] = report.examples["unknown_state"]
    assert "'-100' for status" in str(example["reason"])
    for table in ("ticket", "site", "ingest_key", "ingest_quarantine", "ingest_batch"):
        assert count(database, table) == 0


def test_the_things_a_file_names_are_made_and_a_register_overrides_them(
    database: Database, tenant: UUID, tmp_path: Path
) -> None:
    loaded(database, tenant, put(tmp_path / "walk.csv", POSITIONS), "gps")
    assert ask(database, "SELECT employee_no, role FROM ops.person ORDER BY 1") == [
        ("001", "guard"),
        ("002", "guard"),
    ]
    register = put(tmp_path / "people.csv", "employee_no,role\n001,supervisor\n")
    os.utime(register, (1_700_000_000, 1_700_000_000))
    report = loaded(database, tenant, register, "reference")
    assert report.mappings == ["reference_people"]
    assert ask(database, "SELECT role FROM ops.person ORDER BY employee_no") == [
        ("supervisor",),
        ("guard",),
    ]
    assert loaded(database, tenant, register, "reference").duplicate == 1


def test_of_two_registers_the_one_changed_last_wins_in_any_order(
    database: Database, tenant: UUID, tmp_path: Path
) -> None:
    new = put(tmp_path / "new.csv", "code,name,tz\nS1,New name,UTC\n")
    old = put(tmp_path / "old.csv", "code,name,tz\nS1,Old name,UTC\n")
    os.utime(new, (1_700_000_100, 1_700_000_100))
    os.utime(old, (1_700_000_000, 1_700_000_000))
    loaded(database, tenant, new, "reference")
    loaded(database, tenant, old, "reference")
    assert ask(database, "SELECT name FROM ops.site") == [("New name",)]


def test_an_exact_repeat_of_a_row_is_a_duplicate(
    database: Database, tenant: UUID, tmp_path: Path
) -> None:
    text = POSITIONS + POSITIONS.splitlines()[1] + "\n"
    report = loaded(database, tenant, put(tmp_path / "walk.csv", text), "gps")
    assert (report.rows, report.accepted, report.duplicate) == (3, 2, 1)
    assert count(database, "gps_fix") == 2


def test_a_file_that_breaks_off_loads_what_was_whole_and_then_the_rest(
    database: Database, tenant: UUID, tmp_path: Path
) -> None:
    packed = (EXAMPLES / "geolife_sample.csv.gz").read_bytes()
    broken = put(tmp_path / "walk.csv.gz", packed[: len(packed) // 2])
    first = loaded(database, tenant, broken, "gps")
    assert first.quarantined == 1
    assert 1000 < first.accepted < 5625
    whole = loaded(database, tenant, EXAMPLES / "geolife_sample.csv.gz", "gps")
    assert whole.duplicate == first.accepted
    assert count(database, "gps_fix") == 5625


def test_an_own_mapping_loads_any_file(database: Database, tenant: UUID, tmp_path: Path) -> None:
    mapping = {
        "kind": "access",
        "description": "Doors of the old building.",
        "event": "vigia.access_event.recorded.v1",
        "source": "old-doors",
        "identity": ["Nr"],
        "time_zone": "Europe/Madrid",
        "time_formats": ["%d.%m.%Y %H:%M:%S"],
        "time": {"template": "{Tag} {Zeit}"},
        "subject": {"constant": "HQ"},
        "columns": {"door": "Tür", "kind": {"from": "Art", "values": {"auf": "granted"}}},
        "reference": [{"create": "site", "columns": {"code": {"constant": "HQ"}}}],
        "layout": {"encoding": "cp1252"},
    }
    path = put(tmp_path / "own.yaml", yaml.safe_dump(mapping))
    text = "Nr;Tag;Zeit;Tür;Art\n1;01.06.2020;08:00:00;Süd;auf\n2;01.06.2020;08:01:00;Süd;zu\n"
    doors = put(tmp_path / "doors.csv", text.encode("cp1252"))
    report = loaded(database, tenant, doors, "access", mapping=read_mapping(path))
    assert dict(report.reasons) == {"unknown_state": 1}
    assert ask(database, "SELECT door, kind, event_time FROM ops.access_event") == [
        ("Süd", "granted", datetime(2020, 6, 1, 6, tzinfo=UTC))
    ]


def test_events_are_loaded_as_they_are(database: Database, tenant: UUID, tmp_path: Path) -> None:
    event = (
        '{"specversion":"1.0","id":"1","source":"test","type":"vigia.site.upserted.v1",'
        '"time":"2020-01-01T00:00:00Z","data":{"code":"S1","name":"One","tz":"UTC"}}'
    )
    path = put(tmp_path / "events.ndjson.gz", gzip.compress(f"{event}\n\nnot json\n".encode()))
    report = loaded(database, tenant, path, "events")
    assert (report.accepted, dict(report.reasons)) == (1, {"malformed": 1})


@pytest.mark.parametrize(
    ("name", "text", "kind", "said"),
    [
        ("a.csv", "lat,lng,when,uid\n1,2,3,4\n", "gps", "gps_csv needs datetime or time"),
        ("a.csv", "lat,lng,datetime,uid\n", "gps", "has a header and no rows"),
        ("a.csv", "x\n1\n", "events", "events are loaded from NDJSON"),
        ("a.csv", "\x00\x01\x02", "tickets", "does not look like"),
    ],
)
def test_a_file_that_does_not_fit_is_explained_and_leaves_nothing(
    database: Database, tenant: UUID, tmp_path: Path, name: str, text: str, kind: str, said: str
) -> None:
    with pytest.raises(VigiaError, match=said):
        loaded(database, tenant, put(tmp_path / name, text), kind)
    assert count(database, "ingest_key") == 0
    assert count(database, "site") == 0


def test_hostile_rows_are_stored_as_text_or_put_aside(
    database: Database, tenant: UUID, tmp_path: Path
) -> None:
    attack = "Robert'); DROP TABLE ops.gps_fix;--"
    text = "lat,lng,datetime,uid,note\n"
    rows = [
        f'1,2,2020-01-01 00:00:00,"{attack}",=1+1',
        "1,2,2020-01-01 00:00:01,u\x00ser,nul",
        f"1,2,2020-01-01 00:00:02,{'u' * 600},long",
        "1,2,1970-01-01 00:00:00,003,clock not set",
        "91,2,2020-01-01 00:00:03,004,off the map",
        f"1,2,2020-01-01 00:00:04,005,{'x' * 70_000}",
        "1,2,2020-01-01 00:00:05,006,\u202eright to left 😀",
    ]
    path = put(tmp_path / "walk.csv", text + "\n".join(rows) + "\n")
    report = loaded(database, tenant, path, "gps")
    assert report.rows == len(rows)
    assert report.accepted == len(rows) - report.quarantined
    assert set(report.reasons) >= {"bad_text", "too_large", "absurd_time", "out_of_range"}
    assert (attack,) in ask(database, "SELECT employee_no FROM ops.person")


def test_badges_and_names_are_kept_only_as_hashes_of_this_tenant(
    database: Database, tenant: UUID, tmp_path: Path
) -> None:
    text = "timestamp,site,door,badge,name,result\n2020-01-01T08:00:00Z,HQ,Main,4711,Ada,granted\n"
    path = put(tmp_path / "doors.csv", text)
    loaded(database, tenant, path, "access")
    other = create_tenant(database, "other", clock_mode="data").tenant_id
    loaded(database, other, path, "access")
    found = ask(database, "SELECT encode(credential_hash, 'hex'), t::text FROM ops.access_event t")
    assert len({badge for badge, _ in found}) == 2
    assert not any("4711" in whole or "Ada" in whole for _, whole in found)


def test_rows_put_aside_are_mapped_again_once_the_mapping_knows_better(
    database: Database, tenant: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = EXAMPLES / "incident_event_log_sample.csv.gz"
    assert loaded(database, tenant, path, "tickets").quarantined == 3
    failed = replay(database, tenant, now=NOW, resolver="test")
    assert failed.quarantined == 3
    assert ask(database, "SELECT DISTINCT reason_code FROM ops.ingest_quarantine") == [
        ("unknown_state",)
    ]
    known = shipped()["servicenow_incident_log"].model_dump(by_alias=True)
    known["columns"]["status"]["values"]["-100"] = "in_progress"
    better = Mapping.model_validate(known)
    monkeypatch.setattr(remap, "find_mapping", lambda _name: better)
    replay(database, tenant, now=NOW, resolver="test")
    assert ask(database, "SELECT state, count(*) FROM ops.ingest_quarantine GROUP BY 1") == [
        ("replayed", 3)
    ]
    assert count(database, "ticket") == 391
    assert count(database, "ingest_event WHERE table_name = 'ticket'") == 2161


def test_lines_that_were_no_rows_keep_their_reason_when_tried_again(
    database: Database, tenant: UUID, tmp_path: Path
) -> None:
    path = put(tmp_path / "walk.csv", POSITIONS + "lone\n")
    loaded(database, tenant, path, "gps")
    assert replay(database, tenant, now=NOW, resolver="test").quarantined == 1
    [(code, reason, attempts)] = ask(
        database, "SELECT reason_code, reason, attempts FROM ops.ingest_quarantine"
    )
    assert (code, attempts) == ("malformed", 2)
    assert "1 fields where the header has 4" in reason
