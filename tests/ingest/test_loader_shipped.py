"""Every shipped mapping on a small file of its kind, into a real database."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from vigia.ingest.loader import LoadRequest, load
from vigia.ingest.mapping import LoadKind
from vigia.store.connection import Database, Role
from vigia.store.tenants import create_tenant

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AT = datetime(2020, 1, 1, 8, tzinfo=UTC)

GPX = """<?xml version="1.0"?>
<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><trk><name>round</name><trkseg>
<trkpt lat="40.4" lon="-3.7"><ele>650</ele><time>2020-01-01T08:00:00Z</time><sat>9</sat></trkpt>
<trkpt lat="40.5" lon="-3.7"><time>2020-01-01T08:00:10Z</time></trkpt></trkseg></trk></gpx>"""

PLT = """Geolife trajectory
WGS 84
Altitude is in Feet
Reserved 3
0,2,255,My Track,0,0,2,8421376
0
40.4,-3.7,0,1000,43831.3,2020-01-01,08:00:00
40.5,-3.7,0,-777,43831.4,2020-01-01,08:00:10
"""

TRACCAR_CSV = (
    "id,protocol,deviceid,servertime,devicetime,fixtime,valid,latitude,longitude,altitude,speed,"
    "course,address,attributes,accuracy,network\n"
    "1,osmand,7,2020-01-01 08:00:05,2020-01-01 08:00:00,2020-01-01 08:00:00,t,40.4,-3.7,650,10,90,,"
    '"{""sat"": 9, ""motion"": false, ""batteryLevel"": 80}",5,\n'
)
TRACCAR_API = (
    '{"id": 1, "deviceId": 7, "serverTime": "2020-01-01T08:00:05.000+00:00", "deviceTime": '
    '"2020-01-01T08:00:00.000+00:00", "fixTime": "2020-01-01T08:00:00.000+00:00", "valid": true, '
    '"outdated": false, "latitude": 40.4, "longitude": -3.7, "altitude": 650, "speed": 10, '
    '"course": 90, "accuracy": 5, "attributes": {"sat": 9, "motion": false}}\n'
)
_TRACCAR = (
    "SELECT fix_time, received_at > fix_time, speed_mps::numeric(6, 3)::float, satellites, motion,"
    " accuracy_m, extra ? 'attributes' FROM ops.gps_fix"
)
_TRACCAR_ROW = (AT, True, 5.144, 9, "still", 5.0, True)


class Case(NamedTuple):
    """A file, the mapping it must be recognised by, and what is then stored."""

    name: str
    kind: LoadKind
    text: str
    mapping: str
    query: str
    expected: list[tuple[object, ...]]


CASES = [
    Case(
        "round.gpx",
        "gps",
        GPX,
        "gpx",
        "SELECT d.code, altitude_m, satellites FROM ops.gps_fix JOIN ops.device d"
        " USING (tenant_id, device_id) ORDER BY fix_time",
        [("round", 650.0, 9), ("round", None, None)],
    ),
    Case(
        "walk.plt",
        "gps",
        PLT,
        "plt",
        "SELECT fix_time, altitude_m::numeric(6, 1)::float FROM ops.gps_fix ORDER BY fix_time",
        [(AT, 304.8), (AT.replace(second=10), None)],
    ),
    Case("positions.csv", "gps", TRACCAR_CSV, "traccar", _TRACCAR, [_TRACCAR_ROW]),
    Case("positions.ndjson", "gps", TRACCAR_API, "traccar", _TRACCAR, [_TRACCAR_ROW]),
    Case(
        "doors.csv",
        "access",
        "time;building;reader;card;event\n"
        "2020-01-01 08:00:00;HQ;Main;4711;Access Granted\n"
        "2020-01-01 08:00:01;HQ;Vault;4712;Door Forced\n",
        "access_log",
        "SELECT s.code, door, kind FROM ops.access_event JOIN ops.site s"
        " USING (tenant_id, site_id) ORDER BY event_time",
        [("HQ", "Main", "granted"), ("HQ", "Vault", "forced")],
    ),
    Case(
        "clock.csv",
        "attendance",
        "employee_no,site,time,direction,terminal\n"
        "E1,HQ,2020-01-01T08:00:00Z,IN,T1\nE1,HQ,2020-01-01T20:00:00Z,OUT,\n",
        "attendance_csv",
        "SELECT p.employee_no, kind, method, device_id IS NULL FROM ops.attendance_event"
        " JOIN ops.person p USING (tenant_id, person_id) ORDER BY event_time",
        [("E1", "clock_in", "import", False), ("E1", "clock_out", "import", True)],
    ),
    Case(
        "cpu load.csv",
        "metrics",
        "timestamp,value\n2020-01-01 08:00:00,0.25\n2020-01-01 08:05:00,-1e3\n",
        "metric_series",
        "SELECT metric, value FROM ops.metric_sample ORDER BY event_time",
        [("cpu load", 0.25), ("cpu load", -1000.0)],
    ),
    Case(
        "sites.csv",
        "reference",
        "code,name,tz,lat,lon,risk_tier\nS1,One,Asia/Tokyo,35.6,139.7,4\nS2,Two,UTC,,,\n",
        "reference_sites",
        "SELECT code, tz, lat, risk_tier FROM ops.site ORDER BY code",
        [("S1", "Asia/Tokyo", 35.6, 4), ("S2", "UTC", None, None)],
    ),
    Case(
        "people.csv",
        "reference",
        "employee_no,role,supervisor,hired_on\nE2,guard,E1,2020-01-31\nE1,supervisor,,\n",
        "reference_people",
        "SELECT p.employee_no, s.employee_no, p.hired_on::text FROM ops.person p LEFT JOIN"
        " ops.person s ON s.person_id = p.supervisor_id ORDER BY 1",
        [("E1", None, None), ("E2", "E1", "2020-01-31")],
    ),
    Case(
        "devices.csv",
        "reference",
        "code,kind,model\nD1,phone,M1\n",
        "reference_devices",
        "SELECT code, kind, model FROM ops.device",
        [("D1", "phone", "M1")],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_file_of_its_kind_is_recognised_and_fully_accepted(
    database: Database, tmp_path: Path, case: Case
) -> None:
    tenant = create_tenant(database, "acme", clock_mode="data").tenant_id
    path = tmp_path / case.name
    path.write_text(case.text, encoding="utf-8")
    os.utime(path, (AT.timestamp(), AT.timestamp()))
    for turn in ("accepted", "duplicate"):
        report = load(database, tenant, LoadRequest(path, case.kind), now=NOW)
        assert report.mappings == [case.mapping]
        assert (getattr(report, turn), dict(report.reasons)) == (report.rows, {})
        with database.transaction(Role.WORKER) as connection:
            assert connection.execute(case.query).fetchall() == case.expected  # type: ignore[call-overload]
