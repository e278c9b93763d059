"""What happens on the ground of a made site: fences, checkpoints, positions, scans, check calls.

Places are metres east and north of the middle of the site.
"""

from __future__ import annotations

import math
from typing import Any

from tests.domain.findings.patterns.made import LONG_AGO, Made, at

LAT, LON = 48.0, 11.0
DEGREE_M = 111_195.08


def place(x_m: float, y_m: float) -> dict[str, float]:
    """A place as latitude and longitude."""
    east = DEGREE_M * math.cos(math.radians(LAT))
    return {"lat": LAT + y_m / DEGREE_M, "lon": LON + x_m / east}


def fence(made: Made, *, radius_m: float = 120, site: str = "site", kind: str = "site") -> Made:
    """A round fence around the middle of a site, with a buffer of 50 m."""
    return made.add(
        "geofence",
        geofence_id=f"{kind} of {site}",
        site_id=site,
        kind=kind,
        shape="circle",
        radius_m=radius_m,
        buffer_m=50.0,
        **place(0, 0),
    )


def point(made: Made, name: str, x_m: float, y_m: float, *, site: str = "site") -> Made:
    """A checkpoint."""
    return made.add(
        "checkpoint", checkpoint_id=name, site_id=site, status="active", **place(x_m, y_m)
    )


def phone(made: Made, device: str, person: str, kind: str = "phone") -> Made:
    """A phone and who has it."""
    made.add("device", device_id=device, kind=kind, status="online")
    return made.add(
        "device_assignment",
        device_assignment_id=device,
        device_id=device,
        person_id=person,
        from_at=at(LONG_AGO),
    )


def fix(
    made: Made,
    person: str,
    minute: float,
    x_m: float,
    y_m: float,
    *,
    device: str | None = None,
    site: str = "site",
    late_s: float = 1.0,
    **values: Any,
) -> Made:
    """A position, accurate to 5 m where nothing else is said; no two of them are the same."""
    usual = {"accuracy_m": 5.0, "valid": True, "steps_delta": 0, "motion": "still"}
    jitter = (minute % 7) * 0.01
    return made.add(
        "gps_fix",
        minute,
        late_s=late_s,
        device_id=device or f"{person}'s phone",
        person_id=person,
        site_id=site,
        **usual | place(x_m + jitter, y_m) | values,
    )


def stays(
    made: Made, person: str, first: int, last: int, x_m: float, y_m: float, **values: Any
) -> Made:
    """Positions at one place, every five minutes."""
    for minute in range(first, last, 5):
        fix(made, person, minute, x_m, y_m, **values)
    return made


def beats(
    made: Made, person: str, first: int, last: int, *, queue: int = 0, device: str | None = None
) -> Made:
    """Heartbeats of somebody's phone, every five minutes."""
    for minute in range(first, last, 5):
        made.add(
            "device_heartbeat",
            minute,
            late_s=1,
            device_id=device or f"{person}'s phone",
            site_id="site",
            queue_depth=queue,
        )
    return made


def scan(
    made: Made, run: str, point_: str, minute: float, person: str, *, late_s: float = 1.0
) -> Made:
    """A checkpoint is scanned on a tour."""
    return made.add(
        "checkpoint_scan",
        minute,
        late_s=late_s,
        site_id="site",
        run_id=run,
        checkpoint_id=point_,
        person_id=person,
        device_id=f"{person}'s phone",
        verdict="valid",
    )


def check(made: Made, name: str, due: float, person: str, duty: str) -> Made:
    """A check call is planned; answers count from 10 minutes before until 15 after it is due."""
    return made.add(
        "welfare_check",
        due - 200,
        verb="scheduled",
        source="welfare",
        check_id=name,
        site_id="site",
        person_id=person,
        assignment_id=duty,
        due_at=at(due),
        opens_at=at(due - 10),
        closes_at=at(due + 15),
        result="pending",
    )


def check_told(made: Made, name: str, minute: float, verb: str, result: str, **values: Any) -> Made:
    """A check call is answered, or closed without an answer."""
    usual = {"source": "welfare", "site_id": "site"}
    return made.add(
        "welfare_check", minute, verb=verb, check_id=name, result=result, **usual | values
    )
